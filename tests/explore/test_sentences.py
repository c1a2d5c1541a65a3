"""A tree as sentences: faults first, a word for every symbol, each name with what it is in."""

from __future__ import annotations

import re

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.explorer import Explorer
from tui.explore.sentences import sentences
from tui.sources.base import SourceError
from tui.sources.presence import Presence


def two_platforms() -> tuple[FakeSource, images.Image]:
    source = FakeSource()
    amd, arm = images.image("linux/amd64"), images.image("linux/arm64")
    source.put("app", images.index(amd, arm), "1")
    return source, arm


async def told(source: FakeSource, *, check: bool = True, depth: int | None = None) -> list[str]:
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    if check:
        await explorer.check(node).wait()
    return list(sentences(explorer, node, depth))


async def test_the_fault_comes_first_and_its_name_says_where_it_is() -> None:
    source, arm = two_platforms()
    source.drop("app", arm.blobs[2].digest)
    root, platform, fault, *rest = await told(source)
    assert re.fullmatch(
        r"fake.test/app@sha256:[0-9a-f]{64}: a part is missing, 1 of 2 platforms can be pulled, index", root
    )
    assert platform.startswith("linux/arm64: a part is missing, 2 of 3 parts present, image, ")
    assert fault.startswith("linux/arm64 layer 2: missing, ") and str(arm.blobs[2].digest) in fault
    assert [line.partition(":")[0] for line in rest] == [
        "linux/arm64 config",
        "linux/arm64 layer 1",
        "linux/amd64",
        "linux/amd64 config",
        "linux/amd64 layer 1",
        "linux/amd64 layer 2",
    ]
    assert "whole, 3 of 3 parts present" in rest[2]


async def test_nothing_is_called_whole_before_it_was_checked() -> None:
    source, _ = two_platforms()
    (only,) = await told(source, check=False)
    assert only == "fake.test/app:1: not checked"


async def test_what_could_not_be_asked_is_not_called_missing() -> None:
    source, arm = two_platforms()
    source.script[str(arm.digest)] = SourceError(Presence.DENIED, "You may not.", status=403)
    lines = await told(source)
    assert lines[1].startswith("linux/arm64: denied, image, ") and lines[1].endswith(", You may not.")
    assert not any("missing" in line for line in lines)


async def test_depth_counts_levels() -> None:
    source, _ = two_platforms()
    assert len(await told(source, depth=0)) == 1
    assert len(await told(source, depth=1)) == 3
