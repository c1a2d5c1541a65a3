"""Opening a tag checks it to its end by itself; where requests are counted, the screen asks first."""

from __future__ import annotations

import pytest

from tests.app.stage import staged

pytestmark = pytest.mark.slow


async def test_opening_a_tag_gives_its_verdict() -> None:
    async with staged() as stage:
        await stage.go("app", "2.0")
        await stage.press("enter")
        await stage.until(lambda: "cannot be pulled on linux/arm64" in stage.main.status.verdict_line().plain)
        await stage.until(lambda: "1 of 2 platforms can be pulled" in stage.screen())


async def test_where_requests_are_counted_the_key_is_offered_with_its_reason() -> None:
    async with staged() as stage:
        stage.source.why_ask_first = "fake.test counts what it is asked, 97 left"
        await stage.go("app", "2.0")
        await stage.press("enter")
        await stage.until(lambda: stage.node.children)
        await stage.quiet()
        line = stage.main.status.verdict_line().plain
        assert "not checked to their end yet" in line
        assert "x check (fake.test counts what it is asked, 97 left)" in line
        await stage.press("x")
        await stage.until(lambda: "cannot be pulled" in stage.main.status.verdict_line().plain)
