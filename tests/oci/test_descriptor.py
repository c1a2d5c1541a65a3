from __future__ import annotations

import base64
from typing import Any

import pytest

from tui.oci import media
from tui.oci.attestation import is_attestation, predicate_name, predicate_type, reference_digest
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDocument
from tui.oci.platform import Platform

DIGEST = "sha256:" + "a" * 64
FULL: dict[str, Any] = {
    "mediaType": media.OCI_MANIFEST,
    "digest": Digest.of(b"{}"),
    "size": 2,
    "urls": ["https://example.com/x"],
    "annotations": {"k": "v"},
    "data": "e30=",
    "platform": {"architecture": "arm64", "os": "linux", "variant": "v8", "features": ["x"]},
    "artifactType": "application/vnd.example",
    "x-unknown": {"deep": [1]},
}


def small(**changes: Any) -> dict[str, Any]:
    return {"mediaType": media.OCI_LAYER_GZIP, "digest": DIGEST, "size": 5} | changes


def test_everything_survives_in_the_specification_s_order() -> None:
    descriptor = Descriptor.from_document(FULL)
    assert descriptor.to_document() == FULL
    assert list(descriptor.to_document()) == list(FULL)
    assert descriptor.data == b"{}"
    assert descriptor.platform == Platform("linux", "arm64", "v8")
    assert descriptor.artifact_type == "application/vnd.example"
    assert descriptor.extra == {"x-unknown": {"deep": [1]}}


def test_it_can_be_a_dict_key() -> None:
    assert {Descriptor.from_document(FULL): 1}[Descriptor.from_document(FULL)] == 1


def test_null_is_absent() -> None:
    nulls = dict.fromkeys(("urls", "annotations", "data", "platform", "artifactType"))
    assert Descriptor.from_document(small(**nulls)) == Descriptor.from_document(small())


@pytest.mark.parametrize(
    ("document", "field", "word"),
    [
        (None, "layers[2]", "object"),
        ([], "layers[2]", "object"),
        (small(mediaType=5), "layers[2].mediaType", "media type"),
        (small(mediaType="a\r\nb"), "layers[2].mediaType", "media type"),
        (small(mediaType="a" * 256), "layers[2].mediaType", "media type"),
        ({"mediaType": "x", "size": 1}, "layers[2].digest", "is missing"),
        (small(digest=None), "layers[2].digest", "is missing"),
        (small(digest=7), "layers[2].digest", "text"),
        (small(digest="sha256:abc"), "layers[2].digest", "short digest"),
        ({"digest": DIGEST}, "layers[2].size", "is missing"),
        (small(size=True), "layers[2].size", "whole number"),
        (small(size=1.0), "layers[2].size", "whole number"),
        (small(size="5"), "layers[2].size", "whole number"),
        (small(size=-1), "layers[2].size", "not a size"),
        (small(size=2**63), "layers[2].size", "not a size"),
        (small(urls="x"), "layers[2].urls", "list"),
        (small(urls=[1]), "layers[2].urls", "list"),
        (small(annotations=[]), "layers[2].annotations", "object"),
        (small(annotations={"k": 1}), "layers[2].annotations.k", "text"),
        (small(platform="linux"), "layers[2].platform", "object"),
        (small(platform={"os": 1}), "layers[2].platform.os", "text"),
        (small(artifactType=1), "layers[2].artifactType", "text"),
    ],
)
def test_errors_name_the_field(document: Any, field: str, word: str) -> None:
    with pytest.raises(MalformedDocument, match=word) as caught:
        Descriptor.from_document(document, "layers[2]")
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


def test_the_field_of_a_descriptor_alone() -> None:
    with pytest.raises(MalformedDocument) as caught:
        Descriptor.from_document({})
    assert caught.value.field == "digest"


@pytest.mark.parametrize("size", [0, 2**62, 2**63 - 1])
def test_sizes_that_are_possible(size: int) -> None:
    assert Descriptor.from_document(small(size=size)).size == size


@pytest.mark.parametrize("media_type", [None, ""])
def test_a_missing_type_is_empty(media_type: str | None) -> None:
    assert Descriptor.from_document(small(mediaType=media_type)).media_type == ""


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 3},
        {"digest": DIGEST},
        {"data": "e30"},
        {"data": "e3 0="},
        {"data": "e31="},
        {"data": "!!!!"},
        {"data": 5},
        {"digest": "blake3:" + "a" * 64},
        {"data": base64.b64encode(b"x" * 100_000).decode()},
    ],
)
def test_data_that_is_not_the_content_is_kept_but_not_believed(changes: dict[str, Any]) -> None:
    document = FULL | changes
    descriptor = Descriptor.from_document(document)
    assert descriptor.data is None
    assert descriptor.to_document() == document


def test_foreign() -> None:
    assert Descriptor.from_document(small(urls=["https://x"])).is_foreign
    assert Descriptor.from_document(small(mediaType=media.DOCKER_FOREIGN_LAYER)).is_foreign
    assert Descriptor.from_document(small(mediaType=media.OCI_FOREIGN_LAYER_ZSTD)).is_foreign
    assert not Descriptor.from_document(small()).is_foreign


def test_attestations_as_buildkit_names_them() -> None:
    notes = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": DIGEST}
    old = Descriptor.from_document(small(annotations=notes))
    assert is_attestation(old)
    assert reference_digest(old) == Digest.parse(DIGEST)
    assert is_attestation(Descriptor.from_document(small(artifactType=media.ATTESTATION)))
    plain = Descriptor.from_document(small())
    assert not is_attestation(plain)
    assert reference_digest(plain) is None
    broken = Descriptor.from_document(small(annotations={"vnd.docker.reference.digest": "sha256:x"}))
    assert reference_digest(broken) is None


def test_predicates() -> None:
    layer = Descriptor.from_document(small(annotations={"in-toto.io/predicate-type": "https://spdx.dev/Document"}))
    assert predicate_type(layer) == "https://spdx.dev/Document"
    assert predicate_type(Descriptor.from_document(small())) is None
    assert predicate_name("https://spdx.dev/Document") == "SBOM (SPDX)"
    assert predicate_name("https://slsa.dev/provenance/v1") == "provenance"
    assert predicate_name("https://cyclonedx.org/bom") == "SBOM (CycloneDX)"
    assert predicate_name("https://example.com/x") == "https://example.com/x"
    assert predicate_name(None) == "statement"


def test_media_types() -> None:
    assert media.normalise("Application/VND.oci.image.index.v1+json; charset=utf-8") == media.OCI_INDEX
    assert media.normalise(None) == ""
    assert [media.is_manifest(one) for one in (*media.ACCEPT, media.SCHEMA1)] == [True] * 6
    assert not media.is_manifest(media.OCI_CONFIG)
    assert media.is_docker(media.DOCKER_LIST) and media.is_oci(media.OCI_INDEX)
    assert media.describe(media.DOCKER_MANIFEST) == "image manifest (Docker v2 schema 2)"
    assert media.describe("application/x") == "application/x"
    assert media.describe("") == "unknown type"
