"""One heartbeat for everything that changes: at once after a pause, then at most every `interval` seconds."""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.timer import Timer
from textual.widget import Widget

#: The pause after a beat is at least so many times as long as the beat took.
SHARE = 10.0


class Pulse:
    """Calls `beat` soon after `poke`, however often it is poked. `beat` returns True to be called again.

    `interval` is in seconds; with 0 (tests) it beats as soon as the loop is idle, and never by itself. A beat that
    took long is followed by a longer pause, so that drawing never takes more than a tenth of the time.
    """

    def __init__(self, owner: Widget, beat: Callable[[], bool], interval: float) -> None:
        self._owner = owner
        self._beat = beat
        self.interval = interval
        self._last = 0.0
        self._cost = 0.0
        self._pending = False
        self._beating = False
        self._timer: Timer | None = None

    def poke(self) -> None:
        """Something changed. Whoever pokes from within a beat is heard when that is over and its cost is known."""
        if self._pending or not self._owner.is_running:
            return
        self._pending = True
        if not self._beating:
            self._schedule()

    def _schedule(self) -> None:
        wait = self._last + max(self.interval, self._cost * SHARE) - time.monotonic() if self.interval else 0.0
        if wait <= 0:
            self._owner.call_later(self._run)
        else:
            self._timer = self._owner.set_timer(wait, self._run)

    def _run(self) -> None:
        self._pending = False
        self._timer = None
        if not self._owner.is_attached:
            return
        began = time.monotonic()
        self._beating = True
        again = False
        try:
            again = self._beat()
        finally:
            self._beating = False
            self._last = time.monotonic()
            self._cost = self._last - began
            if self._pending or (again and self.interval > 0):
                self._pending = True
                self._schedule()
