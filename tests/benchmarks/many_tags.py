"""`fanfold check` of a repository of many tags against its floor, and the memory that it takes for 20,000 objects.

    python -m tests.benchmarks.many_tags

200 tags x 2 platforms, 30 ms away. Floor: the same requests by bare aiohttp in the same run, as many at once as fanfold
had at most, none waiting for another. Ours includes starting the process, the floor does not.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator

from tests.benchmarks.document_server import Documents, asked, document_server
from tests.benchmarks.measured import bare_aiohttp, fanfold
from tests.benchmarks.table import Row, show, times

LATENCY, RUNS = 0.03, 3
RATIO, SECONDS, MEGABYTES = 1.6, 3.5, 80


def rows() -> Iterator[Row]:
    documents = Documents()
    documents.repository("bench/tags", 200, 3, ("amd64", "arm64"))
    pairs = []
    twice = count = most = 0
    with document_server(documents, LATENCY) as address:
        for _ in range(RUNS):
            ours = fanfold("check", f"{address}/bench/tags")
            requests, most = asked(address)
            count, twice = len(requests), max(twice, len(requests) - len(set(requests)))
            pairs.append((ours, bare_aiohttp(address, requests, most)))
            asked(address)
    took = statistics.median(ours.seconds for ours, _ in pairs)
    least = statistics.median(floor.seconds for _, floor in pairs)
    ratio = statistics.median(ours.seconds / floor.seconds for ours, floor in pairs)
    processor = min(ours.cpu for ours, _ in pairs), min(floor.cpu for _, floor in pairs)
    yield Row(
        f"check 200 tags x 2 platforms at 30 ms, {count:,} requests",
        f"{took:.2f} s ({processor[0]:.2f} s CPU)",
        floor=f"{least:.2f} s ({processor[1]:.2f} s CPU), {most} at once, all known before",
        **times(ratio, RATIO),
    )
    yield Row("the same, in seconds", f"{took:.2f} s", bar=f"under {SECONDS} s", met=took < SECONDS)
    yield Row("the same, requests made twice", f"{twice}", bar="none", met=not twice)
    documents = Documents()
    for name in ("bench/first", "bench/second"):  # two, because a check looks at 10,000 objects of one
        documents.repository(name, 110, 43, ("amd64", "arm64"))
    with document_server(documents, 0.001) as address:
        large = fanfold("check", f"{address}/bench/first", f"{address}/bench/second", statuses=(0, 3))
        asked(address)
    yield Row(
        f"memory for {documents.objects:,} objects, no screen",
        f"{large.megabytes:.0f} MB, {large.seconds:.1f} s ({large.cpu:.1f} s CPU)",
        bar=f"under {MEGABYTES} MB",
        met=large.megabytes < MEGABYTES,
    )


if __name__ == "__main__":
    sys.exit(show(rows()))
