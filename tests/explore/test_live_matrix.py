"""The picture of an index while it is checked: what is known, each object once, and only what changed made anew."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from tests.support.fake_source import FakeSource
from tests.support.images import Image, attestation, image, index, layer
from tui.explore.explorer import Explorer
from tui.explore.findings_cache import FindingsCache
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


KIND = "application/vnd.dev.cosign.artifact.sig.v1+json"


def sign(source: FakeSource, subject: Image, seed: str = "signature") -> Image:
    """Attach a signature to an image; it is in the registry."""
    signature = image("linux/amd64", seed=seed)
    source.put("app", signature)
    known = source.repos["app"].referrers.get(subject.digest, ())
    source.repos["app"].referrers[subject.digest] = (*known, replace(signature.descriptor, artifact_type=KIND))
    return signature


def questions(source: FakeSource) -> int:
    """How often somebody asked for referrers."""
    return sum(count for (what, _, _), count in source.asked.items() if what == "referrers")


async def test_who_asks_for_signatures_is_told_of_the_index_and_of_its_platforms() -> None:
    amd, arm = image("linux/amd64"), image("linux/arm64")
    explorer, source, picture = await opened(amd, arm)
    node = picture.node
    assert [(cell.name, cell.presence) for cell in picture.signatures] == [("signatures", Presence.UNCHECKED)]
    await explorer.check(node).wait()
    assert questions(source) == 0, "a check asks for none"
    told, total = report(node, explorer.observations).verdict, explorer.rollup(node)
    assert node.digest is not None
    top = image("linux/amd64", seed="top")
    source.put("app", top)
    source.repos["app"].referrers[node.digest] = (replace(top.descriptor, artifact_type=KIND),)
    sign(source, amd)
    before = source.requests
    await explorer.ask_for_signatures(node)
    assert source.requests - before == 3 + 2, "three lists, and whether two signatures are there"
    picture.update()
    assert [(cell.name, cell.presence) for cell in picture.signatures] == [("signature", Presence.PRESENT)]
    rows = [picture.row(row).signatures for row in picture.platforms]
    assert [[cell.presence for cell in cells] for cells in rows] == [[Presence.PRESENT], [None]]
    assert explorer.rollup(node) == total and report(node, explorer.observations).verdict == told
    await explorer.ask_for_signatures(node)
    assert source.requests - before == 3 + 2, "what is known is not asked for again"
    await explorer.aclose()


async def test_a_registry_that_denies_signatures_or_has_lost_them_changes_no_verdict() -> None:
    amd, arm = image("linux/amd64"), image("linux/arm64")
    explorer, source, picture = await opened(amd, arm)
    lost = sign(source, amd)
    source.drop("app", lost.digest)
    await explorer.check(picture.node).wait()
    source.script[str(arm.digest)] = SourceError(Presence.DENIED, "You may not.", status=403)
    told = report(picture.node, explorer.observations).verdict
    await explorer.ask_for_signatures(picture.node)
    picture.update()
    rows = [picture.row(row).signatures for row in picture.platforms]
    assert [[cell.presence for cell in cells] for cells in rows] == [[Presence.MISSING], [Presence.DENIED]]
    assert report(picture.node, explorer.observations).verdict == told
    assert [picture.state(row) for row in picture.platforms] == [Presence.PRESENT] * 2
    assert {row.role for row in map(picture.row, picture.platforms)} == {"plain"}
    before = source.requests
    await explorer.check(picture.node).wait()
    assert source.requests == before, "a second check asks for nothing that refers to the image either"
    assert report(picture.node, explorer.observations).verdict == told
    known = FindingsCache(lambda: None)
    group = rows[0][0].node.parent
    assert group is not None and not known.findings(picture.node, explorer)
    assert [each.code for each in known.findings(group, explorer)] == ["missing-manifest"], "said where it is"
    await explorer.aclose()


async def test_no_more_than_fifty_questions_about_signatures_and_none_where_they_are_counted() -> None:
    explorer, source, picture = await opened(*(image(f"linux/p{number}", seed=str(number)) for number in range(60)))
    await explorer.check(picture.node).wait()
    source.why_ask_first = "fake.test counts requests"
    await explorer.ask_for_signatures(picture.node)
    assert questions(source) == 0
    source.why_ask_first = ""
    assert picture.node.digest is not None
    many = tuple(image("linux/amd64", seed=f"s{number}").descriptor for number in range(500))
    source.repos["app"].referrers[picture.node.digest] = tuple(replace(one, artifact_type=KIND) for one in many)
    before = source.requests
    await explorer.ask_for_signatures(picture.node)
    assert questions(source) == source.requests - before == 50
    await explorer.aclose()


async def test_questions_about_signatures_end_when_the_row_is_left() -> None:
    explorer, source, picture = await opened(*(image(f"linux/p{number}", seed=str(number)) for number in range(40)))
    await explorer.check(picture.node).wait()
    source.held = asyncio.Event()
    asking = asyncio.create_task(explorer.ask_for_signatures(picture.node))
    for _ in range(20):
        await asyncio.sleep(0)
    assert questions(source) > 0
    explorer.leave(picture.node)
    await asyncio.wait_for(asking, 5)
    assert questions(source) <= source.slots
    await explorer.aclose()


async def test_signatures_are_unknown_until_somebody_asks_and_blank_where_there_are_none() -> None:
    amd, arm = image("linux/amd64"), image("linux/arm64")
    explorer, source, picture = await opened(amd, arm)
    sign(source, amd)
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
