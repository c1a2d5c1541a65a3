"""What is drawn late must be drawn in the end: findings that are given out old, and the redraw that makes them new."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.app.stage import WritableSource, staged
from tests.support.fake_source import FakeSource
from tests.support.images import image, index
from tui.app import refresh
from tui.app.controllers.detail import Detail
from tui.app.refresh import AFTER_KEY, RIGHT_AFTER_KEY, SHARE, WAITED_LONG, Pane, Redraw, RefreshThrottle
from tui.app.status import Status
from tui.explore import findings_cache
from tui.explore.cells import row
from tui.explore.explorer import Explorer
from tui.explore.finding import Finding
from tui.explore.findings_cache import PATIENCE, FindingsCache
from tui.explore.node import Node


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

        def slow(node: Node, known: object) -> list[Finding]:
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


class Owner:
    """What a throttle asks of a widget."""

    is_running = True
    is_attached = True

    def __init__(self) -> None:
        self.soon: list[Callable[[], None]] = []
        self.later: list[tuple[float, Callable[[], None]]] = []

    def call_later(self, callback: Callable[[], None]) -> None:
        self.soon.append(callback)

    def set_timer(self, delay: float, callback: Callable[[], None]) -> None:
        self.later.append((delay, callback))


def test_a_request_from_within_a_redraw_waits_for_its_share(clock: Clock) -> None:
    owner = Owner()

    def draw(dirty: Pane) -> bool:
        clock.now += 0.2
        throttle.request(Pane.TREE)
        return False

    throttle = RefreshThrottle(owner, draw, 0.1)  # type: ignore[arg-type]
    throttle.request(Pane.TREE)
    assert len(owner.soon) == 1
    owner.soon.pop()()
    assert owner.soon == []
    assert [delay for delay, _ in owner.later] == [pytest.approx(0.2 * SHARE)]


def test_a_redraw_that_fails_does_not_stop_the_next(clock: Clock) -> None:
    owner = Owner()

    def draw(dirty: Pane) -> bool:
        raise RuntimeError("a page failed")

    throttle = RefreshThrottle(owner, draw, 0)  # type: ignore[arg-type]
    throttle.request(Pane.TREE)
    with pytest.raises(RuntimeError):
        owner.soon.pop()()
    throttle.request(Pane.TREE)
    assert len(owner.soon) == 1


class Typist:
    """Somebody who presses a key every so many seconds, while answers come all the time."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.owner = clock, Owner()
        self.drawn: list[tuple[float, float]] = []
        """When something was drawn, and how long after a key."""
        self.throttle = RefreshThrottle(self.owner, self._draw, 0.1)  # type: ignore[arg-type]
        self.throttle.request(Pane.TREE)
        self.owner.soon.pop()()

    def _draw(self, dirty: Pane) -> bool:
        self.drawn.append((self.clock.now, self.clock.now - self.throttle._key))
        return False

    def press(self, every: float, times: int) -> None:
        for _ in range(times):
            self.throttle.give_way()
            following = self.clock.now + every
            self.throttle.request(Pane.TREE)
            while self.owner.later:
                delay, callback = self.owner.later.pop()
                if self.clock.now + delay >= following:
                    self.owner.later.append((delay - (following - self.clock.now), callback))
                    break
                self.clock.now += delay
                callback()
            self.clock.now = following

    @property
    def pauses(self) -> list[float]:
        return [later - sooner for (sooner, _), (later, _) in itertools.pairwise(self.drawn)]


def test_what_a_key_changes_is_drawn_before_what_answers_change(clock: Clock) -> None:
    typist = Typist(clock)
    typist.press(0.05, 40)
    assert 5 <= len(typist.pauses) <= 8
    assert all(after >= 0.99 * RIGHT_AFTER_KEY for _, after in typist.drawn[1:]), "no key waits for a redraw"


def test_a_key_that_is_held_down_does_not_stop_the_drawing_of_answers(clock: Clock) -> None:
    typist = Typist(clock)
    typist.press(0.02, 200)
    assert len(typist.pauses) >= 3 and max(typist.pauses) < WAITED_LONG + 2 * AFTER_KEY


@pytest.mark.slow
async def test_nine_answers_are_drawn_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer tells of a beginning, an end and a step of the check: none of these is worth a redraw of its own."""
    drawn: Counter[str] = Counter()
    for owner, name in ((Redraw, "_draw"), (Redraw, "sync_tree"), (Detail, "refresh"), (Status, "refresh_verdict")):
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
    assert drawn["_draw"] <= 4 and drawn["row"] <= 50, drawn


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
