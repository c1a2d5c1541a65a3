"""How it looks: a few pictures, one per state of the screen, and what must hold without colour and without Unicode."""

from __future__ import annotations

import re

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion
from textual.scroll_view import ScrollView

from tests.app.draft_stage import fixing
from tests.app.stage import Stage, exchange, staged
from tests.support.fake_source import FakeSource
from tests.support.gallery import served
from tests.support.images import image, index, layer
from tui.app.theme import DARK, LIGHT
from tui.config import Settings
from tui.sources.base import SourceError
from tui.sources.presence import Presence

pytestmark = pytest.mark.slow


async def settle(stage: Stage) -> None:
    """Let the last drawing happen."""
    stage.app.screen.set_focus(stage.app.screen.focused)
    await stage.quiet()
    await stage.pilot.pause(0.2)  # scroll bars are told a moment later than their rows what there is to scroll
    await stage.until(lambda: scrolls_as_it_should(stage.main.images), "the tree's scroll bar")
    await stage.quiet()


def scrolls_as_it_should(tree: ScrollView) -> bool:
    """Whether its scroll bar is there if, and only if, not all of it is in sight, and where the rows are."""
    rows = tree.size.height
    if not rows or tree.virtual_size.height <= rows:
        return not rows or not tree.show_vertical_scrollbar
    return tree.show_vertical_scrollbar and tree.vertical_scrollbar.position == tree.scroll_y


def picture(stage: Stage) -> str:
    """The screen as SVG, without what differs from run to run."""
    return stage.app.export_screenshot(simplify=True)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "narrow"])
async def test_a_broken_index_with_its_verdict(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    async with staged(size) as stage:
        tag = await stage.go("app", "2.0")
        await stage.press("equals_sign")
        await stage.until(lambda: "✗ missing" in stage.screen() or size[1] < 30)
        await stage.until(lambda: all(stage.main.images.is_open(row) for row in tag.children if row.platform))
        await stage.quiet()
        await stage.press("x")
        await stage.until(
            lambda: stage.main.explorer.last_check(tag) and "cannot" in stage.main.status.verdict_line().plain
        )
        await settle(stage)
        # How far it scrolled for the rows that came depends on how many came at once.
        stage.main.images.scroll_to(y=stage.main.images.cursor_line, animate=False, immediate=True)
        await settle(stage)
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "narrow"])
async def test_the_tags_of_a_repository(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    source = FakeSource()
    parts = [image(each) for each in ("linux/amd64", "linux/arm64", "linux/s390x")]
    source.put("team/app", index(*parts), "1.4.2", "stable")
    for name in ("1.4.1", "1.4.0"):
        broken = source.put("team/app", index(*parts[:2], image("linux/s390x", seed=name)), name)
        source.drop("team/app", broken.children[2].blobs[1].digest)
    source.put("team/app", parts[0], "edge-amd64")
    source.script["denied"] = SourceError(Presence.DENIED, "You may not.", status=403)
    source.put("team/app", image(seed="denied"), "denied")
    async with staged(size, source=source) as stage:
        await stage.go("team/app")
        await stage.press("l", "x")
        await stage.until(lambda: not stage.main.explorer.running() and "2 broken, 1 unknown" in stage.page)
        await stage.press("W", "2", *(["f"] if size[1] < 30 else []))
        await settle(stage)
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "narrow"])
async def test_two_images_side_by_side(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    source = FakeSource()
    parts = {name: layer(name) for name in ("base", "tools", "app-1.0", "app-1.1", "docs")}
    source.put("team/app", image(layers=tuple(parts[name] for name in ("base", "tools", "app-1.0"))), "1.0")
    source.put("team/app", image(layers=tuple(parts[name] for name in ("base", "app-1.1", "docs"))), "1.1")
    async with staged(size, source=source) as stage:
        await stage.go("team/app", "1.0")
        await stage.press("m")
        await stage.go("team/app", "1.1")
        await stage.press("d")
        await stage.until(lambda: "Layers" in stage.screen() and "current" in stage.screen())
        await settle(stage)
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)


