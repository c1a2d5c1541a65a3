"""The tree of images. Rows are read from the engine's nodes when drawn; only expanded branches have TreeNodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text, TextType
from textual import events, on
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Tree

from tui.app.widgets.branches import Branch, BranchTree
from tui.app.widgets.styled import ROLE_CLASSES, StyledWidget
from tui.explore.cells import UNICODE, Columns, Glyphs, Observed, Row, layout, row
from tui.explore.node import MANIFEST_KINDS, Kind, Node
from tui.text import width as width_of
from tui.text import with_keys

#: Rows that are sentences rather than names: they may be cut, the columns need not make room for them.
_LONG = frozenset({Kind.FAULT, Kind.MORE, Kind.GROUP, Kind.SOURCE})
#: How many rows' last drawings are remembered; forgetting one only means drawing it once more.
_DRAWN_AT_MOST = 4_000
_TOGGLE = Style.from_meta({"toggle": True})


class ImageTree(BranchTree, StyledWidget, inherit_bindings=False):
    """Rows of nodes, laid out in columns, with a cursor."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*ROLE_CLASSES, "tree--found"}

    class Expanded(Message):
        """A row was expanded: its children are wanted."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Collapsed(Message):
        """A row was collapsed: what only it wanted may stop."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Moved(Message):
        """The cursor is on another row."""

        def __init__(self, node: Node | None) -> None:
            super().__init__()
            self.node = node

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ImageTree.Moved)

    class Chosen(Message):
        """A row was double-clicked."""

        def __init__(self, node: Node) -> None:
            super().__init__()
            self.node = node

    class Scrolled(Message):
        """Other rows are on the screen now."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, ImageTree.Scrolled)

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__("", id=id)
        self.show_root = False
        self.guide_depth = 2
        self.auto_expand = False
        self.observed: Observed | None = None
        self.glyphs: Glyphs = UNICODE
        self.put_in: Callable[[str], str] = with_keys
        self.marks: list[Node] = []
        self.search_text = ""
        #: Of the rows below some (by key), only those that match this text are shown.
        self.narrowing: dict[str, str] = {}
        self.tick = 0
        #: The registries (lower case) that asked for a rest, with the seconds that are left of it.
        self.rests: dict[str, float] = {}
        self._drawn: dict[str, tuple[Row, str]] = {}
        self._longest: tuple[int, int] | None = None

    def narrowed(self, node: Node | None, children: Sequence[Node]) -> Sequence[Node]:
        """Those children of a row that its narrowing lets through: all, when there is none."""
        text = self.narrowing.get(node.key, "") if node is not None else ""
        return [child for child in children if matches(child, text)] if text else children

    def shown_nodes(self) -> list[Node]:
        """All rows that are not folded away, from the top, whether on the screen or scrolled off it."""
        branches = (self.get_node_at_line(line) for line in range(self.last_line + 1))
        return [branch.data for branch in branches if branch is not None and branch.data is not None]

    def branches_changed(self) -> None:
        """Names came or went: how much room they need is worked out anew."""
        self._longest = None

    def use_glyphs(self, glyphs: Glyphs) -> None:
        """Draw with another set of symbols."""
        self.glyphs = glyphs
        self.ICON_NODE = glyphs.closed
        self.ICON_NODE_EXPANDED = glyphs.opened
        self.LINES = {"default": glyphs.guides, "bold": glyphs.guides, "double": glyphs.guides}

    # --- Textual's hooks: cheap labels that are read from the data -----------------------------------------------

    def process_label(self, label: TextType) -> Text:
        """Labels are drawn by `render_label`: nothing to parse, no markup."""
        return label if isinstance(label, Text) else Text(label, no_wrap=True, end="")

    def validate_hover_line(self, line: int) -> int:
        """Nothing looks other under the mouse: Textual would draw the row and all below it again."""
        return -1

    def _refresh_node(self, node: Branch) -> None:
        """The row under the cursor is drawn, and not all below it, as Textual does: our guides look the same there."""
        self._refresh_line(node.line)

    def get_label_width(self, node: Branch) -> int:
        """Rows always fit the pane, so that it never scrolls sideways."""
        return 1

    def render_line(self, y: int) -> Strip:
        """One row; every second has the ground of a bar, that under the cursor is filled from edge to edge."""
        row = y + self.scroll_offset.y
        base = self.rich_style
        if row == self.cursor_line:
            base += self.get_component_rich_style("tree--cursor", partial=True)
        elif row % 2 and row <= self.last_line:
            base += self.style_of("bar")
        return self._render_line(row, 0, self.size.width, base)

    def render_label(self, node: Branch, base_style: Style, style: Style) -> Text:
        """One row, laid out in columns."""
        text = Text(no_wrap=True, end="")
        data = node.data
        if data is None or self.observed is None:
            return text
        depth = self.depth_of(node)
        indent = depth * 2
        if node.allow_expand:
            arrow = self.ICON_NODE_EXPANDED if node.is_expanded else self.ICON_NODE
            text.append(arrow, style + self.style_of("dim") + _TOGGLE)
            indent += 2
        elif depth == 0:
            text.append("  ", style)
            indent += 2
        columns = self._columns
        width = columns.total
        cells = self._cells(data, self.observed, columns.facts)
        if len(self._drawn) > _DRAWN_AT_MOST:
            self._drawn.clear()
        self._drawn[data.key] = (cells, self.search_text)
        for words, role in layout(cells, columns, indent, self.glyphs, cell_len):
            text.append(words, style + self.style_of(role))
        if self.search_text:
            self._highlight_found(text, columns.name - depth * 2)
        text.append(" " * max(0, width - depth * 2 - text.cell_len), style)
        return text

    @property
    def _columns(self) -> Columns:
        """The columns of now."""
        return Columns.of(self.scrollable_content_region.width or self.size.width, *self.longest_names)

    @property
    def longest_names(self) -> tuple[int, int]:
        """Cells of the longest name in an open branch, with guides, arrow and mark before it; of any row, and of what
        has a digest of its own."""
        if self._longest is None:
            names, images = 1, 0
            for branch in self._branches.values():
                data = branch.data
                if data is None or data.kind in _LONG:
                    continue
                cells = width_of(data.label) + self.depth_of(branch) * 2 + (2 if branch.allow_expand else 0)
                names = max(names, cells)
                if data.kind in MANIFEST_KINDS:
                    images = max(images, cells)
            self._longest = names, images
        return self._longest

    def _highlight_found(self, text: Text, limit: int) -> None:
        place = text.plain.casefold().find(self.search_text.casefold())
        if 0 <= place < limit:
            found = self.get_component_rich_style("tree--found", partial=True)
            text.stylize(found, place, place + len(self.search_text))

    # --- opening and closing -------------------------------------------------------------------------------------

    @on(Tree.NodeExpanded)
    def _fill_expanded(self, event: Tree.NodeExpanded[Node | None]) -> None:
        event.stop()
        node = event.node.data
        if node is None or self._branches.get(node.key) is not event.node:
            return
        self._expanded.add(node.key)
        self._reconcile(event.node, list(self.children_of(node)))
        self.post_message(self.Expanded(node))

    @on(Tree.NodeCollapsed)
    def _empty_collapsed(self, event: Tree.NodeCollapsed[Node | None]) -> None:
        event.stop()
        node = event.node.data
        if node is None or event.node.is_expanded:
            return
        self._expanded.discard(node.key)
        for child in list(event.node.children):
            self._forget(child)
            child.remove()
        self.post_message(self.Collapsed(node))

    def is_open(self, node: Node) -> bool:
        """Whether a row is expanded."""
        branch = self._branches.get(node.key)
        return branch is not None and branch.is_expanded

    def open_row(self, node: Node) -> None:
        """Expand a row."""
        branch = self._branches.get(node.key)
        if branch is not None and branch.allow_expand and not branch.is_expanded:
            branch.expand()

    def close_row(self, node: Node) -> None:
        """Collapse a row."""
        branch = self._branches.get(node.key)
        if branch is not None and branch.is_expanded:
            branch.collapse()

    def collapse_below(self, node: Node) -> None:
        """Collapse a row and forget that anything below it was open."""
        below = {inner.key for inner in node.walk()}
        self._expanded -= below
        self.close_row(node)

    def expand_quietly(self, node: Node) -> None:
        """Expand a row without asking for its children again (they are there, or on their way)."""
        self._expanded.add(node.key)
        branch = self._branches.get(node.key)
        if branch is None or branch.is_expanded or not branch.allow_expand:
            return
        parent = branch.parent
        if parent is None:
            return
        place = parent.children.index(branch)
        under_cursor = self.cursor_node is branch
        self._forget(branch)
        branch.remove()
        self._add(parent, node, place if place < len(parent.children) else None)
        if under_cursor:
            self._restore(node.key, (), self.cursor_line - round(self.scroll_y))

    # --- the cursor ----------------------------------------------------------------------------------------------

    @property
    def current(self) -> Node | None:
        """The node under the cursor."""
        return self.cursor_node.data if self.cursor_node is not None else None

    def unfold(self, node: Node) -> None:
        """Expand the rows above a row."""
        for above in reversed(list(node.ancestors())):
            if not self.is_open(above):
                self.expand_quietly(above)

    def go(self, node: Node) -> bool:
        """Put the cursor on a row, expanding the rows above it; False when it is not shown at all."""
        self.unfold(node)
        if node.key not in self._branches and node.parent is not None and self.is_open(node.parent):
            self.sync(node.parent)  # it was opened just now, and not filled yet
        branch = self._branches.get(node.key)
        if branch is None:
            return False
        _ = self.last_line
        height = max(1, self.size.height)
        away = not round(self.scroll_y) <= branch.line < round(self.scroll_y) + height
        self.move_cursor(branch)
        if away:
            self.scroll_to(y=max(0, branch.line - height // 4), animate=False, force=True, immediate=True)
        return True

    def move(self, where: str) -> None:
        """Move the cursor: `up`, `down`, `page-up`, `page-down`, `top`, `bottom`."""
        page = max(1, self.scrollable_content_region.height - 1)
        line = self.cursor_line
        line = {
            "up": line - 1,
            "down": line + 1,
            "page-up": line - page,
            "page-down": line + page,
            "top": 0,
            "bottom": self.last_line,
        }[where]
        self.cursor_line = min(max(0, line), self.last_line)
        self.scroll_to_line(self.cursor_line, animate=False)

    @on(Tree.NodeHighlighted)
    def _tell_moved(self, event: Tree.NodeHighlighted[Node | None]) -> None:
        event.stop()
        self.post_message(self.Moved(self.current))

    @on(Tree.NodeSelected)
    def _swallow_selected(self, event: Tree.NodeSelected[Node | None]) -> None:
        event.stop()

    def on_click(self, event: events.Click) -> None:
        if event.chain == 2 and self.current is not None and not event.style.meta.get("toggle"):
            self.post_message(self.Chosen(self.current))

    def reveal(self, node: Node) -> None:
        """Scroll so that what is below an open row is on the screen, as far as it fits with the row itself and with the
        cursor, which may be on another row."""
        branch = self._branches.get(node.key)
        if branch is None or not branch.is_expanded:
            return
        _ = self.last_line
        last = branch
        while last.is_expanded and last.children:
            last = last.children[-1]
        top, height = round(self.scroll_y), max(1, self.size.height)
        wanted = min(branch.line, last.line - height + 1)
        if self.cursor_line >= top:
            wanted = min(wanted, self.cursor_line)
        if wanted > top:
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)

    # --- the rows on the screen ----------------------------------------------------------------------------------

    def visible_nodes(self) -> list[Node]:
        """The nodes of the rows on the screen, from the top."""
        nodes = []
        top = round(self.scroll_y)
        for line in range(top, top + max(1, self.size.height)):
            branch = self.get_node_at_line(line)
            if branch is None:
                break
            if branch.data is not None:
                nodes.append(branch.data)
        return nodes

    def _cells(self, node: Node, observed: Observed, facts: int) -> Row:
        cells = row(node, observed, self.glyphs, marks=self.marks, tick=self.tick, rests=self.rests, facts=facts)
        return replace(cells, note=self.put_in(cells.note)) if node.kind is Kind.MORE else cells

    def repaint(self, first: int = 0, count: int | None = None) -> bool:
        """Draw those rows on the screen again that say something else by now: `count` of them (None: all) from `first`
        on, 0 being the one at the top. Whether there are more. Rows off the screen are looked at when they come back.
        """
        if self.observed is None:
            return False
        top = round(self.scroll_y)
        bottom = top + max(1, self.size.height)
        end = bottom if count is None else min(bottom, top + first + count)
        facts = self._columns.facts
        for line in range(top + first, end):
            branch = self.get_node_at_line(line)
            if branch is None:
                return False
            data = branch.data
            if data is None:
                continue
            cells = self._cells(data, self.observed, facts)
            if self._drawn.get(data.key) != (cells, self.search_text):
                branch.refresh()
        return end < bottom

    def on_resize(self) -> None:
        """Keep the cursor's row on the screen when the pane shrinks."""
        self.call_after_refresh(self.scroll_to_line, self.cursor_line, animate=False)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self.repaint()
            self.post_message(self.Scrolled())


def matches(node: Node, text: str) -> bool:
    """Whether a row is found by a text: by its name, its platform, or those of an image that is listed below it."""
    wanted = text.casefold()
    if wanted in node.label.casefold() or (node.platform is not None and wanted in str(node.platform).casefold()):
        return True
    return any(child.kind in MANIFEST_KINDS and matches(child, text) for child in node.children)
