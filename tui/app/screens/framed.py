"""What the full screens besides the main one share: the frame, and that keys, and clicks on them, lead to actions."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.screen import Screen
from textual.widget import Widget

from tui.app.widgets.bars import Clickable
from tui.app.widgets.frame import ScreenFrame

if TYPE_CHECKING:
    from tui.app.actions import ActionSet
    from tui.app.screens.main import MainScreen

T = TypeVar("T")


class FramedScreen(Screen[T]):
    """A draft, a plan, a push: `body` is what stands between head and keys, the lesson under way beside it."""

    CSS_PATH = "frame.tcss"

    actions: ActionSet[Any]

    def __init__(self, main: MainScreen, *body: Widget) -> None:
        super().__init__()
        self.main = main
        self.frame = ScreenFrame(*body, side=main.lessons.panel() if main.lessons is not None else None)

    @property
    def read_only(self) -> bool:
        """Whether `--read-only` is on."""
        return self.main.read_only

    @abstractmethod
    def redraw(self) -> None:
        """Draw it as it is now."""

    def compose(self) -> ComposeResult:
        self.frame.lay_out(self.app.size)
        yield self.frame

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """As Textual's, for a screen that is in front only: that takes away whatever is in front when a click that
        leaves comes twice."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def on_resize(self, event: events.Resize) -> None:
        self.frame.lay_out(self.size)
        self.redraw()

    def action_act(self, action_id: str) -> None:
        """What every key is bound to."""
        if action_id in self.actions:
            self.actions.run(action_id)

    def on_clickable_act(self, event: Clickable.Act) -> None:
        event.stop()
        self.actions.run(event.action)
