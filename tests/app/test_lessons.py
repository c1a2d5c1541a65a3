"""Lessons on the screen: chosen, done for real, shown, started over; the rehearsal; the four digests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.app.draft_stage import FixStage, fixing
from tests.support.gallery import served
from tui.app.controllers.lessons import LessonController
from tui.app.lesson.rehearsing import Rehearsing
from tui.app.lesson.session import LessonSession
from tui.app.main import FanfoldApp, run_app
from tui.app.screens.dialogs import Choice
from tui.app.widgets.lesson_panel import LessonPanel
from tui.config import ConfigError, Settings
from tui.demo.serve import Served
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.teach.events import EventKind
from tui.teach.lesson_file import all_lessons

pytestmark = pytest.mark.slow


def lessons_of(stage: FixStage) -> LessonController:
    """The part of the program that these tests are about."""
    owner = getattr(stage.main.actions._handlers["lessons"], "__self__", None)
    assert isinstance(owner, LessonController)
    return owner


def session_of(stage: FixStage) -> LessonSession:
    session = lessons_of(stage).session
    assert session is not None
    return session


@asynccontextmanager
async def lesson(registry: Served, name: str | None, *, size: tuple[int, int] = (120, 40)) -> AsyncIterator[FixStage]:
    """The program as `fanfold demo [NAME]` opens it."""

    def prepare(app: FanfoldApp) -> None:
        app.lesson, app.offer_lessons = name, name is None

    async with fixing(registry, size=size, prepare=prepare) as stage:
        if name is not None:
            await begun(stage)
        yield stage


async def begun(stage: FixStage) -> None:
    await stage.until(lambda: lessons_of(stage).session is not None, "a lesson")
    session = session_of(stage)
    await stage.until(lambda: session._feeder is not None and not session.busy, "the lesson prepared")
    await stage.pilot.pause()


async def step(stage: FixStage, number: int) -> None:
    """Wait until the lesson is at this step (from 1)."""
    await stage.until(lambda: session_of(stage).run.current == number - 1, f"step {number}")
    await stage.pilot.pause()


async def test_the_demo_offers_the_lessons_and_can_be_left_alone() -> None:
    with served() as registry:
        async with lesson(registry, None) as stage:
            await stage.screen("Choice")
            assert "The stale list" in stage.shown() and "Rate limits" in stage.shown()
            await stage.press("escape")
            await stage.screen("MainScreen")
            assert lessons_of(stage).session is None and not stage.main.side.display
            await stage.press("f2")
            await stage.screen("Choice")
            await stage.press("1")
            await begun(stage)
            assert "What a tag is" in stage.shown()


async def test_a_new_user_fixes_the_stale_list_in_twenty_keys_and_every_step_ticks_by_itself() -> None:
    """Only keys that the panel, the screen or the key line names; the fewest for somebody who does what is said."""
    pressed: list[str] = []
    with served() as registry:
        async with lesson(registry, "2") as stage:
            main = stage.main

            async def press(*keys: str) -> None:
                for key in keys:
                    pressed.append(key)
                    await stage.press(key)

            async def at(label: str, **place: str) -> None:
                def there() -> bool:
                    here = main.current
                    return (
                        here is not None and here.label == label and here.source.kind == place.get("kind", "registry")
                    )

                await stage.until(there, f"the cursor on {label}")

            before = stage.holds("sandbox", "0.16-edge")
            assert "1/11" in stage.shown() and "T1 to T3" in stage.shown()
            # The cursor is on the repository already.
            await at("sandbox")
            await press("enter")
            await stage.until(lambda: main.current is not None and len(main.current.children) == 3)
            await press("down")
            await at("0.16-edge")
            await press("enter")
            await step(stage, 2)
            edge = main.current
            assert edge is not None
            await stage.until(lambda: len(main.images.children_of(edge)) == 3, "its platforms and referrers")
            await press("down", "down", "down", "down")
            await at("0.16-edge-amd64")
            await press("enter")
            await step(stage, 3)
            await press("end")
            await at("0.16-edge", kind="docker-manifests")
            await press("enter")
            await step(stage, 4)
            await press("x")
            await step(stage, 5)
            # What docker manifest push would send is refused by the registry itself.
            await press("a")
            await stage.screen("Reader")
            assert "400 MANIFEST_BLOB_UNKNOWN" in stage.text and "docker prints" in stage.text
            await press("escape")
            await step(stage, 6)
            await press("e")
            await step(stage, 7)
            await press("R")
            await stage.screen("DraftScreen")
            await step(stage, 8)
            assert stage.app.screen.query(LessonPanel), "the lesson is beside the draft too"
            assert "The plan comes first" in stage.shown()
            await press("P")
            await stage.planned()
            await step(stage, 9)
            await press("y")
            await stage.ended()
            await step(stage, 10)
            assert stage.holds("sandbox", "0.16-edge") not in (None, before)
            await press("enter")
            await stage.screen("MainScreen")
            await at("0.16-edge")
            await press("x")
            await step(stage, 11)
            await press("c")
            await stage.until(lambda: session_of(stage).run.finished, "the end of the lesson")
            await stage.pilot.pause()
            assert "Done: all 11 steps." in stage.text
            assert stage.copied == [stage.holds("sandbox", "0.16-edge")]
    assert len(pressed) <= 20, pressed


async def test_hint_show_me_and_start_over() -> None:
    with served() as registry:
        async with lesson(registry, "stale-list") as stage:
            panel = stage.main.side.query_one(LessonPanel)
            assert "Hint:" not in stage.text
            await stage.press("b")
            assert "Hint:" in stage.text
            await stage.press("a")
            assert "do this step yourself" in stage.toasts and session_of(stage).run.current == 0
            await stage.press("e")
            await step(stage, 2)
            assert "Hint:" not in stage.text
            node = stage.main.current
            assert node is not None and node.tag == "0.16-edge"
            registry.call(lambda store: store.repository("sandbox").untag("0.16-edge-amd64"))
            await stage.press("z")
            await stage.screen("Confirm")
            await stage.press("y")
            await step(stage, 1)
            await begun(stage)
            assert stage.holds("sandbox", "0.16-edge-amd64") is not None, "the registry is as it was"
            assert "1/11" in str(panel.border_title)
            await stage.press("p")
            assert not stage.main.side.display
            await stage.press("p")
            assert stage.main.side.display


@pytest.mark.parametrize("name", [made.id for made in all_lessons()])
async def test_every_lesson_can_be_shown_to_its_end_or_to_what_only_the_reader_can_do(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ "show me" and "do it" are real: they tick the steps they belong to, in every lesson, by the events they make.
    A check that is shown after a refresh comes after it, however long that takes."""
    refresh = Explorer.refresh

    async def late(explorer: Explorer, node: Node) -> None:
        await asyncio.sleep(0.1)
        await refresh(explorer, node)

    monkeypatch.setattr(Explorer, "refresh", late)
    with served() as registry:
        async with lesson(registry, name) as stage:
            await _show_all(stage)
            assert session_of(stage).run.current >= 3


