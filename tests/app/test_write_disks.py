"""The capitals on rows of what lies on disk: C and N lead from there to a registry, and the others say why not."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from tests.app.draft_stage import FixStage, fixing
from tests.sources.test_layout import files_of
from tests.support import images
from tests.support.gallery import served
from tui.app.keys import BY_ID
from tui.compose.plan import How
from tui.demo.storage_folder import write_storage
from tui.demo.store import Store
from tui.explore.node import Kind, Node
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.sources.docker_lists import entry_file, stored_name

pytestmark = pytest.mark.slow

REPOSITORY = {"oci": "", "oci-archive": "", "docker-archive": "app", "storage": "app"}
KINDS = tuple(REPOSITORY)


def sample() -> images.Image:
    """A list of two platforms, one of them with an attestation."""
    amd64, arm64 = images.image("linux/amd64"), images.image("linux/arm64")
    return images.index(amd64, images.attestation(amd64), arm64)


def put(store: Store, repository: str, one: images.Image, tag: str = "") -> None:
    for blob in one.blobs:
        store.put_blob(repository, blob.data)
    store.put_manifest(repository, one.raw, one.descriptor.media_type, (tag,) if tag else ())


def stored(folder: Path, made: images.Image) -> None:
    """The same in a storage folder."""
    store = Store()
    for one in (*made.children, made):
        put(store, "app", one, "1.0" if one is made else "")
    write_storage(store, folder, ["app"])


def written(kind: str, where: Path) -> tuple[str, images.Image]:
    """What is opened, and the list in it."""
    made = sample()
    path = where / "disk"
    if kind == "storage":
        stored(path, made)
        return f"storage:{path}", made
    files = files_of(made)
    if kind == "docker-archive":
        files["manifest.json"] = json.dumps([{"Config": "none", "Layers": [], "RepoTags": ["app:1.0"]}]).encode()
    for name, raw in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(raw)
    if kind == "oci":
        return f"oci:{path}", made
    with tarfile.open(where / "disk.tar", "w") as tar:
        for name in files:
            tar.add(path / name, name)
    return f"{kind}:{where / 'disk.tar'}", made


async def rows_of(stage: FixStage, kind: str) -> tuple[Node, list[Node]]:
    """The row of the list on the disk, opened, and all rows of its source."""
    root = next(each for each in stage.main.explorer.roots if each.source.registry is None)
    node = await stage.main.explorer.add_reference(root.source, REPOSITORY[kind], "1.0")
    await stage.main.explorer.check(node).wait()
    stage.main.redraw.sync_tree()
    return node, list(root.walk())


async def push_to(stage: FixStage) -> None:
    await stage.planned()
    assert stage.plan.ready, stage.text
    assert any(each.how is How.COPY for each in stage.plan.objects)
    await stage.press("y")
    await stage.ended()
    assert stage.result.ok, stage.result.sentence
    await stage.press("enter")
    await stage.screen("MainScreen")


def held(stage: FixStage, repository: str, tag: str) -> bytes:
    """The bytes that a tag holds in the registry."""
    digest = str(stage.holds(repository, tag))
    return stage.registry.call(lambda store: store.repository(repository).manifests[digest].raw)


def whole(stage: FixStage, repository: str, one: images.Image) -> None:
    """Every byte of it is in the registry's repository."""
    kept = stage.registry.call(lambda store: {**store.data})
    there = stage.registry.call(lambda store: set(store.repository(repository).manifests))
    assert str(one.digest) in there
    for blob in one.blobs:
        assert kept[str(blob.digest)] == blob.data
    for child in one.children:
        whole(stage, repository, child)


@pytest.mark.parametrize("kind", KINDS)
async def test_what_lies_on_disk_is_copied_to_a_registry(kind: str, tmp_path: Path) -> None:
    text, made = written(kind, tmp_path)
    with served() as registry:
        async with fixing(registry, sources=(registry.address, text)) as stage:
            node, rows = await rows_of(stage, kind)
            platform = next(row for row in rows if row.kind is Kind.MANIFEST)
            for row, one, tag in ((node, made, "all"), (platform, made.children[0], "one")):
                await stage.main.navigation.highlight(row)
                await stage.press("C")
                await stage.screen("TargetPrompt")
                await stage.type(f"{registry.address}/{tag}:1")
                await stage.press("enter")
                await push_to(stage)
                assert stage.holds(tag, "1") == str(one.digest)
                whole(stage, tag, one)


