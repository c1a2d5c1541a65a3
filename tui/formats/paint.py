"""Roles as the sixteen colours of a terminal, so that the reader's own theme decides how they look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import wrap

from tui.text import cut, to_ascii, width

#: SGR parameters (ECMA-48, 8.3.117). A fault is filled: it is found before anything is read.
_SGR = {
    "title": "1",
    "heading": "1",
    "label": "90",
    "dim": "90",
    "good": "32",
    "hashed": "1;92",
    "bad": "91",
    "verdict-bad": "1;91",
    "verdict-warn": "1;33",
    "verdict-good": "1;32",
    "fault": "1;7;91",
    "doubt": "7;33",
    "warn": "33",
    "unknown": "35",
    "checking": "36",
    "info": "36",
    "accent": "36",
}
#: The role of a verdict by the exit status that it makes.
VERDICT_ROLES = {0: "verdict-good", 1: "verdict-bad", 3: "verdict-warn"}
Piece = tuple[str, str]


def painted(pieces: Iterable[Piece], *, colour: bool, ascii_only: bool = False) -> str:
    """Pieces of safe text, each with its role, as one line; without colours no escape is written at all."""
    parts = []
    for text, role in pieces:
        shown = to_ascii(text) if ascii_only else text
        code = _SGR.get(role) if colour and shown.strip() else None
        parts.append(f"\x1b[{code}m{shown}\x1b[0m" if code else shown)
    line = "".join(parts)
    return line if colour else line.rstrip()


def fitted(pieces: Iterable[Piece], room: int | None) -> list[Piece]:
    """As much of a line as a terminal has columns for; all of it where nobody counts them."""
    if room is None:
        return list(pieces)
    shown: list[Piece] = []
    for text, role in pieces:
        shown.append((cut(text, room), role))
        room -= width(shown[-1][0])
        if shown[-1][0] != text:
            break
    return shown


def wrapped(piece: Piece, room: int | None, indent: str = "") -> Iterator[list[Piece]]:
    """A piece of text in lines of a terminal, broken between words only."""
    text, role = piece
    if room is None:
        yield [(indent + text, role)]
        return
    for line in wrap(
        text,
        max(20, room),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        yield [(line, role)]


def padded(text: str, cells: int) -> str:
    """The text with blanks up to so many terminal cells."""
    return text + " " * max(0, cells - width(text))
