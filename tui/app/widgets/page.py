"""A page of folded lines with links: scrolls without a cursor, finds, follows, and lets the mouse select text.

Only the rows on the screen are ever drawn, so a page may have a hundred thousand lines.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from tui.app.styled_text import Line, Lines, Link, Page, wrap
from tui.app.widgets.styled import ROLE_CLASSES, StyledWidget


class PageView(ScrollView, StyledWidget, can_focus=True, inherit_bindings=False):
    """Shows one `Page`. Movement comes from outside (`move`); `step_link` walks the links."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*ROLE_CLASSES, "page--link", "page--match", "page--here"}

    class Resized(Message):
        """More or less of the page is in sight."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, PageView.Resized)

    class Followed(Message):
        """A link was followed, by key or click."""

        def __init__(self, link: Link) -> None:
            super().__init__()
            self.link = link

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._page: Page = Lines()
        self._rows: list[tuple[int, int]] = []  # per row on the screen: line number, first character
        self._tops: list[int] = []  # per line: its first row
        self._width = 0
        self._links: list[tuple[int, Link]] = []
        self._chosen = -1
        self._needle = ""
        self._matches: list[tuple[int, int]] = []
        self._match = -1
        self._base = Style.null()

    # --- what is shown -------------------------------------------------------------------------------------------

    @property
    def page(self) -> Page:
        """What is shown now."""
        return self._page

    def show(self, page: Page, *, keep: bool = False, height: int | None = None) -> None:
        """Show another page, from its top; `keep` holds the place and the chosen link (the same page, newer). `height`
        tells how many rows there will be for it, if that changes now."""
        if keep and page == self._page:
            return
        chosen = self.chosen if keep else None
        place = self.scroll_offset.y if keep else 0
        self._page = page
        self._links = list(page.links())
        self._chosen = -1
        if chosen is not None:
            same = (number for number, (_, link) in enumerate(self._links) if link.target == chosen.target)
            self._chosen = next(same, -1)
        if not keep:
            self.clear_selection_here()
        self._fold()
        if height is not None:
            self.show_vertical_scrollbar = len(self._rows) > height
        self._search()
        self.scroll_to(0, min(place, max(0, len(self._rows) - self.size.height)), animate=False, force=True)
        self.refresh()

    def clear_selection_here(self) -> None:
        """Forget text selected on the page that was shown before."""
        if self.is_attached and self.text_selection is not None:
            self.screen.clear_selection()

    @property
    def rows_of_page(self) -> int:
        """How many rows it takes, folded to the width of now."""
        return len(self._rows)

    @property
    def is_whole(self) -> bool:
        """Whether all of it is in sight."""
        return self.size.height >= len(self._rows) or not self._rows

    def _fold(self) -> None:
        width = self.scrollable_content_region.width or self.size.width
        self._width = width
        rows: list[tuple[int, int]] = []
        tops: list[int] = []
        page = self._page
        unfolded = page.unfolded
        for number in range(len(page)):
            tops.append(len(rows))
            if number in unfolded:
                rows.append((number, 0))
                continue
            plain = page.plain(number)
            if len(plain) <= width // 2 or (plain.isascii() and len(plain) <= width):
                rows.append((number, 0))
                continue
            line = page.line(number)
            rows.extend((number, start) for start in wrap(plain, width, hang=line.hang, fold=line.fold))
        self._rows = rows
        self._tops = tops
        self.virtual_size = Size(width, len(rows))

    def on_resize(self, event: events.Resize) -> None:
        self.post_message(self.Resized())
        if (self.scrollable_content_region.width or self.size.width) != self._width:
            top = self._rows[self.scroll_offset.y][0] if self.scroll_offset.y < len(self._rows) else 0
            self._fold()
            if top < len(self._tops):
                self.scroll_to(0, self._tops[top], animate=False, force=True)
            self.refresh()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self.refresh()

    # --- moving --------------------------------------------------------------------------------------------------

    def move(self, where: str) -> None:
        """Scroll: `up`, `down`, `page-up`, `page-down`, `top`, `bottom`."""
        page = max(1, self.scrollable_content_region.height - 1)
        last = max(0, len(self._rows) - self.scrollable_content_region.height)
        y = round(self.scroll_y)
        y = {
            "up": y - 1,
            "down": y + 1,
            "page-up": y - page,
            "page-down": y + page,
            "top": 0,
            "bottom": last,
        }[where]
        self.scroll_to(0, min(max(0, y), last), animate=False)

    def bring(self, number: int, character: int = 0) -> None:
        """Scroll so that a character of a line is on the screen."""
        row = self._row_of(number, character)
        self.scroll_to_region(Region(0, row, 1, 1), animate=False, force=True, center=False)

    def _row_of(self, number: int, character: int) -> int:
        row = self._tops[number]
        while row + 1 < len(self._rows) and self._rows[row + 1][0] == number and self._rows[row + 1][1] <= character:
            row += 1
        return row

    # --- links ---------------------------------------------------------------------------------------------------

    @property
    def link_count(self) -> int:
        """How many links the page has."""
        return len(self._links)

    @property
    def chosen(self) -> Link | None:
        """The link that Enter follows."""
        return self._links[self._chosen][1] if 0 <= self._chosen < len(self._links) else None

    def step_link(self, step: int) -> bool:
        """Choose the next (1) or previous (-1) link; False, and none chosen, when there is none further."""
        if not self._links:
            return False
        if self._chosen == -1:
            following = self._first_visible_link() if step > 0 else len(self._links) - 1
        else:
            following = self._chosen + step
        if not 0 <= following < len(self._links):
            self._chosen = -1
            self.refresh()
            return False
        self._chosen = following
        number, link = self._links[following]
        self.bring(number, link.start)
        self.refresh()
        return True

    def _first_visible_link(self) -> int:
        top = self._rows[min(self.scroll_offset.y, len(self._rows) - 1)][0] if self._rows else 0
        return next((place for place, (number, _) in enumerate(self._links) if number >= top), 0)

    def unchoose(self) -> None:
        """Choose no link."""
        self._chosen = -1
        self.refresh()

    def follow(self) -> bool:
        """Follow the chosen link, or the only one that there is."""
        if self.chosen is None and len(self._links) == 1:
            self._chosen = 0
        if self.chosen is None:
            return False
        self.post_message(self.Followed(self.chosen))
        return True

    def on_click(self, event: events.Click) -> None:
        link = self._link_at(event.x, event.y + self.scroll_offset.y)
        if link is not None and not self.text_selection:
            event.stop()
            self.post_message(self.Followed(link))

    def _link_at(self, x: int, row: int) -> Link | None:
        if not 0 <= row < len(self._rows):
            return None
        number, start = self._rows[row]
        line = self._page.line(number)
        cells = x - (line.hang if start else 0)
        place = start
        while place < len(line.plain) and cells > 0:
            cells -= cell_len(line.plain[place])
            place += 1
        if cells < 0:
            place -= 1
        return next((link for link in line.links if link.start <= place < link.end), None)

    # --- finding -------------------------------------------------------------------------------------------------

    @property
    def needle(self) -> str:
        """What is searched for; "" for nothing."""
        return self._needle

    @property
    def match_count(self) -> int:
        """How many places match."""
        return len(self._matches)

    def find(self, needle: str) -> int:
        """Search, without regard to case, and go to the first place at or below the top of the screen."""
        self._needle = needle
        self._search()
        if self._matches:
            top = self._rows[min(self.scroll_offset.y, len(self._rows) - 1)][0]
            self._match = bisect_right(self._matches, (top, -1)) % len(self._matches)
            self.bring(*self._matches[self._match])
        self.refresh()
        return len(self._matches)

    def step_match(self, step: int) -> bool:
        """Go to the next (1) or previous (-1) place, round and round."""
        if not self._matches:
            return False
        self._match = (self._match + step) % len(self._matches)
        self.bring(*self._matches[self._match])
        self.refresh()
        return True

    def _search(self) -> None:
        needle = self._needle.casefold()
        self._matches = []
        self._match = -1
        if not needle:
            return
        for number in range(len(self._page)):
            plain = self._page.plain(number).casefold()
            place = plain.find(needle)
            while place >= 0:
                self._matches.append((number, place))
                place = plain.find(needle, place + len(needle))

    # --- drawing -------------------------------------------------------------------------------------------------

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows of the screen; the widget's own style is worked out once for all of them."""
        self._base = self.rich_style
        return super().render_lines(crop)

    def render_line(self, y: int) -> Strip:
        """One row of the screen."""
        base = self._base
        width = self.size.width
        row = y + self.scroll_offset.y
        if row >= len(self._rows):
            return Strip.blank(width, base)
        number, start = self._rows[row]
        line = self._page.line(number)
        more = row + 1 < len(self._rows) and self._rows[row + 1][0] == number
        end = self._rows[row + 1][1] if more else len(line.plain)
        segments = self.segments(self._marked(number, line, start, end), start, end, base)
        if start and line.hang and line.hang < width - 8:
            segments.insert(0, Segment(" " * line.hang, base))
        strip = Strip(self._selected(segments, row))
        if line.fold == "cut" and strip.crop(self._width).text.strip():
            strip = Strip.join([strip.crop(0, self._width - 1), Strip([Segment("…", base)])])
        return strip.crop_extend(0, width, base).apply_offsets(0, row)

    def _marked(self, number: int, line: Line, start: int, end: int) -> Line:
        """The line with its links, matches and chosen link drawn over it."""
        # Sentences that lead somewhere are not underlined: a page full of lines is hard to read.
        extra: list[tuple[int, int, str]] = [
            (link.start, link.end, "page--link") for link in line.links if link.target.what in ("digest", "copy")
        ]
        if self._needle:
            length = len(self._needle)
            extra += [(at, at + length, "page--match") for of, at in self._near_matches(number)]
        if 0 <= self._chosen < len(self._links) and self._links[self._chosen][0] == number:
            link = self._links[self._chosen][1]
            extra.append((link.start, link.end, "page--here"))
        if not extra:
            return line
        extra = [mark for mark in extra if mark[0] < end and mark[1] > start]
        return Line(line.plain, [*line.spans, *extra], hang=line.hang)

    def _near_matches(self, number: int) -> list[tuple[int, int]]:
        first = bisect_right(self._matches, (number, -1))
        last = bisect_right(self._matches, (number + 1, -1))
        return self._matches[first:last]

    def _selected(self, segments: list[Segment], row: int) -> list[Segment]:
        selection = self.text_selection
        span = selection.get_span(row) if selection is not None else None
        if span is None:
            return segments
        start, end = span
        strip = Strip(segments)
        end = strip.cell_length if end == -1 else min(end, strip.cell_length)
        if start >= end:
            return segments
        style = self.screen.get_component_rich_style("screen--selection", partial=True)
        left, middle, right = strip.divide([start, end, max(end, strip.cell_length)])
        return [*left, *Segment.apply_style(list(middle), None, style), *right]

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, with folded lines joined again: a digest over two rows comes out whole."""
        taken = ""
        for row, (number, start) in enumerate(self._rows):
            span = selection.get_span(row)
            if span is None:
                continue
            line = self._page.line(number)
            more = row + 1 < len(self._rows) and self._rows[row + 1][0] == number
            end = self._rows[row + 1][1] if more else len(line.plain)
            hang = line.hang if start and line.hang < self._width - 8 else 0
            left = max(0, span[0] - hang)
            right = None if span[1] == -1 else max(0, span[1] - hang)
            taken += line.plain[start:end][left:right]
            if not more and (span[1] == -1 or span[1] > end - start):
                taken += "\n"
        return (taken, "\n") if taken else None

    def selection_updated(self, selection: Selection | None) -> None:
        """Draw the selection."""
        self.refresh()
