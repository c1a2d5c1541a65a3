"""Blob checks per second against a bare aiohttp loop, in the same run: `python -m tests.benchmarks.checks_per_second`.

The budget is 0.8, on one core. The server is the smallest there can be; a real registry's share only lifts the ratio.
With `--two-cores` it has a core of its own, so that what is measured is the client alone.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import aiohttp

from tests.benchmarks.bare_server import bare_server
from tests.benchmarks.table import Row, show, times
from tui.registry.client import Client
from tui.registry.settings import USER_AGENT, ClientSettings

CHECKS = 3_000
SLOTS = 16
ROUNDS = 3
BUDGET = 0.8

_numbers = itertools.count()


def digest() -> str:
    return f"sha256:{next(_numbers):064x}"


async def rate(check: Callable[[], Awaitable[object]]) -> float:
    """Checks per second, with as many callers as slots."""

    async def caller(count: int) -> None:
        for _ in range(count):
            await check()

    await asyncio.gather(*(caller(10) for _ in range(SLOTS)))
    began = time.perf_counter()
    await asyncio.gather(*(caller(CHECKS // SLOTS) for _ in range(SLOTS)))
    return CHECKS / (time.perf_counter() - began)


async def bare(host: str) -> float:
    headers = {"User-Agent": USER_AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}
    connector = aiohttp.TCPConnector(limit=SLOTS)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def check() -> None:
            async with session.head(f"http://{host}/v2/app/blobs/{digest()}", allow_redirects=False) as answer:
                assert answer.status == 200 and answer.headers["Docker-Content-Digest"]

        return await rate(check)


async def ours(host: str) -> float:
    client = Client(ClientSettings(concurrency=SLOTS))
    try:
        return await rate(lambda: client.head_blob(host, "app", digest(), expected_size=155))
    finally:
        await client.aclose()


def rows() -> Iterator[Row]:
    cores = os.sched_getaffinity(0)
    if "--two-cores" not in sys.argv:
        os.sched_setaffinity(0, {min(cores)})
    pairs = []
    try:
        with bare_server() as host:
            for _ in range(ROUNDS):
                floor = asyncio.run(bare(host))
                pairs.append((asyncio.run(ours(host)), floor))
    finally:
        os.sched_setaffinity(0, cores)
    yield Row(
        "HEADs of blobs a second, on one core",
        f"{statistics.median(reached for reached, _ in pairs):,.0f}/s",
        floor=f"{statistics.median(floor for _, floor in pairs):,.0f}/s, {SLOTS} at once",
        **times(statistics.median(reached / floor for reached, floor in pairs), BUDGET, least=True),
    )


if __name__ == "__main__":
    sys.exit(show(rows()))
