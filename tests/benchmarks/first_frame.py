"""First frame: fanfold against a bare Textual app with Input, Tree, Static and Footer, side by side, cold processes.

    python -m tests.benchmarks.first_frame [RUNS]

Budget: the median of the pairwise ratios is at most 1.25.
"""

from __future__ import annotations

import statistics
import sys

from tests.benchmarks.terminal import Terminal

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


def once(command: list[str], words: bytes) -> float:
    """Seconds until the first frame shows `words`."""
    terminal = Terminal(command)
    try:
        return terminal.until(words)
    finally:
        terminal.close()


def main(runs: int) -> None:
    bare = [sys.executable, "-c", BARE]
    ours = [sys.executable, "-m", "tui", "127.0.0.1:9/nothing:here"]
    once(bare, b"BARE-IS-DRAWN"), once(ours, b"Images")
    pairs = [(once(ours, b"Images"), once(bare, b"BARE-IS-DRAWN")) for _ in range(runs)]
    ratio = statistics.median(ours / bare for ours, bare in pairs)
    print(
        f"fanfold   {statistics.median(ours for ours, _ in pairs) * 1000:6.0f} ms to the first frame (median of {runs})"
    )
    print(f"bare app  {statistics.median(bare for _, bare in pairs) * 1000:6.0f} ms")
    print(f"ratio     {ratio:6.2f}   budget 1.25")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9)
