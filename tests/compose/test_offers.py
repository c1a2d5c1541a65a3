"""What a verdict offers can be done: of every image of the gallery the offered actions are tried."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.compose.fixtures import Rig, make
from tui.compose.fix import is_whole
from tui.compose.journal import Journal, JournalMemory
from tui.compose.service import DraftService
from tui.config import Settings
from tui.demo.gallery import GALLERY, build_gallery
from tui.demo.serve import Served
from tui.engine import open_engine
from tui.explore.advice import LOOKS, OTHER_DIGEST, RECREATED, SAME_DIGEST
from tui.explore.explorer import Explorer
from tui.explore.finding import offers
from tui.explore.findings import findings
from tui.explore.node import Node
from tui.explore.verdict import verdict
from tui.oci import media
from tui.oci.reference import Reference
from tui.sources.registry import RegistrySource
from tui.sources.spec import parse_source

#: What takes its time on purpose and has nothing wrong with it.
SLOW = {"slow", "many-tags", "counted", "hostile"}
REFERENCES = [reference for sample in GALLERY if sample.name not in SLOW for reference in sample.references]


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with Served.start(build_gallery()) as served:
        yield served


@pytest.mark.parametrize("reference", REFERENCES)
async def test_what_is_offered_can_be_done(served: Served, reference: str, tmp_path: Path) -> None:
    engine = open_engine(Settings())
    try:
        node = await engine.open(parse_source(f"{served.address}/{reference}"))
        await engine.explorer.check(node).wait()
        offered = offers(findings(node, engine.explorer.observations))
        service = DraftService(engine.inspector, journal=Journal(tmp_path / "journal"))
        target = Reference.parse(f"{served.address}/{reference}")
        for action in offered:
            if action == "fix":
                plan = await service.plan_fix([target], lambda _text: None)
                assert plan.steps and is_whole(plan), plan.confirmation
            elif action == "recreate":
                plan = await service.plan(await service.recreate(node, lambda _text: None))
                assert plan.ready, [problem.message for problem in plan.problems]
                assert plan.digest != plan.before
            elif action == "amend":
                assert (await service.amend(node)).target == target
    finally:
        await engine.aclose()


async def test_a_place_that_the_journal_knows_is_offered(rig: Rig) -> None:
    images = [make("a", f"linux/{name}") for name in ("amd64", "arm64")]
    for one, name in zip(images, ("amd64", "arm64"), strict=True):
        rig.put(f"builds/of-{name}", one, "7")
    assert (await rig.pushed("known:1", "builds/of-amd64:7", "builds/of-arm64:7")).ok
    rig.change(lambda store: store.delete_blob("known", images[1].layers[1].digest))
    explorer = Explorer(rig.inspector)
    explorer.remember(lambda: JournalMemory(rig.journal))
    found = await offered(explorer, rig, "known:1")
    assert found == {"fix": SAME_DIGEST}


@pytest.mark.parametrize("hole", [False, True])
async def test_recreating_is_offered_only_when_its_tags_are_whole(rig: Rig, hole: bool) -> None:
    place = f"again-{hole}".lower()
    old = [make("old", f"linux/{name}") for name in ("amd64", "arm64")]
    new = [make("new", f"linux/{name}") for name in ("amd64", "arm64")]
    rig.put_list(place, old, "1")
    for one, name in zip(new, ("amd64", "arm64"), strict=True):
        rig.put(place, one, f"1-{name}")
    rig.change(lambda store: store.delete_blob(place, old[1].layers[1].digest))
    if hole:
        rig.change(lambda store: store.delete_blob(place, new[1].layers[1].digest))
    explorer = Explorer(rig.inspector)
    assert await offered(explorer, rig, f"{place}:1") == ({} if hole else {"recreate": OTHER_DIGEST})
    top = explorer.roots[0].children[0].children[0]
    sentence = verdict(top, None, explorer.observations).sentence
    assert (RECREATED in sentence) is not hole
    [stale] = [each for each in findings(top, explorer.observations) if each.platform == "linux/arm64"][1:]
    assert ("missing in its current image too" in stale.fix) is hole


async def test_a_tag_that_still_holds_the_entry_leaves_nothing_to_recreate(rig: Rig) -> None:
    old = [make("old", f"linux/{name}") for name in ("amd64", "arm64")]
    rig.put_list("held", old, "1")
    rig.put("held", make("new", "linux/arm64"), "1-arm64")
    rig.put("held", old[1], "1-before")
    rig.change(lambda store: store.delete_blob("held", old[1].layers[1].digest))
    assert await offered(Explorer(rig.inspector), rig, "held:1") == {}


async def test_before_anybody_looked_the_offer_says_that_it_looks(rig: Rig) -> None:
    images = [make("a", f"linux/{name}") for name in ("amd64", "arm64")]
    rig.put_list("looks", images, "1")
    rig.change(lambda store: store.delete_blob("looks", images[1].layers[1].digest))
    explorer = Explorer(rig.inspector)
    node = await row(explorer, rig, "looks:1")
    await explorer.open(node)
    run = explorer.check_unasked(node)
    assert run is not None
    await run.wait()
    assert offers(findings(node, explorer.observations)) == {"fix": LOOKS}
    assert await offered(explorer, rig, "looks:1") == {}


async def row(explorer: Explorer, rig: Rig, text: str) -> Node:
    repository, _, tag = text.partition(":")
    return await explorer.add_reference(RegistrySource(rig.client, rig.registry), repository, tag)


async def offered(explorer: Explorer, rig: Rig, text: str) -> dict[str, str]:
    node = await row(explorer, rig, text)
    await explorer.check(node).wait()
    return offers(findings(node, explorer.observations))


@pytest.mark.parametrize("name", ["wrong-type", "nested"])
async def test_what_amending_is_advised_for_is_gone_after_it(served: Served, name: str, tmp_path: Path) -> None:
    engine = open_engine(Settings())
    try:
        target = Reference.parse(f"{served.address}/gallery/{name}:latest")
        service = DraftService(engine.inspector, journal=Journal(tmp_path / "journal"))
        draft = await service.amend_tag(target)
        if name == "nested":
            [row] = [each for each in draft.entries if media.is_index(each.descriptor.media_type)]
            draft = await service.flatten(draft, row.key)
        else:
            [row] = [each for each in draft.entries if each.descriptor.media_type == media.DOCKER_MANIFEST]
            place = f"{served.address}/gallery/{name}@{row.descriptor.digest}"
            draft = await service.replace(draft, row.key, place)
        plan = await service.plan(draft)
        assert plan.ready and plan.digest != plan.before
        types = {each.descriptor.media_type for each in draft.kept}
        assert types == {media.OCI_MANIFEST}
    finally:
        await engine.aclose()
