"""A push under way: steps tick, Esc stops it at any of them, and at the end it says what the tag holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from textual import events
from textual.containers import Vertical
from textual.widget import Widget

from tui.app.drafts.screen import MOVES, FixScreen
from tui.app.failure import failure
from tui.app.pages.push import Progress, progress_page, result_page
from tui.app.screens.main import MainScreen
from tui.app.styled_text import Line
from tui.app.widgets.page import PageView
from tui.compose.events import Event, Outcome, PushResult
from tui.compose.plan import Action, DiffRow, Plan
from tui.compose.service import DraftService
from tui.teach.write_events import push_event
from tui.text import safe

_DOING = {
    Action.UNDO: "undo",
    Action.TAG: "tag",
    Action.COPY: "copy",
    Action.DELETE: "delete",
    Action.LOCAL: "local list",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How it ended and what the reader wants next: `again` (plan again against what is there), `theirs` (begin
    from what they pushed) or ""."""

    result: PushResult
    wish: str = ""


class PushScreen(FixScreen[Ended]):
    """Runs one plan, at once."""

    def __init__(self, house: MainScreen, service: DraftService, plan: Plan, action: str) -> None:
        super().__init__(house)
        self.service = service
        self.plan = plan
        self.action = action
        self.progress = Progress(plan)
        self.result: PushResult | None = None
        self._push = service.push(plan, self._heard)
        self._theirs: tuple[DiffRow, ...] = ()
        self._mine: tuple[DiffRow, ...] = ()
        self._tick = 0
        self._stale = True

    def body(self) -> Iterator[Widget]:
        box = Vertical(PageView(id="push-page"), classes="fix-box")
        box.border_title = _DOING.get(self.plan.action, "push").capitalize()
        yield box

    @property
    def page(self) -> PageView:
        """The page."""
        return self.query_one(PageView)

    def begin(self) -> None:
        self.page.focus()
        self.redraw()
        # Steps come by the hundred in a second: the page is drawn on a timer, at most ten times a second.
        self._timer = self.set_interval(max(0.05, self.house.redraw.throttle.interval), self._beat)
        self.run_worker(self._run(), exit_on_error=False, group="push")

    async def _run(self) -> None:
        try:
            result = await self._push.run()
        except Exception as error:  # a fault of ours: say it, and that the tag must be looked at
            self._timer.stop()
            self.house.say(f"The push broke off: {failure(error)} Check what the tag holds.", severity="error")
            raise
        if result.outcome is Outcome.CONFLICT:
            self._theirs, self._mine = await self.service.differences(self.plan, result)
        self._timer.stop()
        self.result = self.progress.result = result
        self.redraw()
        self.page.move("top")
        self.house.observer.publish(push_event(self.plan, result, self.action))

    def _heard(self, event: Event) -> None:
        self.progress.take(event)
        self._stale = True

    def _beat(self) -> None:
        self._tick += 1
        if self._stale or self.progress.states:
            self._stale = False
            self.redraw()

    def redraw(self) -> None:
        line = Line(fold="cut").put(f" {_DOING.get(self.plan.action, 'push')} ", "accent")
        line.put("  ").put(safe(str(self.plan.target)), "title")
        self.headed(line)
        result = self.result
        if result is None:
            glyphs = self.house.images.glyphs
            spinner = glyphs.spinner[self._tick % len(glyphs.spinner)]
            self.page.show(progress_page(self.progress, spinner), keep=True)
            self.keyed([("leave", "esc", "stop")])
            return
        self.page.show(result_page(self.progress, result, theirs=self._theirs, mine=self._mine))
        keys = []
        if result.copyable:
            keys += [("copy", "c", "copy name@digest"), ("digest", "y", "copy digest")]
        if result.outcome is Outcome.CONFLICT:
            keys += [("again", "r", "plan again, to replace theirs"), ("theirs", "a", "begin from theirs")]
        elif not result.ok:
            keys.append(("again", "r", "plan again"))
        self.keyed([*keys, ("leave", "enter esc", "close")])

    def on_key(self, event: events.Key) -> None:
        names = {"c": "copy", "y": "digest", "r": "again", "a": "theirs", "enter": "close", "q": "close"}
        if event.key in MOVES:
            event.stop()
            self.page.move(MOVES[event.key])
        elif event.key in names:
            event.stop()
            self.do(names[event.key])

    def do(self, action: str) -> None:
        result = self.result
        if result is None:
            if action == "leave":
                self._stop()
            return
        if action in ("leave", "close"):
            self.dismiss(Ended(result))
        elif action == "copy" and result.copyable:
            self.house.start(self.house.clipboard.copy_text(result.copyable, "reference"), "copy")
        elif action == "digest" and result.digest is not None and result.ok:
            self.house.start(self.house.clipboard.copy_text(str(result.digest), "digest"), "copy")
        elif action == "again" and not result.ok:
            self.dismiss(Ended(result, "again"))
        elif action == "theirs" and result.outcome is Outcome.CONFLICT:
            self.dismiss(Ended(result, "theirs"))

    def _stop(self) -> None:
        if self._push.cancel():
            self.progress.stopping = True
            self.redraw()
        else:
            self.house.say("The last write is under way: it is finished and read back first.")
