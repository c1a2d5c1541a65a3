"""From references to entries: what is unwrapped, what is refused, and where it stops."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.compose.fixtures import Rig, make
from tui.compose import edit
from tui.compose.copy import plan_copy
from tui.compose.errors import ResolveError
from tui.compose.plan import How, difference, summary
from tui.compose.planner import plan_draft
from tui.compose.resolve import resolve
from tui.demo.images import index, put_index
from tui.demo.storage_folder import write_storage
from tui.explore.diff import Change
from tui.explore.inspector import Inspector
from tui.explore.walker import INDEX_LIMIT
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import Index, decode
from tui.sources.location import ObjectLocation
from tui.sources.presence import Presence


def put_raw(rig: Rig, document: dict[str, Any], media_type: str, tag: str) -> Digest:
    raw = json.dumps(document).encode()
    return Digest.parse(rig.change(lambda store: store.put_manifest("app", raw, media_type, (tag,))))


def wrap(rig: Rig, entries: Sequence[dict[str, Any]], tag: str) -> dict[str, Any]:
    made = index(entries)
    rig.change(lambda store: put_index(store, "app", made, (tag,)))
    return made.descriptor()


async def refused(rig: Rig, reference: str, words: str, presence: Presence = Presence.MISMATCHED) -> None:
    with pytest.raises(ResolveError) as raised:
        await resolve(rig.inspector, rig.at(reference))
    assert words in raised.value.sentence
    assert raised.value.presence is presence


async def test_indexes_in_indexes(rig: Rig) -> None:
    one = rig.put("app", make("a", "linux/amd64"))
    two = rig.put("app", make("a", "linux/arm64"))
    inner = wrap(rig, [one.entry()], "inner")
    outer = wrap(rig, [inner, two.entry(), inner], "outer")
    wrap(rig, [outer, one.entry()], "top")
    found = await resolve(rig.inspector, rig.at("app:top"))
    assert [entry.descriptor.digest for entry in found.entries] == [one.manifest.digest, two.manifest.digest]
    assert found.nested
    assert any("unwrapped 2 indexes" in note for note in found.notes)


async def test_how_deep_it_goes(rig: Rig) -> None:
    one = rig.put("app", make("a", "linux/amd64"))
    inner = wrap(rig, [one.entry()], "0")
    for number in range(1, INDEX_LIMIT + 2):
        inner = wrap(rig, [inner], str(number))
    assert (await resolve(rig.inspector, rig.at(f"app:{INDEX_LIMIT}"))).entries
    await refused(rig, f"app:{INDEX_LIMIT + 1}", "nests more than 64 indexes")


async def test_platforms_come_from_the_config_where_the_index_says_none(rig: Rig) -> None:
    one = rig.put("app", make("a", "windows/amd64", os_version="10.0.17763.1"))
    wrap(rig, [one.manifest.descriptor()], "1")
    entry = (await resolve(rig.inspector, rig.at("app:1"))).entries[0]
    assert str(entry.platform) == "windows/amd64 10.0.17763.1"


async def test_os_features_come_along(rig: Rig) -> None:
    config = json.dumps(
        {"os": "windows", "architecture": "amd64", "os.version": "1", "os.features": ["win32k"]}
    ).encode()
    digest = rig.change(lambda store: store.put_blob("app", config))
    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": {"mediaType": media.OCI_CONFIG, "digest": digest, "size": len(config)},
        "layers": [],
    }
    put_raw(rig, document, media.OCI_MANIFEST, "1")
    platform = (await resolve(rig.inspector, rig.at("app:1"))).entries[0].platform
    assert platform is not None
    assert platform.os_features == ("win32k",)


async def test_what_is_no_image(rig: Rig) -> None:
    one = make("a", "linux/amd64")
    _, proof = rig.put_attested("app", one, "1")
    await refused(rig, f"app@{proof.manifest.digest}", "an attestation, not an image")
    wrap(rig, [], "empty")
    await refused(rig, "app:empty", "without images")
    wrap(rig, [proof.entry()], "only-proof")
    await refused(rig, "app:only-proof", "without images")
    put_raw(rig, {"schemaVersion": 2, "manifests": [], "layers": []}, media.OCI_INDEX, "both")
    await refused(rig, "app:both", "not an image")
    await refused(rig, "app:never", "does not exist", Presence.MISSING)


async def test_amending_what_is_not_there(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "image")
    with pytest.raises(ResolveError, match="make a new list"):
        await edit.begin_amend(rig.inspector, rig.ref("app:never"))
    draft = await edit.begin_amend(rig.inspector, rig.ref("app:image"))
    assert len(draft.images) == 1
    draft = await edit.add_reference(rig.inspector, draft, rig.at("app:image"))
    assert len(draft.images) == 1


async def test_a_child_that_lies_about_its_size_stops_the_plan(rig: Rig) -> None:
    one = rig.put("app", make("a", "linux/amd64"))
    entry = {**one.entry(), "size": 3}
    wrap(rig, [entry], "1")
    plan = await plan_draft(await rig.draft("other:1", "app:1"), rig.inspector)
    assert not plan.ready
    assert "3 bytes" in plan.problems[0].message


async def test_flattening_a_row(rig: Rig) -> None:
    one = rig.put("app", make("a", "linux/amd64"))
    two = rig.put("app", make("a", "linux/arm64"))
    inner = wrap(rig, [one.entry()], "inner")
    wrap(rig, [inner, two.entry()], "1")
    draft = await edit.begin_amend(rig.inspector, rig.ref("app:1"))
    flat = await edit.flatten(rig.inspector, draft, draft.entries[0].key)
    assert [entry.descriptor.digest for entry in flat.entries] == [one.manifest.digest, two.manifest.digest]
    assert (await plan_draft(flat, rig.inspector)).ready


async def test_foreign_layers_are_left_out(rig: Rig) -> None:
    one = make("w", "windows/amd64", os_version="1")
    rig.put("staging", one, "t")
    document = json.loads(one.manifest.raw)
    document["layers"].append(
        {
            "mediaType": media.DOCKER_FOREIGN_LAYER,
            "digest": Digest.of(b"foreign"),
            "size": 7,
            "urls": ["https://example.com/layer"],
        }
    )
    raw = json.dumps(document).encode()
    rig.change(lambda store: store.put_manifest("staging", raw, media.OCI_MANIFEST, ("f",)))
    plan = await rig.plan("app:1", "staging:f")
    assert plan.count(How.FOREIGN) == 1
    assert Digest.of(b"foreign") not in [step.digest for step in plan.steps]
    assert not rig.asked("", Digest.of(b"foreign"))


async def test_data_that_is_embedded_is_uploaded_from_there(rig: Rig) -> None:
    """The empty config of an artifact is often in no registry, but in its descriptor."""
    import base64

    one = make("a", "linux/amd64")
    rig.put("staging", one)
    config = one.config.raw
    document = json.loads(one.manifest.raw)
    document["config"]["data"] = base64.b64encode(config).decode()
    raw = json.dumps(document).encode()
    digest = rig.change(lambda store: store.put_manifest("staging", raw, media.OCI_MANIFEST, ("t",)))
    entry = {"mediaType": media.OCI_MANIFEST, "digest": digest, "size": len(raw), "platform": dict(one.platform)}
    made = index([entry])
    rig.change(lambda store: put_index(store, "staging", made, ("1",)))
    rig.change(lambda store: store.delete_blob("staging", one.config.digest))
    plan = await rig.plan("app:1", "staging:1")
    assert [each.how for each in plan.objects if each.kind == "config"] == [How.COPY]
    assert (await rig.push(plan).run()).ok
    assert rig.change(lambda store: store.blob("app", one.config.digest)) == config


class TestDifference:
    def index(self, entries: Sequence[dict[str, Any]], **notes: str) -> Index:
        found = decode(index(entries, annotations=notes or None).raw)
        assert isinstance(found, Index)
        return found

    def test_nothing_before(self) -> None:
        one = make("a", "linux/amd64")
        rows = difference(None, self.index([one.entry()], k="v"))
        assert {row.kind for row in rows} == {Change.ADDED}
        assert summary(rows) == "2 added"

    def test_everything_at_once(self) -> None:
        a, b, c, d = (make(name, f"linux/{name}") for name in ("amd64", "arm64", "s390x", "riscv64"))
        a2 = make("new", "linux/amd64")
        before = self.index([a.entry(), b.entry(), c.entry()], gone="1", kept="1", other="1")
        after = self.index([b.entry(), a2.entry(), d.entry()], kept="1", other="2", **{"evil\x1b": "\u202e"})
        rows = {(row.kind, row.what) for row in difference(before, after)}
        assert rows == {
            (Change.SAME, "type"),
            (Change.SAME, "linux/arm64"),
            (Change.CHANGED, "linux/amd64"),
            (Change.ADDED, "linux/riscv64"),
            (Change.REMOVED, "linux/s390x"),
            (Change.CHANGED, "order"),
            (Change.REMOVED, "annotation gone"),
            (Change.CHANGED, "annotation other"),
            (Change.ADDED, "annotation evil\\x1b"),
        }

    def test_the_same_is_the_same(self) -> None:
        one = self.index([make("a", "linux/amd64").entry(), make("a", "linux/arm64").entry()])
        assert {row.kind for row in difference(one, one)} == {Change.SAME}


def saved(path: Path, *names: str) -> str:
    """What `docker save` writes, with one image for each name."""
    files: dict[str, bytes] = {}
    listed = []
    for name in names:
        tape = io.BytesIO()
        with tarfile.open(fileobj=tape, mode="w") as tar:
            add(tar, "name", name.encode())
        layer = tape.getvalue()
        rootfs = {"type": "layers", "diff_ids": [str(Digest.of(layer))]}
        config = json.dumps({"os": "linux", "architecture": "amd64", "rootfs": rootfs}).encode()
        where = [f"{Digest.of(config).encoded}.json", f"{Digest.of(layer).encoded}/layer.tar"]
        files |= dict(zip(where, (config, layer), strict=True))
        listed.append({"Config": where[0], "Layers": [where[1]], "RepoTags": [name]})
    with tarfile.open(path, "w") as tar:
        for name, raw in {**files, "manifest.json": json.dumps(listed).encode()}.items():
            add(tar, name, raw)
    return f"docker-archive:{path}"


def add(tar: tarfile.TarFile, name: str, raw: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(raw)
    tar.addfile(info, io.BytesIO(raw))


async def test_the_only_image_of_an_archive_needs_no_name(rig: Rig, tmp_path: Path) -> None:
    archive = saved(tmp_path / "one.tar", "app:1")
    found = await resolve(rig.inspector, archive)
    assert [str(entry.platform) for entry in found.entries] == ["linux/amd64"]
    assert str(found.home) == f"{archive}:app"
    draft, errors = await edit.begin_new(rig.inspector, rig.ref("new:1"), [archive])
    assert not errors
    assert (await rig.push(await plan_draft(draft, rig.inspector)).run()).ok
    assert rig.holds("new", "1") is not None


async def test_several_images_of_an_archive_are_named(rig: Rig, tmp_path: Path) -> None:
    archive = saved(tmp_path / "two.tar", "app:1", "other:2")
    with pytest.raises(ResolveError) as raised:
        await resolve(rig.inspector, archive)
    assert f"name one: {archive}:app:1, {archive}:other:2" in raised.value.sentence
    found = await resolve(rig.inspector, f"{archive}:other:2")
    assert found.home.repository == "other"
    assert (await resolve(rig.inspector, found.home.by_digest(found.root.digest))).root.digest == found.root.digest


async def test_the_same_list_in_other_bytes_differs_in_its_bytes(rig: Rig) -> None:
    one = make("a", "linux/amd64")
    document = json.loads(index([one.entry()]).raw)
    before, after = (decode(json.dumps(document, indent=indent).encode(), media.OCI_INDEX) for indent in (2, 3))
    found = [row for row in difference(before, after) if row.kind is not Change.SAME]
    assert [row.what for row in found] == ["bytes"]
    assert before.digest.short in found[0].before and after.digest.short in found[0].after
    assert summary(difference(before, after)) == "1 as before"
    assert all(row.kind is Change.SAME for row in difference(before, before))


async def test_images_of_a_storage_folder_are_named_as_they_are_asked_for(rig: Rig, tmp_path: Path) -> None:
    rig.put("att", make("a", "linux/amd64"), "1", "2")
    rig.change(lambda store: write_storage(store, tmp_path, ["att"]))
    with pytest.raises(ResolveError) as raised:
        await resolve(rig.inspector, f"storage:{tmp_path}")
    named = raised.value.sentence.partition("name one: ")[2].rstrip(".").split(", ")
    assert named == [f"storage:{tmp_path}:att:1", f"storage:{tmp_path}:att:2"]
    found = [await resolve(rig.inspector, name) for name in named]
    assert found[0].home == found[1].home and found[0].home.repository == "att"
    by_digest = await resolve(rig.inspector, found[0].home.by_digest(found[0].root.digest))
    assert by_digest.root.digest == found[0].root.digest
    assert not rig.asked()


async def test_layouts_whose_paths_hold_colons_are_copied_from(rig: Rig, tmp_path: Path) -> None:
    """A place that was once found is opened again as that, whatever lies beside it."""
    archive = saved(tmp_path / "one.tar:1", "app:1")
    found = await resolve(rig.inspector, archive)
    saved(tmp_path / "one.tar", "other:1")
    inspector = Inspector(rig.client)
    plan = await plan_copy(inspector, ObjectLocation(found.home, "1"), rig.ref("new:1"))
    await inspector.aclose()
    assert plan.ready and plan.digest == found.root.digest
    with pytest.raises(OciError, match="rename one of them"):
        await resolve(rig.inspector, archive)
