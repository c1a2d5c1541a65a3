"""The one confirmation of every write: the plan is made, shown, and pushed only from here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events, on
from textual.widgets import Input, Static

from tui.app.actions import ActionSet
from tui.app.controllers.full_screens import FullScreenController
from tui.app.controllers.plan import Asked, PlanController
from tui.app.failure import failure
from tui.app.pages.parts import blank, prose
from tui.app.pages.plan import plan_page
from tui.app.screens.framed import FramedScreen
from tui.app.styled_text import Line, Lines
from tui.app.widgets.frame import boxed
from tui.app.widgets.page import PageView
from tui.compose.plan import Plan
from tui.engine import client_settings
from tui.teach.events import Event, EventKind
from tui.teach.write_events import plan_event
from tui.tools.table import CommandLine
from tui.tools.writing import write_lines

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


class PlanScreen(FramedScreen[Plan]):
    """Answers with the plan that shall be run; None when nothing shall happen."""

    def __init__(self, main: MainScreen, asked: Asked) -> None:
        self.page = PageView(id="plan-page")
        self.ask_line = Static("", id="plan-ask", classes="plan-ask", markup=False)
        self.typed = Input(id="plan-typed")
        super().__init__(main, boxed(self.page, title="Plan"), self.ask_line, self.typed)
        self.asked = asked
        self.plan: Plan | None = None
        self.commands: Sequence[CommandLine] = ()
        self.every = False
        """Whether every object is listed, not only what travels."""
        self.seen = False
        """Whether the plan was drawn: nothing is confirmed that nobody could read."""
        self.failure = ""
        self._progress: list[str] = []
        self.actions: ActionSet[PlanScreen] = ActionSet(
            main.keys, "plan", lambda: self, start=main.start, warn=main.warn
        )
        self.actions.add(PlanController(self))
        self.actions.add(FullScreenController(self))
        main.keys.bind(self, "plan")

    @property
    def offers_accept(self) -> bool:
        """Whether the plan is stopped by a tag that somebody moved, and may go on all the same."""
        plan = self.plan
        wanted = plan is not None and any(problem.offer == "accept-tag" for problem in plan.problems)
        return wanted and self.asked.accept is not None

    def on_mount(self) -> None:
        self.ask_line.display = False
        self.typed.display = False
        self.page.focus()
        self.work_out()

    # --- the plan ------------------------------------------------------------------------------------------------

    def work_out(self) -> None:
        """Make the plan (again). Until it is shown nothing can be confirmed."""
        self.plan, self.failure, self._progress, self.seen = None, "", [], False
        self.redraw()
        self.run_worker(self._work(), group="plan", exclusive=True, exit_on_error=False)

    async def _work(self) -> None:
        try:
            plan = await self.asked.make(self._tell)
            commands = await asyncio.to_thread(write_lines, plan, client_settings(self.main.settings))
        except Exception as error:  # told on the screen: nothing was written
            self.failure = failure(error)
            self.redraw()
            return
        self.plan, self.commands = plan, commands
        typed = bool(plan.type_to_confirm) and plan.ready
        leave = self.actions.line("plan-leave")
        self.ask_line.update(f"Type  {plan.type_to_confirm}  to {self.asked.verb}, then Enter · {leave} cancel")
        self.ask_line.display = typed
        self.typed.display = typed
        self.redraw()
        self.page.move("top")
        if typed:
            self.typed.focus()
        self.call_after_refresh(self._shown)

    def _shown(self) -> None:
        """The plan is on the screen: from now on it can be confirmed."""
        if self.plan is None:
            return
        self.seen = True
        self.main.observer.publish(plan_event(self.plan, self.asked.action))
        self.tell_view("plan")

    def tell_view(self, view: str) -> None:
        """Tell whoever follows along what came up."""
        self.main.observer.publish(Event(EventKind.VIEW, {"view": view}))

    def _tell(self, text: str) -> None:
        self._progress.append(text)
        if self.plan is None:
            self.redraw()

    # --- drawing -------------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw the plan, why there is none, or how far it is."""
        plan = self.plan
        line = Line(fold="cut").put(" plan ", "head").put("  ").put(self.asked.title, "title")
        if plan is not None:
            line.put(f"   {plan.state}", "good" if plan.ready and plan.state != "nothing found" else "bad")
        self.frame.head(line)
        if plan is not None:
            self.page.show(plan_page(plan, self.commands, put_in=self.main.keys.put_in, every=self.every), keep=True)
        elif self.failure:
            said = [Line(hang=2).put("✗ ", "bad").put(self.failure), blank(), prose("Nothing was written.", "dim")]
            self.page.show(Lines(said))
        else:
            said = [prose("Planning… Nothing is written.", "dim"), blank()]
            progress = [Line(hang=2).put("· ", "dim").put(text) for text in self._progress[-200:]]
            self.page.show(Lines([*said, *progress]))
            self.page.move("bottom")
        self.frame.keys(self._keys())

    def _keys(self) -> list[tuple[str, str, str]]:
        """What can be done now. Confirming is there only where a key is enough for it."""
        plan = self.plan
        titles = {"plan-push": self.asked.verb}
        keys = []
        for each in self.actions.ranked:
            title = titles.get(each.id, each.title)
            key = self.actions.line(each.id)
            if each.id == "plan-push":
                if plan is None or not plan.ready or not plan.steps or plan.type_to_confirm:
                    continue
                key = self.actions.every_key(each.id)
            elif each.id == "plan-referrers":
                title += ": yes" if self.asked.referrers else ": no"
            if not self.actions.unavailable(each.id):
                keys.append((each.id, key, title))
        return keys

    # --- keys and links ------------------------------------------------------------------------------------------

    def move(self, where: str) -> None:
        """Scroll."""
        self.page.move(where)

    def step_link(self, step: int) -> None:
        """The next link of the page, or out of the line that is typed in."""
        if self.focused is self.typed:
            self.page.focus()
        else:
            self.page.step_link(step)

    def on_key(self, event: events.Key) -> None:
        """Enter follows a link that was chosen, whatever else it does."""
        if event.key == "enter" and self.focused is not self.typed and self.page.chosen is not None:
            event.stop()
            event.prevent_default()
            self.page.follow()

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        plan = self.plan
        if plan is None or not plan.ready or not self.seen:
            return
        if event.value.strip() == plan.type_to_confirm:
            self.dismiss(plan)
        else:
            self.main.say(f"Does not match {plan.type_to_confirm}.", severity="warning")

    @on(PageView.Followed)
    def _followed(self, event: PageView.Followed) -> None:
        event.stop()
        if event.link.target.what == "copy":
            value = event.link.target.value
            what = "digest" if value.startswith("sha") and " " not in value else "command"
            self.main.start(self.main.clipboard.copy_text(value, what), "copy")
