"""The editor of a draft: every key of it, over the embedded registry."""

from __future__ import annotations

from typing import Any

import pytest
from textual.screen import Screen

from tests.app.draft_stage import FixStage, fixing
from tests.support.gallery import served
from tui.app.screens.draft import DraftScreen
from tui.compose.draft import Draft, EntryVerdict, TypeChoice
from tui.oci import media
from tui.teach.events import EventKind

pytestmark = pytest.mark.slow


def draft_of(stage: FixStage) -> Draft:
    screen = stage.top
    assert isinstance(screen, DraftScreen), stage.shown()
    return screen.draft


async def amend(stage: FixStage, reference: str) -> None:
    await stage.at(reference)
    await stage.press("A")
    await stage.screen("DraftScreen")


async def answer(stage: FixStage, key: str, text: str, dialog: str = "Prompt") -> None:
    """Press a key of the editor, answer its question, and wait for the editor again."""
    await stage.press(key)
    await stage.screen(dialog)
    await stage.type(text)
    await stage.press("enter")
    await stage.screen("DraftScreen")


async def test_removing_takes_attestations_along_and_can_be_taken_back() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "library/hello:latest")
            held = len(draft_of(stage).kept)
            assert any(entry.is_attestation for entry in draft_of(stage).kept)
            await stage.press("x")
            gone = [entry for entry in draft_of(stage).entries if entry.verdict is EntryVerdict.REMOVED]
            assert len(gone) == 2 and "and its 1 attestation" in stage.text
            assert "removed" in stage.shown()
            await stage.press("x")
            assert len(draft_of(stage).kept) == held and "Restored linux" in stage.text
            await stage.press("u", "u")
            assert len(draft_of(stage).kept) == held
            await stage.press("u")
            assert "no edits to undo" in stage.toasts
            await stage.press("ctrl+r")
            assert len(draft_of(stage).kept) == held - 2


async def test_an_edit_lays_the_screen_out_once_and_more_entries_than_fit_scroll_up_and_down_only() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "library/hello:latest")
            screen = stage.top
            assert isinstance(screen, DraftScreen)
            await stage.until(lambda: screen.planning.plan, "a plan")
            await stage.pilot.pause()
            laid_out: list[Screen[Any]] = []
            screen.screen_layout_refresh_signal.subscribe(screen, laid_out.append)
            await stage.press("J")
            assert len(laid_out) == 1
            await stage.pilot.resize_terminal(100, 24)
            await stage.until(lambda: screen.rows.show_vertical_scrollbar, "a scroll bar")
            assert not screen.rows.show_horizontal_scrollbar


async def test_an_untouched_draft_keeps_its_bytes_and_order_changes_them() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "library/hello:latest")
            held = stage.holds("library/hello", "latest")
            assert str(draft_of(stage).digest) == held
            first = draft_of(stage).images[0]
            await stage.press("J")
            assert draft_of(stage).images[1].key == first.key and str(draft_of(stage).digest) != held
            await stage.press("K")
            assert str(draft_of(stage).digest) == held


async def test_adding_an_index_unwraps_it_and_replaces_in_place() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "ocaml/opam:ubuntu-24.04-ocaml-5.3")
            rows = [str(entry.platform) for entry in draft_of(stage).images]
            source = "/ocurrent/opam-staging:ubuntu-24.04-ocaml-5.4-riscv64"
            await answer(stage, "a", source)
            draft = draft_of(stage)
            assert [str(entry.platform) for entry in draft.images] == rows, "in the place of the old one"
            assert sum(entry.is_attestation for entry in draft.kept) == 1 and draft.media_type == media.OCI_INDEX
            assert "Replaced linux/riscv64" in stage.text and "/ocurrent/opam-staging" in stage.shown()
            assert isinstance(stage.top, DraftScreen) and stage.top.entry is not None
            assert str(stage.top.entry.platform) == "linux/riscv64", "the cursor is on what was added"
            # What does not exist is said, and changes nothing.
            await answer(stage, "a", "/ocurrent/opam-staging:nonsense")
            assert "does not exist" in stage.toasts and draft_of(stage).kept == draft.kept
            # What is no reference is said where it is typed, and stays there to be put right.
            await stage.press("a")
            await stage.screen("Prompt")
            for wrong, why in (("two words", "has a blank in it"), ("x" * 1_000_000, "255 fit")):
                await stage.type(wrong)
                await stage.press("enter")
                await stage.pilot.pause()
                assert stage.named("Prompt") and why in stage.shown()


async def test_a_source_can_be_changed_and_is_no_proposal_then() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await stage.at("sandbox:0.16-edge")
            await stage.press("R")
            await stage.screen("DraftScreen")
            assert draft_of(stage).images[0].proposed
            await answer(stage, "enter", "sandbox:0.16-edge-arm64")
            # An image for another platform takes the row: one is told, and the platform is doubled then.
            assert draft_of(stage).images[0].proposed is False
            assert "is in the list twice" in stage.text
            await stage.press("P")
            await stage.pilot.pause()
            assert stage.named("DraftScreen") and "twice" in stage.toasts
            await stage.press("o")
            assert draft_of(stage).allow_duplicates
            await stage.press("u", "u")
            assert draft_of(stage).images[0].proposed


