"""What the verdict line says of a list: how much of it was looked at, and which images of which repository are broken;
and what a report made on the screen says of its cost."""

from __future__ import annotations

import json

import pytest

from tests.app.stage import Stage, staged
from tests.support.fake_source import FakeSource
from tests.support.images import image, index, layer
from tui.sources.base import SourceError
from tui.sources.presence import Presence

pytestmark = pytest.mark.slow


async def checked(stage: Stage) -> str:
    await stage.press("x")
    await stage.until(lambda: stage.main.explorer.last_check(stage.node) is not None, "the end of the check")
    await stage.quiet()
    return stage.main.status.verdict_line().plain


async def test_tags_that_are_not_rows_yet_are_named_as_not_looked_at() -> None:
    source = FakeSource()
    source.put("many", image("linux/amd64"), *(f"v{number}" for number in range(1_100)))
    async with staged(source=source) as stage:
        await stage.go("many")
        said = await checked(stage)
        assert "Checked 1,000 of 1,100 tags; none of these is known to be broken." in said
        assert "100 tags not checked." in said


async def test_repositories_that_nobody_opened_are_named_too() -> None:
    async with staged() as stage:
        await stage.go("app", "single")
        await stage.press("l")
        await stage.until(lambda: stage.node.children)
        await stage.go("app")
        assert "Checked 1 of 3 tags" in stage.main.status.verdict_line().plain
        stage.main.images.go(stage.main.explorer.roots[0])
        await stage.quiet()
        said = stage.main.status.verdict_line().plain
        assert "2 tags and 2 repositories not checked." in said


async def test_what_was_looked_at_whole_is_said_as_before() -> None:
    source = FakeSource()
    source.put("app", image("linux/amd64"), "1", "2")
    async with staged(source=source) as stage:
        await stage.go("app")
        assert "Checked 2 tags; none is known to be broken." in await checked(stage)


async def test_a_tag_that_is_listed_and_gone_is_broken_and_one_without_an_answer_is_not() -> None:
    source = FakeSource()
    source.put("app", image("linux/amd64"), "good")
    gone = source.put("app", image("linux/arm64"), "gone")
    source.drop("app", gone.digest)
    source.put("app", image("linux/s390x"), "mute")
    source.script["mute"] = SourceError(Presence.UNREACHABLE, "No answer.")
    async with staged(source=source) as stage:
        await stage.go("app")
        said = await checked(stage)
        assert "Checked 3 tags; 1 broken, 1 unknown: gone." in said


async def test_what_was_not_followed_is_not_called_broken() -> None:
    source = FakeSource()
    top = image("linux/amd64")
    for _ in range(12):
        top = index(top)
    source.put("app", top, "deep")
    async with staged(source=source) as stage:
        await stage.go("app")
        said = await checked(stage)
        assert "none is known to be broken, 1 unknown." in said


async def test_names_of_several_repositories_say_of_which() -> None:
    source = FakeSource()
    for name in ("app/one", "app/two"):
        broken = source.put(name, image("linux/amd64", (layer(name),)), "latest")
        source.drop(name, broken.blobs[1].digest)
    async with staged(source=source) as stage:
        said = await checked(stage)
        assert "2 broken: app/one:latest, app/two:latest." in said
        await stage.go("app/one")
        assert "1 broken: latest." in stage.main.status.verdict_line().plain


async def test_a_report_counts_the_requests_of_its_check_or_says_nothing_of_them() -> None:
    async with staged() as stage:
        node = await stage.go("app", "2.0")
        assert json.loads(stage.main.clipboard.report_text(node, "json"))["requests"] is None
        assert "request" not in stage.main.clipboard.report_text(node, "markdown").partition("### ")[0]
        before = stage.source.requests
        await checked(stage)
        asked = sum(count for (what, _, _), count in stage.source.asked.items() if what == "referrers")
        spent = stage.source.requests - before - asked
        assert spent > 0 and asked == 3, "signatures are asked for after the check, and are not in its report"
        assert json.loads(stage.main.clipboard.report_text(node, "json"))["requests"] == spent
        assert f"; {spent} request" in stage.main.clipboard.report_text(node, "markdown")
