"""Several at once, results in order, nothing left behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from tui.explore.in_order import in_order


class Gates:
    """Work that ends when it is let go; counts what is under way."""

    def __init__(self, count: int) -> None:
        self.gates = [asyncio.Event() for _ in range(count)]
        self.taken: list[int] = []
        self.running = self.most = 0
        self.cancelled: list[int] = []

    async def numbers(self) -> AsyncIterator[int]:
        for number in range(len(self.gates)):
            self.taken.append(number)
            yield number

    async def work(self, number: int) -> int:
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await self.gates[number].wait()
        except asyncio.CancelledError:
            self.cancelled.append(number)
            raise
        finally:
            self.running -= 1
        return number


async def settle() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_results_come_in_order_and_each_as_soon_as_it_can() -> None:
    it, seen = Gates(6), list[int]()

    async def collect() -> None:
        async with aclosing(in_order(it.numbers(), it.work, 3)) as results:
            async for number in results:
                seen.append(number)

    collecting = asyncio.create_task(collect())
    await settle()
    assert it.running == 3
    it.gates[1].set()
    await settle()
    assert seen == [] and it.taken == [0, 1, 2], "what waits to be given counts, so that memory is bounded"
    it.gates[0].set()
    await settle()
    assert seen == [0, 1] and it.running == 3
    for gate in it.gates:
        gate.set()
    await asyncio.wait_for(collecting, 10)
    assert seen == list(range(6)) and it.most == 3


async def test_nothing_is_begun_before_there_is_room() -> None:
    it, rooms = Gates(3), asyncio.Semaphore(1)

    async def room(number: int) -> None:
        await rooms.acquire()

    results = in_order(it.numbers(), it.work, 3, room)
    first = asyncio.ensure_future(anext(results))
    await settle()
    assert it.running == 1
    rooms.release()
    await settle()
    assert it.running == 2
    it.gates[0].set()
    assert await asyncio.wait_for(first, 10) == 0
    await results.aclose()
    assert it.cancelled == [1] and it.running == 0


async def test_an_error_reaches_whoever_takes_and_the_rest_is_cancelled() -> None:
    it = Gates(4)

    async def work(number: int) -> int:
        if number == 1:
            raise ValueError("one")
        return await it.work(number)

    it.gates[0].set()
    results = in_order(it.numbers(), work, 4)
    assert await anext(results) == 0
    await settle()
    with pytest.raises(ValueError, match="one"):
        await anext(results)
    assert sorted(it.cancelled) == [2, 3]


async def test_an_error_of_what_gives_the_things_comes_after_those_before_it() -> None:
    async def numbers() -> AsyncIterator[int]:
        yield 0
        raise ValueError("no more")

    it = Gates(1)
    it.gates[0].set()
    results = in_order(numbers(), it.work, 4)
    assert await anext(results) == 0
    with pytest.raises(ValueError, match="no more"):
        await anext(results)
