"""Bare `fanfold`: where to begin; and toasts, which cover neither verdict nor keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from pytest_textual_snapshot import SVGImageExtension  # type: ignore[import-untyped]
from syrupy.assertion import SnapshotAssertion
from textual.widgets import Input
from textual.widgets._toast import ToastRack

from tests.app.draft_stage import FixStage
from tests.app.stage import Stage, staged
from tests.support.gallery import served
from tui.app.main import FanfoldApp
from tui.app.pages.start import DEMO, StartRow, start_page, start_rows
from tui.app.screens import start
from tui.app.screens.dialogs import Choice
from tui.app.screens.start import Start
from tui.app.services import connect
from tui.config import Settings
from tui.explore.cells import glyphs
from tui.registry.credentials import StoredLogin
from tui.sources.presence import Presence
from tui.sources.recent import Recent, RecentSources

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
RECENT = (
    Recent("ghcr.io/team/app:1.4", NOW - timedelta(minutes=2), Presence.MISSING, "arm64 broken"),
    Recent("localhost:5005/sandbox:0.16-edge", NOW - timedelta(hours=1), Presence.PRESENT, "2 platforms"),
    Recent("docker.io/ocaml/opam", NOW - timedelta(days=1), Presence.UNCHECKED, "25 tags"),
    Recent("fake.test/app:2.0", NOW - timedelta(days=3)),
)
LOGINS = (StoredLogin("ghcr.io", "credential helper pass"), StoredLogin("quay.io", "in ~/.docker/config.json"))


def rows(
    recent: Sequence[Recent] = RECENT, logins: Sequence[StoredLogin] = LOGINS, pulls: dict[str, str] | None = None
) -> list[StartRow]:
    left = {"docker.io": "87/100 pulls left"} if pulls is None else pulls
    return start_rows(recent, logins, left, (), glyphs=glyphs(False), now=NOW, demo=True)


def text(made: Sequence[StartRow], width: int = 76, height: int = 40) -> str:
    page = start_page(made, -1, width, height)
    return "\n".join(page.plain(number) for number in range(len(page)))


def test_it_lists_what_was_opened_the_logins_and_the_demo() -> None:
    assert [(row.key, row.opens) for row in rows()] == [
        ("1", "ghcr.io/team/app:1.4"),
        ("2", "localhost:5005/sandbox:0.16-edge"),
        ("3", "docker.io/ocaml/opam"),
        ("4", "fake.test/app:2.0"),
        ("5", "ghcr.io"),
        ("6", "quay.io"),
        ("7", "docker.io"),
        ("d", DEMO),
    ]
    said = text(rows())
    for words in (
        "✗ arm64 broken", "2 min ago", "credential helper pass", "87/100 pulls left", "demo", "manifest unknown",
    ):  # fmt: skip
        assert words in said
    assert (
        "Recent" not in text(rows(())) and "logged in" not in text(rows((), ())) and "pulls" not in text(rows(pulls={}))
    )
    assert all(len(line) <= 76 for line in said.splitlines())


@pytest.mark.parametrize("width", [30, 50, 76, 196])
def test_a_row_keeps_its_name_and_its_age_in_any_width(width: int) -> None:
    said = text(rows(), width, 20).splitlines()
    assert all(len(line) <= width for line in said if line.startswith("  "))
    (first,) = [line for line in said if line.startswith("  1  ")]
    assert first.startswith("  1  ghcr.io/") and first.rstrip().endswith("2 min ago")
    assert width < 50 or "✗ arm64" in first


def test_what_was_known_then_has_no_colour_of_now() -> None:
    page = start_page(rows(), 1, 76, 20)
    for number in range(len(page)):
        assert {role for *_, role in page.line(number).spans} <= {"title", "accent", "key-cap", "dim"}


def test_no_more_rows_have_a_number_than_there_are_digits_and_no_name_is_too_long() -> None:
    many = [Recent(f"example.com/{'x' * 300}:{number}", NOW, words="1 tag") for number in range(30)]
    made = rows(many, [StoredLogin(f"evil\x1b[2J{number}.example.com", "x") for number in range(30)], {})
    assert [row.key for row in made] == [*"123456789d"]
    assert "\x1b" not in text(made) and max(map(len, text(made).splitlines())) <= 76


async def offered(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with the rows above."""

    async def given(*, demo: bool) -> list[StartRow]:
        return rows()

    monkeypatch.setattr(stage.main.navigation.opened, "rows", given)
    stage.main.start(stage.app._begin(), "start")
    await stage.until(lambda: "Recent" in stage.screen(), "the page")


