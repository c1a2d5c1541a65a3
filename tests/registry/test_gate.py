"""The gate: slots, cancelling, pauses, and what a 429 does (protocol G-07, G-08)."""

from __future__ import annotations

import asyncio

import pytest

from tests.registry.clock import FakeClock
from tui.registry.gate import Closed, Gate, Lane, Paused


def gate(slots: int = 2, longest_wait: float = 60.0) -> tuple[Gate, FakeClock]:
    clock = FakeClock()
    return Gate(lambda host: slots, longest_wait, clock), clock


async def test_never_more_than_the_slots() -> None:
    it, _ = gate(3)
    running = most = 0

    async def work() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1

    await asyncio.gather(*(it.run("h", work) for _ in range(40)))
    assert most == 3 and it.lane("h").running == 0 and it.under_way == 0


async def test_hosts_do_not_wait_for_each_other() -> None:
    it, _ = gate(1)
    blocked = asyncio.Event()
    first = asyncio.create_task(it.run("a", blocked.wait))
    await asyncio.sleep(0)
    assert await asyncio.wait_for(it.run("b", lambda: asyncio.sleep(0, "done")), 1) == "done"
    blocked.set()
    await first


async def test_waiting_can_be_cancelled_and_never_starts() -> None:
    it, _ = gate(1)
    begun = asyncio.Event()
    started = []

    async def late() -> None:
        started.append(1)

    first = asyncio.create_task(it.run("h", begun.wait))
    await asyncio.sleep(0)
    second = asyncio.create_task(it.run("h", late))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    begun.set()
    await first
    assert not started and it.lane("h").running == 0 and it.lane("h").queued == 0


async def test_a_slot_that_was_just_handed_over_is_handed_on() -> None:
    it, _ = gate(1)
    lane = it.lane("h")
    await lane.enter(60)
    waiting = asyncio.create_task(lane.enter(60))
    after = asyncio.create_task(lane.enter(60))
    await asyncio.sleep(0)
    lane.leave()
    waiting.cancel()  # in the very moment in which it was given the slot
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await asyncio.wait_for(after, 1)
    assert lane.running == 1


async def test_begun_is_finished_and_the_caller_walks_away() -> None:
    it, _ = gate(1)
    go, ended, abandoned = asyncio.Event(), [], []

    async def exchange() -> None:
        await go.wait()
        ended.append(1)

    caller = asyncio.create_task(it.run("h", exchange, abandoned=lambda: abandoned.append(1)))
    await asyncio.sleep(0.001)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert abandoned == [1] and not ended and it.lane("h").running == 1
    go.set()
    await asyncio.sleep(0.001)
    assert ended == [1] and it.lane("h").running == 0 and it.under_way == 0


async def test_an_error_reaches_the_caller_and_frees_the_slot() -> None:
    it, _ = gate(1)

    async def broken() -> None:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await it.run("h", broken)
    assert it.lane("h").running == 0


async def test_an_error_after_the_caller_left_is_nobodys() -> None:
    it, _ = gate(1)
    go = asyncio.Event()

    async def broken() -> None:
        await go.wait()
        raise ValueError("no")

    caller = asyncio.create_task(it.run("h", broken))
    await asyncio.sleep(0.001)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go.set()
    await asyncio.sleep(0.001)
    assert it.lane("h").running == 0


async def test_a_pause_holds_everybody_and_then_lets_them_go() -> None:
    it, clock = gate()
    it.lane("h").pause(20)
    await asyncio.gather(*(it.run("h", lambda: asyncio.sleep(0)) for _ in range(5)))
    assert clock.time >= 1_020 and it.lane("h").running == 0


async def test_too_long_a_pause_is_an_answer() -> None:
    it, _ = gate(longest_wait=60)
    it.lane("h").pause(90)
    with pytest.raises(Paused) as caught:
        await it.run("h", lambda: asyncio.sleep(0))
    assert caught.value.seconds == 90 and it.lane("h").running == 0


def test_a_429_halves_once_for_all_that_were_under_way() -> None:
    clock = FakeClock()
    lane = Lane(16, clock)
    began = clock.now()
    clock.time += 1
    for _ in range(16):
        lane.slow_down(began)
    assert lane.limit == 8
    clock.time += 1
    lane.slow_down(clock.now())
    assert lane.limit == 4


def test_it_grows_back_by_one_for_each_round_and_no_further() -> None:
    clock = FakeClock()
    lane = Lane(4, clock)
    lane.slow_down(clock.now() + 1)
    assert lane.limit == 2
    lane.went_well()
    assert lane.limit == 2
    lane.went_well()
    assert lane.limit == 3
    for _ in range(50):
        lane.went_well()
    assert lane.limit == 4


def test_never_below_one() -> None:
    clock = FakeClock()
    lane = Lane(2, clock)
    for _ in range(5):
        clock.time += 1
        lane.slow_down(clock.now())
    assert lane.limit == 1


async def test_close_ends_what_is_under_way() -> None:
    it, _ = gate()
    caller = asyncio.create_task(it.run("h", lambda: asyncio.sleep(60)))
    await asyncio.sleep(0.001)
    await it.aclose()
    with pytest.raises(asyncio.CancelledError):
        await caller
    with pytest.raises(Closed):
        await it.run("h", lambda: asyncio.sleep(0))


async def test_held_until_released() -> None:
    it, _ = gate(1)
    releases = []

    async def open_stream(release: object) -> str:
        releases.append(release)
        return "stream"

    async def discard(result: str) -> None:
        releases.append(result)

    result = await it.hold("h", open_stream, discard=discard, kept=lambda result: True, abort=False)
    assert result == "stream" and it.lane("h").running == 1
    releases[0]()  # type: ignore[operator]
    releases[0]()  # type: ignore[operator]
    assert it.lane("h").running == 0


async def test_a_stream_that_nobody_wants_any_more_is_discarded() -> None:
    it, _ = gate(1)
    go, discarded = asyncio.Event(), []

    async def open_stream(release: object) -> str:
        await go.wait()
        return "stream"

    async def discard(result: str) -> None:
        discarded.append(result)

    caller = asyncio.create_task(it.hold("h", open_stream, discard=discard, kept=lambda result: True, abort=False))
    await asyncio.sleep(0.001)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go.set()
    await asyncio.sleep(0.001)
    assert discarded == ["stream"] and it.lane("h").running == 0


async def test_an_upload_is_stopped_with_its_caller() -> None:
    it, _ = gate(1)
    stopped = []

    async def upload(release: object) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append(1)
            raise

    async def discard(result: None) -> None:
        return None

    caller = asyncio.create_task(it.hold("h", upload, discard=discard, kept=lambda result: False, abort=True))
    await asyncio.sleep(0.001)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    assert stopped == [1] and it.lane("h").running == 0


async def test_close_ends_also_what_has_only_just_begun() -> None:
    it, _ = gate()
    caller = asyncio.create_task(it.run("h", lambda: asyncio.sleep(60)))
    closing = asyncio.create_task(it.aclose())  # its first step comes before that of the exchange
    await asyncio.wait_for(closing, 1)
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(caller, 1)
