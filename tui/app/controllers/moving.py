"""Moving about: cursor, panes, tabs, layout."""

from __future__ import annotations

from abc import abstractmethod

from tui.app.actions import action
from tui.app.house import House
from tui.explore.availability import unavailable_open, unavailable_requests, unavailable_selected, unavailable_toggle
from tui.explore.node import Kind, Load, Node
from tui.teach.events import EventKind
from tui.text import plural

#: `=` asks before it would fetch more manifests than this.
ASK_ABOVE = 200
#: `=` never opens more rows than this in one go.
OPEN_AT_MOST = 2_000

TABS = (
    ("summary", "Summary"),
    ("layers", "Layers"),
    ("config", "Config"),
    ("json", "JSON"),
    ("findings", "Findings"),
    ("explain", "Explain"),
)


class Moving(House):
    """Actions of the groups Move and Panes."""

    def _move(self, where: str) -> None:
        if self.pane == "detail":
            self.page_view.move(where)
        elif self.pane == "requests":
            self.requests.move(where)
        else:
            self.images.move(where)

    @action("up", keys="up,k", title="up", words="Move up", group="Move")
    def do_up(self) -> None:
        self._move("up")

    @action("down", keys="down,j", title="down", words="Move down", group="Move")
    def do_down(self) -> None:
        self._move("down")

    @action("left", keys="left,h", title="collapse", words="Collapse, else go to the parent", group="Move")
    def do_left(self) -> None:
        if self.pane != "tree":
            self.focus_pane(1)
            return
        node = self.current
        if node is None:
            return
        if self.images.is_open(node):
            self.images.close_row(node)
        elif node.parent is not None:
            self.images.go(node.parent)

    @action("right", keys="right,l", title="expand", words="Expand, else go to the first child", group="Move")
    def do_right(self) -> None:
        node = self.current
        if self.pane != "tree" or node is None:
            return
        if not node.expandable:
            return
        if not self.images.is_open(node):
            self.images.open_row(node)
        elif children := self.images.children_of(node):
            self.images.go(children[0])

    @action("top", keys="home,g", title="top", words="Go to the first line", group="Move")
    def do_top(self) -> None:
        self._move("top")

    @action("bottom", keys="end,G", title="bottom", words="Go to the last line", group="Move")
    def do_bottom(self) -> None:
        self._move("bottom")

    @action("page-up", keys="pageup,ctrl+u", title="page up", words="One page up", group="Move")
    def do_page_up(self) -> None:
        self._move("page-up")

    @action("page-down", keys="pagedown,ctrl+d", title="page down", words="One page down", group="Move")
    def do_page_down(self) -> None:
        self._move("page-down")

    @action(
        "open",
        keys="enter",
        title="open",
        words="Open: expand a row, load the next page, follow the chosen link, show a request",
        group="Move",
        unavailable=unavailable_open,
        rank=1,
    )
    async def do_open(self) -> None:
        """Enter: follow the chosen link, show the request, load the next page, or expand and show."""
        if self.pane == "detail":
            if not self.page_view.follow():
                self.say("Tab chooses a link on this page, Enter follows it.")
            return
        if self.pane == "requests":
            await self.show_exchange()
            return
        node = self.current
        if node is not None:
            await self.open_node(node)

    async def open_node(self, node: Node) -> None:
        """Open a row: the next page of a list, or what is below it, or the detail of what has nothing below."""
        if node.kind is Kind.MORE:
            await self.explorer.load_more(node)
        elif node.expandable:
            if self.images.is_open(node):
                self.images.close_row(node)
            else:
                self.images.open_row(node)
        else:
            self.focus_pane(2)

    async def load(self, node: Node) -> None:
        """Ask for what is below a row. Failures are on the row itself."""
        await self.explorer.open(node)
        self.flush()
        self.images.reveal(node)
        if node.load is Load.READY and node.kind is not Kind.MORE:
            self.observer.publish_about(EventKind.OPENED, node)
        self.refresh_detail()
        self.refresh_verdict()

    @action(
        "toggle",
        keys="space",
        title="fold",
        words="Expand or collapse the row",
        group="Move",
        unavailable=unavailable_toggle,
    )
    def do_toggle(self) -> None:
        node = self.current
        if self.pane == "detail":
            self.page_view.move("page-down")
        elif node is not None:
            if self.images.is_open(node):
                self.images.close_row(node)
            else:
                self.images.open_row(node)

    @action(
        "collapse-all",
        keys="minus",
        title="collapse all",
        words="Collapse everything below",
        group="Move",
        unavailable=unavailable_selected,
    )
    def do_collapse_all(self) -> None:
        if (node := self.current) is not None:
            self.images.collapse_below(node)

    @action(
        "expand-all",
        keys="equals_sign",
        title="expand all",
        words="Expand everything below (asks before it fetches a lot)",
        group="Move",
        unavailable=unavailable_selected,
    )
    async def do_expand_all(self) -> None:
        """Open everything below the row, level by level; asks before it would fetch many manifests."""
        from tui.app.pages.parts import prose
        from tui.app.screens.dialogs import Confirm
        from tui.app.styled_text import Lines

        start = self.current
        if start is None:
            return
        opened = 0
        agreed = False
        level = [start]
        while level:
            unread = [node for node in level if node.load is Load.IDLE and node.kind is not Kind.MORE]
            if not agreed and opened + len(unread) > ASK_ABOVE:
                text = f"This would fetch {len(unread):,} more manifests (at most {OPEN_AT_MOST:,} are opened)."
                dialog = Confirm("Expand all below", Lines([prose(text)]), yes="fetch them")
                agreed = await self.ask(dialog) is True
                if not agreed:
                    return
            following: list[Node] = []
            for node in level:
                if opened >= OPEN_AT_MOST:
                    self.say(f"Stopped after {plural(opened, 'row')}.", severity="warning")
                    return
                if node.load is Load.IDLE:
                    opened += 1
                    await self.explorer.open(node)
                self.images.expand_quietly(node)
                following += [child for child in self.images.children_of(node) if _worth_opening(child)]
            level = following
        self.flush()
        self.images.reveal(start)
        self.refresh_detail()
        self.refresh_verdict()

    # --- panes ---------------------------------------------------------------------------------------------------

    @action("next-pane", keys="tab", title="next", words="Next link on the page, then the next pane", group="Panes")
    def do_next_pane(self) -> None:
        if self.pane == "detail" and self.page_view.step_link(1):
            return
        self._step_pane(1)

    @action(
        "previous-pane",
        keys="shift+tab",
        title="previous",
        words="Previous link on the page, then the previous pane",
        group="Panes",
    )
    def do_previous_pane(self) -> None:
        if self.pane == "detail" and self.page_view.chosen is not None and self.page_view.step_link(-1):
            return
        self._step_pane(-1)

    def _step_pane(self, step: int) -> None:
        shown = [1, 2] + ([3] if self.requests_shown else [])
        at = {"tree": 1, "detail": 2, "requests": 3}.get(self.pane, 1)
        self.focus_pane(shown[(shown.index(at) + step) % len(shown)] if at in shown else 1)

    @action("pane-1", keys="1", title="Images", words="Go to pane 1, the tree", group="Panes")
    def do_pane_1(self) -> None:
        self.focus_pane(1)

    @action("pane-2", keys="2", title="Detail", words="Go to pane 2, the detail", group="Panes")
    def do_pane_2(self) -> None:
        self.focus_pane(2)

    @action(
        "pane-3",
        keys="3",
        title="Requests",
        words="Go to pane 3, the requests",
        group="Panes",
        unavailable=unavailable_requests,
    )
    def do_pane_3(self) -> None:
        self.show_requests(True)
        self.focus_pane(3)
        self.observer.publish_view("requests")

    @action("previous-tab", keys="left_square_bracket", title="tab", words="Previous tab of the detail", group="Panes")
    def do_previous_tab(self) -> None:
        self._step_tab(-1)

    @action("next-tab", keys="right_square_bracket", title="tab", words="Next tab of the detail", group="Panes")
    def do_next_tab(self) -> None:
        self._step_tab(1)

    def _step_tab(self, step: int) -> None:
        names = [name for name, _ in TABS]
        self.show_tab(names[(names.index(self.tab) + step) % len(names)])

    # --- brought by the screen and by Looking --------------------------------------------------------------------

    requests_shown: bool

    @abstractmethod
    def flush(self) -> None:
        """Make the tree look like the data at once."""

    @abstractmethod
    def show_requests(self, shown: bool) -> None:
        """Show or hide pane 3."""

    @abstractmethod
    async def show_exchange(self) -> None:
        """Show the headers of the request under the cursor."""


def _worth_opening(node: Node) -> bool:
    return node.expandable and node.kind not in (Kind.MORE, Kind.FAULT, Kind.GROUP, Kind.REFERRERS)
