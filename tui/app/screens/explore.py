"""The main screen: tree, detail, requests, verdict, keys. It draws what the engine says and passes on what keys ask."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.widget import Widget

from tui.app.actions import ActionSet
from tui.app.controllers.moving import TABS
from tui.app.controllers.saving import Saving
from tui.app.findbar import FindBar
from tui.app.keys import BY_ID, Keys
from tui.app.observer import LessonObserver
from tui.app.panes.layout import Panes
from tui.app.pulse import Pulse
from tui.app.services import Services
from tui.app.widgets.bars import Clickable, HeaderLine, KeyBar, KeyFact, TabStrip, VerdictBox
from tui.app.widgets.page import PageView
from tui.app.widgets.requests import RequestList
from tui.app.widgets.tree import ImageTree
from tui.explore.cells import Glyphs
from tui.explore.findings_cache import FindingsCache
from tui.explore.node import Node
from tui.explore.tree import ChildrenChanged, Event, NodeChanged
from tui.teach.events import EventKind
from tui.text import plural, shorten

#: So many notices at once are said; a registry may send any number of warnings.
MOST_NOTICES = 3


class ExploreScreen(Panes, Saving):
    """All of it. What a key does is in `actions/`; what a pane shows in `panes.py` and `pages/`."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *Keys().bindings(),
        Binding("ctrl+c", "screen.copy_text", "Copy selected text", show=False),
    ]
    CSS_PATH = "../main.tcss"
    AUTO_FOCUS = "ImageTree"

    def __init__(self, keys: Keys, glyphs: Glyphs, *, read_only: bool = False, interval: float = 0.1) -> None:
        super().__init__()
        self.services: Services | None = None
        self.keys = keys
        bindings = self._bindings.key_to_bindings  # a copy of the class's own: the user's keys are this screen's
        for key in [key for key, bound in bindings.items() if any(each.id in BY_ID for each in bound)]:
            del bindings[key]
        bindings.update({each.key: [each] for each in keys.bindings()})
        self.glyphs = glyphs
        self.observer = LessonObserver()
        self.pulse = Pulse(self, self._beat, interval)
        # A screen that never beats by itself (tests) would show an old finding until something else happens.
        self.judge = FindingsCache(self.pulse.poke, patient=interval > 0)
        self.read_only = read_only
        self.places: list[str] = []
        self.problems_only = False
        self.tab = "summary"
        self.json_pretty = True
        self.requests_shown = False
        self.layout_choice = "auto"
        self.zoomed = ""
        self.actions = ActionSet(keys, "main", self.context, start=self.start, warn=self.warn)
        self.actions.add(self)
        self._dirty: dict[Node, None] = {}
        self._disk_notes = {}
        self._changed = False
        self._noticed: set[str] = set()

    def compose(self) -> ComposeResult:
        yield HeaderLine(id="header")
        with Container(id="body"):
            with Horizontal(id="upper"):
                with Container(id="panes"):
                    with Vertical(id="tree-pane", classes="pane"):
                        yield ImageTree(id="tree")
                    with Vertical(id="detail-pane", classes="pane"):
                        yield TabStrip(TABS, id="tabs")
                        yield PageView(id="page")
                yield Container(id="side")
            with Vertical(id="requests-pane", classes="pane"):
                yield RequestList(id="requests")
        yield FindBar(id="find-bar")
        yield VerdictBox(id="verdict")
        yield KeyBar(id="keys")

    def on_mount(self) -> None:
        self.images.use_glyphs(self.glyphs)
        self.images.children_of = self.shown_children
        self.query_one("#tree-pane").border_title = "1 Images"
        self.query_one("#detail-pane").border_title = "2 Detail"
        self.query_one("#requests-pane").border_title = "3 Requests"
        self.side.display = False
        self.show_requests(False)
        self.lay_out()
        self.welcome()
        self.refresh_header()
        self.refresh_keys()

    # --- the services --------------------------------------------------------------------------------------------

    def enter(self, services: Services) -> None:
        """Show what the services know."""
        self.services = services
        self.images.book = services.explorer
        services.explorer.subscribe(self._heard)
        if services.trace is not None:
            self.requests.trace = services.trace
            services.trace.subscribe(lambda exchange: self.pulse.poke())
        self.flush()
        self.refresh_header()

    def _heard(self, event: Event) -> None:
        """An event of the engine: note it, draw later."""
        if isinstance(event, ChildrenChanged | NodeChanged):
            self._dirty[event.node] = None
        self._changed = True
        self.pulse.poke()

    def _beat(self) -> bool:
        """Draw what has changed. True while something on the screen turns by itself."""
        if self._changed or self.judge.stale:
            self._changed = False
            self.judge.forget()
            self.flush()
            self.refresh_detail()
            self.refresh_verdict()
        self.tell_notices()
        self.images.rests = self.rests
        live = self.live
        if live:
            self.images.tick += 1
            self.images.repaint()
        if self.requests_shown:
            self.requests.update()
            if self.services is not None and self.services.trace is not None:
                self.observer.publish_exchanges(self.services.trace)
        self.refresh_header()
        self._publish_screen()
        return live or self.rate_is_shown

    def flush(self) -> None:
        """Make the tree look like the data now."""
        if self.services is None:
            return
        dirty, self._dirty = self._dirty, {}
        if self.problems_only:
            self.refilter()
        else:
            self.images.sync(None)
            for node in dirty:
                self.images.sync(node)
        self.images.repaint()
        self.focus_engine()
        if self.images.current is None and self.explorer.roots:
            self.images.go(self.explorer.roots[0])

    def focus_engine(self) -> None:
        """Tell the engine what is on the screen: it asks for that first."""
        if self.services is not None:
            self.explorer.focus(self.images.visible_nodes())

    def tell_notices(self) -> None:
        """Say each notice of the engine once: logins that did not help, warnings of registries, how names were read."""
        engine = self.services.engine if self.services is not None else None
        if engine is None:
            return
        new = [text for text in engine.notices if text not in self._noticed]
        self._noticed.update(new)
        for text in new[:MOST_NOTICES]:
            self.say(shorten(text, 500), title="To know", severity="warning", timeout=20)
        if len(new) > MOST_NOTICES:
            left = len(new) - MOST_NOTICES
            self.say(f"{plural(left, 'more notice')}: see the Summary of the registry.", severity="warning", timeout=20)

    def _publish_screen(self) -> None:
        """Publish what the rows on the screen show, and the findings of what the cursor is in."""
        if self.observer.heard and self.current is not None and self.ready:
            about = self.current.top() or self.current
            findings = self.judge.findings(about, self.explorer)
            self.observer.publish_screen(self.images.visible_nodes(), findings, self.explorer)

    # --- what the tree tells -------------------------------------------------------------------------------------

    @on(ImageTree.Expanded)
    def _expanded(self, event: ImageTree.Expanded) -> None:
        event.stop()
        if self.services is not None:
            self.start(self.load(event.node), f"open {event.node.key}", group=f"open:{event.node.key}", exclusive=True)
            self.focus_engine()

    @on(ImageTree.Collapsed)
    def _collapsed(self, event: ImageTree.Collapsed) -> None:
        event.stop()
        if self.services is not None:
            self.explorer.leave(event.node)
            self.focus_engine()

    @on(ImageTree.Moved)
    def _moved(self, event: ImageTree.Moved) -> None:
        event.stop()
        self.refresh_detail(keep=False)
        self.refresh_verdict()
        self.refresh_header()
        self.refresh_keys()
        self.observer.publish_about(EventKind.SELECTED, self.current)

    @on(ImageTree.Chosen)
    def _chosen(self, event: ImageTree.Chosen) -> None:
        event.stop()
        self.start(self.open_node(event.node), "open")

    @on(ImageTree.Scrolled)
    def _scrolled(self, event: ImageTree.Scrolled) -> None:
        event.stop()
        self.focus_engine()

    @on(RequestList.Chosen)
    def _request_chosen(self, event: RequestList.Chosen) -> None:
        event.stop()
        self.start(self.show_exchange(), "request")

    @on(Clickable.Act)
    async def _act_clicked(self, event: Clickable.Act) -> None:
        event.stop()
        await self.action_act(event.action)

    @on(TabStrip.Picked)
    def _tab_picked(self, event: TabStrip.Picked) -> None:
        event.stop()
        self.show_tab(event.tab)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        self.leave_find_bar()
        self.lay_out()
        self.refresh_keys()

    def on_resize(self, event: events.Resize) -> None:
        self.lay_out()

    # --- keys ----------------------------------------------------------------------------------------------------

    def refresh_keys(self) -> None:
        """Draw the key bar for where the cursor is now."""
        reasons = self.actions.reasons()
        shown = sorted((action for action in self.actions.table if action.rank), key=lambda action: action.rank)
        self.query_one(KeyBar).keys = tuple(
            KeyFact(action.id, self.keys.first(action.id), action.title, reasons[action.id]) for action in shown
        )

    def show_tab(self, tab: str) -> None:
        """Bring a detail tab up."""
        self.tab = tab
        self.query_one(TabStrip).active = tab
        if not self.query_one("#detail-pane", Widget).display:
            self.focus_pane(2)
        self.forget_page()
        self.refresh_detail(keep=False)
