"""A full check against `docker manifest inspect --verbose` (and `crane validate --fast`) of the same image.

    python -m tests.benchmarks.against_docker [RUNS]

20 platforms x 10 layers + 20 attestations, 30 ms away (each request and each new connection). docker looks at manifests
and configs only; crane asks for every object too, one after the other; `fanfold check` asks for all objects.
Budget: 4x faster than docker, 8x than crane.
"""

from __future__ import annotations

import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from tests.benchmarks.big_registry import CHECK_OBJECTS, big_registry

LATENCY, CONCURRENCY = 0.03, 16


def timed(command: list[str], environment: dict[str, str], *, may_fail: bool = False) -> float:
    """Seconds the whole process took."""
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    took = time.perf_counter() - began
    if done.returncode and not may_fail:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-500:]}{done.stdout[-500:]}")
    return took


def main(runs: int) -> None:
    with big_registry() as address, tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "DOCKER_CONFIG": home, "HOME": home}
        reference = f"{address}/bench/check:latest"
        ours = [sys.executable, "-m", "tui", "check", "--no-cache", "--json", reference]
        floor = math.ceil(CHECK_OBJECTS / CONCURRENCY) * LATENCY
        mine = statistics.median(timed(ours, environment) for _ in range(runs))
        start = statistics.median(
            timed([sys.executable, "-m", "tui", "check", "--help"], environment) for _ in range(3)
        )
        print(f"fanfold check                     {mine:6.2f} s for {CHECK_OBJECTS} objects, process start included")
        print(f"floor                             {floor:6.2f} s = ceil(objects / {CONCURRENCY}) x 30 ms")
        print(f"bare start of the command         {start:6.2f} s")
        peers = {
            "docker": (["docker", "manifest", "inspect", "--insecure", "--verbose", reference], 4),
            "crane": (["crane", "validate", "--insecure", "--fast", "--remote", reference], 8),
        }
        for name, (command, budget) in peers.items():
            if shutil.which(name) is None:
                print(f"{name:33} not installed, so not measured")
                continue
            # crane takes the attestations for broken images and says so after it has looked at everything.
            may_fail = name == "crane"
            theirs = statistics.median(timed(command, environment, may_fail=may_fail) for _ in range(min(runs, 2)))
            print(f"{' '.join(command[:-1]):33} {theirs:6.2f} s; {theirs / mine:4.1f}x ours, budget {budget}x")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