@pytest.mark.parametrize("kind", KINDS)
async def test_marked_platforms_on_disk_keep_their_attestations(kind: str, tmp_path: Path) -> None:
    text, made = written(kind, tmp_path)
    with served() as registry:
        async with fixing(registry, sources=(registry.address, text)) as stage:
            _node, rows = await rows_of(stage, kind)
            await stage.main.navigation.highlight(next(row for row in rows if row.digest == made.children[0].digest))
            await stage.press("m", "N")
            await stage.screen("TargetPrompt")
            await stage.type(f"{registry.address}/fresh:1")
            await stage.press("enter")
            await stage.screen("DraftScreen")
            await stage.press("P")
            await push_to(stage)
            entries = [entry["digest"] for entry in json.loads(held(stage, "fresh", "1"))["manifests"]]
            assert entries == [str(each.digest) for each in made.children[:2]]
            whole(stage, "fresh", made.children[1])


@pytest.mark.parametrize("kind", KINDS)
async def test_a_marked_tag_on_disk_is_that_and_nobody_elses(kind: str, tmp_path: Path) -> None:
    text, made = written(kind, tmp_path)
    with served() as registry:
        async with fixing(registry, sources=(registry.address, text)) as stage:
            node, _rows = await rows_of(stage, kind)
            await stage.main.navigation.highlight(node)
            await stage.press("m", "N")
            await stage.screen("TargetPrompt")
            await stage.type(f"{registry.address}/fresh:1")
            await stage.press("enter")
            await stage.screen("DraftScreen")
            await stage.press("P")
            await push_to(stage)
            assert stage.holds("fresh", "1") == str(made.digest)
            trace = stage.main.services.trace if stage.main.services is not None else None
            assert trace is not None
            asked = {exchange.url.partition("/v2/")[0] for exchange in trace.exchanges}
            assert asked == {f"http://{registry.address}"}


async def test_a_marked_platform_of_a_local_list_is_as_docker_annotated_it(tmp_path: Path) -> None:
    """And the list itself is copied as it is stored, from the repositories that its entries lie in."""
    with served() as registry:
        address = registry.address
        for name, variant in (("arm64", "v9"), ("amd64", None)):
            one = images.image(f"linux/{name}")
            registry.call(partial(put, repository=f"app/{name}", one=one, tag="1"))
            reference = Reference.parse(f"{address}/app/{name}:1")
            described = replace(one.descriptor, platform=Platform("linux", name, variant))
            path = tmp_path / "manifests" / stored_name(f"{address}/app:1") / stored_name(str(reference))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(entry_file(reference, described, one.raw))
        text = f"docker-manifests:{tmp_path / 'manifests'}"
        async with fixing(registry, sources=(address, text)) as stage:
            root = next(each for each in stage.main.explorer.roots if each.source.registry is None)
            node = await stage.main.explorer.add_reference(root.source, f"{address}/app", "1")
            await stage.main.explorer.check(node).wait()
            stage.main.redraw.sync_tree()
            await stage.main.navigation.highlight(next(row for row in node.children if "arm64" in str(row.platform)))
            await stage.press("m", "N")
            await stage.screen("TargetPrompt")
            await stage.type(f"{address}/fresh:1")
            await stage.press("enter")
            await stage.screen("DraftScreen")
            assert "linux/arm64/v9" in stage.shown()
            await stage.press("P")
            await push_to(stage)
            assert b'"v9"' in held(stage, "fresh", "1")
            await stage.main.navigation.highlight(node)
            await stage.press("C")
            await stage.screen("TargetPrompt")
            await stage.type(f"{address}/copied:1")
            await stage.press("enter")
            await push_to(stage)
            assert stage.holds("copied", "1") == str(node.digest)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_capital_works_or_says_why_not(kind: str, tmp_path: Path) -> None:
    text, _made = written(kind, tmp_path)
    with served() as registry:
        async with fixing(registry, sources=(registry.address, text)) as stage:
            _node, rows = await rows_of(stage, kind)
            assert {Kind.SOURCE, Kind.TAG, Kind.MANIFEST, Kind.ATTESTATION, Kind.LAYER} <= {row.kind for row in rows}
            for row in rows:
                await stage.main.navigation.highlight(row)
                now = stage.main.context()
                assert now.node is row
                why = {action: stage.main.actions.unavailable(action, now) for action in BY_ID if BY_ID[action].writes}
                for action in ("recreate", "amend", "tag", "delete", "undo"):
                    assert why[action] == row.source.why_read_only, (row, action)
                assert why["push"] == "no draft is open, and this is not one of Docker's local lists"
                assert bool(why["copy-elsewhere"]) == (row.image() is None), row
                assert "mark" in why["new"]
