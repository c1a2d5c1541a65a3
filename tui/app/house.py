"""What every part of the main screen shares: the panes, the services, and ways to say, ask and start things.

The mixins in `actions/` and other parts (fixing, lessons) build on this class only; `screens/explore.py` puts it
all together.
"""

from __future__ import annotations

import logging
import time
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker

from tui.app.actions import ActionSet
from tui.app.findbar import FindBar
from tui.app.observer import LessonObserver
from tui.app.services import Services
from tui.app.widgets.page import PageView
from tui.app.widgets.requests import RequestList
from tui.app.widgets.tree import ImageTree
from tui.explore.availability import ActionContext
from tui.explore.node import Node
from tui.text import safe

if TYPE_CHECKING:
    from tui.app.keys import Keys
    from tui.app.main import FanfoldApp
    from tui.app.screens.dialogs import Dialog
    from tui.explore.explorer import Explorer

T = TypeVar("T")
_log = logging.getLogger(__name__)

#: Seconds within which the same warning is not shown twice, however often its key is pressed.
_REPEAT = 3.0


class House(Screen[None]):
    """The main screen without its actions."""

    services: Services | None
    keys: Keys
    actions: ActionSet[ActionContext]
    observer: LessonObserver
    read_only: bool
    places: list[str]
    problems_only: bool
    tab: str

    _said: tuple[str, str] = ("", "")
    _said_until = 0.0

    #: How many drafts were begun and not pushed. Fixing says.
    draft_count: Callable[[], int] = staticmethod(lambda: 0)
    #: Why nothing can be undone for the tag that a row is in; "" when something can be. Fixing says.
    undo_reason: Callable[[Node | None], str] = staticmethod(lambda node: "")
    #: Why an action of a lesson does not apply now; "" when it does. Lessons say.
    lesson_reason: Callable[[str], str] = staticmethod(lambda action: "no lesson is under way")
    #: A panel that another full screen shows at its side while a lesson is under way; None for none.
    side_panel: Callable[[], Widget | None] = staticmethod(lambda: None)
    #: Called after the panes were laid out anew.
    on_laid_out: Callable[[], None] = staticmethod(lambda: None)

    # --- the panes -----------------------------------------------------------------------------------------------

    @property
    def fan(self) -> FanfoldApp:
        """The app."""
        from tui.app.main import FanfoldApp

        app = self.app
        assert isinstance(app, FanfoldApp)
        return app

    @property
    def images(self) -> ImageTree:
        """Pane 1."""
        return self.query_one(ImageTree)

    @property
    def page_view(self) -> PageView:
        """The page of pane 2."""
        return self.query_one("#page", PageView)

    @property
    def requests(self) -> RequestList:
        """Pane 3."""
        return self.query_one(RequestList)

    @property
    def find_bar(self) -> FindBar:
        """The line where filters and searches are typed."""
        return self.query_one(FindBar)

    @property
    def side(self) -> Container:
        """The slot at the right edge: mount a panel in it and call `show_side`. Lessons live here."""
        return self.query_one("#side", Container)

    def show_side(self, shown: bool = True) -> None:
        """Show or hide the right-hand slot."""
        self.side.display = shown
        self.lay_out()

    @property
    def explorer(self) -> Explorer:
        """The engine. Only call this when `ready`."""
        assert self.services is not None, "no source is open yet"
        return self.services.explorer

    @property
    def ready(self) -> bool:
        """Whether the engine is there."""
        return self.services is not None

    @property
    def current(self) -> Node | None:
        """The row under the tree's cursor."""
        return self.images.current

    @property
    def marks(self) -> list[Node]:
        """The marked rows, in the order they were marked."""
        return self.images.marks

    @property
    def pane(self) -> str:
        """Which pane has the keys: `tree`, `detail`, `requests` or `side`."""
        focused = self.focused
        if focused is self.page_view:
            return "detail"
        if focused is self.requests:
            return "requests"
        if focused is not None and self.side in focused.ancestors_with_self:
            return "side"
        return "tree"

    # --- actions -------------------------------------------------------------------------------------------------

    def context(self) -> ActionContext:
        """What the cursor is on, for reasons."""
        trace = self.services.trace if self.services else None
        return ActionContext(
            node=self.current,
            pane=self.pane,
            ready=self.ready,
            read_only=self.read_only,
            marks=tuple(self.marks),
            links=self.page_view.link_count,
            places=len(self.places),
            exchange=self.requests.chosen is not None,
            traced=trace is not None,
            drafts=self.draft_count(),
            undo=self.undo_reason(self.current),
            lesson={each.id: self.lesson_reason(each.id) for each in self.actions.table if each.group == "Lesson"},
        )

    def warn(self, text: str) -> None:
        """Say why something does not work."""
        self.say(text, severity="warning")

    async def action_act(self, action_id: str) -> None:
        """Carry out an action, or say why not."""
        if action_id == "new" and self.searching and set(self.keys.of("new")) & set(self.keys.of("previous-match")):
            action_id = "previous-match"
        if self.ready:
            self.explorer.give_way()
        self.actions.run(action_id)

    @property
    def searching(self) -> bool:
        """Whether n and N have matches to go through in the pane that has the keys."""
        if self.pane == "detail":
            return bool(self.page_view.needle)
        if self.pane == "requests":
            return bool(self.requests.needle)
        return bool(self.images.found)

    # --- saying, asking, starting --------------------------------------------------------------------------------

    def say(self, text: str, *, title: str = "", severity: str = "information", timeout: float | None = None) -> None:
        """A toast. The text must be safe; it is never read as markup. A warning of a moment ago is not said again."""
        if severity == "warning":
            now = time.monotonic()
            if (text, title) == self._said and now < self._said_until:
                return
            self._said, self._said_until = (text, title), now + _REPEAT
        self.app.notify(text, title=title, severity=severity, timeout=timeout, markup=False)  # type: ignore[arg-type]

    async def ask(self, dialog: Dialog[T]) -> T | None:
        """Show a dialog and wait for its answer; None when it was left. Call it from a worker (`start`)."""
        return await self.app.push_screen_wait(dialog)

    def start(
        self, work: Coroutine[Any, Any, Any], name: str, *, group: str = "", exclusive: bool = False
    ) -> Worker[None]:
        """Run a coroutine beside the screen. Whatever it raises becomes a toast and a line in the log, never an end."""
        return self.run_worker(
            self._guarded(work, name), name=name, group=group or name, exclusive=exclusive, exit_on_error=False
        )

    async def _guarded(self, work: Coroutine[Any, Any, Any], name: str) -> None:
        try:
            await work
        except Exception as error:
            _log.exception("%s failed", name)
            self.say(failure(error), title="That did not work", severity="error", timeout=12)

    # --- brought by the parts ------------------------------------------------------------------------------------

    @abstractmethod
    def lay_out(self) -> None:
        """Lay out the panes for the size of now."""

    @abstractmethod
    def refresh_keys(self) -> None:
        """Draw the key bar for where the cursor is now."""

    @abstractmethod
    def refresh_detail(self, *, keep: bool = True) -> None:
        """Make pane 2 anew."""

    @abstractmethod
    def refresh_verdict(self) -> None:
        """Make the verdict anew."""

    @abstractmethod
    def show_tab(self, tab: str) -> None:
        """Bring a detail tab up."""

    @abstractmethod
    def focus_pane(self, number: int) -> None:
        """Give the keys to pane 1, 2 or 3."""

    @abstractmethod
    async def highlight(self, node: Node | str) -> bool:
        """Put the cursor on a row, opening what is above it."""

    @abstractmethod
    async def show_object(self, digest: str) -> None:
        """Go to an object by its digest."""

    @abstractmethod
    async def copy_text(self, text: str, what: str) -> None:
        """Hand a text to the clipboard and say where it went."""


def failure(error: BaseException) -> str:
    """What to tell the reader about an error: its own sentence if it has one, else its kind and words."""
    sentence = getattr(error, "sentence", "") or ""
    if not sentence:
        words = safe(str(error), limit=300)
        from tui.oci.errors import OciError

        sentence = words if isinstance(error, OciError) else f"{type(error).__name__}: {words}" if words else ""
    fix = getattr(error, "fix", "") or ""
    return " ".join(part for part in (sentence or type(error).__name__, fix) if part)