async def test_a_docker_list_offers_the_oci_type_for_annotations() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "ocaml/opam:ubuntu-24.04-ocaml-5.3")
            assert draft_of(stage).media_type == media.DOCKER_LIST
            await stage.press("n")
            await stage.screen("Choice")
            await stage.press("i")
            await stage.screen("Prompt")
            await stage.type("no equals sign")
            await stage.press("enter")
            assert stage.named("Prompt") and "name=value" in stage.shown()
            await stage.type("org.opencontainers.image.title=OCaml")
            await stage.press("enter")
            await stage.screen("DraftScreen")
            assert "cannot hold annotations" in stage.text and "o chooses the OCI type" in stage.text
            await stage.press("o")
            assert draft_of(stage).media_type == media.OCI_INDEX and "cannot hold" not in stage.text
            assert "OCaml" in stage.text
            await stage.press("t")
            await stage.screen("Choice")
            await stage.press("d")
            await stage.screen("DraftScreen")
            assert draft_of(stage).choice is TypeChoice.DOCKER and "cannot hold annotations" in stage.text


async def test_platform_target_and_json() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "ocaml/opam:ubuntu-24.04-ocaml-5.3")
            await answer(stage, "p", "linux/arm/v7")
            assert str(draft_of(stage).images[0].platform) == "linux/arm/v7"
            await answer(stage, "g", ":edited", "TargetPrompt")
            assert draft_of(stage).target.tag == "edited" and draft_of(stage).target.repository == "ocaml/opam"
            await stage.press("v")
            await stage.screen("Reader")
            assert "Before" in stage.text and "exactly what would be pushed" in stage.text and '"v7"' in stage.text
            await stage.press("y")
            await stage.screen("Choice")
            await stage.press("j")
            await stage.screen("DraftScreen")
            await stage.until(lambda: stage.copied)
            assert stage.copied[0].encode() == draft_of(stage).to_bytes()


async def test_a_draft_that_is_left_is_kept_and_leaving_the_program_asks() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "library/hello:latest")
            await stage.press("x", "escape")
            await stage.screen("MainScreen")
            assert "library/hello:latest" in stage.drafts.unsaved
            await stage.press("q")
            await stage.screen("Confirm")
            assert "ot pushed" in stage.text
            await stage.press("n")
            await stage.screen("MainScreen")
            await stage.press("P")
            await stage.screen("DraftScreen")
            assert any(entry.verdict is EntryVerdict.REMOVED for entry in draft_of(stage).entries)
            await stage.press("x", "q")
            await stage.screen("Confirm")
            await stage.press("y")
            await stage.screen("MainScreen")
            assert not stage.drafts.unsaved


async def test_a_draft_that_is_taken_up_again_can_still_be_undone() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "library/hello:latest")
            await stage.press("x", "escape")
            await stage.screen("MainScreen")
            await stage.press("P")
            await stage.screen("DraftScreen")
            await stage.press("u")
            await stage.until(lambda: draft_of(stage).is_untouched)


async def test_a_second_draft_for_a_tag_asks_before_the_first_is_lost() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "library/hello:latest")
            await stage.press("x", "escape")
            await stage.screen("MainScreen")
            await stage.press("A")
            await stage.screen("Choice")
            assert "library/hello:latest was not pushed" in stage.shown()
            await stage.press("1")
            await stage.screen("DraftScreen")
            assert not draft_of(stage).is_untouched
            await stage.press("escape")
            await stage.screen("MainScreen")
            await stage.press("A")
            await stage.screen("Choice")
            await stage.press("2")
            await stage.screen("DraftScreen")
            assert draft_of(stage).is_untouched


async def test_marked_platforms_become_a_new_list_with_their_attestations() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            node = await stage.at("library/hello:latest")
            rows = [row for row in node.children if row.platform is not None and row.kind.value == "manifest"]
            await stage.main.navigation.highlight(rows[0])
            await stage.until(lambda: stage.main.current is rows[0])
            await stage.press("m", "N")
            await stage.screen("TargetPrompt")
            await stage.type(":one")
            await stage.press("enter")
            await stage.screen("DraftScreen")
            assert len(draft_of(stage).images) == 1 and any(each.is_attestation for each in draft_of(stage).kept)
            told = stage.told(EventKind.DRAFT)[-1].facts
            assert (told["action"], told["tag"]) == ("new", "one")


async def test_help_and_the_key_line_name_every_key() -> None:
    with served() as registry:
        async with fixing(registry) as stage:
            await amend(stage, "library/hello:latest")
            drawn = " ".join(stage.shown().split())
            line = (
                "P plan and push a add Enter change source x remove K up J down p platform n annotate t type g target "
                "u undo ^r redo v JSON c copy digest Esc back q discard"
            )
            assert line in drawn
            await stage.press("question_mark")
            await stage.screen("Reader")
            assert "verdict" in stage.text.lower() and "(guess)" in stage.text
