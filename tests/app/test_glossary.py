"""The glossary, and what the palette begins with."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.app.stage import staged
from tui.app.actions import ActionSet
from tui.app.keys import ACTIONS
from tui.app.pages.glossary import glossary_page, words
from tui.app.palette import first_things_first
from tui.app.screens.dialogs import Reader
from tui.text import width


def test_each_word_has_its_picture_and_the_names_of_both() -> None:
    names = ["tag", "index", "manifest", "descriptor", "digest", "config", "layer", "mount", "attestation", "referrer"]
    assert [word.name for word in words()] == names
    shown = glossary_page()
    text = "\n".join(shown.plain(number) for number in range(len(shown)))
    for word in words():
        assert f"OCI        {word.oci}" in text and f"Docker     {word.docker}" in text
        assert word.picture[0].replace("_", " ") in text
        assert max(width(line) for line in word.picture) <= 60, word.name


def test_the_palette_begins_with_what_can_be_done_here() -> None:
    table = tuple(action for action in ACTIONS if "main" in action.scopes)
    reasons = {action.id: "" for action in table}
    ids = [action.id for action in first_things_first(_actions(table, reasons))]
    assert ids[:4] == ["check", "fix", "recreate", "copy"] and ids.index("up") > len(ids) - 20
    reasons["fix"] = "nothing is missing"
    ids = [action.id for action in first_things_first(_actions(table, reasons))]
    assert ids[:3] == ["check", "recreate", "copy"] and "fix" in ids
    assert sorted(ids) == sorted(reasons)


def _actions(table: object, reasons: dict[str, str]) -> ActionSet[Any]:
    return cast("ActionSet[Any]", SimpleNamespace(table=table, reasons=lambda: reasons))


@pytest.mark.slow
async def test_g_in_the_help_opens_it() -> None:
    async with staged() as stage:
        await stage.press("question_mark")
        await stage.until(lambda: isinstance(stage.app.screen, Reader))
        await stage.press("g")
        await stage.until(lambda: "Glossary" in stage.screen() and "manifest list" in stage.screen())
