"""Lines with a cursor on one of them, drawn when they come into sight. What a line is, the list built on it says."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from textual import events
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.app.styled_text import Line
from tui.app.widgets.styled import ROLE_CLASSES, StyledWidget


class CursorList(ScrollView, StyledWidget, can_focus=True, inherit_bindings=False):
    """Lines that are cut at the right edge, never folded. Movement comes from outside (`move`), as in PageView."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*ROLE_CLASSES, "rows--cursor", "rows--blurred"}

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.cursor = 0

    @property
    @abstractmethod
    def count(self) -> int:
        """How many lines there are."""

    @abstractmethod
    def line_at(self, row: int, width: int) -> Line:
        """One line, for so many cells."""

    @abstractmethod
    def go(self, place: int) -> None:
        """Put the cursor on a line, or on the nearest there is."""

    @abstractmethod
    def choose(self) -> None:
        """The line under the cursor was double-clicked."""

    def move(self, where: str) -> None:
        """Move the cursor: `up`, `down`, `page-up`, `page-down`, `top`, `bottom`."""
        page = max(1, self.size.height - 1)
        all_of_it = self.count
        steps = {"up": -1, "down": 1, "page-up": -page, "page-down": page, "top": -all_of_it, "bottom": all_of_it}
        self.go(self.cursor + steps[where])

    def nearest(self, place: int) -> int:
        """The line at this place, or the nearest there is."""
        return min(max(0, place), max(0, self.count - 1))

    def bring(self) -> None:
        """Scroll to the cursor."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False, force=True)

    def on_click(self, event: events.Click) -> None:
        row = event.y + self.scroll_offset.y
        if 0 <= row < self.count:
            self.go(row)
            if event.chain == 2:
                self.choose()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line; every second has the ground of a bar."""
        base = self.rich_style
        width = self.size.width
        row = y + self.scroll_offset.y
        if row >= self.count:
            return Strip.blank(width, base)
        if row == self.cursor:
            name = "rows--cursor" if self.has_focus else "rows--blurred"
            base += self.get_component_rich_style(name, partial=True)
        elif row % 2:
            base += self.style_of("bar")
        line = self.line_at(row, width)
        return Strip(self.segments(line, 0, len(line.plain), base)).crop_extend(0, width, base)
