"""The tags of a repository as a table: what was read of them, and nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.explore.tag_table import MOST, TagTable, marks, remark, size_of, tag_table
from tui.sources.base import SourceError
from tui.sources.presence import Presence

AMD, ARM = "linux/amd64", "linux/arm64"
DENIED = SourceError(Presence.DENIED, "Access is denied.")


class Shelf:
    """A repository whose tags are opened and checked by name."""

    def __init__(self) -> None:
        self.source = FakeSource()
        self.explorer = Explorer()
        self.node = self.explorer.add_repository(self.source, "app")

    def put(self, name: str, created: str, *more: str, platforms: tuple[str, ...] = (AMD, ARM)) -> images.Image:
        parts = [images.image(each, seed=name, created=created) for each in platforms]
        return self.source.put("app", images.index(*parts) if len(parts) > 1 else parts[0], name, *more)

    async def check(self, *names: str) -> None:
        await self.explorer.open(self.node)
        for name in names:
            await self.explorer.check(self.tag(name)).wait()

    def tag(self, name: str) -> Node:
        return next(row for row in self.node.children if row.label == name)

    @property
    def table(self) -> TagTable:
        table = tag_table(self.node, self.explorer.rollup)
        assert table is not None
        return table

    @property
    def names(self) -> list[str]:
        return [entry.node.label for entry in self.table.entries]

    @property
    def rows(self) -> list[str]:
        return [row.label for row in self.node.children]


@pytest.fixture
async def shelf() -> AsyncIterator[Shelf]:
    shelf = Shelf()
    shelf.put("1.0", "2024-05-01T12:00:00Z")
    shelf.put("1.1", "2026-01-01T12:00:00Z", "stable")
    shelf.put("1.2", "2025-01-01T12:00:00+05:00", platforms=(AMD,))
    broken = shelf.put("1.3", "2023-01-01T12:00:00Z")
    shelf.source.drop("app", broken.children[1].blobs[2].digest)
    yield shelf
    await shelf.explorer.aclose()


async def test_the_newest_come_first_and_unknown_ages_after_as_the_tree_has_them(shelf: Shelf) -> None:
    await shelf.explorer.open(shelf.node)
    assert shelf.names == shelf.rows == ["1.0", "1.1", "1.2", "1.3", "stable"]
    await shelf.check("1.0", "1.2", "1.3")
    assert shelf.names == ["1.2", "1.0", "1.3", "1.1", "stable"]
    assert [bool(entry.sum.created) for entry in shelf.table.entries] == [True, True, True, False, False]
    assert shelf.rows == ["1.0", "1.1", "1.2", "1.3", "stable"], "rows of the tree do not move while they are read"
    shelf.explorer.set_order(shelf.node, "newest")
    assert shelf.names == shelf.rows == ["stable", "1.3", "1.2", "1.1", "1.0"], (
        "an order that was chosen holds for both"
    )
    shelf.explorer.set_order(shelf.node, "age")
    assert shelf.rows == ["1.2", "1.0", "1.3", "1.1", "stable"]


async def test_an_age_that_no_config_gives_is_that_of_the_annotation(shelf: Shelf) -> None:
    part = images.image(AMD, seed="noted", created="no time at all")
    noted = images.index(part, annotations={"org.opencontainers.image.created": "2022-02-02T02:02:02Z"})
    shelf.source.put("app", noted, "noted")
    shelf.source.put("app", part, "odd")
    await shelf.check("noted", "odd")
    created = shelf.explorer.rollup(shelf.tag("noted")).created
    assert created is not None and created.isoformat() == "2022-02-02T02:02:02+00:00"
    assert shelf.explorer.rollup(shelf.tag("odd")).created is None


async def test_worst_first_puts_what_is_broken_above_what_nobody_knows(shelf: Shelf) -> None:
    shelf.source.script[str(shelf.put("1.4", "2020-01-01T12:00:00Z", platforms=(AMD,)).blobs[1].digest)] = DENIED
    await shelf.check("1.0", "1.1", "1.3", "1.4")
    shelf.explorer.set_order(shelf.node, "worst")
    assert shelf.rows == shelf.names == ["1.3", "1.4", "1.0", "1.1", "1.2", "stable"]
    tally = shelf.table.tally
    assert tally.words == "2 whole, 1 broken, 1 unknown, 2 not checked"
    shelf.explorer.set_order(shelf.node, "")
    assert shelf.rows == ["1.0", "1.1", "1.2", "1.3", "1.4", "stable"] and shelf.table.order == "age"


async def test_rows_are_sorted_again_by_what_was_found_meanwhile(shelf: Shelf) -> None:
    await shelf.explorer.open(shelf.node)
    shelf.explorer.set_order(shelf.node, "worst")
    await shelf.check("1.3")
    shelf.explorer.sort_again(shelf.node)
    assert shelf.rows[0] == "1.3"
    shelf.explorer.set_filter(shelf.node, "1.")
    assert shelf.rows == ["1.3", "1.0", "1.1", "1.2"]


async def test_a_tag_is_marked_platform_by_platform(shelf: Shelf) -> None:
    await shelf.check("1.2", "1.3")
    table = shelf.table
    assert table.platforms == (AMD, ARM)
    below = shelf.explorer.rollup
    assert marks(shelf.tag("1.3"), table.platforms, below) == [Presence.PRESENT, Presence.MISSING]
    assert marks(shelf.tag("1.2"), table.platforms, below) == [Presence.PRESENT, None]
    assert marks(shelf.tag("1.0"), table.platforms, below) == [None, None], "nothing is said of what was not read"
    assert size_of(shelf.tag("1.0")) is None
    one = size_of(shelf.tag("1.2"))
    assert one is not None and one < (size_of(shelf.tag("1.3")) or 0)


async def test_what_the_marks_do_not_tell_is_said(shelf: Shelf) -> None:
    shelf.source.script["gone"] = DENIED
    image = shelf.source.put("app", images.image(AMD, seed="x"), "gone")
    proof = images.attestation(image)
    shelf.source.put("app", images.index(image, proof), "unproven")
    shelf.source.drop("app", proof.blobs[1].digest)
    await shelf.check("gone", "unproven")
    said = {}
    for name in ("gone", "unproven"):
        row = shelf.tag(name)
        said[name] = remark(row, shelf.explorer.rollup(row), marks(row, (AMD,), shelf.explorer.rollup))
    assert said == {"gone": "tag denied", "unproven": "attestation missing"}


async def test_tags_of_one_digest_are_named(shelf: Shelf) -> None:
    await shelf.check("1.1", "stable")
    assert shelf.table.others(shelf.tag("1.1")) == ["stable"]
    assert shelf.table.others(shelf.tag("1.0")) == []


async def test_a_long_list_gives_a_table_of_bounded_length() -> None:
    source = FakeSource(page_size=10_000)
    one = images.image(AMD)
    source.put("app", one, *(f"v{number:05}" for number in range(5_000)))
    explorer = Explorer()
    node = explorer.add_repository(source, "app")
    await explorer.open(node)
    assert node.listing is not None
    node.listing.limit = 5_000
    explorer.set_order(node, "version")
    table = tag_table(node, explorer.rollup)
    assert table is not None and len(table.entries) == MOST and table.more == 5_000 - MOST
    assert table.tally.words == "5,000 not checked"
    await explorer.aclose()
