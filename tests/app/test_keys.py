"""The table of actions: complete, without clashes, rebindable; nothing bound that terminals cannot send."""

from __future__ import annotations

import pytest

from tests.app.stage import staged
from tui.app.keys import ACTIONS, BY_ID, SHARED_KEY, Keys, show_key
from tui.app.screens.explore import ExploreScreen
from tui.config import Settings

DESIGN = {
    "up": "up k", "down": "down j", "left": "left h", "right": "right l", "top": "home g", "bottom": "end G",
    "page-up": "pageup ctrl+u", "page-down": "pagedown ctrl+d", "open": "enter", "toggle": "space",
    "collapse-all": "minus", "expand-all": "equals_sign", "next-pane": "tab", "previous-pane": "shift+tab",
    "pane-1": "1", "pane-2": "2", "pane-3": "3", "previous-tab": "left_square_bracket",
    "next-tab": "right_square_bracket", "filter": "slash", "next-match": "n", "previous-match": "N",
    "escape": "escape", "go": "o", "back": "backspace", "copy": "c", "copy-menu": "y", "check": "x",
    "problems": "exclamation_mark", "json": "v", "explain": "i", "mark": "m", "clear-marks": "M", "diff": "d",
    "sort": "s", "refresh": "r", "requests": "at", "save": "ctrl+s", "palette": "ctrl+p", "help": "question_mark f1",
    "quit": "q ctrl+q", "recreate": "R", "amend": "A", "new": "N", "push": "P", "tag": "T", "copy-elsewhere": "C",
    "delete": "D", "undo": "U",
}  # fmt: skip


@pytest.mark.parametrize(("action", "keys"), DESIGN.items(), ids=list(DESIGN))
def test_the_design_s_keys_are_there(action: str, keys: str) -> None:
    assert set(keys.split()) <= set(Keys().of(action))


def test_no_key_is_bound_twice_but_the_one_that_is_two_things_by_design() -> None:
    owners: dict[str, list[str]] = {}
    for action in ACTIONS:
        for key in Keys().of(action.id):
            owners.setdefault(key, []).append(action.id)
    twice = {key: ids for key, ids in owners.items() if len(ids) > 1}
    assert twice == {"N": list(SHARED_KEY)}


def test_keys_that_terminals_cannot_send_are_not_bound() -> None:
    assert not {key for action in ACTIONS for key in Keys().of(action.id)} & set(Keys.NEVER)


def test_capitals_write_and_nothing_else_does() -> None:
    for action in ACTIONS:
        letters = [key for key in Keys().of(action.id) if len(key) == 1 and key.isalpha()]
        if action.writes:
            assert letters and all(key.isupper() for key in letters)
    assert {action.id for action in ACTIONS if action.writes} == {
        "recreate", "amend", "new", "push", "tag", "copy-elsewhere", "delete", "undo",
    }  # fmt: skip


def test_every_looking_action_has_a_handler() -> None:
    for action in ACTIONS:
        if not action.writes and action.group not in (
            "Learn",
            "Lesson",
        ):  # what teaches is registered in the demo's world only
            assert hasattr(ExploreScreen, "do_" + action.id.replace("-", "_")), action.id


def test_texts_are_there_and_fit() -> None:
    for action in ACTIONS:
        assert action.title and action.words and len(action.title) <= 16 and action.group
        assert show_key(Keys().of(action.id)[0])
    assert len(BY_ID) == len(ACTIONS)


async def test_keys_can_be_changed() -> None:
    async with staged(settings=Settings(keys={"down": "z", "check": "Z"})) as stage:
        await stage.press("j")
        assert stage.node is stage.house.explorer.roots[0]
        await stage.press("z")
        assert stage.node.label == "app"
        assert "Z check" in stage.screen().splitlines()[-1]


async def test_a_change_that_cannot_be_used_is_said() -> None:
    async with staged(settings=Settings(keys={"fly": "z"})) as stage:
        await stage.until(lambda: "no action 'fly'" in stage.screen())
