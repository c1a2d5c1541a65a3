"""A cursor that runs through a tree: `python -m tests.benchmarks.cancel_storm`.

300 moves, 33 ms apart; each cancels what the one before had asked for and asks for 21 things itself, against a server
that takes 50 ms. Afterwards no connection may be lost and the next request must be answered: with httpx's own pool it
never is again (`--httpx-pool` shows it).
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import time
from collections.abc import Awaitable, Callable

import httpx

from tests.benchmarks.bare_server import bare_server
from tui.registry.client import Client
from tui.registry.settings import ClientSettings

MOVES = 300
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


async def with_client(host: str) -> bool:
    client = Client(ClientSettings(concurrency=SLOTS))
    try:
        await storm(lambda: client.head_blob(host, "app", digest(), expected_size=155), MOVES, KEY_REPEAT)
        await asyncio.sleep(3 * DELAY)
        connection = client._connection
        lost = connection.transport.open_connections
        began = time.perf_counter()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5):
                await asyncio.gather(*(client.head_blob(host, "app", digest(), expected_size=155) for _ in range(3)))
                took = (time.perf_counter() - began) * 1_000
                print(
                    f"fanfold: {client.trace.count} requests sent, {lost} connections lost, "
                    f"{client._limiter.under_way} exchanges left over, the next three answered in {took:.0f} ms"
                )
                return lost == 0
        print(f"fanfold: {lost} connections lost, and the next request was not answered")
        return False
    finally:
        await client.aclose()


async def with_httpx_pool(host: str) -> bool:
    limits = httpx.Limits(max_connections=SLOTS)
    async with httpx.AsyncClient(limits=limits, timeout=httpx.Timeout(5)) as client:
        await storm(lambda: client.head(f"http://{host}/v2/app/blobs/{digest()}"), MOVES, KEY_REPEAT)
        await asyncio.sleep(3 * DELAY)
        try:
            await client.head(f"http://{host}/v2/app/blobs/{digest()}")
        except httpx.TimeoutException as error:
            print(f"httpx's own pool: the next request fails with {type(error).__name__}")
            return False
        print("httpx's own pool: the next request was answered")
        return True


def main() -> int:
    run = with_httpx_pool if "--httpx-pool" in sys.argv else with_client
    with bare_server(DELAY) as host:
        return 0 if asyncio.run(run(host)) else 1


if __name__ == "__main__":
    sys.exit(main())
