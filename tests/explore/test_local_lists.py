"""Docker's stored lists in the tree: opening one tells which of its entries are stale."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.local_lists import write_list
from tui.demo.faults import lose_manifest
from tui.demo.gallery import build_gallery
from tui.demo.samples.broken import pair
from tui.demo.samples.stories import docker_manifests
from tui.demo.serve import Served
from tui.explore.explorer import Explorer
from tui.explore.finding import Finding
from tui.explore.findings import findings
from tui.explore.node import Kind, Node
from tui.explore.tree import Event, NodeChanged
from tui.explore.verdict import verdict
from tui.registry.client import Client
from tui.sources.docker_manifests import DockerManifests


async def opened(served: Served, folder: Path, *, check: bool) -> tuple[Node, list[Finding], str]:
    for name, raw in docker_manifests(served.address).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    client = Client()
    explorer = Explorer()
    told = asyncio.Event()

    def hear(event: Event) -> None:
        if isinstance(event, NodeChanged) and any(
            f.code == "stale-local-list" for f in findings(event.node, explorer.observations)
        ):
            told.set()

    explorer.subscribe(hear)
    root = explorer.add_source(DockerManifests(folder, client))
    await explorer.open(root)
    await explorer.open(root.children[0])
    tag = root.children[0].children[0]
    await explorer.open(tag)
    if check:
        await explorer.check(tag).wait()
    await asyncio.wait_for(told.wait(), 10)
    found = findings(tag, explorer.observations)
    sentence = verdict(tag, found, explorer.observations).sentence
    await explorer.aclose()
    await client.aclose()
    return tag, found, sentence


async def test_opening_tells_what_is_stale(tmp_path: Path) -> None:
    with Served.start(build_gallery()) as served:
        tag, found, _ = await opened(served, tmp_path, check=False)
    assert tag.kind is Kind.TAG
    assert (tag.repository, tag.tag) == (f"{served.address}/sandbox", "0.16-edge")
    stale = [each for each in found if each.code == "stale-entry"]
    assert len(stale) == 2
    assert {each.platform for each in stale} == {"linux/amd64", "linux/arm64"}
    assert all("now" in each.message for each in stale)
    whole = next(each for each in found if each.code == "stale-local-list")
    assert "2 of its 2 entries" in whole.message
    assert whole.action == "recreate"


async def test_a_list_with_a_hole_below_its_manifests_would_push(tmp_path: Path) -> None:
    """`docker manifest push` looks at no layer: the list goes out, and nobody can pull it there."""
    with Served.start(build_gallery()) as served:
        place = f"{served.address}/gallery/missing-layer"
        images = {f"{place}@{each.manifest.digest}": each for each in pair("missing-layer")}
        write_list(tmp_path / "manifests", f"{place}:new", images)
        client, explorer = Client(), Explorer()
        root = explorer.add_source(DockerManifests(tmp_path, client))
        await explorer.open(root)
        await explorer.open(root.children[0])
        tag = root.children[0].children[0]
        await explorer.check(tag).wait()
        found = findings(tag, explorer.observations)
        sentence = verdict(tag, found, explorer.observations).sentence
        await explorer.aclose()
        await client.aclose()
    assert [(each.code, each.action) for each in found] == [("missing-blob", None)]
    assert "cannot be pushed" not in sentence + " ".join(each.message + each.fix for each in found)
    assert sentence == (
        "new can be pushed but not pulled on linux/arm64: 1 layer is missing. It can be pushed on linux/amd64."
    )


async def test_a_check_names_what_pushing_it_would_miss(tmp_path: Path) -> None:
    with Served.start(build_gallery()) as served:
        digest = served.store.repository("sandbox").tags["0.16-edge-arm64"]
        served.call(lambda store: lose_manifest(store, "sandbox", "0.16-edge-arm64"))
        _, found, sentence = await opened(served, tmp_path, check=True)
    assert digest
    assert len([each for each in found if each.code == "missing-manifest"]) == 2
    assert any("is gone from the registry" in each.message for each in found if each.code == "stale-entry")
    gone = [each for each in found if "gone" in each.message + each.fix]
    assert gone and not any(each.action for each in gone)  # nothing to recreate the list from
    assert "cannot be pushed on" in sentence and "be pulled" not in sentence