@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "narrow"])
async def test_a_draft_of_what_moved(size: tuple[int, int], snapshot: SnapshotAssertion) -> None:
    with served() as registry:
        async with fixing(registry, size=size) as stage:
            await stage.at("sandbox:0.16-edge")
            await stage.press("R")
            await stage.screen("DraftScreen")
            ready = "P whole plan" if size[0] > 100 else "✓ Ready"
            await stage.until(lambda: "1 kept (62.0 kB)" in stage.shown() and ready in stage.shown(), "layers and plan")
            await stage.pilot.pause(0.2)
            drawn = stage.app.export_screenshot(simplify=True).replace(registry.address, "127.0.0.1:55555")
            assert drawn == snapshot(extension_class=SVGImageExtension)


async def test_the_copy_menu_in_the_light(snapshot: SnapshotAssertion) -> None:
    async with staged(settings=Settings(theme=LIGHT.name)) as stage:
        await stage.go("app", "1.0", "linux/amd64")
        await stage.until(lambda: "can be pulled" in stage.main.status.verdict_line().plain)
        await stage.quiet()
        await stage.press("y")
        await stage.until(lambda: stage.app.screen is not stage.main)
        await settle(stage)
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)


async def test_the_request_log(snapshot: SnapshotAssertion) -> None:
    async with staged() as stage:
        stage.trace.exchanges.extend(
            exchange(number, status=status, error="" if status else "The connection was refused.")
            for number, status in enumerate([200, 401, 200, 404, 429, None, 307], start=1)
        )
        await stage.press("at")
        await settle(stage)
        assert picture(stage) == snapshot(extension_class=SVGImageExtension)


async def test_ascii_draws_with_ascii_only() -> None:
    async with staged(settings=Settings(ascii=True)) as stage:
        await stage.go("app", "2.0", "linux/arm64")
        await stage.press("l")
        await stage.until(lambda: "X missing" in stage.screen())
        assert "v linux/arm64" in stage.screen() and "`-" not in stage.screen().replace("`- ", "")
        shown = stage.app.export_screenshot(simplify=True)
        text = re.sub(r"&#160;|&#x27;|<[^>]*>", "", shown[shown.index("</style>") :])
        assert text.isascii(), sorted({character for character in text if not character.isascii()})


async def test_without_colour_the_symbols_still_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with staged() as stage:
        assert stage.app.no_color
        await stage.go("app", "2.0", "linux/arm64")
        await stage.press("l")
        await stage.until(lambda: "✗ missing" in stage.screen() and "✓" in stage.screen())
        svg = stage.app.export_screenshot(simplify=True)
        colours = set(re.findall(r"\.terminal-(?:[0-9]+-)?r[0-9]+ \{ fill: (#[0-9a-f]{6})", svg))
        # Rich names its own default colour for cells that have none; all others come from us.
        ours = colours - {"#c5c8c6"}
        # Tints vanish in grey; what is filled is drawn reversed.
        assert stage.main.images.style_of("fault").reverse and stage.main.images.style_of("share-a").bgcolor is None
        assert ours and all(len({colour[1:3], colour[3:5], colour[5:7]}) == 1 for colour in ours), ours


@pytest.mark.parametrize("name", [DARK.name, LIGHT.name, "textual-dark", "nord", "ansi-dark", "ansi-light"])
async def test_every_theme_can_be_drawn_and_read(name: str) -> None:
    async with staged((80, 24), settings=Settings(theme=name)) as stage:
        await stage.go("app")
        assert stage.app.theme == name
        plain, muted = stage.main.images.style_of("title"), stage.main.images.style_of("dim")
        assert plain != muted or stage.app.current_theme.ansi
        fault = stage.main.images.style_of("fault")
        assert fault.reverse if stage.app.current_theme.ansi else fault.bgcolor is not None
