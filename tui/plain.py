"""Without a screen: `fanfold tree`, `fanfold check` and `fanfold create`, for pipes, scripts, dumb terminals.

Results go to stdout and nothing else does; progress goes to stderr, and only when somebody is looking at it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from textwrap import indent

from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore import checkrun
from tui.explore.astext import report_lines, tree_lines
from tui.explore.coverage import Coverage, coverage
from tui.explore.events import CheckProgress, Event
from tui.explore.findings import Severity, findings
from tui.explore.node import MANIFEST_KINDS, Kind, Node
from tui.explore.on_disk import Section, compared, live_source, storage_of, surveyed
from tui.explore.report import Report, exit_status, failed_report, partial_report, report
from tui.oci.digest import Digest
from tui.oci.errors import MalformedReference
from tui.oci.platform import Platform
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.sources.spec import SourceSpec, parse_source
from tui.text import safe, shorten

#: Findings that say that nobody knows.
_OPEN = ("denied", "limited", "unreachable")


def run_check(
    settings: Settings, sources: Sequence[str], *, platforms: Sequence[Platform] = (), output: str = "text"
) -> int:
    """Check sources and print what was found: `output` is "text", "json" or "markdown". Gives the exit status.

    JSON is one object when one reference was checked, an array when there were several.
    """
    return asyncio.run(_with_engine(settings, lambda engine: check(engine, sources, platforms, output)))


def run_tree(settings: Settings, sources: Sequence[str], *, depth: int | None = None) -> int:
    """Print sources as trees with presence. Gives the exit status."""
    return asyncio.run(_with_engine(settings, lambda engine: tree(engine, sources, depth)))


def run_create(
    settings: Settings,
    target: str,
    sources: Sequence[str],
    *,
    amend: bool = False,
    remove: Sequence[Platform] = (),
    annotations: Mapping[str, str] | None = None,
    type: str | None = None,
    dry_run: bool = False,
    json: bool = False,
) -> int:
    """Make a manifest list and push it; stdout holds its digest alone. Gives the exit status."""
    from tui.compose.command import create  # late: looking at images writes none

    async def work(engine: Engine) -> int:
        for text in (target, *sources):
            engine.heed(parse_source(text))
        return await create(
            engine.client,
            target,
            sources,
            amend=amend,
            remove=remove,
            annotations=annotations,
            type=type,
            dry_run=dry_run,
            json=json,
        )

    return asyncio.run(_with_engine(settings, work))


async def _with_engine(settings: Settings, work: Callable[[Engine], Awaitable[int]]) -> int:
    engine = open_engine(settings)
    engine.speak(_say)
    try:
        return await work(engine)
    finally:
        await engine.aclose()


def _say(text: str) -> None:
    """A sentence for whoever looks on, past the line that tells how far it is."""
    wipe = f"\r{'':<78}\r" if sys.stderr.isatty() else ""
    print(f"{wipe}fanfold: {text}", file=sys.stderr, flush=True)


async def check(engine: Engine, sources: Sequence[str], platforms: Sequence[Platform], output: str) -> int:
    """Check, print each report as soon as it is made, and give the worst exit status: missing before undetermined
    before complete. No report is kept: a repository may have many thousand tags."""
    specs = [parse_source(text) for text in sources]
    for spec, text in zip(specs, sources, strict=True):
        if spec.kind == "registry" and spec.repository is None:
            name = safe(text, limit=600).rstrip("/")
            raise MalformedReference(
                f"{name} is a registry; name a repository or an image in it, such as {name}/NAME:TAG."
            )
    printed = _Printed(output, len(sources) > 1, engine.settings.ascii)
    statuses: set[int] = set()
    for spec, text in zip(specs, sources, strict=True):
        async for made in _check_source(engine, spec, text, platforms, printed):
            statuses.add(exit_status(made))
            printed.put(made)
            if made.tags is not None:
                print(f"fanfold: {made.reference}: {made.verdict.sentence}", file=sys.stderr)
    if output != "json":
        async for section in _sections(engine):
            printed.put_section(section)
    printed.end()
    return _worst(statuses)


class _Printed:
    """What goes to stdout, part by part. `several` has to be known before the first part of JSON."""

    def __init__(self, output: str, several: bool, ascii_only: bool) -> None:
        self.several = several
        self._output, self._ascii = output, ascii_only
        self._parts = 0

    def put(self, made: Report) -> None:
        if self._output == "json":
            text = json.dumps(made.to_json(), indent=2, ensure_ascii=False)
            print((",\n" if self._parts else "[\n") + indent(text, "  ") if self.several else text, end="")
            self._parts += 1
        elif self._output == "markdown":
            self._part(made.to_markdown())
        else:
            self._part("\n".join(report_lines(made, self._ascii)) + "\n")

    def put_section(self, section: Section) -> None:
        if self._output == "markdown":
            self._part(section.to_markdown())
        else:
            self._part("\n".join([section.title, *(f"  {line}" for line in section.lines)]) + "\n")

    def _part(self, text: str) -> None:
        print(("\n" if self._parts else "") + text, end="")
        self._parts += 1

    def end(self) -> None:
        if self._output == "json":
            print("\n]" if self.several else "")


async def _sections(engine: Engine) -> AsyncIterator[Section]:
    """What the storage folders among the sources say beyond single objects: a repository alone only what is not in
    order, and one that a registry was named for how the two compare. The exit status stays that of the checks."""
    roots = engine.explorer.roots
    for node in [row for root in roots for row in root.children]:
        source, name = storage_of(node), node.repository
        if source is None or name is None:
            continue
        found = await surveyed(source, name)
        if found.remarkable:
            yield found
        live = live_source(node, roots)
        if live is not None:
            yield await compared(source, live, name)


def _worst(statuses: Iterable[int]) -> int:
    found = set(statuses)
    return next((status for status in (1, 3) if status in found), 0)


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The rows to check, made when they are asked for; how many they are, and how whole the list of them is."""

    rows: Iterable[Node]
    count: int
    seen: Coverage

    @classmethod
    def of(cls, *rows: Node) -> _Chosen:
        return cls(rows, len(rows), Coverage(0, len(rows)))


