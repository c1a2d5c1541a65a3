"""What a newcomer stumbled over: steps that ticked by themselves, trees that stayed open, pages of another row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.app.draft_stage import FixStage, fixing
from tests.app.test_lessons import lesson, lessons_of, session_of, step
from tests.support.gallery import served
from tui.app.keys import Keys
from tui.app.lesson.session import LessonSession
from tui.app.main import FanfoldApp
from tui.app.observer import LessonObserver
from tui.app.screens.dialogs import Choice
from tui.explore.checkrun import CheckRun
from tui.explore.explorer import Explorer
from tui.explore.finding import Finding
from tui.explore.node import Kind, Load, Node
from tui.explore.observations import ObservationStore
from tui.teach.events import Event, EventKind
from tui.teach.lesson_file import find_lesson
from tui.teach.target import reach

pytestmark = pytest.mark.slow


def row(stage: FixStage, repository: str, label: str) -> Node:
    found = (each for each in stage.main.explorer.roots[0].walk() if each.repository == repository)
    return next(each for each in found if each.label == label)


async def test_moving_over_the_config_is_not_looking_at_it() -> None:
    with served() as registry:
        async with lesson(registry, "1") as stage:
            for _ in range(2):
                await stage.press("e")
                await stage.pilot.pause()
            await step(stage, 3)
            # From the platform to its layer the cursor passes the config: that step has not been read yet.
            await stage.press("down", "down")
            await step(stage, 4)
            assert stage.main.current is not None and stage.main.current.kind is Kind.LAYER
            await stage.press("up")
            await stage.pilot.pause()
            # Nor does the row of the config say who runs what: that is in the tab.
            assert session_of(stage).run.current == 3
            await stage.press("right_square_bracket", "right_square_bracket")
            await step(stage, 5)
            assert "Entrypoint" in stage.text or "entrypoint" in stage.text


async def test_start_over_closes_the_tree_and_goes_to_the_first_repository() -> None:
    with served() as registry:
        async with lesson(registry, "2") as stage:
            await stage.press("e")
            await step(stage, 2)
            await stage.press("z")
            await stage.screen("Confirm")
            await stage.press("y")
            await step(stage, 1)
            await stage.until(lambda: stage.main.current is not None and stage.main.current.label == "sandbox")
            home = row(stage, "sandbox", "sandbox")
            assert not stage.main.images.is_open(home)
            # And the step can be done again, by opening what was open before.
            await stage.press("l")
            await stage.until(lambda: stage.main.images.is_open(home))
            await stage.main.navigation.highlight(row(stage, "sandbox", "0.16-edge"))
            await stage.press("l")
            await step(stage, 2)


async def test_a_finding_has_to_be_looked_at() -> None:
    with served() as registry:
        async with lesson(registry, "3", size=(80, 24)) as stage:
            await stage.at("dockerfun:6b972be0")
            await stage.press("l", "x")
            await step(stage, 3)
            await stage.at("dockerfun/amd64:6b972be0")
            await stage.press("l", "x")
            await step(stage, 4)
            await stage.at("dockerfun:6b972be0")
            await stage.until(lambda: "not-in-this-repository" in {found.code for found in found_at(stage)})
            assert session_of(stage).run.current == 3
            # The detail pane was away: it comes with the page of the row that the cursor is on.
            await stage.press("2")
            await stage.until(lambda: "6b972be0" in stage.text)
            assert session_of(stage).run.current == 3
            await stage.press("left_square_bracket", "left_square_bracket")
            await stage.until(lambda: "missing-blob" in stage.text)
            # The findings of the whole tag begin with six others: it has to be those of one object.
            assert session_of(stage).run.current == 3
            await stage.press("1")
            await stage.main.navigation.highlight(
                await reach(stage.main.explorer, "dockerfun:6b972be0 linux/amd64 config")
            )
            await stage.press("2")
            await step(stage, 5)
            await stage.until(lambda: "not-in-this-repository" in stage.text)
            assert stage.text.count("missing-blob") == 1


def found_at(stage: FixStage) -> Sequence[Finding]:
    node = stage.main.current
    assert node is not None
    return stage.main.findings.findings(node, stage.main.explorer)


async def test_copying_twice_leaves_one_notice() -> None:
    with served() as registry:
        async with lesson(registry, "1") as stage:
            await stage.at("library/hello:latest")
            await stage.press("c")
            await stage.until(lambda: len(stage.copied) == 1)
            await stage.press("c")
            await stage.until(lambda: len(stage.copied) == 2)
            await stage.pilot.pause()
            assert len(stage.app._notifications) == 1


async def at_step(stage: FixStage, number: int) -> None:
    """Go on as if the steps before this one had been done."""
    run = session_of(stage).run
    run._done, run._since = number - 1, run._count
    session_of(stage)._changed(True)
    await stage.pilot.pause()


async def test_what_was_seen_before_the_connection_broke_is_not_shown_after() -> None:
    with served() as registry:
        async with lesson(registry, "6") as stage:
            home = row(stage, "dockerfun/amd64", "dockerfun/amd64")
            await stage.at("dockerfun/amd64:6b972be0")
            await stage.press("l", "x")
            await stage.until(lambda: stage.told(EventKind.CHECKED), "a check")
            await at_step(stage, 6)
            await stage.press("a")
            await stage.screen("Reader")
            await stage.press("escape")
            await stage.screen("MainScreen")
            assert stage.main.current is home and not home.children, "nothing of it is known any more"
            assert session_of(stage).run.current == 5, "breaking it is not seeing it"
            await stage.press("l")
            await step(stage, 7)
            await stage.press("a")
            await stage.screen("Reader")
            await stage.press("escape")
            await stage.screen("MainScreen")
            await stage.press("r", "x")
            await stage.until(lambda: session_of(stage).run.finished, "the end of the lesson")


async def test_the_cursor_is_in_sight_when_a_lesson_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    inner = LessonSession._to_first

    async def then_laid_out(self: LessonSession) -> None:
        """On a slow terminal the tree is laid out anew after the cursor was put in its place."""
        await inner(self)
        self.screen.images.scroll_to(y=0, animate=False, force=True, immediate=True)

    monkeypatch.setattr(LessonSession, "_to_first", then_laid_out)
    with served() as registry:
        async with lesson(registry, "1") as stage:
            main = stage.main
            await stage.until(lambda: main.current is not None and main.current.label == "library/hello")
            await stage.until(lambda: main.current in main.images.visible_nodes(), "the cursor in sight")


@pytest.mark.parametrize(
    ("kind", "load", "complete"),
    [
        (Kind.GROUP, Load.READY, True),
        (Kind.GROUP, Load.FAILED, False),
        (Kind.REFERRERS, Load.FAILED, True),  # no pull needs what refers to an image
    ],
)
def test_a_check_with_a_row_that_failed_is_not_complete(kind: Kind, load: Load, complete: bool) -> None:
    rows = [
        Node("a", Kind.REPOSITORY, cast(Any, SimpleNamespace(kind="registry")), "app", load=Load.READY),
        Node("b", kind, cast(Any, SimpleNamespace(kind="registry")), "app", load=load),
    ]
    rows[0].children = rows[1:]
    events: list[Event] = []
    observer = LessonObserver()
    observer.subscribe(events.append)
    explorer = SimpleNamespace(observations=ObservationStore())
    run = SimpleNamespace(stopped=False, node=rows[0], requests=1)
    observer.publish_checked(cast(CheckRun, run), cast(Explorer, explorer))
    assert events[0].facts["complete"] is complete


async def test_the_reason_on_the_disk_has_to_be_looked_at() -> None:
    with served() as registry:
        async with lesson(registry, "3", size=(80, 24)) as stage:
            await stage.at("dockerfun:6b972be0")
            await stage.press("2")
            await at_step(stage, 5)
            assert not stage.main.query_one("#tree-pane").display
            assert "1 tree" in stage.shown(), "the panel says how the tree comes back"
            await stage.press("a")
            await stage.screen("Reader")
            await stage.press("escape")
            await stage.screen("MainScreen")
            await stage.until(lambda: stage.main.query_one("#tree-pane").display, "the tree")
            assert "1 tree" not in stage.shown()
            await stage.until(lambda: stage.main.current is not None and stage.main.current.source.kind == "storage")
            root = stage.main.current
            assert root is not None
            tag = await stage.main.explorer.add_reference(root.source, "dockerfun", "6b972be0")
            await stage.main.explorer.check(tag).wait()
            amd64 = tag.children[0]
            await stage.main.navigation.highlight(amd64)
            await stage.press("l")
            await stage.until(lambda: stage.main.images.is_open(amd64))
            assert session_of(stage).run.current == 4, "opening the platform does not show why"
            await stage.main.navigation.highlight(next(each for each in amd64.children if each.kind is Kind.LAYER))
            await stage.press("2")
            await step(stage, 6)
            assert "in the store, not linked" in stage.text


async def test_requests_that_are_open_already_are_shown_and_the_tree_comes_back_after() -> None:
    with served() as registry:
        async with lesson(registry, "5", size=(80, 24)) as stage:
            await stage.press("e")
            await step(stage, 2)
            await stage.press("3", "1")
            assert stage.main.pane == "tree" and stage.main.panes.requests_shown
            await stage.press("e")
            await stage.until(lambda: stage.main.pane == "requests", "the requests")
            await stage.press("a")
            await step(stage, 3)
            await stage.until(lambda: stage.main.pane == "tree", "the tree, which the next step is about")


async def test_the_mount_is_found_for_the_reader() -> None:
    with served() as registry:
        async with lesson(registry, "3") as stage:
            await at_step(stage, 8)
            await stage.press("e")
            await stage.until(lambda: stage.main.requests.needle == "POST", "the requests that were sent")
            await stage.until(lambda: stage.main.pane == "requests" and not stage.main.find_bar.display)


async def test_a_copied_digest_does_not_stay_before_the_next_step() -> None:
    with served() as registry:
        async with lesson(registry, "1") as stage:
            await stage.at("library/hello:latest")
            await stage.press("c")
            await stage.until(lambda: stage.copied)
            assert [note.timeout for note in stage.app._notifications] == [3]


async def test_the_next_lesson_is_the_one_under_the_cursor() -> None:
    with served() as registry:
        async with lesson(registry, "2") as stage:
            run = session_of(stage).run
            run._done = len(run.lesson.steps)
            session_of(stage)._changed(True)
            await stage.press("f2")
            await stage.screen("Choice")
            assert isinstance(stage.top, Choice)
            assert stage.top.items[stage.top.at].value is not None
            assert [item.value.id for item in stage.top.items if "done" in item.detail[:8]] == ["stale-list"]
            await stage.press("enter")
            await stage.screen("MainScreen")
            await stage.until(lambda: session_of(stage).run.lesson.id == "parent-and-child", "the next lesson")


async def test_the_requests_that_a_rehearsal_brought_go_with_it() -> None:
    with served() as registry:
        async with lesson(registry, "1") as stage:
            for already in (False, True):
                stage.main.panes.show_requests(already)
                await stage.at("library/hello:latest")
                await stage.press("f3")
                await stage.screen("Choice")
                await stage.press("1")
                await stage.screen("MainScreen")
                await stage.until(lambda: lessons_of(stage).rehearsing is not None and stage.main.panes.requests_shown)
                await stage.press("p")
                await stage.until(lambda: lessons_of(stage).rehearsing is None)
                assert stage.main.panes.requests_shown is already


def test_the_texts_say_what_the_screen_shows() -> None:
    stale = [f"{each.title} {each.text}" for each in find_lesson("stale-list").steps]
    assert "earlier list" in stale[0] and "Neither list" in stale[1] and "the earlier list" in stale[5]
    limits = find_lesson("rate-limits").steps
    assert "All blobs were asked for with HEAD" not in limits[2].text and "GET" in limits[2].text
    assert limits[5].done.all_of[0].facts["tab"].equal == "explain"
    mount = find_lesson("parent-and-child").steps[7]
    assert "POST …/blobs/uploads/?mount" not in mount.text and "Press 3" in Keys().put_in(mount.text)
    marked = find_lesson("nested-list").steps[3]
    assert "unwraps the index" in marked.text and " g." in Keys().put_in(marked.hint)


async def test_in_a_browser_the_demo_opens_its_own_folder_and_no_other() -> None:
    def prepare(app: FanfoldApp) -> None:
        app.offer_lessons, app.settings = False, replace(app.settings, browser=True)

    with served() as registry:
        async with fixing(registry, prepare=prepare) as stage:
            await stage.until(lambda: len(stage.main.explorer.roots) == 2, "Docker's lists of the lessons")
            stage.main.start(stage.main.navigation.go_to("oci:/etc"), "open")
            said = stage.app._notifications
            await stage.until(lambda: any("disks are closed" in each.message for each in said), "why not")
            assert len(stage.main.explorer.roots) == 2
