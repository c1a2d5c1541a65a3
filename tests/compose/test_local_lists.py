"""Docker's local lists held against the registry: what is stale is said and pushed all the same, and what is not is
not called so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compose.fixtures import Rig, make
from tests.support.local_lists import write_list
from tui.compose.draft import Draft, EntryVerdict
from tui.compose.events import Outcome
from tui.compose.local_lists import draft_of_local, plan_local_write, plan_remove_local, recreate_local
from tui.compose.planner import plan_draft
from tui.compose.validate import problems
from tui.demo.faults import deny
from tui.demo.images import Image, index, put_index
from tui.oci import media
from tui.oci.digest import Digest
from tui.sources.docker_lists import StoredList
from tui.sources.docker_manifests import Comparison, DockerManifests
from tui.sources.presence import Presence


class Lists:
    """Local lists as `docker manifest create` leaves them, and what fanfold makes of one."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig = rig
        self.source = DockerManifests(folder, rig.client)

    def create(self, name: str, **images: Image) -> None:
        """A list of what these tags (`_` for `-`) of the list's repository held when it was made."""
        repository = name.partition(":")[0]
        held = {self.rig.at(f"{repository}:{tag.replace('_', '-')}"): image for tag, image in images.items()}
        write_list(self.source.lists.folder, self.rig.at(name), held)

    async def stored(self, name: str) -> StoredList:
        return await self.source.stored(*self.rig.at(name).rsplit(":", 1))

    async def compared(self, name: str) -> Comparison:
        return await self.source.compare(*self.rig.at(name).rsplit(":", 1))

    async def draft(self, name: str) -> Draft:
        stored, compared = await self.stored(name), await self.compared(name)
        return draft_of_local(self.source.lists.folder, stored, None, compared)


@pytest.fixture
def lists(rig: Rig, tmp_path: Path) -> Lists:
    return Lists(rig, tmp_path / "docker" / "manifests")


class TestStale:
    async def test_is_said_by_the_draft_and_the_plan_and_does_not_stop(self, rig: Rig, lists: Lists) -> None:
        old = {name: rig.put("app", make("old", f"linux/{name}"), f"1-{name}") for name in ("amd64", "arm64")}
        lists.create("app:1", **{f"1_{name}": image for name, image in old.items()})
        assert not problems(await lists.draft("app:1"))
        new = rig.put("app", make("new", "linux/arm64"), "1-arm64")
        draft = await lists.draft("app:1")
        assert [entry.verdict for entry in draft.entries] == [EntryVerdict.UNCHANGED, EntryVerdict.MOVED]
        moved = draft.entries[1]
        assert moved.was == moved.descriptor.digest == old["arm64"].manifest.digest
        assert moved.now == new.manifest.digest
        plan = await plan_draft(draft, rig.inspector)
        assert plan.ready
        said = [problem.message for problem in plan.problems]
        assert len(said) == 1
        for words in ("Stale", "linux/arm64", "app:1-arm64", moved.was.short, new.manifest.digest[:19], "R "):
            assert words in said[0]
        assert "linux/amd64" not in said[0]
        # What goes in is what is stored, byte for byte, as `docker manifest push` sends it.
        result = await rig.push(plan).run()
        assert result.ok
        assert result.digest == Digest.of((await lists.stored("app:1")).pushed()[0])

    async def test_a_reference_that_is_gone_stops_only_where_its_image_is_gone_too(
        self, rig: Rig, lists: Lists
    ) -> None:
        one, two = (rig.put("app", make("a", f"linux/{name}"), f"1-{name}") for name in ("amd64", "arm64"))
        lists.create("app:1", **{"1_amd64": one, "1_arm64": two})
        rig.change(lambda store: store.repository("app").tags.pop("1-amd64"))
        draft = await lists.draft("app:1")
        assert [entry.verdict for entry in draft.entries] == [EntryVerdict.GONE, EntryVerdict.UNCHANGED]
        plan = await plan_draft(draft, rig.inspector)
        assert plan.ready
        assert "1-amd64 is gone" in plan.problems[0].message
        rig.change(lambda store: store.delete_manifest("app", one.manifest.digest))
        rig.inspector.forget_location()
        plan = await plan_draft(draft, rig.inspector)
        assert not plan.ready
        assert any(problem.stops and one.manifest.digest in problem.message for problem in plan.problems)

    async def test_what_may_not_be_seen_is_unknown_and_not_stale(self, rig: Rig, lists: Lists) -> None:
        one = rig.put("app", make("a", "linux/amd64"), "1-amd64")
        lists.create("app:1", **{"1_amd64": one})
        rig.change(lambda store: deny(store, "app"))
        draft = await lists.draft("app:1")
        assert draft.entries[0].verdict is EntryVerdict.UNKNOWN
        said = problems(draft)
        assert [(problem.code, problem.stops, problem.undetermined) for problem in said] == [("unknown", False, True)]


