"""The limiter: slots, cancelling, pauses, and what a 429 does (docs/protocol-notes.md, G-07, G-08)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from tests.registry.clock import FakeClock
from tests.registry.middleware.scripted import Script, exchange, request, response
from tui.registry.endpoints import Endpoints, Origin, parse_address
from tui.registry.errors import RateLimited, Unreachable
from tui.registry.headers import RateLimit
from tui.registry.middleware.limiter import Lane, Limiter
from tui.registry.request import NoResponse, Request, Response, Stream
from tui.registry.settings import ClientSettings
from tui.registry.trace import Trace

HERE, THERE = "https://a.example.com/v2/", "https://b.example.com/v2/"
ORIGIN = parse_address(HERE).origin
Send = Callable[[Request], Awaitable[Response]]


class Fixture:
    """A limiter with a clock and a trace of its own."""

    def __init__(self, slots: int = 2, longest_wait: float = 60.0) -> None:
        settings = ClientSettings(concurrency=slots, longest_wait=longest_wait)
        self.clock = FakeClock()
        self.trace = Trace(self.clock)
        self.limiter = Limiter(settings, Endpoints(settings), self.clock, self.trace)

    async def send(self, next: Send, url: str = HERE, **more: Any) -> Response:
        return await self.limiter(request(url=url, **more), next)

    def lane(self, origin: Origin = ORIGIN) -> Lane:
        return self.limiter.lane(origin)


def at_once(asked: Request) -> Awaitable[Response]:
    return asyncio.sleep(0, response(asked))


async def for_a_minute(asked: Request) -> Response:
    await asyncio.sleep(60)
    return response(asked)


async def most_at_once(it: Fixture, requests: int) -> int:
    """How many of so many requests, sent together, were under way at the same time."""
    running = most = 0

    async def work(asked: Request) -> Response:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return response(asked)

    await asyncio.gather(*(it.send(work) for _ in range(requests)))
    return most


async def test_never_more_than_the_slots() -> None:
    it = Fixture(3)
    assert await most_at_once(it, 40) == 3
    assert it.lane().running == 0 and it.limiter.under_way == 0


async def test_hosts_do_not_wait_for_each_other() -> None:
    it, go = Fixture(1), asyncio.Event()
    first = asyncio.create_task(it.send(Script(200, wait=go)))
    await asyncio.sleep(0)
    assert (await asyncio.wait_for(it.send(at_once, THERE), 10)).ok
    go.set()
    await first


async def test_waiting_can_be_cancelled_and_never_starts() -> None:
    it, go, late = Fixture(1), asyncio.Event(), Script(200)
    first = asyncio.create_task(it.send(Script(200, wait=go)))
    await asyncio.sleep(0)
    second = asyncio.create_task(it.send(late))
    await asyncio.sleep(0)
    assert len(it.trace.waiting) == 1
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    go.set()
    await first
    assert not late.asked and not it.trace.waiting and it.lane().running == 0 and not it.lane()._waiting


async def test_a_slot_that_was_just_handed_over_is_handed_on() -> None:
    lane = Lane(1, FakeClock())
    await lane.enter(60)
    waiting = asyncio.create_task(lane.enter(60))
    after = asyncio.create_task(lane.enter(60))
    await asyncio.sleep(0)
    lane.leave()
    waiting.cancel()  # in the very moment in which it was given the slot
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(after, 10)
    assert lane.running == 1


async def test_begun_is_finished_and_the_caller_walks_away() -> None:
    it, go, ended = Fixture(1), asyncio.Event(), list[str]()

    async def work(asked: Request) -> Response:
        asked.exchange = exchange(asked.address)
        asked.exchange.state = "running"
        await go.wait()
        ended.append(asked.exchange.state)
        return response(asked)

    kept: list[Response] = []
    over: list[Response | None] = []
    asked = request(url=HERE, on_success=kept.append, on_end=over.append)
    caller = asyncio.create_task(it.limiter(asked, work))
    await asyncio.sleep(0.001)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert asked.begun and not ended and it.lane().running == 1
    go.set()
    await asyncio.sleep(0.001)
    assert ended == ["abandoned"] and kept == over and len(kept) == 1, "what arrived is worth keeping"
    assert it.lane().running == 0 and it.limiter.under_way == 0


async def test_an_error_reaches_the_caller_and_frees_the_slot() -> None:
    it, over = Fixture(1), list[Response | None]()
    with pytest.raises(ValueError, match="no"):
        await it.send(Script(ValueError("no")), on_end=over.append)
    assert it.lane().running == 0 and over == [None]


async def test_an_error_after_the_caller_left_is_nobodys() -> None:
    it, go = Fixture(1), asyncio.Event()
    caller = asyncio.create_task(it.send(Script(ValueError("no"), wait=go)))
    await asyncio.sleep(0.001)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go.set()
    await asyncio.sleep(0.001)
    assert it.lane().running == 0


async def test_a_pause_holds_everybody_and_then_lets_them_go() -> None:
    it = Fixture()
    it.lane().pause(20)
    await asyncio.gather(*(it.send(at_once) for _ in range(5)))
    assert it.clock.time >= 1_020 and it.lane().running == 0


async def test_too_long_a_pause_is_an_answer() -> None:
    it = Fixture(longest_wait=60)
    it.lane().pause(90)
    with pytest.raises(RateLimited) as caught:
        await it.send(at_once)
    assert caught.value.retry_after == 90 and it.lane().running == 0 and not it.trace.waiting


async def test_who_asks_once_does_not_wait_for_a_pause() -> None:
    it = Fixture(longest_wait=60)
    it.lane().pause(1)
    with pytest.raises(RateLimited):
        await it.send(at_once, once=True)


@pytest.mark.parametrize(
    ("ending", "limit"),
    [
        (429, 8),
        (503, 8),
        (NoResponse(Unreachable("it was reset"), sent=True, again=True), 8),
        (NoResponse(Unreachable("a kept connection was dead"), sent=True, again=True, stale=True), 16),
        (NoResponse(Unreachable("its name is not known"), sent=False, again=False), 16),
        (500, 16),
        (404, 16),
        (200, 16),
    ],
)
async def test_it_hears_how_the_exchanges_end(ending: int | NoResponse, limit: int) -> None:
    it = Fixture(64)
    with contextlib.suppress(NoResponse):
        await it.send(Script(ending))
    assert it.lane().limit == limit


async def test_it_grows_while_answers_come_no_slower_and_keeps_the_slots_filled() -> None:
    it = Fixture(64)
    assert await most_at_once(it, 400) == it.lane().limit == 64


async def test_a_host_may_say_that_only_few_requests_are_left() -> None:
    it = Fixture(64)

    def saying(limit: RateLimit | None) -> Callable[[Request], Response]:
        def answer(asked: Request) -> Response:
            given = response(asked)
            given.exchange.rate_limit = limit
            return given

        return answer

    await it.send(Script(saying(RateLimit(600, 3, 60))))
    assert it.lane().limit == 3
    await it.send(Script(saying(RateLimit(600, 599, 60))))
    assert it.lane().limit == 16
    await it.send(Script(saying(RateLimit(100, 3, 21_600))))
    assert it.lane().limit == 16, "these are pulls, and a HEAD is none"
    await it.send(Script(saying(RateLimit(600, 0, 60))))
    assert it.lane().limit == 1
    await it.send(Script(saying(None)))
    assert it.lane().limit == 16, "it no longer says so"


async def test_close_ends_what_is_under_way() -> None:
    it = Fixture()
    caller = asyncio.create_task(it.send(for_a_minute))
    await asyncio.sleep(0.001)
    await it.limiter.aclose()
    with pytest.raises(asyncio.CancelledError):
        await caller
    with pytest.raises(Unreachable, match="closed"):
        await it.send(at_once)
    assert it.lane().running == 0


class OpenBody:
    """As much of an HTTP response as a stream needs to be closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1


