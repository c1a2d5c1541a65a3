"""Work on several things at once whose results are wanted one after the other, in the order in which they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def in_order(
    things: AsyncIterable[T],
    work: Callable[[T], Awaitable[R]],
    at_most: int,
    room: Callable[[T], Awaitable[None]] | None = None,
) -> AsyncGenerator[R, None]:
    """What `work` gives for each thing, in their order.

    A thing is taken while fewer than `at_most` are under way or wait to be given, and begun when `room` has returned.
    Raises what any of the three raises; then, and when whoever takes the results goes away, the rest is cancelled.
    """
    begun: asyncio.Queue[asyncio.Future[R] | None] = asyncio.Queue()
    places = asyncio.Semaphore(at_most)

    async def feed() -> None:
        try:
            await places.acquire()
            async for thing in things:
                if room is not None:
                    await room(thing)
                begun.put_nowait(asyncio.ensure_future(work(thing)))
                await asyncio.sleep(0)  # its first step tells `room` what it asks for
                await places.acquire()
        finally:
            begun.put_nowait(None)

    feeding = asyncio.create_task(feed())
    left: list[asyncio.Future[R]] = []
    try:
        while (task := await begun.get()) is not None:
            left.append(task)
            result = await task
            left.clear()
            places.release()
            yield result
        await feeding
    finally:
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
        while not begun.empty():
            if (task := begun.get_nowait()) is not None:
                left.append(task)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
