"""Where to begin, or where to go: a field that takes anything, and rows: what was opened before, registries, demo."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.suggester import SuggestFromList
from textual.timer import Timer
from textual.widgets import Input, Static

from tui.app.controllers.dialogs import StartController
from tui.app.pages.start import DEMO, StartRow, start_page
from tui.app.screens.dialogs import Prompt
from tui.app.widgets.frame import KeyLine
from tui.app.widgets.page import PageView

#: Seconds after which a row's key alone opens it: so long nobody waits who types an address that begins with it.
PAUSE = 0.7


class Start(Prompt):
    """Answers with what is to be opened: what was typed or pasted, or what a row opens. `load` gives the rows, a moment
    after the field is there, for who types at once. `refuse` gives "" or why a text opens nothing: asked on Enter, for
    what is half typed is wrong most of the time. `alone` fills the screen."""

    def __init__(
        self,
        title: str,
        load: Callable[[], Awaitable[Sequence[StartRow]]],
        *,
        refuse: Callable[[str], str],
        hint: str,
        alone: bool = False,
    ) -> None:
        super().__init__(title, hint=hint, scope="start")
        self.rows: tuple[StartRow, ...] = ()
        self.at = -1
        self._load = load
        self._refuse = refuse
        self._pausing: Timer | None = None
        self.set_class(alone, "-alone")

    def compose(self) -> ComposeResult:
        self.actions.add(StartController(self))
        note = Static(self.note, id="prompt-note", classes="dialog-hint", markup=False)
        yield self.box(note, self.input(), PageView(id="start-rows"), wide=True)
        yield self.footer(("start-accept", "open"), ("dialog-leave", "close"), ("start-help", "help"))

    def on_mount(self) -> None:
        self.query_one(PageView).can_focus = False
        self.run_worker(self._fill(), exit_on_error=False)

    async def _fill(self) -> None:
        """Show the rows, and the keys that they have."""
        self.rows = tuple(await self._load())
        numbers = sum(row.key.isdigit() for row in self.rows)
        keys = [("", "1" if numbers == 1 else f"1-{numbers}", "open a row")] if numbers else []
        keys += [("", row.key, row.name) for row in self.rows if not row.key.isdigit()]
        if self.rows:
            choose = "".join(self.actions.line(each) for each in ("start-up", "start-down"))
            keys.append(("start-down", choose, "choose"))
        footer = self.query_one(KeyLine)
        footer.keys = (*footer.keys[:1], *keys, *footer.keys[1:])
        names = [row.opens for row in self.rows if row.opens != DEMO]
        self.query_one(Input).suggester = SuggestFromList(names, case_sensitive=True)
        self._choose(self._named(self.query_one(Input).value))

    def _named(self, text: str) -> int:
        """The place of the row whose key this is, -1 for none."""
        return next((place for place, row in enumerate(self.rows) if row.key == text), -1)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        view = self.query_one(PageView)
        size = view.scrollable_content_region
        page = start_page(self.rows, self.at, max(30, size.width), size.height)
        view.show(page, keep=True)
        if len(page):
            view.bring(next((number for number, link in page.links() if link.target.value == str(self.at)), 0))

    def move(self, where: str) -> None:
        """Move the cursor among the rows; above the first it is in the field."""
        step = 1 if where == "down" else -1
        self._choose(max(-1, min(self.at + step, len(self.rows) - 1)))

    def _choose(self, place: int) -> None:
        self.at = place
        self._draw()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        """A row's key alone chooses the row, and opens it unless more is typed."""
        self._stop()
        self._choose(self._named(event.value))
        if self.at >= 0:
            self._pausing = self.set_timer(PAUSE, self.accept)

    def _stop(self) -> None:
        if self._pausing is not None:
            self._pausing.stop()
        self._pausing = None

    def accept(self) -> None:
        """Open the chosen row, else what is typed; where that is nothing, go to the first row."""
        self._stop()
        if self.at >= 0:
            self.dismiss(self.rows[self.at].opens)
        elif self.rows and not self.query_one(Input).value.strip():
            self._choose(0)
        elif why := self._refuse(self.query_one(Input).value):
            self.say_why(why)
            self.call_after_refresh(self._draw)
        else:
            super().accept()

    @on(PageView.Followed)
    def _clicked(self, event: PageView.Followed) -> None:
        event.stop()
        self.dismiss(self.rows[int(event.link.target.value)].opens)
