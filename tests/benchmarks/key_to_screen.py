"""Key to screen in a real terminal: idle in a short tree, while over 5,000 checks run, and with 50,000 tags listed.

    python -m tests.benchmarks.key_to_screen

Budget: p95 at most 2x that of an idle, short tree; no stall over 100 ms. The three take turns, so that whatever else
the machine does falls on all of them.
"""

from __future__ import annotations

import sys
import time

from tests.benchmarks.big_registry import big_registry
from tests.benchmarks.terminal import Terminal, percentile

KEYS, ROUNDS = 50, 4
BUDGET = 2.0
DOWN, UP = b"\x1b[B", b"\x1b[A"


def measure(source: str, before: list[bytes], wait: bytes) -> list[float]:
    """The times of cursor keys, 20 a second, after `before` was pressed."""
    terminal = Terminal([sys.executable, "-m", "tui", "--no-cache", source])
    try:
        terminal.until(wait)
        terminal.drain()
        for key in before:
            terminal.key(key)
        times = []
        for number in range(KEYS):
            times.append(terminal.key(DOWN if number % 20 < 10 else UP))
            time.sleep(0.05)
        return times
    finally:
        terminal.close()


def main() -> None:
    with big_registry() as address:
        cases = {
            "idle, short tree": (f"{address}/bench/few:latest", [], b"os1/"),
            "5,000 checks running": (f"{address}/bench/wide:latest", [b"x"], b"os1/"),
            "50,000 tags listed": (f"{address}/bench/tags", [], b"v0.1"),
        }
        times: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(ROUNDS):
            for name, (source, before, wait) in cases.items():
                times[name] += measure(source, before, wait)
        base = percentile(times["idle, short tree"], 0.95)
        for name, of_it in times.items():
            p95 = percentile(of_it, 0.95)
            print(
                f"{name:22} median {percentile(of_it, 0.5) * 1000:6.1f} ms   p95 {p95 * 1000:6.1f} ms "
                f"({p95 / base:4.2f} of idle, budget {BUDGET:.0f})   worst {max(of_it) * 1000:6.1f} ms (budget 100)"
            )


if __name__ == "__main__":
    main()
