"""A lesson under way in the program: feeds it what happens, and carries out hint, show me, do it and start over."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from tui.app.pages.lesson import panel_keys, panel_page, panel_title, result_page
from tui.app.screens.dialogs import Reader
from tui.app.styled_text import Lines
from tui.explore.node import Kind, Load, Node
from tui.teach.backend import LessonBackend
from tui.teach.events import Event, EventKind
from tui.teach.lesson import Act, Lesson, Show
from tui.teach.lesson_run import LessonRun
from tui.teach.target import Unreachable, reach

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen

_log = logging.getLogger(__name__)

#: What a step about the tree waits for: the reader needs to see it.
_IN_THE_TREE = frozenset(
    {EventKind.SELECTED, EventKind.OPENED, EventKind.SHOWN, EventKind.CHECKED, EventKind.COPIED, EventKind.DRAFT}
)
#: Acts after which nothing of a repository can be asked.
_SHUTS = frozenset({"cut-off", "deny"})


class LessonSession:
    """One lesson, from its start to its end. `changed(ticked)` is called when the panel must be drawn anew."""

    def __init__(
        self, screen: MainScreen, lesson: Lesson, backend: LessonBackend, changed: Callable[[bool], None]
    ) -> None:
        self.screen = screen
        self.run = LessonRun(lesson, backend)
        self.hint = False
        self.busy = ""
        self._changed = changed
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._leave: Callable[[], None] | None = None
        self._feeder: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Put the registry into the lesson's first state and follow the screen. Also start over."""
        self.end()
        self.busy = "Preparing the registry…"
        self._changed(True)
        self._fold()
        problems = await self.run.begin()
        for problem in problems:
            self.screen.say(problem, title="The lesson could not be prepared", severity="error", timeout=20)
        await self._refresh_tree()
        self.hint, self.busy = False, ""
        self._events = asyncio.Queue()
        self._leave = self.screen.observer.subscribe(self._events.put_nowait)
        self._feeder = asyncio.create_task(self._feed())
        self.screen.observer.forget()
        self._changed(True)
        self.screen.call_after_refresh(self._reveal)

    def _reveal(self) -> None:
        """Bring the cursor's row into sight: the panel came after it was put there, and made the tree shorter."""
        self.screen.images.scroll_to_line(self.screen.images.cursor_line, animate=False)

    def end(self) -> None:
        """Follow no longer."""
        if self._leave is not None:
            self._leave()
            self._leave = None
        if self._feeder is not None:
            self._feeder.cancel()
            self._feeder = None

    async def _feed(self) -> None:
        while True:
            event = await self._events.get()
            before = self.run.note
            try:
                ticked = await self.run.feed(event)
            except Exception:  # a fault in one event must not end the lesson; the log has it whole
                _log.exception("the lesson could not take %r", event.kind)
                continue
            if ticked:
                self.hint = False
            if ticked or self.run.note != before:
                self._changed(ticked)

    def _fold(self) -> None:
        """Close what is open, so that the first step finds the tree as a newcomer does and can be done again."""
        for root in self.screen.explorer.roots:
            for row in root.children:
                self.screen.images.collapse_below(row)

    async def _refresh_tree(self) -> None:
        """The registry was put back: what the tree knows of it no longer holds."""
        explorer = self.screen.explorer
        for root in list(explorer.roots):
            if root.source.registry is None and root.source.capabilities.stored_lists is None:
                continue
            for row in list(root.walk()):
                if row.repository is not None and row.parent is root:
                    explorer.note_written(root.source, row.repository)
            await explorer.refresh(root)
        for name in self.run.lesson.opens:
            home = next((each for each in explorer.roots if each.source.registry is not None), None)
            if home is not None:
                explorer.add_repository(home.source, name)
        if self.run.lesson.local_lists:
            await self._unfold_lists()
        self.screen.redraw.sync_tree()
        await self._to_first()

    async def _unfold_lists(self) -> None:
        """Show the local lists that the lesson is about: they are few, and their last one is the last row of the tree,
        a key away."""
        for root in self.screen.explorer.roots:
            if root.source.capabilities.stored_lists is None:
                continue
            self.screen.images.expand_quietly(root)
            for row in root.children:
                await self.screen.explorer.open(row)
                self.screen.images.expand_quietly(row)

    async def _to_first(self) -> None:
        """Put the cursor on the repository that the lesson begins with."""
        for name in self.run.lesson.opens[:1]:
            for root in self.screen.explorer.roots:
                row = next((each for each in root.children if each.repository == name), None)
                if row is not None and root.source.registry is not None:
                    self.screen.panes.focus_pane(1)
                    await self.screen.navigation.highlight(row)
                    return

    # --- the panel -----------------------------------------------------------------------------------------------

    def title(self) -> str:
        """For the panel's border."""
        return panel_title(self.run)

    def page(self, room: int, *, hint: bool = False) -> Lines:
        """What the panel shows; `hint` shows the hint even if it was not asked for."""
        return panel_page(self.run, self.screen.keys, hint=hint or self.hint, room=room, busy=self.busy)

    def keys(self) -> list[tuple[str, str]]:
        """What can be pressed now: (key, words)."""
        return panel_keys(self.run, self.screen.keys, hint=self.hint)

    # --- what the keys do ----------------------------------------------------------------------------------------

    def unavailable(self, action: str) -> str:
        """Why a key of the lesson does not apply now; "" when it does."""
        step = self.run.step
        if action in ("lesson-over", "lesson-panel", "lesson-more"):
            return ""
        if step is None:
            return "lesson finished"
        if action == "lesson-act":
            return "" if step.act is not None or step.is_read else "do this step yourself"
        if action == "lesson-hint":
            return "" if step.hint else "no hint for this step"
        if action == "lesson-show":
            return "" if step.show else "do this step yourself"
        return ""

    async def act(self) -> None:
        """Do what the step does for the reader, or go on in a step that is only read."""
        step = self.run.step
        if step is None:
            return
        if step.act is None:
            ticked = await self.run.feed(Event(EventKind.READ))
            self.hint = self.hint and not ticked
            self._changed(ticked)
            self._to_tree()
            return
        self.busy = "…"
        self._changed(False)
        ticked = False
        before = self.run.current
        try:
            result = await self.run.act()
            ticked = self.run.current != before
            self.hint = self.hint and not ticked
        finally:
            self.busy = ""
            self._changed(ticked)
        self._forget(step.act)
        if result is not None and result.lines:
            label = step.act.label or "What happened"
            await self.screen.ask(Reader(label[:1].upper() + label[1:], result_page(result)))
        if result is not None and result.opens:
            await self.screen.navigation.go_to(result.opens)
        self._to_tree()

    def _to_tree(self) -> None:
        """After a key of the lesson: show the tree if the step of now is about it, whatever was looked at before."""
        step = self.run.step
        if step is not None and any(
            each.event in _IN_THE_TREE or "node" in each.facts for each in step.done.conditions
        ):
            self.screen.panes.focus_pane(1)

    def _forget(self, act: Act) -> None:
        """A repository that nobody can ask any more: what was seen of it before is not shown as if it were so now."""
        if act.do not in _SHUTS or act.arguments.get("on", True) is False:
            return
        explorer = self.screen.explorer
        for root in explorer.roots:
            for row in root.children if root.source.registry is not None else ():
                if row.kind is not Kind.REPOSITORY or row.repository != act.arguments.get("repository"):
                    continue
                explorer.note_written(root.source, row.repository or "")
                here = self.screen.current
                self.screen.images.collapse_below(row)
                if here is not None and row in here.ancestors():
                    self.screen.images.go(row)
                row.load, row.error, row.listing = Load.IDLE, None, None
                explorer.tree.replace_children(row, [])
        self.screen.redraw.sync_tree()

    def toggle_hint(self) -> None:
        """Show or hide the hint."""
        self.hint = not self.hint
        self._changed(False)

    async def show_me(self) -> None:
        """Do the step on the screen, slowly enough to be seen."""
        for show in self.run.show():
            try:
                await self._show(show)
            except Unreachable as error:
                self.screen.say(str(error), severity="warning", timeout=10)
                return
            await asyncio.sleep(self.screen.redraw.throttle.interval * 2)

    async def _show(self, show: Show) -> None:
        match show.do:
            case "open" | "select":
                node = await reach(self.screen.explorer, show.what)
                await self._go(node, opened=show.do == "open")
            case "tab":
                self.screen.detail.show_tab(show.what)
            case "view":
                self._view(show.what)
            case "action" if show.what in self.screen.actions:
                self.screen.action_act(show.what)
                if show.what == "refresh":  # what is shown next is about what it brings
                    await self.screen.workers.wait_for_complete(
                        [each for each in self.screen.workers if each.name == "action:refresh"]
                    )
            case "action":
                raise Unreachable(f"Unknown action “{show.what}”.")
            case "key":
                self.screen.app.simulate_key(show.what)
            case "type":
                for character in show.what:
                    self.screen.app.simulate_key(character)

    async def _go(self, node: Node, *, opened: bool) -> None:
        await self.screen.navigation.highlight(node)
        self.screen.panes.focus_pane(1)
        if opened and node.expandable:
            self.screen.images.open_row(node)
            await self.screen.navigation.load(node)

    def _view(self, view: str) -> None:
        action = {"requests": "pane-3", "digests": "digests", "rehearsal": "rehearse", "help": "help",
                  "problems": "problems", "copy": "copy-menu", "diff": "diff"}.get(view)  # fmt: skip
        if view == "commands":
            self.screen.detail.show_tab("explain")
        elif action is not None:
            self.screen.action_act(action)
