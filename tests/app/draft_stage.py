"""The whole program over the embedded registry, for tests that write: real client, real plans, real pushes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from textual.pilot import Pilot
from textual.screen import Screen

from tests.app.stage import PATIENCE, text_of
from tui.app.main import FanfoldApp
from tui.app.screens.main import MainScreen
from tui.app.screens.plan import PlanScreen
from tui.app.screens.push import PushScreen
from tui.app.services import Services, connect
from tui.app.widgets.page import PageView
from tui.compose.events import PushResult
from tui.compose.plan import Plan
from tui.compose.service import DraftService
from tui.config import Settings
from tui.demo.serve import Served
from tui.explore.node import Node
from tui.teach.events import Event, EventKind


@dataclass
class FixStage:
    """The running app and the registry below it."""

    app: FanfoldApp
    pilot: Pilot[int]
    registry: Served
    copied: list[str]
    events: list[Event]

    @property
    def drafts(self) -> DraftService:
        """What the program writes with."""
        services = self.main.services
        assert services is not None and services.drafts is not None
        return services.drafts

    @property
    def main(self) -> MainScreen:
        return self.app.main_screen

    @property
    def top(self) -> Screen[Any]:
        """The screen that has the keys."""
        return self.app.screen

    def named(self, name: str) -> bool:
        """Whether the screen in front is of this class."""
        return type(self.app.screen).__name__ == name

    @property
    def text(self) -> str:
        """The text of all pages on the screen in front, and of its fields."""
        return "\n".join(text_of(view) for view in self.app.screen.query(PageView))

    def shown(self) -> str:
        """What is drawn, as text."""
        return "\n".join(
            "".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()
        )

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """Put a text into the field that has the keys."""
        from textual.widgets import Input

        field = self.app.screen.query_one(Input)
        field.value = text
        await self.pilot.pause()

    async def until(self, true: Callable[[], object], what: str = "") -> None:
        end = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > end:
                said = [note.message for note in self.app._notifications]
                raise AssertionError(f"never: {what or true}\n{said}\n{self.shown()}")
            await asyncio.sleep(0.01)

    async def screen(self, name: str) -> None:
        """Wait for a screen of this class in front, mounted."""
        await self.until(lambda: self.named(name) and self.app.screen.is_mounted, f"a {name}")
        await self.pilot.pause()

    async def at(self, reference: str) -> Node:
        """Put the cursor on a tag (`app:tag`), opened."""
        repository, _, tag = reference.rpartition(":")
        root = self.main.explorer.roots[0]
        node = await self.main.explorer.add_reference(root.source, repository, tag)
        self.main.redraw.sync_tree()
        await self.main.navigation.highlight(node)
        await self.until(lambda: self.main.current is node, f"the cursor on {reference}")
        return node

    async def planned(self) -> None:
        """Wait for a plan that can be confirmed."""
        await self.screen("PlanScreen")
        await self.until(lambda: getattr(self.top, "seen", False) or getattr(self.top, "failure", ""), "a plan")

    async def ended(self) -> None:
        """Wait for the end of a push."""
        await self.screen("PushScreen")
        await self.until(lambda: getattr(self.top, "result", None) is not None, "the end of the push")
        await self.pilot.pause()

    @property
    def plan(self) -> Plan:
        """The plan that is on the screen."""
        screen = self.app.screen
        assert isinstance(screen, PlanScreen) and screen.plan is not None
        return screen.plan

    @property
    def result(self) -> PushResult:
        """How the push on the screen ended."""
        screen = self.app.screen
        assert isinstance(screen, PushScreen) and screen.result is not None
        return screen.result

    def told(self, kind: EventKind) -> list[Event]:
        return [event for event in self.events if event.kind is kind]

    def holds(self, repository: str, tag: str) -> str | None:
        """What a tag holds in the registry, asked there."""
        return self.registry.call(lambda store: store.repository(repository).tags.get(tag))

    @property
    def toasts(self) -> str:
        return "\n".join(str(note.message) for note in self.app._notifications)


@asynccontextmanager
async def fixing(
    registry: Served,
    *,
    size: tuple[int, int] = (120, 40),
    settings: Settings | None = None,
    sources: tuple[str, ...] | None = None,
    prepare: Callable[[FanfoldApp], None] | None = None,
) -> AsyncIterator[FixStage]:
    """The app on the embedded registry, its catalog loaded."""
    chosen = replace(settings or Settings(), clipboard="native")
    make = connect(chosen)

    async def connected() -> Services:
        services = await make()
        services.demo = registry
        return services

    copied: list[str] = []
    places = sources if sources is not None else (registry.address,)
    app = FanfoldApp(connected, places, settings=chosen, interval=0, clipboard_native=copied.append)
    if prepare is not None:
        prepare(app)
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = FixStage(app, pilot, registry, copied, [])
        await stage.until(lambda: app.has_main_screen, "the main screen")
        app.main_screen.observer.subscribe(stage.events.append)
        await stage.until(lambda: app.main_screen.ready and app.main_screen.current is not None, "a first row")
        await stage.until(lambda: {"recreate", "lessons"} <= app.main_screen.actions.handled, "what writes and teaches")
        await stage.until(lambda: app.main_screen.explorer.roots[0].children, "repositories")
        await asyncio.sleep(0)
        yield stage
        await stage.until(lambda: stage.top.is_mounted, "the screen in front, before it is taken away")
