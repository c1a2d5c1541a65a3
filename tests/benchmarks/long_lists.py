"""For how long a screen would stand still while 50,000 tags are listed, filtered and sorted, and 5,000 objects checked.

    python -m tests.benchmarks.long_lists

Memory and processor time of long lists are among the big things (tests/benchmarks/big_things.py).
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator

from tests.benchmarks.document_server import Documents, document_server
from tests.benchmarks.table import Row, show
from tui.explore.explorer import Explorer
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource

STALL = 0.1


class Stalls:
    """How long the event loop was away at most: a task that wants to run every millisecond. It is this thread's time on
    the processor, so that what else the machine does counts for nothing."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._task = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            before = time.thread_time()
            await asyncio.sleep(0.001)
            self.worst = max(self.worst, time.thread_time() - before)

    def reset(self) -> float:
        worst, self.worst = self.worst, 0.0
        return worst

    def stop(self) -> None:
        self._task.cancel()


async def work(address: str) -> dict[str, float]:
    """The longest stall of each step, in seconds."""
    client = Client(ClientSettings(anonymous=True))
    explorer = Explorer()
    source = RegistrySource(client, address)
    stalls = Stalls()
    worst: dict[str, float] = {}
    repository = explorer.add_repository(source, "bench/tags")
    await explorer.open(repository)
    worst["list"] = stalls.reset()
    for text in ("1", "12", "123", "~99", "*7", "nothing at all", ""):
        explorer.set_filter(repository, text)
        await asyncio.sleep(0.002)
    worst["filter"] = stalls.reset()
    for order in ("name", "newest", "server", "version"):
        explorer.set_order(repository, order)
        await asyncio.sleep(0.01)
    worst["sort"] = stalls.reset()
    node = explorer.add_selector(source, "bench/wide", "latest")
    await explorer.check(node).wait()
    worst["check 5,000 objects"] = stalls.reset()
    stalls.stop()
    await explorer.aclose()
    await client.aclose()
    return worst


def rows() -> Iterator[Row]:
    documents = Documents()
    documents.platforms("bench/wide", 50, 100)
    documents.tags("bench/tags", [f"v{number // 1000}.{number % 1000}" for number in range(50_000)])
    with document_server(documents, 0.005) as address:
        for name, stall in asyncio.run(work(address)).items():
            limit = f"at most {STALL * 1000:.0f} ms"
            yield Row(f"50,000 tags, {name}: longest stall", f"{stall * 1000:.0f} ms", bar=limit, met=stall <= STALL)


if __name__ == "__main__":
    sys.exit(show(rows()))
