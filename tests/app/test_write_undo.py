"""U: a tag, a repository, and what was deleted, in the real program over the embedded registry."""

from __future__ import annotations

import pytest

from tests.app.draft_stage import FixStage, fixing
from tests.support.gallery import served
from tui.explore.node import Kind, Node

pytestmark = pytest.mark.slow

AMD64, ARM64 = "0.16-edge-amd64", "0.16-edge-arm64"


async def delete(stage: FixStage, tag: str, what: str = "t", *, at: bool = True) -> None:
    if at:
        await stage.at(f"sandbox:{tag}")
    await stage.press("D")
    await stage.screen("Choice")
    await stage.press(what)
    await stage.planned()
    await stage.type(stage.plan.type_to_confirm)
    await stage.press("enter")
    await stage.ended()
    await stage.press("enter")
    await stage.screen("MainScreen")
    await stage.until(lambda: "Deleted " in stage.toasts, "what brings it back")


async def at_repository(stage: FixStage, name: str = "sandbox") -> Node:
    row = next(
        row for row in stage.main.explorer.roots[0].walk() if row.kind is Kind.REPOSITORY and row.repository == name
    )
    await stage.main.navigation.highlight(row)
    await stage.until(lambda: stage.main.current is row, f"the cursor on {name}")
    return row


async def put_back(stage: FixStage) -> None:
    await stage.planned()
    await stage.press("y")
    await stage.ended()
    assert stage.result.ok
    await stage.press("enter")
    await stage.screen("MainScreen")


async def test_a_deleted_tag_is_put_back_from_its_repository() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            held = stage.holds("sandbox", AMD64)
            assert held is not None
            await delete(stage, AMD64)
            assert f"Deleted :{AMD64}. U on sandbox restores it" in stage.toasts
            await at_repository(stage)
            await stage.press("U")
            await stage.screen("Choice")
            drawn = stage.shown()
            assert f":{AMD64}" in drawn and "deleted" in drawn and f"no such tag → {held[:19]}" in drawn
            await stage.press("1")
            await put_back(stage)
            assert stage.holds("sandbox", AMD64) == held
            # It is back: there is nothing more to put back, and no list with nothing in it.
            await at_repository(stage)
            await stage.press("U")
            await stage.until(lambda: "no push to undo" in stage.toasts)
            assert stage.named("MainScreen")


async def test_where_the_cursor_is_after_the_row_went_u_offers_the_tag() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            row = await at_repository(stage)
            await stage.main.explorer.open(row)
            await delete(stage, AMD64)
            assert AMD64 not in [child.tag for child in row.children], "the row went with its tag"
            here = stage.main.current
            assert here is not None and here.repository == "sandbox" and here.tag != AMD64
            await stage.press("U")
            await stage.screen("Choice")
            assert f":{AMD64}" in stage.shown()


async def test_a_row_whose_own_tag_has_nothing_to_undo_offers_the_others() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            held = stage.holds("sandbox", AMD64)
            await delete(stage, AMD64)
            await stage.at(f"sandbox:{ARM64}")
            await stage.press("U")
            await stage.screen("Choice")
            assert f":{AMD64}" in stage.shown() and "no push recorded for this tag" in stage.shown()
            await stage.press("enter")
            await put_back(stage)
            assert stage.holds("sandbox", AMD64) == held
            # Elsewhere there is still nothing.
            await stage.at("library/hello:latest")
            await stage.press("U")
            assert "no push recorded for this tag" in stage.toasts
            await at_repository(stage, "library/hello")
            await stage.press("U")
            assert "no push recorded for this repository" in stage.toasts


async def test_a_changed_tag_is_listed_with_both_digests_and_its_own_row_goes_straight_on() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            before = stage.holds("sandbox", AMD64)
            theirs = stage.holds("sandbox", ARM64)
            assert before is not None and theirs is not None
            await stage.at(f"sandbox:{ARM64}")
            await stage.press("T")
            await stage.screen("Prompt")
            await stage.type(AMD64)
            await stage.press("enter")
            await put_back(stage)
            assert stage.holds("sandbox", AMD64) == theirs
            await at_repository(stage)
            await stage.press("U")
            await stage.screen("Choice")
            assert "changed" in stage.shown() and f"{theirs[:19]}… → {before[:19]}…" in stage.shown()
            await stage.press("escape")
            await stage.screen("MainScreen")
            await stage.at(f"sandbox:{AMD64}")
            await stage.press("U")
            await put_back(stage)
            assert stage.holds("sandbox", AMD64) == before


async def test_the_tags_of_a_deleted_manifest_can_be_put_back() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            held = stage.holds("sandbox", AMD64)
            await delete(stage, AMD64, "m")
            assert f"and 1 tag: :{AMD64}. U on sandbox restores each" in stage.toasts
            await at_repository(stage)
            await stage.press("U")
            await stage.screen("Choice")
            await stage.press("enter")
            await put_back(stage)
            assert stage.holds("sandbox", AMD64) == held


async def test_a_manifest_without_a_tag_is_not_promised_back() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await stage.at(f"sandbox:{AMD64}")
            registry.call(lambda store: store.repository("sandbox").tags.pop(AMD64))
            await delete(stage, AMD64, "m", at=False)
            assert "U has none to restore" in stage.toasts
