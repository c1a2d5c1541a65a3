"""The keys of drafts, plans, pushes and dialogs come from the one table: help, palette and `[keys]` work there."""

from __future__ import annotations

import asyncio

import pytest
from textual.command import CommandList
from textual.widgets import OptionList

from tests.app.draft_stage import FixStage, fixing
from tests.support.gallery import served
from tui.app.actions import Scope
from tui.app.keys import ACTIONS, Keys
from tui.app.screens.dialogs import Busy
from tui.app.widgets.bars import Clickable
from tui.config import Settings

SCREENS: tuple[Scope, ...] = ("draft", "plan", "push", "choice", "confirm", "prompt", "reader")


async def at_plan(stage: FixStage) -> None:
    await stage.at("library/hello:latest")
    await stage.press("T")
    await stage.screen("Prompt")
    await stage.type("kept")
    await stage.press("enter")
    await stage.planned()


async def go_to(stage: FixStage, scope: Scope) -> None:
    """Bring a screen or dialog of this scope to the front."""
    await stage.at("library/hello:latest")
    if scope == "draft":
        await stage.press("A")
        await stage.screen("DraftScreen")
    elif scope == "plan":
        await at_plan(stage)
    elif scope == "push":
        await at_plan(stage)
        await stage.press("y")
        await stage.ended()
    elif scope == "choice":
        await stage.press("y")
        await stage.screen("Choice")
    elif scope == "confirm":
        await stage.press("A")
        await stage.screen("DraftScreen")
        await stage.press("x", "q")
        await stage.screen("Confirm")
    elif scope == "prompt":
        await stage.press("T")
        await stage.screen("Prompt")
    elif scope == "reader":
        await stage.press("A")
        await stage.screen("DraftScreen")
        await stage.press("v")
        await stage.screen("Reader")


def words_of(scope: Scope) -> list[str]:
    usual = Keys()
    return [usual.put_in(action.words) for action in usual.actions(scope)]


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.slow
@pytest.mark.parametrize("scope", SCREENS)
async def test_help_and_palette_show_the_keys_of_the_screen_in_front(scope: Scope) -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await go_to(stage, scope)
            front = stage.top
            # In a line that is typed in, the question mark is a question mark.
            for key in ("f1",) if scope == "prompt" else ("f1", "question_mark"):
                await stage.press(key)
                await stage.until(lambda: stage.top is not front and stage.named("Reader"), "the help")
                await stage.pilot.pause()
                page = squeezed(stage.text)
                assert [words for words in words_of(scope) if squeezed(words) not in page] == []
                await stage.press("question_mark")
                await stage.until(lambda: stage.top is front, "the screen again")
            await stage.press("ctrl+p")
            await stage.screen("CommandPalette")
            listed = stage.top.query_one(CommandList)
            await stage.until(lambda: listed.option_count >= len(words_of(scope)), "the actions")
            shown = [str(listed.get_option_at_index(number).prompt) for number in range(listed.option_count)]
            for words in words_of(scope):
                assert any(words in each for each in shown), words
            assert not any("Recreate a manifest list" in each for each in shown), "nothing of the main screen"


@pytest.mark.slow
async def test_a_question_mark_in_a_line_is_typed() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await go_to(stage, "prompt")
            await stage.press("question_mark")
            await stage.pilot.pause()
            assert stage.named("Prompt") and "?" in stage.shown()


@pytest.mark.slow
async def test_the_palette_carries_out_and_says_why_not() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await go_to(stage, "draft")
            await stage.press("ctrl+p")
            await stage.screen("CommandPalette")
            await stage.type("draft-undo")
            listed = stage.top.query_one(OptionList)
            await stage.until(lambda: listed.option_count, "a hit")
            assert "unavailable: no edits to undo" in str(listed.get_option_at_index(0).prompt)
            await stage.press("down", "enter")
            await stage.screen("DraftScreen")
            await stage.until(lambda: "u undo: no edits to undo" in stage.toasts)


@pytest.mark.slow
async def test_a_click_on_a_line_of_the_help_does_it() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await go_to(stage, "draft")
            await stage.press("question_mark")
            await stage.screen("Reader")
            await stage.press("tab", "enter")
            await stage.screen("DraftScreen")


CHANGES = {
    "draft-add": "f6", "draft-leave": "f7", "plan-push": "f8", "plan-leave": "Q", "push-close": "f9",
    "choice-take": "f6", "confirm-yes": "Y", "prompt-accept": "f6", "reader-copy": "C", "dialog-leave": "f7",
    "screen-help": "f10", "dialog-help": "f10", "screen-down": "Z", "dialog-down": "Z",
}  # fmt: skip


