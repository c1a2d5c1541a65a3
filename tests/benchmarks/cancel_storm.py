"""A cursor that runs through a tree: `python -m tests.benchmarks.cancel_storm`.

300 moves, 33 ms apart; each cancels what the one before had asked for and asks for 21 things itself, against a server
that takes 50 ms. Afterwards no connection may be lost and the next request must be answered: with httpx's own pool it
never is again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import httpx

from tests.benchmarks.bare_server import bare_server
from tests.benchmarks.table import Row, show
from tests.support.connections import in_use
from tui.registry.client import Client
from tui.registry.settings import ClientSettings

MOVES = 150
PREFETCHES = 21
KEY_REPEAT = 0.033
DELAY = 0.05
SLOTS = 10

_numbers = itertools.count()


def digest() -> str:
    return f"sha256:{next(_numbers):064x}"


async def storm(check: Callable[[], Awaitable[object]], moves: int, pause: float) -> None:
    tasks: list[asyncio.Task[object]] = []
    for _ in range(moves):
        for task in tasks:
            task.cancel()
        tasks = [asyncio.ensure_future(check()) for _ in range(PREFETCHES)]
        await asyncio.sleep(pause)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def with_client(host: str) -> tuple[int, float]:
    """Connections that were lost, and the seconds that the next three requests took. Raises TimeoutError."""
    client = Client(ClientSettings(concurrency=SLOTS))
    try:
        await storm(lambda: client.head_blob(host, "app", digest(), expected_size=155), MOVES, KEY_REPEAT)
        await asyncio.sleep(3 * DELAY)
        lost = in_use(client)
        began = time.perf_counter()
        async with asyncio.timeout(5):
            await asyncio.gather(*(client.head_blob(host, "app", digest(), expected_size=155) for _ in range(3)))
        return lost, time.perf_counter() - began
    finally:
        await client.aclose()


async def with_httpx_pool(host: str) -> bool:
    """Whether the next request was answered."""
    limits = httpx.Limits(max_connections=SLOTS)
    async with httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(2)) as client:
        await storm(lambda: client.head(f"http://{host}/v2/app/blobs/{digest()}"), MOVES, KEY_REPEAT)
        await asyncio.sleep(3 * DELAY)
        with contextlib.suppress(httpx.TimeoutException):
            await client.head(f"http://{host}/v2/app/blobs/{digest()}")
            return True
        return False


def rows() -> Iterator[Row]:
    with bare_server(DELAY) as host:
        theirs = "answered" if asyncio.run(with_httpx_pool(host)) else "not answered"
        try:
            lost, took = asyncio.run(with_client(host))
        except TimeoutError:
            lost, took = 0, float("inf")
        said = f"{lost} lost, the next answered in {took * 1000:.0f} ms" if took < 5 else "the next was not answered"
        yield Row(
            f"connections after {MOVES * PREFETCHES:,} cancelled questions",
            said,
            f"httpx's pool: the next {theirs}",
            bar="none lost",
            met=not lost and took < 5,
        )


if __name__ == "__main__":
    sys.exit(show(rows()))
