"""How many exchanges run at once with each host, and when none may.

Waiting for a slot can be cancelled. An exchange that has begun is not: it runs in its own task, and a caller who is
cancelled walks away from it. Cancelling inside an HTTP connection pool has lost connections for good
(encode/httpcore#1093), and an answer that is on its way is worth having.
"""

from __future__ import annotations

import asyncio
from collections import deque

from tui.registry.clock import Clock
from tui.registry.congestion import CongestionWindow
from tui.registry.endpoints import Endpoints, Origin
from tui.registry.errors import RateLimited, Unreachable
from tui.registry.middleware import Send
from tui.registry.request import NoResponse, Request, Response
from tui.registry.retry_policy import TRANSIENT
from tui.registry.settings import ClientSettings
from tui.registry.trace import Trace
from tui.text import duration

_TOO_MUCH = frozenset({429, 503})
"""What a host answers that has too much to do."""


class Paused(Exception):
    """The host asked for a rest that is longer than somebody waits; `seconds` are left of it."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"paused for {seconds:.0f} s")
        self.seconds = seconds


class Lane:
    """The slots of one host: as many as its window finds out that it bears."""

    def __init__(self, ceiling: int, clock: Clock) -> None:
        self.window = CongestionWindow(ceiling)
        self.running = 0
        self.paused_until = 0.0
        self._clock = clock
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        """How many may be under way at once now."""
        return self.window.limit

    def pause(self, seconds: float) -> None:
        now = self._clock.now()
        self.paused_until = max(self.paused_until, now + seconds)
        self.window.rest(now)

    def answered(self, response: Response, began: float, running: int) -> None:
        """An answer came to an exchange that began then, as one of so many."""
        now = self._clock.now()
        if response.status in _TOO_MUCH:
            self.window.refused(began, now, running)
            return
        told = response.exchange.rate_limit
        self.window.told(told.remaining if told is not None and told.is_of_requests else None)
        if response.status not in TRANSIENT:
            before = self.window.limit
            self.window.answered(response.exchange.method, began, now, running)
            if self.window.limit > before:
                self._wake()

    def failed(self, error: Exception, began: float, running: int) -> None:
        """No answer came. A kept connection that turned out dead was closed before it was asked anything."""
        if isinstance(error, NoResponse) and error.sent and error.again and not error.stale:
            self.window.refused(began, self._clock.now(), running)

    def enter_at_once(self) -> bool:
        """Take a slot if nobody has to wait for one; it needs one `leave`."""
        resting = self.paused_until and self.paused_until > self._clock.now()
        if resting or self._waiting or self.running >= self.window.limit:
            return False
        self.running += 1
        return True

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
            if self.running < self.window.limit and not self._waiting:
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
        while self._waiting and self.running < self.window.limit:
            waiter = self._waiting.popleft()
            if not waiter.done():
                self.running += 1
                waiter.set_result(None)


class Limiter:
    """All lanes, and the exchanges that run on them. Raises RateLimited for a host that rests for long, Unreachable
    when the client was closed, and what `next` raises."""

    def __init__(self, settings: ClientSettings, endpoints: Endpoints, clock: Clock, trace: Trace) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._clock = clock
        self._trace = trace
        self._lanes: dict[Origin, Lane] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def lane(self, origin: Origin) -> Lane:
        lane = self._lanes.get(origin)
        if lane is None:
            slots = self._settings.host(self._endpoints.name(origin)).concurrency or self._settings.concurrency
            lane = self._lanes[origin] = Lane(slots, self._clock)
        return lane

    def pauses(self) -> dict[Origin, float]:
        """When (the clock's time) each host that was ever told to rest may be asked again."""
        return {origin: lane.paused_until for origin, lane in self._lanes.items() if lane.paused_until}

    @property
    def under_way(self) -> int:
        """Exchanges with all hosts that have begun and are not over."""
        return len(self._tasks)

    async def __call__(self, request: Request, next: Send) -> Response:
        """Wait for a slot, then run the exchange in a task of its own and give what it gives.

        What comes after this must bound its own time. The slot is free again when the exchange is over, with a stream
        when that is closed. A caller who is cancelled walks away, unless an upload is under way: that is stopped, it
        must not go on by itself.
        """
        lane = self.lane(request.address.origin)
        request.begun, request.exchange = False, None
        if not lane.enter_at_once():
            await self._wait(lane, request)
        if self._closed:
            lane.leave()
            name = self._endpoints.name(request.address.origin)
            raise Unreachable(f"No request to {name}: fanfold has closed its connections.")
        request.begun = True
        if request.on_begin is not None:
            request.on_begin()
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[Response] = loop.create_future()
        task = loop.create_task(self._exchange(request, next, lane, outcome))
        self._tasks.add(task)
        try:
            return await outcome
        except asyncio.CancelledError:
            await self._walk_away(request, task, outcome)
            raise

    async def _wait(self, lane: Lane, request: Request) -> None:
        name = self._endpoints.name(request.address.origin)
        exchange = request.exchange = self._trace.opened(
            request.method, str(request.address), name, request.address.path, request.attempt, wait=True
        )
        try:
            await lane.enter(0.0 if request.once else self._settings.longest_wait)
        except asyncio.CancelledError:
            self._trace.never_sent(exchange)
            raise
        except Paused as pause:
            self._trace.never_sent(exchange)
            raise RateLimited(
                f"{name} limits the rate of requests; {duration(pause.seconds)} left.",
                exchange_id=exchange.id,
                retry_after=pause.seconds,
            ) from None
        if self._closed:
            self._trace.never_sent(exchange)

    async def _walk_away(self, request: Request, task: asyncio.Task[None], outcome: asyncio.Future[Response]) -> None:
        if outcome.done() and not outcome.cancelled():
            # It ended in the moment in which the caller was cancelled.
            if outcome.exception() is None:
                await _hang_up(outcome.result())
        elif callable(request.content):
            task.cancel()
            await asyncio.wait({task})
        elif task in self._tasks and request.exchange is not None:
            self._trace.left_alone(request.exchange)

    async def _exchange(self, request: Request, next: Send, lane: Lane, outcome: asyncio.Future[Response]) -> None:
        # The task tells its outcome to a future of the caller's, which the caller may drop: the same as
        # `asyncio.shield`, with three callbacks fewer for each request.
        response: Response | None = None
        stays = False
        began, running = self._clock.now(), lane.running
        try:
            response = await next(request)
            if response.stream is not None:
                stays = True
                response.stream.on_close(lane.leave)
            if not callable(request.content):  # how long an upload takes is a matter of its bytes
                lane.answered(response, began, running)
            if request.on_success is not None and response.ok:
                request.on_success(response)
            if not outcome.done():
                outcome.set_result(response)
            else:
                await _hang_up(response)
        except BaseException as error:
            if isinstance(error, Exception):
                lane.failed(error, began, running)
            if not outcome.done():
                if isinstance(error, asyncio.CancelledError):
                    outcome.cancel()
                else:
                    outcome.set_exception(error)
            if not isinstance(error, Exception):
                raise
        finally:
            self._tasks.discard(asyncio.current_task())
            if not stays:
                lane.leave()
            if request.on_end is not None:
                request.on_end(response)

    async def aclose(self) -> None:
        """Cancel what is under way and wait until it is gone. The connections die with their pool afterwards."""
        self._closed = True
        await asyncio.sleep(0)  # a task that never took its first step could tell its caller nothing
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _hang_up(response: Response) -> None:
    if response.stream is not None:
        await response.stream.aclose()
