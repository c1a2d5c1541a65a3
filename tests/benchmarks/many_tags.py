"""`fanfold check` of a repository of many tags against its floor, and the memory that it takes for 20,000 objects.

    python -m tests.benchmarks.many_tags [RUNS]

200 tags x 2 platforms, 30 ms away. Floor: the same requests by bare aiohttp in the same run, as many at once as fanfold
had at most, none waiting for another. Ours includes starting the process, the floor does not. Budget: 1.6x, and 3.5 s;
each manifest and blob asked once; 80 MB for 20,000 objects in two repositories.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence

import aiohttp

from tests.benchmarks.document_server import Documents, asked, document_server

LATENCY, CONCURRENCY = 0.03, 64
RATIO, SECONDS, MEGABYTES = 1.6, 3.5, 80


def repository_of_tags() -> Documents:
    documents = Documents()
    documents.repository("bench/tags", 200, 3, ("amd64", "arm64"))
    return documents


def many_objects() -> Documents:
    """Two repositories, because a check looks at 10,000 objects of one."""
    documents = Documents()
    for name in ("bench/first", "bench/second"):
        documents.repository(name, 110, 43, ("amd64", "arm64"))
    return documents


def check(sources: Sequence[str]) -> tuple[float, int]:
    """Seconds, and the peak megabytes of that process."""
    code = (
        "import resource, sys; from tui.cli import main; status = main(sys.argv[1:]);"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, file=sys.stderr); sys.exit(status)"
    )
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "DOCKER_CONFIG": home, "HOME": home, "XDG_CACHE_HOME": home}
        began = time.perf_counter()
        command = [sys.executable, "-c", code, "check", *sources]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        took = time.perf_counter() - began
    if done.returncode not in (0, 3) or "Traceback" in done.stderr:
        raise SystemExit(f"the check ended with {done.returncode}: {done.stderr[-2000:]}{done.stdout[-500:]}")
    return took, int(done.stderr.split()[-1])


async def floor(address: str, requests: Sequence[str]) -> float:
    """Seconds that bare aiohttp takes for the same requests."""
    connector = aiohttp.TCPConnector(limit=CONCURRENCY)
    waiting = iter(requests)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def caller() -> None:
            for method, path in (request.split(" ") for request in waiting):
                async with session.request(method, f"http://{address}{path}") as answer:
                    await answer.read()
                    assert answer.status in (200, 404), path

        began = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(CONCURRENCY)))
        return time.perf_counter() - began


def main(runs: int) -> int:
    ours, floors, twice, count = [], [], 0, 0
    with document_server(repository_of_tags(), LATENCY) as address:
        for _ in range(runs):
            ours.append(check([f"{address}/bench/tags"])[0])
            requests = asked(address)
            count, twice = len(requests), max(twice, len(requests) - len(set(requests)))
            floors.append(asyncio.run(floor(address, requests)))
            asked(address)
    took, least = statistics.median(ours), statistics.median(floors)
    ratio = statistics.median(mine / bare for mine, bare in zip(ours, floors, strict=True))
    print(f"200 tags x 2 platforms     {count:,} requests, {twice} asked twice")
    print(f"fanfold check              {took:6.2f} s (median of {runs}), budget {SECONDS} s")
    print(f"floor                      {least:6.2f} s = bare aiohttp, {CONCURRENCY} at once")
    print(f"ratio                      {ratio:6.2f}x, budget {RATIO}x")
    documents = many_objects()
    with document_server(documents, 0.001) as address:
        seconds, peak = check([f"{address}/bench/first", f"{address}/bench/second"])
    print(f"memory                     {peak:6} MB at most for {documents.objects:,} objects, budget {MEGABYTES} MB")
    print(f"                           {seconds:6.2f} s, 1 ms away")
    return 0 if ratio <= RATIO and took <= SECONDS and not twice and peak < MEGABYTES else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 3))
