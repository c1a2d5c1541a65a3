"""Key to screen in a real terminal: idle in a short tree, while over 5,000 checks run, and with 50,000 tags listed.

    python -m tests.benchmarks.key_to_screen

So many keys that most of them come long after the check began: 40 were over when a sixth of the objects were asked for.

A key is over when the row that it leads to was drawn as the one under the cursor, whatever else was drawn before.
Budget: p95 at most 2x that of an idle, short tree. The three take turns, so that whatever else the machine does falls
on all of them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

from tests.benchmarks.document_server import Documents, document_server
from tests.benchmarks.measured import own_home
from tests.benchmarks.table import Row, show, times
from tests.benchmarks.terminal import Terminal, percentile

KEYS, ROUNDS = 120, 2
BUDGET = 2.0
DOWN, UP = b"\x1b[B", b"\x1b[A"


def measure(source: str, before: list[bytes], wait: bytes) -> list[float]:
    """The times of cursor keys, 20 a second, after `before` was pressed."""
    with own_home() as environment:
        terminal = Terminal([sys.executable, "-m", "tui", "--no-cache", source], environment)
        try:
            terminal.until(wait)
            terminal.learn_cursor(DOWN, UP)
            for key in before:
                terminal.key(key)
            taken = []
            for number in range(KEYS):
                taken.append(terminal.move(DOWN, 1) if number % 20 < 10 else terminal.move(UP, -1))
                time.sleep(0.05)
            return taken
        finally:
            terminal.close()


def rows() -> Iterator[Row]:
    documents = Documents()
    documents.platforms("bench/few", 12, 1)
    documents.platforms("bench/wide", 50, 100)
    documents.tags("bench/tags", [f"v{number // 1000}.{number % 1000}" for number in range(50_000)])
    with document_server(documents, 0.005) as address:
        cases = {
            "a short tree, idle": (f"{address}/bench/few:latest", [], b"os1/"),
            "5,000 checks running": (f"{address}/bench/wide:latest", [b"x"], b"os1/"),
            "50,000 tags listed": (f"{address}/bench/tags", [], b"v0.1"),
        }
        found: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(ROUNDS):
            for name, (source, before, wait) in cases.items():
                found[name] += measure(source, before, wait)
    base = percentile(found["a short tree, idle"], 0.95)
    for name, of_it in found.items():
        p95 = percentile(of_it, 0.95)
        said = f"p95 {p95 * 1000:.0f} ms, median {percentile(of_it, 0.5) * 1000:.0f}, worst {max(of_it) * 1000:.0f}"
        if name == "a short tree, idle":
            yield Row(f"key to screen, {name}", said)
        else:
            yield Row(f"key to screen, {name}", said, floor=f"idle {base * 1000:.0f} ms", **times(p95 / base, BUDGET))


if __name__ == "__main__":
    sys.exit(show(rows()))
