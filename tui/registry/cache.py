"""Documents, the least recently used leaving first, bounded by bytes.

What is under a digest never changes, so nothing expires. Whoever asks by a key that has the repository in it learns
nothing about the next repository.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class ByteCache(Generic[V]):
    def __init__(self, limit: int, size: Callable[[V], int]) -> None:
        self._limit = limit
        self._size = size
        self._held = 0
        self._entries: OrderedDict[Hashable, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def held(self) -> int:
        """Bytes, by the size function; never above the limit."""
        return self._held

    def get(self, key: Hashable) -> V | None:
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def put(self, key: Hashable, value: V) -> None:
        self.drop(key)
        size = self._size(value)
        if size > self._limit:
            return
        self._entries[key] = value
        self._held += size
        while self._held > self._limit:
            _, leaving = self._entries.popitem(last=False)
            self._held -= self._size(leaving)

    def drop(self, key: Hashable) -> None:
        value = self._entries.pop(key, None)
        if value is not None:
            self._held -= self._size(value)

    def drop_where(self, chosen: Callable[[Hashable], bool]) -> None:
        for key in [key for key in self._entries if chosen(key)]:
            self.drop(key)
