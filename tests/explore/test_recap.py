"""What is kept of an image in a few words: whole is only what was checked to its end."""

from __future__ import annotations

from tests.explore.checking import AMD, ARM, checked
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.explore.recap import recap
from tui.explore.verdict import verdict
from tui.sources.base import SourceError
from tui.sources.presence import Presence


def words(explorer: Explorer, node: Node) -> tuple[Presence, str]:
    return recap(node, explorer.rollup(node), verdict(node, None, explorer.observations))


async def test_whole_and_broken() -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(AMD), images.image(ARM)), "1")
    explorer, node, _ = await checked(source)
    assert words(explorer, node) == (Presence.PRESENT, "2 platforms")

    source = FakeSource()
    bad = images.image(ARM, seed="bad")
    source.put("app", images.index(images.image(AMD), bad), "1")
    source.drop("app", bad.blobs[1].digest)
    explorer, node, _ = await checked(source)
    assert words(explorer, node) == (Presence.MISSING, "arm64 broken")


async def test_one_image() -> None:
    source = FakeSource()
    alone = images.image(AMD)
    source.put("app", alone, "1")
    explorer, node, _ = await checked(source)
    assert words(explorer, node) == (Presence.PRESENT, "linux/amd64")

    source = FakeSource()
    source.put("app", alone, "1")
    source.drop("app", alone.blobs[1].digest)
    explorer, node, _ = await checked(source)
    assert words(explorer, node) == (Presence.MISSING, "linux/amd64 broken")


async def test_what_was_only_opened_is_not_whole() -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(AMD), images.image(ARM)), "1")
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    assert words(explorer, node) == (Presence.UNCHECKED, "")
    await explorer.open(node)
    assert words(explorer, node) == (Presence.UNCHECKED, "2 platforms, not fully checked")
    await explorer.aclose()


async def test_what_could_not_be_read_is_called_what_it_was() -> None:
    source = FakeSource()
    source.script["1"] = SourceError(Presence.DENIED, "You may not.", status=403)
    source.put("app", images.image(AMD), "1")
    explorer, node, _ = await checked(source)
    assert words(explorer, node) == (Presence.DENIED, Presence.DENIED.words.status)


async def test_a_list() -> None:
    source = FakeSource()
    source.put("app", images.image(AMD), "1", "2")
    explorer = Explorer()
    node = explorer.add_repository(source, "app")
    await explorer.open(node)
    assert recap(node, explorer.rollup(node), None) == (Presence.UNCHECKED, "2 tags")
    await explorer.aclose()
