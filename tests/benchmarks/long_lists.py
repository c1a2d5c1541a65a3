"""Memory and time with 50,000 tags listed and 5,000 nodes opened, without a screen.

    python -m tests.benchmarks.long_lists

Budget: under 300 MB for the process, and no single step of filtering or sorting over 100 ms.
"""

from __future__ import annotations

import asyncio
import resource
import sys
import time

from tests.benchmarks.big_registry import big_registry
from tui.explore.explorer import Explorer
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource

MEMORY, STALL = 300, 0.1


class Stalls:
    """How long the event loop was away at most: a task that wants to run every millisecond."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._task = asyncio.create_task(self._tick())

    async def _tick(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.worst = max(self.worst, time.perf_counter() - before - 0.001)

    def reset(self) -> float:
        worst, self.worst = self.worst, 0.0
        return worst

    def stop(self) -> None:
        self._task.cancel()


async def work(address: str) -> list[float]:
    client = Client(ClientSettings(anonymous=True))
    explorer = Explorer()
    source = RegistrySource(client, address)
    stalls = Stalls()
    worst: list[float] = []

    def step(words: str, began: float) -> None:
        worst.append(stalls.reset())
        print(f"{words:32} {time.perf_counter() - began:6.2f} s, longest stall {worst[-1] * 1000:4.0f} ms")

    began = time.perf_counter()
    repository = explorer.add_repository(source, "bench/tags")
    await explorer.open(repository)
    step(f"list {explorer.rollup(repository).label}", began)
    began = time.perf_counter()
    for text in ("1", "12", "123", "~99", "*7", "nothing at all", ""):
        explorer.set_filter(repository, text)
        await asyncio.sleep(0)
    await asyncio.sleep(0.01)
    step("filter, seven keys", began)
    for order in ("name", "newest", "server", "version"):
        began = time.perf_counter()
        explorer.set_order(repository, order)
        await asyncio.sleep(0.01)
        step(f"sort by {order}", began)
    began = time.perf_counter()
    node = explorer.add_selector(source, "bench/wide", "latest")
    await explorer.check(node).wait()
    step(f"open {sum(1 for _ in node.walk()):,} nodes", began)
    stalls.stop()
    await explorer.aclose()
    await client.aclose()
    return worst


def main() -> int:
    with big_registry() as address:
        worst = asyncio.run(work(address))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"memory                           {peak:6.0f} MB at most, budget {MEMORY} MB")
    print(f"longest stall                    {max(worst) * 1000:6.0f} ms, budget {STALL * 1000:.0f} ms")
    return 0 if peak < MEMORY and max(worst) <= STALL else 1


if __name__ == "__main__":
    sys.exit(main())
