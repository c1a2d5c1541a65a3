"""One gate per host: how many exchanges run at once, and when none may.

Waiting for a slot can be cancelled. An exchange that has begun is not: it runs in its own task, and a caller who is
cancelled walks away from it. Cancelling inside an HTTP connection pool has lost connections for good
(encode/httpcore#1093), and an answer that is on its way is worth having.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

from tui.registry.clock import Clock

T = TypeVar("T")


class Paused(Exception):
    """The host asked for a rest that is longer than we wait unasked; `seconds` are left of it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.0f} s")
        self.seconds = seconds


class Closed(Exception):
    """The gate was closed: nothing is asked any more."""


class Lane:
    """The slots of one host.  `limit` moves between 1 and `ceiling`: halved on a 429, one more after each full round
    of good answers (additive increase, multiplicative decrease)."""

    def __init__(self, ceiling: int, clock: Clock) -> None:
        self.ceiling = max(1, ceiling)
        self.limit = self.ceiling
        self.running = 0
        self.paused_until = 0.0
        self._good = 0
        self._slowed_at = float("-inf")
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def queued(self) -> int:
        return sum(not waiter.done() for waiter in self._waiting)

    @property
    def busy(self) -> bool:
        """Would a newcomer have to wait?"""
        return self.running >= self.limit or bool(self._waiting) or self.paused_until > self._clock.now()

    def pause(self, seconds: float) -> None:
        self.paused_until = max(self.paused_until, self._clock.now() + seconds)

    def slow_down(self, began: float) -> None:
        """A 429 came back. Only one halving for all the exchanges that were under way together."""
        if began <= self._slowed_at:
            return
        self._slowed_at = self._clock.now()
        self._good = 0
        self.limit = max(1, self.limit // 2)

    def went_well(self) -> None:
        if self.limit >= self.ceiling:
            return
        self._good += 1
        if self._good >= self.limit:
            self._good = 0
            self.limit += 1
            self._wake()

    async def enter(self, longest_wait: float) -> None:
        """Take a slot; every successful `enter` needs one `leave`. Raises Paused."""
        while True:
            if self.paused_until:
                left = self.paused_until - self._clock.now()
                if left > longest_wait:
                    raise Paused(left)
                if left > 0:
                    await self._clock.sleep(left)
                    continue
                self.paused_until = 0.0
            if self.running < self.limit and not self._waiting:
                self.running += 1
                return
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self.leave()  # the slot had been handed to us already: hand it on
                raise
            if self.paused_until > self._clock.now():
                self.leave()
                continue
            return

    def leave(self) -> None:
        self.running -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self.running < self.limit:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self.running += 1
                waiter.set_result(None)


class Gate:
    """All lanes, and the exchanges that run behind them."""

    def __init__(self, slots: Callable[[Hashable], int], longest_wait: float, clock: Clock) -> None:
        self._slots = slots
        self._longest_wait = longest_wait
        self._clock = clock
        self._lanes: dict[Hashable, Lane] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self._closed = False

    def lane(self, host: Hashable) -> Lane:
        lane = self._lanes.get(host)
        if lane is None:
            lane = self._lanes[host] = Lane(self._slots(host), self._clock)
        return lane

    def pauses(self) -> dict[Hashable, float]:
        """When (the clock's time) each host that was ever told to rest may be asked again."""
        return {host: lane.paused_until for host, lane in self._lanes.items() if lane.paused_until}

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    async def _enter(self, host: Hashable, longest_wait: float | None = None) -> Lane:
        lane = self.lane(host)
        await lane.enter(self._longest_wait if longest_wait is None else longest_wait)
        if self._closed:
            lane.leave()
            raise Closed
        return lane

    async def run(
        self,
        host: Hashable,
        exchange: Callable[[], Awaitable[T]],
        *,
        abandoned: Callable[[], None] | None = None,
        begins: Callable[[], None] | None = None,
        longest_wait: float | None = None,
    ) -> T:
        """Wait for a slot, then run `exchange` in a task of its own and give what it gives.

        `exchange` must bound its own time. When the caller is cancelled meanwhile, `abandoned` is called, the
        exchange goes on and frees the slot itself.  `begins` is called when nothing stops it any more;
        `longest_wait` is for this one alone. Raises Paused, Closed, and what `exchange` raises.
        """
        lane = await self._enter(host, longest_wait)
        if begins is not None:
            begins()
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()

        # The task tells its outcome to a future of the caller's, which the caller may drop: the same as
        # `asyncio.shield`, with three callbacks fewer for each request.
        async def begun() -> None:
            try:
                result = await exchange()
            except BaseException as error:
                if not outcome.done():
                    if isinstance(error, asyncio.CancelledError):
                        outcome.cancel()
                    else:
                        outcome.set_exception(error)
                if not isinstance(error, Exception):
                    raise
            else:
                if not outcome.done():
                    outcome.set_result(result)
            finally:
                self._tasks.discard(task)
                lane.leave()

        task = loop.create_task(begun())
        self._tasks.add(task)
        try:
            return await outcome
        except asyncio.CancelledError:
            if outcome.done() and not outcome.cancelled():
                outcome.exception()  # it ended in the moment in which the caller was cancelled: seen
            if outcome.cancelled() and task in self._tasks and abandoned is not None:
                abandoned()
            raise

    async def hold(
        self,
        host: Hashable,
        exchange: Callable[[Callable[[], None]], Awaitable[T]],
        *,
        discard: Callable[[T], Awaitable[None]],
        kept: Callable[[T], bool],
        abort: bool,
    ) -> T:
        """For answers whose body is read later: `exchange` gets the function that frees the slot.

        When `kept(result)` is false the slot is freed at once. A caller who is cancelled walks away (the result is
        handed to `discard`), or with `abort` the exchange is stopped: an upload must not go on by itself.

        Raises what `run` raises.
        """
        lane = await self._enter(host)
        freed = gone = False

        def release() -> None:
            nonlocal freed
            if not freed:
                freed = True
                lane.leave()

        async def begun() -> T:
            try:
                result = await exchange(release)
            except BaseException:
                release()
                raise
            if gone:
                await discard(result)
            if gone or not kept(result):
                release()
            return result

        task = asyncio.ensure_future(begun())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            gone = True
            if task.done():
                if not task.cancelled() and task.exception() is None:
                    await discard(task.result())
                    release()
            elif abort:
                task.cancel()
                await asyncio.wait({task})
            raise

    async def aclose(self) -> None:
        """Cancel what is under way and wait until it is gone. The connections die with their pool afterwards."""
        self._closed = True
        await asyncio.sleep(0)  # a task that never took its first step could tell its caller nothing
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
