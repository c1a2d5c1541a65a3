"""A tree whose branches follow the data: TreeNodes exist only below what is expanded, and rows keep their identity.

Rows are known by their node's key. `sync` changes as little as it can; the cursor stays on its row, and the row stays
where it is on the screen. Nodes are removed from the front, because Textual looks for each from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from tui.explore.node import Node

Branch = TreeNode[Node | None]


class BranchTree(Tree[Node | None]):
    """It knows nothing of sources: `sync` makes a branch look like its node's children of now."""

    def __init__(self, label: str, *, id: str | None = None) -> None:
        #: Which children of a node are shown, and in which order; None is the invisible root.
        self.children_of: Callable[[Node | None], Sequence[Node]] = lambda node: node.children if node else ()
        self._branches: dict[str, Branch] = {}
        self._expanded: set[str] = set()
        super().__init__(label, id=id)

    def branches_changed(self) -> None:
        """Rows were added or removed, or got an arrow."""

    @staticmethod
    def depth_of(node: Branch) -> int:
        """How many rows are above one."""
        depth = -1
        parent = node.parent
        while parent is not None:
            depth += 1
            parent = parent.parent
        return depth

    def sync(self, node: Node | None) -> None:
        """Make an expanded row (None: the whole tree) show the children that its node has now."""
        branch = self.root if node is None else self._branches.get(node.key)
        if branch is None:
            return
        if node is not None and branch.allow_expand != node.expandable:
            branch.allow_expand = node.expandable
            branch.refresh()
            self.branches_changed()
        if node is None or branch.is_expanded:
            self._reconcile(branch, list(self.children_of(node)))

    def sync_all(self) -> None:
        """As `sync` for every expanded row: which children are shown has changed everywhere."""
        self._reconcile(self.root, list(self.children_of(None)))
        for key in list(self._branches):
            branch = self._branches.get(key)
            if branch is not None and branch.is_expanded and branch.data is not None:
                self._reconcile(branch, list(self.children_of(branch.data)))

    def _reconcile(self, branch: Branch, wanted: list[Node]) -> None:
        shown = [child.data for child in branch.children]
        if len(shown) == len(wanted) and all(a is b for a, b in zip(shown, wanted, strict=True)):
            return
        cursor = self.cursor_node
        here = cursor.data.key if cursor is not None and cursor.data is not None else None
        offset = self.cursor_line - round(self.scroll_y)
        nearby = self._keys_near(cursor)
        keep = {id(node) for node in wanted}
        for child in [child for child in branch.children if id(child.data) not in keep]:
            self._forget(child)
            child.remove()
        kept = [child.data for child in branch.children]
        order = {id(node): place for place, node in enumerate(wanted)}
        places = [order[id(node)] for node in kept]
        if places != sorted(places):
            for child in list(branch.children):
                self._forget(child)
                child.remove()
            kept = []
        self._insert(branch, wanted, {id(node) for node in kept})
        if here is not None:
            self._restore(here, nearby, offset)

    def _insert(self, branch: Branch, wanted: list[Node], there: set[int]) -> None:
        for place, node in enumerate(wanted):
            if id(node) in there:
                continue
            self._add(branch, node, place if place < len(branch.children) else None)

    def _add(self, branch: Branch, node: Node, before: int | None) -> None:
        expanded = node.expandable and node.key in self._expanded
        made = branch.add("", node, before=before, expand=expanded, allow_expand=node.expandable)
        self._branches[node.key] = made
        self.branches_changed()
        if expanded:
            for child in self.children_of(node):
                self._add(made, child, None)

    def _forget(self, branch: Branch) -> None:
        for child in branch.children:
            self._forget(child)
        if branch.data is not None and self._branches.get(branch.data.key) is branch:
            del self._branches[branch.data.key]
            self.branches_changed()

    def _keys_near(self, cursor: Branch | None) -> list[str]:
        """Where the cursor goes when its row is gone: the rows below and above it in its branch, then its parents."""
        if cursor is None or cursor.parent is None:
            return []
        siblings = [child.data.key for child in cursor.parent.children if child.data is not None]
        here = cursor.data.key if cursor.data is not None else ""
        place = siblings.index(here) if here in siblings else 0
        keys = siblings[place + 1 : place + 50] + siblings[max(0, place - 50) : place][::-1]
        parent: Branch | None = cursor.parent
        while parent is not None and parent.data is not None:
            keys.append(parent.data.key)
            parent = parent.parent
        return keys

    def _restore(self, here: str, nearby: Iterable[str], offset: int) -> None:
        found = next((self._branches[key] for key in (here, *nearby) if key in self._branches), None)
        if found is None:
            return
        _ = self.last_line  # rebuilds the lines, so that the row has a number again
        self.move_cursor(found)
        self.scroll_to(y=max(0, found.line - max(0, offset)), animate=False, force=True, immediate=True)
