"""Key to screen in a real terminal: idle in a short tree, while over 5,000 checks run, and with 50,000 tags listed.

    python -m tests.benchmarks.key_to_screen

Budget: p95 at most 3x that of an idle, short tree; no stall over 100 ms.
"""

from __future__ import annotations

import sys
import time

from tests.benchmarks.big_registry import big_registry
from tests.benchmarks.terminal import Terminal, percentile

KEYS = 150
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
        base = 0.0
        for name, (source, before, wait) in cases.items():
            times = measure(source, before, wait)
            p95 = percentile(times, 0.95)
            base = base or p95
            print(
                f"{name:22} median {percentile(times, 0.5) * 1000:6.1f} ms   p95 {p95 * 1000:6.1f} ms "
                f"({p95 / base:4.2f} of idle, budget 3)   worst {max(times) * 1000:6.1f} ms (budget 100)"
            )


if __name__ == "__main__":
    main()
