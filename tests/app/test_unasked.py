"""Opening a tag checks it to its end by itself; where requests are counted, the screen asks first."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.app.stage import staged
from tui.app.pages.parts import presence_line
from tui.explore.cells import UNICODE
from tui.sources.presence import CHECKING, UNCHECKED, Observation, Presence

pytestmark = pytest.mark.slow


async def test_opening_a_tag_gives_its_verdict_and_how_old_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.app.refresh.AGES_EVERY", 0.02)
    async with staged() as stage:
        await stage.go("app", "2.0")
        await stage.press("enter")
        await stage.until(lambda: "cannot be pulled on linux/arm64" in stage.main.status.verdict_line().plain)
        await stage.until(lambda: "arm64 broken" in stage.screen())
        await stage.quiet()
        assert "ldest answer" not in stage.screen()
        with monkeypatch.context() as later:
            later.setattr("tui.explore.cells.OLD_SECONDS", -1)
            await stage.until(lambda: "oldest answer" in stage.main.verdict.line.plain, "told though nothing happens")
        gone, store = stage.images.broken.blobs[2].digest, stage.main.explorer.observations
        known = store.get(stage.source, "app", gone)
        store.put(stage.source, "app", gone, CHECKING)
        store.put(stage.source, "app", gone, replace(known, at=known.at - timedelta(minutes=12)))
        await stage.until(lambda: "r refresh (oldest answer 12 minutes ago)" in stage.main.verdict.line.plain)
        await stage.until(lambda: "oldest answer 12 minutes ago" in stage.page)
        await stage.press("h")
        await stage.until(lambda: "oldest answer 12 minutes ago" in stage.main.verdict.line.plain, "of the repository")


async def test_where_requests_are_counted_the_key_is_offered_with_its_reason() -> None:
    async with staged() as stage:
        stage.source.why_ask_first = "fake.test counts requests, 97 left"
        await stage.go("app", "2.0")
        await stage.press("enter")
        await stage.until(lambda: stage.node.children)
        await stage.quiet()
        line = stage.main.status.verdict_line().plain
        assert "Not fully checked: 2 of 2" in line
        assert "Not checked automatically: fake.test counts requests, 97 left." in line
        assert "x check (2+ manifests)" in line
        assert "Not checked automatically: fake.test counts requests, 97 left." in stage.page
        # What a finding offers, too, is offered once.
        arm64 = stage.images.broken.digest
        stage.main.explorer.observations.put(stage.source, "app", arm64, Observation(Presence.LIMITED, "429"))
        stage.main.findings.forget()
        line = stage.main.status.verdict_line().plain
        assert "i explain" in line and line.count("x check") == 1, line
        await stage.press("x")
        await stage.until(lambda: "cannot be pulled" in stage.main.status.verdict_line().plain)


async def test_a_link_leads_to_a_tag_that_the_filter_hides() -> None:
    async with staged() as stage:
        broken = await stage.go("app", "2.0")
        await stage.press("enter")
        await stage.until(lambda: "cannot be pulled on linux/arm64" in stage.main.status.verdict_line().plain)
        repository = broken.parent
        assert repository is not None
        await stage.press("h", "slash")
        await stage.type("1.0")
        await stage.press("enter")
        await stage.until(lambda: [row.label for row in repository.children] == ["1.0"])
        await stage.main.navigation.highlight(broken)
        await stage.until(lambda: stage.main.current is broken, "the cursor on the tag")
        assert broken in repository.children


def test_the_age_of_an_answer_is_told_once_it_is_old() -> None:
    now = datetime.now(UTC)
    fresh = presence_line(Observation(Presence.PRESENT, at=now), UNICODE)
    old = presence_line(Observation(Presence.PRESENT, at=now - timedelta(minutes=12)), UNICODE)
    never = presence_line(UNCHECKED, UNICODE)
    assert "asked" not in fresh.plain and "asked" not in never.plain
    assert "✓ present" in old.plain and "asked 12 minutes ago" in old.plain
