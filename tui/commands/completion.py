"""`fanfold completion`: what a shell needs to complete commands and options, made of the parsers that read them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from tui.commands.arguments import SHELLS, Options, Parser, UsageError, all_parsers, missing_library
from tui.commands.output import out

if TYPE_CHECKING:
    from tui.config import Settings


def run(options: Options, settings: Settings) -> int:
    """Print it; the exit status: 0. Raises UsageError."""
    if len(options.words) != 1 or options.words[0] not in SHELLS:
        raise UsageError(f"Name one shell: {', '.join(SHELLS)}.")
    out(script(options.words[0]), end="")
    return 0


def script(shell: str) -> str:
    """The completion for one of SHELLS. Raises UsageError where the library is not installed."""
    try:
        import shtab
    except ModuleNotFoundError as error:
        if error.name != "shtab":
            raise
        raise missing_library("Completion", "shtab") from None
    parsers = all_parsers()
    commands = _commands(parsers)
    for parser in (parsers, *commands.values()):
        for action in parser._actions:
            if action.metavar == "FILE":
                action.complete = shtab.FILE  # type: ignore[attr-defined]
            elif action.metavar == "SHELL":
                action.choices, action.nargs, action.help = SHELLS, 1, ""
    return shtab.complete(parsers, shell).rstrip("\n") + "\n"


def _commands(parsers: Parser) -> dict[str, Parser]:
    """Each command's parser, by its name; its description is the line that the help of `fanfold` has for it, for
    beside a command that is completed there is room for no more."""
    (commands,) = [each for each in parsers._actions if isinstance(each, argparse._SubParsersAction)]
    for each in commands._choices_actions:
        commands.choices[each.dest].description = each.help
    return dict(commands.choices)
