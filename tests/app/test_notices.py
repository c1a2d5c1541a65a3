"""What a registry and its logins have to say reaches the screen: notices once, and rests while they last."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.app.stage import text_of
from tests.registry.images import RegistryStub
from tests.registry.server import Asked, Handler, Reply, serving
from tests.registry.tokens import PASSWORD, TokenStub, logged_in
from tui.app.main import FanfoldApp
from tui.app.services import connect
from tui.config import Settings

pytestmark = pytest.mark.slow


@dataclass
class Show:
    """The app on a scripted registry."""

    app: FanfoldApp
    pilot: Pilot[int]
    address: str
    toasts: list[str]

    def screen(self) -> str:
        strips = self.app.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    @property
    def header(self) -> str:
        return self.screen().splitlines()[0]

    async def until(self, true: Callable[[], object], patience: float = 10.0) -> None:
        end = time.monotonic() + patience
        while not true():
            assert time.monotonic() < end, f"never\n{self.toasts}\n{self.screen()}"
            await self.pilot.pause(0.01)


@asynccontextmanager
async def showing(handler: Handler, *sources: str) -> AsyncIterator[Show]:
    async with serving(handler) as server:
        app = FanfoldApp(connect(Settings()), [source.format(server.address) for source in sources], interval=0.02)
        toasts: list[str] = []
        notify = app.notify

        def heard(message: str, **more: object) -> None:
            toasts.append(message)
            notify(message, **more)  # type: ignore[arg-type]

        app.notify = heard  # type: ignore[method-assign]
        async with app.run_test(size=(150, 40), notifications=True) as pilot:
            show = Show(app, pilot, server.address, toasts)
            await show.until(
                lambda: app.has_main_screen and app.main_screen.ready and app.main_screen.current is not None
            )
            yield show


async def test_a_login_that_is_refused_is_said_once_and_in_the_summary(hermetic: Path) -> None:
    stub = TokenStub(refuse_login=401)

    def handler(asked: Asked) -> Reply:
        logged_in(hermetic / ".docker", asked.headers["host"])  # written before the first answer asks for it
        return stub(asked)

    async with showing(handler, "{}/app:latest") as show:
        await show.until(lambda: any("did not accept the stored login" in text for text in show.toasts))
        main = show.app.main_screen
        await main.navigation.highlight(main.explorer.roots[0])
        await show.until(lambda: "did not accept the stored login" in text_of(main.page_view))
        assert sum("stored login" in text for text in show.toasts) == 1
        assert PASSWORD not in str(show.toasts) + show.screen()


async def test_a_store_that_is_not_installed_is_said(hermetic: Path) -> None:
    (hermetic / ".docker").mkdir()
    (hermetic / ".docker" / "config.json").write_text('{"credsStore": "nonexist"}')
    async with showing(TokenStub(), "{}/app:latest") as show:
        await show.until(lambda: any("docker-credential-nonexist is not installed" in text for text in show.toasts))


async def test_warnings_of_a_registry_are_said_once_and_as_they_are() -> None:
    stub = RegistryStub()

    def handler(asked: Asked) -> Reply:
        reply = stub(asked)
        reply.headers.append(("Warning", '299 - "closes [@click=app.quit]in May[/]"'))
        return reply

    async with showing(handler, "{}/app:latest") as show:
        wanted = f"{show.address} warns: closes [@click=app.quit]in May[/]"
        await show.until(lambda: wanted in show.toasts)
        await show.pilot.pause(0.2)
        assert show.toasts.count(wanted) == 1


async def test_a_flood_of_warnings_is_no_flood_of_toasts() -> None:
    stub = RegistryStub()

    def handler(asked: Asked) -> Reply:
        reply = stub(asked)
        reply.headers.extend(("Warning", f'299 - "number {number}"') for number in range(20))
        return reply

    async with showing(handler, "{}/app:latest") as show:
        await show.until(lambda: any("17 more notices" in text for text in show.toasts))
        assert sum("number" in text for text in show.toasts) == 3


async def test_a_rest_that_is_waited_for_is_shown_and_counts_down() -> None:
    stub, limits = RegistryStub(), [1]

    def handler(asked: Asked) -> Reply:
        limited = asked.method == "GET" and limits and limits.pop()
        return Reply(429, [("Retry-After", "3")]) if limited else stub(asked)

    def left(text: str) -> int | None:
        found = re.search(r"rate limited, (\d) s left", text)
        return int(found[1]) if found is not None else None

    async with showing(handler, "{}/app:latest") as show:
        await show.until(lambda: left(show.header))
        first = left(show.header)
        assert first is not None
        await show.until(lambda: left("\n".join(show.screen().splitlines()[1:])))  # the row that waits for it
        await show.until(lambda: (left(show.header) or 9) < first)
        await show.until(lambda: "rate limited" not in show.screen())
        await show.until(lambda: "loading" not in show.screen())


async def test_one_image_that_hangs_does_not_hold_up_the_other() -> None:
    stub, never = RegistryStub(), asyncio.Event()

    async def handler(asked: Asked) -> Reply:
        if "hang" in asked.path:
            await never.wait()
        return stub(asked)

    async with showing(handler, "{}/app:hang", "{}/app:latest") as show:
        began = time.monotonic()

        def opened() -> bool:
            rows = [row for root in show.app.main_screen.explorer.roots for row in root.walk()]
            return any(row.label == "latest" and row.manifest is not None for row in rows)

        await show.until(opened, patience=20)
        assert time.monotonic() - began < 8
        never.set()