async def _check_source(
    engine: Engine, spec: SourceSpec, text: str, platforms: Sequence[Platform], printed: _Printed
) -> AsyncIterator[Report]:
    """The reports on what a source names, and at the end what of it was not looked at, if anything."""
    name = safe(text, limit=600)
    before = engine.trace.count
    try:
        chosen = await _references(engine, spec, text)
    except SourceError as error:
        yield failed_report(name, error)
        return
    if not chosen.count:
        sentence = f"There is nothing to check in {name}."
        if not chosen.seen.all_listed:
            sentence += f" {chosen.seen.why}".rstrip()
        fix = "Check the name; `fanfold tree` shows what is there."
        yield failed_report(name, SourceError(Presence.UNREACHABLE, sentence, fix=fix))
        return
    printed.several = printed.several or chosen.count > 1 or not chosen.seen.all_listed
    met: set[Digest] = set()
    looked = spent = 0
    for row in chosen.rows:
        if spent >= checkrun.OBJECT_LIMIT:
            break
        made = await _check_node(engine, row, platforms, before if chosen.count == 1 else engine.trace.count)
        yield made
        known = len(met)
        met.update(part.digest for part in made.objects)
        spent += max(1, len(met) - known)  # a tag that brings nothing new is a question, too
        looked += 1
    seen = replace(chosen.seen, looked=looked)
    if not seen.complete:
        if looked < chosen.count:
            cut = f"a check looks at {checkrun.OBJECT_LIMIT:,} objects, and then at no further tag."
            seen = replace(seen, why=f"{cut} {seen.why}".rstrip())
        yield partial_report(name, seen)


async def _references(engine: Engine, spec: SourceSpec, text: str) -> _Chosen:
    """The rows to check: what was named; else the tag latest, as for Docker; else every tag there is."""
    node = await engine.open(text, default_tag=spec.kind == "registry")
    if node.kind in MANIFEST_KINDS:
        if spec.explicit or spec.kind != "registry":
            return _Chosen.of(node)
        await engine.explorer.read_manifest_json(node)  # and not `open`, which begins to check: that comes next
        missing = node.error is not None and node.error.presence is Presence.MISSING
        if not missing or node.parent is None or (node.error is not None and node.error.repository_unknown):
            return _Chosen.of(node)
        try:
            chosen = await _tags(engine, node.parent)
        except SourceError:
            return _Chosen.of(node)  # that there is no tag latest is known, whatever the list says
        return chosen if chosen.count else _Chosen.of(node)
    return await _tags(engine, node)


