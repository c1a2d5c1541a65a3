"""`u` on the screen: every blob read and hashed, how far it is in bytes, and the mark that stays."""

from __future__ import annotations

import pytest

from tests.app.stage import staged
from tui.sources.presence import Presence

pytestmark = pytest.mark.slow


async def test_u_reads_every_blob_and_marks_what_was_hashed() -> None:
    async with staged() as stage:
        node = await stage.go("app", "single")
        await stage.press("l")
        await stage.until(lambda: node.children)
        stage.source.hold()
        await stage.press("u")
        await stage.until(lambda: stage.main.explorer.running(), "a check under way")
        await stage.until(lambda: " B of " in stage.main.status.verdict_line().plain)
        await stage.press("u")
        await stage.until(lambda: not stage.main.explorer.running())
        stage.source.release()
        await stage.quiet()
        await stage.press("u")
        await stage.until(lambda: stage.main.explorer.rollup(node).worst is Presence.HASHED)
        await stage.until(lambda: "#" in stage.screen())
        await stage.press("x")
        await stage.quiet()
        assert stage.main.explorer.rollup(node).worst is Presence.HASHED


async def test_u_while_a_plain_check_runs_goes_deep() -> None:
    async with staged() as stage:
        await stage.go("app", "single")
        stage.source.hold()
        await stage.press("x")
        await stage.until(lambda: stage.main.explorer.running())
        await stage.press("u")
        await stage.until(lambda: [run.deep for run in stage.main.explorer.running()] == [True])
        stage.source.release()
        await stage.until(lambda: not stage.main.explorer.running())
