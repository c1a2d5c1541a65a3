"""Fix: what is missing comes back, no digest changes and no tag moves; what cannot be had is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compose.fixtures import Rig, make
from tui.compose.events import Outcome
from tui.compose.fix import is_whole, places_in, tags_of, undetermined
from tui.compose.plan import Action, How, Plan, StepKind
from tui.compose.planner import plan_draft
from tui.compose.service import DraftService
from tui.demo.faults import deny, lose_manifest
from tui.demo.images import Image
from tui.demo.quirks import Quirks
from tui.demo.serve import Served
from tui.demo.store import Store
from tui.explore.explorer import Explorer
from tui.sources.location import RepositoryLocation
from tui.sources.registry import RegistrySource
from tui.sources.spec import parse_source


def lose(rig: Rig, repository: str, digest: str) -> None:
    rig.change(lambda store: store.delete_blob(repository, digest))


def broken(rig: Rig, *, layers: int = 2) -> list[Image]:
    """A list of two images, the second without one of its layers."""
    images = [make("a", f"linux/{name}", layers=layers) for name in ("amd64", "arm64")]
    rig.put_list("app", images, "1")
    lose(rig, "app", images[1].layers[1].digest)
    return images


async def plan_of(rig: Rig, *targets: str, places: tuple[str, ...] = (), **options: object) -> Plan:
    service = DraftService(rig.inspector, journal=rig.journal)
    where, _ = await places_in(rig.inspector, [parse_source(rig.at(text)) for text in places])
    return await service.plan_fix([rig.ref(text) for text in targets], lambda _text: None, places=where, **options)  # type: ignore[arg-type]


async def test_one_mount_brings_a_layer_back_and_nothing_else_is_written(rig: Rig) -> None:
    images = broken(rig)
    rig.put("staging", images[1], "arm64")
    held = rig.holds("app", "1")
    plan = await plan_of(rig, "app:1", places=("staging",))
    assert (plan.action, plan.before, plan.digest) == (Action.FIX, held, held)
    assert [(step.kind, step.digest) for step in plan.steps] == [(StepKind.MOUNT, images[1].layers[1].digest)]
    assert is_whole(plan)
    rig.forget_requests()
    result = await rig.push(plan).run()
    assert (result.outcome, result.written) == (Outcome.PUSHED, (images[1].layers[1].digest,))
    assert len(rig.asked("POST")) == 1 and not rig.asked("PUT")
    assert rig.holds("app", "1") == held
    assert not rig.journal.records()  # no tag was moved: there is nothing to undo
    rig.inspector.forget_location()
    assert not (await plan_of(rig, "app:1")).steps


async def test_the_place_is_guessed_from_the_platform(rig: Rig) -> None:
    images = broken(rig)
    rig.put("app/arm64", images[1], "1")
    plan = await plan_of(rig, "app:1")
    assert [str(step.source) for step in plan.steps] == [rig.at("app/arm64")]
    assert is_whole(plan)


async def test_where_the_journal_says_it_came_from(rig: Rig) -> None:
    images = [make("a", f"linux/{name}") for name in ("amd64", "arm64")]
    for one, name in zip(images, ("amd64", "arm64"), strict=True):
        rig.put(f"builds/of-{name}", one, "7")
    assert (await rig.pushed("app:1", "builds/of-amd64:7", "builds/of-arm64:7")).ok
    lose(rig, "app", images[1].layers[1].digest)
    rig.inspector.forget_location()
    plan = await plan_of(rig, "app:1")
    assert [str(step.source) for step in plan.steps] == [rig.at("builds/of-arm64")]


async def test_the_whole_catalog_on_demand(rig: Rig) -> None:
    images = broken(rig)
    rig.put("quite/elsewhere", images[1], "x")
    rig.put("other", make("other", "linux/amd64"), "x")
    plan = await plan_of(rig, "app:1")
    assert not plan.steps and not is_whole(plan) and not undetermined(plan)
    assert str(images[1].layers[1].digest) in plan.problems[0].message
    rig.inspector.forget_location()
    catalog, notes = await places_in(rig.inspector, [parse_source(f"{rig.registry}/")])
    assert not notes
    plan = await plan_of(rig, "app:1", catalog=catalog)
    assert [str(step.source) for step in plan.steps] == [rig.at("quite/elsewhere")]


async def test_the_whole_catalog_from_the_screen(rig: Rig) -> None:
    """The plan names the key; what the catalog holds is asked for several at once, and not without end."""
    images = broken(rig)
    for number in range(40):
        rig.put(f"many/{number:02}", make(f"other{number}", "linux/amd64"), "x")
    rig.put("quite/elsewhere", images[1], "x")
    service = DraftService(rig.inspector, journal=rig.journal)
    plan = await service.plan_fix_of(rig.ref("app:1"), lambda _text: None)
    assert not plan.steps and any("{key:plan-catalog} searches every repository" in text for text in plan.warnings)
    rig.inspector.forget_location()
    told: list[str] = []
    plan = await service.plan_fix_of(rig.ref("app:1"), told.append, search_catalog=True)
    assert [str(step.source) for step in plan.steps] == [rig.at("quite/elsewhere")]
    assert is_whole(plan) and not any("plan-catalog" in text for text in plan.warnings)
    assert any("and 15 other places" in text for text in told)
    gone = await service.plan_fix_of(rig.ref("app:1"), told.append, search_catalog=True)
    assert gone.steps == plan.steps


async def test_a_catalog_that_is_refused_is_said_and_the_plan_is_made_without_it(rig: Rig) -> None:
    images = broken(rig)
    rig.put("app/arm64", images[1], "1")
    lose(rig, "app", images[0].layers[0].digest)
    rig.change(lambda store: setattr(store, "quirks", Quirks(catalog=False)))
    service = DraftService(rig.inspector, journal=rig.journal)
    plan = await service.plan_fix_of(rig.ref("app:1"), lambda _text: None, search_catalog=True)
    assert [str(step.source) for step in plan.steps] == [rig.at("app/arm64")]
    assert any("list the repositories" in text for text in plan.warnings)


async def test_every_repository_that_was_seen_is_looked_in(rig: Rig) -> None:
    """Only the twelve likeliest were: an object in the thirteenth was “in no place that was asked”."""
    images = broken(rig)
    for number in range(30):
        rig.put(f"seen/{number:02}", make(f"seen{number}", "linux/amd64"), "x")
    rig.put("the-last", images[1], "x")
    source = rig.inspector.source(RepositoryLocation.of(rig.ref("app:1")))
    for name in (*(f"seen/{number:02}" for number in range(30)), "the-last"):
        rig.inspector.observations.see_repository(source, name)
    assert [str(step.source) for step in (await plan_of(rig, "app:1")).steps] == [rig.at("the-last")]


async def test_a_child_manifest_is_put_again_with_what_is_below_it(rig: Rig) -> None:
    images = [make("a", f"linux/{name}") for name in ("amd64", "arm64")]
    rig.put_list("app", images, "1")
    rig.put("staging", images[1], "arm64")
    gone = images[1]
    rig.change(lambda store: lose_manifest(store, "app", gone.manifest.digest))
    lose(rig, "app", gone.layers[0].digest)
    plan = await plan_of(rig, "app:1", places=("staging",))
    assert [step.kind for step in plan.steps] == [StepKind.MOUNT, StepKind.MANIFEST]
    assert (await rig.push(plan).run()).outcome is Outcome.PUSHED
    rig.inspector.forget_location()
    assert is_whole(await plan_of(rig, "app:1"))


async def test_a_manifest_comes_back_from_the_bytes_that_the_journal_kept(rig: Rig) -> None:
    one = rig.put("app", make("a", "linux/amd64"), "amd64")
    raw, digest = one.manifest.raw, one.manifest.digest
    rig.put_list("app", [one], "1")
    rig.journal._prepare()
    rig.journal._keep(raw)
    rig.change(lambda store: lose_manifest(store, "app", digest))
    plan = await plan_of(rig, "app:1")
    assert [(step.kind, step.source) for step in plan.steps] == [(StepKind.MANIFEST, None)]
    assert (await rig.push(plan).run()).ok
    assert rig.change(lambda store: digest in store.repository("app").manifests)


async def test_a_manifest_of_which_a_part_is_gone_for_good_is_not_put(rig: Rig) -> None:
    images = [make("a", f"linux/{name}") for name in ("amd64", "arm64")]
    rig.put_list("app", images, "1")
    rig.put("staging", images[1], "arm64", without=(images[1].layers[0],))
    gone = images[1]
    rig.change(lambda store: lose_manifest(store, "app", gone.manifest.digest))
    for piece in (*gone.layers, gone.config):
        lose(rig, "app", piece.digest)
    plan = await plan_of(rig, "app:1", places=("staging",))
    assert not plan.steps
    assert not is_whole(plan) and not undetermined(plan)
    assert any("not pushed" in problem.message for problem in plan.problems)


async def test_what_can_be_had_is_planned_although_something_else_cannot(rig: Rig) -> None:
    images = broken(rig, layers=3)
    lose(rig, "app", images[0].layers[1].digest)
    rig.put("staging", images[1], "arm64")
    plan = await plan_of(rig, "app:1", places=("staging",))
    assert plan.ready and len(plan.steps) == 1
    assert [problem.code for problem in plan.problems] == ["nowhere"]
    assert "1 object stays missing" in plan.confirmation
    assert (await rig.push(plan).run()).outcome is Outcome.PUSHED


async def test_a_place_that_may_not_be_asked_leaves_it_open(rig: Rig) -> None:
    broken(rig)
    rig.put("secret", make("x", "linux/amd64"), "x")
    rig.change(lambda store: deny(store, "secret"))
    plan = await plan_of(rig, "app:1", places=("secret",))
    assert [problem.undetermined for problem in plan.problems] == [True]
    assert undetermined(plan)


async def test_from_another_registry_and_from_a_layout(rig: Rig, tmp_path: Path) -> None:
    images = broken(rig)
    other = Served.start(Store())
    try:
        from tui.demo.images import put_image

        other.call(lambda store: put_image(store, "mirror", images[1], ("1",)))
        service = DraftService(rig.inspector, journal=rig.journal)
        place = RepositoryLocation("mirror", other.address)
        plan = await service.plan_fix([rig.ref("app:1")], lambda _text: None, places=[place])
        assert [step.kind for step in plan.steps] == [StepKind.COPY]
        assert (await rig.push(plan).run()).written == (images[1].layers[1].digest,)
    finally:
        other.stop()
    lose(rig, "app", images[0].layers[1].digest)
    blobs = tmp_path / "layout" / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (tmp_path / "layout" / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (tmp_path / "layout" / "index.json").write_text('{"schemaVersion": 2, "manifests": []}')
    (blobs / images[0].layers[1].digest.partition(":")[2]).write_bytes(images[0].layers[1].raw)
    rig.inspector.forget_location()
    where, _ = await places_in(rig.inspector, [parse_source(f"oci:{tmp_path / 'layout'}")])
    plan = await service.plan_fix([rig.ref("app:1")], lambda _text: None, places=where)
    assert [(step.kind, step.size) for step in plan.steps] == [(StepKind.COPY, len(images[0].layers[1].raw))]
    assert (await rig.push(plan).run()).ok


async def test_all_broken_tags_of_a_repository_in_one_plan_each_object_once(rig: Rig) -> None:
    shared = make("a", "linux/arm64")
    for tag in ("1", "2", "3"):
        rig.put_list("app", [make(tag, "linux/amd64"), shared], tag)
    rig.put_list("app", [make("well", "linux/amd64")], "4")
    own = make("2", "linux/amd64")
    for piece in (shared.layers[1], own.layers[1]):
        lose(rig, "app", piece.digest)
    rig.put("staging", shared, "arm64")
    rig.put("staging", own, "amd64")
    targets, note = await tags_of(rig.inspector, rig.ref("app:1"))
    assert (len(targets), note) == (4, "")
    plan = await plan_of(rig, *(f"app:{each.tag}" for each in targets), places=("staging",))
    assert sorted(str(step.digest) for step in plan.steps) == sorted([shared.layers[1].digest, own.layers[1].digest])
    assert {plan.target.tag, *plan.tags} == {"1", "2", "3"}
    assert "3 of 4 tags are broken" in plan.confirmation
    assert (await rig.push(plan).run()).outcome is Outcome.PUSHED
    rig.inspector.forget_location()
    after = await plan_of(rig, *(f"app:{each.tag}" for each in targets))
    assert is_whole(after) and not after.steps


async def test_a_tag_that_is_not_there_cannot_be_fixed(rig: Rig) -> None:
    broken(rig)
    plan = await plan_of(rig, "app:nope")
    assert not plan.ready and plan.problems[0].code == "no-such-tag"
    assert not undetermined(plan)


async def test_a_digest_that_is_missing_itself_is_brought_back_from_another_place(rig: Rig) -> None:
    """What a digest names is the same wherever it is: the root is put last, after all below it."""
    images = [make("a", f"linux/{name}") for name in ("amd64", "arm64")]
    digest = rig.put_list("elsewhere/app", images, "1")
    rig.put("roots", images[0])
    plan = await plan_of(rig, f"roots@{digest}", places=("elsewhere/app",))
    assert is_whole(plan) and (plan.before, plan.digest) == (None, digest)
    assert (plan.steps[-1].kind, plan.steps[-1].digest) == (StepKind.MANIFEST, digest)
    assert (await rig.push(plan).run()).outcome is Outcome.PUSHED
    rig.inspector.forget_location()
    after = await plan_of(rig, f"roots@{digest}")
    assert is_whole(after) and not after.steps and after.before == digest


async def test_a_missing_image_comes_back_from_the_bytes_that_the_journal_kept(rig: Rig) -> None:
    one = make("kept", "linux/amd64")
    rig.put("kept", one, "1")
    assert (await rig.pushed("kept:list", "kept:1")).ok
    digest = rig.holds("kept", "list")
    rig.change(lambda store: store.delete_manifest("kept", str(digest)))
    rig.inspector.forget_location()
    plan = await plan_of(rig, f"kept@{digest}")
    assert is_whole(plan) and [step.digest for step in plan.steps] == [digest]
    assert (await rig.push(plan).run()).ok
    assert not (await plan_of(rig, f"kept@{digest}")).steps


async def test_a_missing_digest_whose_layer_is_nowhere_is_not_put(rig: Rig) -> None:
    images = [make("hole", f"linux/{name}") for name in ("amd64", "arm64")]
    digest = rig.put_list("elsewhere/hole", images, "1")
    lose(rig, "elsewhere/hole", images[1].layers[1].digest)
    plan = await plan_of(rig, f"hole@{digest}", places=("elsewhere/hole",))
    assert not is_whole(plan)
    assert digest not in {step.digest for step in plan.steps}
    told = " ".join(problem.message for problem in plan.problems)
    assert f"The index {digest}" in told and "not pushed" in told


async def test_a_missing_digest_that_is_nowhere_is_said_in_plain_words(rig: Rig) -> None:
    digest = make("nowhere", "linux/amd64").manifest.digest
    plan = await plan_of(rig, f"app@{digest}", places=("staging",))
    assert not plan.ready and plan.problems[0].code == "no-such-manifest"
    assert "Not found in any place searched" in plan.problems[0].message


async def test_recreating_knows_where_the_search_found_it(rig: Rig) -> None:
    """The offer `R` ended in “exists nowhere” for a layer that fanfold itself had found in another repository."""
    images = broken(rig)
    rig.put("app/arm64", images[1], "other")
    explorer = Explorer(rig.inspector)
    row = explorer.add_selector(RegistrySource(rig.client, rig.registry), "app", "1")
    await explorer.check(row).wait()
    service = DraftService(rig.inspector, journal=rig.journal)
    plan = await plan_draft(await service.recreate(row, lambda _text: None), rig.inspector)
    assert plan.ready, plan.problems
    assert [(step.kind, str(step.source)) for step in plan.steps] == [(StepKind.MOUNT, rig.at("app/arm64"))]


@pytest.mark.parametrize("moved", [True, False])
async def test_a_fix_never_moves_a_tag(rig: Rig, moved: bool) -> None:
    images = broken(rig)
    rig.put("staging", images[1], "arm64")
    plan = await plan_of(rig, "app:1", places=("staging",))
    theirs = rig.put_list("app", [make("theirs", "linux/amd64")], "1") if moved else plan.before
    assert (await rig.push(plan).run()).ok
    assert rig.holds("app", "1") == theirs
    assert How.MOUNT in {each.how for each in plan.objects}


async def test_a_plan_says_that_nothing_can_be_done_where_that_is_so(rig: Rig) -> None:
    """The head of the plan said “nothing to do” of a tag that has a hole which nothing fills."""
    images = [make("gone", f"linux/{name}") for name in ("amd64", "arm64")]
    rig.put_list("well", images, "1")
    whole = await plan_of(rig, "well:1")
    assert whole.ready and not whole.steps and whole.state == "nothing to do"
    rig.put_list("ill", [make("ill", f"linux/{name}") for name in ("amd64", "arm64")], "1")
    lose(rig, "ill", make("ill", "linux/arm64").layers[1].digest)
    plan = await plan_of(rig, "ill:1")
    assert plan.ready and not plan.steps and plan.state == "nothing found"
