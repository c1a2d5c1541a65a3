"""`fanfold check`: every object of an image that is not there, and the verdict, in the form that was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.commands.arguments import Options, need_sources
from tui.commands.output import say, write_what_fits
from tui.commands.printing import Display, Printed
from tui.commands.progress import CheckLine
from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore import walker
from tui.explore.choice import Choice
from tui.explore.node import Kind, Node
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
from tui.explore.verdict import Coverage
from tui.oci.platform import Platform
from tui.sources.base import SourceError
from tui.sources.spec import SourceSpec
from tui.text import safe

if TYPE_CHECKING:
    from tui.explore.on_disk import Section

_Made = tuple[Report, str | None]
"""A report, and the tag that it is about when it is one of a repository's list."""


def run(options: Options, settings: Settings) -> int:
    sources = need_sources(options, settings)
    expected = [text.strip() for texts in options.expect for text in texts.split(",")]
    choice = Choice(tuple(map(Platform.parse, options.platform)), tuple(map(Platform.parse, expected)))
    write_what_fits(ascii_only=settings.ascii, form=options.output)
    deep = True if options.deep else False if options.fast else None
    return asyncio.run(
        run_check(
            settings,
            sources,
            choice=choice,
            output=options.output,
            deep=deep,
            colour=options.color,
            quiet=options.quiet,
            only_broken=options.only_broken,
        )
    )


async def run_check(
    settings: Settings,
    sources: Sequence[SourceSpec],
    *,
    choice: Choice | None = None,
    output: str = "text",
    deep: bool | None = None,
    colour: str = "auto",
    quiet: bool = False,
    only_broken: bool = False,
) -> int:
    """Check sources and print what was found: `output` is the name of a form (`formats/forms.py`). Gives the exit
    status. `deep` says whether every blob is read and hashed; None: what lies on disk.

    JSON is one object when one reference was checked, an array when there were several.
    """
    async with aclosing(open_engine(settings)) as engine:
        engine.speak((lambda _: None) if quiet else say)
        engine.explorer.remember(_memory)
        display = Display(output, colour, quiet, only_broken, settings.ascii)
        return await check(engine, sources, choice or Choice(), display, deep)


def _memory() -> Memory:
    """The journal of pushes: imported when something is missing."""
    from tui.compose.journal import Journal, JournalMemory

    return JournalMemory(Journal())


async def check(
    engine: Engine,
    sources: Sequence[SourceSpec],
    choice: Choice,
    display: Display,
    deep: bool | None = None,
) -> int:
    """Check, print each report as soon as it is made, and give the worst exit status: missing before undetermined
    before complete. No report is kept: a repository may have many thousand tags."""
    progress = CheckLine(engine, quiet=display.quiet)
    printed = Printed(display, len(sources) > 1, progress)
    statuses: set[int] = set()
    try:
        for spec in sources:
            whole_registry = spec.registry is not None and spec.repository is None
            making = _of_registry if whole_registry else _reports
            before = replace(printed.tally)
            async for made, tag in making(engine, spec, choice, deep, printed):
                statuses.add(exit_status(made))
                printed.put(made, tag)
                if made.tags is not None:
                    printed.say(f"{made.reference}: {made.verdict.sentence}")
            if whole_registry:
                printed.say(f"{safe(spec.text, limit=600)}: {_summary(printed.tally, before)}")
        if display.form != "json" and not display.quiet:
            async for section in _sections(engine):
                printed.put_section(section)
        printed.end()
    finally:
        progress.close()
    return worst_exit_status(statuses)


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


def _summary(tally: Tally, before: Tally) -> str:
    """What came of all that was looked at in a registry."""
    here = Tally(tally.whole - before.whole, tally.broken - before.broken, tally.unknown - before.unknown)
    return f"{here.words}." if here.total else "there is no repository in it."


