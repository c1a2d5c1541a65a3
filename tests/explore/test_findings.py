"""Each code of findings, from images that have that fault; and none from images that are well."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.codes import CODES, Severity
from tui.explore.explorer import Explorer
from tui.explore.finding import Finding
from tui.explore.findings import findings
from tui.explore.node import Node
from tui.explore.verdict import verdict
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.sources.base import SourceError
from tui.sources.presence import Observation, Presence

AMD, ARM = "linux/amd64", "linux/arm64"


async def checked(source: FakeSource, tag: str = "1") -> tuple[Explorer, Node, list[Finding]]:
    explorer = Explorer()
    node = explorer.add_selector(source, "app", tag)
    await explorer.check(node).wait()
    return explorer, node, findings(node, explorer)


def codes(found: list[Finding]) -> list[str]:
    return [finding.code for finding in found]


def pair(*more: images.Image, **document: Any) -> images.Image:
    return images.index(images.image(AMD), images.image(ARM), *more, **document)


async def test_a_healthy_image_has_none() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    source.put("app", images.index(amd, arm, images.attestation(amd), images.attestation(arm)), "1")
    explorer, node, found = await checked(source)
    assert found == []
    said = verdict(node, found, explorer)
    assert said.complete
    assert said.sentence == "The tag 1 can be pulled on all 2 platforms."
    assert said.pullable == (AMD, ARM)
    assert said.severity is None


async def test_missing_blob() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    lost = top.children[1].blobs[2].digest
    source.drop("app", lost)
    explorer, node, found = await checked(source)
    assert codes(found) == ["missing-blob"]
    assert found[0].digest == lost
    assert found[0].platform == ARM
    assert found[0].key == "R"
    assert found[0].message.startswith("Layer 2 of linux/arm64 is missing: sha256:")
    said = verdict(node, found, explorer)
    assert said.sentence == (
        "The tag 1 cannot be pulled on linux/arm64: 1 layer is missing. It can be pulled on linux/amd64."
    )
    assert (said.complete, said.pullable, said.broken) == (False, (AMD,), (ARM,))


async def test_a_shared_layer_that_is_missing_is_told_for_each_platform() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    source.drop("app", top.children[0].blobs[1].digest)
    explorer, node, found = await checked(source)
    assert {(finding.code, finding.platform) for finding in found} == {("missing-blob", AMD), ("missing-blob", ARM)}
    assert verdict(node, found, explorer).sentence == (
        "The tag 1 cannot be pulled on any of its 2 platforms: on each, 1 layer is missing."
    )


async def test_missing_manifest() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    source.drop("app", top.children[1].digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["missing-manifest"]
    assert found[0].digest == top.children[1].digest
    assert "its manifest is missing" in verdict(node, found, explorer).sentence


async def test_a_tag_that_is_not_there() -> None:
    source = FakeSource()
    source.put("app", pair(), "1")
    explorer, node, found = await checked(source, "2")
    assert codes(found) == ["missing-manifest"]
    said = verdict(node, found, explorer)
    assert said.sentence == "The tag 2 is not there, so nothing can be pulled: 2 is not in app."


async def test_a_statement_that_is_gone_stops_no_pull() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    note = images.attestation(arm)
    source.put("app", images.index(amd, arm, images.attestation(amd), note), "1")
    source.drop("app", note.blobs[1].digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["missing-blob"]
    assert found[0].platform == ARM
    said = verdict(node, found, explorer)
    assert not said.complete
    assert said.broken == ()
    assert said.sentence == (
        "The tag 1 can be pulled on all 2 platforms. "
        "The attestation of linux/arm64 is not complete, which does not stop a pull."
    )


@pytest.mark.parametrize(("where", "field"), [("layer", "size"), ("manifest", "size"), ("config", "size")])
async def test_size_mismatch(where: str, field: str) -> None:
    source = FakeSource()
    amd = images.image(AMD)
    if where == "manifest":
        entry = amd.descriptor.to_document() | {field: 1}
        top = images.index(amd, entries=[entry])
    else:
        layer = images.layer("x")
        config = amd.blobs[0].descriptor.to_document()
        parts = [layer.descriptor.to_document()]
        (parts[0] if where == "layer" else config)[field] = 7
        raw = images.as_json(
            {"schemaVersion": 2, "mediaType": media.OCI_MANIFEST, "config": config, "layers": parts},
        )
        lying = images.Image(raw, images.blob(raw, media.OCI_MANIFEST).descriptor, (amd.blobs[0], layer))
        top = images.index(
            lying, entries=[lying.descriptor.to_document() | {"platform": {"os": "linux", "architecture": "amd64"}}]
        )
    source.put("app", top, "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["size-mismatch"]
    assert found[0].facts[1].startswith("descriptor: ")
    said = verdict(node, found, explorer)
    assert said.broken == (AMD,)


async def test_media_type_mismatch_does_not_claim_that_it_cannot_be_pulled() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    entry = amd.descriptor.to_document() | {"mediaType": media.DOCKER_MANIFEST}
    source.put("app", images.index(amd, entries=[entry]), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["media-type-mismatch"]
    said = verdict(node, found, explorer)
    assert said.pullable == (AMD,)
    assert not said.complete


async def test_digest_mismatch() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    source.script[str(top.children[0].digest)] = SourceError(
        Presence.MISMATCHED, "The bytes are other bytes.", code="digest-mismatch"
    )
    _, _, found = await checked(source)
    assert codes(found) == ["digest-mismatch"]
    assert "other bytes" in found[0].message


async def test_invalid_manifest() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    ambiguous = images.as_json({"schemaVersion": 2, "config": {}, "layers": [], "manifests": []})
    for raw, words in ((b"<html>", "not JSON"), (ambiguous, "ambiguous")):
        blob = images.blob(raw, media.OCI_MANIFEST)
        entry = blob.descriptor.to_document() | {"platform": {"os": "linux", "architecture": "arm64"}}
        bad = images.Image(raw, blob.descriptor)
        source.put(
            "app", images.index(top.children[0], bad, entries=[top.children[0].descriptor.to_document(), entry]), "1"
        )
        explorer, node, found = await checked(source)
        assert codes(found) == ["invalid-manifest"], words
        assert words in found[0].message
        assert verdict(node, found, explorer).broken == (ARM,)


@pytest.mark.parametrize(
    ("presence", "code", "words"),
    [
        (Presence.DENIED, "denied", "access was denied"),
        (Presence.LIMITED, "limited", "the registry's rate limit is reached"),
        (Presence.UNREACHABLE, "unreachable", "the registry gave no usable answer"),
    ],
)
async def test_ignorance_is_a_warning_and_never_missing(presence: Presence, code: str, words: str) -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    for part in top.children[1].blobs[1:]:
        source.script[str(part.digest)] = Observation(presence, detail="what came back")
    explorer, node, found = await checked(source)
    assert {finding.code for finding in found} == {code}
    assert {finding.severity for finding in found} == {Severity.WARNING}
    said = verdict(node, found, explorer)
    assert said.broken == ()
    assert said.unknown == (AMD, ARM)  # they share a layer
    assert words in said.sentence


async def test_foreign_layer() -> None:
    source = FakeSource()
    layer = images.blob(b"windows", media.DOCKER_FOREIGN_LAYER, urls=("https://example.com/layer",))
    image = images.image("windows/amd64", (layer,))
    source.put("app", image, "1")
    source.drop("app", layer.digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["foreign-layer"]
    assert "https://example.com/layer" in found[0].message
    assert verdict(node, found, explorer).complete


async def test_platform_mismatch() -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(AMD), images.image(ARM, config_platform=AMD, seed="x")), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["platform-mismatch"]
    assert found[0].facts == ("index: linux/arm64", "config: linux/amd64")
    assert "is for linux/amd64" in verdict(node, found, explorer).sentence


@pytest.mark.parametrize(("said", "config"), [("linux/arm64/v8", "linux/arm64"), ("linux/arm/v7", "linux/arm")])
async def test_a_variant_that_the_config_leaves_out_is_no_mismatch(said: str, config: str) -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(said, config_platform=config)), "1")
    assert (await checked(source))[2] == []


async def test_duplicate_platform() -> None:
    source = FakeSource()
    first, second = images.image(AMD), images.image(AMD, seed="again")
    source.put("app", images.index(first, second), "1")
    _, _, found = await checked(source)
    assert codes(found) == ["duplicate-platform"]
    assert found[0].digest == second.digest


async def test_windows_versions_are_not_duplicates() -> None:
    source = FakeSource()
    old = images.image("windows/amd64 10.0.17763.1", seed="1")
    new = images.image("windows/amd64 10.0.20348.1", seed="2")
    source.put("app", images.index(old, new), "1")
    assert (await checked(source))[2] == []


async def test_stale_entry() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1", "1-other")
    now = source.put("app", images.image(ARM, seed="new"), "1-arm64")
    source.put("app", top.children[0], "1-amd64")
    source.drop("app", top.children[1].blobs[2].digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["missing-blob", "stale-entry"]
    assert found[1].platform == ARM
    assert found[1].facts == (f"index: {top.children[1].digest}", f"1-arm64: {now.digest}")
    assert verdict(node, found, explorer).sentence.endswith(
        f"It still points at an image that was replaced: 1-arm64 is {str(now.digest)[:19]}… now."
    )


async def test_a_source_tag_that_is_an_index_counts_by_what_is_in_it() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    source.put("app", images.index(amd, arm), "1")
    source.put("app", images.index(amd, images.attestation(amd)), "1-amd64")
    explorer = Explorer()
    repository = explorer.add_repository(source, "app")
    await explorer.open(repository)
    node = explorer.add_selector(source, "app", "1")
    await explorer.check(node).wait()
    assert findings(node, explorer) == []
    assert ("manifest", "app", str(source.repos["app"].tags["1-amd64"])) in source.asked


async def test_orphan_attestation() -> None:
    source = FakeSource()
    other = images.image(AMD, seed="replaced")
    source.put("app", pair(images.attestation(other)), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["orphan-attestation"]
    assert str(other.digest) in found[0].facts[0]
    assert not any(child.kind.value == "attestation" for row in node.children[:2] for child in row.children)
    assert verdict(node, found, explorer).complete


async def test_an_attestation_by_subject_hangs_under_its_platform() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    note = images.image(
        AMD,
        (images.blob(b"{}", media.IN_TOTO),),
        artifactType=media.ATTESTATION,
        subject=amd.descriptor.to_document(),
    )
    entry = Descriptor(media.OCI_MANIFEST, note.digest, len(note.raw), artifact_type=media.ATTESTATION)
    source.put("app", images.index(amd, note, entries=[amd.descriptor.to_document(), entry.to_document()]), "1")
    _, node, found = await checked(source)
    assert found == []
    assert [child.kind.value for child in node.children] == ["manifest", "referrers"]
    assert "attestation" in [child.kind.value for child in node.children[0].children]


async def test_missing_attestation() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    source.put("app", images.index(amd, images.image(ARM), images.attestation(amd)), "1")
    _, _, found = await checked(source)
    assert codes(found) == ["missing-attestation"]
    assert found[0].platform == ARM
    assert found[0].severity is Severity.INFO


async def test_dangling_subject() -> None:
    source = FakeSource()
    gone = images.image(AMD, seed="gone").descriptor.to_document()
    source.put("app", images.image(AMD, subject=gone), "1")
    _, _, found = await checked(source)
    assert codes(found) == ["dangling-subject"]


async def test_not_in_this_repository() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    source.put("app/arm64", top.children[1], "1")
    for part in (top.children[1].blobs[0], top.children[1].blobs[2]):
        source.drop("app", part.digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["missing-blob", "missing-blob", "not-in-this-repository"]
    assert found[2].message == "2 objects of linux/arm64 are not in app, but they are in app/arm64."
    assert found[2].message in verdict(node, found, explorer).sentence


async def test_a_neighbour_that_has_nothing_is_asked_once() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    for part in top.children[1].blobs:
        source.drop("app", part.digest)
    await checked(source)
    elsewhere = [question for question in source.order if question[1] != "app"]
    assert len(elsewhere) <= 4  # two spellings for each of the two platforms that share a layer


async def test_empty_index() -> None:
    source = FakeSource()
    source.put("app", images.index(), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["empty-index"]
    assert verdict(node, found, explorer).sentence == "The tag 1 has no platforms: nobody can pull it."


async def test_nested_index() -> None:
    source = FakeSource()
    inner = images.index(images.image(ARM))
    source.put("app", images.index(images.image(AMD), inner), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["nested-index"]
    assert verdict(node, found, explorer).pullable == (AMD, ARM)


@pytest.mark.parametrize(
    ("docker_list", "docker_images"), [(False, (True, False)), (True, (True, False)), (True, (False, False))]
)
async def test_mixed_media_types(docker_list: bool, docker_images: tuple[bool, bool]) -> None:
    source = FakeSource()
    parts = [images.image(p, docker=d) for p, d in zip((AMD, ARM), docker_images, strict=True)]
    source.put("app", images.index(*parts, docker=docker_list), "1")
    assert codes((await checked(source))[2]) == ["mixed-media-types"]


async def test_unknown_platform_and_no_platform() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    unknown = amd.descriptor.to_document() | {"platform": {"os": "unknown", "architecture": "unknown"}}
    nameless = arm.descriptor.to_document()
    del nameless["platform"]
    source.put("app", images.index(amd, arm, entries=[unknown, nameless]), "1")
    _, _, found = await checked(source)
    assert sorted(codes(found)) == ["no-platform", "unknown-platform"]
    assert "its config says linux/arm64" in next(f.message for f in found if f.code == "no-platform")


async def test_too_deep() -> None:
    source = FakeSource()
    top = images.image(AMD)
    for _ in range(12):
        top = images.index(top)
    source.put("app", top, "1")
    explorer, node, found = await checked(source)
    assert set(codes(found)) == {"nested-index", "too-deep"}
    said = verdict(node, found, explorer)
    assert not said.complete
    assert "nested deeper" in said.sentence
    assert len(source.order) < 12


async def test_a_diamond_of_shared_children_is_asked_once() -> None:
    source = FakeSource()
    shared = images.index(images.image(AMD), images.image(ARM))
    source.put("app", images.index(images.index(shared), images.index(shared, annotations={"a": "b"})), "1")
    await checked(source)
    assert max(source.asked.values()) == 1


async def test_self_similar_trees_end() -> None:
    source = FakeSource()
    top = images.index(images.image(AMD))
    for number in range(7):
        top = images.index(*[images.index(top, annotations={"n": f"{number}.{i}"}) for i in range(1)], top)
    source.put("app", top, "1")
    explorer, node, _ = await checked(source)
    assert not explorer.running()
    assert node.load.value == "ready"


async def test_an_entry_that_is_a_blob_is_no_fault() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    blob = images.blob(b"some artifact", "application/x-artifact")
    holder = images.Image(amd.raw, amd.descriptor, (*amd.blobs, blob))
    entries = [amd.descriptor.to_document(), blob.descriptor.to_document()]
    source.put("app", images.index(holder, entries=entries), "1")
    _, node, found = await checked(source)
    assert codes(found) == ["no-platform"]
    assert node.children[1].note == "a blob, no manifest"


def test_the_table_names_the_codes_of_the_design() -> None:
    assert [code for code, row in CODES.items() if row.severity is Severity.ERROR] == [
        "missing-blob",
        "missing-manifest",
        "size-mismatch",
        "digest-mismatch",
        "cycle",
        "too-deep",
        "invalid-manifest",
    ]
    assert [code for code, row in CODES.items() if row.severity is Severity.WARNING] == [
        "denied",
        "unreachable",
        "limited",
        "media-type-mismatch",
        "platform-mismatch",
        "duplicate-platform",
        "stale-entry",
        "stale-local-list",
        "orphan-attestation",
        "dangling-subject",
        "not-in-this-repository",
        "empty-index",
    ]
    assert [code for code, row in CODES.items() if row.severity is Severity.INFO] == [
        "nested-index",
        "mixed-media-types",
        "foreign-layer",
        "missing-attestation",
        "unknown-platform",
        "no-platform",
    ]
    assert all(row.title and row.cause and row.mend for row in CODES.values())
