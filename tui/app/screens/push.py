"""A push under way: steps tick, Esc stops it at any of them, and at the end it says what the tag holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.app.actions import ActionSet
from tui.app.controllers.full_screens import FullScreenController
from tui.app.controllers.push import PushController
from tui.app.failure import failure
from tui.app.pages.push import Progress, progress_page, result_page
from tui.app.screens.framed import FramedScreen
from tui.app.styled_text import Line
from tui.app.widgets.frame import boxed
from tui.app.widgets.page import PageView
from tui.compose.events import Event, Outcome, PushResult
from tui.compose.plan import Action, DiffRow, Plan
from tui.compose.service import DraftService
from tui.teach.write_events import push_event

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen

_DOING = {
    Action.UNDO: "undo",
    Action.TAG: "tag",
    Action.COPY: "copy",
    Action.DELETE: "delete",
    Action.LOCAL: "local list",
    Action.FIX: "fix",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a push ended, and what the reader wants next."""

    result: PushResult
    next: str = ""
    """`again` (plan again against what is there), `theirs` (begin from what they pushed) or ""."""


class PushScreen(FramedScreen[Ended]):
    """Runs one plan, at once. Answers None when the run itself broke off and nothing is known of its end."""

    def __init__(self, main: MainScreen, service: DraftService, plan: Plan, action: str) -> None:
        """`action` is the word of teach's events for what is done."""
        self.plan = plan
        self.page = PageView(id="push-page")
        super().__init__(main, boxed(self.page, title=self.doing.capitalize()))
        self.service = service
        self.action = action
        self.progress = Progress(plan)
        self.result: PushResult | None = None
        self.broken = False
        self.actions: ActionSet[PushScreen] = ActionSet(
            main.keys, "push", lambda: self, start=main.start, warn=main.warn
        )
        self.actions.add(PushController(self))
        self.actions.add(FullScreenController(self))
        main.keys.bind(self, "push")
        self._push = service.push(plan, self._heard)
        self._theirs: tuple[DiffRow, ...] = ()
        self._mine: tuple[DiffRow, ...] = ()
        self._tick = 0
        self._stale = True

    @property
    def doing(self) -> str:
        """What the plan does, in a word."""
        return _DOING.get(self.plan.action, "push")

    @property
    def ended(self) -> bool:
        """Whether nothing more is written."""
        return self.result is not None or self.broken

    @property
    def conflict(self) -> bool:
        """Whether somebody moved the tag meanwhile."""
        return self.result is not None and self.result.outcome is Outcome.CONFLICT

    def on_mount(self) -> None:
        self.page.focus()
        self.redraw()
        # Steps come by the hundred in a second: the page is drawn on a timer, at most ten times a second.
        self._timer = self.set_interval(max(0.05, self.main.redraw.throttle.interval), self._beat)
        self.run_worker(self._run(), exit_on_error=False, group="push")

    async def _run(self) -> None:
        try:
            result = await self._push.run()
        except Exception as error:  # a fault of ours: say it, and that the tag must be looked at
            self._timer.stop()
            self.broken = True
            self.main.say(
                f"Push failed: {failure(error)} {self.main.keys.first('refresh')} shows the tag.", severity="error"
            )
            raise
        if result.outcome is Outcome.CONFLICT:
            self._theirs, self._mine = await self.service.differences(self.plan, result)
        self._timer.stop()
        self.result = self.progress.result = result
        self.redraw()
        self.page.move("top")
        self.main.observer.publish(push_event(self.plan, result, self.action))

    def _heard(self, event: Event) -> None:
        self.progress.take(event)
        self._stale = True

    def _beat(self) -> None:
        self._tick += 1
        if self._stale or self.progress.states:
            self._stale = False
            self.redraw()

    def redraw(self) -> None:
        """Draw how far it is, or how it ended."""
        line = Line(fold="cut").put(f" {self.doing} ", "head")
        self.frame.head(line.put("  ").put(self.plan.title, "title"))
        if self.result is None:
            glyphs = self.main.glyphs
            spinner = glyphs.spinner[self._tick % len(glyphs.spinner)]
            self.page.show(progress_page(self.progress, spinner), keep=True)
        else:
            undo = self.main.keys.first("undo")
            self.page.show(result_page(self.progress, self.result, theirs=self._theirs, mine=self._mine, undo=undo))
        self.frame.keys(self._keys())

    def _keys(self) -> list[tuple[str, str, str]]:
        """What can be done now."""
        stop = self.actions.line("push-stop")
        if not self.ended:
            return [("push-stop", stop, "stop")]
        titles = {"push-again": "replan, replacing theirs"} if self.conflict else {}
        shown = [each for each in self.actions.ranked if each.id != "push-stop"]
        keys = [
            (each.id, self.actions.line(each.id), titles.get(each.id, each.title))
            for each in shown
            if not self.actions.unavailable(each.id)
        ]
        return [*keys, ("push-close", f"{self.actions.line('push-close')} {stop}".strip(), "close")]

    # --- what its controllers ask for ----------------------------------------------------------------------------

    def move(self, where: str) -> None:
        """Scroll."""
        self.page.move(where)

    def leave(self, next: str = "") -> None:
        """Answer with how it ended."""
        self.dismiss(Ended(self.result, next) if self.result is not None else None)

    def stop(self) -> None:
        """Stop at the next step; the last write is not stopped any more."""
        if self._push.cancel():
            self.progress.stopping = True
            self.redraw()
        else:
            self.main.say("Last write under way; waits until it is verified.")
