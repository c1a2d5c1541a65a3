"""A list of drawn lines with a cursor on one of them. What a line means is its owner's business."""

from __future__ import annotations

from collections.abc import Sequence

from textual.geometry import Size
from textual.message import Message

from tui.app.styled_text import Line
from tui.app.widgets.cursor_list import CursorList


class RowList(CursorList):
    """The lines are given whole (`show`), and its owner is told where the cursor goes."""

    class Moved(Message):
        """The cursor is on another line."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    class Chosen(Message):
        """A line was double-clicked."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._lines: list[Line] = []

    @property
    def count(self) -> int:
        """How many lines there are."""
        return len(self._lines)

    def show(self, lines: Sequence[Line], cursor: int | None = None) -> None:
        """Show other lines; the cursor stays on its place unless one is given."""
        self._lines = list(lines)
        if cursor is not None:
            self.cursor = cursor
        self.cursor = self.nearest(self.cursor)
        self.virtual_size = Size(self.size.width, len(self._lines))
        self.bring()
        self.refresh()

    def line_at(self, row: int, width: int) -> Line:
        return self._lines[row]

    def go(self, place: int) -> None:
        place = self.nearest(place)
        if place != self.cursor:
            self.cursor = place
            self.bring()
            self.refresh()
            self.post_message(self.Moved(place))

    def choose(self) -> None:
        self.post_message(self.Chosen(self.cursor))
