"""The collector walks everything in a quiet moment, and not while somebody presses keys."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextvars import Context

import pytest
from textual._context import active_app

from tests.app.stage import staged
from tui.app import garbage
from tui.app.garbage import OVERDUE, QUIET, QuietCollector

WORTH = 10
#: As the program has it: for other tests of the screen the session has its own.
YOUNG = garbage._YOUNG


class Owner:
    """Time that passes only when told, with the timers of one who is drawn."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[[], None]]] = []

    def monotonic(self) -> float:
        return self.now

    def set_timer(self, delay: float, callback: Callable[[], None]) -> object:
        self.timers.append((self.now + delay, callback))
        return self

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        due = [timer for timer in self.timers if timer[0] <= self.now]
        self.timers = [timer for timer in self.timers if timer[0] > self.now]
        for _, callback in due:
            callback()


@pytest.fixture
def owner(monkeypatch: pytest.MonkeyPatch) -> Owner:
    owner = Owner()
    monkeypatch.setattr(garbage, "WORTH", WORTH)
    monkeypatch.setattr(garbage, "time", owner)
    return owner


@pytest.fixture
def walks(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each time that everything was walked; meanwhile much is made."""
    walks: list[int] = []
    young = iter(range(0, 10**9, WORTH))
    monkeypatch.setattr(garbage, "_young_collections", lambda: next(young))
    monkeypatch.setattr(garbage, "_walk", lambda: walks.append(1))
    return walks


@pytest.fixture(autouse=True)
def thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    assert gc.get_threshold() == before


def test_it_waits_until_no_key_came_for_a_while(owner: Owner, walks: list[int]) -> None:
    collector = QuietCollector(owner)  # type: ignore[arg-type]
    for _ in range(20):
        collector.stir()
        owner.pass_by(QUIET / 4)
        assert not walks
    owner.pass_by(QUIET)
    assert walks == [1]
    assert not owner.timers, "a program at rest sleeps"


def test_it_does_not_wait_for_ever(owner: Owner, walks: list[int]) -> None:
    collector = QuietCollector(owner)  # type: ignore[arg-type]
    for _ in range(round(2.2 * OVERDUE / QUIET * 4)):
        collector.stir()
        owner.pass_by(QUIET / 4)
    assert walks == [1, 1]


def test_nothing_is_walked_when_little_was_made(
    owner: Owner, walks: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(garbage, "_young_collections", lambda: WORTH - 1)
    collector = QuietCollector(owner)  # type: ignore[arg-type]
    collector.stir()
    owner.pass_by(3 * OVERDUE)
    assert not walks and not owner.timers


def test_meanwhile_the_collector_walks_young_objects_only(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_YOUNG", YOUNG)
    collector = QuietCollector(owner)  # type: ignore[arg-type]
    collector.begin()
    young, middle, old = gc.get_threshold()
    assert young * middle < 10_000 and old > 100_000
    collector.end()


@pytest.mark.slow
async def test_what_a_key_stirs_up_knows_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that reads the terminal has a context of its own: a timer that began in it failed when it was over."""
    known: list[object] = []
    async with staged() as stage:
        monkeypatch.setattr(stage.app.garbage, "stir", lambda: known.append(active_app.get(None)))
        Context().run(stage.app._give_way)
        assert known == [stage.app]
