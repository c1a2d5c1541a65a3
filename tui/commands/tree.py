"""`fanfold tree`: sources as trees of text, with presence."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from itertools import chain

from tui.commands.arguments import Options, need_sources
from tui.commands.check_queue import check_node
from tui.commands.output import can_draw, out, say, terminal_width, write_what_fits
from tui.commands.printing import wants_colour
from tui.commands.progress import CheckLine
from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore.cells import tree_rows
from tui.explore.choice import Choice
from tui.explore.node import MANIFEST_KINDS
from tui.explore.report import exit_status, list_exit_status, worst_exit_status
from tui.explore.sentences import sentences
from tui.formats.paint import VERDICT_ROLES, Piece, fitted, painted, wrapped
from tui.sources.base import SourceError
from tui.sources.spec import SourceSpec
from tui.text import to_ascii


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
    """Print sources as trees, or with the form `plain` as sentences. Gives the exit status."""
    write_what_fits(ascii_only=settings.ascii)
    async with aclosing(open_engine(settings)) as engine:
        engine.speak(say)
        return await tree(engine, sources, depth, wants_colour(colour) and form != "plain", plain=form == "plain")


async def tree(
    engine: Engine, sources: Sequence[SourceSpec], depth: int | None, colour: bool = False, *, plain: bool = False
) -> int:
    """Print each source as a tree, or with `plain` as sentences, the verdict first. An image is checked whole; a
    repository or registry is listed."""
    statuses: list[int] = []
    ascii_only = engine.settings.ascii or not can_draw()
    progress = CheckLine(engine)
    for spec in sources:
        try:
            node = await engine.open(spec)
        except SourceError as error:
            say(error.sentence)
            statuses.append(3)
            continue
        verdict: Piece | None = None
        if node.kind in MANIFEST_KINDS:
            made = await check_node(engine, node, Choice())
            statuses.append(exit_status(made))
            verdict = (made.verdict.sentence, VERDICT_ROLES[exit_status(made)])
        else:
            if node.source.capabilities.remote:
                await engine.explorer.open(node)
            else:
                await engine.explorer.check(node).wait()  # what lies on disk costs nobody a request
            status, unknown = list_exit_status(node, engine.explorer.observations)
            statuses.append(status)
            if unknown:
                say(f"{node.label}: {unknown}")
        progress.hide()
        if plain:
            spoken = [verdict[0]] if verdict is not None else []
            for sentence in chain(spoken, sentences(engine.explorer, node, depth)):
                out(to_ascii(sentence) if ascii_only else sentence)
            continue
        room = terminal_width(sys.stdout)
        for place, line in enumerate(tree_rows(engine.explorer, node, depth, ascii_only=ascii_only)):
            out(painted(fitted(line, room if place else None), colour=colour))  # the first has the digest, whole
        for said in wrapped(verdict, room) if verdict is not None else ():
            out(painted(said, colour=colour, ascii_only=ascii_only))
    progress.close()
    return worst_exit_status(statuses)
