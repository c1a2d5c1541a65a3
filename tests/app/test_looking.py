"""Check, problems only, JSON, explain, marks, sort, refresh, requests, help, theme, quit."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from textual.command import CommandList

from tests.app.stage import WritableSource, exchange, staged, text_of
from tests.support.images import image
from tui.app.theme import DARK, LIGHT
from tui.app.widgets.page import PageView
from tui.config import Settings
from tui.sources.presence import Presence

pytestmark = pytest.mark.slow


async def test_opening_checks_what_is_held_and_says_what_is_missing() -> None:
    async with staged() as stage:
        platform = await stage.go("app", "2.0", "linux/arm64")
        await stage.press("l")
        await stage.until(lambda: "✗ missing" in stage.screen())
        assert "✗ 2/3" in stage.screen()
        layer = next(row for row in platform.children if row.label == "layer 2")
        assert stage.main.explorer.observation(layer).presence is Presence.MISSING
        await stage.until(lambda: "2.0" in stage.screen().splitlines()[-4] or "cannot be pulled" in stage.screen())


async def test_check_walks_everything_below_and_again_stops_it() -> None:
    async with staged() as stage:
        top = await stage.go("app", "2.0")
        stage.source.hold()
        await stage.press("x")
        await stage.until(lambda: stage.main.explorer.running(), "a check under way")
        await stage.until(lambda: "checking 2.0" in stage.screen())
        await stage.press("x")
        await stage.until(lambda: not stage.main.explorer.running())
        await stage.until(lambda: "Stopped the check of 2.0" in stage.screen())
        stage.source.release()
        await stage.quiet()
        await stage.press("x")
        await stage.until(lambda: stage.main.explorer.running() or "cannot be pulled" in stage.screen())
        await stage.until(lambda: not stage.main.explorer.running())
        await stage.until(lambda: "linux/arm64" in stage.main.status.verdict_line().plain)
        assert stage.main.explorer.rollup(top).platforms_ok == 1


async def test_json_is_shown_as_served_and_pretty() -> None:
    async with staged() as stage:
        await stage.go("app", "single")
        await stage.press("v")
        await stage.until(lambda: '"schemaVersion": 2' in stage.page)
        raw = stage.images.amd64.raw.decode()
        assert stage.page.replace(" ", "").replace("\n", "") == raw.replace(" ", "").replace("\n", "")
        await stage.press("v")
        await stage.until(lambda: stage.page == raw)


async def test_tab_walks_the_digests_and_enter_follows() -> None:
    async with staged() as stage:
        await stage.go("app", "single")
        await stage.press("l")
        await stage.until(lambda: stage.node.children)
        await stage.quiet()
        await stage.press("v", "2", "tab", "tab")
        chosen = stage.main.page_view.chosen
        assert chosen is not None and chosen.target.value == str(stage.images.amd64.blobs[1].digest)
        await stage.press("enter")
        await stage.until(lambda: stage.node.label == "layer 1")
        await stage.press("1", "backspace")
        await stage.until(lambda: stage.node.label == "single")


async def test_a_digest_that_is_not_in_the_tree_is_asked_for() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0")
        await stage.press("v")
        await stage.until(lambda: "manifests" in stage.page)
        await stage.main.navigation.show_object(str(stage.images.broken.digest))
        await stage.until(lambda: stage.node.digest == stage.images.broken.digest)
        await stage.until(lambda: stage.node.children)
        # As the screen writes it, once it is there.
        for written in (stage.images.arm64.digest.short, stage.images.broken.digest.encoded[:12]):
            await stage.main.navigation.go_to(written)
            assert written.strip("…") in str(stage.node.digest)
        await stage.main.navigation.go_to("sha256:0000000")
        await stage.until(lambda: any("is a short digest" in note.message for note in stage.app._notifications))


async def test_explain_says_what_it_is_and_how_by_hand() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/amd64")
        await stage.press("i")
        await stage.until(lambda: "Why it matters" in stage.page)
        assert "Commands" in stage.page and "curl" in stage.page and "crane" in stage.page
        assert "four digests" in stage.page and str(stage.images.amd64.digest) in stage.page
        await stage.press("i")
        assert stage.main.detail.tab == "summary"


async def test_layers_show_commands_sizes_and_who_shares_them() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/arm64")
        await stage.press("l", "k", "l")
        await stage.until(lambda: stage.main.explorer.roots[0] is not None)
        await stage.go("app", "1.0", "linux/amd64", "layer 1")
        await stage.press("right_square_bracket")
        await stage.until(lambda: "RUN step 1" in stage.page)
        assert str(stage.images.amd64.blobs[1].digest) in stage.page
        await stage.go("app", "1.0", "linux/arm64", "layer 1")
        await stage.until(lambda: "shared with linux/amd64" in stage.page)
        await stage.go("app", "1.0")
        await stage.until(lambda: "in 3 layers" in stage.page)


async def test_a_statement_opens_as_json_with_a_summary_on_top() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/amd64")
        await stage.press("l")
        await stage.until(lambda: any(row.kind == "attestation" for row in stage.node.children))
        proof = next(row for row in stage.node.children if row.kind == "attestation")
        await stage.main.navigation.highlight(proof)
        await stage.press("l")
        await stage.until(lambda: proof.children)
        statement = next(row for row in proof.children if row.kind == "statement")
        await stage.main.navigation.highlight(statement)
        await stage.press("v")
        await stage.until(lambda: '"predicateType"' in stage.page)
        assert stage.page.startswith("Statement") and "https://example.com/builder" in stage.page


async def test_marks_and_clearing_them() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0")
        await stage.press("m")
        assert [mark.label for mark in stage.main.marks] == ["1.0"]
        await stage.until(lambda: "● 1.0" in stage.screen())
        await stage.go("app", "single")
        await stage.press("m")
        assert len(stage.main.marks) == 2
        await stage.press("m")
        assert [mark.label for mark in stage.main.marks] == ["1.0"]
        await stage.press("M")
        assert not stage.main.marks
        await stage.until(lambda: "● 1.0" not in stage.screen())


async def test_the_diff_of_two_marked_things() -> None:
    async with staged() as stage:
        await stage.press("d")
        await stage.until(lambda: "mark the first image" in stage.screen())
        await stage.go("app", "1.0")
        await stage.press("m")
        await stage.go("app", "2.0")
        await stage.press("d")
        await stage.until(lambda: "marked" in stage.screen() and "current" in stage.screen())
        shown = text_of(stage.app.screen.query_one(PageView))
        assert "linux/arm64" in shown
        assert str(stage.images.arm64.digest) in shown and str(stage.images.broken.digest) in shown
        assert stage.source.asked["manifest", "app", "1.0"] == 1
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.main)


async def test_an_open_diff_is_laid_out_anew_when_the_screen_becomes_narrower() -> None:
    def middle() -> list[int]:
        shown = text_of(stage.app.screen.query_one(PageView))
        return [line.index("│") for line in shown.splitlines() if "layer 1" in line]

    async with staged() as stage:
        await stage.go("app", "1.0", "linux/amd64")
        await stage.press("m")
        await stage.go("app", "1.0", "linux/arm64")
        await stage.press("d")
        await stage.until(lambda: stage.app.screen is not stage.main and middle())
        wide = middle()
        await stage.pilot.resize_terminal(80, 24)
        await stage.pilot.pause()
        assert middle() < wide


async def test_tags_that_point_to_the_same_digest_are_named() -> None:
    source = WritableSource()
    source.put("app", image("linux/amd64"), "1.0", "latest", "stable")
    async with staged(source=source) as stage:
        await stage.go("app", "1.0")
        await stage.until(lambda: "have the same digest" in stage.page)
        assert "latest, stable" in stage.page


async def test_sorting_asks_for_an_order() -> None:
    async with staged() as stage:
        app = await stage.go("app")
        await stage.press("l")
        await stage.until(lambda: len(app.children) == 3)
        await stage.quiet()
        await stage.press("s")
        await stage.until(lambda: "Sort app" in stage.screen())
        await stage.press("2")
        await stage.until(lambda: stage.app.screen is stage.main)
        await stage.until(lambda: app.children[0].label != "1.0")
        shown = [row.label for row in stage.main.images.visible_nodes() if row.parent is app]
        assert shown == [row.label for row in app.children]
        assert stage.node is app


async def test_one_key_puts_broken_tags_first_and_back() -> None:
    async with staged() as stage:
        app = await stage.go("app")
        await stage.press("l")
        await stage.until(lambda: len(app.children) == 3)
        await stage.press("W")
        await stage.until(lambda: "No problems known in app" in stage.screen())
        await stage.press("x")
        await stage.until(lambda: app.children[0].label == "2.0")
        await stage.until(lambda: "broken first" in stage.page)
        await stage.press("W")
        await stage.until(lambda: app.children[0].label == "1.0")


async def test_refresh_asks_again_and_keeps_place_and_openness() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/amd64", "layer 1")
        top = await stage.go("app", "1.0")
        before = stage.source.requests
        asked = stage.source.asked["manifest", "app", "1.0"]
        await stage.press("r")
        await stage.until(lambda: stage.source.asked["manifest", "app", "1.0"] == asked + 1)
        await stage.quiet()
        assert stage.source.requests > before
        assert stage.node is top and stage.main.images.is_open(top)
        assert "layer 1" in stage.screen()


async def test_a_moved_tag_shows_its_new_digest_after_refresh() -> None:
    async with staged() as stage:
        node = await stage.go("tool", "latest")
        await stage.press("l")
        await stage.until(lambda: node.manifest is not None)
        new = stage.source.put("tool", image("linux/amd64", seed="newer"), "latest")
        await stage.press("r")
        await stage.until(lambda: node.digest == new.digest)
        await stage.until(lambda: new.digest.encoded[:20] in stage.page)
        assert stage.node is node


async def test_leaving_a_row_stops_its_work() -> None:
    async with staged() as stage:
        stage.source.why_ask_first = "it counts"
        await stage.go("app", "1.0", "linux/amd64")
        stage.source.hold()
        await stage.press("l")
        await stage.until(lambda: stage.source.running > 0)
        await stage.press("h")
        await stage.until(lambda: stage.source.running == 0)
        stage.source.release()


async def test_requests_show_headers_and_copy_as_curl() -> None:
    async with staged() as stage:
        stage.trace.exchanges.extend(exchange(number) for number in range(1, 30))
        await stage.press("at")
        await stage.until(lambda: "3 Requests" in stage.screen() and "blobs/29" in stage.screen())
        assert stage.main.pane == "requests" and "layer 1" in stage.screen()
        await stage.press("k", "enter")
        await stage.until(lambda: "Response headers" in stage.screen())
        assert "Request 28" in stage.screen() and "Content-Type" in stage.screen()
        await stage.press("c")
        await stage.until(lambda: stage.copied or "OSC 52" in stage.screen())
        await stage.until(lambda: stage.app.screen is stage.main)
        await stage.press("g")
        chosen = stage.main.requests.chosen
        assert chosen is not None and chosen.id == 1
        await stage.press("slash")
        await stage.type("blobs/7")
        await stage.until(lambda: stage.main.requests.count == 1)
        await stage.press("escape")
        await stage.until(lambda: stage.main.requests.count == 29)
        await stage.press("at")
        await stage.until(lambda: "3 Requests" not in stage.screen())
        assert stage.main.pane == "tree"


async def test_help_tells_the_keys_and_why_some_are_grey() -> None:
    async with staged() as stage:
        await stage.press("question_mark")
        await stage.until(lambda: "Help" in stage.screen() and "Symbols" in stage.screen())
        text = text_of(stage.app.screen.query_one(PageView))
        assert "missing: the registry answers 404" in text
        assert "select an index: only a manifest list has sources" in text
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.main)
        stage.main.say("Said before help was asked for.")
        await stage.until(lambda: "Said before" in stage.screen())
        await stage.press("f1")
        await stage.until(lambda: "Symbols" in stage.screen())
        await stage.until(lambda: not stage.app.screen.query("Toast"), "nothing over what is read")


async def test_the_palette_has_every_action_with_its_key() -> None:
    async with staged((60, 20)) as stage:
        await stage.press("ctrl+p")
        await stage.until(lambda: stage.app.screen is not stage.main)
        listed = stage.app.screen.query_one(CommandList)
        await stage.until(lambda: listed.option_count > 20 and listed.region.height > 5)
        assert listed.region.bottom <= 20, "also the last of them"
        await stage.type("layout")
        await stage.until(lambda: "Layout: side" in stage.screen() and "[w]" in stage.screen())
        before = stage.main.panes.layout_choice
        await stage.press("enter")
        await stage.until(lambda: stage.main.panes.layout_choice != before)


async def test_themes_switch_and_a_configured_one_is_taken() -> None:
    async with staged() as stage:
        assert stage.app.theme == DARK.name
        await stage.press("t")
        assert stage.app.theme == LIGHT.name
    async with staged(settings=Settings(theme="light")) as stage:
        assert stage.app.theme == LIGHT.name


async def test_quit_asks_only_when_something_would_be_lost() -> None:
    async with staged() as stage:
        assert stage.main.services is not None
        drafts = SimpleNamespace(drafts=["app:1.0"], unsaved="A draft of app:1.0 was not pushed.")
        stage.main.services.drafts = drafts  # type: ignore[assignment]
        await stage.press("q")
        await stage.until(lambda: "was not pushed" in stage.screen())
        await stage.press("n")
        await stage.until(lambda: stage.app.screen is stage.main)
        drafts.unsaved = ""
        await stage.press("q")
        await stage.until(lambda: stage.app._exit)


async def test_capitals_are_grey_with_their_reasons() -> None:
    async with staged() as stage:
        await stage.press("R")
        await stage.until(lambda: "select an index" in stage.screen())
        await stage.go("app", "1.0")
        await stage.press("l")
        await stage.until(lambda: stage.node.is_index)
        await stage.press("D")
        await stage.until(lambda: "not available in this version" in stage.screen())


async def test_a_registered_handler_brings_a_capital_to_life() -> None:
    async with staged() as stage:
        done: list[str] = []
        stage.carry_out("recreate", lambda: done.append("R"))
        await stage.press("R")
        assert not done
        await stage.go("app", "1.0")
        await stage.press("l")
        await stage.until(lambda: stage.node.is_index)
        await stage.press("R")
        await stage.until(lambda: done == ["R"])


async def test_read_only_stops_every_capital() -> None:
    async with staged(settings=Settings(read_only=True), source=None) as stage:
        done: list[str] = []
        writing = ("recreate", "amend", "new", "push", "tag", "copy-elsewhere", "delete", "undo")
        for action in writing:
            stage.carry_out(action, lambda: done.append("written"))
        await stage.go("app", "1.0")
        await stage.press("l", "m")
        await stage.until(lambda: stage.node.is_index)
        for key in "RANPTCDU":
            await stage.press(key)
        await stage.until(lambda: "--read-only is on" in stage.screen())
        assert not done
        assert "read-only" in stage.screen().splitlines()[0]


async def test_a_failing_handler_is_said_and_the_program_goes_on() -> None:
    async with staged() as stage:

        async def fail() -> None:
            raise RuntimeError("the [/plan] broke")

        stage.carry_out("recreate", fail)
        await stage.go("app", "1.0")
        await stage.press("l")
        await stage.until(lambda: stage.node.is_index)
        await stage.press("R")
        await stage.until(lambda: "the [/plan] broke" in stage.screen())
        await stage.press("j")


async def test_a_source_that_fails_says_so_and_harms_nobody() -> None:
    from tui.sources.base import SourceError

    source = WritableSource()
    source.put("app", image("linux/amd64"), "1.0", "gone")
    source.script["gone"] = SourceError(Presence.DENIED, "The registry does not let us read app:gone.", status=403)
    async with staged(source=source) as stage:
        await stage.go("app", "gone")
        await stage.press("l")
        await stage.until(lambda: "⊘ denied" in stage.screen())
        assert "does not let us read app:gone" in stage.page
        await stage.go("app", "1.0")
        await stage.press("l")
        await stage.until(lambda: "✓ 3/3" in stage.screen())
