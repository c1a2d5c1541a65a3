"""`fanfold tree`: sources as trees of text, with presence."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from tui.commands.arguments import Options, need_sources
from tui.commands.check_queue import check_node
from tui.commands.output import can_draw, out, say, write_what_fits
from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore.cells import tree_lines
from tui.explore.choice import Choice
from tui.explore.node import MANIFEST_KINDS
from tui.explore.report import exit_status, list_exit_status, worst_exit_status
from tui.sources.base import SourceError
from tui.sources.spec import SourceSpec


def run(options: Options, settings: Settings) -> int:
    return asyncio.run(run_tree(settings, need_sources(options, settings), depth=options.depth))


async def run_tree(settings: Settings, sources: Sequence[SourceSpec], *, depth: int | None = None) -> int:
    """Print sources as trees. Gives the exit status."""
    write_what_fits(ascii_only=settings.ascii)
    async with aclosing(open_engine(settings)) as engine:
        engine.speak(say)
        return await tree(engine, sources, depth)


async def tree(engine: Engine, sources: Sequence[SourceSpec], depth: int | None) -> int:
    """Print each source as a tree. An image is checked whole; a repository or registry is listed."""
    statuses: list[int] = []
    ascii_only = engine.settings.ascii or not can_draw()
    for spec in sources:
        try:
            node = await engine.open(spec)
        except SourceError as error:
            say(error.sentence)
            statuses.append(3)
            continue
        verdict = ""
        if node.kind in MANIFEST_KINDS:
            made = await check_node(engine, node, Choice())
            statuses.append(exit_status(made))
            verdict = made.verdict.sentence
        else:
            if node.source.capabilities.remote:
                await engine.explorer.open(node)
            else:
                await engine.explorer.check(node).wait()  # what lies on disk costs nobody a request
            status, unknown = list_exit_status(node, engine.explorer.observations)
            statuses.append(status)
            if unknown:
                say(f"{node.label}: {unknown}")
        for line in tree_lines(engine.explorer, node, depth, ascii_only=ascii_only):
            out(line)
        if verdict:
            out(verdict)
    return worst_exit_status(statuses)
