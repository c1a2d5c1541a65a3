"""`fanfold check`: every object of an image that is not there, and the verdict; as text, JSON or Markdown."""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.commands.arguments import Options, need_sources
from tui.commands.output import out, say, show_progress, wipe_progress, write_what_fits
from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore import walker
from tui.explore.choice import Choice
from tui.explore.node import Node
from tui.explore.report import (
    Report,
    exit_status,
    failed_report,
    partial_report,
    report,
    worst_exit_status,
)
from tui.explore.search import Memory
from tui.explore.selection import select
from tui.explore.tally import Tally
from tui.explore.tree import CheckProgress, Event
from tui.explore.verdict import Coverage
from tui.formats.forms import open_writer
from tui.formats.writer import Sheet
from tui.oci.platform import Platform
from tui.sources.base import SourceError
from tui.sources.spec import SourceSpec
from tui.text import plural, safe, shorten

if TYPE_CHECKING:
    from tui.explore.on_disk import Section


def run(options: Options, settings: Settings) -> int:
    sources = need_sources(options, settings)
    expected = [text.strip() for texts in options.expect for text in texts.split(",")]
    choice = Choice(tuple(map(Platform.parse, options.platform)), tuple(map(Platform.parse, expected)))
    write_what_fits(ascii_only=settings.ascii, json=options.output == "json")
    deep = True if options.deep else False if options.fast else None
    return asyncio.run(run_check(settings, sources, choice=choice, output=options.output, deep=deep))


async def run_check(
    settings: Settings,
    sources: Sequence[SourceSpec],
    *,
    choice: Choice | None = None,
    output: str = "text",
    deep: bool | None = None,
) -> int:
    """Check sources and print what was found: `output` is "text", "json" or "markdown". Gives the exit status. `deep`
    says whether every blob is read and hashed; None: what lies on disk.

    JSON is one object when one reference was checked, an array when there were several.
    """
    async with aclosing(open_engine(settings)) as engine:
        engine.speak(say)
        engine.explorer.remember(_memory)
        return await check(engine, sources, choice or Choice(), output, deep)


def _memory() -> Memory:
    """The journal of pushes: imported when something is missing."""
    from tui.compose.journal import Journal, JournalMemory

    return JournalMemory(Journal())


async def check(
    engine: Engine,
    sources: Sequence[SourceSpec],
    choice: Choice,
    output: str,
    deep: bool | None = None,
) -> int:
    """Check, print each report as soon as it is made, and give the worst exit status: missing before undetermined
    before complete. No report is kept: a repository may have many thousand tags."""
    printed = _Printed(output, len(sources) > 1, Sheet(ascii_only=engine.settings.ascii))
    statuses: set[int] = set()
    for spec in sources:
        whole_registry = spec.registry is not None and spec.repository is None
        making = _of_registry if whole_registry else _reports
        counts: Counter[int] = Counter()
        async for made in making(engine, spec, choice, deep, printed):
            statuses.add(exit_status(made))
            counts[exit_status(made)] += 1
            printed.put(made)
            if made.tags is not None:
                say(f"{made.reference}: {made.verdict.sentence}")
        if whole_registry:
            say(f"{safe(spec.text, limit=600)}: {_summary(counts)}")
    if output != "json":
        async for section in _sections(engine):
            printed.put_section(section)
    printed.end()
    return worst_exit_status(statuses)


class _Printed:
    """What goes to stdout, part by part, in the form that was asked for. `several` has to be known before the first."""

    def __init__(self, output: str, several: bool, sheet: Sheet) -> None:
        self.several = several
        self._writer = open_writer(output, sheet)
        self._tally = Tally()

    def put(self, report: Report) -> None:
        self._writer.several = self.several
        if report.tags is None:
            self._tally.add(exit_status(report))
        out(self._writer.put(report), end="")

    def put_section(self, section: Section) -> None:
        out(self._writer.section(section), end="")

    def end(self) -> None:
        self._writer.several = self.several
        for part in self._writer.end(self._tally):
            out(part, end="")