async def _show_all(stage: FixStage) -> None:
    run = session_of(stage).run
    while run.step is not None and stage.named("MainScreen"):
        now = run.current
        if any(each.event is EventKind.DRAFT for each in run.step.done.all_of) and run.step.show[-1].do != "action":
            return  # marking the images of a new list is the reader's own
        if run.step.act is not None or not run.step.show:
            wanted = {each.event for each in run.step.done.conditions}
            if not wanted <= {EventKind.READ, EventKind.ACTED}:
                return  # the reader's own: a push, a platform to choose
            await stage.press("a")
            if run.lesson.steps[now].act is not None:
                await stage.until(partial(_moved_on, stage, now), f"act of {now + 1}")
                if stage.named("Reader"):
                    await stage.press("escape")
                    await stage.screen("MainScreen")
        else:
            reading = any(each.event is EventKind.READ for each in run.step.done.all_of)
            await stage.press("e")
            if reading:
                shown = "explain" if run.step.done.all_of[0].event is EventKind.TAB else "requests"
                await stage.until(partial(_is_shown, stage, shown), shown)
                await stage.press("a")
        await stage.until(partial(_moved_on, stage, now), f"{run.lesson.id}, step {now + 1}")


def _is_shown(stage: FixStage, what: str) -> bool:
    """Whether what a step asks to be read is on the screen."""
    return stage.main.detail.tab == "explain" if what == "explain" else stage.main.panes.requests_shown


