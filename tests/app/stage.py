"""A screen over sources in memory, for tests: press keys, wait for what must become true, read what is shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from textual.pilot import Pilot

from tests.support.fake_source import FakeSource
from tests.support.images import Image, attestation, image, index
from tui.app.actions import Handler
from tui.app.main import FanfoldApp
from tui.app.screens.main import MainScreen
from tui.app.services import Services
from tui.app.widgets.page import PageView
from tui.config import Settings
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.oci.reference import Reference
from tui.registry.trace import Exchange, Trace
from tui.sources.spec import SourceSpec

PATIENCE = 75.0  # on a machine with ten others at work; what becomes true ends it at once


@dataclass
class Images:
    """What the fake registry holds."""

    amd64: Image = field(default_factory=lambda: image("linux/amd64"))
    arm64: Image = field(default_factory=lambda: image("linux/arm64"))
    broken: Image = field(default_factory=lambda: image("linux/arm64", seed="broken"))


class WritableSource(FakeSource):
    """A fake that says it can be written to, so that the capitals' own reasons show."""

    can_write = True
    why_read_only = ""


def furnished(source: FakeSource, images: Images) -> FakeSource:
    """A registry with a healthy index, a broken one, a single image and many tags."""
    proof = attestation(images.amd64)
    source.put("app", index(images.amd64, images.arm64, proof), "1.0")
    source.put("app", index(images.amd64, images.broken), "2.0")
    source.drop("app", images.broken.blobs[2].digest)
    source.put("app", images.amd64, "single")
    source.put("tool", image("linux/amd64", seed="tool"), "latest")
    source.put("many", images.amd64, *(f"v{number}" for number in range(2500)))
    return source


@dataclass
class Stage:
    """The running app and its parts."""

    app: FanfoldApp
    pilot: Pilot[int]
    source: FakeSource
    images: Images
    trace: Trace
    copied: list[str]

    @property
    def main(self) -> MainScreen:
        return self.app.main_screen

    @property
    def node(self) -> Node:
        """The row under the cursor."""
        node = self.main.current
        assert node is not None
        return node

    @property
    def page(self) -> str:
        """The whole text of the detail page."""
        return text_of(self.main.page_view)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    def carry_out(self, action: str, handler: Handler) -> None:
        """Let `handler` carry out an action, whoever does so otherwise."""
        self.main.actions._handlers[action] = handler

    async def type(self, text: str) -> None:
        """Type a text where one is asked for."""
        for character in text:
            self.app.simulate_key(character)
        await self.pilot.pause()

    async def until(self, true: Callable[[], object], what: str = "") -> None:
        """Wait until something is true; fails with the screen when it never is."""
        end = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"never: {what or true}\n{self.screen()}")
            await asyncio.sleep(0.01)

    async def quiet(self) -> None:
        """Wait until the engine asks nothing and the screen has nothing left to draw."""
        await self.until(lambda: self.source.running == 0, "the source at rest")
        await self.until(lambda: not self.main.redraw.throttle.pending, "everything drawn")
        await self.pilot.pause()
        await self.pilot.pause()

    def screen(self) -> str:
        """What is on the screen, as text."""
        return "\n".join(
            "".join(segment.text for segment in strip) for strip in self.app.screen._compositor.render_strips()
        )

    async def go(self, *labels: str) -> Node:
        """Open rows by their labels, from the first repository down; the cursor ends on the last."""
        for number, label in enumerate(labels):
            await self._step(label, number, last=number == len(labels) - 1)
        await self.quiet()
        return self.node

    async def _step(self, label: str, depth: int, *, last: bool) -> None:
        await self.until(lambda: self._find(label, depth) is not None, f"a row {label!r}")
        node = self._find(label, depth)
        assert node is not None
        await self.main.navigation.highlight(node)
        await self.until(lambda: self.main.current is node)
        if not last and not self.main.images.is_open(node):
            self.main.images.open_row(node)
            await self.until(lambda: node.children, f"children of {label!r}")

    def _find(self, label: str, depth: int) -> Node | None:
        place = self.main.current
        rows = list(self.main.explorer.roots[0].children) if depth == 0 or place is None else list(place.children)
        return next((row for row in rows if row.label == label), None)


def text_of(view: PageView) -> str:
    """The text of a page."""
    page = view.page
    return "\n".join(page.plain(number) for number in range(len(page)))


def exchange(number: int, **changes: object) -> Exchange:
    """A finished request."""
    facts: dict[str, object] = {
        "id": number,
        "started": datetime(2026, 5, 4, 9, 0, number % 60, tzinfo=UTC),
        "method": "GET",
        "url": f"https://fake.test/v2/app/blobs/{number}",
        "host": "fake.test",
        "path": f"/v2/app/blobs/{number}",
        "status": 200,
        "ms": 12.0,
        "bytes_in": 735,
        "asked_by": "layer 1",
        "request_headers": (("Accept", "*/*"),),
        "received": ("Content-Type", "application/json"),
        "state": "done",
    }
    return Exchange(**{**facts, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def staged(
    size: tuple[int, int] = (120, 40),
    *,
    settings: Settings | None = None,
    source: FakeSource | None = None,
    sources: tuple[str, ...] = ("fake.test",),
    native: Callable[[str], None] | None = None,
    interval: float = 0,
) -> AsyncIterator[Stage]:
    """The app on a furnished fake registry (or the one given), opened, with the cursor on its root."""
    images = Images()
    place = source if source is not None else furnished(WritableSource(), images)
    trace = Trace()
    copied: list[str] = []
    explorer = Explorer()

    async def find(text: str | SourceSpec) -> Node:
        assert isinstance(text, str)
        if "/" not in text:
            return explorer.add_source(place)
        reference = Reference.parse(text)
        selector = reference.selector if reference.explicit else None
        if selector is None:
            return explorer.add_repository(place, reference.repository)
        return explorer.add_selector(place, reference.repository, selector)

    async def connect() -> Services:
        return Services(explorer, find, explorer.aclose, trace=trace)

    app = FanfoldApp(connect, sources, settings=settings, interval=interval, clipboard_native=native or copied.append)
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = Stage(app, pilot, place, images, trace, copied)
        await stage.until(lambda: app.has_main_screen and stage.main.ready, "the main screen")
        if sources:
            await stage.until(lambda: stage.main.current is not None, "a first row")
            await stage.until(lambda: stage.main.explorer.roots[0].children, "repositories")
        await stage.quiet()
        yield stage
        await stage.until(lambda: app.screen.is_mounted, "the screen in front, before it is taken away")
