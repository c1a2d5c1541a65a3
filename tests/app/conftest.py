"""What makes a test of the screen cheap."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from textual.app import App, ScreenStackError
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.message_pump import MessagePump
from textual.pilot import Pilot, WaitForScreenTimeout
from textual.screen import Screen

from tests.app.stage import PATIENCE


def draw_when_a_pilot_looks(patch: pytest.MonkeyPatch) -> None:
    """Textual draws sixty frames a second without a terminal, too, and throws them away: two fifths of the time of a
    test. Here a frame is drawn when a pilot waits for the screen, which it does before and after each key; whatever
    changed until then is drawn, so a widget that cannot draw itself still ends its test."""
    draw = Screen._compositor_refresh

    def put_off(screen: Screen[Any]) -> None:
        if screen is not screen.app.screen or not screen.app.is_headless:
            draw(screen)
            return
        screen._dirty_widgets.clear()  # their regions are noted
        screen.app._update_mouse_over(screen)

    async def waited(pilot: Pilot[Any]) -> bool:
        done = await all_taken(pilot.app)
        screens = pilot.app._screen_stacks[pilot.app.current_mode]
        if screens and screens[-1]._compositor._dirty_regions:
            draw(screens[-1])
        return done

    patch.setattr(Screen, "_compositor_refresh", put_off)
    patch.setattr(Pilot, "_wait_for_screen", waited)


#: So many times a message may lead to another one before a test is told that all were taken.
ROUNDS = 12


async def all_taken(app: App[Any], seconds: float = PATIENCE) -> bool:
    """Wait until all widgets on the screen took what was sent to them before, and what they sent each other for that;
    False where the app has failed.

    Textual's own waits for widgets, too, that were removed meanwhile and never answer; what a message leads to it
    leaves to time, which passes on a busy machine without anything being done in it.
    """
    quiet = 0
    for _ in range(ROUNDS):
        try:
            pumps: set[MessagePump] = {app, *app.screen.walk_children(with_self=True)}
        except ScreenStackError:
            return False
        if not await _took(app, pumps, seconds):
            return False
        quiet = 0 if any(pump._message_queue.qsize() for pump in pumps) else quiet + 1
        if quiet == 2:
            break
    return True


async def _took(app: App[Any], waiting: set[MessagePump], seconds: float) -> bool:
    taken = asyncio.Event()

    def take(pump: MessagePump) -> None:
        waiting.discard(pump)
        if not waiting:
            taken.set()

    waiting = {pump for pump in waiting if pump.call_later(take, pump)}
    tasks = {pump: pump._task for pump in waiting}
    end = time.monotonic() + seconds
    while waiting and app._exception is None:
        if time.monotonic() > end:
            raise WaitForScreenTimeout("no answer from " + "; ".join(f"{pump}: {awaited_by(pump)}" for pump in waiting))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(taken.wait(), 0.05)
        for pump in waiting:
            # The task ended and the app was not told: the alarm of pytest-timeout goes off in whatever runs just then
            task = tasks[pump]
            if task is not None and task.done() and not task.cancelled() and (error := task.exception()) is not None:
                raise error
        waiting.difference_update([pump for pump in waiting if pump._closed])
    return app._exception is None


def awaited_by(pump: MessagePump) -> str:
    """What a widget's task waits for, from its loop inwards."""
    inner: Any = pump._task.get_coro() if pump._task is not None else None
    places = []
    while inner is not None:
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None)
        places.append(f"{frame.f_code.co_name}:{frame.f_lineno}" if frame is not None else repr(inner))
        inner = getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)
    return " > ".join(places)


def read_styles_once(patch: pytest.MonkeyPatch) -> None:
    """Every app reads the same style sheets. Their rules are told apart by identity, which Python's own hash knows."""
    read: dict[object, list[RuleSet]] = {}
    parse = Stylesheet._parse_rules

    def parsed(sheet: Stylesheet, *asked: Any, **named: Any) -> list[RuleSet]:
        key = (asked, tuple(named.items()), tuple(sheet._variables.items()))
        if key not in read:
            read[key] = parse(sheet, *asked, **named)
        return read[key]

    patch.setattr(Stylesheet, "_parse_rules", parsed)
    patch.setattr(RuleSet, "__hash__", object.__hash__)


@pytest.fixture(autouse=True, scope="session")
def cheap_screens() -> Iterator[None]:
    """The app lets the collector walk everything in a quiet moment: here that would be all tests.

    Textual's pilot waits until the process rests, twice for each key, and looks only every 0.02 s. What it waits for
    with the frames of the screen (0.016 s) is still over after two looks.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tui.app.garbage.WORTH", 1_000_000)
        patch.setattr("tui.app.garbage._YOUNG", (50_000, 20))
        patch.setattr("textual._wait.SLEEP_GRANULARITY", 0.01)
        draw_when_a_pilot_looks(patch)
        read_styles_once(patch)
        yield
