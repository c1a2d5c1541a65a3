"""How many of many things are whole, broken, unknown, or not checked, as counts, in words and as a strip. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

#: How wide a strip is at most, in cells.
STRIP_CELLS = 40
_DRAWN = {
    "whole": ("█", "#", "good"),
    "broken": ("▓", "X", "bad"),
    "unknown": ("░", "?", "warn"),
    "not checked": ("·", ".", "dim"),
}


@dataclass(slots=True)
class Tally:
    """Counts; `add` takes the exit status of a report."""

    whole: int = 0
    broken: int = 0
    unknown: int = 0
    waiting: int = 0
    """Those that nobody looked at: there are none in a report of what was checked."""

    def add(self, status: int) -> None:
        """One more: 0 whole, 1 broken, everything else unknown."""
        if status == 0:
            self.whole += 1
        elif status == 1:
            self.broken += 1
        else:
            self.unknown += 1

    @property
    def total(self) -> int:
        """How many there are."""
        return self.whole + self.broken + self.unknown + self.waiting

    @property
    def counts(self) -> dict[str, int]:
        """By word, those that are none left out."""
        counts = zip(_DRAWN, (self.whole, self.broken, self.unknown, self.waiting), strict=True)
        return {word: count for word, count in counts if count}

    @property
    def words(self) -> str:
        """ "27 whole, 9 broken, 3 unknown"; "nothing checked" for none."""
        return ", ".join(f"{count:,} {word}" for word, count in self.counts.items()) or "nothing checked"


def strip(tally: Tally, cells: int = STRIP_CELLS, *, ascii_only: bool = False) -> list[tuple[str, str]]:
    """A bar as pieces of text, each with its role: one cell for each of a few, else shares of `cells`. What is not
    nothing has a cell at least, so that one fault among ten thousand is seen."""
    drawn = [(_DRAWN[word][ascii_only], _DRAWN[word][2], count) for word, count in tally.counts.items()]
    return [(symbol * count, role) for symbol, role, count in shares(drawn, min(cells, tally.total))]


def shares(parts: Sequence[tuple[str, str, int]], cells: int) -> list[tuple[str, str, int]]:
    """Parts (symbol, role, count) with so many of `cells` for each as is its share; one at least for what is not
    nothing, while there is room."""
    parts = [part for part in parts if part[2] > 0]
    total = sum(count for _, _, count in parts)
    if not parts or cells < len(parts):
        return []
    wide = [max(1, count * cells // total) for _, _, count in parts]
    while (over := sum(wide) - cells) != 0:
        most = max(range(len(wide)), key=lambda place: wide[place])
        wide[most] -= min(over, wide[most] - 1) if over > 0 else over
    return [(symbol, role, width) for (symbol, role, _), width in zip(parts, wide, strict=True)]
