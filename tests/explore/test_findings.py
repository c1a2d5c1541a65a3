"""Findings on what is there and what is not, and the verdict on it."""

from __future__ import annotations

import pytest

from tests.explore.checking import AMD, ARM, checked, codes, pair
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.finding import Severity
from tui.explore.verdict import verdict
from tui.oci import media
from tui.sources.base import Capabilities, SourceError
from tui.sources.presence import Observation, Presence


async def test_a_healthy_image_has_none() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    source.put("app", images.index(amd, arm, images.attestation(amd), images.attestation(arm)), "1")
    explorer, node, found = await checked(source)
    assert found == []
    said = verdict(node, found, explorer.observations)
    assert said.complete
    assert said.sentence == "The tag 1 can be pulled on both platforms."
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
    assert found[0].action is None  # it was looked for in the places that are known, and is in none
    assert "fanfold fix --from" in found[0].fix and "ecreate" not in found[0].fix
    assert found[0].message.startswith("Layer 2 of linux/arm64 is missing: sha256:")
    said = verdict(node, found, explorer.observations)
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
    assert verdict(node, found, explorer.observations).sentence == (
        "The tag 1 cannot be pulled on any of its 2 platforms: on each, 1 layer is missing."
    )


async def test_missing_manifest() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    source.drop("app", top.children[1].digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["missing-manifest"]
    assert found[0].digest == top.children[1].digest
    assert "its manifest is missing" in verdict(node, found, explorer.observations).sentence


async def test_a_tag_that_is_not_there() -> None:
    source = FakeSource()
    source.put("app", pair(), "1")
    explorer, node, found = await checked(source, "2")
    assert codes(found) == ["missing-manifest"]
    said = verdict(node, found, explorer.observations)
    assert said.sentence == "Tag not found: app:2."


async def test_a_statement_that_is_gone_stops_no_pull() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    note = images.attestation(arm)
    source.put("app", images.index(amd, arm, images.attestation(amd), note), "1")
    source.drop("app", note.blobs[1].digest)
    explorer, node, found = await checked(source)
    assert codes(found) == ["missing-blob"]
    assert found[0].platform == ARM
    said = verdict(node, found, explorer.observations)
    assert not said.complete
    assert said.broken == ()
    assert said.sentence == (
        "The tag 1 can be pulled on both platforms. The attestation of linux/arm64 is incomplete; pulls still work."
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
        parts = [layer.descriptor.to_document(), amd.blobs[1].descriptor.to_document()]
        (parts[0] if where == "layer" else config)[field] = 7
        raw = images.as_json(
            {"schemaVersion": 2, "mediaType": media.OCI_MANIFEST, "config": config, "layers": parts},
        )
        lying = images.Image(raw, images.blob(raw, media.OCI_MANIFEST).descriptor, (*amd.blobs, layer))
        top = images.index(
            lying, entries=[lying.descriptor.to_document() | {"platform": {"os": "linux", "architecture": "amd64"}}]
        )
    source.put("app", top, "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["size-mismatch"]
    assert found[0].facts[1].startswith("descriptor: ")
    said = verdict(node, found, explorer.observations)
    assert said.broken == (AMD,)


async def test_media_type_mismatch_does_not_claim_that_it_cannot_be_pulled() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    entry = amd.descriptor.to_document() | {"mediaType": media.DOCKER_MANIFEST}
    source.put("app", images.index(amd, entries=[entry]), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["media-type-mismatch"]
    said = verdict(node, found, explorer.observations)
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
        assert verdict(node, found, explorer.observations).broken == (ARM,)


async def test_an_answer_that_knows_better_than_its_presence_what_to_do() -> None:
    source = FakeSource()
    top = source.put("app", pair(), "1")
    layer = top.children[1].blobs[1]
    source.script[str(layer.digest)] = Observation(Presence.DENIED, detail="403 of storage.test", fix="Tell them.")
    explorer, node, found = await checked(source)
    [finding] = {each.code: each for each in found}.values()
    assert (finding.code, finding.fix, finding.action) == ("denied", "Tell them.", None)
    assert "403 of storage.test" in finding.message
    said = verdict(node, found, explorer.observations).sentence
    assert "access denied (403 of storage.test)" in said, "not the account: the registry's storage"


async def test_the_verdict_tells_a_file_s_permission_from_a_registry_that_refuses() -> None:
    source = FakeSource()
    source.capabilities = Capabilities(remote=False)
    top = source.put("app", pair(), "1")
    source.script[str(top.children[1].blobs[1].digest)] = Observation(Presence.DENIED, detail="permission")
    explorer, node, found = await checked(source)
    assert "file not readable (permission)" in verdict(node, found, explorer.observations).sentence


@pytest.mark.parametrize(
    ("presence", "code", "words"),
    [
        (Presence.DENIED, "denied", "access denied"),
        (Presence.LIMITED, "limited", "rate limit reached"),
        (Presence.UNREACHABLE, "unreachable", "no usable answer"),
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
    said = verdict(node, found, explorer.observations)
    assert said.broken == ()
    assert said.unknown == (AMD, ARM)  # they share a layer
    assert words in said.sentence
