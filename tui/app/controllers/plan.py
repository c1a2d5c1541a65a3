"""What the keys do while a plan is shown: the one place from which anything is written."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.app.screens.dialogs import Choice, Item
from tui.compose.fix import search_is_open
from tui.oci.canonical_json import json_text
from tui.text import capital

if TYPE_CHECKING:
    from tui.app.screens.plan import PlanScreen
    from tui.compose.plan import Plan
    from tui.compose.service import Progress


@dataclass(slots=True)
class Asked:
    """What is to be confirmed."""

    title: str
    action: str
    """The word of teach's events for what is done."""
    make: Callable[[Progress], Awaitable[Plan]]
    """Works the plan out anew whenever it is called."""
    verb: str = "push"
    """What the key of confirming does."""
    referrers: bool | None = None
    """Whether what refers to the image is written too; None where that is no question."""
    catalog: bool | None = None
    """Whether every repository of the registry is looked in; None where nothing is looked for."""
    accept: Callable[[Plan], None] | None = None
    """Makes the next plan against what the tag holds now."""


_NOT_YET = "planning is under way"


def no_plan(screen: PlanScreen) -> str:
    """Why there is nothing to look at."""
    return "" if screen.plan is not None else _NOT_YET


def no_digest(screen: PlanScreen) -> str:
    """Why there is no digest to copy."""
    if screen.plan is None:
        return _NOT_YET
    return "" if screen.plan.digest is not None else "this plan pushes no manifest to the tag"


def nothing_to_accept(screen: PlanScreen) -> str:
    """Why what the tag holds need not be accepted."""
    if screen.plan is None:
        return _NOT_YET
    return "" if screen.offers_accept else "the tag has not changed"


def no_referrers(screen: PlanScreen) -> str:
    """Why there are no referrers to take along."""
    return "" if screen.asked.referrers is not None else "only a copy can include referrers"


def no_search(screen: PlanScreen) -> str:
    """Why there is no catalog to search."""
    if screen.asked.catalog is None:
        return "only a fix searches for missing objects"
    if screen.plan is None:
        return _NOT_YET
    if screen.asked.catalog:
        return "the catalog was searched"
    return "" if search_is_open(screen.plan) else "all missing objects were found"


class PlanController:
    """One for each plan on the screen."""

    def __init__(self, screen: PlanScreen) -> None:
        self.screen = screen

    @action(
        "plan-push",
        keys="y,enter",
        title="push",
        words="Run this plan",
        group="Plan",
        scope="plan",
        rank=1,
    )
    def push(self) -> None:
        """Says itself why not: the plan's own problem is the reason then, in full."""
        screen = self.screen
        plan = screen.plan
        if plan is None or not screen.seen:
            not_yet = "Planning is under way. Nothing is written before the plan is shown."
            screen.main.say(screen.failure or not_yet)
        elif not plan.ready:
            stopping = [problem for problem in plan.problems if problem.stops]
            screen.main.say(stopping[0].message, title="Plan blocked", severity="warning", timeout=12)
        elif not plan.steps:
            done = plan.state == "nothing to do"
            why = "already up to date" if done else "the missing objects are in no place searched"
            screen.main.say(f"{capital(plan.state)}: {why}.")
        elif plan.type_to_confirm:
            screen.typed.focus()
        else:
            screen.dismiss(plan)

    @action(
        "plan-accept",
        keys="a",
        title="use current tag",
        words="Plan against the current tag, replacing what someone else pushed",
        group="Plan",
        scope="plan",
        unavailable=nothing_to_accept,
        rank=2,
    )
    def accept(self) -> None:
        plan, take = self.screen.plan, self.screen.asked.accept
        if plan is not None and take is not None:
            take(plan)
            self.screen.work_out()

    @action(
        "plan-commands",
        keys="e",
        title="commands",
        words="Copy the plan as commands of another tool",
        group="Plan",
        scope="plan",
        unavailable=no_plan,
        rank=3,
    )
    async def commands(self) -> None:
        screen = self.screen
        screen.tell_view("commands")
        items = [
            Item(str(place) if place < 10 else "", command.tool, command, command.line or command.note,
                 "" if command.line else command.note or "not supported", words=False)
            for place, command in enumerate(screen.commands, 1)
        ]  # fmt: skip
        if not items:
            screen.main.say("No other tool has a command for this.")
            return
        chosen = await screen.main.ask(Choice("Copy a command", items))
        if chosen is not None:
            await screen.main.clipboard.copy_text(chosen.line, "command")

    @action(
        "plan-json",
        keys="J",
        title="plan as JSON",
        words="Copy the plan as JSON, or save it to a file",
        group="Plan",
        scope="plan",
        unavailable=no_plan,
        rank=4,
    )
    async def json(self) -> None:
        from tui.compose.plan import to_json

        assert self.screen.plan is not None
        text = json_text(to_json(self.screen.plan), indent=2) + "\n"
        what = await self.screen.main.ask(
            Choice("The plan as JSON", [Item("y", "copy it", "copy"), Item("s", "save it to a file", "save")])
        )
        if what == "copy":
            await self.screen.main.clipboard.copy_text(text, "json")
        elif what == "save":
            content = text.encode("utf-8", errors="backslashreplace")
            await self.screen.main.clipboard.save_as("fanfold-plan.json", content)

    @action(
        "plan-objects",
        keys="o",
        title="every object",
        words="List every object, or only those transferred",
        group="Plan",
        scope="plan",
        unavailable=no_plan,
        rank=5,
    )
    def objects(self) -> None:
        self.screen.every = not self.screen.every
        self.screen.redraw()

    @action(
        "plan-copy",
        keys="c",
        title="copy digest",
        words="Copy the new digest",
        group="Plan",
        scope="plan",
        unavailable=no_digest,
        rank=6,
    )
    async def copy(self) -> None:
        if self.screen.plan is not None:
            await self.screen.main.clipboard.copy_text(str(self.screen.plan.digest), "digest")

    @action(
        "plan-referrers",
        keys="f",
        title="with referrers",
        words="Include signatures and other referrers, or not",
        group="Plan",
        scope="plan",
        unavailable=no_referrers,
        rank=7,
    )
    def referrers(self) -> None:
        self.screen.asked.referrers = not self.screen.asked.referrers
        self.screen.work_out()

    @action(
        "plan-catalog",
        keys="s",
        title="search the catalog",
        words="Search every repository of the registry",
        group="Plan",
        scope="plan",
        unavailable=no_search,
        rank=7,
    )
    def catalog(self) -> None:
        self.screen.asked.catalog = True
        self.screen.work_out()

    @action(
        "plan-again",
        keys="r",
        title="plan again",
        words="Plan again",
        group="Plan",
        scope="plan",
        rank=8,
    )
    def again(self) -> None:
        self.screen.work_out()

    @action(
        "plan-leave",
        keys="escape,q",
        title="cancel",
        words="Cancel; nothing is written",
        group="Plan",
        scope="plan",
        rank=9,
    )
    def leave(self) -> None:
        self.screen.workers.cancel_group(self.screen, "plan")
        self.screen.dismiss(None)

    @action("plan-next-link", keys="tab", title="link", words="Next link of the plan", group="Move", scope="plan")
    def next_link(self) -> None:
        self.screen.step_link(1)

    @action(
        "plan-previous-link",
        keys="shift+tab",
        title="link",
        words="Previous link of the plan",
        group="Move",
        scope="plan",
    )
    def previous_link(self) -> None:
        self.screen.step_link(-1)
