"""Cursor, panes, tabs, layout: every key of the groups Move and Panes."""

from __future__ import annotations

from typing import cast

import pytest

from tests.app.stage import WritableSource, staged
from tests.support.fake_source import FakeSource
from tests.support.images import image, index
from tui.app.screens.dialogs import Choice

pytestmark = pytest.mark.slow


async def test_rows_open_and_close_with_the_arrows() -> None:
    async with staged() as stage:
        await stage.press("j")
        assert stage.node.label == "app"
        await stage.press("l")
        await stage.until(lambda: len(stage.node.children) == 3)
        await stage.quiet()
        await stage.press("right")
        assert stage.node.label == "1.0"
        await stage.press("l")
        await stage.until(lambda: len(stage.node.children) >= 2)
        await stage.quiet()
        await stage.press("l", "l")
        await stage.until(lambda: stage.node.label == "linux/amd64" and stage.main.images.is_open(stage.node))
        await stage.quiet()
        assert "✓ 3/3" in stage.screen()
        await stage.press("h")
        assert not stage.main.images.is_open(stage.node)
        await stage.press("left")
        assert stage.node.label == "1.0"
        await stage.press("h", "h", "h")
        assert stage.node.label == "app" and not stage.main.images.is_open(stage.node)


async def test_the_cursor_moves_by_lines_pages_and_to_the_ends() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0")
        await stage.press("G")
        last = stage.node.label
        await stage.press("k")
        assert stage.node.label != last
        await stage.press("end")
        assert stage.node.label == last
        await stage.press("g")
        assert stage.node is stage.main.explorer.roots[0]
        await stage.press("pagedown")
        assert stage.node.label == last
        await stage.press("home", "down", "up")
        assert stage.node is stage.main.explorer.roots[0]
        await stage.press("ctrl+d")
        assert stage.node.label == last
        await stage.press("ctrl+u")
        assert stage.node is stage.main.explorer.roots[0]


async def test_enter_and_space_expand_and_collapse() -> None:
    async with staged() as stage:
        await stage.go("app")
        await stage.press("enter")
        await stage.until(lambda: stage.main.images.is_open(stage.node))
        await stage.press("space")
        assert not stage.main.images.is_open(stage.node)
        await stage.press("space")
        assert stage.main.images.is_open(stage.node)


async def test_enter_on_an_open_registry_goes_on_and_folds_nothing() -> None:
    async with staged() as stage:
        root = stage.main.explorer.roots[0]
        assert stage.node is root and stage.main.images.is_open(root)
        await stage.press("enter")
        assert stage.node.label == "app" and stage.main.images.is_open(root)


async def test_enter_on_a_row_with_nothing_below_goes_to_its_detail() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0", "linux/amd64", "layer 1")
        await stage.press("enter")
        await stage.until(lambda: stage.main.pane == "detail")
        said = [each.message for each in stage.app._notifications]
        assert any("No rows below" in each and "Esc returns" in each for each in said), "never silently"


async def test_saving_offers_no_more_than_copying() -> None:
    async with staged() as stage:
        for labels, served in (
            (("app", "1.0", "linux/amd64", "layer 1"), False),
            (("app", "1.0", "linux/amd64"), True),
        ):
            await stage.go(*labels)
            await stage.press("ctrl+s")
            await stage.until(lambda: isinstance(stage.app.screen, Choice))
            items = {item.key: item.reason for item in cast("Choice[str]", stage.app.screen).items}
            assert (items["r"] == "") is served
            await stage.press("escape")
            await stage.until(lambda: not isinstance(stage.app.screen, Choice))


async def test_collapse_and_expand_all_below() -> None:
    async with staged() as stage:
        top = await stage.go("app", "1.0")
        await stage.press("equals_sign")
        await stage.until(lambda: all(row.children for row in top.children if row.label.startswith("linux")))
        await stage.until(lambda: stage.main.images.is_open(top.children[0]))
        await stage.quiet()
        await stage.press("minus")
        await stage.until(lambda: not stage.main.images.is_open(top))
        await stage.press("l")
        await stage.until(lambda: stage.main.images.is_open(top))
        assert not stage.main.images.is_open(top.children[0])


async def test_rows_that_come_with_expanding_all_keep_the_columns_straight() -> None:
    async with staged() as stage:
        tag = await stage.go("app", "2.0")
        await stage.press("equals_sign")
        await stage.until(lambda: all(stage.main.images.is_open(row) for row in tag.children if row.platform))
        await stage.quiet()
        images = stage.main.images
        held = images.longest_names
        images.branches_changed()  # what the rows of now need
        assert images.longest_names == held


