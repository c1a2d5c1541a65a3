"""One in flight: many who want the same thing share one task, and the task outlives any of them but the last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """`keep=True`: a task runs to its end even when nobody waits any more (tokens). `keep=False`: the last one to
    leave cancels it; what has begun on the wire still ends well, the limiter sees to that."""

    def __init__(self, *, keep: bool) -> None:
        self._keep = keep
        self._tasks: dict[Hashable, asyncio.Task[T]] = {}
        self._waiting: dict[asyncio.Task[Any], int] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    async def run(self, key: Hashable, start: Callable[[], Awaitable[T]]) -> T:
        """What `start()` gives, started only when no task for `key` is under way. Errors reach every waiter."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.ensure_future(start())
            self._tasks[key] = task
            self._waiting[task] = 0
            task.add_done_callback(lambda done: self._done(key, done))
        self._waiting[task] += 1
        try:
            return await asyncio.shield(task)
        finally:
            if task in self._waiting:
                self._waiting[task] -= 1
                if not self._keep and self._waiting[task] == 0 and not task.done():
                    # Out of the table at once: a newcomer must not join a task that is being cancelled.
                    self._leave_table(key, task)
                    task.cancel()

    def forget(self, chosen: Callable[[Hashable], bool]) -> None:
        """Whoever comes next starts anew; who waits already still gets what is under way."""
        for key in [key for key in self._tasks if chosen(key)]:
            del self._tasks[key]

    def _done(self, key: Hashable, task: asyncio.Task[T]) -> None:
        self._leave_table(key, task)
        self._waiting.pop(task, None)
        if not task.cancelled():
            task.exception()  # retrieved: whoever waits gets it, and if nobody does, nobody misses it

    def _leave_table(self, key: Hashable, task: asyncio.Task[T]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]

    async def aclose(self) -> None:
        tasks = list(self._waiting)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