class TestAnIndexUnderTheTag:
    async def test_that_holds_the_entry_is_not_stale(self, rig: Rig, lists: Lists) -> None:
        """What our own recreating leaves behind: the image is unwrapped, its attestation is only pushed."""
        one = make("a", "linux/amd64")
        lists.create("app:1", **{"1_amd64": rig.put("app", one, "1-amd64")})
        new = make("b", "linux/amd64")
        rig.put_attested("app", new, "1-amd64")
        draft = await recreate_local(rig.inspector, lists.source.lists.folder, await lists.stored("app:1"))
        assert [entry.is_attestation for entry in draft.entries] == [False, True]
        assert (await rig.push(await plan_draft(draft, rig.inspector)).run()).ok
        compared = await lists.compared("app:1")
        assert not compared.stale, compared.entries[0].sentence
        assert compared.entries[0].now == new.manifest.digest
        assert " in it." in compared.entries[0].sentence
        assert not problems(await lists.draft("app:1"))

    async def test_that_holds_another_is_stale_and_names_the_image_as_recreating_does(
        self, rig: Rig, lists: Lists
    ) -> None:
        lists.create("app:1", **{"1_amd64": rig.put("app", make("a", "linux/amd64"), "1-amd64")})
        new = make("b", "linux/amd64")
        rig.put_attested("app", new, "1-amd64")
        compared = await lists.compared("app:1")
        assert compared.stale
        assert compared.entries[0].now == new.manifest.digest
        fresh = await recreate_local(rig.inspector, lists.source.lists.folder, await lists.stored("app:1"))
        assert fresh.images[0].now == (await lists.draft("app:1")).entries[0].now

    async def test_also_in_an_index_inside_it(self, rig: Rig, lists: Lists) -> None:
        one = make("a", "linux/amd64")
        inner, _proof = rig.put_attested("app", one, "inner")
        raw = rig.change(lambda store: store.repository("app").manifests[str(inner)].raw)
        outer = index([{"mediaType": media.OCI_INDEX, "digest": inner, "size": len(raw)}])
        rig.change(lambda store: put_index(store, "app", outer, ("1-amd64",)))
        lists.create("app:1", **{"1_amd64": one})
        assert not (await lists.compared("app:1")).stale
        rig.change(lambda store: store.delete_manifest("app", inner))
        lists = Lists(rig, lists.source.lists.folder)
        rig.client.forget(rig.registry)
        found = (await lists.compared("app:1")).entries[0]
        assert found.stale
        assert found.presence is Presence.PRESENT
        assert found.now == outer.digest

    async def test_that_cannot_be_read_is_not_known(self, rig: Rig, lists: Lists) -> None:
        one = make("a", "linux/amd64")
        rig.put_attested("app", one, "1-amd64")
        lists.create("app:1", **{"1_amd64": one})
        broken = b'{"schemaVersion": 2, "manifests": 7}'
        rig.change(lambda store: store.put_manifest("app", broken, media.OCI_INDEX, ("1-amd64",)))
        found = (await lists.compared("app:1")).entries[0]
        assert not found.stale
        assert found.now is None


async def test_attestations_that_a_local_list_cannot_hold(rig: Rig, lists: Lists) -> None:
    """Writing only the local list pushes nothing, and says so."""
    one = make("a", "linux/amd64")
    lists.create("app:1", **{"1_amd64": rig.put("app", one, "1-amd64")})
    rig.put_attested("app", make("b", "linux/amd64"), "1-amd64")
    draft = await recreate_local(rig.inspector, lists.source.lists.folder, await lists.stored("app:1"))
    plan = await plan_draft(draft, rig.inspector)
    said = "1 attestation cannot be kept in Docker's local list and is "
    assert f"{said}only pushed." in plan.warnings
    raws = {each.digest: each.raw for each in plan.objects if each.raw is not None}
    warned = plan_local_write(draft, raws).warnings
    assert warned == (f"{said}left out: pushing that list will not bring it.",)


@pytest.mark.parametrize("remove", [False, True])
async def test_a_list_that_docker_changed_since_the_plan_stays_as_it_is(rig: Rig, lists: Lists, remove: bool) -> None:
    first, second = (rig.put("app", make("a", f"linux/{name}"), f"1-{name}") for name in ("amd64", "arm64"))
    lists.create("app:1", **{"1_amd64": first})
    stored, draft = await lists.stored("app:1"), await lists.draft("app:1")
    raws = {Digest.parse(first.manifest.digest): first.manifest.raw}
    plan = plan_remove_local(lists.source.lists.folder, stored) if remove else plan_local_write(draft, raws)
    lists.create("app:1", **{"1_amd64": first, "1_arm64": second})
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert "was changed since the plan" in result.sentence and "Plan again" in result.sentence
    assert len((await lists.stored("app:1")).entries) == 2
    lists.create("app:2", **{"1_amd64": first})
    stored, draft = await lists.stored("app:2"), await lists.draft("app:2")
    plan = plan_remove_local(lists.source.lists.folder, stored) if remove else plan_local_write(draft, raws)
    assert (await rig.push(plan).run()).ok
