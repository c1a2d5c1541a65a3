"""Without a screen: ``fanfold tree``, ``fanfold check`` and ``fanfold create``, for pipes, scripts, dumb terminals.

Results go to stdout and nothing else does; progress goes to stderr, and only when somebody is looking at it.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence

from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore.events import CheckProgress, Event
from tui.explore.findings import Severity, findings
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.on_disk import Section, compared, live_source, storage_of, surveyed
from tui.explore.report import Report, exit_status, failed_report, report
from tui.oci import media
from tui.oci.errors import MalformedReference
from tui.oci.platform import Platform
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.sources.spec import SourceSpec, parse_source
from tui.text import plural, safe, shorten, size, to_ascii

#: A repository without a tag named is checked tag by tag up to here.
TAGS_CHECKED = 1000

#: Findings that say that nobody knows.
_OPEN = ("denied", "limited", "unreachable")


def run_check(
    settings: Settings, sources: Sequence[str], *, platforms: Sequence[Platform] = (), output: str = "text"
) -> int:
    """Check sources and print what was found: ``output`` is "text", "json" or "markdown". Gives the exit status.

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
    try:
        return await work(engine)
    finally:
        await engine.aclose()


async def check(engine: Engine, sources: Sequence[str], platforms: Sequence[Platform], output: str) -> int:
    """Check, print, and give the worst exit status: missing before undetermined before complete."""
    reports: list[Report] = []
    several = len(sources) > 1
    for text in sources:
        found = await _check_source(engine, text, platforms)
        several = several or len(found) > 1
        reports.extend(found)
    if output == "json":
        documents = [made.to_json() for made in reports]
        print(json.dumps(documents if several else documents[0], indent=2, ensure_ascii=False))
        return _worst(exit_status(made) for made in reports)
    sections = [section async for section in _sections(engine)]
    if output == "markdown":
        print("\n".join([*(made.to_markdown() for made in reports), *(s.to_markdown() for s in sections)]), end="")
    else:
        ascii_only = engine.settings.ascii
        parts = ["\n".join(_report_lines(made, ascii_only)) for made in reports]
        print("\n\n".join([*parts, *("\n".join([s.title, *(f"  {line}" for line in s.lines)]) for s in sections)]))
    return _worst(exit_status(made) for made in reports)


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


async def _check_source(engine: Engine, text: str, platforms: Sequence[Platform]) -> list[Report]:
    spec = parse_source(text)
    before = engine.trace.count
    try:
        nodes = await _references(engine, spec, text)
    except SourceError as error:
        return [failed_report(safe(text, limit=600), error)]
    if not nodes:
        nothing = SourceError(
            Presence.UNREACHABLE,
            f"There is nothing to check in {safe(text, limit=600)}.",
            mend="Check the name; `fanfold tree` shows what is there.",
        )
        return [failed_report(safe(text, limit=600), nothing)]
    if len(nodes) == 1:
        return [await _check_node(engine, nodes[0], platforms, before)]
    return [await _check_node(engine, node, platforms, engine.trace.count) for node in nodes]


async def _references(engine: Engine, spec: SourceSpec, text: str) -> list[Node]:
    """The rows to check: what was named; else the tag latest, as for Docker; else every tag there is."""
    node = await engine.open(text, default_tag=spec.kind == "registry")
    if node.kind in MANIFEST_KINDS:
        if spec.explicit or spec.kind != "registry":
            return [node]
        await engine.explorer.read_manifest_json(node)  # and not `open`, which begins to check: that comes next
        missing = node.error is not None and node.error.presence is Presence.MISSING
        if not missing or node.parent is None or (node.error is not None and node.error.repository_unknown):
            return [node]
        try:
            return await _tags(engine, node.parent) or [node]
        except SourceError:
            return [node]  # that there is no tag latest is known, whatever the list says
    if node.kind is Kind.SOURCE and spec.kind == "registry":
        raise MalformedReference(
            f"{node.label} is a registry; name a repository or an image in it, such as {node.label}/NAME:TAG."
        )
    if node.kind is Kind.SOURCE:
        await engine.explorer.open(node)
        if node.error is not None:
            raise node.error
        rows: list[Node] = []
        for repository in [child for child in node.children if child.kind is Kind.REPOSITORY]:
            rows.extend(await _tags(engine, repository))
        return rows
    return await _tags(engine, node)


async def _tags(engine: Engine, repository: Node) -> list[Node]:
    """The rows of a repository's tags. Raises SourceError when they cannot be listed."""
    await engine.explorer.open(repository)
    if repository.error is not None:
        raise repository.error
    named = [child for child in repository.children if child.kind in MANIFEST_KINDS]
    return [child for child in named if child.load is not Load.FAILED or child.tag != "latest"][:TAGS_CHECKED]


