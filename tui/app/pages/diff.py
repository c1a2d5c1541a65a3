"""What differs between two images, as a page of two columns of facts."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app.pages.parts import blank, heading, page, prose
from tui.app.pages.summary import title
from tui.app.styled_text import Line, Lines, Role
from tui.explore.diff import Change, DiffRow
from tui.explore.node import Node
from tui.text import safe

_ROLE: dict[Change, Role] = {
    Change.SAME: "dim",
    Change.ADDED: "good",
    Change.REMOVED: "bad",
    Change.CHANGED: "warn",
}


def change(kind: Change) -> Line:
    """The begin of a line of a difference: its sign."""
    return Line(hang=4).put(f"{kind.sign} ", _ROLE[kind])


def diff_page(left: Node, right: Node, rows: Sequence[DiffRow]) -> Lines:
    """Both sides by name, then what differs; what is the same comes last."""
    lines = [
        Line(hang=9).put("marked   ", "label").put(title(left), "title"),
        Line(hang=9).put("current  ", "label").put(title(right), "title"),
        blank(),
    ]
    same = [row for row in rows if row.kind is Change.SAME]
    differs = [row for row in rows if row.kind is not Change.SAME]
    if not differs:
        lines.append(prose("Nothing differs.", "good"))
    for row in differs:
        lines += _row(row)
    if same:
        lines += [blank(), heading("The same in both")]
        for row in same:
            lines += _row(row)
    return page(lines)


def _row(row: DiffRow) -> list[Line]:
    lines = [change(row.kind).put(safe(row.what))]
    if row.kind is Change.SAME:
        return [lines[0].put(f"  {safe(row.left)}", "dim")] if row.left else lines
    if row.left:
        lines.append(Line(hang=4, fold="char").put("  - ", "bad").put(safe(row.left), "digest"))
    if row.right:
        lines.append(Line(hang=4, fold="char").put("  + ", "good").put(safe(row.right), "digest"))
    return lines
