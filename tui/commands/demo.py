"""`fanfold demo`: the screen on an embedded registry, with lessons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.commands import output
from tui.commands.arguments import Options, UsageError

if TYPE_CHECKING:
    from tui.config import Settings


def run(options: Options, settings: Settings) -> int:
    """A wrong usage is told without importing what draws."""
    if len(options.words) > 1:
        raise UsageError("Name at most one lesson.")
    if not settings.browser and not output.has_terminal():
        raise UsageError("The demo needs a terminal. `fanfold registry` serves the same images to other programs.")
    from tui.app.main import run_app

    return run_app(settings, (), demo=True, lesson=options.words[0] if options.words else None)
