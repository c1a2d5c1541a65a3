"""Recreating: sources from the journal, proposed from tags and neighbouring repositories, from Docker's stored list."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compose.fixtures import Rig, make
from tui.compose import edit
from tui.compose.draft import EntryVerdict
from tui.compose.errors import DraftError
from tui.compose.events import Outcome
from tui.compose.local_lists import draft_of_local, plan_local_write, recreate_local, targets
from tui.compose.planner import plan_draft
from tui.compose.recreate import recreate
from tui.demo.faults import deny, lose_manifest
from tui.demo.gallery import build_gallery
from tui.demo.images import DOCKER
from tui.demo.samples.stories import docker_manifests
from tui.demo.serve import Served
from tui.oci.manifest import Index
from tui.oci.reference import Reference
from tui.sources.docker_manifests import DockerManifests
from tui.sources.location import RepositoryLocation


async def listed(rig: Rig, text: str) -> tuple[Reference, Index, RepositoryLocation]:
    target = rig.ref(text)
    manifest = await rig.inspector.manifest(RepositoryLocation.of(target), target.tag or "", fresh=True)
    assert isinstance(manifest, Index)
    return target, manifest, RepositoryLocation.of(target)


async def test_from_tags_named_after_list_and_platform(rig: Rig) -> None:
    old = [make("old", "linux/amd64", style=DOCKER), make("old", "linux/arm/v7", style=DOCKER)]
    digest = rig.put_list("app", old, "2", style=DOCKER)
    new = rig.put("app", make("new", "linux/amd64", style=DOCKER), "2-amd64")
    rig.put("app", old[1], "2_armv7")
    draft = await recreate(rig.inspector, *(await listed(rig, "app:2")))
    assert [entry.verdict for entry in draft.entries] == [EntryVerdict.MOVED, EntryVerdict.UNCHANGED]
    assert [entry.source for entry in draft.entries] == [rig.at("app:2-amd64"), rig.at("app:2_armv7")]
    assert all(entry.proposed and entry.note for entry in draft.entries)
    assert draft.entries[0].was == old[0].manifest.digest
    assert draft.entries[0].now == new.manifest.digest
    assert draft.tag_was == digest
    plan = await plan_draft(draft, rig.inspector)
    assert plan.ready
    assert plan.before == digest
    assert (await rig.push(plan).run()).ok
    # The journal remembers: no guessing the next time.
    again = await recreate(
        rig.inspector, *(await listed(rig, "app:2")), known=rig.journal.sources(rig.ref("app:2")), propose=False
    )
    assert [entry.verdict for entry in again.entries] == [EntryVerdict.UNCHANGED] * 2
    assert not any(entry.proposed for entry in again.entries)
    assert again.digest == plan.digest
    assert (await plan_draft(again, rig.inspector)).steps == ()


async def test_a_tag_that_points_at_the_entry_comes_first_and_the_other_is_said(rig: Rig) -> None:
    old = make("old", "linux/amd64")
    rig.put_list("app", [old], "1")
    rig.put("app", old, "1-final")
    rig.put("app", make("new", "linux/amd64"), "1-amd64")
    draft = await recreate(rig.inspector, *(await listed(rig, "app:1")))
    assert draft.entries[0].source == rig.at("app:1-final")
    assert "1-amd64 is another image" in draft.entries[0].note


async def test_repositories_beside_the_list(rig: Rig) -> None:
    old = [make("old", "linux/amd64"), make("old", "linux/arm64")]
    rig.put_list("app", old, "1")
    for name in ("amd64", "arm64"):
        rig.put(f"app/{name}", make("new", f"linux/{name}"), "1")
    draft = await recreate(rig.inspector, *(await listed(rig, "app:1")))
    assert [entry.source for entry in draft.entries] == [rig.at(f"app/{name}:1") for name in ("amd64", "arm64")]
    plan = await plan_draft(draft, rig.inspector)
    assert plan.ready
    assert (await rig.push(plan).run()).ok


async def test_attestations_travel(rig: Rig) -> None:
    """The new build has an attestation, the old one had another; only the new one is in the new list."""
    _, before = rig.put_attested("app", make("old", "linux/amd64"), "1")
    _, after = rig.put_attested("app", make("new", "linux/amd64"), "1-amd64")
    draft = await recreate(rig.inspector, *(await listed(rig, "app:1")))
    digests = [entry.descriptor.digest for entry in draft.kept]
    assert after.manifest.digest in digests
    assert before.manifest.digest not in digests
    assert len(digests) == 2


async def test_gone_denied_and_without_source(rig: Rig) -> None:
    images = [make("x", f"linux/{name}") for name in ("amd64", "arm64", "s390x", "riscv64")]
    rig.put_list("app", images, "1")
    rig.put("private", images[1], "1")
    rig.change(lambda store: deny(store, "private"))
    rig.change(lambda store: lose_manifest(store, "app", images[3].manifest.digest))
    sources = {
        images[0].manifest.digest: rig.at("app:never"),
        images[1].manifest.digest: rig.at("private:1"),
    }
    target, index, home = await listed(rig, "app:1")
    chosen = {entry.digest: sources[entry.digest] for entry in index.entries if entry.digest in sources}
    draft = await recreate(rig.inspector, target, index, home, sources=chosen)
    verdicts = [entry.verdict for entry in draft.entries]
    assert verdicts == [EntryVerdict.GONE, EntryVerdict.UNKNOWN, EntryVerdict.UNCHANGED, EntryVerdict.GONE]
    assert "source unknown; kept as is" in draft.entries[2].note
    assert draft.entries[2].is_unsourced and draft.entries[2].source is None
    plan = await plan_draft(draft, rig.inspector)
    assert not plan.ready
    fixed = await edit.replace_from(
        rig.inspector, draft, draft.entries[0].key, rig.at(f"app@{images[0].manifest.digest}")
    )
    assert fixed.entries[0].verdict is EntryVerdict.UNCHANGED


class TestLocalLists:
    @pytest.fixture
    def served(self) -> Served:
        return Served.start(build_gallery())

    @pytest.fixture
    def folder(self, rig: Rig, tmp_path: Path) -> Path:
        for name, raw in docker_manifests(rig.registry).items():
            path = tmp_path / "docker" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)
        return tmp_path / "docker"

    async def test_the_gallerys_stale_list(self, rig: Rig, folder: Path) -> None:
        source = DockerManifests(folder, rig.client)
        stored = await source.stored(rig.at("sandbox"), "0.16-edge")
        as_it_is = await plan_draft(draft_of_local(source.lists.folder, stored), rig.inspector)
        assert not as_it_is.ready
        draft = await recreate_local(rig.inspector, source.lists.folder, stored)
        assert [entry.verdict for entry in draft.entries] == [EntryVerdict.MOVED] * 2
        plan = await plan_draft(draft, rig.inspector)
        result = await rig.push(plan).run()
        assert result.ok
        assert rig.holds("sandbox", "0.16-edge") == result.digest
        fixed = await DockerManifests(folder, rig.client).stored(rig.at("sandbox"), "0.16-edge")
        assert [entry.descriptor.digest for entry in fixed.entries] == [entry.now for entry in draft.entries]
        assert not (await source.compare(rig.at("sandbox"), "0.16-edge")).stale
        rig.served.stop()

    async def test_the_local_list_cannot_be_written(self, rig: Rig, folder: Path) -> None:
        """The tag was moved before; the result says so, and what failed."""
        source = DockerManifests(folder, rig.client)
        stored = await source.stored(rig.at("sandbox"), "0.16-edge")
        draft = await recreate_local(rig.inspector, source.lists.folder, stored)
        plan = await plan_draft(draft, rig.inspector)
        place = folder / "manifests" / stored.folder
        for path in place.iterdir():
            path.unlink()
        place.rmdir()
        place.write_text("in the way")
        result = await rig.push(plan).run()
        assert result.outcome is Outcome.FAILED
        assert result.tag_holds == plan.digest == rig.holds("sandbox", "0.16-edge")
        assert "Cannot write" in result.sentence
        assert str(plan.digest) in result.sentence
        rig.served.stop()

    async def test_only_the_local_list(self, rig: Rig, folder: Path) -> None:
        source = DockerManifests(folder, rig.client)
        stored = await source.stored(rig.at("sandbox"), "0.16-edge")
        before = rig.holds("sandbox", "0.16-edge")
        draft = await recreate_local(rig.inspector, source.lists.folder, stored)
        plan = await plan_draft(draft, rig.inspector)
        raws = {each.digest: each.raw for each in plan.objects if each.raw is not None}
        rig.forget_requests()
        assert (await rig.push(plan_local_write(draft, raws)).run()).ok
        assert rig.holds("sandbox", "0.16-edge") == before
        assert not rig.asked()
        fixed = await DockerManifests(folder, rig.client).stored(rig.at("sandbox"), "0.16-edge")
        assert [entry.descriptor.digest for entry in fixed.entries] == [entry.now for entry in draft.entries]
        rig.served.stop()

    async def test_a_name_that_nobody_can_tell(self, rig: Rig, folder: Path) -> None:
        place = next((folder / "manifests").iterdir())
        place.rename(place.parent / "somewhere-else_x-1")
        source = DockerManifests(folder, rig.client)
        stored = await source.stored("somewhere-else_x-1", "stored")
        assert targets(stored) == ()
        with pytest.raises(DraftError, match="Name the target"):
            await recreate_local(rig.inspector, source.lists.folder, stored)
        draft = await recreate_local(rig.inspector, source.lists.folder, stored, rig.ref("sandbox:mine"))
        assert (await plan_draft(draft, rig.inspector)).ready
        rig.served.stop()
