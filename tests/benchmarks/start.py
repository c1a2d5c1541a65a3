"""Start: what a check of one small image takes, process start included, beside what it cannot do without.

    python -m tests.benchmarks.start

The floor is Python with asyncio and aiohttp imported as fanfold imports them, and nothing done. CPU time is the
smallest of all runs, because whatever else the machine does only adds to it. The runs of one round follow each other,
so that a busy minute falls on all of them. The second check finds its documents on disk.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator

from tests.benchmarks.document_server import Documents, document_server
from tests.benchmarks.measured import own_home
from tests.benchmarks.table import Row, show

RUNS, BEYOND = 7, 0.2
FLOOR = "import asyncio\nfrom tui.registry import aiohttp_library"


def once(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds on the clock and of the processor. Raises CalledProcessError."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def rows() -> Iterator[Row]:
    documents = Documents()
    documents.platforms("small", 1, 2)
    with document_server(documents, 0.0) as address, own_home() as environment:
        check = ["-m", "tui", "check", f"{address}/small"]
        works = {
            "bare Python": ["-c", "pass"],
            "asyncio, aiohttp imported": ["-c", FLOOR],
            "--version": ["-m", "tui", "--version"],
            "check of a small image": [*check, "--no-cache"],
            "its second check": check,
        }
        for arguments in works.values():
            once(arguments, environment)
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
        for _ in range(RUNS):
            for name, arguments in works.items():
                taken[name].append(once(arguments, environment))
    bare, floor = (min(cpu for _, cpu in taken[name]) for name in list(works)[:2])
    for name in list(works)[2:]:
        clock, cpu = statistics.median(each[0] for each in taken[name]), min(each[1] for each in taken[name])
        beyond = cpu - bare
        yield Row(
            f"start: {name}",
            f"{clock * 1000:.0f} ms, {cpu * 1000:.0f} ms CPU, {beyond * 1000:.0f} beyond Python",
            floor=f"imports {floor * 1000:.0f} ms CPU",
            ratio=f"{cpu / floor:.2f}x",
            bar=f"at most {BEYOND * 1000:.0f} ms beyond Python",
            met=beyond <= BEYOND,
        )


if __name__ == "__main__":
    sys.exit(show(rows()))
