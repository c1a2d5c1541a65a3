"""`fanfold tree`: sources as trees, with presence."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing

from tui.commands.arguments import Options, need_sources
from tui.commands.check_queue import check_node
from tui.commands.output import can_draw, out, say, terminal_width, write_what_fits
from tui.commands.printing import wants_colour
from tui.commands.progress import CheckLine
from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore.choice import Choice
from tui.explore.node import MANIFEST_KINDS, Kind, Node
from tui.explore.report import exit_status, list_exit_status, worst_exit_status
from tui.formats.tree import Looked, open_tree_writer
from tui.formats.writer import Sheet
from tui.sources.base import SourceError
from tui.sources.spec import SourceSpec
from tui.text import safe

#: Who reads these forms cannot ask for more rows.
_WHOLE_LISTS = frozenset({"json", "markdown"})


def run(options: Options, settings: Settings) -> int:
    sources = need_sources(options, settings)
    return asyncio.run(run_tree(settings, sources, depth=options.depth, colour=options.color, form=options.output))


async def run_tree(
    settings: Settings,
    sources: Sequence[SourceSpec],
    *,
    depth: int | None = None,
    colour: str = "auto",
    form: str = "text",
) -> int:
    """Print sources as trees. Gives the exit status."""
    write_what_fits(ascii_only=settings.ascii, form=form)
    async with aclosing(open_engine(settings)) as engine:
        engine.speak(say)
        return await tree(engine, sources, depth, wants_colour(colour), form=form)


async def tree(
    engine: Engine, sources: Sequence[SourceSpec], depth: int | None, colour: bool = False, *, form: str = "text"
) -> int:
    """Print each source as a tree. An image is checked whole; a repository or registry is listed."""
    statuses: list[int] = []
    sheet = Sheet(terminal_width(sys.stdout), colour, engine.settings.ascii or not can_draw())
    writer = open_tree_writer(form, engine.explorer, sheet, depth, several=len(sources) > 1)
    progress = CheckLine(engine)
    try:
        for spec in sources:
            looked = await _look(engine, spec, whole_lists=form in _WHOLE_LISTS)
            statuses.append(looked.status)
            progress.hide()
            for line in writer.put(looked):
                out(line)
    finally:
        progress.close()
    for line in writer.end():
        out(line)
    return worst_exit_status(statuses)


async def _look(engine: Engine, spec: SourceSpec, *, whole_lists: bool) -> Looked:
    """Ask for what a source names."""
    name = safe(spec.text, limit=600)
    try:
        node = await engine.open(spec)
    except SourceError as error:
        say(error.sentence)
        return Looked(name, 3, error=error.sentence)
    if node.kind in MANIFEST_KINDS:
        made = await check_node(engine, node, Choice())
        return Looked(name, exit_status(made), node, made.verdict.sentence)
    remote = node.source.capabilities.remote
    if remote or whole_lists:
        await engine.explorer.open(node)
    if whole_lists:
        await _show_all(engine, node)
    if not remote:
        await engine.explorer.check(node).wait()  # what lies on disk costs nobody a request
    status, unknown = list_exit_status(node, engine.explorer.observations)
    if unknown:
        say(f"{node.label}: {unknown}")
    return Looked(name, status, node)


async def _show_all(engine: Engine, node: Node) -> None:
    """Make rows of all names of a list."""
    while (more := next((row for row in node.children if row.kind is Kind.MORE), None)) is not None:
        await engine.explorer.load_more(more)
