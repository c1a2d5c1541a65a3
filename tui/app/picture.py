"""The matrix above the Summary of an index: it is there while the cursor is on one, and has the keys of its pane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widget import Widget

from tui.app.pages.parts import Scene, blank
from tui.app.pages.picture import (
    FOLDED,
    about,
    cell_at,
    first_fault,
    fold_row,
    grid_row,
    head,
    heads,
    health,
    index_signatures,
    legend,
    order,
)
from tui.app.styled_text import Line
from tui.app.widgets.frame import OneLine
from tui.app.widgets.matrix import GridRow, Head, MatrixView
from tui.explore.digest_tags import signature_tag
from tui.explore.matrix import Cell, LiveMatrix, MatrixRow
from tui.explore.node import Load, Node
from tui.sources.presence import Presence

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen

#: With fewer rows than this for pane 2 there is no bar above the matrix, and nothing blank; with so many there is a
#: blank line more.
_LOW, _HIGH = 12, 20


class Picture:
    """What the matrix shows of the row that the tree's cursor is on."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self.view = MatrixView(id="matrix")
        self.bar = OneLine(id="health")
        self.model: LiveMatrix | None = None
        self._last: LiveMatrix | None = None
        """The last one: who comes back to its row finds made what did not change."""
        self._shown: list[Node] = []
        self._folded: list[Node] = []
        self._unfolded = False
        self._moved = False
        """Whether the reader moved the cursor: until then it is on the first fault."""
        self._drawn: dict[Node, tuple[MatrixRow, Head, int, GridRow]] = {}
        self._head = Head("", (), 0, (), "", 0)
        self._bar = self._rows = 0
        """How many rows of pane 2 the bar takes, and the matrix."""

    @property
    def visible(self) -> bool:
        """Whether there is a matrix on the page of now."""
        return self.model is not None

    @property
    def left(self) -> int:
        """How many rows of pane 2 are left for the page."""
        return self._height - (self._bar + self._rows if self.visible else 0)

    def lines(self, node: Node, scene: Scene, tab: str) -> list[Line]:
        """Show the matrix of this row, if it has one on this tab; the lines on the object under its cursor, which go
        before the page's own."""
        index = node.held
        if tab != "summary" or index.index is None or index.load is not Load.READY:
            self._hide()
            return []
        if self.model is None or self.model.node is not index:
            if self._last is None or self._last.node is not index:
                self._last = LiveMatrix(index, scene.observed)
                self._drawn.clear()
            self.model = self._last
            self._unfolded = self._moved = False
            self.view.row = self.view.column = 0
        self.model.update()
        if not self.model.platforms:
            self._hide()
            return []
        self._show(scene)
        return self._lines(scene)

    def _hide(self) -> None:
        if self.model is None:
            return
        self.model = None
        focused = self.view.has_focus
        self.view.display = self.bar.display = False
        if focused:
            self.screen.set_focus(self.screen.page_view)

    def _show(self, scene: Scene) -> None:
        assert self.model is not None
        high = self._height
        bar = self._bar = 0 if high < _LOW else 1 if high < _HIGH else 3
        room = max(3, high - bar - max(4, high // 3)) - 1
        self._shown, self._folded = order(self.model, room, unfolded=self._unfolded)
        self._head = head(self.model, self._shown, scene.width)
        keys = [*(row.key for row in self._shown), *([FOLDED] if self._folded else [])]
        self.view.styles.height = self._rows = min(len(keys), room + 1) + 1
        self.bar.display = bool(bar)
        if bar:
            self.bar.styles.margin = (1, 0) if bar == 3 else 0
            self.bar.line = health(self.model, self._busy, scene.width, ascii_only=scene.glyphs.name == "ascii")
        self.view.show(keys, self._row, self._head)
        if not self._moved:
            self.view.put(*first_fault(self.model, self._shown, self._head))
        if not self.view.display:
            self.view.display = True
            if self.screen.focused is self.screen.page_view:
                self.screen.set_focus(self.view)

    @property
    def _height(self) -> int:
        """Rows of pane 2 below its tabs."""
        return max(0, self.screen.query_one("#detail-pane", Widget).content_size.height - 1)

    @property
    def _busy(self) -> bool:
        """Whether this index is being checked, alone or with what it is in."""
        assert self.model is not None
        within = {self.model.node, *self.model.node.ancestors()}
        return any(run.node in within for run in self.screen.explorer.running())

    def _row(self, number: int) -> GridRow:
        if self.model is None:  # it is on its way off the screen
            return GridRow("")
        if number >= len(self._shown):
            return fold_row(self.model, self._folded, self.screen.keys.first("expand-all"))
        node = self._shown[number]
        row, tick = self.model.row(node), self.screen.images.tick
        known = self._drawn.get(node)
        # The same row has a column more when signatures of another platform become known.
        if (
            known is None
            or known[0] is not row
            or known[1].after != self._head.after
            or (known[2] != tick and _turns(row))
        ):
            made = grid_row(row, self.model.state(node), self._head, self.screen.glyphs, tick)
            known = self._drawn[node] = (row, self._head, tick, made)
        return known[3]

    def turn(self) -> None:
        """Symbols turn: draw the rows again that have such."""
        if self.model is not None:
            self.view.show(self.view.keys, self._row, self._head)

    def _lines(self, scene: Scene) -> list[Line]:
        assert self.model is not None
        gap = [blank()] if self._height >= _LOW else []
        # Where there is no room for what the heads stand for, the line of the cursor says its column's in full.
        lines: list[Line] = [*gap, heads(self._head)] if gap else []
        if named := legend(self.model, self._shown, scene.width):
            lines += named
        if gap:
            lines += index_signatures(self.model.signatures, self._has_signature_tag(), scene, busy=self._busy)
        if (cell := self.cell) is not None:
            lines += [*gap, *about(cell, self.model.row(self._shown[self.view.row]), scene)]
        return [*lines, *gap]

    def _has_signature_tag(self) -> bool:
        """Whether the list of tags was read and names the tag where cosign keeps the signature of the index."""
        assert self.model is not None
        index = self.model.node
        if index.digest is None or index.repository is None:
            return False
        names = self.screen.explorer.observations.tag_names(index.source, index.repository)
        return names is not None and signature_tag(index.digest) in names

    # --- the cursor ----------------------------------------------------------------------------------------------

    @property
    def cell(self) -> Cell | None:
        """The object under the matrix's cursor; None where there is none."""
        if self.model is None or self.view.row >= len(self._shown):
            return None
        return cell_at(self.model.row(self._shown[self.view.row]), self.view.column, self._head)

    @property
    def target(self) -> Node | None:
        """Where Enter leads: the object's row, or the platform's where a square is empty."""
        if self.model is None or self.view.row >= len(self._shown):
            return None
        cell = self.cell
        return cell.node if cell is not None else self._shown[self.view.row]

    def move(self, where: str) -> bool:
        """Move the cursor, as far as the matrix has the keys; False where the page below or the next pane has to."""
        if not self.view.has_focus or self.model is None:
            return False
        self._moved = True
        page = self.screen.page_view
        if where == "up" and page.scroll_offset.y > 0:
            return False
        if where in ("top", "bottom"):
            self.view.move(where)
            return False
        return where in ("up", "down", "left", "right") and self.view.move(where)

    def fold(self, unfolded: bool) -> bool:
        """Show all platforms, or fold those that are well again; False when there is no matrix with the keys."""
        if not self.view.has_focus or self.model is None:
            return False
        self._unfolded = unfolded
        self.screen.detail.refresh()
        return True


def _turns(row: MatrixRow) -> bool:
    return any(cell.presence is Presence.CHECKING for cell in row.cells)
