"""Trees as JSON and Markdown: nothing is left out, nothing is said that was not asked, and hostile names stay text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.formats.reports import two_platforms
from tests.support import images
from tests.support.fake_source import FakeSource
from tests.support.schemas import hold, read
from tui.explore.explorer import Explorer
from tui.explore.node import Kind, Node
from tui.explore.objects import COUNTED
from tui.formats.tree import SCHEMA, Looked, open_tree_writer
from tui.formats.writer import Sheet
from tui.sources.presence import Presence


async def checked(source: FakeSource, tag: str = "1") -> tuple[Explorer, Node]:
    explorer = Explorer()
    node = explorer.add_selector(source, "app", tag)
    await explorer.check(node).wait()
    return explorer, node


def document(explorer: Explorer, node: Node, depth: int | None = None) -> dict[str, Any]:
    writer = open_tree_writer("json", explorer, Sheet(), depth, several=False)
    text = "\n".join([*writer.put(Looked("app:1", 0, node, "All well.")), *writer.end()])
    made: dict[str, Any] = json.loads(text)
    hold(made, "tree")
    return made


def rows_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [row, *(each for child in row["children"] or () for each in rows_of(child))]


async def test_every_row_is_there_with_its_presence() -> None:
    source, arm = two_platforms()
    source.drop("app", arm.blobs[2].digest)
    explorer, node = await checked(source)
    made = document(explorer, node)
    rows = rows_of(made["tree"])
    assert len(rows) == sum(1 for row in node.walk() if row.kind is not Kind.REFERRERS or row.children)
    (gone,) = [row for row in rows if row["presence"] == "missing"]
    assert gone["digest"] == arm.blobs[2].digest and gone["kind"] == "layer" and "404" in gone["detail"]
    above = [row for row in rows if row["worst"] == "missing"]
    assert [row["kind"] for row in above] == ["tag", "manifest", "layer"]
    assert {row["platform"] for row in rows} >= {"linux/amd64", "linux/arm64"}
    assert made["complete"] is True and made["verdict"] == "All well."


async def test_what_was_not_asked_is_unchecked_and_a_list_has_no_presence() -> None:
    source = FakeSource()
    source.put("app", images.image(), "1")
    explorer = Explorer()
    node = explorer.add_repository(source, "app")
    await explorer.open(node)
    tree = document(explorer, node)["tree"]
    assert (tree["kind"], tree["presence"], tree["digest"]) == ("repository", None, None)
    (tag,) = tree["children"]
    assert (tag["presence"], tag["worst"], tag["size"], tag["children"]) == ("unchecked", "unchecked", None, [])


async def test_where_depth_ends_the_rows_below_are_null_not_none() -> None:
    source, _ = two_platforms()
    explorer, node = await checked(source)
    assert document(explorer, node, 0)["tree"]["children"] is None
    (first, *_rest) = document(explorer, node, 1)["tree"]["children"]
    assert first["children"] is None
    leaf = rows_of(document(explorer, node)["tree"])[-1]
    assert leaf["children"] == []


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_several_are_an_array_also_of_what_could_not_be_opened(count: int) -> None:
    writer = open_tree_writer("json", Explorer(), Sheet(), None, several=True)
    lines = [line for _ in range(count) for line in writer.put(Looked("x:1", 3, error="No."))]
    made = json.loads("\n".join([*lines, *writer.end()]))
    hold(made, "tree")
    assert [(each["error"], each["tree"], each["complete"]) for each in made] == [("No.", None, False)] * count


async def test_markdown_is_the_drawn_tree_in_a_fence_that_no_name_ends() -> None:
    source, _ = two_platforms()
    explorer, node = await checked(source)
    node.children[0].label = "```` @octocat"
    writer = open_tree_writer("markdown", explorer, Sheet(ascii_only=True), None, several=False)
    lines = [*writer.put(Looked("app:1", 0, node, "All @well."))]
    assert lines[0].startswith("## ") and lines[2] == "**All @&#8203;well.**"
    fence, *inside = lines[4:]
    assert fence == "`````text" and inside[-1] == "`````" and "|-- ```` @octocat" in inside[1]


def test_the_words_are_the_programs() -> None:
    row = read("tree")["$defs"]["row"]["properties"]
    assert row["kind"]["enum"] == [each.value for each in Kind]
    words = [*(each.value for each in COUNTED), None]
    assert row["presence"]["enum"] == row["worst"]["enum"] == words
    assert {each.value for each in Presence} - {*words} == {"checking"}
    assert read("tree")["$defs"]["source"]["properties"]["schema"]["const"] == SCHEMA
