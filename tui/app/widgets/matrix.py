"""A grid of symbols under one head: rows with a name, squares with a role and a tint, and a cursor on one square.

It knows nothing of what a square stands for. Rows are asked for when they come into sight, drawn once, and drawn again
only when they say something else; the squares become narrower as there is less room, and in the end runs ("✓15 ✗2").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.app.styled_text import Role, cut
from tui.app.theme import tint
from tui.app.widgets.styled import ROLE_CLASSES, StyledWidget
from tui.text import width as width_of

#: More numbered columns than these are drawn as runs.
MOST_COLUMNS = 60
#: Names are never cut below so many cells.
_LEAST_NAME = 12
_MOST_NAME = 34


@dataclass(frozen=True, slots=True)
class Square:
    """One cell: a symbol, its colour, and a letter that it has in common with others ("" for none)."""

    symbol: str
    role: Role = "plain"
    share: str = ""


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row; `None` is a place where there is nothing. One without squares is a sentence from edge to edge."""

    name: str
    role: Role = "plain"
    before: tuple[Square | None, ...] = ()
    numbered: tuple[Square | None, ...] = ()
    after: tuple[Square | None, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """What stands over the columns. `numbered` counts the columns that only have numbers; `letters` are beside some."""

    name: str
    before: tuple[str, ...]
    numbered: int
    after: tuple[str, ...]
    note: str
    longest: int
    """Cells of the longest name."""
    note_cells: int = 8
    """Cells of the longest note."""
    letters: tuple[str, ...] = ()
    """For numbered columns (from the first) the letter that all their squares share; "" where they do not."""


@dataclass(frozen=True, slots=True)
class Pitch:
    """How wide the columns are, in cells. `cell` 0 means runs, in `runs` cells; `note` 0 leaves the last one out."""

    name: int
    end: int
    cell: int
    note: int
    runs: int = 0

    @classmethod
    def of(cls, head: Head, width: int) -> Pitch:
        """The widest that fit."""
        longest = min(max(head.longest, len(head.name)), _MOST_NAME) + 1
        wide = max(head.note_cells, len(head.note)) + 1
        tries = [(longest, 3, 3, wide), (longest, 3, 2, wide), (longest, 3, 1, wide), (longest, 3, 1, 0)]
        least = min(longest, _LEAST_NAME + 1)
        tries += [(least, 3, 2, wide), (least, 3, 1, wide), (least, 2, 1, 0)]
        if head.numbered <= MOST_COLUMNS:
            for name, end, cell, note in tries:
                if _taken(head, name, end, note) + cell * head.numbered <= width:
                    spare = max(0, width - _taken(head, name, end, note) - cell * head.numbered)
                    return cls(min(longest, name + spare), end, cell, note)
        for name, note in ((longest, wide), (least, wide), (least, 0)):
            room = width - _taken(head, name, 3, note)
            if room >= 16 or note == 0:
                return cls(name, 3, 0, note, max(4, min(room, 60)))
        raise AssertionError("unreachable")


def _taken(head: Head, name: int, end: int, note: int) -> int:
    after = (end + 1) * len(head.after)
    return name + end * len(head.before) + 1 + after + note


@dataclass(frozen=True, slots=True)
class Run:
    """Equal squares in a row: `count` of them from `start` on."""

    start: int
    count: int
    square: Square

    @property
    def text(self) -> str:
        """ "✗2"."""
        return f"{self.square.symbol}{self.count}"


def runs_of(squares: Sequence[Square | None]) -> list[Run]:
    """The squares by symbol and role; shares are left out."""
    runs: list[Run] = []
    place = 0
    for kind, same in groupby(squares, key=lambda one: None if one is None else (one.symbol, one.role)):
        count = len(list(same))
        if kind is not None:
            runs.append(Run(place, count, Square(kind[0], kind[1])))
        place += count
    return runs


class MatrixView(ScrollView, StyledWidget, can_focus=True, inherit_bindings=False):
    """Draws rows that `row_of` gives by their number. Movement comes from outside (`move`)."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*ROLE_CLASSES, "rows--cursor", "rows--blurred"}

    class Moved(Message):
        """The cursor is on another square."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, MatrixView.Moved)

    class Chosen(Message):
        """A square was double-clicked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.head = Head("", (), 0, (), "", 0)
        self.keys: Sequence[str] = ()
        self.row = 0
        self.column = 0
        self._row_of: Callable[[int], GridRow] = lambda number: GridRow("")
        self._drawn: dict[int, tuple[object, Strip]] = {}
        self._seen: dict[int, GridRow] = {}

    # --- what is shown -------------------------------------------------------------------------------------------

    def show(self, keys: Sequence[str], row_of: Callable[[int], GridRow], head: Head) -> None:
        """Show rows that are known by these keys. The cursor stays on its row and column where there are such; only
        rows that say something else are drawn again."""
        here = self.keys[self.row] if self.row < len(self.keys) else ""
        whole = list(keys) != list(self.keys) or head != self.head
        self._row_of = row_of
        if whole:
            self.keys, self.head = list(keys), head
            self.row = self.keys.index(here) if here in self.keys else min(self.row, max(0, len(self.keys) - 1))
            self.column = min(self.column, max(0, self.width_in_columns - 1))
            self._seen.clear()
            self._drawn.clear()
            self.virtual_size = Size(self.size.width, len(self.keys) + 1)
            self._bring()
            self.refresh()
            return
        for number in self._visible():
            if self._seen.get(number) != row_of(number):
                self._refresh_row(number)

    @property
    def width_in_columns(self) -> int:
        """How many columns there are."""
        return len(self.head.before) + self.head.numbered + len(self.head.after)

    @property
    def pitch(self) -> Pitch:
        """The widths for the room of now."""
        return Pitch.of(self.head, self.scrollable_content_region.width or self.size.width)

    def _visible(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(len(self.keys), top + max(1, self.size.height - 1)))

    def _refresh_row(self, number: int) -> None:
        self._drawn.pop(number, None)
        self.refresh(Region(0, number + 1 - self.scroll_offset.y, self.size.width, 1))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()
        self.refresh()

    def on_resize(self) -> None:
        self._drawn.clear()
        self._bring()

    # --- the cursor ----------------------------------------------------------------------------------------------

    def move(self, where: str) -> bool:
        """Move the cursor: `up`, `down`, `left`, `right`, `top`, `bottom`; False at the edge."""
        row, column = self.row, self.column
        if where in ("left", "right"):
            stops = self._stops()
            if where == "left":
                column = max((stop for stop in stops if stop < column), default=column)
            else:
                column = min((stop for stop in stops if stop > column), default=column)
        else:
            last = max(0, len(self.keys) - 1)
            row = {"up": row - 1, "down": row + 1, "top": 0, "bottom": last}.get(where, row)
            row = min(max(0, row), last)
        return self.go(row, column)

    def go(self, row: int, column: int) -> bool:
        """Put the cursor on a square; False when it is there already."""
        if (row, column) == (self.row, self.column):
            return False
        self.put(row, column)
        self.post_message(self.Moved())
        return True

    def put(self, row: int, column: int) -> None:
        """Put the cursor on a square, without a message that it moved."""
        if (row, column) != (self.row, self.column) and row < len(self.keys):
            self._refresh_row(self.row)
            self.row, self.column = row, column
            self._refresh_row(row)
            self.refresh(Region(0, 0, self.size.width, 1))
            self._bring()

    def _stops(self) -> list[int]:
        """The columns at which the cursor stops in its row: of a run its first."""
        first = len(self.head.before)
        columns = list(range(self.width_in_columns))
        if self.pitch.cell or not self.keys:
            return columns
        starts = {first + run.start for run in runs_of(self._row_of(self.row).numbered)}
        return [column for column in columns if not first <= column < first + self.head.numbered or column in starts]

    def _bring(self) -> None:
        """Scroll to the cursor; the head stays where it is."""
        high = max(1, self.size.height - 1)
        top = self.scroll_offset.y
        wanted = min(max(top, self.row - high + 1), self.row)
        if wanted != top:
            self._drawn.clear()
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.refresh()

    def on_focus(self) -> None:
        self._refresh_row(self.row)

    def on_blur(self) -> None:
        self._refresh_row(self.row)

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is None or at.y < 1 or at.y - 1 + self.scroll_offset.y >= len(self.keys):
            return
        row = at.y - 1 + self.scroll_offset.y
        self.go(row, self._column_at(at.x, row))
        if event.chain == 2:
            self.post_message(self.Chosen())

    def _column_at(self, x: int, row: int) -> int:
        pitch = self.pitch
        before, numbered = len(self.head.before), self.head.numbered
        x -= pitch.name
        if x < pitch.end * before:
            return max(0, x // pitch.end)
        x -= pitch.end * before + 1
        room = pitch.cell * numbered if pitch.cell else pitch.runs
        if x < room:
            if pitch.cell:
                return before + max(0, x // pitch.cell)
            edge = 0
            for run in runs_of(self._row_of(row).numbered):
                edge += len(run.text) + 1
                if x < edge:
                    return before + run.start
        x -= room
        return min(self.width_in_columns - 1, before + numbered + max(0, x // (pitch.end + 1)))

    # --- drawing -------------------------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        """The head, or one row."""
        base = self.rich_style
        width = self.size.width
        if y == 0:
            return Strip(self._head_segments(base)).crop_extend(0, width, base)
        number = y - 1 + self.scroll_offset.y
        if number >= len(self.keys):
            return Strip.blank(width, base)
        row = self._row_of(number)
        here = self.column if number == self.row else -1
        state = (row, width, here, self.has_focus if here >= 0 else None, self.head)
        known = self._drawn.get(number)
        if known is not None and known[0] == state:
            return known[1]
        if number % 2:
            base += self.style_of("bar")
        strip = Strip(self._row_segments(row, base, here)).crop_extend(0, width, base)
        self._seen[number] = row
        self._drawn[number] = (state, strip)
        return strip

    def _head_segments(self, base: Style) -> list[Segment]:
        head, pitch = self.head, self.pitch
        dim, bold = base + self.style_of("dim"), base + self.style_of("head")
        line = base + self.style_of("faint")
        parts = [Segment(_fit(head.name, pitch.name), dim)]
        for place, name in enumerate(head.before):
            parts.append(Segment(f"{name:^{pitch.end}.{pitch.end}}", bold if place == self.column else dim))
        parts.append(Segment("│", line))
        first = len(head.before)
        if not pitch.cell:
            parts.append(Segment(_fit(f"{head.numbered} columns" if head.numbered else "", pitch.runs), dim))
        for place in range(head.numbered if pitch.cell else 0):
            letter = head.letters[place] if place < len(head.letters) else ""
            text = number_text(place + 1, pitch.cell, letter) if head.numbered > 9 or pitch.cell > 1 else str(place + 1)
            style = bold if first + place == self.column else dim
            parts.append(Segment(text, style + self.style_of(tint(letter)) if letter and pitch.cell > 1 else style))
        for place, name in enumerate(head.after, first + head.numbered):
            parts.append(Segment("│" if place == first + head.numbered else " ", line))
            parts.append(Segment(f"{name:^{pitch.end}}", bold if place == self.column else dim))
        parts.append(Segment(f"{head.note:>{pitch.note}}" if pitch.note else "", dim))
        return parts

    def _row_segments(self, row: GridRow, base: Style, here: int) -> list[Segment]:
        if not row.before:
            style = base + self.style_of(row.role)
            if here >= 0:
                style += self.get_component_rich_style(
                    "rows--cursor" if self.has_focus else "rows--blurred", partial=True
                )
            return [Segment(cut(row.name, self.size.width), style)]
        pitch, head = self.pitch, self.head
        line = base + self.style_of("faint")
        parts = [Segment(_fit(row.name, pitch.name), base + self.style_of(row.role))]
        parts += [
            self._square(square, pitch.end, base, chosen=place == here) for place, square in enumerate(row.before)
        ]
        parts.append(Segment("│", line))
        first = len(head.before)
        if pitch.cell:
            for place in range(head.numbered):
                square = row.numbered[place] if place < len(row.numbered) else None
                told = place < len(head.letters) and head.letters[place] != ""
                parts.append(self._square(square, pitch.cell, base, chosen=first + place == here, letter=not told))
        else:
            parts += self._run_segments(row, pitch.runs, base, here - first)
        for place, square in enumerate(row.after, first + head.numbered):
            parts.append(Segment("│" if place == first + head.numbered else " ", line))
            parts.append(self._square(square, pitch.end, base, chosen=place == here))
        parts.append(Segment(f"{row.note:>{pitch.note}}" if pitch.note else "", base + self.style_of("dim")))
        return parts

    def _square(
        self, square: Square | None, wide: int, base: Style, *, chosen: bool = False, letter: bool = False
    ) -> Segment:
        if square is None or not square.symbol:
            text, style = " " * wide, base
        else:
            text = f"{square.symbol:^{wide}}" if wide != 2 else f"{square.symbol} "
            if square.share and letter and wide > 1:
                text = f"{text[: wide - 1]}{square.share}"
            ground = self.style_of(tint(square.share)) if square.share else Style.null()
            style = base + ground + self.style_of(square.role)
        if chosen:
            fault = square is not None and square.role == "fault"
            style += self.style_of("here-fault" if fault else "here") if self.has_focus else Style(underline=True)
        return Segment(text, style)

    def _run_segments(self, row: GridRow, room: int, base: Style, here: int) -> list[Segment]:
        runs = runs_of(row.numbered)
        texts = [f"{run.text} " for run in runs]
        at = next((place for place, run in enumerate(runs) if run.start <= here < run.start + run.count), 0)
        first = 0
        while first < at and sum(map(width_of, texts[first : at + 1])) > room - 2 * (first > 0):
            first += 1
        parts, used = [], 0
        if first:
            parts.append(Segment("… ", base + self.style_of("dim")))
            used = 2
        for place in range(first, len(runs)):
            run, text = runs[place], texts[place]
            if used + width_of(text) > room - (place < len(runs) - 1):
                parts.append(Segment("…", base + self.style_of("dim")))
                used += 1
                break
            style = base + self.style_of(run.square.role)
            if run.start <= here < run.start + run.count:
                style += self.style_of("here") if self.has_focus else Style(underline=True)
            parts += [Segment(text[:-1], style), Segment(" ", base)]
            used += width_of(text)
        return [*parts, Segment(" " * max(0, room - used), base)]


def number_text(number: int, wide: int, letter: str = "") -> str:
    """What stands over a numbered column of so many cells: whole numbers only, a ruler where they do not fit."""
    if wide == 1:
        # `········10········20`: a number ends at its column.
        tens = number + (-number) % 10
        digits = str(tens)
        place = len(digits) - (tens - number)
        return digits[place - 1] if place > 0 else "·"
    text = str(number)
    if wide == 2:
        if number < 10:
            return f"{text}{letter or ' '}"
        step = 2 if number < 100 else 10
        return f"{text:<2.2}" if number % step == 0 else "  "
    return f"{text + letter:^3}" if len(text) + len(letter) <= 2 else f"{text + letter:<3.3}"


def _fit(text: str, cells: int) -> str:
    shown = cut(text, cells - 1)
    return shown + " " * (cells - width_of(shown))
