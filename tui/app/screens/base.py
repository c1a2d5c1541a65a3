"""Toasts, dialogs, work beside a screen."""

from __future__ import annotations

import logging
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from textual.screen import Screen
from textual.worker import Worker

from tui.app.failure import failure

if TYPE_CHECKING:
    from textual.screen import ModalScreen

Answer = TypeVar("Answer")
_log = logging.getLogger(__name__)

#: Seconds within which the same warning is not shown twice, however often its key is pressed.
_REPEAT = 3.0


class HostScreen(Screen[None]):
    """A screen that says, asks and starts things."""

    _asking = False
    _warned: tuple[str, str] = ("", "")
    _warned_until = 0.0

    def say(self, text: str, *, title: str = "", severity: str = "information", timeout: float | None = None) -> None:
        """A toast. The text must be safe; it is never read as markup. A warning of a moment ago is not said again."""
        if severity == "warning":
            now = time.monotonic()
            if (text, title) == self._warned and now < self._warned_until:
                return
            self._warned, self._warned_until = (text, title), now + _REPEAT
        self.app.notify(text, title=title, severity=severity, timeout=timeout, markup=False)  # type: ignore[arg-type]

    def warn(self, text: str) -> None:
        """Say why something does not work."""
        self.say(text, severity="warning")

    async def ask(self, dialog: ModalScreen[Answer]) -> Answer | None:
        """Show a dialog and wait for its answer; None when it was left. Call it from a worker (`start`).

        A second question while one is open (keys typed faster than it appeared) is not asked: None.
        """
        if self._asking:
            return None
        self._asking = True
        try:
            return await self.app.push_screen_wait(dialog)
        finally:
            self._asking = False

    def start(
        self, work: Coroutine[Any, Any, Any], name: str, *, group: str = "", exclusive: bool = False
    ) -> Worker[None]:
        """Run a coroutine beside the screen. Whatever it raises becomes a toast and a line in the log, never an end."""
        return self.run_worker(
            self._guarded(work, name), name=name, group=group or name, exclusive=exclusive, exit_on_error=False
        )

    async def _guarded(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        try:
            await work
        except Exception as error:
            _log.exception("%s failed", name)
            self.say(failure(error), title="Action failed", severity="error", timeout=12)