async def test_expanding_all_asks_before_it_fetches_a_lot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.app.controllers.navigation.ASK_ABOVE", 2)
    source = FakeSource()
    source.put("wide", index(*(image(f"linux/p{number}") for number in range(6))), "latest")
    async with staged(source=source) as stage:
        top = await stage.go("wide", "latest")
        await stage.press("equals_sign")
        await stage.until(lambda: "manifests? Limit" in stage.screen())
        await stage.press("n")
        await stage.until(lambda: stage.app.screen is stage.main)
        assert not any(row.children for row in top.children)
        await stage.press("equals_sign")
        await stage.until(lambda: "manifests? Limit" in stage.screen())
        await stage.press("y")
        await stage.until(lambda: all(row.children for row in top.children if row.label.startswith("linux")))


async def test_panes_by_tab_and_digit() -> None:
    async with staged() as stage:
        assert stage.main.pane == "tree"
        await stage.press("2")
        assert stage.main.pane == "detail"
        await stage.press("1")
        assert stage.main.pane == "tree"
        await stage.press("tab")
        assert stage.main.pane == "detail"
        await stage.press("tab")
        assert stage.main.pane == "tree"
        await stage.press("3")
        assert stage.main.pane == "requests"
        await stage.press("shift+tab")
        assert stage.main.pane == "detail"
        for digit in ("1 Images", "2 Detail", "3 Requests"):
            assert digit in stage.screen()


async def test_tabs_go_round() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0")
        seen = [stage.main.detail.tab]
        for _ in range(6):
            await stage.press("right_square_bracket")
            seen.append(stage.main.detail.tab)
        assert seen == ["summary", "layers", "config", "json", "findings", "explain", "summary"]
        await stage.press("left_square_bracket")
        assert stage.main.detail.tab == "explain"


@pytest.mark.parametrize(("size", "beside"), [((120, 40), True), ((80, 24), False), ((99, 50), False)])
async def test_detail_stands_beside_or_below_as_fits(size: tuple[int, int], beside: bool) -> None:
    async with staged(size) as stage:
        tree = stage.main.query_one("#tree-pane").region
        detail = stage.main.query_one("#detail-pane").region
        assert (tree.y == detail.y) is beside
        assert detail.width > 0 and detail.height > 3
        assert detail.right <= size[0] and detail.bottom <= size[1] - 1
        first = stage.app.screen_stack[0].query_one("#shell-panes").region
        assert first == stage.main.query_one("#panes").region, "what is shown before all is imported stands there, too"


async def test_the_layout_follows_the_size_live() -> None:
    async with staged((120, 40)) as stage:
        await stage.pilot.resize_terminal(80, 24)
        await stage.until(lambda: stage.main.query_one("#detail-pane").region.y > 5)
        await stage.pilot.resize_terminal(120, 40)
        await stage.until(lambda: stage.main.query_one("#detail-pane").region.x > 10)
        await stage.pilot.resize_terminal(200, 60)
        await stage.until(lambda: stage.main.query_one("#detail-pane").region.width == 108, "rows need no more than 92")
        await stage.press("f")
        await stage.until(lambda: stage.main.query_one("#tree-pane").region.width == 200)


async def test_layout_and_full_screen_keys() -> None:
    async with staged((80, 24)) as stage:
        await stage.press("f")
        await stage.until(lambda: not stage.main.query_one("#detail-pane").display)
        await stage.press("2")
        await stage.until(lambda: not stage.main.query_one("#tree-pane").display)
        assert stage.main.pane == "detail"
        await stage.press("escape")
        await stage.until(lambda: stage.main.query_one("#tree-pane").display)
        assert stage.main.query_one("#detail-pane").display
        await stage.press("w", "w", "w")
        assert stage.main.panes.layout_choice == "away"
        await stage.press("1")
        await stage.until(lambda: not stage.main.query_one("#detail-pane").display)
        await stage.press("2")
        await stage.until(lambda: stage.main.query_one("#detail-pane").display)
        await stage.press("1")
        await stage.until(lambda: stage.main.query_one("#tree-pane").display)


