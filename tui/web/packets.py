"""What passes between the page and the process behind it: messages of the page that make sense, and of what the process
draws nothing that a terminal would answer or obey beyond drawing.

fanfold makes foreign text safe before it draws it. This is the second lock, for what must not happen even if the first
fails: that a registry's text reads the reader's clipboard.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

#: The longest message of a page in bytes: what is pasted comes as one.
MOST_BYTES = 1 << 18
_MOST_CELLS = 1000

# A string for the terminal itself: OSC, DCS, SOS, PM or APC, up to its end, or to the end of the packet when it has
# none. Each as two characters of ASCII, or as the one of C1, written in UTF-8.
_STRINGS = re.compile(
    rb"(?:\x1b[\]PX^_]|\xc2[\x9d\x90\x98\x9e\x9f])"
    rb"(?:[^\x07\x1b\xc2]|\x1b(?!\\)|\xc2(?!\x9c))*(?:\x07|\x1b\\|\xc2\x9c|\Z)",
    re.DOTALL,
)
#: The only one that passes: put this text into the clipboard.
_COPY = re.compile(rb"\x1b\]52;c;[A-Za-z0-9+/]+={0,2}\x07")


@dataclass(frozen=True, slots=True)
class FromPage:
    """`stdin` with `data`, `resize` with `width` and `height` in cells, `ping` with `data`, `focus` or `blur`."""

    kind: Literal["stdin", "resize", "ping", "focus", "blur"]
    data: str = ""
    width: int = 0
    height: int = 0


def read_message(text: str) -> FromPage | None:
    """A message of a page; None for what is none."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    match message:
        case ["stdin", str(data)]:
            return FromPage("stdin", data)
        case ["ping", str(data)] if len(data) <= 40:
            return FromPage("ping", data)
        case ["resize", {"width": int(width), "height": int(height)}]:
            return FromPage("resize", width=cells(width), height=cells(height))
        case ["focus", *_]:
            return FromPage("focus")
        case ["blur", *_]:
            return FromPage("blur")
    return None


def cells(number: int) -> int:
    """A width or height that a terminal can have."""
    return max(1, min(number, _MOST_CELLS))


def drawn(packet: bytes) -> bytes:
    """A packet of the process without strings for the terminal, but for those that copy a text.

    Each packet is judged alone: one that ends with the first half of such a string loses it.
    """
    if b"\x1b" not in packet and b"\xc2" not in packet:
        return packet
    # CAN in its place: nothing would keep what stood before it from being read together with what follows.
    kept = _STRINGS.sub(lambda found: found[0] if _COPY.fullmatch(found[0]) else b"\x18", packet)
    return kept.rstrip(b"\x1b\xc2")
