"""What the screens of fixing share: a head line, a body, a line of keys, and room for a lesson at the side."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeVar

from rich.style import Style
from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.geometry import Size
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget

from tui.app.screens.main import MainScreen
from tui.app.styled_text import Line, wrap
from tui.app.widgets.bars import Clickable
from tui.app.widgets.styled import StyledWidget

T = TypeVar("T")

MOVES = {
    "up": "up", "k": "up", "down": "down", "j": "down", "pageup": "page-up", "ctrl+u": "page-up",
    "pagedown": "page-down", "ctrl+d": "page-down", "home": "top", "end": "bottom",
}  # fmt: skip


#: From so many columns on, a lesson stands beside the screen's own content, else below it.
_WIDE = 116


class OneLine(StyledWidget):
    """A line of inked text; with `most` above 1 it folds to that many rows."""

    line: reactive[Line] = reactive(Line, always_update=True)

    def render(self) -> Text:
        """The line, cut."""
        return self.text(self.line)


class KeyLine(Clickable):
    """Keys and what they do, folded to as many rows as it takes; a click on one does it."""

    keys: reactive[tuple[tuple[str, str, str], ...]] = reactive((), layout=True)

    def _line(self) -> Line:
        line = Line()
        for _action, key, words in self.keys:
            # Non-breaking blanks: a key and its words stay together.
            line.put(f" {key}\u00a0", "key-cap").put(words.replace(" ", "\u00a0") + "\u00a0", "label")
        return line

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the keys need."""
        return len(wrap(self._line().plain, max(10, width), hang=1))

    def render(self) -> Text:
        """The keys."""
        line = self._line()
        text = self.text(line)
        at = 0
        for action, key, words in self.keys:
            end = at + len(key) + len(words) + 3
            text.stylize(Style(meta={"act": action}), at, end)
            at = end
        folded = Text(no_wrap=True, end="")
        for number, part in enumerate(text.divide(wrap(line.plain, max(10, self.size.width), hang=1)[1:])):
            if number:
                folded.append("\n ")
            folded.append_text(part)
        folded.plain = folded.plain.replace("\u00a0", " ")
        return folded


class FixScreen(Screen[T]):
    """A full screen. `house` is the main one, which copies, says and starts things; the reader comes back to it."""

    CSS_PATH = "screen.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Back", show=False),
        Binding("f2", "side", "Lesson", show=False),
        Binding("full_stop", "more", "More of the lesson", show=False),
        Binding("ctrl+c", "screen.copy_text", "Copy selected text", show=False),
    ]

    def __init__(self, house: MainScreen) -> None:
        super().__init__()
        self.house = house

    def compose(self) -> ComposeResult:
        yield OneLine(classes="fix-head")
        with Horizontal(classes="fix-body"):
            with Vertical(classes="fix-main"):
                yield from self.body()
            yield Container(classes="fix-side")
        yield KeyLine(classes="fix-keys")

    @abstractmethod
    def body(self) -> Iterable[Widget]:
        """What is between head and keys."""

    def headed(self, line: Line) -> None:
        """Set the head line."""
        self.query_one(".fix-head", OneLine).line = line

    def keyed(self, keys: Sequence[tuple[str, str, str]]) -> None:
        """Set the keys: (what `do` is called with, key as people write it, words)."""
        self.query_one(KeyLine).keys = tuple(keys)

    @abstractmethod
    def do(self, action: str) -> None:
        """Carry out one of the keys."""

    async def on_clickable_act(self, event: Clickable.Act) -> None:
        event.stop()
        self.do(event.action)

    def on_mount(self) -> None:
        panel = self.house.lessons.panel() if self.house.lessons is not None else None
        if panel is not None:
            side = self.query_one(".fix-side")
            side.add_class("-shown")
            side.mount(panel)
        self.lay_out()
        self.begin()

    @abstractmethod
    def begin(self) -> None:
        """The screen is there: fill it."""

    def on_resize(self, event: events.Resize) -> None:
        self.lay_out()
        self.redraw()

    def lay_out(self) -> None:
        """Classes for the size of now."""
        self.set_class(self.size.height < 30, "-short")
        self.set_class(self.size.width < _WIDE, "-narrow")

    def redraw(self) -> None:
        """Draw for the size of now."""

    def action_side(self) -> None:
        """Hide the lesson, show it again."""
        side = self.query_one(".fix-side")
        if side.children:
            side.toggle_class("-shown")
            self.call_after_refresh(self.redraw)

    def action_more(self) -> None:
        """Scroll the lesson's panel."""
        if not self.house.actions.unavailable("lesson-more"):
            self.house.start(self.house.action_act("lesson-more"), "lesson")

    def action_leave(self) -> None:
        """Esc."""
        self.do("leave")
