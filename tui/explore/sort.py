"""Orders for long lists of names: by version, as people read it, or by plain name."""

from __future__ import annotations

import re
from typing import Any

#: The orders a reader can choose from, in the order that the key goes through them.
ORDERS = ("version", "newest", "name", "server")

_TOKEN = re.compile(r"\d+|[^\d]+")
_BEFORE = re.compile(r"^[-._+]?(alpha|beta|rc|pre|dev|snapshot|preview|a|b)(?![a-z])", re.IGNORECASE)

SortKey = tuple[Any, ...]


def version_key(name: str) -> SortKey:
    """A key that puts 1.9 before 1.10, 1.0-rc1 before 1.0, and 1.0 before 1.0.1 and 1.0-alpine.

    Digits are compared by length and text, never as integers: a hostile name may hold thousands of them.
    """
    key: list[tuple[int, int, str]] = []
    for position, token in enumerate(_TOKEN.findall(name)):
        if token[0].isdigit() and token.isascii():
            digits = token.lstrip("0")
            key.append((2, len(digits), digits))
        elif position and _BEFORE.match(token):
            key.append((0, 0, token.lower()))
        else:
            key.append((3, 0, token.lower()))
    key.append((1, 0, name))
    return tuple(key)


def name_key(name: str) -> SortKey:
    """A key for plain alphabetical order, capitals beside their small letters."""
    return (name.lower(), name)