def _moved_on(stage: FixStage, step: int) -> bool:
    """Whether the step has ticked, or another screen came up for it."""
    return session_of(stage).run.current > step or not stage.named("MainScreen")


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_panel_leaves_room_at_any_size(size: tuple[int, int]) -> None:
    with served() as registry:
        async with lesson(registry, "1", size=size) as stage:
            panel = stage.main.side.query_one(LessonPanel)
            assert panel.region.width >= 40 and panel.region.height >= 7
            assert stage.main.images.region.height >= 4 and stage.main.images.region.width >= 30
            assert run_title(stage) in stage.shown()


def run_title(stage: FixStage) -> str:
    current = session_of(stage).run.step
    assert current is not None
    return current.title[:20]


async def test_a_rehearsal_steps_with_one_key_and_stops_where_a_pull_would() -> None:
    closed: list[str] = []
    with served() as registry:
        async with fixing(registry) as stage:
            await stage.at("sandbox:0.16-edge")
            rehearsing = await _rehearse(stage, "linux/arm64")
            await stage.until(lambda: rehearsing.rehearsal.steps, "the first step")
            while not rehearsing.rehearsal.finished:
                await _next_step(stage, rehearsing)
            assert rehearsing.rehearsal.stopped
            await stage.until(lambda: "The pull fails." in stage.text)
            for _ in range(4):
                await stage.press("a")
            assert stage.toasts.count("Pull finished") == 1
            told = [event.facts["step"] for event in stage.told(EventKind.REHEARSAL)]
            assert told[0] in ("token", "tag") and "choose" in told
            assert stage.told(EventKind.REHEARSAL)[-1].facts["outcome"] == "stopped"
            node = stage.main.current
            assert node is not None and node.label == "layer 2"
            await stage.press("p")
            assert lessons_of(stage).rehearsing is None and not stage.main.side.display
            services = stage.main.services
            assert services is not None
            services.close_also(lambda: closed.append("everything"))
            await _rehearse(stage, "linux/amd64")
            await stage.until(lambda: stage.main.panes.requests_shown, "the requests of the rehearsal")
    assert closed == ["everything"], "leaving in the middle of a rehearsal closes what it should"


async def _rehearse(stage: FixStage, platform: str) -> Rehearsing:
    """Begin a rehearsal for one of the platforms that are offered."""
    await stage.press("f3")
    await stage.screen("Choice")
    assert isinstance(stage.top, Choice)
    items = [item.title for item in stage.top.items]
    assert {"linux/amd64", "linux/arm64"} <= set(items)
    await stage.press(str(items.index(platform) + 1))
    await stage.screen("MainScreen")
    await stage.until(lambda: lessons_of(stage).rehearsing, "the rehearsal")
    rehearsing = lessons_of(stage).rehearsing
    assert rehearsing is not None
    return rehearsing


async def _next_step(stage: FixStage, rehearsing: Rehearsing) -> None:
    count = len(rehearsing.rehearsal.steps)
    await stage.until(lambda: not rehearsing.busy)
    await stage.press("a")
    await stage.until(lambda: len(rehearsing.rehearsal.steps) > count, "one more step")
    row = rehearsing.rehearsal.steps[-1].node
    await stage.until(lambda: stage.main.current is row, "the row of the step")


async def test_the_four_digests_are_copied_with_a_digit() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await stage.at("library/hello:latest")
            await stage.press("f4")
            await stage.screen("DigestsReader")
            digest = stage.holds("library/hello", "latest")
            assert digest is not None and digest in stage.text and "image ID" in stage.text
            await stage.press("2")
            await stage.until(lambda: stage.copied)
            assert stage.copied == [digest]
            assert stage.told(EventKind.VIEW)[-1].facts["view"] == "digests"


async def test_without_the_demo_there_are_no_lessons_but_a_reason() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            lessons_of(stage).services.demo = None
            await stage.press("f2", "e")
            assert "fanfold demo" in stage.toasts and "no lesson is under way" in stage.toasts


def test_a_lesson_that_does_not_exist_is_said_before_the_screen_starts(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="stale-list"):
        run_app(Settings(), (), demo=True, lesson="nonsense")
    bad = tmp_path / "bad.toml"
    bad.write_text('id = "bad"\ntitle = "Bad"\nsummary = "S"\n[[step]]\ntext = "Do"\n[step.done]\nevent = "opend"\n')
    with pytest.raises(ConfigError, match="line 7"):
        run_app(Settings(), (), demo=True, lesson=str(bad))