async def _tags(engine: Engine, node: Node) -> _Chosen:
    """The tags of a repository, or of every repository of a source. Raises SourceError when they cannot be listed."""
    explorer = engine.explorer
    await explorer.open(node)
    if node.error is not None:
        raise node.error
    places = [node]
    if node.kind is Kind.SOURCE:
        places = [child for child in node.children if child.kind is Kind.REPOSITORY]
        for place in places:
            await explorer.open(place)
            if place.error is not None:
                raise place.error
    count = sum(1 for place in places for name in explorer.names(place))
    rows = (row for place in places for row in explorer.each(place))
    return _Chosen(rows, count, replace(coverage(node), listed=count))


async def _check_node(engine: Engine, node: Node, platforms: Sequence[Platform], before: int) -> Report:
    """Check a row; `before` is how many requests there had been when somebody asked for it."""

    def wanted(row: Node) -> bool:
        return row.platform is None or any(row.platform.matches(platform) for platform in platforms)

    chosen = wanted if platforms else None
    with_progress = _Progress(engine)
    searches = 0
    try:
        run = engine.explorer.check(node, wanted=chosen)
        await run.wait()
        searches = run.searches
    finally:
        with_progress.close()
    return report(node, engine.explorer, requests=engine.trace.count - before, searches=searches, wanted=chosen)


class _Progress:
    """One line on stderr that is rewritten at most ten times a second and wiped at the end."""

    def __init__(self, engine: Engine) -> None:
        self._last = 0.0
        self._written = False
        self._stop = engine.explorer.subscribe(self._hear) if sys.stderr.isatty() else lambda: None

    def _hear(self, event: Event) -> None:
        if not isinstance(event, CheckProgress) or time.monotonic() - self._last < 0.1:
            return
        self._last = time.monotonic()
        self._written = True
        line = f"checking {event.node.label}: {event.done} of {event.total}"
        print(f"\r{shorten(line, 78):<78}", end="", file=sys.stderr, flush=True)

    def close(self) -> None:
        self._stop()
        if self._written:
            print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)


# --- the tree as text ------------------------------------------------------------------------------------------------


async def tree(engine: Engine, sources: Sequence[str], depth: int | None) -> int:
    """Print each source as a tree. An image is checked whole; a repository or registry is listed."""
    statuses: list[int] = []
    ascii_only = engine.settings.ascii or not _can_draw()
    for text in sources:
        try:
            node = await engine.open(text)
        except SourceError as error:
            print(f"fanfold: {error.sentence}", file=sys.stderr)
            statuses.append(3)
            continue
        if node.kind in MANIFEST_KINDS:
            made = await _check_node(engine, node, (), engine.trace.count)
            statuses.append(exit_status(made))
        else:
            made = None
            if node.source.kind == "registry":
                await engine.explorer.open(node)
            else:
                await engine.explorer.check(node).wait()  # what lies on disk costs nobody a request
            statuses.append(_list_status(engine, node))
        for line in tree_lines(engine.explorer, node, depth, ascii_only=ascii_only):
            print(line)
        if made is not None and made.verdict.sentence:
            print(made.verdict.sentence)
    return _worst(statuses)


def _list_status(engine: Engine, node: Node) -> int:
    """By what is known below it: of a list in a registry that is nothing, of what lies on disk everything."""
    if node.error is not None:
        return 1 if node.error.presence is Presence.MISSING else 3
    found = findings(node, engine.explorer)
    if any(finding.severity is Severity.ERROR for finding in found):
        return 1
    if any(finding.code in _OPEN for finding in found):
        return 3
    seen = coverage(node)
    if not seen.whole or (node.source.kind != "registry" and not seen.complete):
        print(f"fanfold: {node.label}: {_not_all(node, seen)}", file=sys.stderr)
        return 3
    return 0


def _not_all(node: Node, seen: Coverage) -> str:
    """What a tree does not show or does not know, in words."""
    if node.source.kind == "registry":
        return seen.why or "The list is incomplete."
    return seen.sentence


def _can_draw() -> bool:
    """Whether what we print can hold the lines and symbols of the tree."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "├✓".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