@pytest.mark.slow
@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["wide", "narrow"])
async def test_the_page_and_what_is_pasted_is_opened(
    size: tuple[int, int], snapshot: SnapshotAssertion, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with staged(size=size) as stage:
        await offered(stage, monkeypatch)
        stage.app.screen.query_one(Input).cursor_blink = False
        await stage.press("down", "down")
        await stage.quiet()
        drawn = stage.app.export_screenshot(simplify=True)
        assert drawn == snapshot(extension_class=SVGImageExtension)
        await stage.press("up", "up", "enter")
        start = stage.app.screen
        assert isinstance(start, Start) and start.at == 0, "nothing is typed: to the first row, not away"
        await stage.press("up")
        await stage.type("a/b/:/:")
        await stage.press("enter")
        await stage.until(lambda: "names an image" in " ".join(stage.screen().split()), "why it opens nothing")
        assert stage.app.screen is start and start.query_one(Input).value == "a/b/:/:"
        start.query_one(Input).value = "failed to resolve reference fake.test/app:2.0"
        await stage.press("enter")
        await stage.until(lambda: stage.node.label == "2.0")


@pytest.mark.slow
async def test_a_digit_opens_its_row_and_begins_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    async with staged() as stage:
        # The field is there before the rows are: whoever types at once is not taken for somebody who presses keys.
        read = asyncio.Event()

        async def late(*, demo: bool) -> list[StartRow]:
            await read.wait()
            return rows()

        monkeypatch.setattr(stage.main.navigation.opened, "rows", late)
        stage.main.start(stage.app._begin(), "start")
        await stage.until(lambda: isinstance(stage.app.screen, Start) and stage.app.screen.is_mounted)
        await stage.type("4app")
        read.set()
        await stage.until(lambda: "Recent" in stage.screen(), "the page")
        page = stage.app.screen
        assert isinstance(page, Start) and page._pausing is None and page.at == -1
        assert page.query_one(Input).value == "4app"
        page.query_one(Input).value = ""
        monkeypatch.setattr(start, "PAUSE", 0.01)
        await stage.press("4")
        await stage.until(lambda: stage.app.screen is stage.main and stage.node.label == "2.0")


@pytest.mark.slow
async def test_the_demo_begins_with_its_lessons() -> None:
    app = FanfoldApp(connect(Settings(clipboard="osc52")), interval=0)
    app.offer_start = True
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        stage = FixStage(app, pilot, None, [], [])  # type: ignore[arg-type]
        await stage.until(lambda: isinstance(app.screen, Start))
        await stage.press("d", "enter")
        await stage.until(lambda: isinstance(app.screen, Choice) and "stale list" in stage.shown())
    assert not RecentSources().read()


@pytest.mark.slow
async def test_what_was_opened_is_offered_the_next_time() -> None:
    with served() as registry:
        settings = Settings(clipboard="osc52")
        app = FanfoldApp(connect(settings), (f"{registry.address}/sandbox:0.16-edge",), interval=0, settings=settings)
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            stage = FixStage(app, pilot, registry, [], [])
            await stage.until(lambda: app.has_main_screen and stage.main.ready)
            await stage.until(lambda: "arm64 broken" in stage.shown())
            # The tree knows it one answer before the check is over, and the verdict with it.
            await stage.until(lambda: "cannot be pulled" in stage.main.status.verdict_line().plain)
            opened, services = stage.main.navigation.opened, stage.main.services
            assert [(row.section, row.words) for row in await opened.rows(demo=False)] == [("Recent", "arm64 broken")]
            # What answers said of the pulls that are left is told.
            await stage.main.navigation.go_to(f"{registry.address}/gallery/counted:latest")
            assert services is not None and services.client is not None
            client = services.client
            await stage.until(lambda: client.rate_limit(registry.address) is not None, "its limit")
            assert "/30 pulls left" in (await opened.rows(demo=False))[-1].right
        read = await asyncio.to_thread(RecentSources().read)
        assert [(each.source, each.presence, each.words) for each in read[1:]] == [
            (f"{registry.address}/sandbox:0.16-edge", Presence.MISSING, "arm64 broken")
        ]
        off = Settings(clipboard="osc52", recent=False)
        app = FanfoldApp(connect(off), interval=0, settings=off)
        async with app.run_test(size=(120, 40)) as pilot:
            stage = FixStage(app, pilot, registry, [], [])
            await stage.until(lambda: app.has_main_screen and stage.main.ready)
            assert await stage.main.navigation.opened.rows(demo=False) == []


@pytest.mark.slow
async def test_a_toast_covers_no_verdict() -> None:
    async with staged(size=(80, 24)) as stage:
        stage.main.say("one line")
        await stage.until(lambda: "one line" in stage.screen())
        assert stage.app.screen.query_one(ToastRack).region.bottom <= stage.main.verdict.region.y
