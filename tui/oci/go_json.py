"""JSON as Go's encoder writes it (encoding/json, HTMLEscape): most tools of this world are written in Go."""

from __future__ import annotations

#: These stand only inside JSON strings, so that replacing them in the whole text is right.
_ESCAPES = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def escaped(text: str) -> str:
    """A JSON text with the characters escaped that Go escapes beyond what JSON asks for."""
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text
