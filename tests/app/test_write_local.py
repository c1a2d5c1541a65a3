"""The capitals on Docker's local lists: what is stale is said first, a draft that was left is not lost, and a key that
does nothing there says why."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.app.draft_stage import FixStage, fixing
from tests.compose.fixtures import make
from tests.support.gallery import served
from tests.support.local_lists import write_list
from tui.demo.images import Image, put_image
from tui.demo.serve import Served
from tui.explore.likely_places import comparison_of
from tui.explore.node import Node
from tui.sources.docker_lists import DockerLists

pytestmark = pytest.mark.slow

PLATFORMS = ("amd64", "arm64")


def put(registry: Served, words: str, name: str) -> Image:
    """Push `own:1-NAME` anew; the image that it held stays there by its digest."""
    image = make(words, f"linux/{name}")
    registry.call(lambda store: put_image(store, "own", image, (f"1-{name}",)))
    return image


@asynccontextmanager
async def stored(tmp_path: Path, *, stale: bool = True) -> AsyncIterator[tuple[FixStage, Node]]:
    """A local list `own:1` that was never pushed, its row under the cursor; `stale`: arm64 was pushed anew."""
    folder = tmp_path / "docker" / "manifests"
    with served() as registry:
        images = {f"{registry.address}/own:1-{name}": put(registry, "old", name) for name in PLATFORMS}
        await asyncio.to_thread(write_list, folder, f"{registry.address}/own:1", images)
        if stale:
            put(registry, "new", "arm64")
        async with fixing(registry, sources=(f"docker-manifests:{folder}", registry.address)) as stage:
            yield stage, await on_list(stage)


async def on_list(stage: FixStage) -> Node:
    """The cursor on the local list, opened and compared."""
    explorer = stage.main.explorer
    root = explorer.roots[0]
    await stage.until(lambda: root.children, "the local lists")
    await explorer.open(root.children[0])
    row = root.children[0].children[0]
    await explorer.open(row)
    await at(stage, row)
    await stage.until(lambda: comparison_of(row) is not None, "the comparison")
    return row


async def at(stage: FixStage, row: Node) -> None:
    await stage.main.navigation.highlight(row)
    await stage.until(lambda: stage.main.current is row, f"the cursor on {row.label}")


async def back(stage: FixStage) -> None:
    """Esc from a draft or a plan to the main screen."""
    await stage.press("escape")
    await stage.pilot.pause()


async def test_a_stale_list_is_pushed_only_after_a_warning(tmp_path: Path) -> None:
    async with stored(tmp_path) as (stage, row):
        await stage.press("P")
        await stage.planned()
        assert stage.plan.ready
        assert "Stale" in stage.text and "linux/arm64" in stage.text and "own:1-arm64 is sha256:" in stage.text
        await back(stage)
        await stage.screen("DraftScreen")
        new = stage.holds("own", "1-arm64")
        assert new is not None and new.partition(":")[2][:12] in stage.shown()
        assert "moved" in stage.shown() and "Nothing is wrong" not in stage.text
        await stage.press("P")
        await stage.planned()
        await stage.press("y")
        await stage.ended()
        assert stage.holds("own", "1") == row.digest, "what docker would have pushed"


async def test_a_list_that_is_not_stale_is_pushed_without_a_word(tmp_path: Path) -> None:
    async with stored(tmp_path, stale=False) as (stage, _row):
        await stage.press("P")
        await stage.planned()
        assert stage.plan.ready and not stage.plan.problems and "Stale" not in stage.text


async def test_the_draft_that_was_left_is_offered_first(tmp_path: Path) -> None:
    async with stored(tmp_path) as (stage, row):
        await stage.press("R")
        await stage.screen("DraftScreen")
        await back(stage)
        await stage.screen("MainScreen")
        assert "Draft saved" in stage.toasts
        await stage.press("P")
        await stage.screen("Choice")
        await stage.until(lambda: "Resume the saved draft" in stage.shown(), "the offer")
        assert "recreate: 1 unchanged, 1 moved" in stage.shown()
        # The stored list, and Esc from its plan: the draft is still there.
        await stage.press("2")
        await stage.planned()
        assert stage.plan.digest == row.digest
        await back(stage)
        await stage.screen("MainScreen")
        await stage.press("P")
        await stage.screen("Choice")
        await stage.press("escape")
        await stage.screen("MainScreen")
        await stage.press("P")
        await stage.screen("Choice")
        await stage.press("1")
        await stage.screen("DraftScreen")
        assert "recreated" in stage.shown()
        await stage.press("P")
        await stage.planned()
        assert stage.plan.digest != row.digest
        await stage.press("y")
        await stage.ended()
        held = stage.holds("own", "1")
        assert held is not None and held != row.digest
        await stage.press("enter")
        await stage.screen("MainScreen")
        # It was pushed: nothing was left.
        assert not stage.drafts.drafts


async def test_a_stored_list_that_was_only_looked_at_is_no_draft_to_ask_about(tmp_path: Path) -> None:
    async with stored(tmp_path) as (stage, _row):
        await stage.press("P")
        await stage.planned()
        await back(stage)
        await stage.screen("DraftScreen")
        await back(stage)
        await stage.screen("MainScreen")
        assert stage.drafts.unsaved == "" and "is kept" not in stage.toasts, "nothing to lose when one leaves"
        await stage.press("P")
        await stage.planned()
        await stage.press("y")
        await stage.ended()
        await stage.press("enter")
        await stage.screen("MainScreen")
        assert not stage.drafts.drafts


async def test_writing_only_the_list_says_nothing_of_a_tag(tmp_path: Path) -> None:
    async with stored(tmp_path) as (stage, _row):
        await stage.press("P")
        await stage.planned()
        await stage.press("y")
        await stage.ended()
        held = stage.holds("own", "1")
        await stage.press("enter")
        await stage.screen("MainScreen")
        await at(stage, await on_list(stage))
        await stage.press("R")
        await stage.screen("DraftScreen")
        await stage.press("L")
        await stage.planned()
        await stage.press("y")
        await stage.ended()
        assert stage.result.ok and "2 entries written" in stage.text
        assert "no such tag" not in stage.text and "holds" not in stage.text
        assert "only in Docker's folder" in stage.text and stage.holds("own", "1") == held
        await stage.press("enter")
        await stage.screen("MainScreen")
        await at(stage, await on_list(stage))
        await stage.press("D")
        await stage.planned()
        await stage.type(stage.plan.type_to_confirm)
        await stage.press("enter")
        await stage.ended()
        assert stage.result.ok and "no such tag" not in stage.text and "holds" not in stage.text
        assert stage.holds("own", "1") == held


async def test_a_list_that_cannot_be_removed_says_why_and_nothing_of_a_tag(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_lists: DockerLists, _folder: str) -> tuple[str, ...]:
        raise PermissionError(errno.EACCES, "Permission denied")

    async with stored(tmp_path) as (stage, _row):
        await stage.press("D")
        await stage.planned()
        monkeypatch.setattr(DockerLists, "remove", refuse)
        await stage.type(stage.plan.type_to_confirm)
        await stage.press("enter")
        await stage.ended()
        assert ": Permission denied" in stage.text
        assert "no such tag" not in stage.text and "still does not exist" not in stage.text


async def test_what_no_registry_has_is_not_tagged_and_its_copy_needs_no_push(tmp_path: Path) -> None:
    async with stored(tmp_path) as (stage, row):
        await stage.press("T")
        await stage.pilot.pause()
        assert stage.named("MainScreen") and "this list was not pushed" in stage.toasts
        await stage.press("C")
        await stage.screen("TargetPrompt")
        await stage.type(f"{stage.registry.address}/copied:1")
        await stage.press("enter")
        await stage.planned()
        assert stage.plan.ready, stage.text
        await stage.press("y")
        await stage.ended()
        assert stage.holds("copied", "1") == row.digest
        await stage.press("enter")
        await stage.screen("MainScreen")
        await at(stage, await on_list(stage))
        await stage.press("P")
        await stage.planned()
        await stage.press("y")
        await stage.ended()
        await stage.press("enter")
        await stage.screen("MainScreen")
        # Pushed: it is compared again, and can be tagged.
        row = await on_list(stage)
        await stage.until(lambda: (found := comparison_of(row)) and found.pushed and not found.pushed.stale)
        await stage.press("T")
        await stage.screen("Prompt")


async def test_undo_on_a_local_list_undoes_the_push_to_its_tag(tmp_path: Path) -> None:
    async with stored(tmp_path) as (stage, row):
        # An entry of it is not deleted and was not pushed, and that is said.
        entry = next(child for child in row.children if child.platform is not None)
        await at(stage, entry)
        await stage.press("D")
        await stage.until(lambda: "an entry of a local list" in stage.toasts)
        assert stage.named("MainScreen")
        await stage.press("U")
        await stage.until(lambda: "no push recorded for this tag" in stage.toasts)
        await at(stage, row)
        stage.app.clear_notifications()
        stage.main._warned_until = 0.0  # the same warning of a moment ago is not said again
        await stage.press("U")
        await stage.pilot.pause()
        assert stage.named("MainScreen") and "no push recorded for this tag" in stage.toasts
        first = put(stage.registry, "first", "amd64").manifest.digest
        stage.registry.call(lambda store: store.repository("own").tag("1", first))
        await stage.press("P")
        await stage.planned()
        await stage.press("y")
        await stage.ended()
        assert stage.holds("own", "1") == row.digest
        await stage.press("enter")
        await stage.screen("MainScreen")
        await at(stage, await on_list(stage))
        await stage.press("U")
        await stage.planned()
        await stage.press("y")
        await stage.ended()
        assert stage.holds("own", "1") == first


async def test_a_list_whose_name_nobody_can_tell_gives_reasons(tmp_path: Path) -> None:
    async with stored(tmp_path) as (stage, row):
        place = next((tmp_path / "docker" / "manifests").iterdir())
        place.rename(place.parent / "somewhere-else_x-1")
        await stage.main.explorer.refresh(stage.main.explorer.roots[0])
        await stage.until(lambda: stage.main.explorer.roots[0].children[0] is not row.parent, "the list anew")
        await on_list(stage)
        for key in ("T", "U"):
            await stage.press(key)
            await stage.pilot.pause()
            assert stage.named("MainScreen") and "target tag unknown" in stage.toasts
