"""Time and chance, in one place, so that tests can have their own."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime


class Clock:
    """The real thing: monotonic seconds for every duration, wall time only for what is shown."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def chance(self) -> float:
        """A number in [0, 1), for jitter: nothing secret hangs on it."""
        return random.random()


class Deadlines:
    """A time limit for each of many short tasks, with one timer for all.

    All limits are equally long, so they end in the order in which they began: only the oldest is timed. An
    `asyncio.timeout` for each would cost a timer and its cancellation for every request.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._ends: dict[asyncio.Task[object], float] = {}
        self._late: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, task: asyncio.Task[object]) -> None:
        """From now on `task` has `seconds`; then it is cancelled, unless `end` comes first."""
        loop = asyncio.get_running_loop()
        self._ends[task] = loop.time() + self.seconds
        if self._timer is None:
            self._timer = loop.call_later(self.seconds, self._check)

    def end(self, task: asyncio.Task[object]) -> bool:
        """The work is over; True: it was cancelled because its time was up (a CancelledError is then ours)."""
        self._ends.pop(task, None)
        if task in self._late:
            self._late.discard(task)
            task.uncancel()
            return True
        return False

    def _check(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._ends:
            task = next(iter(self._ends))
            left = self._ends[task] - now
            if left > 0:
                self._timer = loop.call_later(left, self._check)
                return
            del self._ends[task]
            self._late.add(task)
            task.cancel()

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
