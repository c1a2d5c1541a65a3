"""A full check in the engine itself against its floor, cold connections included.

    python -m tests.benchmarks.full_check [RUNS]

20 platforms x 10 layers + 20 attestations, 30 ms away. Floor: ceil(requests / 16) x 30 ms, plus connecting (one round
trip) and the two levels that cannot be asked for at once (index, then manifests). Budget: 1.5x the floor, and exactly
one request for each object.
"""

from __future__ import annotations

import asyncio
import math
import statistics
import sys
import time
from collections import Counter

from tests.benchmarks.big_registry import CHECK_OBJECTS, big_registry
from tui.explore.explorer import Explorer
from tui.explore.inspector import Inspector
from tui.explore.report import report
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource

LATENCY, CONCURRENCY, BUDGET = 0.03, 16, 1.5


async def once(address: str) -> tuple[float, int, int]:
    """Seconds, requests, and how many of them were the same one again."""
    client = Client(ClientSettings(anonymous=True, concurrency=CONCURRENCY))
    explorer = Explorer(Inspector(slots=CONCURRENCY))
    node = explorer.add_selector(RegistrySource(client, address), "bench/check", "latest")
    began = time.perf_counter()
    run = explorer.check(node)
    await run.wait()
    took = time.perf_counter() - began
    made = report(node, explorer.observations, requests=run.requests)
    if not made.verdict.complete:
        raise SystemExit(f"the image of the benchmark is not complete: {made.verdict.sentence}")
    asked = Counter((exchange.method, exchange.path) for exchange in client.trace.exchanges)
    await explorer.aclose()
    await client.aclose()
    return took, run.requests, sum(count - 1 for count in asked.values())


def main(runs: int) -> int:
    with big_registry() as address:
        results = [asyncio.run(once(address)) for _ in range(runs)]
    requests = results[0][1]
    took = statistics.median(result[0] for result in results)
    floor = math.ceil(requests / CONCURRENCY) * LATENCY + LATENCY
    print(f"objects   {CHECK_OBJECTS}, requests {requests}, asked twice {max(result[2] for result in results)}")
    print(f"took      {took:.3f} s (median of {runs})")
    print(f"floor     {floor:.3f} s = ceil({requests} / {CONCURRENCY}) x 30 ms + connecting")
    print(f"ratio     {took / floor:.2f}x, budget {BUDGET}x")
    return 0 if took <= BUDGET * floor and requests == CHECK_OBJECTS else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
