"""The table of actions: complete, without clashes, rebindable; nothing bound that terminals cannot send."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.app.stage import Images, WritableSource, furnished, staged
from tui.app import actions
from tui.app.actions import Action, declared, show_key
from tui.app.keys import ACTIONS, BY_ID, SHARED_KEY, Keys
from tui.app.styled_text import Target
from tui.app.theme import DARK
from tui.config import Settings
from tui.explore.finding import codes
from tui.explore.node import Kind
from tui.text import with_keys

DESIGN = {
    "up": "up k", "down": "down j", "left": "left h", "right": "right l", "top": "home g", "bottom": "end G",
    "page-up": "pageup ctrl+u", "page-down": "pagedown ctrl+d", "open": "enter", "toggle": "space",
    "collapse-all": "minus", "expand-all": "equals_sign", "next-pane": "tab", "previous-pane": "shift+tab",
    "pane-1": "1", "pane-2": "2", "pane-3": "3", "previous-tab": "left_square_bracket",
    "next-tab": "right_square_bracket", "filter": "slash", "next-match": "n", "previous-match": "N",
    "escape": "escape", "go": "o", "back": "backspace", "copy": "c", "copy-menu": "y", "check": "x",
    "problems": "exclamation_mark", "json": "v", "explain": "i", "mark": "m", "clear-marks": "M", "diff": "d",
    "sort": "s", "refresh": "r", "requests": "at", "save": "ctrl+s", "palette": "ctrl+p", "help": "question_mark f1",
    "quit": "q ctrl+q", "fix": "F", "recreate": "R", "amend": "A", "new": "N", "push": "P", "tag": "T",
    "copy-elsewhere": "C", "delete": "D", "undo": "U",
}  # fmt: skip


@pytest.mark.parametrize(("action", "keys"), DESIGN.items(), ids=list(DESIGN))
def test_the_design_s_keys_are_there(action: str, keys: str) -> None:
    assert set(keys.split()) <= set(Keys().of(action))


def test_no_key_is_bound_twice_on_a_screen_but_the_one_that_is_two_things_by_design() -> None:
    owners: dict[tuple[str, str], list[str]] = {}
    for action in ACTIONS:
        for scope in action.scopes:
            for key in Keys().of(action.id, scope):
                owners.setdefault((scope, key), []).append(action.id)
    twice = {key: ids for key, ids in owners.items() if len(ids) > 1}
    assert twice == {("main", "N"): list(SHARED_KEY)}
    assert Keys().problems == []


def test_keys_that_terminals_cannot_send_are_not_bound() -> None:
    usual = Keys()
    bound = {key for action in ACTIONS for scope in action.scopes for key in usual.of(action.id, scope)}
    assert not bound & set(Keys.NEVER)


def test_an_action_of_several_screens_has_its_own_keys_on_each() -> None:
    class Both:
        @actions.action("dialog-a", keys="a", title="a", words="On two", group="Dialog", scope=("choice", "reader"))
        def a(self) -> None: ...

    (both,) = declared([Both])
    assert both.scopes == ("choice", "reader")


def test_capitals_write_and_nothing_else_does() -> None:
    for action in ACTIONS:
        letters = [key for key in Keys().of(action.id) if len(key) == 1 and key.isalpha()]
        if action.writes:
            assert letters and all(key.isupper() for key in letters)
    assert {action.id for action in ACTIONS if action.writes} == {
        "fix", "recreate", "amend", "new", "push", "tag", "copy-elsewhere", "delete", "undo",
    }  # fmt: skip


@pytest.mark.slow
async def test_every_looking_action_is_carried_out() -> None:
    async with staged() as stage:
        looking = {each.id for each in ACTIONS if "main" in each.scopes and not each.writes}
        await stage.until(lambda: looking <= stage.main.actions.handled, "what teaches")


def test_the_table_is_the_sum_of_what_controllers_declare() -> None:
    class One:
        @actions.action("b", keys="b", title="b", words="Second group", group="Look")
        def b(self) -> None: ...

        @actions.action("a", keys="a", title="a", words="First group", group="Move")
        def a(self) -> None: ...

    class Two(One):
        @actions.action("c", keys="c", title="c", words="After b", group="Look", rank=3)
        def c(self) -> None: ...

    assert [each.id for each in declared([One, Two])] == ["a", "b", "c"]
    assert declared([Two]) == (Action("c", "c", "c", "After b", "Look", rank=3),)
    with pytest.raises(ValueError, match="declared twice: a, b"):
        declared([One, One])

    class Three:
        @actions.action("d", keys="d", title="d", words="Nowhere", group="Looks")
        def d(self) -> None: ...

    with pytest.raises(ValueError, match="there is no such group: d in “Looks”"):
        declared([Three])


def test_the_order_of_the_table_is_the_order_of_help_and_palette() -> None:
    assert " ".join(each.id for each in ACTIONS if "main" in each.scopes) == (
        "up down left right top bottom page-up page-down open toggle collapse-all expand-all back "
        "next-pane previous-pane pane-1 pane-2 pane-3 previous-tab next-tab zoom layout requests "
        "filter next-match previous-match escape go check check-deep problems json explain mark clear-marks diff "
        "sort worst-first refresh copy copy-menu save fix recreate amend new push tag copy-elsewhere delete undo "
        "rehearse digests lessons lesson-act lesson-hint lesson-show lesson-panel lesson-more lesson-over "
        "palette theme help quit"
    )


def test_texts_are_there_and_fit() -> None:
    for action in ACTIONS:
        # The key bar of the main screen is one line; the key lines of the others fold.
        assert action.title and len(action.title) <= (16 if "main" in action.scopes else 36)
        assert action.words and action.group
        assert show_key(Keys().of(action.id)[0])
    assert len(BY_ID) == len(ACTIONS)


@pytest.mark.slow
async def test_keys_can_be_changed() -> None:
    async with staged(settings=Settings(keys={"down": "z", "check": "Z"})) as stage:
        await stage.press("j")
        assert stage.node is stage.main.explorer.roots[0]
        await stage.press("z")
        assert stage.node.label == "app"
        assert "Z check" in stage.screen().splitlines()[-1]


@pytest.mark.slow
async def test_a_change_that_cannot_be_used_is_said() -> None:
    async with staged(settings=Settings(keys={"fly": "z"})) as stage:
        await stage.until(lambda: "no action 'fly'" in stage.screen())


def test_a_key_belongs_to_one_action_and_who_lost_it_is_said() -> None:
    keys = Keys({"copy-menu": "q", "check": "?", "sort": "q,S", "json": "q"})
    assert keys.problems == [
        "keys.sort: q belongs to copy-menu, which keeps it",
        "keys.json: q belongs to copy-menu, which keeps it",
        "keys.check: ? was the key of help, which keeps F1",
        "keys.copy-menu: q was the key of quit, which keeps ctrl+q",
    ]
    assert [keys.of(each) for each in ("copy-menu", "quit", "sort", "json")] == [("q",), ("ctrl+q",), ("S",), ("v",)]
    pressed = [binding.key for binding in keys.bindings()]
    assert len(pressed) == len(set(pressed))
    assert Keys({"check": "e"}).problems == ["keys.check: e was the key of lesson-show, which has no key left"]
    assert Keys({"check": "e"}).of("lesson-show") == () and Keys({"check": "e"}).first("lesson-show") == ""
    assert not Keys({"new": "N"}).problems and not Keys({"previous-match": "N", "check": "x"}).problems


@pytest.mark.slow
async def test_a_key_that_is_taken_from_another_action_is_said_and_shown_once() -> None:
    async with staged(settings=Settings(keys={"copy-menu": "q"}, file=Path("/etc/fan.toml"))) as stage:
        await stage.until(lambda: "q was the key of quit" in stage.screen() and "/etc/fan.toml" in stage.screen())
        assert [stage.main.keys.first(each) for each in ("copy-menu", "quit")] == ["q", "ctrl+q"]
        await stage.press("q")
        await stage.until(lambda: "Copy from" in stage.screen())
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.main)
        stage.app.clear_notifications()
        await stage.pilot.pause()
        assert stage.screen().splitlines()[-1].count(" q ") == 1


@pytest.mark.slow
async def test_each_of_the_two_that_share_a_key_can_have_its_own() -> None:
    async with staged(settings=Settings(keys={"previous-match": "B"})) as stage:
        app = await stage.go("app")
        await stage.press("l")
        await stage.until(lambda: app.children, "the tags")
        await stage.press("slash", "0", "enter", "n", "n")
        first = stage.node
        await stage.press("B")
        assert stage.node is not first and stage.node.kind is Kind.TAG


@pytest.mark.slow
@pytest.mark.parametrize(("theme", "environ", "where"), [("nope", "", "theme"), ("auto", "nix", "TEXTUAL_THEME")])
async def test_a_theme_that_does_not_exist_is_said_with_those_that_do(
    theme: str, environ: str, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", environ)
    async with staged(settings=Settings(theme=theme, file=Path("/etc/fan.toml"))) as stage:
        await stage.until(lambda: f"{where}: unknown theme" in stage.screen())
        assert "/etc/fan.toml" in stage.screen() and "fanfold-light" in stage.screen()
        assert stage.app.theme == DARK.name


@pytest.mark.slow
@pytest.mark.parametrize("theme", ["auto", "", "dark", "light", "fanfold-light", "nord"])
async def test_a_theme_that_exists_is_taken_without_a_word(theme: str) -> None:
    async with staged(settings=Settings(theme=theme)) as stage:
        await stage.pilot.pause()
        assert "unknown theme" not in stage.screen() and "Configuration" not in stage.screen()


@pytest.mark.slow
async def test_a_fix_is_offered_with_the_reader_s_own_keys() -> None:
    """The finding names an action; F, which is another action's here, must not be offered for it."""
    settings = Settings(keys={"fix": "f9", "copy-menu": "F", "check": "f8"})
    images = Images()
    source = furnished(WritableSource(), images)
    source.put("tool", images.broken, "arm64")  # what is missing in app can be had from here, so a fix is offered
    async with staged(settings=settings, source=source) as stage:
        stage.carry_out("fix", lambda: None)  # the screens of writing are not on this stage
        await stage.go("app", "2.0")
        await stage.press("f8")
        await stage.until(lambda: "fix (same digest)" in stage.main.status.verdict_line().plain)
        verdict = stage.main.status.verdict_line()
        assert "f9 fix" in verdict.plain and "F " not in verdict.plain and "copy" not in verdict.plain
        assert Target("action", "fix") in [link.target for link in verdict.links]
        stage.main.detail.show_tab("findings")
        await stage.until(lambda: "f9 Restore it from tool" in stage.page)
        assert "F Restore" not in stage.page
        stage.main.detail.show_tab("explain")
        await stage.until(lambda: "f9 Restore it from tool" in stage.page)


def test_texts_name_actions_that_there_are() -> None:
    for code in codes().values():
        assert code.action is None or code.action in BY_ID
        assert "{" not in Keys().put_in(code.fix) == with_keys(code.fix)


def test_a_text_names_the_keys_of_now() -> None:
    text = "Look at its JSON ({key:json}), {key:nothing}."
    assert Keys().put_in(text) == "Look at its JSON (v), {key:nothing}." == with_keys(text)
    assert Keys({"json": "f9"}).put_in(text) == "Look at its JSON (f9), {key:nothing}."
    assert Keys({"check": "v"}).put_in(text) == "Look at its JSON (JSON), {key:nothing}."


def test_the_name_of_a_pane_begins_with_its_key_of_now() -> None:
    assert [Keys().titled(f"pane-{number}") for number in (1, 2, 3)] == ["1 Images", "2 Detail", "3 Requests"]
    assert Keys({"pane-1": "f9"}).titled("pane-1") == "f9 Images"
    assert Keys({"check": "1"}).titled("pane-1") == "Images", "it has no key any more"
