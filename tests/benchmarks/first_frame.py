"""First frame: fanfold against a bare Textual app with Input, Tree, Static and Footer, side by side, cold processes.

    python -m tests.benchmarks.first_frame

Budget: the median of the pairwise ratios is at most 1.25.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator

from tests.benchmarks.measured import own_home
from tests.benchmarks.table import Row, show, times
from tests.benchmarks.terminal import Terminal

RUNS, BUDGET = 5, 1.25

BARE = """
from textual.app import App
from textual.widgets import Footer, Input, Static, Tree
class Bare(App):
    BINDINGS = [("q", "quit", "Quit")]
    def compose(self):
        yield Input()
        yield Tree("root")
        yield Static("BARE-IS-DRAWN")
        yield Footer()
Bare().run()
"""


def once(command: list[str], environment: dict[str, str], words: bytes) -> float:
    """Seconds until the first frame shows `words`."""
    terminal = Terminal(command, environment)
    try:
        return terminal.until(words)
    finally:
        terminal.close()


def rows() -> Iterator[Row]:
    bare = [sys.executable, "-c", BARE]
    ours = [sys.executable, "-m", "tui", "127.0.0.1:9/nothing:here"]
    with own_home() as home:
        once(bare, home, b"BARE-IS-DRAWN"), once(ours, home, b"Images")
        pairs = [(once(ours, home, b"Images"), once(bare, home, b"BARE-IS-DRAWN")) for _ in range(RUNS)]
    yield Row(
        "first frame of the screen",
        f"{statistics.median(mine for mine, _ in pairs):.2f} s",
        floor=f"bare Textual {statistics.median(floor for _, floor in pairs):.2f} s",
        **times(statistics.median(mine / floor for mine, floor in pairs), BUDGET),
    )


if __name__ == "__main__":
    sys.exit(show(rows()))
