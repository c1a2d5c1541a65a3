"""Drawing what has changed: a flag for each pane that is out of date, one clock for all of them, and slices.

A frame is drawn at most every `interval` seconds, and not in one piece: after each pane, and after every few rows of
the tree, there is time to put it on the screen, and to deal with keys. What a key makes out of date beside its own rows
is drawn next, whatever the clock says.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import Flag, auto
from typing import TYPE_CHECKING, Protocol

from textual.timer import Timer
from textual.widget import Widget

from tui.explore.node import Node
from tui.explore.tree import CheckProgress, ChildrenChanged, Event, NodeChanged, PresenceChanged

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen
    from tui.app.services import Services

#: The pause after a frame is at least so many times as long as drawing it took.
SHARE = 10.0
#: The longest pause, in seconds, where frames are to come at once.
MOST_AT_ONCE = 0.05
#: While keys come (one within the last `TYPING` seconds) there is a frame at most so often, in seconds, and it follows
#: a key, for the next one is the farther away the sooner it begins. `NO_KEY` seconds after the last frame it begins
#: without one.
WHILE_TYPING, NO_KEY, TYPING = 0.25, 0.5, 0.5
#: Between two slices Textual puts the first on the screen, which takes as long again as drawing it. In seconds.
BETWEEN = 1 / 120
#: So many rows of the tree are looked at in one slice.
ROWS_AT_ONCE = 12
#: So often (seconds) the ages of answers are told anew though nothing happens.
AGES_EVERY = 30.0


class Pane(Flag):
    """What can be out of date, in the order in which it is drawn."""

    DETAIL = auto()
    PICTURE = auto()
    """What turns in the matrix above the detail."""
    VERDICT = auto()
    HEADER = auto()
    KEYS = auto()
    REQUESTS = auto()
    TREE = auto()
    """Which rows there are, and what they say."""
    ROWS = auto()
    """What the rows on the screen say."""
    TURNING = PICTURE | ROWS
    """Nothing new is known, but symbols turn and seconds are counted."""
    AROUND = VERDICT | HEADER | KEYS
    """The lines around the panes: little enough to be drawn together."""
    AT_CURSOR = DETAIL | AROUND
    """What tells of the row under the cursor."""


NOTHING = Pane(0)


class Painter(Protocol):
    """Who draws."""

    def begin(self, dirty: Pane) -> Pane:
        """A frame begins, these panes being out of date; the panes to draw."""

    def draw(self, pane: Pane) -> bool:
        """Draw one pane, or a part of it; whether there is more of it."""

    def end(self) -> bool:
        """The frame is drawn; whether something on the screen turns by itself."""


class RefreshThrottle:
    """The clock. It has those panes drawn that were asked for since the last frame; while something on the screen turns
    by itself, `TURNING` again and again.

    `interval` is in seconds. A frame that took long to draw is followed by a longer pause, so that drawing never takes
    more than a tenth of the time. With an interval of 0 (tests) a frame comes at once, or after a pause that hardly
    anybody notices, never by itself, and in one piece.
    """

    def __init__(self, owner: Widget, painter: Painter, interval: float) -> None:
        self._owner = owner
        self._painter = painter
        self.interval = interval
        self._last = 0.0
        self._cost = 0.0
        self._dirty = NOTHING
        """What the next frame is to draw."""
        self._waiting = False
        """Whether that has its time already."""
        self._timer: Timer | None = None
        """What begins it then, unless that is at once."""
        self._due = NOTHING
        """What is left to draw now, slice by slice."""
        self._keyed = NOTHING
        """What of it a key made out of date."""
        self._turn = NOTHING
        """The pane that was drawn last."""
        self._in_frame = False
        """Whether there is more in it than what keys made out of date."""
        self._last_key = 0.0
        #: Called when something is drawn.
        self.stir: Callable[[], None] = lambda: None

    @property
    def pending(self) -> bool:
        """Whether something waits to be drawn."""
        return self._waiting or bool(self._due)

    def request(self, panes: Pane) -> None:
        """These panes are out of date. What is asked for while a frame is drawn waits for the next one."""
        if not self._owner.is_running:
            return
        self._dirty |= panes
        if not self._waiting and not self._in_frame:
            self._schedule()

    def hurry(self, panes: Pane) -> None:
        """A key made these panes out of date: draw them as soon as the rows that it changed are on the screen."""
        idle = not self._due
        self._due |= panes
        self._keyed |= panes
        self._last_key = time.monotonic()
        if not self.interval:
            self.settle()
        elif idle:
            self._owner.set_timer(BETWEEN, self._after_key)

    def settle(self) -> None:
        """Draw what keys made out of date now: another key may lead into it."""
        for pane in self._keyed:
            self._draw(pane)

    def _schedule(self) -> None:
        share = self._cost * SHARE
        pause = max(self.interval, share) if self.interval else min(share, MOST_AT_ONCE)
        now = time.monotonic()
        if self.interval and now - self._last_key < TYPING:
            pause = max(pause, NO_KEY)
        wait = self._last + pause - now
        self._waiting = True
        if wait <= 0:
            self._owner.call_later(self._begin)
        else:
            self._timer = self._owner.set_timer(wait, self._begin)

    def _after_key(self) -> None:
        """What a key changed is on the screen."""
        try:
            if self._timer is not None and time.monotonic() - self._last >= max(WHILE_TYPING, self._cost * SHARE):
                self._timer.stop()
                self._take()
        finally:
            self._slice()

    def _begin(self) -> None:
        idle = not self._due
        try:
            self._take()
        finally:
            if idle:
                self._slice()

    def _take(self) -> None:
        """A frame begins: what is out of date is due."""
        self.stir()
        dirty, self._dirty = self._dirty, NOTHING
        self._waiting, self._timer = False, None
        if self._owner.is_attached:
            self._in_frame = True
            self._cost = 0.0
            self._due |= self._painter.begin(dirty)

    def _slice(self) -> None:
        """Draw a slice of what is due; the rest when that is on the screen."""
        if not self._owner.is_attached:
            return
        try:
            while self._due:
                pane = self._next()
                for each in self._due & Pane.AROUND if pane in Pane.AROUND else pane:
                    self._draw(each)
                if self.interval:
                    break
        finally:
            if self._due:
                self._owner.set_timer(BETWEEN, self._slice)
            else:
                self._finish()

    def _next(self) -> Pane:
        """Each in its turn: no key that is held down keeps the rows from being drawn."""
        panes = list(self._due)
        self._turn = next((pane for pane in panes if pane.value > self._turn.value), panes[0])
        return self._turn

    def _draw(self, pane: Pane) -> None:
        began = time.monotonic()
        of_frame = pane not in self._keyed
        self._due &= ~pane
        self._keyed &= ~pane
        try:
            if self._painter.draw(pane):
                self._due |= pane
        finally:
            if of_frame:
                self._cost += time.monotonic() - began

    def _finish(self) -> None:
        if self._in_frame:
            self._in_frame = False
            self._last = time.monotonic()
            if self._painter.end() and self.interval:
                self._dirty |= Pane.TURNING
        if self._dirty and not self._waiting:
            self._schedule()


class Redraw:
    """Keeps the main screen as the engine and the trace have it."""

    def __init__(self, screen: MainScreen, interval: float) -> None:
        self.screen = screen
        self.throttle = RefreshThrottle(screen, self, interval)
        self._nodes: dict[Node, None] = {}
        """Rows to make anew, in the order in which they changed."""
        self._news = False
        """Whether findings may be others by now."""
        self._live = False
        """Whether a row turns by itself."""
        self._row = 0
        """Of the rows on the screen, the next to look at."""

    def follow(self, services: Services) -> None:
        """Draw whatever changes there from now on."""
        services.explorer.subscribe(self._changed)
        if services.trace is not None:
            services.trace.subscribe(lambda exchange: self.throttle.request(Pane.REQUESTS))
        self.screen.set_interval(AGES_EVERY, self.told_is_old)

    def told_is_old(self) -> None:
        """What is told is older than what is known, or its age has changed: tell it anew when that is due."""
        self.throttle.request(Pane.DETAIL | Pane.VERDICT)

    def _changed(self, event: Event) -> None:
        panes = Pane.TREE | Pane.DETAIL | Pane.VERDICT
        if isinstance(event, ChildrenChanged | NodeChanged):
            self._nodes[event.node] = None
            if self._holds_cursor(event.node):
                panes |= Pane.KEYS  # what can be done with a row depends on what was read of it
        elif isinstance(event, CheckProgress):
            panes = Pane.VERDICT if event.running else panes
        elif isinstance(event, PresenceChanged) and not self._concerns_detail(event):
            panes = Pane.TREE | Pane.VERDICT
        self._news = True
        self.throttle.request(panes)

    def _holds_cursor(self, node: Node) -> bool:
        """Whether the cursor is on this row or on one below it."""
        here = self.screen.current
        return here is not None and (node in (here, here.held) or node in here.ancestors())

    def _concerns_detail(self, event: PresenceChanged) -> bool:
        """Whether the page may tell of this object: it tells of the row under the cursor and of what is below that."""
        node = self.screen.current
        return node is not None and node.source is event.source and node.repository in (None, event.repository)

    def begin(self, dirty: Pane) -> Pane:
        """A frame begins: what is drawn of it."""
        screen = self.screen
        if not screen.app.is_running:
            return NOTHING  # on the way out, what would be drawn on is taken away already
        if self._news or screen.findings.stale:
            self._news = False
            screen.findings.forget()
        screen.status.say_notices()
        screen.images.rests = screen.status.rests
        self._live = screen.status.live
        self._row = 0
        if self._live and dirty & (Pane.TREE | Pane.ROWS):
            screen.images.tick += 1
        due = dirty | Pane.HEADER
        if Pane.TREE in dirty:
            due |= Pane.ROWS
        if Pane.DETAIL in dirty:
            due &= ~Pane.PICTURE
        return due | Pane.REQUESTS if screen.panes.requests_shown else due & ~Pane.REQUESTS

    def draw(self, pane: Pane) -> bool:
        """Draw one pane, or a slice of the rows; whether there are more."""
        screen = self.screen
        if not screen.app.is_running:
            return False
        if pane is Pane.ROWS:
            return self._draw_rows()
        if pane is Pane.TREE:
            self._sync()
        elif pane is Pane.DETAIL:
            screen.detail.refresh()
        elif pane is Pane.PICTURE:
            screen.picture.turn()
        elif pane is Pane.VERDICT:
            screen.status.refresh_verdict()
        elif pane is Pane.HEADER:
            screen.status.refresh_header()
        elif pane is Pane.KEYS:
            screen.status.refresh_keys()
        else:
            screen.requests.update()
            if screen.trace is not None:
                screen.observer.publish_exchanges(screen.trace)
        return False

    def end(self) -> bool:
        """The frame is drawn; whether something on the screen turns by itself."""
        if not self.screen.app.is_running:
            return False
        self._publish()
        return self._live or self.screen.status.rate_is_shown

    def sync_tree(self) -> None:
        """Make the tree look like the data now."""
        if self.screen.ready:
            self._sync()
            self.screen.images.repaint()
            self.focus_engine()

    def _sync(self) -> None:
        """Show the rows that there are now."""
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
        if screen.images.current is None and screen.explorer.roots:
            screen.images.go(screen.explorer.roots[0])

    def _draw_rows(self) -> bool:
        first, self._row = self._row, self._row + ROWS_AT_ONCE
        more = self.screen.images.repaint(first, ROWS_AT_ONCE)
        if not more:
            self.focus_engine()
        return more

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
