"""Drawing `tui.app.styled_text` lines with the theme's colours. Every widget that does so inherits `StyledWidget`.

How many lines one has concerns its scroll bar, and rarely anything around it. Textual would lay out the whole screen
whenever that changes, and once more when a scroll bar is longer or shorter for it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual.geometry import Size
from textual.reactive import Reactive
from textual.scrollbar import ScrollBar
from textual.widget import Widget

from tui.app.styled_text import ROLES, Line

#: Component classes that every styled widget names in its own `COMPONENT_CLASSES` (Textual inherits one line of them).
ROLE_CLASSES = frozenset(f"role-{role}" for role in ROLES)


class _Bar(ScrollBar):
    """A scroll bar whose own length is nobody else's business."""

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)


class StyledWidget(Widget):
    """A widget whose text has roles. main.tcss gives `.role-<role>` its colour.

    One that scrolls says by `virtual_size` how many lines there are. The screen is laid out anew only where its own
    height follows from that, or its scroll bar comes or goes.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set(ROLE_CLASSES)

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)

    def watch_virtual_size(self, size: Size) -> None:
        if not self.is_scrollable:
            return
        if self.styles.is_auto_height:
            self.refresh(layout=True)
        else:
            self._scroll_update(size)

    @property
    def vertical_scrollbar(self) -> ScrollBar:
        """The scroll bar, made when it is asked for first, as Textual's own is."""
        if self._vertical_scrollbar is None:
            self._vertical_scrollbar = _Bar(vertical=True, name="vertical", thickness=self.scrollbar_size_vertical)
            self._vertical_scrollbar.display = False
            self.app._start_widget(self, self._vertical_scrollbar)
        return self._vertical_scrollbar

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """The scroll bar comes or goes at once, not with the layout after this one, and begins where the rows are:
        Textual tells it of scrolling only while it is shown."""
        if shown or self._vertical_scrollbar is not None:
            self.vertical_scrollbar.display = shown
            self.vertical_scrollbar.position = self.scroll_y

    def style_of(self, role: str) -> Style:
        """The style of a role (or of a component class, such as `page--link`), to be laid over what is below."""
        if role == "plain":
            return Style.null()
        known = self._styles.get(role)
        if known is None:
            known = self.get_component_rich_style(role if "--" in role else f"role-{role}", partial=True)
            self._styles[role] = known
        return known

    @property
    def _styles(self) -> dict[str, Style]:
        """Styles by role, for the theme of now."""
        theme = self.app.theme
        if self.__dict__.get("_styles_theme") != theme:
            self.__dict__["_styles_theme"] = theme
            self.__dict__["_styles_known"] = {}
        known: dict[str, Style] = self.__dict__["_styles_known"]
        return known

    def text(self, line: Line, base: Style | None = None) -> Text:
        """A line as a Rich text, unfolded."""
        text = Text(line.plain, style=base or "", no_wrap=True, end="")
        for start, end, role in line.spans:
            text.stylize(self.style_of(role), start, end)
        return text

    def segments(self, line: Line, start: int, end: int, base: Style) -> list[Segment]:
        """The characters `start` to `end` of a line; of overlapping spans the later wins."""
        edges = {start, end}
        spans = [span for span in line.spans if span[0] < end and span[1] > start]
        for left, right, _ in spans:
            edges.add(max(left, start))
            edges.add(min(right, end))
        made = []
        cuts = sorted(edges)
        for left, right in pairwise(cuts):
            style = base
            for first, last, role in spans:
                if first <= left and last >= right:
                    style += self.style_of(role)
            made.append(Segment(line.plain[left:right], style))
        return made
