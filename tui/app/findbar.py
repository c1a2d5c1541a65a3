"""The line in which a filter or a search is typed, live. It holds no result: it says what was typed."""

from __future__ import annotations

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class FindBar(Horizontal):
    """Hidden until ``ask``. Esc clears and closes, Enter keeps what was typed and closes."""

    class Typed(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, FindBar.Typed)

    class Left(Message):
        """The bar was closed: ``keep`` when the text stays in force."""

        def __init__(self, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    class Step(Message):
        """Up or down was pressed while typing: move in the pane below without leaving."""

        def __init__(self, where: str) -> None:
            super().__init__()
            self.where = where

    def compose(self) -> ComposeResult:
        yield Static("", id="find-label", markup=False)
        yield Input(id="find-input", compact=True)
        yield Static("", id="find-count", markup=False)

    def on_mount(self) -> None:
        self.display = False

    def ask(self, label: str, text: str) -> None:
        """Show the bar with what is in force now."""
        self.display = True
        self.query_one("#find-label", Static).update(f" / {label} ")
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = text
        field.cursor_position = len(text)
        field.focus()

    def count(self, words: str) -> None:
        """Say how much matches."""
        self.query_one("#find-count", Static).update(words)

    @property
    def text(self) -> str:
        """What is typed."""
        return self.query_one(Input).value

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.display = False
        self.post_message(self.Left(keep=True))

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            self.display = False
            self.post_message(self.Left(keep=False))
        elif event.key in ("up", "down"):
            event.stop()
            self.post_message(self.Step(event.key))
