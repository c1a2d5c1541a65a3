"""What teaches: lessons, the pull rehearsal and the four digests, on the main screen.

The class stands in the table of actions, which the first frame waits for: what only a lesson needs is imported when
one is begun.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.widget import Widget

from tui.app.actions import action
from tui.app.pages.parts import prose
from tui.app.screens.dialogs import Choice, Confirm, Item
from tui.app.services import Services
from tui.app.styled_text import Lines
from tui.app.widgets.lesson_panel import LessonPanel
from tui.explore.availability import unavailable_rehearse
from tui.explore.node import Kind, Load

if TYPE_CHECKING:
    from tui.app.lesson.rehearsing import Rehearsing
    from tui.app.lesson.sandbox import LessonSandbox
    from tui.app.lesson.session import LessonSession
    from tui.app.screens.main import MainScreen
    from tui.teach.lesson import Lesson

#: Rows and columns of the panel: at the side of a wide screen, below a narrow one.
SIDE, BELOW = 46, 10
_WIDE = 110
#: From so many rows on, a rehearsal shows the requests too.
_TALL = 36


class LessonController:
    """Lessons, the pull rehearsal, the four digests; one for the main screen."""

    def __init__(self, screen: MainScreen, services: Services) -> None:
        self.screen = screen
        self.services = services
        self.session: LessonSession | None = None
        self.rehearsing: Rehearsing | None = None
        self.shown = True
        self.finished: set[str] = set()
        self._last = ""
        self._drawer = False
        self._sandbox: LessonSandbox | None = None
        self._panels: list[LessonPanel] = []
        self._layout = ""
        screen.actions.add(self)
        screen.status.refresh_keys()
        screen.lessons = self
        inner = services.close

        async def close() -> None:
            self._end_session()  # and not what is shown of a rehearsal: there is no screen any more
            await inner()

        services.close = close

    async def enter(self, lesson: str | None, offer: bool) -> None:
        """The program has started."""
        if self.services.demo is None:
            return
        from tui.app.lesson.sandbox import LessonSandbox
        from tui.teach.lesson_file import find_lesson

        sandbox = self._sandbox = await asyncio.to_thread(LessonSandbox, self.services.demo)
        self.services.close_also(sandbox.remove)
        if self.services.engine is not None:
            self.services.engine.inspector.disks.allow_below(sandbox.folder)
        await self.services.open(self.services.demo.address)
        await self.services.open(sandbox.source)
        self.screen.redraw.sync_tree()
        if lesson is not None:
            await self.begin(find_lesson(lesson))
        elif offer:
            await self.choose()
            here = self.screen.current
            if self.session is None and here is not None and here.kind is Kind.SOURCE:
                self.screen.navigation.to_first(here)

    # --- the chooser ---------------------------------------------------------------------------------------------

    @action(
        "lessons",
        keys="f2",
        title="lessons",
        words="Lessons",
        group="Lesson",
    )
    async def choose(self) -> None:
        """Which lesson?"""
        from tui.teach.lesson_file import all_lessons

        lessons = all_lessons()
        items = [
            Item(str(number), lesson.title, lesson, f"{self._length(lesson)}  {lesson.summary}")
            for number, lesson in enumerate(lessons, 1)
        ]
        intro = self.screen.keys.put_in("Built-in registry; nothing outside changes. {key:dialog-leave} explores.")
        dialog = Choice("Lessons", items, intro=intro, whole=True)
        dialog.at = self._next_of(lessons)
        chosen = await self.screen.ask(dialog)
        if chosen is not None:
            await self.begin(chosen)

    def _length(self, lesson: Lesson) -> str:
        return "✓ done" if lesson.id in self.finished else f"{lesson.minutes} min "

    def _next_of(self, lessons: Sequence[Lesson]) -> int:
        """The place of the lesson to take next: from the last one on, the first that was not taken to its end."""
        names = [lesson.id for lesson in lessons]
        start = names.index(self._last) if self._last in names else 0
        places = [*range(start, len(names)), *range(start)]
        return next((place for place in places if names[place] not in self.finished), start)

    async def begin(self, lesson: Lesson) -> None:
        """Start a lesson from its first step."""
        demo, client = self.services.demo, self.services.client
        if demo is None or client is None or self._sandbox is None:
            return
        from tui.app.lesson.session import LessonSession

        self._end_session()
        self._end_rehearsal()
        root = await self.services.open(demo.address)
        self._last = lesson.id
        self.session = LessonSession(self.screen, lesson, self._sandbox.backend(root.source, client), self._changed)
        self.shown = True
        await self._mount()
        await self.session.begin()
        self.screen.status.refresh_keys()

    def _end_session(self) -> None:
        if self.session is not None:
            self.session.end()
        self.session = None

    def _end_rehearsal(self) -> None:
        """Over: the requests that came for it go with it."""
        if self.rehearsing is not None and self._drawer:
            if self.screen.pane == "requests":
                self.screen.panes.focus_pane(1)
            self.screen.panes.show_requests(False)
        self.rehearsing, self._drawer = None, False

    # --- reasons -------------------------------------------------------------------------------------------------

    def unavailable(self, action: str) -> str:
        """Why an action does not apply now, which only the lesson that is under way knows; "" when it does."""
        if action in ("rehearse", "digests"):
            return ""
        if action == "lessons":
            return "" if self.services.demo is not None else "lessons need the embedded registry: fanfold demo"
        if self.rehearsing is not None and action in ("lesson-act", "lesson-panel", "lesson-more"):
            return ""
        if self.session is None:
            return "no lesson is under way"
        return self.session.unavailable(action)

    # --- keys of a lesson ----------------------------------------------------------------------------------------

    @action(
        "lesson-act",
        keys="a",
        title="do step",
        words="Lesson: do step",
        group="Lesson",
    )
    async def act(self) -> None:
        """Do it, go on, or the next step of a rehearsal."""
        if self.rehearsing is not None:
            await self._step()
        elif self.session is not None:
            await self.session.act()

    @action(
        "lesson-hint",
        keys="b",
        title="hint",
        words="Lesson: hint",
        group="Lesson",
    )
    def hint(self) -> None:
        """Show or hide the hint."""
        if self.session is not None:
            self.session.toggle_hint()

    @action(
        "lesson-show",
        keys="e",
        title="show step",
        words="Lesson: show step",
        group="Lesson",
    )
    async def show_me(self) -> None:
        """Do the step on the screen."""
        if self.session is not None:
            await self.session.show_me()

    @action(
        "lesson-panel",
        keys="p",
        title="lesson",
        words="Lesson: toggle the panel; end a rehearsal",
        group="Lesson",
    )
    async def toggle(self) -> None:
        """Hide the panel, show it again; end a rehearsal."""
        if self.rehearsing is not None:
            self._end_rehearsal()
            if self.session is None:
                await self._unmount()
            self._draw(top=True)
        else:
            self.shown = not self.shown
            self.screen.panes.show_side(self.shown)
            if not self.shown:
                self.screen.say(f"Lesson hidden. {self.screen.keys.first('lesson-panel')} shows it.")
        self.screen.status.refresh_keys()

    @action(
        "lesson-more",
        keys="full_stop",
        title="more",
        words="Lesson: scroll the panel",
        group="Lesson",
    )
    def more(self) -> None:
        """Scroll the panel."""
        for panel in self._panels:
            if panel.is_attached and panel.screen is self.screen.app.screen:
                panel.more()

    @action(
        "lesson-over",
        keys="z",
        title="start over",
        words="Lesson: start over, reset the registry",
        group="Lesson",
    )
    async def start_over(self) -> None:
        """Reset the registry and start over."""
        session = self.session
        if session is None:
            return
        words = "Resets the embedded registry to the start of the lesson. Pushes are lost."
        if await self.screen.ask(Confirm("Start over?", Lines([prose(words)]), yes="start over")):
            await session.begin()

    # --- rehearsal and digests -----------------------------------------------------------------------------------

    @action(
        "rehearse",
        keys="f3",
        title="rehearse",
        words="Pull rehearsal: step through a pull",
        group="Learn",
        unavailable=unavailable_rehearse,
    )
    async def rehearse(self) -> None:
        """Step through a pull of the image under the cursor."""
        here = self.screen.current
        node = here.top() if here is not None else None
        if here is None or node is None:
            return
        if node.load is Load.IDLE:
            await self.screen.explorer.open(node)
        from tui.app.lesson.rehearsing import Rehearsing, choose_platform
        from tui.teach.rehearsal import Rehearsal

        platform = await choose_platform(self.screen, here)
        if platform is None:
            return
        client = self.services.client
        rehearsal = Rehearsal(
            self.screen.explorer, node, platform, hosts=client.settings if client else None, trace=self.services.trace
        )
        self.rehearsing = Rehearsing(self.screen, rehearsal)
        self.shown = True
        self.screen.observer.publish_view("rehearsal", node)
        if self.screen.size.height >= _TALL and not self.screen.panes.requests_shown:
            self._drawer = True
            self.screen.panes.show_requests(True)
        await self._mount()
        await self._step()

    async def _step(self) -> None:
        rehearsing = self.rehearsing
        if rehearsing is None:
            return
        if rehearsing.rehearsal.finished:
            if not rehearsing.said_over:
                rehearsing.said_over = True
                self.screen.say(f"Pull finished. {self.screen.keys.first('lesson-panel')} closes the rehearsal.")
            return
        work = asyncio.ensure_future(rehearsing.next())
        await asyncio.sleep(0)
        self._draw()
        await work
        self._draw(top=True)

    @action(
        "digests",
        keys="f4",
        title="digests",
        words="Compare the four digests of an image",
        group="Learn",
        unavailable=unavailable_rehearse,
    )
    async def digests(self) -> None:
        """The four digests of the image under the cursor."""
        node = self.screen.current
        if node is None:
            return
        top = node.top()
        if top is not None:
            for row in (top, *[child for child in top.children if child.platform is not None][:1]):
                if row.load is Load.IDLE:
                    await self.screen.explorer.open(row)
        from tui.app.screens.digests import DigestsReader
        from tui.teach.digests import four_digests

        four = four_digests(node)
        self.screen.observer.publish_view("digests", node)
        answer = await self.screen.ask(DigestsReader(four, str(node.digest or "")))
        what, _, text = (answer or "").partition(":")
        if what == "copy":
            await self.screen.clipboard.copy_text(text, "digest" if text.startswith("sha") else "reference")

    # --- the panel -----------------------------------------------------------------------------------------------

    def panel(self) -> Widget | None:
        """A panel for another screen, whose keys are its own: the hint is shown at once. None when there is nothing to
        show."""
        if self.session is None or not self.shown:
            return None
        key = self.screen.keys.first
        panel = LessonPanel(
            self._title,
            lambda room: self._page(room, hint=True),
            lambda: [(key("lessons"), "hide")],
            key("lesson-more"),
        )
        self._panels = [each for each in self._panels if each.is_attached]
        self._panels.append(panel)
        return panel

    def _title(self) -> str:
        if self.rehearsing is not None:
            return self.rehearsing.title()
        return self.session.title() if self.session is not None else ""

    def _page(self, room: int, *, hint: bool = False) -> Lines:
        if self.rehearsing is not None:
            return self.rehearsing.page(room)
        if self.session is None:
            return Lines()
        return self.session.page(room, hint=hint)

    def _keys(self) -> list[tuple[str, str]]:
        keys = self.screen.keys
        if self.rehearsing is not None:
            step = [] if self.rehearsing.rehearsal.finished else [(keys.first("lesson-act"), "next step")]
            return [*step, (keys.first("lesson-panel"), "end")]
        if self.session is None:
            return []
        shown = self.session.keys()
        # Where there is room for one pane only, the tree is away: nothing else on the screen says how it comes back.
        return [(keys.first("pane-1"), "tree"), *shown] if not self._tree_shown() else shown

    def _tree_shown(self) -> bool:
        return bool(self.screen.query_one("#tree-pane", Widget).display)

    async def _mount(self) -> None:
        if not self.screen.side.query(LessonPanel):
            panel = LessonPanel(self._title, self._page, self._keys, self.screen.keys.first("lesson-more"))
            self._panels.append(panel)
            await self.screen.side.mount(panel)
        self.screen.panes.show_side(True)
        self._draw(top=True)

    async def _unmount(self) -> None:
        self.screen.panes.show_side(False)
        await self.screen.side.remove_children()

    def _changed(self, ticked: bool) -> None:
        if self.session is not None and self.session.run.finished:
            self.finished.add(self.session.run.lesson.id)
        self._draw(top=ticked)
        if self.screen.is_mounted:
            self.screen.status.refresh_keys()

    def _draw(self, *, top: bool = False) -> None:
        for panel in self._panels:
            if panel.is_attached:
                panel.draw(top=top)

    def lay_out(self) -> None:
        """The panel at the side, or below where the screen is narrow."""
        # The panes are shown and hidden after this; the panel names the key that brings the tree back.
        self.screen.call_after_refresh(self._draw)
        wide = self.screen.size.width >= _WIDE
        side, upper = self.screen.side, self.screen.query_one("#upper", Widget)
        upper.styles.layout = "horizontal" if wide else "vertical"
        side.styles.width = SIDE if wide else "100%"
        side.styles.max_width = "45%" if wide else "100%"
        side.styles.height = "1fr" if wide else min(BELOW, max(6, self.screen.size.height // 3 + 1))
