"""One heartbeat for everything that changes: at once after a pause, then at most every ``interval`` seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.timer import Timer
from textual.widget import Widget


class Pulse:
    """Calls ``beat`` soon after ``poke``, however often it is poked. ``beat`` returns True to be called again.

    ``interval`` is in seconds; with 0 (tests) it beats as soon as the loop is idle, and never by itself.
    """

    def __init__(self, owner: Widget, beat: Callable[[], bool], interval: float) -> None:
        self._owner = owner
        self._beat = beat
        self.interval = interval
        self._last = 0.0
        self._pending = False
        self._timer: Timer | None = None

    def poke(self) -> None:
        """Something changed."""
        if self._pending or not self._owner.is_running:
            return
        self._pending = True
        wait = self._last + self.interval - time.monotonic()
        if wait <= 0:
            self._owner.call_later(self._run)
        else:
            self._timer = self._owner.set_timer(wait, self._run)

    def _run(self) -> None:
        self._pending = False
        self._timer = None
        if not self._owner.is_attached:
            return
        again = self._beat()
        self._last = time.monotonic()
        if again and self.interval > 0:
            self.poke()
