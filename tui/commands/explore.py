"""`fanfold [SOURCE ...]`: the screen; where there is no terminal to draw on, or with `--plain`, the tree as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.commands import output
from tui.commands.arguments import Options, UsageError, parse_sources

if TYPE_CHECKING:
    from tui.config import Settings


def run(options: Options, settings: Settings) -> int:
    """What is malformed is refused before anything is drawn. Each way out imports its own libraries only."""
    sources = parse_sources(options, settings)
    if settings.browser or (output.has_terminal() and not options.plain):
        from tui.app.main import run_app

        return run_app(settings, sources)
    if not sources:
        why = "Nothing is drawn with --plain" if options.plain else "No terminal to draw on"
        raise UsageError(f"{why}; name a SOURCE to print its tree instead.")
    import asyncio

    from tui.commands.tree import run_tree

    return asyncio.run(run_tree(settings, sources, form="plain" if options.plain else "text"))
