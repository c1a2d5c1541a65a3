"""`fanfold check`: what is missing below images, and the verdict, in the form that was asked for."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from tui.commands.arguments import Options, need_sources, read_each
from tui.commands.check_queue import CheckQueue
from tui.commands.output import say, write_what_fits
from tui.commands.printing import Display, Printed
from tui.commands.progress import CheckLine
from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore.choice import Choice
from tui.explore.report import worst_exit_status
from tui.explore.search import Memory
from tui.oci.platform import Platform
from tui.sources.spec import SourceSpec

if TYPE_CHECKING:
    from tui.explore.on_disk import Section


#: So many requests are remembered, to know how the last ones logged in. Nobody looks at them here.
KEPT = 500


def run(options: Options, settings: Settings) -> int:
    sources = need_sources(options, settings)
    expected = [text.strip() for texts in options.expect for text in texts.split(",")]
    platforms = read_each("--platform", Platform.parse, options.platform)
    choice = Choice(platforms, read_each("--expect", Platform.parse, expected))
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
    """Check, print each report as soon as it and those before it are made, and give the worst exit status: missing
    before undetermined before complete. All tags of all sources are checked in one line, several at once."""
    engine.trace.keep(KEPT)
    engine.explorer.observations.negative_seconds = math.inf  # one run asks once, however long it takes
    progress = CheckLine(engine, quiet=display.quiet)
    printed = Printed(display, len(sources) > 1, progress)
    queue = CheckQueue(engine, printed, choice, deep)
    try:
        await queue.run(sources)
        if display.form != "json" and not display.quiet:
            async for section in _sections(engine):
                printed.put_section(section)
        printed.end()
    finally:
        progress.close()
    return worst_exit_status(queue.statuses)


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