async def test_a_low_screen_gives_way_to_the_pane_with_the_keys() -> None:
    async with staged((80, 24)) as stage:

        def shown() -> list[str]:
            return [name for name in ("tree", "detail", "requests") if stage.main.query_one(f"#{name}-pane").display]

        assert shown() == ["tree", "detail"]
        await stage.press("at")
        await stage.until(lambda: shown() == ["tree", "requests"])
        await stage.press("2")
        await stage.until(lambda: shown() == ["tree", "detail"])
        assert stage.main.pane == "detail"
        await stage.press("tab")
        await stage.until(lambda: shown() == ["tree", "requests"])
        for name in shown():
            assert stage.main.query_one(f"#{name}-pane").region.height >= 7
        await stage.press("at")

        def heights() -> list[int]:
            return [stage.main.query_one(f"#{name}-pane").region.height for name in shown()]

        await stage.until(lambda: shown() == ["tree", "detail"] and heights() == [6, 14], "as many rows as it fills")
        await stage.press("2")
        await stage.until(lambda: heights() == [5, 15])
        assert stage.main.images.cursor_line in range(3), "the row that is read about stays"
        await stage.press("1")
        await stage.until(lambda: heights() == [6, 14])
        await stage.go("many")
        await stage.press("l")
        await stage.until(lambda: heights() == [11, 9], "and no more than its share")
        await stage.pilot.mouse_down("#page", offset=(3, 1))
        assert stage.main.pane == "detail" and heights() == [11, 9], "what the mouse points at stays where it is"
        await stage.pilot.mouse_up("#page", offset=(3, 1))
        await stage.until(lambda: heights() == [5, 15])


async def test_long_lists_are_paged_by_a_row() -> None:
    async with staged() as stage:
        many = await stage.go("many")
        await stage.press("l")
        await stage.until(lambda: len(many.children) > 500)
        await stage.quiet()
        shown = len(many.children)
        assert shown <= 1001
        await stage.press("G")
        await stage.until(lambda: stage.node.kind == "more" or stage.node.parent is not many)
        more = many.children[-1]
        assert more.kind == "more"
        await stage.main.navigation.highlight(more)
        await stage.until(lambda: "Enter shows the next" in stage.page)
        await stage.press("enter")
        await stage.until(lambda: len(many.children) > shown)
        await stage.quiet()
        assert stage.main.current is not None


async def test_the_mouse_moves_opens_and_picks_tabs() -> None:
    async with staged() as stage:
        await stage.pilot.click("#tree", offset=(12, 1))
        await stage.until(lambda: stage.node.label == "app")
        await stage.pilot.click("#tree", offset=(2, 1))
        await stage.until(lambda: stage.main.images.is_open(stage.node))
        await stage.until(lambda: len(stage.node.children) == 3)
        await stage.quiet()
        await stage.pilot.click("#tree", offset=(12, 2), times=2)
        await stage.until(lambda: stage.node.label == "1.0" and stage.main.images.is_open(stage.node))
        await stage.pilot.click("#tabs", offset=(11, 0))
        await stage.until(lambda: stage.main.detail.tab == "layers")
        await stage.pilot.click("#keys", offset=(3, 0))
        await stage.until(lambda: not stage.main.images.is_open(stage.node))


async def test_what_opens_elsewhere_does_not_scroll_the_cursor_away() -> None:
    source = WritableSource()
    platforms = [image(f"linux/{name}") for name in ("386", "amd64", "arm64", "mips", "ppc64le", "riscv64", "s390x")]
    source.put("app", index(*platforms), "1")
    source.put("other", index(*platforms[1:]), "2")
    async with staged((80, 24), source=source, sources=("fake.test/app:1", "fake.test/other:2")) as stage:
        root = stage.main.explorer.roots[0]
        await stage.until(lambda: sum(len(node.children) >= 6 for node in root.walk()) == 2, "both lists")
        await stage.quiet()
        assert stage.node.label == "1"
        assert stage.node in stage.main.images.visible_nodes()


async def test_a_dialog_is_about_the_row_that_was_shown_when_its_key_was_pressed() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0")
        for key in ("y", "down"):
            stage.app.simulate_key(key)
        await stage.until(lambda: "Copy from" in stage.screen(), "the dialog")
        assert "Copy from 1.0" in stage.screen()


async def test_expand_all_opens_an_index_once() -> None:
    """Seven levels of ten indexes, each of which holds all of the next level: seventy objects, ten million rows."""
    row = [image("linux/amd64")]
    for level in range(7):
        row = [index(*row, annotations={"n": f"{level}.{number}"}) for number in range(10)]
    source = FakeSource()
    source.put("app", index(*row), "deep")
    async with staged() as stage:
        explorer = stage.main.explorer
        node = explorer.add_selector(source, "app", "deep")
        stage.main.redraw.sync_tree()
        await stage.main.navigation.highlight(node)
        await stage.press("equals_sign")
        await stage.until(lambda: len(list(node.walk())) > 600)
        await stage.pilot.pause()
        assert len(list(node.walk())) < 1000 and source.requests < 200, "each asked for and read once"
