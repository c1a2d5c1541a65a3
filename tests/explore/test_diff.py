"""Comparing two rows."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.diff import Change, DiffRow, diff, layer_pairs, layers_words
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.oci.digest import Digest


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
    assert found["platform"] == "same"
    assert found["config"] == "changed"
    assert found["label seed"] == "added"
    assert left.image_manifest and right.image_manifest
    pairs = layer_pairs(left.image_manifest.layers, right.image_manifest.layers)
    assert [pair.kind for pair in pairs] == ["same", "changed"]
    assert re.fullmatch(r"1 kept \(\d+ B\), 1 dropped \(\d+ B\), 1 added \(\d+ B\)", layers_words(pairs))


LAYERS = {name: images.layer(name).descriptor for name in "abcdefgh"}


@pytest.mark.parametrize(
    ("ours", "theirs", "shown"),
    [
        ("abc", "abc", "aa bb cc"),
        ("ab", "axb", "aa +x bb"),
        ("abc", "ac", "aa -b cc"),
        ("abcd", "aecd", "aa be cc dd"),
        ("abcd", "efcdg", "ae bf cc dd +g"),
        ("aab", "ab", "aa -a bb"),
        ("", "a", "+a"),
    ],
)
def test_layers_that_both_have_stand_in_one_line(ours: str, theirs: str, shown: str) -> None:
    known = LAYERS | {"x": images.layer("x").descriptor}
    names = {part.digest: name for name, part in known.items()}
    pairs = layer_pairs([known[name] for name in ours], [known[name] for name in theirs])
    drawn = [
        (names[pair.left[1].digest] if pair.left else "+") + (names[pair.right[1].digest] if pair.right else "")
        if pair.left is None or pair.right
        else f"-{names[pair.left[1].digest]}"
        for pair in pairs
    ]
    assert " ".join(drawn) == shown
    assert [pair.left[0] for pair in pairs if pair.left] == list(range(1, len(ours) + 1))
    assert [pair.right[0] for pair in pairs if pair.right] == list(range(1, len(theirs) + 1))


def test_very_many_layers_are_compared_in_bounded_time() -> None:
    parts = [images.layer(name).descriptor for name in "abcd"]
    pairs = layer_pairs(parts * 1_000, parts[::-1] * 1_000)
    assert len(pairs) == 4_000


def test_layers_that_alternate_are_compared_in_bounded_time() -> None:
    part = images.layer("a").descriptor
    ours, theirs = (
        [part if place % 2 else replace(part, digest=Digest.of(f"{side}{place}".encode())) for place in range(999)]
        for side in ("one", "other")
    )
    began = time.process_time()
    assert len(layer_pairs(ours, theirs)) >= 999
    assert time.process_time() - began < 0.5  # comparing all with all takes seconds


async def test_an_image_and_an_index() -> None:
    amd = images.image("linux/amd64")
    inside, outside = images.index(amd), images.index(images.image("linux/amd64", seed="2"))
    left, right = await two(inside, amd)
    assert DiffRow(Change.SAME, "is in the index", "is in the index", "the image") in diff(left, right)
    left, right = await two(outside, amd)
    assert DiffRow(Change.CHANGED, "", "is not in the index", "the image") in diff(left, right)
    assert DiffRow(Change.CHANGED, "is not in the index", "", "the image") in diff(right, left)
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
