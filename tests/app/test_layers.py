"""The Layers tab: bars in proportion, the line of the Dockerfile beside each, what is shared once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from rich.cells import cell_len
from syrupy.assertion import SnapshotAssertion

from tests.app.stage import WritableSource, staged
from tests.app.test_looks import picture, settle
from tests.app.test_pages import reading, text
from tests.support.fake_source import FakeSource
from tests.support.images import Blob, blob, image, index, layer
from tui.app.pages.layers import bar, layers
from tui.config import Settings
from tui.oci import media

STEPS = (29_000, 91_000, 6_000, 40, 30, 2_700, 177_000, 20)


def of_size(name: str, count: int) -> Blob:
    """A layer of so many bytes (or of its name's length)."""
    return blob(name.encode().ljust(count, b"."), media.OCI_LAYER)


def sized(factor: float, name: str, shared: dict[int, Blob]) -> tuple[Blob, ...]:
    return tuple(
        shared.get(place) or of_size(f"{name} {place}", int(count * factor)) for place, count in enumerate(STEPS, 1)
    )


def opam(source: FakeSource) -> FakeSource:
    """Five platforms of eight layers; four small ones are the same everywhere."""
    shared = {place: of_size(f"shared {place}", STEPS[place - 1]) for place in (4, 5, 6, 8)}
    factors = {"linux/amd64": 1.0, "linux/arm64": 0.95, "linux/arm/v7": 0.8, "linux/riscv64": 0.9, "linux/s390x": 0.98}
    source.put("opam", index(*(image(name, sized(by, name, shared), seed=name) for name, by in factors.items())), "5.3")
    return source


def test_a_bar_is_in_proportion_and_never_nothing() -> None:
    assert bar(50, 100, 10, ascii_only=False) == "█████"
    assert bar(100, 100, 10, ascii_only=False) == "█" * 10
    assert bar(17, 80, 10, ascii_only=False) == "██▏"
    assert bar(1, 10**18, 10, ascii_only=False) == "▏"
    assert bar(0, 100, 10, ascii_only=False) == bar(5, 0, 10, ascii_only=False) == ""
    assert bar(50, 100, 10, ascii_only=True) == "=====" and bar(1, 10**9, 10, ascii_only=True) == "="


async def test_what_is_shared_is_told_once_with_what_that_saves() -> None:
    async with reading(opam(FakeSource())) as reader:
        node = await reader.go("opam", "5.3")
        for row in node.children:
            await reader.explorer.open(row)
        told = text(layers(reader.scene(node)))
        assert "shared by 5 platforms, 2.8 kB once (not 13.9 kB)" in told
        assert "in 24 layers" in told
        for room, whole in ((100, True), (76, True), (75, True), (74, False), (47, False)):
            page = layers(replace(reader.scene(node), width=room))
            lines = [page.line(number) for number in range(len(page))]
            digests = [line for line in lines if "sha256:" in line.plain]
            assert digests and all((len(line.plain) <= room) is whole for line in digests), room
        one = next(row for row in node.children if row.label == "linux/arm64")
        told = text(layers(reader.scene(one)))
        assert "2.8 kB of it shared with other platforms" in told
        seventh = next(line for line in told.splitlines() if line.startswith("  7 "))
        second = next(line for line in told.splitlines() if line.startswith("  2 "))
        assert seventh.count("█") == 24 and second.count("█") == 12


async def test_hundreds_of_platforms_and_layers_make_a_page_that_ends() -> None:
    source = FakeSource()
    same = layer("same")
    many = [
        image(f"linux/p{number}", (same, *(of_size(f"{number} {each}", each) for each in range(20))))
        for number in range(300)
    ]
    source.put("big", index(*many), "1")
    async with reading(source) as reader:
        node = await reader.go("big", "1")
        for row in node.children:
            await reader.explorer.open(row)
        page = layers(reader.scene(node))
        told = text(page)
        assert len(page) < 300 and "and 200 more platforms" in told and "in 6,001 layers" in told
        assert max(cell_len(line) for line in told.splitlines() if "▓" in line) <= 100


async def test_of_an_index_the_layers_of_the_first_broken_platform_are_shown_below_the_bars() -> None:
    source = FakeSource()
    whole, broken = (
        image("linux/amd64", (of_size("big", 900), of_size("small", 90)), seed="a"),
        image("linux/arm64", (of_size("gone", 900), of_size("there", 90)), seed="b"),
    )
    source.put("app", index(whole, broken), "1")
    source.drop("app", broken.blobs[1].digest)
    async with reading(source) as reader:
        node = await reader.go("app", "1")
        await reader.explorer.check(node).wait()
        page = layers(reader.scene(node))
        bars = {
            line.plain.split()[0]: line for line in map(page.line, range(len(page))) if line.plain.startswith("linux/")
        }
        roles = {name: [role for _, _, role in line.spans] for name, line in bars.items()}
        assert "bad" not in roles["linux/amd64"] and roles["linux/arm64"][0] == "bad"
        assert roles["linux/arm64"].count("fault") == 1 and "✗" in bars["linux/arm64"].plain
        told = text(page)
        steps = told[told.index("Layers of linux/arm64") : told.index("Digests")].splitlines()[1:3]
        assert [line.split()[0] for line in steps] == ["1", "2"] and "✗" in steps[0] and "RUN step 1" in steps[0]
        assert str(broken.blobs[1].digest) in told and str(whole.blobs[1].digest) not in told


@pytest.mark.parametrize(("count", "first"), [(5, "linux/p0"), (40, "linux/p4"), (300, "linux/p4")])
async def test_of_many_platforms_the_broken_ones_have_the_first_bars(count: int, first: str) -> None:
    source = FakeSource()
    images = [image(f"linux/p{number}", (of_size(f"{number}", 9),)) for number in range(count)]
    source.put("app", index(*images), "1")
    source.drop("app", images[4].blobs[1].digest)
    async with reading(source) as reader:
        node = await reader.go("app", "1")
        await reader.explorer.check(node).wait()
        bars = [line for line in text(layers(reader.scene(node))).splitlines() if line.startswith("linux/")]
        assert bars[0].startswith(f"{first} ") and sum("✗" in line for line in bars) == 1


@pytest.mark.slow
@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "narrow"])
@pytest.mark.parametrize("what", ["index", "platform"])
async def test_the_bars(size: tuple[int, int], what: str, snapshot: SnapshotAssertion) -> None:
    theme = "light" if what == "platform" and size[0] < 100 else "dark"
    async with staged(size, source=opam(WritableSource()), settings=Settings(theme=theme)) as stage:
        tag = await stage.go("opam", "5.3")
        await stage.press("x")
        await stage.until(lambda: stage.main.explorer.last_check(tag))
        if what == "platform":
            await stage.go("opam", "5.3", "linux/arm64")
        await stage.press("2", *("f" if size[0] < 100 else ""))
        stage.main.detail.show_tab("layers")
        await settle(stage)
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)