async def _of_registry(
    engine: Engine, spec: SourceSpec, choice: Choice, deep: bool | None, printed: Printed
) -> AsyncIterator[_Made]:
    """The reports on every tag of every repository that a registry lists, one repository after the other, until
    `walker.OBJECT_LIMIT` objects were looked at."""
    name = safe(spec.text, limit=600)
    printed.several = True
    before = engine.trace.count
    place = await engine.open(spec)
    await engine.explorer.open(place)
    if place.error is not None:
        yield failed_report(name, place.error, engine.trace.count - before), None
        return
    listing = place.listing
    names = engine.explorer.names(place)
    if listing is None or not listing.complete or (listing.note and not names):
        why = listing.note if listing is not None else ""
        missing = Coverage(0, 0, whole=False, why=why or "The list of its repositories is not whole.")
        yield partial_report(name, missing), None
    printed.group(name, [f"{each}:latest" for each in names])
    spent = 0
    for looked, repository in enumerate(names):
        if spent >= walker.OBJECT_LIMIT:
            why = f"A check looks at {walker.OBJECT_LIMIT:,} objects, and then at no further repository."
            yield partial_report(name, Coverage(0, 0, unlisted=len(names) - looked, why=why)), None
            return
        each = replace(
            spec, repository=repository, explicit=False, text=f"{spec.registry}/{repository}", note="", scheme=""
        )
        row = await engine.open(each)
        called = safe(repository, limit=600)
        async for made, tag in _of_row(
            engine, row, safe(each.text, limit=600), False, engine.trace.count, choice, deep, printed, called
        ):
            spent += max(1, len(made.objects))
            yield made, tag or called


async def _reports(
    engine: Engine, spec: SourceSpec, choice: Choice, deep: bool | None, printed: Printed
) -> AsyncIterator[_Made]:
    """The reports on what a source names, and at the end what of it was not looked at, if anything."""
    name = safe(spec.text, limit=600)
    before = engine.trace.count
    try:
        node = await engine.open(spec, default_tag=spec.registry is not None)
    except SourceError as error:
        yield failed_report(name, error, engine.trace.count - before), None
        return
    named = spec.explicit or spec.registry is None
    async for each in _of_row(engine, node, name, named, before, choice, deep, printed):
        yield each


async def _of_row(
    engine: Engine,
    node: Node,
    name: str,
    named: bool,
    before: int,
    choice: Choice,
    deep: bool | None,
    printed: Printed,
    called: str = "",
) -> AsyncIterator[_Made]:
    """The reports on a row; `called` is what the tags of one among many repositories are named with."""
    try:
        selection = await select(engine.explorer, node, name, named=named)
    except SourceError as error:
        yield failed_report(name, error, engine.trace.count - before), None
        return
    printed.several = printed.several or selection.several
    printed.progress.expect(selection.count)
    place: Node | None = None
    for row in selection.rows():
        if selection.several and not called and place is not _place(row):
            place = _place(row)
            printed.group(_title(row), engine.explorer.names(place) if place is not None else ())
        since = before if selection.count == 1 else engine.trace.count
        made = await check_node(engine, row, choice, since, deep=deep)
        selection.add(made)
        printed.progress.finish(row, len(made.objects))
        tag = row.tag or row.label
        yield made, f"{called}:{tag}" if called else tag if selection.several else None
    if not selection.covered.complete:
        yield partial_report(name, selection.covered), None


def _place(row: Node) -> Node | None:
    """The repository's row that a tag's is in."""
    return next((each for each in row.ancestors() if each.kind is Kind.REPOSITORY), None)


def _title(row: Node) -> str:
    return safe(row.source.reference(row.repository or ""), limit=600)


async def check_node(engine: Engine, node: Node, choice: Choice, before: int, *, deep: bool | None = None) -> Report:
    """Check a row; `before` is how many requests there had been when somebody asked for it."""
    chosen = choice if choice.platforms else None
    run = engine.explorer.check(node, wanted=chosen, deep=deep)
    await run.wait()
    requests = engine.trace.count - before
    return report(node, engine.explorer.observations, requests=requests, searches=run.searches, choice=choice)
