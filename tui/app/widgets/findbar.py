"""The line in which a filter or a search is typed, live. It holds no result: it says what was typed."""

from __future__ import annotations

from collections.abc import Callable

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static


class Field(Input):
    """Where it is typed. A key counts by the order of typing, however fast they come: what comes after the one that
    closed the bar is another pane's, although it was sent here."""

    def on_key(self, event: events.Key) -> None:
        bar = self.parent
        assert isinstance(bar, FindBar)
        if not bar.display:
            event.prevent_default()
        elif bar.special(event.key):
            event.stop()
            event.prevent_default()


class FindBar(Horizontal):
    """Hidden until `ask`. Esc clears and closes, Enter keeps what was typed and closes."""

    class Typed(Message):
        """The text changed."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, FindBar.Typed)

    class Step(Message):
        """Up or down was pressed while typing: move in the pane below without leaving."""

        def __init__(self, where: str) -> None:
            super().__init__()
            self.where = where

    def compose(self) -> ComposeResult:
        yield Static("", id="find-label", markup=False)
        yield Field(id="find-input", compact=True, select_on_focus=False)
        yield Static("", id="find-count", markup=False)

    #: Called when the bar was closed, with whether the text stays in force. At once: the next key is another pane's.
    left: Callable[[bool], None] = staticmethod(lambda keep: None)
    #: Where a character belongs that was typed before those that are in the field already.
    _early = 0

    def on_mount(self) -> None:
        self.display = False

    def ask(self, label: str, text: str) -> None:
        """Show the bar with what is in force now."""
        self.display = True
        self.name_it(label)
        field = self.query_one(Input)
        with self.prevent(Input.Changed):
            field.value = text
        field.cursor_position = self._early = len(text)
        self.screen.set_focus(field)  # at once: what is typed next belongs here

    def name_it(self, label: str) -> None:
        """Say what is filtered, or where it is found."""
        self.query_one("#find-label", Static).update(f" / {label} ")

    def catch(self, event: events.Key) -> bool:
        """Take a key that was on its way to another pane when the bar opened (it was typed fast, or pasted). It comes
        before whatever was typed since. False when it is none of the bar's."""
        if not self.display:
            return False
        if event.is_printable and event.character is not None:
            field = self.query_one(Input)
            cursor = field.cursor_position
            field.insert(event.character, self._early)
            field.cursor_position = cursor + 1
            self._early += 1
            return True
        return self.special(event.key)

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

    def special(self, key: str) -> bool:
        """Carry out a key that is no text; False when it has no meaning here."""
        if key in ("escape", "enter"):
            self.display = False
            self.left(key == "enter")
        elif key in ("up", "down"):
            self.post_message(self.Step(key))
        else:
            return False
        return True
