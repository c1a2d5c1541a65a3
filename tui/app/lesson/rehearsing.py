"""The pull rehearsal on the screen: one key, one request; the tree follows, and the panel says why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.pages.rehearsal import rehearsal_page, rehearsal_title
from tui.app.screens.dialogs import Choice, Item
from tui.app.styled_text import Lines
from tui.explore.node import Node
from tui.oci.platform import Platform
from tui.teach.choosing import this_machine
from tui.teach.events import Event, EventKind, node_event
from tui.teach.rehearsal import Rehearsal
from tui.teach.rehearsal_steps import RehearsalStep, StepKind

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen

_OFTEN = ("linux/amd64", "linux/arm64", "linux/arm/v7")


class Rehearsing:
    """One rehearsal under way. `next` does a step; `busy` while it is asked."""

    def __init__(self, screen: MainScreen, rehearsal: Rehearsal) -> None:
        self.screen = screen
        self.rehearsal = rehearsal
        self.busy = False
        #: Whether it was said already that the pull is over: the panel says so too, and a toast lies over its text.
        self.said_over = False

    def title(self) -> str:
        """For the panel's border."""
        return rehearsal_title(self.rehearsal)

    def page(self, room: int) -> Lines:
        """What the panel shows."""
        return rehearsal_page(self.rehearsal, busy=self.busy, room=room)

    async def next(self) -> None:
        """Do one more step and show its row."""
        if self.busy:
            return
        self.busy = True
        try:
            step = await self.rehearsal.next()
        finally:
            self.busy = False
        if step is None:
            return
        if step.node is not None:
            await self.screen.navigation.highlight(step.node)
        self.screen.observer.publish(self._event(step))

    def _event(self, step: RehearsalStep) -> Event:
        outcome = "stopped" if step.stopped else "done" if step.kind is StepKind.DONE else ""
        facts = {"step": step.kind.value, "outcome": outcome}
        if step.node is None:
            return Event(EventKind.REHEARSAL, facts)
        return node_event(EventKind.REHEARSAL, step.node, **facts)


async def choose_platform(screen: MainScreen, node: Node) -> Platform | None:
    """Which platform the pull is for: those of the image, then the usual ones; this machine's first."""
    top = node.top() or node
    own = this_machine()
    held = [row.platform for row in top.walk() if row.platform is not None and not row.platform.is_unknown]
    if node.platform is not None and not node.platform.is_unknown:
        held.insert(0, node.platform)
    names = list(dict.fromkeys([*(str(each) for each in held), str(own), *_OFTEN]))
    there = {str(each) for each in held}
    items = [
        Item(
            str(number) if number < 10 else "",
            name,
            name,
            ", ".join(
                word
                for word, true in (("this machine", name == str(own)), ("not in the image", name not in there))
                if true
            ),
        )
        for number, name in enumerate(names, 1)
    ]
    chosen = await screen.ask(Choice(f"Pull {top.label} for which platform?", items))
    return Platform.parse(chosen) if chosen else None
