"""Pane 3: every request as it happens, a line each, newest at the bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.geometry import Size
from textual.message import Message

from tui.app.styled_text import Line, Role, cut
from tui.app.widgets.cursor_list import CursorList
from tui.text import safe, shorten, size
from tui.text import width as width_of

if TYPE_CHECKING:
    from tui.registry.trace import Exchange, Trace


class RequestList(CursorList):
    """Draws `trace.exchanges`; follows the newest while the cursor is on it."""

    class Chosen(Message):
        """A request was double-clicked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.trace: Trace | None = None
        self.needle = ""
        self._rows: list[Exchange] = []
        self._following = True

    def update(self) -> None:
        """Take the trace as it is now."""
        if self.trace is None:
            return
        rows = list(self.trace.exchanges)
        if self.needle:
            needle = self.needle.casefold()
            rows = [row for row in rows if needle in line_of(row, 400).plain.casefold()]
        chosen = self.chosen
        self._rows = rows
        if self._following or chosen is None:
            self.cursor = max(0, len(rows) - 1)
        else:
            self.cursor = next((place for place, row in enumerate(rows) if row is chosen), min(self.cursor, len(rows)))
        self.virtual_size = Size(1, len(rows))
        if self._following:
            self.bring()
        self.refresh()

    @property
    def chosen(self) -> Exchange | None:
        """The request under the cursor."""
        return self._rows[self.cursor] if 0 <= self.cursor < len(self._rows) else None

    @property
    def count(self) -> int:
        """How many requests are listed."""
        return len(self._rows)

    def line_at(self, row: int, width: int) -> Line:
        return line_of(self._rows[row], width)

    def go(self, place: int) -> None:
        self.cursor = self.nearest(place)
        self._following = self.cursor == self.nearest(self.count)
        self.bring()
        self.refresh()

    def choose(self) -> None:
        self.post_message(self.Chosen())


def line_of(exchange: Exchange, width: int) -> Line:
    """A request as one line: number, method, status, time, bytes, path, who asked, what is left of the rate limit."""
    line = Line(fold="cut")
    line.put(f"{exchange.id:>5} ", "dim").put(f"{safe(exchange.method):<6} ", "plain")
    status, role = _status(exchange)
    line.put(f"{status:<7} ", role)
    took = f"{exchange.ms:,.0f} ms" if exchange.ms is not None else ""
    line.put(f"{took:>8} ", "number")
    if width >= 70:
        line.put(f"{size(exchange.bytes_in) if exchange.bytes_in else '':>8}  ", "label")
    asked = safe(exchange.asked_by or "", limit=200)
    limit = str(exchange.rate_limit) if exchange.rate_limit else ""
    tail = "  ".join(part for part in (limit, asked) if part)
    room = width - len(line.plain) - 1
    tail_room = min(len(tail), room * 2 // 5) if room > 40 else 0
    path = safe(f"{exchange.host}{exchange.path}" if width >= 150 else exchange.path, limit=2000)
    path_room = room - tail_room - (2 if tail_room else 0)
    line.put(shorten(path, path_room), "plain")
    if tail_room:
        line.pad(len(line.plain) + max(0, path_room - width_of(path))).put("  ").put(cut(tail, tail_room), "dim")
    return line


def _status(exchange: Exchange) -> tuple[str, Role]:
    if exchange.state in ("waiting", "running"):
        return exchange.state, "checking"
    if exchange.status is None:
        return ("left" if exchange.state == "abandoned" else "failed"), "bad"
    role: Role = "good" if exchange.status < 400 else "warn" if exchange.status in (401, 403, 429) else "bad"
    return f"{exchange.status}", role
