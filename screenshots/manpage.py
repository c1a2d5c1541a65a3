"""Makes docs/fanfold.1, the man page, of the parsers that read the command line: `python -m screenshots.manpage`.

Written here, for argparse-manpage repeats the nine options that every command has for each of them, and runs lines
together that stand by themselves.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tui.commands.arguments import Parser, all_parsers, common_options

PAGE = Path(__file__).parent.parent / "docs" / "fanfold.1"


def page() -> str:
    """The page in man(7), in ASCII."""
    return "\n".join(_lines(all_parsers())) + "\n"


def _lines(root: Parser) -> Iterator[str]:
    (commands,) = [each for each in root._actions if isinstance(each, argparse._SubParsersAction)]
    purpose, *more = _paragraphs(root.description)
    yield '.TH FANFOLD 1 "" fanfold "User Commands"'
    yield from (".ad l", ".nh")  # ragged: names and references are not broken
    yield ".SH NAME"
    yield rf"fanfold \- {_text(purpose[:1].lower() + purpose[1:].rstrip('.'))}"
    yield ".SH SYNOPSIS"
    yield from _usage(root)
    yield ".SH DESCRIPTION"
    yield from _told(more)
    yield ".SH COMMANDS"
    common = common_options(root)
    known = {name for action in common for name in action.option_strings}
    for name, parser in commands.choices.items():
        yield f".SS {_text(name)}"
        yield from _usage(parser)
        said = [*_paragraphs(parser.description), *_paragraphs(parser.epilog)]
        yield from _told([each for each in said if each not in more])
        yield from _options(action for action in parser._actions if not known & {*action.option_strings})
    yield ".SH OPTIONS"
    yield "Without a command:"
    yield from _options(action for action in root._actions if action not in common)
    yield ".PP"
    yield "Every command has these, and fanfold without a command:"
    yield from _options(common)


def _paragraphs(text: str | None) -> list[str]:
    return [each for each in (text or "").split("\n\n") if each.strip()]


def _usage(parser: argparse.ArgumentParser) -> Iterator[str]:
    lines = (parser.usage or "").splitlines()
    for place, line in enumerate(lines):
        yield rf"\fB{_text(line.strip())}\fR"
        yield from [".br"] if place + 1 < len(lines) else []


def _told(paragraphs: Iterable[str]) -> Iterator[str]:
    """Lines run together, but for those that are indented."""
    for paragraph in paragraphs:
        yield ".PP"
        for line in paragraph.splitlines():
            if line.startswith(" "):
                yield from (".nf", f"  {_text(line.strip())}", ".fi")
            else:
                yield _text(line)


def _options(actions: Iterable[argparse.Action]) -> Iterator[str]:
    formatter = argparse.HelpFormatter("fanfold")
    for action in actions:
        if not action.option_strings:
            continue
        names = ", ".join(rf"\fB{_text(name)}\fR" for name in action.option_strings)
        values = action.metavar or ("|".join(action.choices) if action.choices else "")
        value = " ".join(values) if isinstance(values, tuple) else values
        yield ".TP"
        yield names + (rf" \fI{_text(value)}\fR" if value else "")
        yield _text(formatter._expand_help(action))


def _text(text: str) -> str:
    """As text: nothing in it is a request or an escape of roff."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = re.sub(r"[^\x20-\x7e]", lambda found: f"\\[u{ord(found[0]):04X}]", text)
    return f"\\&{text}" if text[:1] in (".", "'") else text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="ascii")
