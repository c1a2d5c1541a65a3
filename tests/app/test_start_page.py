"""Bare `fanfold`: where to begin; and toasts, which cover neither verdict nor keys."""

from __future__ import annotations

import pytest
from textual.widgets._toast import ToastRack

from tests.app.stage import staged
from tui.app.pages.start import start_hint
from tui.app.screens.dialogs import Prompt


def test_it_names_the_logins_the_bookmarks_and_the_demo() -> None:
    said = start_hint(["ghcr.io", "evil\x1b[2J.example.com"], ["ocaml/opam"], str)
    assert "Logged in (docker login): ghcr.io   evil\\x1b[2J.example.com" in said
    assert "Bookmarks: ocaml/opam" in said and "fanfold demo" in said and "error message" in said
    assert "Logged in" not in start_hint([], [], str)


@pytest.mark.slow
@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_what_is_pasted_is_opened(size: tuple[int, int]) -> None:
    async with staged(size=size) as stage:
        stage.main.start(stage.main.navigation.begin(), "start")
        await stage.until(lambda: isinstance(stage.app.screen, Prompt))
        await stage.until(lambda: "Start" in stage.screen() and "fanfold demo" in stage.screen())
        await stage.type("failed to resolve reference fake.test/app:2.0")
        await stage.press("enter")
        await stage.until(lambda: stage.node.label == "2.0")


@pytest.mark.slow
async def test_a_toast_covers_no_verdict() -> None:
    async with staged(size=(80, 24)) as stage:
        stage.main.say("one line")
        await stage.until(lambda: "one line" in stage.screen())
        assert stage.app.screen.query_one(ToastRack).region.bottom <= stage.main.verdict.region.y
