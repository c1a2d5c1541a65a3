"""What is drawn late must be drawn in the end: findings that are given out old, and the redraw that makes them new."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.app.stage import WritableSource, staged
from tests.support.fake_source import FakeSource
from tests.support.images import image, index
from tui.app import refresh
from tui.app.controllers.detail import Detail
from tui.app.refresh import BETWEEN, SHARE, WHILE_TYPING, Pane, Redraw, RefreshThrottle
from tui.app.status import Status
from tui.app.widgets.tree import ImageTree
from tui.explore import findings_cache, matrix
from tui.explore.cells import row
from tui.explore.explorer import Explorer
from tui.explore.finding import Finding
from tui.explore.findings_cache import PATIENCE, FindingsCache


class Clock:
    """Time that passes only when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(findings_cache, "time", clock)
    monkeypatch.setattr(refresh, "time", clock)
    return clock


class Redraws:
    """A judge over one tag whose findings take a tenth of a second each time they are made."""

    def __init__(self, clock: Clock, monkeypatch: pytest.MonkeyPatch, *, patient: bool = True) -> None:
        self.made = 0
        self.woken = 0
        source = FakeSource()
        source.put("app", index(image("linux/amd64"), image("linux/arm64")), "1.0")
        self.explorer = Explorer()
        self.node = self.explorer.add_selector(source, "app", "1.0")
        self.judge = FindingsCache(self._wake, patient=patient)

        def slow(*about: object) -> list[Finding]:
            clock.now += 0.1
            self.made += 1
            return []

        monkeypatch.setattr("tui.explore.findings.findings", slow)

    def _wake(self) -> None:
        self.woken += 1

    def ask(self) -> int:
        """Ask for the findings; how often they were made until now."""
        self.judge.findings(self.node, self.explorer)
        return self.made


