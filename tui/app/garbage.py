"""When the collector walks everything there is: while nobody waits for a key to be answered."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.message_pump import MessagePump
    from textual.timer import Timer

#: Seconds without a key or a redraw that are a good moment, and how long it is waited for at most.
QUIET, OVERDUE = 2.0, 60.0
#: Young objects are walked some 3,500 at a time, which takes a millisecond. After so many times everything is.
_YOUNG, WORTH = (700, 4), 20
_NEVER = 1_000_000


class QuietCollector:
    """Keeps the collector from walking all objects whenever it likes, which takes up to a tenth of a second when some
    thousand rows were checked, and does so in a quiet moment instead. Young objects are still collected at any time."""

    def __init__(self, owner: MessagePump) -> None:
        self._owner = owner
        self._timer: Timer | None = None
        self._stirred = self._last = time.monotonic()
        self._young = 0
        self._before = gc.get_threshold()

    def begin(self) -> None:
        """From now on."""
        self._before = gc.get_threshold()
        gc.set_threshold(*_YOUNG, _NEVER)

    def end(self) -> None:
        """Leave it to the collector again."""
        gc.set_threshold(*self._before)
        if self._timer is not None:
            self._timer.stop()

    def stir(self) -> None:
        """Somebody pressed a key, or something was drawn."""
        self._stirred = time.monotonic()
        if self._timer is None:
            self._timer = self._owner.set_timer(QUIET, self._look)

    def _look(self) -> None:
        now = time.monotonic()
        self._timer = None
        if _young_collections() - self._young < WORTH:
            return
        if now - self._stirred < QUIET and now - self._last < OVERDUE:
            self._timer = self._owner.set_timer(QUIET - (now - self._stirred), self._look)
            return
        _walk()
        self._last, self._young = now, _young_collections()


def _walk() -> None:
    gc.collect()


def _young_collections() -> int:
    return int(gc.get_stats()[1]["collections"])
