"""The commands with their sources as text, as a person writes them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from tui.commands import check as checking
from tui.commands import create as creating
from tui.commands import tree as listing
from tui.commands.printing import Display
from tui.config import Settings
from tui.engine import Engine
from tui.explore.choice import Choice
from tui.oci.platform import Platform
from tui.sources.spec import SourceSpec, parse_source


def specs(sources: Sequence[str]) -> list[SourceSpec]:
    return [parse_source(text) for text in sources]


def run_check(
    settings: Settings,
    sources: Sequence[str],
    *,
    platforms: Sequence[Platform] = (),
    expected: Sequence[Platform] = (),
    **options: Any,
) -> int:
    choice = Choice(tuple(platforms), tuple(expected))
    return asyncio.run(checking.run_check(settings, specs(sources), choice=choice, **options))


def run_tree(settings: Settings, sources: Sequence[str], **options: Any) -> int:
    return asyncio.run(listing.run_tree(settings, specs(sources), **options))


def run_create(settings: Settings, target: str, sources: Sequence[str], **options: Any) -> int:
    return asyncio.run(creating.run_create(settings, parse_source(target), specs(sources), **options))


async def check(engine: Engine, sources: Sequence[str], platforms: Sequence[Platform], output: str) -> int:
    return await checking.check(engine, specs(sources), Choice(tuple(platforms)), Display(output))


async def tree(engine: Engine, sources: Sequence[str], depth: int | None, form: str = "text") -> int:
    return await listing.tree(engine, specs(sources), depth, form=form)
