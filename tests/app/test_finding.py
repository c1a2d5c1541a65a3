"""Filter, find, go to, and back."""

from __future__ import annotations

import pytest

from tests.app.stage import WritableSource, staged
from tests.support.images import image
from tui.app.actions.finding import split_selector
from tui.config import Settings


async def test_the_filter_narrows_the_tags_while_typing() -> None:
    async with staged() as stage:
        many = await stage.go("many")
        await stage.press("l")
        await stage.until(lambda: len(many.children) > 500)
        await stage.quiet()
        await stage.press("slash")
        await stage.until(lambda: stage.house.find_bar.display)
        await stage.type("249")
        await stage.until(lambda: 0 < len(many.children) < 40)
        await stage.until(lambda: f"{len(many.children)} of 2,500" in stage.screen())
        assert all("249" in row.label for row in many.children)
        await stage.press("enter")
        assert not stage.house.find_bar.display and stage.house.pane == "tree"
        await stage.press("n")
        first = stage.node
        assert "249" in first.label
        await stage.press("n")
        assert stage.node is not first
        await stage.press("N")
        assert stage.node is first
        await stage.press("escape")
        await stage.until(lambda: len(many.children) > 500)
        assert stage.node is first


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
        assert not stage.house.find_bar.display


async def test_repositories_are_filtered_from_the_source() -> None:
    async with staged() as stage:
        await stage.press("slash")
        await stage.type("too")
        root = stage.house.explorer.roots[0]
        await stage.until(lambda: [row.label for row in root.children] == ["tool"])
        assert "1 of 3" in stage.screen()


async def test_find_in_the_page() -> None:
    async with staged() as stage:
        await stage.go("app", "single")
        await stage.press("v", "2")
        await stage.until(lambda: "schemaVersion" in stage.page)
        await stage.press("slash")
        await stage.type("mediatype")
        await stage.press("enter")
        assert stage.house.page_view.match_count == 4
        assert stage.house.pane == "detail"
        await stage.press("n", "N", "escape")
        assert stage.house.page_view.match_count == 0


async def test_going_to_a_reference() -> None:
    async with staged() as stage:
        await stage.press("o")
        await stage.until(lambda: "Go to" in stage.screen())
        await stage.type("fake.test/tool:latest")
        await stage.press("enter")
        await stage.until(lambda: stage.node.label == "latest")
        await stage.until(lambda: stage.node.children)
        await stage.press("backspace")
        await stage.until(lambda: stage.node is stage.house.explorer.roots[0])


async def test_a_malformed_reference_is_explained() -> None:
    async with staged() as stage:
        await stage.press("o")
        await stage.until(lambda: "Go to" in stage.screen())
        await stage.type("fake.test/UPPER:x")
        await stage.press("enter")
        await stage.until(lambda: "That is no reference" in stage.screen())


async def test_going_to_a_digest_in_this_repository() -> None:
    async with staged() as stage:
        await stage.go("app", "1.0")
        await stage.house.go_to(str(stage.images.arm64.digest))
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
        source.kind = "docker-manifests"
        await stage.press("l")
        await stage.go("fake.test/app")
        await stage.house.go_to("fake.test/app:other")
        assert (stage.node.repository, stage.node.tag) == ("app", "other")


async def test_short_references_mean_the_source_of_the_cursor() -> None:
    async with staged() as stage:
        await stage.go("app")
        await stage.house.go_to(":2.0")
        assert stage.node.tag == "2.0" and stage.node.repository == "app"
        await stage.house.go_to("tool:latest")
        assert stage.node.repository == "tool" and stage.node.source is stage.source
        await stage.house.go_to("/app:single")
        assert stage.node.tag == "single" and stage.node.source is stage.source


async def test_nothing_to_go_back_to_is_said() -> None:
    async with staged() as stage:
        await stage.press("backspace")
        await stage.until(lambda: "nothing to go back to" in stage.screen())


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
        await stage.until(lambda: stage.house.current is not None and stage.house.current.label == "2.0")