@pytest.mark.slow
async def test_the_keys_of_every_screen_can_be_changed() -> None:
    with served() as registry:
        async with fixing(registry, settings=Settings(keys=CHANGES)) as stage:
            # The draft: another key adds, leaves, helps; the old ones do nothing.
            await go_to(stage, "draft")
            assert "f6 add" in squeezed(stage.shown()) and "f7 back" in squeezed(stage.shown())
            await stage.press("a", "escape", "question_mark")
            await stage.pilot.pause()
            assert stage.named("DraftScreen")
            await stage.press("f10")
            await stage.screen("Reader")
            await stage.press("f7")
            await stage.screen("DraftScreen")
            await stage.press("f6")
            # A line that is typed in: another key takes it, another leaves.
            await stage.screen("Prompt")
            await stage.type(":latest")
            await stage.press("escape")
            assert stage.named("Prompt")
            await stage.press("f6")
            await stage.screen("DraftScreen")
            # A page: its own key copies it.
            await stage.press("v")
            await stage.screen("Reader")
            assert "C copy the new digest" in squeezed(stage.shown()) and "f7 close" in stage.shown()
            await stage.press("C")
            await stage.screen("DraftScreen")
            await stage.until(lambda: stage.copied, "the copy")
            assert stage.copied[-1].startswith("sha256:") and len(stage.copied[-1]) == 71
            # The same page's copy menu has the document.
            await stage.press("v")
            await stage.screen("Reader")
            await stage.press("y")
            await stage.screen("Choice")
            await stage.press("j")
            await stage.screen("DraftScreen")
            await stage.until(lambda: stage.copied[-1].startswith("{"), "the document")
            # Yes has another key.
            await stage.press("x", "q")
            await stage.screen("Confirm")
            assert "Y discard" in stage.shown()
            await stage.press("y")
            assert stage.named("Confirm")
            await stage.press("Y")
            await stage.screen("MainScreen")
            # A choice.
            await stage.press("y")
            await stage.screen("Choice")
            assert "f6 select" in stage.shown()
            await stage.press("Z", "enter")
            assert stage.named("Choice")
            await stage.press("f7")
            await stage.screen("MainScreen")


@pytest.mark.slow
async def test_the_key_of_the_write_can_be_changed_and_the_old_one_writes_nothing() -> None:
    with served() as registry:
        async with fixing(registry, settings=Settings(keys=CHANGES)) as stage:
            await stage.at("library/hello:latest")
            await stage.press("T")
            await stage.screen("Prompt")
            await stage.type("kept")
            await stage.press("f6")
            await stage.planned()
            assert "f8 tag it" in squeezed(stage.shown())
            await stage.press("y", "enter")
            await stage.pilot.pause()
            assert stage.named("PlanScreen") and stage.holds("library/hello", "kept") is None
            await stage.press("f8")
            await stage.ended()
            assert stage.holds("library/hello", "kept") is not None
            await stage.press("enter")
            assert stage.named("PushScreen")
            await stage.press("f9")
            await stage.screen("MainScreen")


@pytest.mark.slow
async def test_the_confirming_key_pressed_twice_pushes_once() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await at_plan(stage)
            await stage.press("y", "y")
            await stage.until(lambda: stage.holds("library/hello", "kept") is not None, "the push")
            await stage.pilot.pause(0.3)
            methods = registry.call(lambda store: [str(one.method) for one in store.requests])
            assert methods.count("PUT") == 1


def test_an_id_says_where_its_action_is() -> None:
    for action in ACTIONS:
        if "main" not in action.scopes:
            first = action.id.partition("-")[0]
            shared = {"screen", "dialog"} | ({"reader"} if set(action.scopes) == {"reader", "help"} else set())
            assert first in (shared if len(action.scopes) > 1 else {action.scopes[0], "dialog"}), action.id


def test_a_key_is_shared_out_on_each_screen_by_itself() -> None:
    keys = Keys({"draft-add": "x", "plan-json": "x"})
    assert keys.problems == ["keys.draft-add: x was the key of draft-remove, which keeps delete Backspace"]
    assert keys.of("check") == ("x",) and keys.of("plan-json") == ("x",)
    everywhere = Keys({"screen-down": "z"})
    assert all(everywhere.of("screen-down", scope) == ("z",) for scope in ("draft", "plan", "push"))
    taken = Keys({"draft-add": "j"})
    assert taken.of("screen-down", "draft") == ("down",) and taken.of("screen-down", "plan") == ("down", "j")


@pytest.mark.slow
async def test_something_that_takes_a_moment_ends_while_its_help_is_read() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            done = asyncio.Event()

            async def work(_progress: object) -> str:
                await done.wait()
                return "here"

            got: list[object] = []
            stage.app.push_screen(Busy("Waiting", work), got.append)
            await stage.screen("Busy")
            await stage.press("question_mark")
            await stage.screen("Reader")
            done.set()
            await stage.pilot.pause(0.05)
            assert stage.named("Reader") and not got
            await stage.press("escape")
            await stage.until(lambda: stage.named("MainScreen") and got, "the answer")


@pytest.mark.slow
async def test_two_clicks_on_the_key_that_leaves_a_screen_leave_no_other() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await go_to(stage, "draft")
            for _ in range(2):
                stage.top.post_message(Clickable.Act("draft-leave"))
            await stage.screen("MainScreen")
            await stage.pilot.pause()
            assert stage.top is stage.main
