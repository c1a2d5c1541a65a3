"""Where the entries of a list may have come from: which tags are asked, how many, and what is said when none fits."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from tests.compose.fixtures import Rig, make
from tests.compose.test_recreate import listed
from tui.app.keys import Keys
from tui.app.pages.draft import entry_page, notices, summary, table
from tui.compose.draft import Draft, EntryVerdict
from tui.compose.edit import annotate, begin_amend
from tui.compose.planner import plan_draft
from tui.compose.recreate import TAG_LIMIT, recreate
from tui.compose.validate import problems
from tui.demo.images import Image
from tui.registry.page import Page
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.sources.registry import RegistrySource

HONEST = "source unknown; kept as is"


def pair(name: str = "a") -> list[Image]:
    return [make(name, "linux/amd64"), make(name, "linux/arm64")]


def heads(rig: Rig) -> int:
    """How many tags were asked for what they hold."""
    return len(rig.asked("HEAD", "/manifests/"))


def said(draft: Draft) -> str:
    """What the draft's screen says."""
    key_of = Keys().line
    lines = [*table(draft, 100)[1], *notices(draft, problems(draft), (), key_of), *entry_page(draft.entries[0], key_of)]
    return "\n".join([summary(draft), *(line.plain for line in lines)])


async def recreated(rig: Rig, text: str = "app:latest") -> Draft:
    target, index, home = await listed(rig, text)
    rig.forget_requests()
    return await recreate(rig.inspector, target, index, home, known=rig.journal.sources(target))


def tags(rig: Rig, names: Sequence[str]) -> None:
    """Tags that have nothing to do with any list."""
    other = rig.put("app", make("other", "linux/amd64"), *names)
    assert other.manifest.digest


async def test_a_tag_that_points_at_an_entry_is_found_whatever_it_is_called(rig: Rig) -> None:
    images = pair()
    rig.put_list("app", images, "latest")
    for one, tag in zip(images, ("v2-amd64", "nightly"), strict=True):
        rig.put("app", one, tag)
    draft = await recreated(rig)
    assert [entry.source for entry in draft.entries] == [rig.at("app:v2-amd64"), rig.at("app:nightly")]
    assert all(entry.proposed and "points at the entry" in entry.note for entry in draft.entries)
    assert [entry.verdict for entry in draft.entries] == [EntryVerdict.UNCHANGED] * 2
    assert "no source" not in said(draft)


async def test_likely_names_come_first_and_it_stops_when_every_entry_has_its_tag(rig: Rig) -> None:
    images = pair()
    rig.put_list("app", images, "latest")
    tags(rig, [f"build-{number:03}" for number in range(300)])
    rig.put("app", images[0], "zz-amd64")
    rig.put("app", images[1], "zz-aarch64")
    draft = await recreated(rig)
    assert [entry.source for entry in draft.entries] == [rig.at("app:zz-amd64"), rig.at("app:zz-aarch64")]
    assert heads(rig) <= 20


async def test_so_many_tags_are_asked_and_no_more_and_it_says_so(rig: Rig) -> None:
    rig.put_list("app", pair(), "latest")
    tags(rig, [f"build-{number:03}" for number in range(300)])
    draft = await recreated(rig)
    assert len(rig.asked("HEAD", "/v2/app/manifests/build-")) == TAG_LIMIT
    assert f"checked {TAG_LIMIT} of the repository's 300 other tags" in draft.entries[0].note
    assert HONEST in draft.entries[0].note


async def test_a_tag_named_after_list_and_platform_is_enough(rig: Rig) -> None:
    """The old image is still tagged somewhere far off: that is no reason to keep it."""
    old = pair("old")
    rig.put_list("app", old, "latest")
    rig.put("app", old[0], "archive-1")
    rig.put("app", old[1], "archive-2")
    for name in ("amd64", "arm64"):
        rig.put("app", make("new", f"linux/{name}"), f"latest-{name}")
    draft = await recreated(rig)
    assert [entry.verdict for entry in draft.entries] == [EntryVerdict.MOVED] * 2
    assert not rig.asked("HEAD", "archive")


async def test_without_any_source_the_row_the_notes_and_the_plan_say_so(rig: Rig) -> None:
    rig.put_list("app", pair(), "latest")
    draft = annotate(await recreated(rig), "a", "b")
    shown = said(draft)
    assert HONEST in shown and "source unknown; kept as is, may be stale" in shown and "2 without a source" in shown
    assert "unchanged" not in shown and "Nothing is wrong" not in shown and "as is" in table(draft, 100)[1][0].plain
    plan = await plan_draft(draft, rig.inspector)
    assert plan.ready and "linux/amd64, linux/arm64: source unknown; kept as is, may be stale." in plan.warnings
    assert not plan.sources, "the journal learns no source that is none"


async def test_no_list_of_tags_no_proposal(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(_source: RegistrySource, _repository: str) -> AsyncIterator[Page]:
        raise SourceError(Presence.DENIED, "The registry lists no tags.")

    monkeypatch.setattr(RegistrySource, "tags", denied)
    images = pair()
    rig.put_list("app", images, "latest")
    rig.put("app", images[0], "v2-amd64")
    draft = await recreated(rig)
    assert all(entry.is_unsourced for entry in draft.entries)
    assert "could not be listed" in draft.entries[0].note
    assert not rig.asked("HEAD", "v2-amd64")


async def test_what_the_journal_has_by_its_own_digest_is_no_source(rig: Rig) -> None:
    """An amended list was pushed from its own entries: that says nothing of where they came from."""
    images = pair()
    rig.put_list("app", images, "latest")
    amended = annotate(await begin_amend(rig.inspector, rig.ref("app:latest")), "a", "b")
    assert (await rig.push(await plan_draft(amended, rig.inspector)).run()).ok
    assert all(entry.is_unsourced for entry in (await recreated(rig)).entries)
    for one, tag in zip(images, ("v2-amd64", "v2-arm64"), strict=True):
        rig.put("app", one, tag)
    assert [entry.source for entry in (await recreated(rig)).entries] == [
        rig.at("app:v2-amd64"),
        rig.at("app:v2-arm64"),
    ]
