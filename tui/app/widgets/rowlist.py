"""A list of drawn lines with a cursor on one of them. What a line means is its owner's business."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.app.ink import Line
from tui.app.widgets.ink import INKS, Inked


class RowList(ScrollView, Inked, can_focus=True, inherit_bindings=False):
    """Lines that are cut at the right edge, never folded. Movement comes from outside (``move``), as in PageView."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*INKS, "rows--cursor", "rows--blurred"}

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
        self.cursor = 0
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
        self.cursor = min(max(0, self.cursor), max(0, len(self._lines) - 1))
        self.virtual_size = Size(self.size.width, len(self._lines))
        self._bring()
        self.refresh()

    def move(self, where: str) -> None:
        """Move the cursor: ``up``, ``down``, ``page-up``, ``page-down``, ``top``, ``bottom``."""
        page = max(1, self.size.height - 1)
        last = max(0, len(self._lines) - 1)
        step = {"up": -1, "down": 1, "page-up": -page, "page-down": page, "top": -last - 1, "bottom": last + 1}[where]
        self.go(self.cursor + step)

    def go(self, place: int) -> None:
        """Put the cursor on a line."""
        place = min(max(0, place), max(0, len(self._lines) - 1))
        if place != self.cursor:
            self.cursor = place
            self._bring()
            self.refresh()
            self.post_message(self.Moved(place))

    def _bring(self) -> None:
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        row = event.y + self.scroll_offset.y
        if 0 <= row < len(self._lines):
            self.go(row)
            if event.chain == 2:
                self.post_message(self.Chosen(row))

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line."""
        base = self.rich_style
        width = self.size.width
        row = y + self.scroll_offset.y
        if row >= len(self._lines):
            return Strip.blank(width, base)
        if row == self.cursor:
            name = "rows--cursor" if self.has_focus else "rows--blurred"
            base += self.get_component_rich_style(name, partial=True)
        line = self._lines[row]
        return Strip(self.segments(line, 0, len(line.plain), base)).crop_extend(0, width, base)
