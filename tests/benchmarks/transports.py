"""Which connections to use: `python -m tests.benchmarks.transports`.

1,000 HEADs with 8, 16 and 64 at once, by httpx's own pool, by our transport, and by aiohttp alone.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import Awaitable, Callable, Iterator

import aiohttp
import httpx
from multidict import CIMultiDict

from tests.benchmarks.bare_server import bare_server
from tests.benchmarks.table import Row, show
from tui.registry.transport import Transport

CHECKS = 1_000

_numbers = itertools.count()


def target() -> str:
    return f"/v2/app/blobs/sha256:{next(_numbers):064x}"


async def rate(check: Callable[[], Awaitable[object]], at_once: int) -> float:
    async def caller(count: int) -> None:
        for _ in range(count):
            await check()

    await asyncio.gather(*(caller(3) for _ in range(at_once)))
    began = time.perf_counter()
    await asyncio.gather(*(caller(CHECKS // at_once) for _ in range(at_once)))
    return CHECKS // at_once * at_once / (time.perf_counter() - began)


async def httpx_pool(host: str, at_once: int) -> float:
    async with httpx.AsyncClient(limits=httpx.Limits(max_connections=at_once)) as client:
        return await rate(lambda: client.head(f"http://{host}{target()}"), at_once)


async def ours(host: str, at_once: int) -> float:
    transport, headers = Transport(), CIMultiDict({"Accept": "*/*", "User-Agent": "bench"})

    async def check() -> None:
        (await transport.send("HEAD", f"http://{host}{target()}", headers)).close()

    try:
        return await rate(check, at_once)
    finally:
        await transport.aclose()


async def bare_aiohttp(host: str, at_once: int) -> float:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=at_once)) as session:

        async def check() -> None:
            async with session.head(f"http://{host}{target()}") as answer:
                assert answer.status == 200

        return await rate(check, at_once)


def rows() -> Iterator[Row]:
    with bare_server() as host:
        for at_once in (8, 64):
            mine, bare, theirs = (asyncio.run(run(host, at_once)) for run in (ours, bare_aiohttp, httpx_pool))
            yield Row(
                f"our transport alone, {at_once} at once",
                f"{mine:,.0f}/s",
                f"httpx's pool {theirs:,.0f}/s",
                f"{bare:,.0f}/s",
                f"{mine / bare:.2f}x",
            )


if __name__ == "__main__":
    sys.exit(show(rows()))
