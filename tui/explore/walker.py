"""How far anything is followed that is below an index: the limits of every walk, and what one over rows has met.

An index may hold indexes, itself even, and a tree of few objects may have endlessly many rows
(docs/protocol-notes.md, C-15).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Hashable, Iterable
from typing import TypeVar

T = TypeVar("T")

#: Manifests inside manifests are followed this far.
DEPTH_LIMIT = 8
#: A walk stops, visibly, after this many distinct objects ...
OBJECT_LIMIT = 10_000
#: ... and after following this many rows: self-similar trees have few objects and endlessly many rows.
ROW_LIMIT = 50_000
#: So many indexes inside one are unwrapped for a new one at most.
INDEX_LIMIT = 64
#: What is opened is checked by itself as long as that takes no more than so many requests.
UNASKED_LIMIT = 200
#: Why it is not.
TOO_MANY = f"that takes more than {UNASKED_LIMIT} requests"
#: So many rows are visited before others have their turn.
SLICE = 50


async def in_slices(rows: Iterable[T]) -> AsyncIterator[T]:
    """The rows of a long walk; after each `SLICE` of them keys are dealt with and drawn."""
    for number, row in enumerate(rows, 1):
        yield row
        if number % SLICE == 0:
            await asyncio.sleep(0)


class LimitReached(Exception):
    """A walk goes no further; the text names the limit: "10,000 objects"."""


class Walk:
    """One walk over the rows below a row."""

    def __init__(self) -> None:
        self._rows = 0
        self._met: set[Hashable] = set()

    def step(self, key: Hashable) -> bool:
        """Follow one row more; whether the object that `key` stands for is met for the first time. None is the key of a
        row that stands for no object. Raises LimitReached."""
        self._rows += 1
        if self._rows > ROW_LIMIT:
            raise LimitReached(f"{ROW_LIMIT:,} rows")
        if len(self._met) >= OBJECT_LIMIT and key not in self._met:
            raise LimitReached(f"{OBJECT_LIMIT:,} objects")
        if key is None or key in self._met:
            return False
        self._met.add(key)
        return True
