"""Where to begin, or where to go: a field that takes anything, and rows: what was opened before, registries, demo."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.timer import Timer
from textual.widgets import Input, Static

from tui.app.controllers.dialogs import StartController
from tui.app.pages.start import StartRow, start_page
from tui.app.screens.dialogs import Prompt
from tui.app.widgets.page import PageView
from tui.resources import sections

#: Seconds after which a row's key alone opens it: so long nobody waits who types an address that begins with it.
PAUSE = 0.7


class Start(Prompt):
    """Answers with what is to be opened: what was typed or pasted, or what a row opens. `alone` fills the screen."""

    def __init__(
        self, title: str, rows: Sequence[StartRow], *, suggestions: Sequence[str], hint: str = "", alone: bool = False
    ) -> None:
        super().__init__(title, hint=hint or sections("help.md")["start"], suggestions=suggestions, scope="start")
        self.rows = tuple(rows)
        self.at = -1
        self._pausing: Timer | None = None
        self.set_class(alone, "-alone")

    def compose(self) -> ComposeResult:
        self.actions.add(StartController(self))
        note = Static(self.note, id="prompt-note", classes="dialog-hint", markup=False)
        yield self.box(note, self.input(), PageView(id="start-rows"), wide=True)
        keys = [("d", "demo")] if any(row.key == "d" for row in self.rows) else []
        footer = self.footer(
            ("start-accept", "open"),
            ("start-up start-down", "choose" if self.rows else ""),
            ("dialog-leave", "close"),
            ("start-help", "help"),
        )
        number = sum(row.key.isdigit() for row in self.rows)
        keys = [("1" if number == 1 else f"1-{number}", "open a row"), *keys] if number else keys
        footer.keys = (footer.keys[0], *(("", key, words) for key, words in keys), *footer.keys[1:])
        yield footer

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(PageView).can_focus = False
        self.call_after_refresh(self._draw)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        view = self.query_one(PageView)
        size = view.scrollable_content_region
        view.show(start_page(self.rows, self.at, max(30, size.width), size.height), keep=True)

    def move(self, where: str) -> None:
        """Move the cursor among the rows; above the first it is in the field."""
        last = len(self.rows) - 1
        step = {"up": -1, "down": 1, "page-up": -8, "page-down": 8, "top": -last - 1, "bottom": last}[where]
        self._choose(max(-1, min(self.at + step, last)))

    def _choose(self, place: int) -> None:
        self.at = place
        self._draw()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """A row's key alone chooses the row, and opens it unless more is typed."""
        self._stop()
        keys = [row.key for row in self.rows]
        self._choose(keys.index(event.value) if event.value in keys else -1)
        if self.at >= 0:
            self._pausing = self.set_timer(PAUSE, self.accept)

    def _stop(self) -> None:
        if self._pausing is not None:
            self._pausing.stop()
        self._pausing = None

    def accept(self) -> None:
        """Open the chosen row, else what is typed."""
        self._stop()
        if self.at >= 0:
            self.dismiss(self.rows[self.at].opens)
        else:
            super().accept()

    @on(PageView.Followed)
    def _clicked(self, event: PageView.Followed) -> None:
        event.stop()
        self.dismiss(self.rows[int(event.link.target.value)].opens)
