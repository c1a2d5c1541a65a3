"""Start: what a check of one small image takes, process start included, beside what it cannot do without.

    python -m tests.benchmarks.start [RUNS]

The floor is Python with asyncio, aiohttp and httpx imported as fanfold imports them, and nothing done. CPU time is the
smallest of all runs, because whatever else the machine does only adds to it. The runs of one round follow each other,
so that a busy minute falls on all of them. The second check finds its documents on disk.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

from tui.demo.gallery import build_gallery
from tui.demo.serve import Served

FLOOR = "import asyncio\nfrom tui.registry import http_libraries"


def once(arguments: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Seconds on the clock and of the processor. Raises CalledProcessError."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
    took, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return took, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(runs: int) -> None:
    served = Served.start(build_gallery())
    try:
        with tempfile.TemporaryDirectory() as home:
            environment = {**os.environ, "HOME": home, "XDG_CACHE_HOME": f"{home}/.cache"}
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
            image = f"{served.address}/library/hello"
            check = ["-m", "tui", "check", "--platform", "linux/amd64", image]
            works = {
                "bare Python": ["-c", "pass"],
                "floor": ["-c", FLOOR],
                "--version": ["-m", "tui", "--version"],
                "check": [*check, "--no-cache"],
                "second check": check,
            }
            for arguments in works.values():
                once(arguments, environment)
            taken: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
            for _ in range(runs):
                for name, arguments in works.items():
                    taken[name].append(once(arguments, environment))
    finally:
        served.stop()
    floor = min(cpu for _, cpu in taken["floor"])
    print(f"{'':14}{'median':>10}{'least':>10}{'CPU':>10}{'to floor':>10}")
    for name, both in taken.items():
        clock, cpu = [each[0] for each in both], min(each[1] for each in both)
        words = f"{statistics.median(clock) * 1e3:7.0f} ms{min(clock) * 1e3:7.0f} ms{cpu * 1e3:7.0f} ms"
        print(f"{name:14}{words}{cpu / floor:9.2f}x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
