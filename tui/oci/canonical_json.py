"""JSON as fanfold writes it: one form, so that the same document always has the same bytes and the same digest."""

from __future__ import annotations

import json
from typing import Any

#: These stand only inside JSON strings, so that replacing them in the whole text is right.
_GO_ESCAPES = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def json_text(value: Any, *, indent: int | None = None) -> str:
    """Keys in their order, characters as they are, no blanks but for an `indent`, nothing after the end.

    Raises ValueError for numbers that JSON does not know. A lone surrogate is kept: encoding the text fails then.
    """
    separators = (",", ":") if indent is None else (",", ": ")
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)


def go_escaped(text: str) -> str:
    """A JSON text with the characters escaped that Go's encoder escapes beyond what JSON asks for (encoding/json,
    HTMLEscape): most tools of this world are written in Go."""
    for character, escape in _GO_ESCAPES.items():
        text = text.replace(character, escape)
    return text
