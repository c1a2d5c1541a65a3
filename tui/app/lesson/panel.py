"""The panel of a lesson: at the side of a wide screen, below a narrow one; each screen that shows it has its own."""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical

from tui.app.ink import Lines
from tui.app.widgets.page import PageView


class LessonPanel(Vertical):
    """Draws what ``page_of(rows)`` gives, under ``title_of()``; ``draw`` is called when that has changed."""

    DEFAULT_CSS = """
    LessonPanel { border: round $accent; border-title-color: $accent; background: $surface; padding: 0 1; }
    LessonPanel PageView { height: 1fr; background: $surface; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    App.-ascii LessonPanel { border: ascii $accent; }
    """

    def __init__(self, title_of: Callable[[], str], page_of: Callable[[int], Lines]) -> None:
        super().__init__()
        self._title_of = title_of
        self._page_of = page_of

    def compose(self) -> ComposeResult:
        yield PageView()

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        self.draw()

    def draw(self, *, top: bool = False) -> None:
        """Draw it anew; ``top`` when it is another step."""
        if not self.is_mounted:
            return
        # A border's title is parsed as markup.
        self.border_title = self._title_of().replace("\\", "\\\\").replace("[", "\\[")
        self.query_one(PageView).show(self._page_of(self.size.height), keep=not top)

    def move(self, where: str) -> None:
        """Scroll it."""
        self.query_one(PageView).move(where)
