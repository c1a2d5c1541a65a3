"""A clumsy user: keys at random, the window resized at random, over the whole embedded registry.

The seeds are fixed, so that what was found once is found again; `FANFOLD_MONKEY` tries others.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
from pathlib import Path

import pytest

from tests.app.draft_stage import FixStage, fixing
from tests.support.gallery import served
from tui.app.keys import ACTIONS
from tui.config import Settings
from tui.demo.serve import Served

pytestmark = pytest.mark.slow

PRESSES = 100
#: What would only end the session.
_LEAVES = {"q", "ctrl+q"}
_KEYS = sorted({key for action in ACTIONS for key in action.keys.split(",")} - _LEAVES)
#: Pressed more often, so that the monkey gets somewhere, and out of dialogs again.
_OFTEN = ("down", "down", "enter", "right", "escape", "escape", "tab", "x", "y", "a", "1", "[", "right_square_bracket")
_SIZES = ((120, 40), (80, 24), (40, 10), (200, 60), (20, 5), (1, 1))
_WRITES = {"PUT", "POST", "PATCH", "DELETE"}


def keys(seed: int) -> list[str]:
    """What is pressed; `size:W:H` stands for a resize."""
    chance = random.Random(seed)
    pressed = []
    for _ in range(PRESSES):
        roll = chance.random()
        if roll < 0.04:
            pressed.append("size:{}:{}".format(*chance.choice(_SIZES)))
        else:
            pressed.append(chance.choice(_OFTEN if roll < 0.5 else _KEYS))
    return pressed


def writes(registry: Served) -> list[str]:
    """The requests so far that would change something."""
    asked = registry.call(lambda store: [f"{one.method} {one.path}" for one in store.requests])
    return [line for line in asked if line.split(" ")[0] in _WRITES]


async def mash(stage: FixStage, pressed: list[str]) -> None:
    """Press them all; whatever is in front gets them. Every press must be taken within its time."""
    for number, key in enumerate(pressed):
        assert stage.app.is_running, f"ended after {pressed[:number][-8:]}"
        if key.startswith("size:"):
            width, height = map(int, key.split(":")[1:])
            await stage.pilot.resize_terminal(width, height)
        else:
            await stage.press(key)
        if number % 20 == 19:
            await stage.pilot.pause(0.02)  # let what was begun get on


async def leave_everything(stage: FixStage) -> None:
    """Escape until the main screen has the keys again."""
    for _ in range(40):
        if stage.app.screen is stage.main:
            return
        await stage.press("escape")
        await stage.pilot.pause(0.02)
    raise AssertionError(f"no way out of {stage.app.screen}\n{stage.shown()}")


def complaints(log: pytest.LogCaptureFixture) -> list[str]:
    """What was logged as a failure of the program itself."""
    return [
        f"{record.getMessage()}: {record.exc_info[1]!r}" if record.exc_info else record.getMessage()
        for record in log.records
        if record.levelno >= logging.ERROR
    ]


def assert_works(stage: FixStage) -> None:
    """It still runs, draws, and knows where it is."""
    assert stage.app.is_running and stage.app._exception is None
    assert stage.main.current is not None
    assert stage.shown().strip()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who presses keys at random does not wait until the program rests; that each key was taken is still waited for."""

    async def hardly(min_sleep: float = 0, max_sleep: float = 0) -> None:
        await asyncio.sleep(0.005)

    monkeypatch.setattr("textual.app.wait_for_idle", hardly)


SEEDS = tuple(int(seed) for seed in os.environ.get("FANFOLD_MONKEY", "1,2").split(","))


@pytest.mark.parametrize("seed", SEEDS)
async def test_keys_at_random_end_nothing(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)  # ctrl+s saves
    with served() as registry:
        async with fixing(registry) as stage:
            await mash(stage, keys(seed))
            await stage.pilot.resize_terminal(120, 40)
            await leave_everything(stage)
            await stage.press("home", "down", "up")
            assert_works(stage)
    assert complaints(caplog) == []


async def test_read_only_writes_nothing_whatever_is_pressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    capitals = [key for action in ACTIONS if action.writes for key in action.keys.split(",")]
    chance = random.Random(3)
    with served() as registry:
        async with fixing(registry, size=(80, 24), settings=Settings(read_only=True, ascii=True)) as stage:
            await stage.at("sandbox:0.16-edge")
            await stage.press(*capitals)
            await mash(stage, [chance.choice((*capitals, "enter", "down", "right", "y")) for _ in range(60)])
            await stage.pilot.resize_terminal(120, 40)
            await leave_everything(stage)
            assert_works(stage)
        assert writes(registry) == []
    assert complaints(caplog) == []
