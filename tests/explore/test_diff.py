"""Comparing two rows."""

from __future__ import annotations

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.diff import Change, DiffRow, diff
from tui.explore.explorer import Explorer
from tui.explore.node import Node


async def two(left: images.Image, right: images.Image) -> tuple[Node, Node]:
    source = FakeSource()
    source.put("app", left, "old")
    source.put("app", right, "new")
    explorer = Explorer()
    rows = [explorer.add_selector(source, "app", tag) for tag in ("old", "new")]
    for row in rows:
        await explorer.check(row).wait()
    return rows[0], rows[1]


def changes(rows: list[DiffRow]) -> dict[str, str]:
    return {row.what: row.kind for row in rows}


async def test_two_indexes() -> None:
    amd, arm = images.image("linux/amd64"), images.image("linux/arm64")
    fresh = images.image("linux/arm64", seed="2")
    left, right = await two(
        images.index(amd, arm, images.attestation(arm)),
        images.index(amd, fresh, images.attestation(fresh), images.image("linux/s390x")),
    )
    found = changes(diff(left, right))
    assert found["linux/amd64"] == "same"
    assert found["linux/arm64"] == "changed"
    assert found["attestation of linux/arm64"] == "changed"
    assert found["linux/s390x"] == "added"
    assert changes(diff(right, left))["linux/s390x"] == "removed"


async def test_two_images() -> None:
    left, right = await two(
        images.image("linux/amd64"),
        images.image("linux/amd64", (images.layer("base"), images.layer("other")), seed="2"),
    )
    rows = diff(left, right)
    found = changes(rows)
    assert found["layer 1"] == "same"
    assert found["layer 2"] == "changed"
    assert found["platform"] == "same"
    assert found["config"] == "changed"
    assert found["label seed"] == "added"
    assert next(row for row in rows if row.what == "layers in common").left.startswith("1 of 2, ")


async def test_an_image_and_an_index() -> None:
    amd = images.image("linux/amd64")
    inside, outside = images.index(amd), images.index(images.image("linux/amd64", seed="2"))
    left, right = await two(inside, amd)
    assert DiffRow(Change.SAME, "is in the index", "is in the index", "the image") in diff(left, right)
    left, right = await two(outside, amd)
    assert changes(diff(left, right))["the image"] == "changed"
    assert changes(diff(left, right))["linux/amd64"] == "changed"
    assert changes(diff(right, left))["linux/amd64"] == "changed"


async def test_the_same_thing_has_no_difference() -> None:
    image = images.image("linux/amd64")
    left, right = await two(image, image)
    assert {row.kind for row in diff(left, right)} == {"same"}


async def test_a_platform_that_was_not_read_yet_is_no_difference() -> None:
    left, right = await two(images.image("linux/amd64"), images.image("linux/arm64"))
    assert changes(diff(left, right))["platform"] == "changed"
    right.platform, right.config = None, None
    assert "platform" not in changes(diff(left, right))
