"""What the documents themselves say that clients refuse: everything is there, and cannot be pulled, or not by all."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.explore.checking import AMD, ARM, checked, codes
from tests.formats.reports import written
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.finding import Severity
from tui.explore.report import exit_status, report
from tui.explore.verdict import verdict
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest


def remade(image: images.Image, config: dict[str, Any] | bytes | None = None, **root: Any) -> images.Image:
    """An image with other fields in its config, or in its manifest (None: without this field)."""
    first, *layers = image.blobs
    if isinstance(config, bytes):
        first = images.blob(config, first.descriptor.media_type)
    elif config is not None:
        first = images.blob(images.as_json(json.loads(first.data) | config), first.descriptor.media_type)
    document = json.loads(image.raw) | {"config": first.descriptor.to_document()} | root
    raw = images.as_json({key: value for key, value in document.items() if value is not None})
    descriptor = Descriptor(image.descriptor.media_type, Digest.of(raw), len(raw), image.descriptor.platform)
    return images.Image(raw, descriptor, (first, *layers))


def fewer_diff_ids() -> images.Image:
    return remade(images.image(ARM), {"rootfs": {"type": "layers", "diff_ids": [str(Digest.of(b"one"))]}})


def odd_layer() -> images.Image:
    part = images.layer("x", media_type="application/vnd.example.layer+7z")
    return images.image(ARM, (part,))


REFUSED = [
    (fewer_diff_ids(), "layer-count", "its config names 1 layer, its manifest 2"),
    (odd_layer(), "unknown-layer-type", "layer 1 is of unknown type, application/vnd.example.layer+7z"),
    (remade(images.image(ARM), b"no JSON"), "invalid-config", "its config cannot be parsed"),
    (remade(images.image(ARM), {"architecture": 64}), "invalid-config", "its config's field architecture is not text"),
    (
        remade(images.image(ARM), {"rootfs": {"type": "layers", "diff_ids": ["one", str(Digest.of(b"2"))]}}),
        "malformed-digest",
        "its config names the layer “one”, not a digest",
    ),
]


@pytest.mark.parametrize(("image", "code", "why"), REFUSED, ids=[code for _, code, _ in REFUSED])
async def test_what_containerd_refuses_cannot_be_pulled(image: images.Image, code: str, why: str) -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(AMD), image), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == [code]
    assert (found[0].severity, found[0].platform) == (Severity.ERROR, ARM)
    said = verdict(node, found, explorer.observations)
    assert said.sentence.startswith(f"The tag 1 cannot be pulled on {ARM}: {why}")
    assert "containerd" in said.sentence
    assert (said.pullable, said.broken, said.complete) == ((AMD,), (ARM,), False)
    assert exit_status(report(node, explorer.observations)) == 1
    assert explorer.rollup(node).platforms_broken == 1


ODD = [
    (remade(images.image(ARM), schemaVersion=None), "schema-version", "no schemaVersion"),
    (remade(images.image(ARM), schemaVersion=3), "schema-version", "schemaVersion 3"),
    (remade(images.image(ARM), {"config": {"Env": ["A=1", "DEBUG"]}}), "malformed-env", "DEBUG"),
    (remade(images.image(ARM), {"created": "yesterday"}), "malformed-config", "field created is not a time"),
    (remade(images.image(ARM), {"created": "2026-01-02 03:04:05Z"}), "malformed-config", "not a time with a T in it"),
    (remade(images.image(ARM), {"config": {"Env": "A=1"}}), "malformed-config", "config.Env is not a list of text"),
    (
        remade(images.image(ARM), {"author": 1, "config": {"User": 0}}),
        "malformed-config",
        "field author is not text (and 1 other field)",
    ),
    (images.image(ARM, ()), "no-layers", "has no layers"),
    (
        images.image(ARM, (images.layer("x", media_type="application/vnd.oci.image.layer.v1.tar+gzip+encrypted"),)),
        "encrypted-layer",
        "layer 1 is encrypted; unpacking takes a key",
    ),
]


@pytest.mark.parametrize(("image", "code", "words"), ODD, ids=[f"{code}: {words}" for _, code, words in ODD])
async def test_what_is_odd_is_said_and_can_be_pulled(image: images.Image, code: str, words: str) -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(AMD), image), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == [code]
    assert found[0].severity is Severity.WARNING
    assert words in found[0].message
    said = verdict(node, found, explorer.observations)
    assert (said.pullable, said.complete) == ((AMD, ARM), True)


async def test_a_malformed_media_type_is_named() -> None:
    source = FakeSource()
    entry = images.image(ARM).descriptor.to_document() | {"annotations": {}, "artifactType": "x"}
    source.put("app", images.index(images.image(AMD), images.image(ARM), artifactType="signature"), "1")
    _, _, found = await checked(source)
    assert codes(found) == ["malformed-media-type"]
    assert "signature" in found[0].message
    source.put("app", images.index(images.image(AMD), images.image(ARM), entries=[entry]), "1")
    _, _, found = await checked(source)
    assert codes(found) == ["malformed-media-type"]
    assert "manifests[0]" in found[0].message


async def test_an_entry_that_is_no_manifest() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    entry = amd.blobs[1].descriptor.to_document() | {"platform": {"os": "linux", "architecture": "arm64"}}
    source.put("app", images.index(amd, entries=[amd.descriptor.to_document(), entry]), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["not-a-manifest"]
    said = verdict(node, found, explorer.observations)
    assert (said.pullable, said.broken) == ((AMD,), (ARM,))
    lines = written("plain", [report(node, explorer.observations)]).splitlines()
    assert f"{ARM}: cannot be pulled; a blob, not a manifest" in lines
    assert exit_status(report(node, explorer.observations)) == 1


async def test_an_entry_without_an_architecture() -> None:
    source = FakeSource()
    amd, arm = images.image(AMD), images.image(ARM)
    entries = [amd.descriptor.to_document(), arm.descriptor.to_document() | {"platform": {"os": "linux"}}]
    source.put("app", images.index(amd, arm, entries=entries), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["no-architecture"]
    assert verdict(node, found, explorer.observations).pullable == (AMD,)
    assert exit_status(report(node, explorer.observations)) == 1


async def test_a_type_in_the_header_that_the_document_denies() -> None:
    source = FakeSource()
    source.put("app", images.image(AMD), "1")
    digest, (raw, _) = next(iter(source.repos["app"].manifests.items()))
    source.repos["app"].manifests[digest] = (raw, media.DOCKER_MANIFEST)
    _, _, found = await checked(source)
    assert codes(found) == ["content-type-mismatch"]
    assert found[0].facts == (f"header: {media.DOCKER_MANIFEST}", f"document: {media.OCI_MANIFEST}")


async def test_an_index_of_nothing_that_clients_choose() -> None:
    source = FakeSource()
    amd = images.image(AMD)
    entries = [amd.descriptor.to_document() | {"platform": {"os": "unknown", "architecture": "unknown"}}]
    source.put("app", images.index(amd, entries=entries), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["nobody-can-pull", "unknown-platform"]
    said = verdict(node, found, explorer.observations)
    assert "cannot be pulled by its tag" in said.sentence
    assert (said.pullable, said.complete) == ((), False)
    assert exit_status(report(node, explorer.observations)) == 1


async def test_an_index_of_attestations_alone() -> None:
    source = FakeSource()
    note = images.attestation(images.image(AMD))
    source.put("app", images.index(note), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["nobody-can-pull", "orphan-attestation"]
    assert exit_status(report(node, explorer.observations)) == 1


async def test_an_empty_index_never_ends_with_0() -> None:
    source = FakeSource()
    source.put("app", images.index(), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["empty-index"]
    said = verdict(node, found, explorer.observations)
    assert said.sentence == "The tag 1 cannot be pulled: it has no entries."
    assert not said.complete
    assert exit_status(report(node, explorer.observations)) == 1


async def test_two_entries_for_one_platform_are_one_platform() -> None:
    source = FakeSource()
    first, second = images.image(AMD), images.image(AMD, seed="again")
    source.put("app", images.index(first, images.image(ARM), second), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["duplicate-platform"]
    assert "clients use entry 1, not entry 3" in found[0].message
    said = verdict(node, found, explorer.observations)
    assert said.sentence.startswith("The tag 1 can be pulled on both platforms.")
    assert said.pullable == (AMD, ARM)
    assert explorer.rollup(node).platforms_total == 2
    made = report(node, explorer.observations)
    assert [line["taken"] for line in made.to_json()["platforms"]] == [True, True, False]
    # The one that nobody takes is broken: the platform can be pulled, and the list is not whole.
    source.drop("app", second.blobs[2].digest)
    explorer, node, found = await checked(source)
    said = verdict(node, found, explorer.observations)
    assert (said.pullable, said.broken, said.complete) == ((AMD, ARM), (), False)
    assert f"The entry {second.digest.short}, skipped by clients, is incomplete" in said.sentence
    assert exit_status(report(node, explorer.observations)) == 1
    assert explorer.rollup(node).worst.value == "missing"


async def test_a_nested_index_is_followed_by_some() -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(AMD), images.index(images.image(ARM))), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["nested-index"]
    assert found[0].severity is Severity.WARNING
    said = verdict(node, found, explorer.observations)
    assert said.pullable == (AMD, ARM)
    assert "On linux/arm64 skopeo, podman, buildah, crane, oras and regctl refuse it" in said.sentence
    lines = report(node, explorer.observations).to_json()["platforms"]
    assert [line["refusedBy"] for line in lines] == [[], ["skopeo", "podman", "buildah", "crane", "oras", "regctl"]]


async def test_a_header_of_the_index_that_some_clients_refuse() -> None:
    source = FakeSource()
    source.put("app", images.index(images.image(AMD), images.image(ARM)), "1")
    digest, (raw, _) = next(
        (key, held) for key, held in source.repos["app"].manifests.items() if b"manifests" in held[0]
    )
    source.repos["app"].manifests[digest] = (raw, media.DOCKER_LIST)
    explorer, node, found = await checked(source)
    said = verdict(node, found, explorer.observations)
    assert said.pullable == (AMD, ARM)
    assert f"On {AMD} and {ARM} docker manifest inspect and Docker without its image store refuse it." in said.sentence


async def test_an_oci_manifest_with_a_config_of_docker() -> None:
    source = FakeSource()
    image = images.image(ARM)
    config = images.blob(image.blobs[0].data, media.DOCKER_CONFIG)
    mixed = remade(images.Image(image.raw, image.descriptor, (config, *image.blobs[1:])))
    source.put("app", images.index(images.image(AMD), mixed), "1")
    explorer, node, found = await checked(source)
    assert codes(found) == ["mixed-config"]
    said = verdict(node, found, explorer.observations)
    assert said.pullable == (AMD, ARM)
    assert f"On {ARM} podman and buildah refuse it." in said.sentence
    assert f"The image of {ARM}: it is an OCI manifest, and its config is of Docker's type." in said.sentence


async def test_a_reason_is_said_once() -> None:
    source = FakeSource()
    bad = remade(images.image(ARM), {"rootfs": {"type": "layers", "diff_ids": ["one", str(Digest.of(b"2"))]}})
    source.put("app", images.index(images.image(AMD), bad), "1")
    explorer, node, found = await checked(source)
    assert verdict(node, found, explorer.observations).sentence.count("names the layer “one”, not a digest") == 1