async def _sections(engine: Engine) -> AsyncIterator[Section]:
    """What the storage folders among the sources say beyond single objects: a repository alone only what is not in
    order, and one that a registry was named for how the two compare. The exit status stays that of the checks."""
    roots = engine.explorer.roots
    if not any(root.source.capabilities.storage for root in roots):
        return
    from tui.explore.on_disk import compared, live_source, storage_of, surveyed  # late: few checks look at a folder

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


def _summary(counts: Counter[int]) -> str:
    """What came of all that was looked at in a registry, by exit status."""
    words = {0: "whole", 1: "with something missing or wrong", 3: "could not be determined"}
    parts = [f"{counts[status]:,} {word}" for status, word in words.items() if counts[status]]
    return f"{plural(counts.total(), 'result')}: {', '.join(parts)}." if parts else "there is no repository in it."


async def _of_registry(
    engine: Engine, spec: SourceSpec, choice: Choice, deep: bool | None, printed: _Printed
) -> AsyncIterator[Report]:
    """The reports on every tag of every repository that a registry lists, one repository after the other, until
    `walker.OBJECT_LIMIT` objects were looked at."""
    name = safe(spec.text, limit=600)
    printed.several = True
    place = await engine.open(spec)
    await engine.explorer.open(place)
    if place.error is not None:
        yield failed_report(name, place.error)
        return
    listing = place.listing
    names = engine.explorer.names(place)
    if listing is None or not listing.complete or (listing.note and not names):
        why = listing.note if listing is not None else ""
        yield partial_report(name, Coverage(0, 0, whole=False, why=why or "The list of its repositories is not whole."))
    spent = 0
    for looked, repository in enumerate(names):
        if spent >= walker.OBJECT_LIMIT:
            why = f"A check looks at {walker.OBJECT_LIMIT:,} objects, and then at no further repository."
            yield partial_report(name, Coverage(0, 0, unlisted=len(names) - looked, why=why))
            return
        each = replace(
            spec, repository=repository, explicit=False, text=f"{spec.registry}/{repository}", note="", scheme=""
        )
        row = await engine.open(each)
        async for made in _of_row(
            engine, row, safe(each.text, limit=600), False, engine.trace.count, choice, deep, printed
        ):
            spent += max(1, len(made.objects))
            yield made


async def _reports(
    engine: Engine, spec: SourceSpec, choice: Choice, deep: bool | None, printed: _Printed
) -> AsyncIterator[Report]:
    """The reports on what a source names, and at the end what of it was not looked at, if anything."""
    name = safe(spec.text, limit=600)
    before = engine.trace.count
    try:
        node = await engine.open(spec, default_tag=spec.registry is not None)
    except SourceError as error:
        yield failed_report(name, error)
        return
    named = spec.explicit or spec.registry is None
    async for made in _of_row(engine, node, name, named, before, choice, deep, printed):
        yield made


async def _of_row(
    engine: Engine,
    node: Node,
    name: str,
    named: bool,
    before: int,
    choice: Choice,
    deep: bool | None,
    printed: _Printed,
) -> AsyncIterator[Report]:
    try:
        selection = await select(engine.explorer, node, name, named=named)
    except SourceError as error:
        yield failed_report(name, error)
        return
    printed.several = printed.several or selection.several
    for row in selection.rows():
        since = before if selection.count == 1 else engine.trace.count
        made = await check_node(engine, row, choice, since, deep=deep)
        selection.add(made)
        yield made
    if not selection.covered.complete:
        yield partial_report(name, selection.covered)


async def check_node(engine: Engine, node: Node, choice: Choice, before: int, *, deep: bool | None = None) -> Report:
    """Check a row; `before` is how many requests there had been when somebody asked for it."""
    chosen = choice if choice.platforms else None
    with_progress = _Progress(engine)
    try:
        run = engine.explorer.check(node, wanted=chosen, deep=deep)
        await run.wait()
    finally:
        with_progress.close()
    requests = engine.trace.count - before
    return report(node, engine.explorer.observations, requests=requests, searches=run.searches, choice=choice)


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
        show_progress(shorten(f"checking {event.node.label}: {event.words}", 78))

    def close(self) -> None:
        self._stop()
        if self._written:
            wipe_progress()