async def _check_node(engine: Engine, node: Node, platforms: Sequence[Platform], before: int) -> Report:
    """Check a row; ``before`` is how many requests there had been when somebody asked for it."""

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


# --- check as text ---------------------------------------------------------------------------------------------------


def _report_lines(made: Report, ascii_only: bool) -> Iterator[str]:
    yield made.reference
    if made.digest is not None:
        yield f"  {made.digest}  {safe(media.describe(made.media_type or ''), limit=120)}"
    for part in made.objects:
        if part.seen.presence is Presence.PRESENT:
            continue
        needed = f" of {', '.join(part.platforms)}" if part.platforms else ""
        told = f"  ({part.seen.detail})" if part.seen.detail else ""
        mark = _glyph(part.seen.presence, ascii_only)
        yield f"  {mark} {part.seen.presence.value:<11} {part.kind}{needed}  {size(part.size)}  {part.digest}{told}"
    for finding in made.findings:
        yield f"  {finding.severity.value}: {finding.code}: {finding.message}"
        yield f"    mend: {finding.mend}"
    counted = ", ".join(f"{count} {word}" for word, count in made.counts.items() if count)
    held = f"{plural(len(made.objects), 'object')}: {counted}" if made.objects else "nothing was read"
    yield f"  {held}; {made.effort}"
    yield f"  {made.verdict.sentence}"


def _glyph(presence: Presence, ascii_only: bool) -> str:
    return to_ascii(presence.symbol) if ascii_only else presence.symbol


# --- the tree as text ------------------------------------------------------------------------------------------------


async def tree(engine: Engine, sources: Sequence[str], depth: int | None) -> int:
    """Print each source as a tree. An image is checked whole; a repository or registry is listed."""
    statuses: list[int] = []
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
        for line in tree_lines(engine, node, depth):
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
    return 3 if any(finding.code in _OPEN for finding in found) else 0


def tree_lines(engine: Engine, node: Node, depth: int | None = None) -> Iterator[str]:
    """The row and the rows below it, drawn with lines; ``depth`` is how many levels below it are shown."""
    ascii_only = engine.settings.ascii or not _can_draw()
    tee, last, bar, blank = ("|-- ", "`-- ", "|   ", "    ") if ascii_only else ("├── ", "└── ", "│   ", "    ")
    yield _line(engine, node, _full_name(node), 0, ascii_only)

    def below(parent: Node, prefix: str, level: int) -> Iterator[str]:
        if depth is not None and level > depth:
            return
        rows = [row for row in parent.children if row.kind is not Kind.REFERRERS or row.children]
        width = max((len(row.label) for row in rows), default=0)
        for position, row in enumerate(rows):
            ends = position == len(rows) - 1
            yield prefix + (last if ends else tee) + _line(engine, row, row.label, min(width, 40), ascii_only)
            yield from below(row, prefix + (blank if ends else bar), level + 1)

    yield from below(node, "", 1)


def _full_name(node: Node) -> str:
    if node.kind in MANIFEST_KINDS:
        return safe(node.source.reference(node.repository or "", tag=node.tag, digest=node.digest), limit=600)
    if node.kind is Kind.REPOSITORY:
        return safe(node.source.reference(node.repository or ""), limit=600)
    return node.label


def _line(engine: Engine, node: Node, label: str, width: int, ascii_only: bool) -> str:
    cells = [f"{label:<{width}}"]
    if node.kind in MANIFEST_KINDS | BLOB_KINDS:
        seen = engine.explorer.observation(node)
        total = engine.explorer.rollup(node)
        if node.kind in BLOB_KINDS or node.kind is Kind.MANIFEST:
            cells.append(f"{_size(node):>8}")
        if seen.presence is not Presence.UNCHECKED or node.load is not Load.IDLE:
            word = total.label or ("" if total.worst is Presence.PRESENT else total.worst.value)
            cells.append(f"{_glyph(total.worst, ascii_only)} {word}".rstrip())
        if node.kind is not Kind.TAG and node.digest is not None:
            cells.append(node.digest.short)
    elif node.kind in (Kind.REPOSITORY, Kind.SOURCE):
        cells.append(engine.explorer.rollup(node).label)
    if node.note:
        cells.append(shorten(node.note, 60))
    text = "  ".join(cell for cell in cells if cell.strip()).rstrip()
    return text if not ascii_only else to_ascii(text)


def _size(node: Node) -> str:
    manifest = node.image_manifest
    if node.kind is Kind.MANIFEST and manifest is not None:
        return size(sum(layer.size for layer in manifest.layers))
    return size(node.size)


def _can_draw() -> bool:
    """Whether what we print can hold the lines and symbols of the tree."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "├✓".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
