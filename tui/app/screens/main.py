"""The main screen: tree, detail, requests, verdict, keys. It puts the panes and the controllers together and passes
messages on; what a key does is in `tui.app.controllers`, what a pane shows in `tui.app.pages`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from tui.app.actions import ActionSet
from tui.app.controllers.checking import Checking
from tui.app.controllers.clipboard import Clipboard
from tui.app.controllers.detail import TABS, Detail
from tui.app.controllers.navigation import Navigation
from tui.app.controllers.panes import Panes
from tui.app.controllers.program import Program
from tui.app.controllers.search import Search
from tui.app.controllers.selection import Selection
from tui.app.keys import Keys
from tui.app.observer import LessonObserver
from tui.app.picture import Picture
from tui.app.refresh import Pane, Redraw
from tui.app.screens.base import HostScreen
from tui.app.services import Services
from tui.app.status import Status
from tui.app.widgets.bars import Clickable, HeaderLine, KeyBar, TabStrip, VerdictLine
from tui.app.widgets.findbar import FindBar
from tui.app.widgets.matrix import MatrixView
from tui.app.widgets.page import PageView
from tui.app.widgets.requests import RequestList
from tui.app.widgets.tree import ImageTree
from tui.explore.availability import ActionContext
from tui.explore.cells import Glyphs
from tui.explore.findings_cache import FindingsCache
from tui.explore.node import Node
from tui.teach.events import EventKind

if TYPE_CHECKING:
    from tui.app.clipboard import Handed
    from tui.app.controllers.lessons import LessonController
    from tui.config import Settings
    from tui.explore.explorer import Explorer
    from tui.registry.client import Client
    from tui.registry.trace import Trace


#: The row under the cursor when a key was pressed, for what that key began.
_PRESSED: ContextVar[tuple[Node | None] | None] = ContextVar("pressed", default=None)


class MainScreen(HostScreen):
    """The panes and what belongs to them. `hand_over` gives a text to the clipboard; `interval` is the shortest time
    between two redraws, in seconds (0: as soon as the loop is idle)."""

    CSS_PATH = "../main.tcss"
    AUTO_FOCUS = "ImageTree"

    def __init__(
        self,
        keys: Keys,
        glyphs: Glyphs,
        settings: Settings,
        hand_over: Callable[[str], Awaitable[Handed]],
        *,
        interval: float = 0.1,
    ) -> None:
        super().__init__()
        self.services: Services | None = None
        self.lessons: LessonController | None = None
        """Lessons and rehearsals: there a moment after the first sources."""
        self.keys = keys
        keys.bind(self, "main")
        self.glyphs = glyphs
        self.settings = settings
        self.read_only = settings.read_only

        self.header, self.tabs = HeaderLine(id="header"), TabStrip(TABS, id="tabs")
        self.images, self.page_view = ImageTree(id="tree"), PageView(id="page")
        self.requests = RequestList(id="requests")
        self.side = Container(id="side")
        """The slot at the right edge: lessons mount their panel in it."""
        self.find_bar, self.verdict, self.key_bar = FindBar(id="find-bar"), VerdictLine(id="verdict"), KeyBar(id="keys")

        self._last_action = ""
        self.redraw = Redraw(self, interval)
        # A screen that never draws by itself (tests) would show an old finding until something else happens.
        self.findings = FindingsCache(self.redraw.told_is_old, patient=interval > 0)
        self.observer = LessonObserver()
        self.status = Status(self)
        self.picture = Picture(self)
        self.panes = Panes(self)
        self.navigation = Navigation(self)
        self.search = Search(self)
        self.checking = Checking(self)
        self.detail = Detail(self)
        self.selection = Selection(self)
        self.clipboard = Clipboard(self, hand_over)
        self.actions = ActionSet(keys, "main", self.context, start=self.start, warn=self.warn)
        for controller in (
            self.panes, self.navigation, self.search, self.checking, self.detail, self.selection, self.clipboard,
            Program(self),
        ):  # fmt: skip
            self.actions.add(controller)

    def compose(self) -> ComposeResult:
        yield self.header
        with Container(id="body"):
            with Horizontal(id="upper"):
                with Container(id="panes"):
                    with Vertical(id="tree-pane", classes="pane"):
                        yield self.images
                    with Vertical(id="detail-pane", classes="pane"):
                        yield self.tabs
                        yield self.picture.bar
                        yield self.picture.view
                        yield self.page_view
                yield self.side
            with Vertical(id="requests-pane", classes="pane"):
                yield self.requests
        yield self.find_bar
        yield self.verdict
        yield self.key_bar

    def on_mount(self) -> None:
        self.images.use_glyphs(self.glyphs)
        self.images.put_in = self.keys.put_in
        self.images.children_of = self.checking.shown_children
        for number, pane in enumerate(("tree", "detail", "requests"), 1):
            self.query_one(f"#{pane}-pane").border_title = self.keys.titled(f"pane-{number}")
        self.side.display = False
        self.picture.bar.display = self.picture.view.display = False
        self.panes.show_requests(False)
        self.panes.lay_out()
        self.detail.welcome()
        self.status.refresh_header()
        self.status.refresh_keys()

    def enter(self, services: Services) -> None:
        """Show what these services know."""
        self.services = services
        self.images.observed = services.explorer
        self.requests.trace = services.trace
        self.redraw.follow(services)
        self.redraw.sync_tree()
        self.status.refresh_header()

    @property
    def explorer(self) -> Explorer:
        """The engine. Only call this when `ready`."""
        assert self.services is not None, "no source is open"
        return self.services.explorer

    @property
    def ready(self) -> bool:
        """Whether the engine is there."""
        return self.services is not None

    @property
    def client(self) -> Client | None:
        """What asks registries, where any can be asked."""
        return self.services.client if self.services is not None else None

    @property
    def trace(self) -> Trace | None:
        """The requests that were made, where any can be."""
        return self.services.trace if self.services is not None else None

    @property
    def current(self) -> Node | None:
        """The row under the tree's cursor."""
        return self.images.current

    @property
    def chosen(self) -> Node | None:
        """The row on which the key was pressed that began this; the cursor may have gone on since."""
        pressed = _PRESSED.get()
        return self.current if pressed is None else pressed[0]

    @property
    def marks(self) -> list[Node]:
        """The marked rows, in the order they were marked."""
        return self.images.marks

    @property
    def pane(self) -> str:
        """Which pane has the keys: `tree`, `detail`, `requests` or `side`."""
        focused = self.focused
        if focused is self.page_view or focused is self.picture.view:
            return "detail"
        if focused is self.requests:
            return "requests"
        if focused is not None and self.side in focused.ancestors_with_self:
            return "side"
        return "tree"

    def context(self) -> ActionContext:
        """What the reasons for and against an action look at."""
        services = self.services
        linked = self.clipboard.linked()
        return ActionContext(
            node=self.current,
            pane=self.pane,
            ready=self.ready,
            read_only=self.read_only,
            marks=tuple(self.marks),
            links=self.page_view.link_count + (self.picture.target is not None),
            places=len(self.navigation.places),
            exchange=self.requests.chosen is not None,
            traced=self.trace is not None,
            linked=None if linked is None else bool(linked.digest),
            drafts=len(services.drafts.drafts) if services is not None and services.drafts is not None else 0,
        )

    def action_act(self, action_id: str) -> None:
        """A key was pressed: carry out its action, or say why not."""
        if action_id == "new" and self.search.takes_the_key_of_new:
            action_id = "previous-match"
        if action_id != self._last_action:  # a key that is held down leads into nothing that it did not draw yet
            self._last_action = action_id
            self.redraw.throttle.settle()
        # What an action awaits runs in a task of its own, which begins when other keys were read already. It takes this
        # along.
        pressed = _PRESSED.set((self.current,))
        try:
            self.actions.run(action_id)
        finally:
            _PRESSED.reset(pressed)

    # --- messages ------------------------------------------------------------------------------------------------

    @on(ImageTree.Expanded)
    def _expanded(self, event: ImageTree.Expanded) -> None:
        self.navigation.expanded(event.node)

    @on(ImageTree.Collapsed)
    def _collapsed(self, event: ImageTree.Collapsed) -> None:
        self.navigation.collapsed(event.node)

    @on(ImageTree.Moved)
    def _moved(self) -> None:
        self.redraw.throttle.hurry(Pane.AT_CURSOR)
        self.observer.publish_about(EventKind.SELECTED, self.current)

    @on(ImageTree.Chosen)
    def _chosen(self, event: ImageTree.Chosen) -> None:
        self.start(self.navigation.open_node(event.node), "open")

    @on(ImageTree.Scrolled)
    def _scrolled(self) -> None:
        self.redraw.focus_engine()

    @on(RequestList.Chosen)
    def _request_chosen(self) -> None:
        self.start(self.navigation.show_exchange(), "request")

    @on(PageView.Followed)
    def _followed(self, event: PageView.Followed) -> None:
        self.start(self.navigation.follow(event.link.target), "follow")

    @on(MatrixView.Moved)
    def _cell_moved(self) -> None:
        self.detail.refresh()

    @on(MatrixView.Chosen)
    def _cell_chosen(self) -> None:
        self.start(self.navigation.open(), "open")

    @on(FindBar.Typed)
    def _typed(self, event: FindBar.Typed) -> None:
        self.search.typed(event.text)

    @on(FindBar.Step)
    def _stepped(self, event: FindBar.Step) -> None:
        self.search.stepped(event.where)

    @on(Clickable.Act)
    def _act_clicked(self, event: Clickable.Act) -> None:
        self.action_act(event.action)

    @on(TabStrip.Picked)
    def _tab_picked(self, event: TabStrip.Picked) -> None:
        self.detail.show_tab(event.tab)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.search.leave_find_bar()
        # Not below a mouse button that is held: what it points at would move away before it is clicked or selected.
        if self._mouse_down_offset is None:
            self.panes.lay_out()
        self.status.refresh_keys()

    def on_text_selected(self) -> None:
        """A mouse button was let go, whether or not text was selected."""
        self.panes.lay_out()

    def on_resize(self, event: events.Resize) -> None:
        self.panes.lay_out()
        if self.picture.visible:
            self.call_after_refresh(self.detail.refresh)
