"""What is on the screen while the rest is still being imported: the same frame, empty. Keys typed meanwhile are kept.

Only Textual's core is imported here: this file decides when the first frame appears.
"""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static


class Shell(Screen[None]):
    """Covered by the main screen as soon as that can be made; `typed` are the keys for it, in order."""

    DEFAULT_CSS = """
    Shell {
        background: $background;
        #shell-header, #shell-keys { height: 1; background: $panel; color: $primary; }
        #shell-panes { height: 1fr; }
        #shell-panes Static { border: round $border-blurred; background: $surface; height: 1fr; width: 9fr; }
        #shell-panes #shell-tree { width: 11fr; border: round $border; }
        #shell-verdict { height: 2; background: $panel; }
        &.-low #shell-panes { layout: vertical; }
        &.-low #shell-panes Static, &.-low #shell-panes #shell-tree { width: 1fr; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.typed: list[str] = []

    def compose(self) -> ComposeResult:
        yield Static(" fanfold", id="shell-header", markup=False)
        with Horizontal(id="shell-panes"):
            tree = Static(id="shell-tree")
            tree.border_title = "1 Images"
            yield tree
            detail = Static(id="shell-detail")
            detail.border_title = "2 Detail"
            yield detail
        yield Static("", id="shell-verdict")
        yield Static("", id="shell-keys")

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width < 100, "-low")

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.typed.append(event.key)
