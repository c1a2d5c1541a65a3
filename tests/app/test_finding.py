"""Filter, find, go to, and back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from textual import events
from textual.widgets import Input

from tests.app.stage import Stage, WritableSource, staged
from tests.support.images import image, index
from tui.app.screens.start import Start
from tui.config import Settings
from tui.explore.node import Node
from tui.oci.reference import split_selector

pytestmark = pytest.mark.slow


async def test_the_filter_narrows_the_tags_while_typing() -> None:
    async with staged() as stage:
        many = await stage.go("many")
        await stage.press("l")
        await stage.until(lambda: len(many.children) > 500)
        await stage.quiet()
        await stage.press("slash")
        await stage.until(lambda: stage.main.find_bar.display)
        await stage.type("249")
        await stage.until(lambda: 0 < len(many.children) < 40)
        await stage.until(lambda: f"{len(many.children)} of 2,500" in stage.screen())
        assert all("249" in row.label for row in many.children)
        await stage.press("enter")
        assert not stage.main.find_bar.display and stage.main.pane == "tree"
        first = stage.node
        assert "249" in first.label
        await stage.press("n")
        assert stage.node is not first
        await stage.press("N")
        assert stage.node is first
        await stage.press("escape")
        await stage.until(lambda: len(many.children) > 500)
        assert stage.node is first
        await stage.press("slash", *"v2400", "enter", "escape")
        await stage.until(lambda: len(many.children) > 500)
        assert stage.node.label == "v2400", "a thousand others come before it"


async def test_escape_in_the_filter_clears_it() -> None:
    async with staged() as stage:
        app = await stage.go("app")
        await stage.press("l")
        await stage.until(lambda: len(app.children) == 3)
        await stage.press("slash")
        await stage.type("sing")
        await stage.until(lambda: [row.label for row in app.children] == ["single"])
        await stage.press("escape")
        await stage.until(lambda: len(app.children) == 3)
        assert not stage.main.find_bar.display


async def test_repositories_are_filtered_from_the_source() -> None:
    async with staged() as stage:
        await stage.press("slash")
        await stage.type("too")
        root = stage.main.explorer.roots[0]
        await stage.until(lambda: [row.label for row in root.children] == ["tool"])
        assert "1 of 3" in stage.screen()


async def test_find_in_the_page() -> None:
    async with staged() as stage:
        await stage.go("app", "single")
        assert "/ filter" in stage.screen().splitlines()[-1]
        await stage.press("v", "2")
        await stage.until(lambda: "schemaVersion" in stage.page)
        assert "/ find" in stage.screen().splitlines()[-1]
        await stage.press("slash")
        await stage.type("mediatype")
        await stage.press("enter")
        assert stage.main.page_view.match_count == 4
        assert stage.main.pane == "detail"
        await stage.press("n", "N", "escape")
        assert stage.main.page_view.match_count == 0


async def test_going_to_a_reference() -> None:
    async with staged() as stage:
        await stage.press("o")
        await stage.until(lambda: "Go to" in stage.screen())
        await stage.type("fake.test/tool:latest")
        await stage.press("enter")
        await stage.until(lambda: stage.node.label == "latest")
        await stage.until(lambda: stage.node.children)
        await stage.press("backspace")
        await stage.until(lambda: stage.node is stage.main.explorer.roots[0])


async def test_a_malformed_reference_is_explained() -> None:
    async with staged() as stage:
        await stage.press("o")
        await stage.until(lambda: "Go to" in stage.screen())
        for wrong, why in (("fake.test/UPPER:x", "must be lower case"), ("y" * 1_000_000, "255 fit")):
            stage.app.screen.query_one(Input).value = wrong
            await stage.press("enter")
            await stage.pilot.pause()
            assert why in " ".join(stage.screen().split())
            assert isinstance(stage.app.screen, Start), "what was typed is still there, to be put right"
        stage.app.screen.query_one(Input).value = "fake.test/tool:latest"
        await stage.press("enter")
        await stage.until(lambda: stage.node.label == "latest")


async def test_going_to_a_digest_in_this_repository() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0")
        await stage.main.navigation.go_to(str(stage.images.arm64.digest))
        await stage.until(lambda: stage.node.digest == stage.images.arm64.digest)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("app:1.0", ("app", "1.0")),
        (":1.0", ("", "1.0")),
        ("a/b", ("a/b", "")),
        ("app:1.0@sha256:ab", ("app", "sha256:ab")),
        ("host:5000/app", ("host:5000/app", "")),
        ("/tool:latest", ("/tool", "latest")),
    ],
)
def test_short_references_are_split(text: str, parts: tuple[str, str]) -> None:
    assert split_selector(text) == parts


async def test_from_docker_s_lists_a_whole_reference_means_the_registry() -> None:
    source = WritableSource()
    source.put("fake.test/app", image("linux/amd64"), "1.0")
    async with staged(source=source) as stage:
        source.capabilities = replace(source.capabilities, names_with_registry=True)
        await stage.press("l")
        await stage.go("fake.test/app")
        await stage.main.navigation.go_to("fake.test/app:other")
        assert (stage.node.repository, stage.node.tag) == ("app", "other")


async def test_short_references_mean_the_source_of_the_cursor() -> None:
    async with staged() as stage:
        await stage.go("app")
        await stage.main.navigation.go_to(":2.0")
        assert stage.node.tag == "2.0" and stage.node.repository == "app"
        await stage.main.navigation.go_to("tool:latest")
        assert stage.node.repository == "tool" and stage.node.source is stage.source
        await stage.main.navigation.go_to("/app:single")
        assert stage.node.tag == "single" and stage.node.source is stage.source


async def test_nothing_to_go_back_to_is_said() -> None:
    async with staged() as stage:
        await stage.press("backspace")
        await stage.until(lambda: "no history" in stage.screen())


async def test_a_diff_of_unopened_images_reads_their_configs() -> None:
    source = WritableSource()
    source.put("app", image("linux/amd64"), "1.0")
    source.put("app", image("linux/s390x"), "2.0")
    async with staged(source=source) as stage:
        await stage.go("app", "1.0")
        await stage.press("m")
        await stage.go("app", "2.0")
        await stage.press("d")
        await stage.until(lambda: "marked" in stage.screen() and "current" in stage.screen())
        assert "~ platform" in stage.screen()
        assert "linux/amd64" in stage.screen() and "linux/s390x" in stage.screen()


async def test_the_bookmarks_complete_what_is_typed() -> None:
    settings = Settings(bookmarks=("fake.test/app:2.0",))
    async with staged(settings=settings) as stage:
        await stage.press("o")
        await stage.until(lambda: "fake.test/app:2.0" in stage.screen())
        await stage.type("fake")
        await stage.quiet()
        await stage.press("right", "enter")
        await stage.until(lambda: stage.main.current is not None and stage.main.current.label == "2.0")


def index_source() -> WritableSource:
    """One tag, with an index of 24 platforms; a row for its referrers comes below them."""
    source = WritableSource()
    names = [f"linux/{name}{number}" for name in ("arm", "ppc", "riscv") for number in range(8)]
    source.put("app", index(*(image(name, seed=name) for name in names)), "1.0")
    return source


def labels(stage: Stage, node: Node) -> list[str]:
    """What is shown below a row."""
    return [row.label for row in stage.main.images.children_of(node)]


@asynccontextmanager
async def in_the_index(size: tuple[int, int] = (120, 40)) -> AsyncIterator[tuple[Stage, Node]]:
    """As `fanfold fake.test/app:1.0` opens it, with the cursor on the second platform: no list of names was asked
    for."""
    async with staged(size, source=index_source(), sources=("fake.test/app:1.0",)) as stage:
        await stage.until(lambda: stage.node.tag == "1.0")
        tag = stage.node
        await stage.until(lambda: len(tag.children) == 25)
        await stage.quiet()
        await stage.press("down", "down")
        await stage.until(lambda: stage.node.parent is tag)
        yield stage, tag


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_the_platforms_of_an_index_are_filtered(size: tuple[int, int]) -> None:
    async with in_the_index(size) as (stage, tag):
        await stage.press("slash")
        await stage.until(lambda: "rows of 1.0" in stage.screen() and "24 of 24" in stage.screen())
        await stage.type("linux/rIsc")
        await stage.until(lambda: labels(stage, tag) == [f"linux/riscv{number}" for number in range(8)])
        assert "8 of 24" in stage.screen() and "only “linux/rIsc”" in stage.screen()
        assert "linux/ppc" not in stage.screen() and not stage.main.marks
        await stage.press("enter", "home", "n")
        assert stage.node.label == "linux/riscv0"
        await stage.press("n", "n", "N")
        assert stage.node.label == "linux/riscv1"
        await stage.press("n", "escape")
        assert len(labels(stage, tag)) == 25 and stage.node.label == "linux/riscv2"
        assert "only “" not in stage.screen()
        await stage.press("n")
        await stage.until(lambda: "no filter or search; / starts one" in stage.screen())


async def test_from_inside_a_platform_the_index_is_filtered() -> None:
    async with in_the_index() as (stage, tag):
        platform = stage.node
        await stage.press("l")
        await stage.until(lambda: platform.children)
        await stage.press("l")
        await stage.until(lambda: stage.node.parent is platform)
        await stage.press("slash", "p", "p", "c", "enter")
        await stage.until(lambda: len(labels(stage, tag)) == 8)
        assert stage.node.label == "linux/ppc0"
        # What was filtered away is shown again when somebody goes there.
        await stage.main.navigation.highlight(platform)
        assert stage.node is platform and len(labels(stage, tag)) == 25


async def test_what_is_nowhere_in_the_nearest_list_is_looked_for_in_the_lists_around_it() -> None:
    async with staged() as stage:
        app = await stage.go("app")
        root = stage.main.explorer.roots[0]
        await stage.press("l")
        await stage.until(lambda: len(app.children) == 3)
        await stage.press("l", "slash")
        await stage.until(lambda: "tags of app" in stage.screen())
        await stage.type("tool")
        await stage.until(lambda: labels(stage, root) == ["tool"] and "/ repositories" in stage.screen())
        assert "1 of 3" in stage.screen() and len(app.children) == 3
        await stage.press("backspace", "backspace", "backspace", "backspace")
        await stage.until(lambda: len(labels(stage, root)) == 3 and "tags of app" in stage.screen())
        await stage.type("nowhere")
        await stage.until(lambda: "0 of 3" in stage.screen() and len(labels(stage, root)) == 3)
        keys = stage.screen().splitlines()[-1]
        assert "Enter keep" in keys and "Esc clear" in keys and "check" not in keys, "letters are text now"
        await stage.press("escape")
        await stage.until(lambda: len(app.children) == 3 and not stage.main.find_bar.display)
        await stage.until(lambda: "x check" in stage.screen().splitlines()[-1])
        stage.main.images.go(app.children[1])
        for key in ("slash", *"tool", "enter"):  # faster than it is drawn
            stage.app.simulate_key(key)
        await stage.until(lambda: stage.node.label == "tool", "the cursor on what was found")
        await stage.press("escape")
        await stage.until(lambda: len(labels(stage, root)) == 3)


async def test_filters_are_cleared_one_after_the_other() -> None:
    async with staged() as stage:
        app = await stage.go("app")
        await stage.press("l")
        await stage.until(lambda: len(app.children) == 3)
        await stage.press("slash", "0", "enter")
        await stage.until(lambda: [row.label for row in app.children] == ["1.0", "2.0"])
        tag = await stage.go("app", "1.0")
        await stage.press("l")
        await stage.until(lambda: tag.is_index and tag.children)
        await stage.press("slash", *"arm", "enter")
        await stage.until(lambda: labels(stage, tag) == ["linux/arm64"])
        await stage.press("escape")
        await stage.until(lambda: len(labels(stage, tag)) > 1)
        assert len(app.children) == 2
        await stage.press("escape")
        await stage.until(lambda: len(app.children) == 3)


async def test_where_nothing_can_be_filtered_it_finds_in_the_rows() -> None:
    source = WritableSource()
    source.put("app", image("linux/amd64"), "1.0")
    async with staged(source=source, sources=("fake.test/app:1.0",)) as stage:
        tag = stage.node
        await stage.until(lambda: len(tag.children) >= 2)
        await stage.quiet()
        await stage.press("slash")
        await stage.type("layer")
        layers = [row for row in tag.children if "layer" in row.label]
        await stage.until(lambda: "find in the rows" in stage.screen() and f"{len(layers)} row" in stage.screen())
        assert stage.node is layers[0]
        await stage.press("enter", "n")
        assert stage.node is layers[1 % len(layers)]
        await stage.press("N", "escape", "n")
        await stage.until(lambda: "no filter or search; / starts one" in stage.screen())
        assert labels(stage, tag) == [row.label for row in tag.children]


async def test_letters_that_come_at_once_with_the_slash_are_text() -> None:
    async with in_the_index() as (stage, tag):
        for key in ("slash", *"ppcrmq"):
            stage.app.simulate_key(key)
        await stage.until(lambda: stage.main.find_bar.text == "ppcrmq" and labels(stage, tag) == [])
        assert not stage.main.marks
        for key in ("escape", "slash", *"arm", "enter", "n", "n", "n"):
            stage.app.simulate_key(key)
        await stage.until(lambda: len(labels(stage, tag)) == 8 and not stage.main.find_bar.display)
        await stage.until(lambda: stage.node.label == "linux/arm3")
        assert not stage.main.marks and stage.app.screen is stage.main
        await stage.press("slash", "4")
        await stage.until(lambda: stage.main.find_bar.text == "arm4" and labels(stage, tag) == ["linux/arm4"])


async def test_with_nothing_open_the_slash_is_grey_and_its_letters_do_nothing() -> None:
    async with staged(sources=()) as stage:
        assert stage.main.actions.unavailable("filter") == "no row is open"
        for key in ("slash", *"otq"):
            stage.app.simulate_key(key)
        await stage.until(lambda: "no row is open" in stage.screen())
        await stage.quiet()
        assert stage.app.screen is stage.main and not stage.main.find_bar.display

        def taken(key: str, character: str, seconds: float) -> bool:
            event = events.Key(key, character)
            event.time += 60 + seconds  # when it was typed, which may be long before it is dealt with
            return stage.main.search.takes_as_text(event)

        typed = [taken("slash", "/", 0), taken("o", "o", 0.4), taken("t", "t", 0.8), taken("q", "q", 1.4)]
        assert typed == [False, True, True, False]


async def test_another_pane_that_is_clicked_gets_the_keys() -> None:
    async with in_the_index() as (stage, tag):
        await stage.press("slash", *"arm")
        await stage.until(lambda: len(labels(stage, tag)) == 8)
        await stage.pilot.click("#page")
        await stage.until(lambda: not stage.main.find_bar.display)
        assert stage.main.pane == "detail" and len(labels(stage, tag)) == 8
        await stage.press("1", "escape")
        assert len(labels(stage, tag)) == 25
