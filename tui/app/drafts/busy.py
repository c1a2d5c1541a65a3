"""A question that takes a moment: runs it, says how far it is, and can be left with Esc."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from textual.app import ComposeResult
from textual.widgets import Static

from tui.app.screens.dialogs import Dialog
from tui.app.styled_text import Line, Lines
from tui.app.widgets.page import PageView

T = TypeVar("T")
#: So many lines of progress are kept in sight.
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came of it: a value, or the error that was raised."""

    value: T | None = None
    error: Exception | None = None


class Busy(Dialog[Answer[T]]):
    """Runs `work(tell)`; the answer is None when the reader did not want to wait."""

    def __init__(self, title: str, work: Callable[[Callable[[str], None]], Awaitable[T]]) -> None:
        super().__init__(title)
        self._work = work
        self._said: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.box(PageView(id="busy"), Static("esc leave, nothing is written", classes="dialog-hint"), wide=True)

    def on_mount(self) -> None:
        self._draw()
        self.run_worker(self._run(), exit_on_error=False)

    async def _run(self) -> None:
        try:
            value = await self._work(self.tell)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # handed to whoever asked, who tells the reader
            self.dismiss(Answer(error=error))
        else:
            self.dismiss(Answer(value))

    def tell(self, text: str) -> None:
        """One more line (safe text) about how far it is."""
        self._said.append(text)
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        lines = [Line(hang=2).put("· ", "dim").put(text) for text in self._said[-_SHOWN:]]
        view = self.query_one(PageView)
        view.styles.height = _SHOWN if self.size.height > 16 else 4
        view.show(Lines(lines or [Line().put("Asking…", "dim")]))
        view.move("bottom")
