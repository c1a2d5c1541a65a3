"""The panel of a lesson: at the side of a wide screen, below a narrow one; each screen that shows it has its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from tui.app.styled_text import Lines
from tui.app.widgets.page import PageView


class LessonPanel(Vertical):
    """Draws what `page_of(rows)` gives, under `title_of()` and above the keys of `keys_of()`; `draw` is called
    when that has changed. `more_key` scrolls it."""

    DEFAULT_CSS = """
    LessonPanel {
        border: round $border-blurred; border-title-color: $heading; border-title-style: bold;
        border-subtitle-color: $dim;
        background: $surface; padding: 0 1;
    }
    App.-ascii LessonPanel { border: ascii $border-blurred; }
    """

    def __init__(
        self,
        title_of: Callable[[], str],
        page_of: Callable[[int], Lines],
        keys_of: Callable[[], Sequence[tuple[str, str]]],
        more_key: str,
    ) -> None:
        super().__init__()
        self._keys_of = keys_of
        self._more_key = more_key
        self._title_of = title_of
        self._page_of = page_of

    def compose(self) -> ComposeResult:
        yield PageView()

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: events.Resize) -> None:
        self.draw()

    def draw(self, *, top: bool = False) -> None:
        """Draw it anew; `top` when it is another step."""
        if not self.is_mounted:
            return
        self.border_title = Content(self._title_of())
        view = self.query_one(PageView)
        view.show(self._page_of(self.size.height), keep=not top)
        keys = list(self._keys_of())
        if not view.is_whole:
            keys.append((self._more_key, "more"))
        self.border_subtitle = Content(_fitting(keys, self.size.width - 2))

    def more(self) -> None:
        """The next part of it; from the end back to the top."""
        view = self.query_one(PageView)
        at_end = view.scroll_y >= view.max_scroll_y
        view.move("top" if at_end else "page-down")


def _fitting(keys: Sequence[tuple[str, str]], room: int) -> str:
    """As many keys as fit, the first first; where one is left out, its key alone may still fit."""
    shown = [f"{key} {words}" for key, words in keys]
    for place in range(len(shown) - 1, -1, -1):
        if len("  ".join(shown)) <= room:
            break
        shown[place] = keys[place][0]
    while len("  ".join(shown)) > room and len(shown) > 1:
        shown.pop()
    return "  ".join(shown)
