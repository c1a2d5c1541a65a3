"""The one line on stderr that tells how far it is: rewritten in place, wiped before anything else is written."""

from __future__ import annotations

import time
from collections.abc import Callable

from tui.commands.output import progress_cells, show_progress, shows_progress, wipe_progress
from tui.engine import Engine
from tui.explore.node import Node
from tui.explore.tree import CheckProgress, Event

_PACE = 0.1
#: Nothing is said of a rate before so many seconds: it would be that of the first few answers.
_WARM_UP = 1.0


class StatusLine:
    """Says what is going on now, in one line on stderr that is written again and again; only where somebody
    looks at it."""

    def __init__(self, *, ascii_only: bool = False, quiet: bool = False) -> None:
        self.on = shows_progress() and not quiet
        self._spinner = ""
        self._tick = 0
        self._shown_at = 0.0
        self._shown = False
        if self.on:
            from tui.explore.cells import glyphs  # late: where nobody looks, nothing turns

            self._spinner = glyphs(ascii_only).spinner

    @property
    def rested(self) -> bool:
        """Whether it was not written a moment ago."""
        return time.monotonic() - self._shown_at >= _PACE

    def show(self, text: str) -> None:
        """Say this, unless something that was said a moment ago still stands there."""
        if not self.on or (self._shown and not self.rested):
            return
        self._shown_at, self._shown = time.monotonic(), True
        self._tick += 1
        show_progress(f"{self._spinner[self._tick % len(self._spinner)]} {text}")

    def hide(self) -> None:
        """Before anything else is written."""
        if self._shown:
            wipe_progress()
            self._shown = False


class CheckLine:
    """Heard from `open` to `close`, and only where somebody looks at it."""

    def __init__(self, engine: Engine, *, quiet: bool = False) -> None:
        self._engine = engine
        self._line = StatusLine(ascii_only=engine.settings.ascii, quiet=quiet)
        self._began = time.monotonic()
        self._before = engine.trace.count
        self._tags, self._of = 0, 0
        self._objects = 0
        self._running: dict[Node, int] = {}
        self._stop: Callable[[], None] = engine.explorer.subscribe(self._hear) if self._line.on else lambda: None
        self.hide = self._line.hide

    def expect(self, tags: int) -> None:
        """So many tags more are looked at."""
        self._of += tags

    def finish(self, node: Node, objects: int) -> None:
        """One of them is done, and these objects with it."""
        self._tags += 1
        self._objects += objects
        self._running.pop(node, None)

    def close(self) -> None:
        """Nothing is shown any more."""
        self._stop()
        self.hide()

    def _hear(self, event: Event) -> None:
        if not isinstance(event, CheckProgress):
            return
        if event.running:
            self._running[event.node] = event.done
        if self._line.rested:  # also after a report was printed: many come in a moment
            self._line.show(self.words(event, time.monotonic()))

    def words(self, event: CheckProgress, now: float) -> str:
        """ "61 of 212 tags  1,204 objects  31 req/s  0:12", or of one image how far it is."""
        elapsed = now - self._began
        clock = f"{int(elapsed) // 60}:{int(elapsed) % 60:02}"
        rate = f"{(self._engine.trace.count - self._before) / elapsed:,.0f} req/s" if elapsed >= _WARM_UP else ""
        if self._of > 1:
            from tui.text import plural

            objects = self._objects + sum(self._running.values())
            parts = [f"{self._tags:,} of {self._of:,} tags", plural(objects, "object"), rate, clock]
            return "  ".join(filter(None, parts))
        return _of_one(event, rate, clock, progress_cells() - 2)


def _of_one(event: CheckProgress, rate: str, clock: str, room: int) -> str:
    """How far it is with one image. Where it is narrow the rate is left out first, then the clock, then a part of the
    name: bytes and the time that is left stay."""
    from tui.text import shorten, width

    for ends in ([rate, clock], [clock], []):
        tail = "  ".join([f": {event.words}", *filter(None, ends)])
        left = room - width("checking ") - width(tail)
        if left >= width(event.node.label):
            break
    return f"checking {shorten(event.node.label, max(left, 1))}{tail}"
