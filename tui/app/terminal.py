"""The terminal: given back whatever ends the program, and never deaf to the key that leaves."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.driver import Driver

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

#: So many keys wait to be carried out at most; the rest of a key that is stuck is dropped. What a terminal pastes comes
#: as one event, not as keys.
MOST_WAITING = 1000

#: Mouse, focus and paste reports off, line wrap on, keyboard protocol and alternate screen left, cursor shown.
_RESTORE = (
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[?2048l\x1b[?7h\x1b[<u\x1b[?1049l\x1b[?25h"
)


def patient(
    kind: type[Driver], leave: Callable[[], None], keys: Callable[[], frozenset[str]], stir: Callable[[], None]
) -> type[Driver]:
    """A driver that calls `stir` on the loop when a key arrives, some turns of the loop before anybody deals with it.

    It drops keys while too many wait, and has `leave` called (on the loop) for one of `keys` then: with the others
    before it, it would wait for as long as they take.
    """

    class PatientDriver(kind):  # type: ignore[misc, valid-type]
        _on_the_way = 0

        def send_message(self, message: Message) -> None:
            """In the thread that reads the terminal."""
            if isinstance(message, events.Key) and self._on_the_way + waiting(self._app) > MOST_WAITING:
                if message.key in keys():
                    self._loop.call_soon_threadsafe(leave)
                return
            self._on_the_way += 1
            self._loop.call_soon_threadsafe(self._arrived, message)

        def _arrived(self, message: Message) -> None:
            self._on_the_way -= 1
            if isinstance(message, events.Key):
                stir()
            self._app.post_message(message)

    return PatientDriver


def waiting(app: App[Any]) -> int:
    """How many messages wait where keys go."""
    screen = app.screen_stack[-1] if app.screen_stack else None
    focused = screen.focused if screen is not None else None
    return sum(pump.message_queue_size for pump in (app, screen, focused) if pump is not None)


def leave_at_once(driver: Driver | None, status: int) -> None:
    """End the process now: what should have ended it hangs. The terminal is given back as far as it is there."""
    with contextlib.suppress(OSError):
        os.write(2, _RESTORE.encode())
    attributes = getattr(driver, "attrs_before", None)
    if attributes is not None:
        import termios

        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(sys.__stdin__.fileno() if sys.__stdin__ else 0, termios.TCSANOW, attributes)
    os._exit(status)
