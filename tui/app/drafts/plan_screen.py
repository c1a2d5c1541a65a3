"""The one confirmation of every write: the plan is made, shown, and pushed only from here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from textual import events, on
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.app.drafts.screen import MOVES, FixScreen
from tui.app.failure import failure
from tui.app.pages.parts import blank, prose
from tui.app.pages.plan import plan_page
from tui.app.screens.dialogs import Choice, Item, Prompt
from tui.app.screens.main import MainScreen
from tui.app.styled_text import Line, Lines
from tui.app.widgets.page import PageView
from tui.compose.plan import Plan, to_json
from tui.compose.service import Progress
from tui.engine import client_settings
from tui.oci.canonical_json import json_text
from tui.teach.events import Event, EventKind
from tui.teach.write_events import plan_event
from tui.text import plural, safe
from tui.tools.table import CommandLine
from tui.tools.writing import write_lines


@dataclass(slots=True)
class Option:
    """Something about the write that can be switched on the confirmation screen: its key, words, and whether it is
    on."""

    key: str
    words: str
    on: bool = False


@dataclass(slots=True)
class Asked:
    """What is to be confirmed. `make` works the plan out anew whenever it is called; `verb` is what y does.

    `action` is the word of teach's events. `accept` makes the plan against what the tag holds now.
    """

    title: str
    action: str
    make: Callable[[Progress], Awaitable[Plan]]
    verb: str = "push"
    options: list[Option] = field(default_factory=list)
    accept: Callable[[Plan], None] | None = None


class PlanScreen(FixScreen[Plan]):
    """Answers with the plan that shall be run; None when nothing shall happen."""

    def __init__(self, house: MainScreen, asked: Asked) -> None:
        super().__init__(house)
        self.asked = asked
        self.plan: Plan | None = None
        self.commands: Sequence[CommandLine] = ()
        self.every = False
        self._said: list[str] = []
        self._seen = False
        self._failed = ""

    def body(self) -> Iterator[Widget]:
        box = Vertical(PageView(id="plan-page"), classes="fix-box")
        box.border_title = "Plan"
        yield box
        yield Static("", id="plan-ask", classes="fix-ask", markup=False)
        yield Input(id="plan-typed")

    @property
    def page(self) -> PageView:
        """The page of the plan."""
        return self.query_one("#plan-page", PageView)

    def begin(self) -> None:
        self.query_one("#plan-ask").display = False
        self.query_one(Input).display = False
        self.page.focus()
        self._make()

    # --- the plan ------------------------------------------------------------------------------------------------

    def _make(self) -> None:
        self.plan, self._failed, self._said, self._seen = None, "", [], False
        self.redraw()
        self.run_worker(self._work(), group="plan", exclusive=True, exit_on_error=False)

    async def _work(self) -> None:
        try:
            plan = await self.asked.make(self._tell)
            commands = await asyncio.to_thread(write_lines, plan, client_settings(self.house.settings))
        except Exception as error:  # told on the screen: nothing was written
            self._failed = failure(error)
            self.redraw()
            return
        self.plan, self.commands = plan, commands
        typed = bool(plan.type_to_confirm) and plan.ready
        ask = self.query_one("#plan-ask", Static)
        ask.update(f"Type  {plan.type_to_confirm}  and press enter to {self.asked.verb} (esc: nothing happens)")
        ask.display = typed
        field_ = self.query_one(Input)
        field_.display = typed
        self.redraw()
        self.page.move("top")
        if typed:
            field_.focus()
        self.call_after_refresh(self._shown)

    def _shown(self) -> None:
        """The plan is on the screen: from now on it can be confirmed."""
        if self.plan is None:
            return
        self._seen = True
        self.house.observer.publish(plan_event(self.plan, self.asked.action))
        self.house.observer.publish(Event(EventKind.VIEW, {"view": "plan"}))

    def _tell(self, text: str) -> None:
        self._said.append(text)
        if self.plan is None:
            self.redraw()

    def redraw(self) -> None:
        plan = self.plan
        line = Line(fold="cut").put(" plan ", "accent").put("  ").put(self.asked.title, "title")
        if plan is not None:
            state = "ready" if plan.ready and plan.steps else "nothing to do" if plan.ready else "stopped"
            line.put(f"   {state}", "good" if plan.ready else "bad")
        self.headed(line)
        if plan is not None:
            self.page.show(plan_page(plan, self.commands, every=self.every), keep=True)
        elif self._failed:
            said = [Line(hang=2).put("✗ ", "bad").put(self._failed), blank(), prose("Nothing was written.", "dim")]
            self.page.show(Lines(said))
        else:
            said = [prose("Working out every step. Nothing is written.", "dim"), blank()]
            self.page.show(Lines([*said, *(Line(hang=2).put("· ", "dim").put(text) for text in self._said[-200:])]))
            self.page.move("bottom")
        self.keyed(self._keys())

    def _keys(self) -> list[tuple[str, str, str]]:
        plan = self.plan
        keys: list[tuple[str, str, str]] = []
        if plan is not None:
            if plan.ready and plan.steps and not plan.type_to_confirm:
                keys.append(("go", "y enter", self.asked.verb))
            if self._offers_accept:
                keys.append(("accept", "a", "accept the tag as it is now"))
            keys += [("commands", "e", "commands"), ("json", "J", "plan as JSON"), ("every", "o", "every object")]
            if plan.digest is not None:
                keys.append(("copy", "c", "copy digest"))
        keys += [
            (f"option {place}", option.key, f"{option.words}: {'yes' if option.on else 'no'}")
            for place, option in enumerate(self.asked.options)
        ]
        return [*keys, ("again", "r", "plan again"), ("leave", "esc", "back, nothing happens")]

    @property
    def _offers_accept(self) -> bool:
        plan = self.plan
        wanted = plan is not None and any(problem.offer == "accept-tag" for problem in plan.problems)
        return wanted and self.asked.accept is not None

    # --- keys ----------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        if isinstance(self.focused, Input):
            return
        option = next((place for place, each in enumerate(self.asked.options) if each.key == event.character), None)
        names = {"y": "go", "a": "accept", "e": "commands", "J": "json", "o": "every", "c": "copy", "r": "again"}
        if event.key in MOVES:
            event.stop()
            self.page.move(MOVES[event.key])
        elif event.key in ("tab", "shift+tab"):
            event.stop()
            event.prevent_default()
            self.page.step_link(1 if event.key == "tab" else -1)
        elif event.key == "enter":
            event.stop()
            if self.page.chosen is None or not self.page.follow():
                self.do("go")
        elif option is not None:
            event.stop()
            self.do(f"option {option}")
        elif event.key in names:
            event.stop()
            self.do(names[event.key])
        elif event.key == "q":
            event.stop()
            self.do("leave")

    def do(self, action: str) -> None:
        if action == "leave":
            self.workers.cancel_group(self, "plan")
            self.dismiss(None)
        elif action == "go":
            self._go()
        elif action == "again":
            self._make()
        elif action.startswith("option "):
            option = self.asked.options[int(action.split()[1])]
            option.on = not option.on
            self._make()
        elif self.plan is None:
            self.house.say("The plan is not there yet.")
        elif action == "accept" and self._offers_accept and self.asked.accept is not None:
            self.asked.accept(self.plan)
            self._make()
        elif action == "every":
            self.every = not self.every
            self.redraw()
        elif action == "copy" and self.plan.digest is not None:
            self.house.start(self.house.clipboard.copy_text(str(self.plan.digest), "digest"), "copy")
        elif action == "commands":
            self.house.start(self._choose_command(), "commands")
        elif action == "json":
            self.house.start(self._json(), "json")

    def _go(self) -> None:
        plan = self.plan
        if plan is None or not self._seen:
            self.house.say(self._failed or "The plan is not there yet: it is shown before anything is written.")
        elif not plan.ready:
            stopping = [problem for problem in plan.problems if problem.stops]
            self.house.say(stopping[0].message, title="The plan is stopped", severity="warning", timeout=12)
        elif not plan.steps:
            self.house.say("There is nothing to do: everything is as it would be.")
        elif plan.type_to_confirm:
            self.query_one(Input).focus()
        else:
            self.dismiss(plan)

    @on(Input.Submitted)
    def _typed(self, event: Input.Submitted) -> None:
        event.stop()
        plan = self.plan
        if plan is None or not plan.ready or not self._seen:
            return
        if event.value.strip() == plan.type_to_confirm:
            self.dismiss(plan)
        else:
            self.house.say(f"That is not {plan.type_to_confirm}; nothing was done.", severity="warning")

    @on(PageView.Followed)
    def _followed(self, event: PageView.Followed) -> None:
        event.stop()
        if event.link.target.what == "copy":
            value = event.link.target.value
            what = "digest" if value.startswith("sha") and " " not in value else "command"
            self.house.start(self.house.clipboard.copy_text(value, what), "copy")

    # --- commands and JSON ---------------------------------------------------------------------------------------

    async def _choose_command(self) -> None:
        self.house.observer.publish(Event(EventKind.VIEW, {"view": "commands"}))
        items = [
            Item(str(place) if place < 10 else "", f"{command.tool}", command, command.line or command.note,
                 "" if command.line else command.note or "it cannot do this")
            for place, command in enumerate(self.commands, 1)
        ]  # fmt: skip
        if not items:
            self.house.say("No other tool has a command for this.")
            return
        chosen = await self.house.ask(Choice("The same by hand: copy one", items))
        if chosen is not None:
            await self.house.clipboard.copy_text(chosen.line, "command")

    async def _json(self) -> None:
        assert self.plan is not None
        text = json_text(to_json(self.plan), indent=2) + "\n"
        what = await self.house.ask(
            Choice("The plan as JSON", [Item("c", "copy it", "copy"), Item("s", "save it to a file", "save")])
        )
        if what == "copy":
            await self.house.clipboard.copy_text(text, "json")
        elif what == "save":
            await self._save(text)

    async def _save(self, text: str) -> None:
        place = Path.cwd() / "fanfold-plan.json"
        typed = await self.house.ask(Prompt("Save as", value=str(place), hint=plural(len(text), "character")))
        if not typed:
            return
        try:
            path = await asyncio.to_thread(_create, typed, text)
        except OSError as error:
            why = safe(error.strerror or str(error))
            self.house.say(f"Not saved to {safe(typed)}: {why}.", severity="error", timeout=10)
            return
        self.house.say(f"Saved to {safe(str(path))}.")


def _create(typed: str, text: str) -> Path:
    """The file's path; never over a file that is there."""
    path = Path(typed).expanduser()
    with path.open("x", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return path
