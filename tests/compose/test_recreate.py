"""Recreating: sources from the journal, proposed from tags and neighbouring repositories, from Docker's stored list."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compose.yard import Yard, make
from tui.compose import edit
from tui.compose.draft import EntryVerdict
from tui.compose.errors import DraftError
from tui.compose.events import Outcome
from tui.compose.local_lists import draft_of_local, plan_local_write, recreate_local, targets
from tui.compose.planner import plan_draft
from tui.compose.recreate import recreate
from tui.demo.faults import deny, lose_manifest
from tui.demo.gallery import build_gallery, docker_manifests
from tui.demo.images import DOCKER
from tui.demo.serve import Served
from tui.oci.manifest import Index
from tui.oci.reference import Reference
from tui.sources.docker_manifests import DockerManifests
from tui.sources.location import RepositoryLocation


async def listed(yard: Yard, text: str) -> tuple[Reference, Index, RepositoryLocation]:
    target = yard.ref(text)
    manifest = await yard.inspector.manifest(RepositoryLocation.of(target), target.tag or "", fresh=True)
    assert isinstance(manifest, Index)
    return target, manifest, RepositoryLocation.of(target)


async def test_from_tags_named_after_list_and_platform(yard: Yard) -> None:
    old = [make("old", "linux/amd64", style=DOCKER), make("old", "linux/arm/v7", style=DOCKER)]
    digest = yard.put_list("app", old, "2", style=DOCKER)
    new = yard.put("app", make("new", "linux/amd64", style=DOCKER), "2-amd64")
    yard.put("app", old[1], "2_armv7")
    draft = await recreate(yard.inspector, *(await listed(yard, "app:2")))
    assert [entry.verdict for entry in draft.entries] == [EntryVerdict.MOVED, EntryVerdict.UNCHANGED]
    assert [entry.source for entry in draft.entries] == [yard.at("app:2-amd64"), yard.at("app:2_armv7")]
    assert all(entry.proposed and entry.note for entry in draft.entries)
    assert draft.entries[0].was == old[0].manifest.digest
    assert draft.entries[0].now == new.manifest.digest
    assert draft.tag_was == digest
    plan = await plan_draft(draft, yard.inspector)
    assert plan.ready
    assert plan.before == digest
    assert (await yard.push(plan).run()).ok
    # The journal remembers: no guessing the next time.
    again = await recreate(
        yard.inspector, *(await listed(yard, "app:2")), known=yard.journal.sources(yard.ref("app:2")), propose=False
    )
    assert [entry.verdict for entry in again.entries] == [EntryVerdict.UNCHANGED] * 2
    assert not any(entry.proposed for entry in again.entries)
    assert again.digest == plan.digest
    assert (await plan_draft(again, yard.inspector)).steps == ()


async def test_a_tag_that_points_at_the_entry_comes_first_and_the_other_is_said(yard: Yard) -> None:
    old = make("old", "linux/amd64")
    yard.put_list("app", [old], "1")
    yard.put("app", old, "1-final")
    yard.put("app", make("new", "linux/amd64"), "1-amd64")
    draft = await recreate(yard.inspector, *(await listed(yard, "app:1")))
    assert draft.entries[0].source == yard.at("app:1-final")
    assert "1-amd64 is another image now" in draft.entries[0].note


async def test_repositories_beside_the_list(yard: Yard) -> None:
    old = [make("old", "linux/amd64"), make("old", "linux/arm64")]
    yard.put_list("app", old, "1")
    for name in ("amd64", "arm64"):
        yard.put(f"app/{name}", make("new", f"linux/{name}"), "1")
    draft = await recreate(yard.inspector, *(await listed(yard, "app:1")))
    assert [entry.source for entry in draft.entries] == [yard.at(f"app/{name}:1") for name in ("amd64", "arm64")]
    plan = await plan_draft(draft, yard.inspector)
    assert plan.ready
    assert (await yard.push(plan).run()).ok


async def test_attestations_travel(yard: Yard) -> None:
    """The new build has an attestation, the old one had another; only the new one is in the new list."""
    _, before = yard.put_attested("app", make("old", "linux/amd64"), "1")
    _, after = yard.put_attested("app", make("new", "linux/amd64"), "1-amd64")
    draft = await recreate(yard.inspector, *(await listed(yard, "app:1")))
    digests = [entry.descriptor.digest for entry in draft.kept]
    assert after.manifest.digest in digests
    assert before.manifest.digest not in digests
    assert len(digests) == 2


async def test_gone_denied_and_without_source(yard: Yard) -> None:
    images = [make("x", f"linux/{name}") for name in ("amd64", "arm64", "s390x", "riscv64")]
    yard.put_list("app", images, "1")
    yard.put("private", images[1], "1")
    yard.change(lambda store: deny(store, "private"))
    yard.change(lambda store: lose_manifest(store, "app", images[3].manifest.digest))
    sources = {
        images[0].manifest.digest: yard.at("app:never"),
        images[1].manifest.digest: yard.at("private:1"),
    }
    target, index, home = await listed(yard, "app:1")
    chosen = {entry.digest: sources[entry.digest] for entry in index.entries if entry.digest in sources}
    draft = await recreate(yard.inspector, target, index, home, sources=chosen)
    verdicts = [entry.verdict for entry in draft.entries]
    assert verdicts == [EntryVerdict.GONE, EntryVerdict.UNKNOWN, EntryVerdict.UNCHANGED, EntryVerdict.GONE]
    assert "no source known: taken as it is" in draft.entries[2].note
    assert draft.entries[2].is_unsourced and draft.entries[2].source is None
    plan = await plan_draft(draft, yard.inspector)
    assert not plan.ready
    fixed = await edit.replace_from(
        yard.inspector, draft, draft.entries[0].key, yard.at(f"app@{images[0].manifest.digest}")
    )
    assert fixed.entries[0].verdict is EntryVerdict.UNCHANGED


class TestLocalLists:
    @pytest.fixture
    def served(self) -> Served:
        return Served.start(build_gallery())

    @pytest.fixture
    def folder(self, yard: Yard, tmp_path: Path) -> Path:
        for name, raw in docker_manifests(yard.registry).items():
            path = tmp_path / "docker" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
        return tmp_path / "docker"

    async def test_the_gallerys_stale_list(self, yard: Yard, folder: Path) -> None:
        source = DockerManifests(folder, yard.client)
        stored = await source.stored(yard.at("sandbox"), "0.16-edge")
        as_it_is = await plan_draft(draft_of_local(source.lists.folder, stored), yard.inspector)
        assert not as_it_is.ready
        draft = await recreate_local(yard.inspector, source.lists.folder, stored)
        assert [entry.verdict for entry in draft.entries] == [EntryVerdict.MOVED] * 2
        plan = await plan_draft(draft, yard.inspector)
        result = await yard.push(plan).run()
        assert result.ok
        assert yard.holds("sandbox", "0.16-edge") == result.digest
        fixed = await DockerManifests(folder, yard.client).stored(yard.at("sandbox"), "0.16-edge")
        assert [entry.descriptor.digest for entry in fixed.entries] == [entry.now for entry in draft.entries]
        assert not (await source.compare(yard.at("sandbox"), "0.16-edge")).stale
        yard.served.stop()

    async def test_the_local_list_cannot_be_written(self, yard: Yard, folder: Path) -> None:
        """The tag was moved before; the result says so, and what failed."""
        source = DockerManifests(folder, yard.client)
        stored = await source.stored(yard.at("sandbox"), "0.16-edge")
        draft = await recreate_local(yard.inspector, source.lists.folder, stored)
        plan = await plan_draft(draft, yard.inspector)
        place = folder / "manifests" / stored.folder
        for path in place.iterdir():
            path.unlink()
        place.rmdir()
        place.write_text("in the way")
        result = await yard.push(plan).run()
        assert result.outcome is Outcome.FAILED
        assert result.tag_holds == plan.digest == yard.holds("sandbox", "0.16-edge")
        assert "cannot be written" in result.sentence
        assert str(plan.digest) in result.sentence
        yard.served.stop()

    async def test_only_the_local_list(self, yard: Yard, folder: Path) -> None:
        source = DockerManifests(folder, yard.client)
        stored = await source.stored(yard.at("sandbox"), "0.16-edge")
        before = yard.holds("sandbox", "0.16-edge")
        draft = await recreate_local(yard.inspector, source.lists.folder, stored)
        plan = await plan_draft(draft, yard.inspector)
        raws = {each.digest: each.raw for each in plan.objects if each.raw is not None}
        yard.forget_requests()
        assert (await yard.push(plan_local_write(draft, raws)).run()).ok
        assert yard.holds("sandbox", "0.16-edge") == before
        assert not yard.asked()
        fixed = await DockerManifests(folder, yard.client).stored(yard.at("sandbox"), "0.16-edge")
        assert [entry.descriptor.digest for entry in fixed.entries] == [entry.now for entry in draft.entries]
        yard.served.stop()

    async def test_a_name_that_nobody_can_tell(self, yard: Yard, folder: Path) -> None:
        place = next((folder / "manifests").iterdir())
        place.rename(place.parent / "somewhere-else_x-1")
        source = DockerManifests(folder, yard.client)
        stored = await source.stored("somewhere-else_x-1", "stored")
        assert targets(stored) == ()
        with pytest.raises(DraftError, match="Name the target"):
            await recreate_local(yard.inspector, source.lists.folder, stored)
        draft = await recreate_local(yard.inspector, source.lists.folder, stored, yard.ref("sandbox:mine"))
        assert (await plan_draft(draft, yard.inspector)).ready
        yard.served.stop()