async def test_old_findings_are_given_out_for_a_while_and_somebody_is_woken(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    redraws = Redraws(clock, monkeypatch)
    assert (redraws.ask(), redraws.ask(), redraws.woken) == (1, 1, 0)
    redraws.judge.forget()
    assert (redraws.ask(), redraws.woken, redraws.judge.stale) == (1, 1, True)
    clock.now += 0.1 * PATIENCE
    redraws.judge.forget()
    assert (redraws.ask(), redraws.woken, redraws.judge.stale) == (2, 1, False)


async def test_without_patience_nothing_old_is_given_out(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    redraws = Redraws(clock, monkeypatch, patient=False)
    redraws.ask()
    redraws.judge.forget()
    assert (redraws.ask(), redraws.woken, redraws.judge.stale) == (2, 0, False)


@dataclass
class Alarm:
    """A timer, which can be stopped."""

    at: float
    ring: Callable[[], None]
    stopped: bool = False

    def stop(self) -> None:
        self.stopped = True


class Owner:
    """What a throttle asks of a widget."""

    is_running = True
    is_attached = True

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.later: list[Alarm] = []

    def call_later(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def set_timer(self, delay: float, callback: Callable[[], None]) -> Alarm:
        self.later.append(Alarm(delay, callback))
        return self.later[-1]


class Canvas:
    """Draws nothing, and says what and when. A slice takes `cost` seconds, a line around the panes less; the rows take
    three slices."""

    def __init__(self, clock: Clock, cost: float = 0.004) -> None:
        self.clock, self.cost = clock, cost
        self.slices: list[tuple[float, Pane]] = []
        self.frames: list[float] = []
        self.hook: Callable[[Pane], None] = lambda pane: None
        self._rows = 0

    def begin(self, dirty: Pane) -> Pane:
        self.frames.append(self.clock.now)
        self._rows = 3
        return dirty

    def draw(self, pane: Pane) -> bool:
        self.slices.append((self.clock.now, pane))
        self.clock.now += self.cost / 4 if pane in Pane.AROUND else self.cost
        self.hook(pane)
        self._rows -= pane is Pane.ROWS
        return pane is Pane.ROWS and self._rows > 0

    def end(self) -> bool:
        return False


def test_a_request_from_within_a_redraw_waits_for_its_share(clock: Clock) -> None:
    owner, canvas = Owner(), Canvas(clock, 0.2)
    throttle = RefreshThrottle(owner, canvas, 0.1)  # type: ignore[arg-type]
    canvas.hook = lambda pane: throttle.request(Pane.TREE)
    throttle.request(Pane.TREE)
    assert len(owner.soon) == 1
    owner.soon.pop()()
    assert owner.soon == []
    assert [alarm.at for alarm in owner.later] == [pytest.approx(0.2 * SHARE)]


def test_a_redraw_that_fails_does_not_stop_the_next(clock: Clock) -> None:
    owner, canvas = Owner(), Canvas(clock, 0.0)

    def fail(pane: Pane) -> None:
        raise RuntimeError("a page failed")

    canvas.hook = fail
    throttle = RefreshThrottle(owner, canvas, 0)  # type: ignore[arg-type]
    throttle.request(Pane.TREE)
    with pytest.raises(RuntimeError):
        owner.soon.pop()()
    throttle.request(Pane.TREE)
    assert len(owner.soon) == 1


class Desk(Owner):
    """A screen with a clock, where answers come all the time and somebody presses keys."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.canvas = Canvas(clock)
        self.throttle = RefreshThrottle(self, self.canvas, 0.1)  # type: ignore[arg-type]

    def call_later(self, callback: Callable[[], None]) -> None:
        self.set_timer(0.0, callback)

    def set_timer(self, delay: float, callback: Callable[[], None]) -> Alarm:
        return super().set_timer(self.clock.now + delay, callback)

    def run(self, seconds: float) -> None:
        """Let time pass, with an answer after each thing that was drawn."""
        end = self.clock.now + seconds
        while True:
            self.throttle.request(Pane.DETAIL | Pane.VERDICT | Pane.TREE | Pane.ROWS)
            self.later = [alarm for alarm in self.later if not alarm.stopped]
            due = min(self.later, key=lambda each: each.at, default=None)
            if due is None or due.at >= end:
                break
            self.later.remove(due)
            self.clock.now = max(self.clock.now, due.at)
            due.ring()
        self.clock.now = max(end, self.clock.now)


def test_a_frame_is_drawn_in_slices_with_time_for_keys_between_them(clock: Clock) -> None:
    desk = Desk(clock)
    desk.run(10.0)
    starts = [at for at, _ in desk.canvas.slices]
    gaps = [later - sooner for sooner, later in itertools.pairwise(starts)]
    assert all(gap >= BETWEEN for gap in gaps), "no two slices in one piece"
    per_frame = len(starts) / len(desk.canvas.frames)
    assert per_frame == pytest.approx(6, abs=0.5), "detail, verdict, tree, and the rows in three"
    assert 20 <= len(desk.canvas.frames) <= 45, "drawing takes a tenth of the time"


def test_what_a_key_changes_is_drawn_in_the_next_slices_whatever_the_clock_says(clock: Clock) -> None:
    desk = Desk(clock)
    desk.run(1.0)
    for _ in range(40):  # at every place of a frame, and between two
        pressed = clock.now
        before = len(desk.canvas.slices)
        desk.throttle.hurry(Pane.AT_CURSOR)
        desk.run(0.0671)
        told = {pane: at for at, pane in reversed(desk.canvas.slices[before:])}
        slice = BETWEEN + desk.canvas.cost
        assert told[Pane.DETAIL] - pressed <= 4 * slice and told[Pane.VERDICT] - pressed <= 5 * slice


def test_a_key_that_is_held_down_does_not_stop_the_drawing_of_answers(clock: Clock) -> None:
    desk = Desk(clock)
    for _ in range(200):
        desk.throttle.hurry(Pane.AT_CURSOR)
        desk.run(0.02)
    pauses = [later - sooner for sooner, later in itertools.pairwise(desk.canvas.frames)]
    assert len(pauses) >= 6 and max(pauses) < 0.8
    assert [pane for _, pane in desk.canvas.slices].count(Pane.ROWS) >= 3 * 6


def test_frames_are_rarer_while_keys_come(clock: Clock) -> None:
    desk = Desk(clock)
    desk.run(5.0)
    calm = len(desk.canvas.frames)
    for _ in range(100):
        desk.throttle.hurry(Pane.AT_CURSOR)
        desk.run(0.05)
    typing = len(desk.canvas.frames) - calm
    assert 12 <= typing <= 5.0 / WHILE_TYPING + 2, (calm, typing)


def test_a_frame_follows_a_key_while_keys_come(clock: Clock) -> None:
    desk = Desk(clock)
    desk.run(1.0)
    pressed = []
    for _ in range(100):
        pressed.append(clock.now)
        desk.throttle.hurry(Pane.AT_CURSOR)
        desk.run(0.07)
    begun = [at for at in desk.canvas.frames if at > pressed[20]]
    assert len(begun) >= 12
    assert all(min(abs(at - key - BETWEEN) for key in pressed) < 0.001 for at in begun), "when the next key is far away"


def test_another_key_finds_drawn_what_the_last_one_made_out_of_date(clock: Clock) -> None:
    desk = Desk(clock)
    desk.throttle.hurry(Pane.AT_CURSOR)
    assert desk.canvas.slices == []
    desk.throttle.settle()
    assert [pane for _, pane in desk.canvas.slices] == [Pane.DETAIL, Pane.VERDICT, Pane.HEADER, Pane.KEYS]
    desk.throttle.settle()
    assert len(desk.canvas.slices) == 4


@pytest.mark.slow
async def test_nine_answers_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer tells of a beginning, an end and a step of the check: none of these is worth a redraw of its own."""
    drawn: Counter[str] = Counter()
    for owner, name in ((Redraw, "begin"), (Detail, "refresh"), (Status, "refresh_verdict")):
        monkeypatch.setattr(owner, name, counted(drawn, name, getattr(owner, name)))
    monkeypatch.setattr("tui.app.widgets.tree.row", counted(drawn, "row", row))
    source = WritableSource()
    source.why_ask_first = "x is pressed"
    images = [image(f"linux/{name}", seed=name) for name in ("amd64", "arm64", "s390x")]
    source.put("app", index(*images), "1.0")
    async with staged(source=source) as stage:
        tag = await stage.go("app", "1.0")
        stage.main.images.open_row(tag)
        await stage.quiet()
        blobs = [part.digest for each in images for part in each.blobs]
        before = source.requests
        drawn.clear()
        await stage.press("x")
        await stage.until(lambda: not stage.main.explorer.running())
        await stage.quiet()
        assert source.requests - before - len(images) == len(blobs) == 9
    # When each event was drawn by itself it was 14 redraws of every pane, and 199 rows.
    assert drawn["begin"] <= 4 and drawn["row"] <= 50, drawn


@pytest.mark.slow
async def test_a_cursor_key_draws_two_rows_and_not_all_below_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Textual draws everything below the row again that the cursor leaves or comes to."""
    drawn: Counter[str] = Counter()
    monkeypatch.setattr(ImageTree, "render_label", counted(drawn, "row", ImageTree.render_label))
    monkeypatch.setattr(matrix, "_row", counted(drawn, "line of the matrix", matrix._row))
    source = WritableSource()
    source.put("app", index(*(image("linux/amd64", seed=str(number)) for number in range(9))), "1.0")
    async with staged(source=source) as stage:
        tag = await stage.go("app", "1.0")
        stage.main.images.open_row(tag)
        # The check that comes by itself: its last answers would be drawn beside the cursor's rows.
        await stage.until(lambda: "can be pulled" in stage.main.status.verdict_line().plain, "checked")
        await stage.quiet()
        assert drawn["line of the matrix"] > 0
        for key in ("down", "up"):
            drawn.clear()
            await stage.press(key)
            await stage.quiet()
            assert 1 <= drawn["row"] <= 2 and not drawn["line of the matrix"], (key, drawn)


def counted(drawn: Counter[str], name: str, inner: Callable[..., Any]) -> Callable[..., Any]:
    """`inner`, with its calls counted."""

    def call(*given: Any, **more: Any) -> Any:
        drawn[name] += 1
        return inner(*given, **more)

    return call


@pytest.mark.slow
@pytest.mark.parametrize("interval", [0, 0.02])
async def test_the_last_verdict_is_shown_though_nothing_more_happens(
    interval: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(findings_cache, "CHEAP", -1.0)
    monkeypatch.setattr(findings_cache, "PATIENCE", 200.0)
    monkeypatch.setattr(findings_cache, "PATIENCE_WHILE_CHECKING", 1000.0)
    async with staged(interval=interval) as stage:
        await stage.go("app", "2.0")
        await stage.press("x")
        await stage.until(lambda: "cannot be pulled on linux/arm64" in stage.screen())
        await stage.press("up")
        await stage.press("down")
        await stage.until(lambda: "cannot be pulled on linux/arm64" in stage.screen())


@pytest.mark.slow
async def test_the_keys_follow_what_becomes_known_of_the_row_under_the_cursor() -> None:
    source = WritableSource()
    source.put("app", index(image("linux/amd64")), "1.0")
    async with staged(source=source) as stage:
        app = await stage.go("app")
        stage.main.explorer.subscribe(lambda event: source.hold() if app.children and source.held is None else None)
        stage.main.images.open_row(app)
        await stage.until(lambda: source.held is not None, "its tags, and nothing of them")
        await stage.press("down")

        def greyed() -> set[str]:
            return {fact.action for fact in stage.main.key_bar.keys if fact.reason}

        assert "copy" in greyed(), "nobody knows the digest yet"
        assert source.held is not None
        source.held.set()
        await stage.until(lambda: stage.node.digest is not None)
        await stage.until(lambda: "copy" not in greyed(), "the cursor has not moved")
