"""Drawing what has changed: at once after a pause, then at most every `interval` seconds, and only the panes that say
something else by now."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Flag, auto
from typing import TYPE_CHECKING

from textual.timer import Timer
from textual.widget import Widget

from tui.explore.node import Node
from tui.explore.tree import CheckProgress, ChildrenChanged, Event, NodeChanged, PresenceChanged

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen
    from tui.app.services import Services

#: The pause after a redraw is at least so many times as long as the redraw took.
SHARE = 10.0
#: The longest pause, in seconds, where redraws are to come at once.
MOST_AT_ONCE = 0.05
#: So many seconds after a key only what it changes is drawn.
AFTER_KEY = 0.06
#: What has waited so long already is drawn sooner after a key, between two of them; and after the longest time at once.
WAITED = 0.25
RIGHT_AFTER_KEY, WAITED_LONG = 0.03, 1.0
#: So often (seconds) the ages of answers are told anew though nothing happens.
AGES_EVERY = 30.0


class Pane(Flag):
    """What can be out of date."""

    TREE = auto()
    DETAIL = auto()
    VERDICT = auto()
    REQUESTS = auto()
    TURNING = auto()
    """Nothing new is known, but symbols turn and seconds are counted."""


NOTHING = Pane(0)


class RefreshThrottle:
    """Calls `draw` with the panes that were asked for since the last time. `draw` returns True while something on the
    screen turns by itself: then it is called again, with `TURNING`.

    `interval` is in seconds. A redraw that took long is followed by a longer pause, so that drawing never takes more
    than a tenth of the time. With an interval of 0 (tests) it draws at once, or after a pause that hardly anybody
    notices, and never by itself.
    """

    def __init__(self, owner: Widget, draw: Callable[[Pane], bool], interval: float) -> None:
        self._owner = owner
        self._draw = draw
        self.interval = interval
        self._last = 0.0
        self._cost = 0.0
        self._dirty = NOTHING
        self._pending = False
        self._drawing = False
        self._timer: Timer | None = None
        self._key = 0.0
        #: Called when a key came or something was drawn.
        self.stir: Callable[[], None] = lambda: None

    def give_way(self) -> None:
        """A key was pressed: what it changes is drawn first."""
        self._key = time.monotonic()
        self.stir()

    @property
    def pending(self) -> bool:
        """Whether something waits to be drawn."""
        return self._pending

    def request(self, panes: Pane) -> None:
        """These panes are out of date. What is asked for while drawing waits until that is over and its cost known."""
        if not self._owner.is_running:
            return
        self._dirty |= panes
        if self._pending:
            return
        self._pending = True
        if not self._drawing:
            self._schedule()

    def _schedule(self) -> None:
        share = self._cost * SHARE
        pause = max(self.interval, share) if self.interval else min(share, MOST_AT_ONCE)
        wait = self._last + pause - time.monotonic()
        if wait <= 0:
            self._owner.call_later(self._run)
        else:
            self._timer = self._owner.set_timer(wait, self._run)

    def _wait_for_key(self) -> float:
        """How many seconds the frame of the last key should have for itself still."""
        now = time.monotonic()
        waited = now - self._last
        if waited > WAITED_LONG:
            return 0.0
        return self._key + (AFTER_KEY if waited < WAITED else RIGHT_AFTER_KEY) - now

    def _run(self) -> None:
        if self.interval and (wait := self._wait_for_key()) > 0:
            self._timer = self._owner.set_timer(wait, self._run)
            return
        self.stir()
        dirty, self._dirty = self._dirty, NOTHING
        self._pending = False
        self._timer = None
        if not self._owner.is_attached:
            return
        began = time.monotonic()
        self._drawing = True
        again = False
        try:
            again = self._draw(dirty)
        finally:
            self._drawing = False
            self._last = time.monotonic()
            self._cost = self._last - began
            if again and self.interval > 0:
                self._dirty |= Pane.TURNING
                self._pending = True
            if self._pending:
                self._schedule()


class Redraw:
    """Keeps the main screen as the engine and the trace have it."""

    def __init__(self, screen: MainScreen, interval: float) -> None:
        self.screen = screen
        self.throttle = RefreshThrottle(screen, self._draw, interval)
        self._nodes: dict[Node, None] = {}
        """Rows to make anew, in the order in which they changed."""
        self._news = False
        """Whether findings may be others by now."""

    def follow(self, services: Services) -> None:
        """Draw whatever changes there from now on."""
        services.explorer.subscribe(self._changed)
        if services.trace is not None:
            services.trace.subscribe(lambda exchange: self.throttle.request(Pane.REQUESTS))
        self.screen.set_interval(AGES_EVERY, lambda: self.throttle.request(Pane.DETAIL | Pane.VERDICT))

    def findings_are_old(self) -> None:
        """Findings were given out that are older than what is known: make them anew when that is due."""
        self.throttle.request(Pane.DETAIL | Pane.VERDICT)

    def _changed(self, event: Event) -> None:
        panes = Pane.TREE | Pane.DETAIL | Pane.VERDICT
        if isinstance(event, ChildrenChanged | NodeChanged):
            self._nodes[event.node] = None
        elif isinstance(event, CheckProgress):
            panes = Pane.VERDICT if event.running else panes
        elif isinstance(event, PresenceChanged) and not self._concerns_detail(event):
            panes = Pane.TREE | Pane.VERDICT
        self._news = True
        self.throttle.request(panes)

    def _concerns_detail(self, event: PresenceChanged) -> bool:
        """Whether the page may tell of this object: it tells of the row under the cursor and of what is below that."""
        node = self.screen.current
        return node is not None and node.source is event.source and node.repository in (None, event.repository)

    def _draw(self, dirty: Pane) -> bool:
        """Draw what is out of date. True while something on the screen turns by itself."""
        screen = self.screen
        if not screen.app.is_running:
            return False  # on the way out, what would be drawn on is taken away already
        if self._news or screen.findings.stale:
            self._news = False
            screen.findings.forget()
        screen.status.say_notices()
        screen.images.rests = screen.status.rests
        live = screen.status.live
        if live and dirty & (Pane.TREE | Pane.TURNING):
            screen.images.tick += 1
        if dirty & Pane.TREE:
            self.sync_tree()
        elif dirty & Pane.TURNING:
            screen.images.repaint()
        if dirty & Pane.DETAIL:
            screen.detail.refresh()
        elif dirty & Pane.TURNING:
            screen.picture.turn()
        if dirty & Pane.VERDICT:
            screen.status.refresh_verdict()
        if screen.panes.requests_shown:
            screen.requests.update()
            if screen.services is not None and screen.services.trace is not None:
                screen.observer.publish_exchanges(screen.services.trace)
        screen.status.refresh_header()
        self._publish()
        return live or screen.status.rate_is_shown

    def sync_tree(self) -> None:
        """Make the tree look like the data now."""
        screen = self.screen
        if not screen.ready:
            return
        changed, self._nodes = self._nodes, {}
        if screen.checking.problems_only:
            screen.images.sync_all()
            screen.checking.title_tree()
        else:
            screen.images.sync(None)
            for node in changed:
                screen.images.sync(node)
        screen.images.repaint()
        self.focus_engine()
        if screen.images.current is None and screen.explorer.roots:
            screen.images.go(screen.explorer.roots[0])

    def focus_engine(self) -> None:
        """Tell the engine what is on the screen: it asks for that first."""
        if self.screen.ready:
            self.screen.explorer.focus(self.screen.images.visible_nodes())

    def _publish(self) -> None:
        """What the rows on the screen show, and the findings of what the cursor is in, for whoever follows along."""
        screen = self.screen
        if screen.observer.heard and screen.current is not None:
            about = screen.current.top() or screen.current
            found = screen.findings.findings(about, screen.explorer)
            screen.observer.publish_screen(screen.images.visible_nodes(), found, screen.explorer)