def open_stream(body: OpenBody) -> Callable[[Request], Response]:
    def opened(asked: Request) -> Response:
        answer = response(asked)
        answer.stream = Stream(cast(Any, body), answer.exchange, 30)
        return answer

    return opened


async def test_held_until_the_stream_is_closed() -> None:
    it, body = Fixture(1), OpenBody()
    answer = await it.send(Script(open_stream(body)), take="stream")
    assert answer.stream is not None and it.lane().running == 1
    await answer.stream.aclose()
    await answer.stream.aclose()
    assert it.lane().running == 0 and body.closed == 1


async def test_a_stream_that_nobody_wants_any_more_is_closed() -> None:
    it, go, body = Fixture(1), asyncio.Event(), OpenBody()
    caller = asyncio.create_task(it.send(Script(open_stream(body), wait=go), take="stream"))
    await asyncio.sleep(0.001)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go.set()
    await asyncio.sleep(0.001)
    assert body.closed == 1 and it.lane().running == 0


async def test_an_upload_is_stopped_with_its_caller() -> None:
    it, stopped = Fixture(1), []

    async def upload(asked: Request) -> Response:
        try:
            return await for_a_minute(asked)
        except asyncio.CancelledError:
            stopped.append(1)
            raise

    caller = asyncio.create_task(it.send(upload, content=lambda: None))
    await asyncio.sleep(0.001)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert stopped == [1] and it.lane().running == 0


async def test_close_ends_also_what_has_only_just_begun() -> None:
    it = Fixture()
    caller = asyncio.create_task(it.send(for_a_minute))
    closing = asyncio.create_task(it.limiter.aclose())  # its first step comes before that of the exchange
    await asyncio.wait_for(closing, 10)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(caller, 10)
