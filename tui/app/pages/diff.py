"""What differs between two images, as a page of two columns of facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from tui.app.glyphs import Glyphs
from tui.app.ink import Line, Lines, Role
from tui.app.pages.parts import blank, heading, page, prose
from tui.app.pages.summary import title
from tui.explore.node import Node
from tui.text import safe


class Row(Protocol):
    """A line of explore's diff."""

    @property
    def kind(self) -> str: ...
    @property
    def left(self) -> str: ...
    @property
    def right(self) -> str: ...
    @property
    def what(self) -> str: ...


_SIGN: dict[str, tuple[str, Role]] = {
    "same": ("=", "dim"),
    "added": ("+", "good"),
    "removed": ("-", "bad"),
    "changed": ("~", "warn"),
    "moved": ("~", "info"),
}


def diff_page(left: Node, right: Node, rows: Sequence[Row], glyphs: Glyphs) -> Lines:
    """Both sides by name, then what differs; what is the same comes last."""
    lines = [
        Line(hang=9).put("marked   ", "label").put(title(left), "title"),
        Line(hang=9).put("current  ", "label").put(title(right), "title"),
        blank(),
    ]
    same = [row for row in rows if row.kind == "same"]
    differs = [row for row in rows if row.kind != "same"]
    if not differs:
        lines.append(prose("Nothing differs.", "good"))
    for row in differs:
        lines += _row(row, glyphs)
    if same:
        lines += [blank(), heading("The same in both")]
        for row in same:
            lines += _row(row, glyphs)
    return page(lines)


def _row(row: Row, glyphs: Glyphs) -> list[Line]:
    sign, role = _SIGN.get(row.kind, ("~", "warn"))
    lines = [Line(hang=4).put(f"{sign} ", role).put(safe(row.what))]
    if row.kind == "same":
        return [lines[0].put(f"  {safe(row.left)}", "dim")] if row.left else lines
    if row.left:
        lines.append(Line(hang=4, fold="char").put("  - ", "bad").put(safe(row.left), "digest"))
    if row.right:
        lines.append(Line(hang=4, fold="char").put("  + ", "good").put(safe(row.right), "digest"))
    return lines
