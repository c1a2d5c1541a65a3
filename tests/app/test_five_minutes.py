"""The first page of the guide, as somebody does it who knows `docker pull` and nothing else."""

from __future__ import annotations

import pytest

from tests.app.test_lessons import lesson
from tests.support.gallery import served
from tests.support.structure import ROOT

pytestmark = pytest.mark.slow

GUIDE = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
#: What the guide says of each key, in its order: to see who can pull, then to fix it.
LOOKS = {
    "escape": "Esc closes the list of lessons",
    "enter": "Enter opens the first repository",
    "down": "↓ goes to its tag",
    "enter, again": "Enter opens the tag and checks it",
}
FIXES = {"F": "`F` is the first: fix", "y": "`y` carries it out", "escape": "Esc goes back", "x": "`x` checks again"}


async def test_the_five_minutes_of_the_guide() -> None:
    for said in (*LOOKS.values(), *FIXES.values()):
        assert said in " ".join(GUIDE.split())
    assert len(LOOKS) <= 10 and len(FIXES) <= 10
    with served() as registry:
        async with lesson(registry, None) as stage:
            await stage.screen("Choice")
            await stage.press("escape")
            await stage.screen("MainScreen")
            await stage.press("enter")
            await stage.until(lambda: "6b972be0" in stage.shown(), "the repository's tag")
            await stage.press("down", "enter")
            await stage.until(
                lambda: "cannot be pulled" in stage.shown() and "F fix" in stage.shown(), "the verdict, and what helps"
            )
            await stage.press("F")
            await stage.until(lambda: "No digest changes" in stage.shown(), "the plan")
            await stage.press("y")
            await stage.until(lambda: "Done." in stage.shown(), "the fix")
            await stage.press("escape")
            await stage.screen("MainScreen")
            await stage.press("x")
            await stage.until(lambda: "can be pulled on both platforms" in stage.shown(), "the check after it")
