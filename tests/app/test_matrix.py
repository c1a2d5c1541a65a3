"""The matrix above the Summary of an index: its pictures, and what its keys do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion
from textual.screen import Screen

from tests.app.stage import Stage, WritableSource, staged
from tests.app.test_looks import picture, settle
from tests.support.images import Image, attestation, image, index, layer
from tui.app.widgets.tree import ImageTree
from tui.config import Settings
from tui.explore.digest_tags import signature_tag

pytestmark = pytest.mark.slow

SIZES = pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "narrow"])
PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/riscv64", "linux/s390x")


def opam() -> tuple[WritableSource, list[Image]]:
    """Five platforms of eight layers, four of them the same everywhere; two are attested."""
    shared = {place: layer(f"shared{place}") for place in (4, 5, 6, 8)}
    images = [
        image(name, tuple(shared.get(place) or layer(f"{name} {place}") for place in range(1, 9)), seed=name)
        for name in PLATFORMS
    ]
    source = WritableSource()
    source.put("opam", index(*images, attestation(images[0]), attestation(images[1])), "5.3")
    return source, images


def forty() -> WritableSource:
    """Forty platforms of thirty layers; three of them broken."""
    source = WritableSource()
    images = [
        image(f"linux/p{number:02}", tuple(layer(f"{number} {place}") for place in range(30))) for number in range(40)
    ]
    source.put("opam", index(*images), "5.3")
    for number in (7, 21, 33):
        source.drop("opam", images[number].blobs[1 + number % 20].digest)
    return source


async def checked(stage: Stage) -> None:
    """Everything is known, and pane 2 has the keys."""
    tag = await stage.go("opam", "5.3")
    await stage.press("x")
    await stage.until(lambda: stage.main.explorer.last_check(tag))
    await stage.quiet()
    await stage.press("2", *("f" if stage.app.size.width < 100 else ""))
    await stage.quiet()


@SIZES
async def test_a_broken_index(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    source, images = opam()
    source.drop("opam", images[1].blobs[7].digest)
    source.drop("opam", images[3].blobs[0].digest)
    async with staged(size, source=source) as stage:
        await checked(stage)
        await settle(stage)
        assert "linux/arm64  layer 7" in stage.page and "404" in stage.page
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)


@SIZES
async def test_a_whole_index(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with staged(size, source=opam()[0], settings=Settings(theme="light")) as stage:
        await checked(stage)
        await settle(stage)
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)


@SIZES
async def test_an_index_that_is_being_checked(
    size: tuple[int, int], snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImageTree, "tick", property(lambda tree: 0, lambda tree, tick: None), raising=False)
    source, images = opam()
    async with staged(size, source=source) as stage:
        await stage.go("opam", "5.3")
        await stage.press("2", *("f" if size[0] < 100 else ""))
        for one in images[2:]:
            source.delays.update({str(part.digest): 600.0 for part in one.blobs[1:4]})
        await stage.press("x")
        await stage.until(lambda: source.running == 9 and stage.main.explorer.running()[0].done == 34)
        await stage.until(lambda: not stage.main.redraw.throttle.pending)
        await stage.pilot.pause()
        await stage.pilot.pause()
        assert "▘" in stage.screen() and (size[1] < 30 or " of " in stage.screen())
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)
        await stage.press("x")


@SIZES
async def test_forty_platforms_of_thirty_layers(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with staged(size, source=forty()) as stage:
        await checked(stage)
        await settle(stage)
        assert "37 more platforms, all whole" in stage.screen()
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)


async def test_the_screen_is_laid_out_once_when_the_matrix_comes_or_goes() -> None:
    """Each layout takes as long as answering two keys."""
    async with staged(source=forty()) as stage:
        await checked(stage)
        await stage.press("1", "right")
        await stage.quiet()
        laid_out: list[Screen[None]] = []
        stage.main.screen_layout_refresh_signal.subscribe(stage.main, laid_out.append)
        for key, there in (("down", False), ("up", True), ("down", False), ("up", True)):
            await stage.press(key)
            await settle(stage)
            assert stage.main.picture.view.display is there
            assert stage.main.page_view.show_vertical_scrollbar is there, "the bar comes with the matrix, not after it"
            assert len(laid_out) == 1
            laid_out.clear()


async def test_it_begins_on_the_fault_and_arrows_move_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    source, images = opam()
    source.drop("opam", images[1].blobs[7].digest)
    async with staged(source=source) as stage:
        await checked(stage)
        assert "linux/arm64  layer 7" in stage.page
        await stage.press("up", "left")
        assert "linux/amd64  layer 6" in stage.page
        await stage.press("down", "right", "c")
        await stage.until(lambda: stage.copied)
        assert stage.copied == [str(images[1].blobs[7].digest)]
        await stage.press("enter")
        await stage.until(lambda: stage.node.label == "layer 7")
        assert stage.node.digest == images[1].blobs[7].digest and stage.main.pane == "tree"
        await stage.press("2")
        assert stage.main.focused is stage.main.page_view, "a layer has no matrix"


async def test_x_asks_for_signatures_after_the_check_and_enter_where_requests_are_counted() -> None:
    source, images = opam()
    kind = "application/vnd.dev.cosign.artifact.sig.v1+json"
    source.repos["opam"].referrers[images[0].digest] = (replace(images[1].descriptor, artifact_type=kind),)
    source.put("opam", images[1], signature_tag(source.repos["opam"].tags["5.3"]))
    source.why_ask_first = "fake.test counts requests"
    async with staged((180, 40), source=source) as stage:
        await checked(stage)
        await stage.press(*["right"] * 11)
        assert "not asked for  Enter asks" in stage.page
        assert "index signatures (not verified)  · Enter on referrers asks  cosign tag listed" in stage.page
        await stage.press("enter")
        await stage.until(lambda: "signature" in stage.page and "not verified" in stage.page)
        assert stage.main.pane == "detail" and "Enter asks" not in stage.page
        await stage.press("down", "enter")
        await stage.until(lambda: "No signature is attached" in stage.page)
        source.why_ask_first = ""
        verdict = stage.main.status.verdict_line().plain
        await stage.press("x")
        await stage.until(lambda: "index signatures (not verified)  cosign tag listed" in stage.page)
        await stage.quiet()
        asked = [what for how, _, what in source.order if how == "referrers"]
        assert len(asked) == len(set(asked)) == 6, "the index and five platforms, each once"
        assert stage.main.status.verdict_line().plain == verdict


async def test_the_left_edge_leads_to_the_tree_and_the_lower_one_to_the_page() -> None:
    async with staged((120, 30), source=opam()[0]) as stage:
        await checked(stage)
        await stage.press("right", "left", "up")
        assert stage.main.pane == "detail"
        await stage.press("left")
        assert stage.main.pane == "tree"
        await stage.press("2", *["down"] * 6)
        assert (stage.main.picture.view.row, stage.main.page_view.scroll_offset.y) == (4, 2)
        await stage.press("up", "up", "up")
        assert (stage.main.picture.view.row, stage.main.page_view.scroll_offset.y) == (3, 0)


async def test_what_is_folded_unfolds() -> None:
    async with staged((80, 24), source=forty()) as stage:
        await checked(stage)
        await stage.press("end", "enter")
        assert len(stage.main.picture.view.keys) == 40
        await stage.press("minus")
        assert len(stage.main.picture.view.keys) == 4
