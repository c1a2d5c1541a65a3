"""What a benchmark gives: rows of one table, printed for people, as Markdown, or as JSON for `tests.benchmarks.all`.

A benchmark is a module with a function `rows` that yields them as they are measured, and ends with
`if __name__ == "__main__": sys.exit(show(rows()))`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import TypedDict

ABSENT = "absent"


@dataclass(frozen=True)
class Row:
    """One line. Every cell is text; what was not measured is "", what is not installed `ABSENT`."""

    work: str
    ours: str = ""
    peers: str = ""
    floor: str = ""
    ratio: str = ""
    bar: str = ""
    met: bool | None = None
    """None: it has no bar, or it did not run."""
    why: str = ""
    """Why it did not run. That is no pass."""

    @property
    def failed(self) -> bool:
        """Whether it did not run, or is not good enough."""
        return bool(self.why) or self.met is False

    @property
    def cells(self) -> tuple[str, ...]:
        """What stands below the titles."""
        words = {True: "met", False: "MISSED", None: ""}[self.met]
        return (*astuple(self)[:6], f"did not run: {self.why}" if self.why else words)


TITLES = ("work", "ours", "peers", "floor", "ratio", "bar", "")


def text(rows: Sequence[Row]) -> str:
    """The table in columns."""
    lines = [TITLES, *(row.cells for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(TITLES) - 1)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[-1]]).rstrip()
        for line in lines
    )


def markdown(rows: Sequence[Row]) -> str:
    """The table as GitHub reads it."""
    lines = [TITLES, ("---",) * len(TITLES), *(row.cells for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


class Judged(TypedDict):
    """The cells that `times` fills."""

    ratio: str
    bar: str
    met: bool


def times(ratio: float, bar: float, *, least: bool = False) -> Judged:
    """The cells of a ratio and its bar: the most that it may be, or the least."""
    return {
        "ratio": f"{ratio:.2f}x" if ratio < 10 else f"{ratio:.1f}x",
        "bar": f"{'at least' if least else 'at most'} {bar:g}x",
        "met": ratio >= bar if least else ratio <= bar,
    }


def show(rows: Iterable[Row]) -> int:
    """Print what a benchmark gives; the exit status. With `--json` each row is a line as soon as it is known."""
    if "--json" in sys.argv:
        for row in rows:
            print(json.dumps(asdict(row)), flush=True)
        return 0
    found = list(rows)
    print(text(found))
    return 1 if any(row.failed for row in found) else 0
