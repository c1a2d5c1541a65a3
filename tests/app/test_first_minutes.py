"""The first five minutes: somebody who knows only `docker pull` follows what the screen says."""

from __future__ import annotations

import pytest

from tests.app.draft_stage import FixStage
from tests.app.stage import staged
from tests.support.gallery import served
from tui.app.actions import show_key
from tui.app.main import FanfoldApp
from tui.app.services import connect, demo_connect
from tui.config import Settings
from tui.teach.events import EventKind
from tui.teach.lesson import Matcher
from tui.teach.lesson_file import all_lessons

#: Keys that nobody needs to be told.
_KNOWN = {"up", "down"}
REQUESTS = Matcher(equal="requests")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "narrow"])
async def test_from_the_demo_to_what_is_broken_and_why_and_to_the_fix(size: tuple[int, int]) -> None:
    app = FanfoldApp(demo_connect(Settings(clipboard="osc52")), interval=0)
    app.offer_lessons = True
    pressed: list[str] = []
    async with app.run_test(size=size, notifications=True) as pilot:
        stage = FixStage(app, pilot, None, [], [])  # type: ignore[arg-type]

        async def press(key: str) -> None:
            named = key in _KNOWN or f"{show_key(key)} " in stage.shown()
            assert named, f"{key} is nowhere on the screen:\n{stage.shown()}"
            pressed.append(key)
            await stage.press(key)

        await stage.until(lambda: "Esc explores" in stage.shown(), "the lessons")
        await press("escape")
        await stage.until(lambda: stage.main.current is not None and stage.main.current.label == "dockerfun")
        await press("enter")
        await stage.until(lambda: "x checks all" in stage.shown() and "6b972be0" in stage.shown(), "its tag")
        await press("down")
        await stage.until(lambda: "6b972be0 is not checked" in stage.shown())
        await press("enter")
        # Which platforms, and why: without one more key.
        await stage.until(lambda: "2 layers are missing" in " ".join(stage.main.status.verdict_line().plain.split()))
        await stage.until(lambda: "linux/arm64" in stage.shown() and "✗ missing: 404" in stage.shown(), "why")
        assert len(pressed) < 10
        broken = len(pressed)
        await stage.until(lambda: "F fix" in stage.shown(), "what to press")
        await press("F")
        await stage.planned()
        await stage.until(lambda: "No digest changes" in " ".join(stage.shown().split()), "the plan")
        await press("y")
        await stage.ended()
        await stage.until(lambda: "Done." in stage.shown())
        await press("escape")
        await stage.until(lambda: "can be pulled on both" in stage.main.status.verdict_line().plain, "whole")
        assert len(pressed) - broken <= 10
    assert pressed == ["escape", "enter", "down", "enter", "F", "y", "escape"]


@pytest.mark.slow
async def test_the_cursor_begins_on_what_is_worth_opening_in_the_first_of_several_sources() -> None:
    with served() as one, served() as other:
        app = FanfoldApp(connect(Settings(clipboard="osc52")), (one.address, f"{other.address}/sandbox"), interval=0)
        app.into_first = True
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            stage = FixStage(app, pilot, one, [], [])
            await stage.until(lambda: app.has_main_screen and stage.main.ready, "the engine")
            await stage.until(lambda: len(stage.main.explorer.roots) == 2, "both sources")
            await stage.until(lambda: stage.main.current is not None and stage.main.current.label == "dockerfun")
            await stage.press("enter")
            await stage.until(lambda: "6b972be0" in stage.shown(), "its tag")
            assert all(stage.main.images.is_open(root) for root in stage.main.explorer.roots)


@pytest.mark.slow
async def test_the_first_enter_goes_into_a_registry_and_folds_nothing() -> None:
    async with staged() as stage:
        root = stage.main.explorer.roots[0]
        assert stage.node is root
        await stage.press("enter")
        assert stage.main.images.is_open(root) and stage.node is root.children[0]


def test_a_pane_that_a_step_speaks_of_is_named_with_its_key() -> None:
    for lesson in all_lessons():
        for step in lesson.steps:
            said = f"{step.text} {step.hint}"
            wanted = step.done.conditions
            if any(each.event is EventKind.VIEW and each.facts.get("view") == REQUESTS for each in wanted):
                assert "{key:pane-3}" in said, (lesson.id, step.title)
            if any("tab" in each.facts for each in wanted):
                keys = ("pane-2", "next-tab", "previous-tab", "explain", "json")
                assert any(f"{{key:{key}}}" in said for key in keys), (lesson.id, step.title)
