"""The picture of an index while it is checked: what is known, each object once, and only what changed made anew."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from tests.support.fake_source import FakeSource
from tests.support.images import Image, attestation, image, index, layer
from tui.explore.explorer import Explorer
from tui.explore.matrix import LiveMatrix, matrix
from tui.explore.report import report
from tui.sources.base import SourceError
from tui.sources.presence import Presence


async def opened(*platforms: Image, drop: Image | None = None) -> tuple[Explorer, FakeSource, LiveMatrix]:
    source = FakeSource()
    source.put("app", index(*platforms), "1")
    if drop is not None:
        source.drop("app", drop.blobs[2].digest)
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    await explorer.open(node)
    return explorer, source, LiveMatrix(node, explorer)


async def test_nothing_is_green_before_it_was_asked_for() -> None:
    explorer, _, picture = await opened(image("linux/amd64"), image("linux/arm64"))
    assert picture.update()
    assert [picture.state(row) for row in picture.platforms] == [Presence.UNCHECKED] * 2
    assert picture.counts == {Presence.PRESENT: 1, Presence.UNCHECKED: 2}, (
        "of what is in two unread manifests nothing is known"
    )
    row = picture.row(picture.platforms[0])
    assert row.manifest.presence is Presence.UNCHECKED and row.config is None and row.layers == ()
    await explorer.aclose()


async def test_it_ends_as_the_report_has_it() -> None:
    amd, arm = image("linux/amd64"), image("linux/arm64")
    explorer, _, picture = await opened(amd, arm, attestation(arm), drop=arm)
    await explorer.check(picture.node).wait()
    assert picture.update()
    made = [picture.row(row) for row in picture.platforms]
    told = matrix(report(picture.node, explorer.observations))
    assert [[cell.presence for cell in row.cells] for row in made] == [
        [cell.presence for cell in row.cells] for row in told
    ]
    assert [[cell.share for cell in row.cells] for row in made] == [[cell.share for cell in row.cells] for row in told]
    assert [row.role for row in made] == [row.role for row in told] == ["plain", "bad"]
    assert [picture.state(row) for row in picture.platforms] == [Presence.PRESENT, Presence.MISSING]
    counts = report(picture.node, explorer.observations).counts
    assert picture.counts[Presence.MISSING] == counts["missing"] == 1
    assert picture.counts[Presence.PRESENT] == counts["present"]
    await explorer.aclose()


async def test_what_is_being_asked_turns_and_only_its_row_is_made_anew() -> None:
    explorer, source, picture = await opened(image("linux/amd64", seed="x"), image("linux/arm64"))
    await explorer.check(picture.node).wait()
    picture.update()
    amd, arm = picture.platforms
    rows = picture.row(amd), picture.row(arm)
    assert not picture.update()
    source.held = asyncio.Event()
    await explorer.refresh(arm.children[1])
    again = explorer.check(arm)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    picture.update()
    assert picture.row(amd) is rows[0]
    source.held.set()
    await again.wait()
    picture.update()
    assert picture.row(arm) == rows[1] or picture.row(arm) is not rows[1]
    await explorer.aclose()


async def test_a_platform_without_a_name_and_a_nested_index_have_their_rows() -> None:
    inner = index(image("linux/riscv64"))
    nameless = image("linux/amd64", seed="nameless")
    source = FakeSource()
    entries = [{**nameless.descriptor.to_document()}, inner.descriptor.to_document()]
    entries[0].pop("platform")
    source.put("app", index(nameless, inner, entries=entries), "1")
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node).wait()
    picture = LiveMatrix(node, explorer)
    picture.update()
    names = [picture.row(row).line.platform for row in picture.platforms]
    assert names == ["linux/amd64", "linux/riscv64"], "the config of the first says for what it is"
    await explorer.aclose()


async def test_a_thousand_platforms_of_hundreds_of_layers_change_in_little_time() -> None:
    """Hostile size: what one answer changes costs a look at each platform's sum, never at each layer."""
    layers = tuple(layer(f"l{number}") for number in range(100))
    platforms = [image(f"linux/p{number}", layers, seed=str(number)) for number in range(300)]
    explorer, _, picture = await opened(*platforms)
    await explorer.check(picture.node).wait()
    picture.update()
    for row in picture.platforms[:40]:
        picture.row(row)
    looks = 0
    observe = explorer.observation

    class Counting:
        def observation(self, node):  # type: ignore[no-untyped-def]
            nonlocal looks
            looks += 1
            return observe(node)

        rollup = staticmethod(explorer.rollup)

    picture._seen = Counting()
    explorer.tree.touch(picture.platforms[7].children[0])
    began = time.process_time()
    assert picture.update()
    assert looks < 300, "the objects of one platform"
    assert time.process_time() - began < 2
    await explorer.aclose()


async def test_signatures_are_unknown_until_somebody_asks_and_blank_where_there_are_none() -> None:
    amd, arm = image("linux/amd64"), image("linux/arm64")
    explorer, source, picture = await opened(amd, arm)
    signature = image("linux/amd64", seed="signature")
    kind = "application/vnd.dev.cosign.artifact.sig.v1+json"
    source.repos["app"].referrers[amd.digest] = (replace(signature.descriptor, artifact_type=kind),)
    await explorer.check(picture.node).wait()
    picture.update()
    rows = [picture.row(row) for row in picture.platforms]
    assert [[cell.presence for cell in row.signatures] for row in rows] == [[Presence.UNCHECKED]] * 2
    assert not source.asked["referrers", "app", str(amd.digest)], "a pull needs none"
    for row in rows:
        await explorer.open(row.signatures[0].node)
    picture.update()
    amd_row, arm_row = (picture.row(row) for row in picture.platforms)
    assert [cell.name for cell in amd_row.signatures] == ["signature"]
    assert [(cell.presence, cell.symbol) for cell in arm_row.signatures] == [(None, "")], "asked for, and none is there"
    source.script[str(arm.digest)] = SourceError(Presence.DENIED, "You may not.", status=403)
    await explorer.open(arm_row.signatures[0].node, fresh=True)
    picture.update()
    denied = picture.row(picture.platforms[1]).signatures
    assert [(cell.presence, cell.detail) for cell in denied] == [(Presence.DENIED, "You may not.")]
    await explorer.aclose()
