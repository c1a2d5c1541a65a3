"""Manifests: bytes kept, types decided, lies and ambiguities named."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci import manifest, media
from tui.oci.digest import Digest
from tui.oci.errors import DigestMismatch, MalformedDocument
from tui.oci.manifest import ImageManifest, Index, OpaqueManifest, decode
from tui.oci.platform import Platform

DIGEST = "sha256:" + "a" * 64
CONFIG = {"mediaType": media.OCI_CONFIG, "digest": DIGEST, "size": 10}
LAYER = {"mediaType": media.OCI_LAYER_GZIP, "digest": "sha256:" + "b" * 64, "size": 20}
ENTRY = {
    "mediaType": media.OCI_MANIFEST,
    "digest": DIGEST,
    "size": 500,
    "platform": {"os": "linux", "architecture": "arm64"},
}


def image(**changes: Any) -> dict[str, Any]:
    document = {"schemaVersion": 2, "mediaType": media.OCI_MANIFEST, "config": CONFIG, "layers": [LAYER]} | changes
    return {key: value for key, value in document.items() if value is not ...}


def index(**changes: Any) -> dict[str, Any]:
    document = {"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": [ENTRY]} | changes
    return {key: value for key, value in document.items() if value is not ...}


def read(document: Any, content_type: str | None = None, **options: Any) -> Index | ImageManifest | OpaqueManifest:
    return decode(json.dumps(document).encode(), content_type, **options)


def test_an_index() -> None:
    raw = json.dumps(index(annotations={"k": "v"}, subject=ENTRY, artifactType="application/x"), indent=3).encode()
    found = decode(raw)
    assert isinstance(found, Index)
    assert found.raw == raw
    assert found.digest == Digest.of(raw)
    assert found.size == len(raw)
    assert found.media_type == media.OCI_INDEX
    assert found.entries[0].platform == Platform("linux", "arm64")
    assert found.annotations == {"k": "v"}
    assert found.artifact_type == "application/x"
    assert found.subject is not None and found.subject.digest == DIGEST
    assert found.warnings == ()
    described = found.descriptor(Platform("linux", "amd64"))
    assert described.to_document() == {
        "mediaType": media.OCI_INDEX,
        "digest": str(Digest.of(raw)),
        "size": len(raw),
        "platform": {"architecture": "amd64", "os": "linux"},
    }


def test_an_image() -> None:
    found = read(image())
    assert isinstance(found, ImageManifest)
    assert found.config is not None and found.config.size == 10
    assert [layer.size for layer in found.layers] == [20]
    assert found.artifact_type is None
    assert not found.is_attestation


@pytest.mark.parametrize("media_type", [media.DOCKER_LIST, media.OCI_INDEX])
def test_both_kinds_of_list(media_type: str) -> None:
    assert isinstance(read(index(mediaType=media_type)), Index)


def test_a_withdrawn_artifact_manifest_has_blobs_for_layers() -> None:
    found = read({"mediaType": media.OCI_ARTIFACT, "artifactType": "application/x", "blobs": [LAYER]})
    assert isinstance(found, ImageManifest)
    assert found.config is None
    assert [layer.size for layer in found.layers] == [20]
    assert found.artifact_type == "application/x"
    assert isinstance(read({"mediaType": media.OCI_ARTIFACT, "artifactType": "application/x"}), ImageManifest)


def test_the_artifact_type_is_the_config_s_when_that_is_no_image_config() -> None:
    helm = CONFIG | {"mediaType": media.HELM_CONFIG}
    assert read(image(config=helm)).artifact_type == media.HELM_CONFIG
    assert read(image(config=helm, artifactType="application/x")).artifact_type == "application/x"


def test_attestations_old_and_new() -> None:
    statement = LAYER | {"mediaType": media.IN_TOTO}
    for document in (image(layers=[statement, statement]), image(layers=[], artifactType=media.ATTESTATION)):
        found = read(document)
        assert isinstance(found, ImageManifest) and found.is_attestation
    mixed = read(image(layers=[statement, LAYER]))
    assert isinstance(mixed, ImageManifest) and not mixed.is_attestation
    empty = read(image(layers=[]))
    assert isinstance(empty, ImageManifest) and not empty.is_attestation


# --- the type -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "header", "media_type", "warned"),
    [
        (media.OCI_INDEX, None, media.OCI_INDEX, False),
        (media.OCI_INDEX, media.OCI_INDEX, media.OCI_INDEX, False),
        (media.OCI_INDEX, media.OCI_INDEX + "; charset=utf-8", media.OCI_INDEX, False),
        (media.OCI_INDEX, media.OCI_INDEX.upper(), media.OCI_INDEX, False),
        (media.OCI_INDEX, media.DOCKER_LIST, media.OCI_INDEX, True),
        (media.OCI_INDEX, media.OCI_MANIFEST, media.OCI_INDEX, True),
        (media.OCI_INDEX, "text/plain", media.OCI_INDEX, False),
        (media.OCI_INDEX, "application/octet-stream", media.OCI_INDEX, False),
        (media.DOCKER_LIST, media.OCI_INDEX, media.DOCKER_LIST, True),
        (..., media.DOCKER_LIST, media.DOCKER_LIST, False),
        (..., media.OCI_INDEX, media.OCI_INDEX, False),
        (..., "application/json", media.OCI_INDEX, False),
        (..., None, media.OCI_INDEX, False),
        ("", None, media.OCI_INDEX, False),
    ],
)
def test_body_then_header_then_shape(body: Any, header: str | None, media_type: str, warned: bool) -> None:
    found = read(index(mediaType=body), header)
    assert isinstance(found, Index)
    assert found.media_type == media_type
    assert bool(found.warnings) is warned


def test_the_shape_of_an_image() -> None:
    assert isinstance(read(image(mediaType=...), "text/plain"), ImageManifest)
    with pytest.raises(MalformedDocument, match="does not look like a manifest"):
        read({"schemaVersion": 2})


def test_a_type_that_is_not_known_is_shown_and_not_followed() -> None:
    for found in (read(image(mediaType="application/\x76nd.x")), read({"a": 1}, "application/vnd.x")):
        assert isinstance(found, OpaqueManifest)
        assert "application/vnd.x is unknown" in found.reason


@pytest.mark.parametrize("value", [5, [], "a b", "a\r\nX: y"])
def test_a_type_that_is_none(value: Any) -> None:
    with pytest.raises(MalformedDocument) as caught:
        read(index(mediaType=value))
    assert caught.value.field == "mediaType"


# --- what is not followed -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "header"),
    [
        (index(layers=[]), None),
        (index(config=CONFIG), None),
        (index(fsLayers=[]), None),
        (index(mediaType=..., layers=None), None),
        (image(manifests=[]), None),
        (image(mediaType=..., manifests=[]), media.OCI_MANIFEST),
        ({"mediaType": media.OCI_INDEX, "layers": [LAYER], "config": CONFIG}, None),
        ({"mediaType": media.DOCKER_LIST, "config": CONFIG}, None),
        ({"mediaType": media.OCI_MANIFEST, "manifests": [ENTRY]}, None),
        ({"manifests": [ENTRY]}, media.DOCKER_MANIFEST),
        (index(Manifests=[]), None),
        ({"mediaType": media.OCI_INDEX, "Manifests": [ENTRY]}, None),
        (index(MediaType=media.OCI_MANIFEST), None),
        (index(manifests=[ENTRY | {"Digest": DIGEST}]), None),
        (index(manifests=[ENTRY | {"platform": {"os": "linux", "architecture": "arm64", "OS": "windows"}}]), None),
        (image(config=CONFIG | {"SIZE": 1}), None),
        (image(layers=[LAYER | {"\u017fize": 1}]), None),
        (image(subject=ENTRY | {"mediatype": "x"}), None),
    ],
)
def test_what_two_readers_could_read_as_two_things(document: Any, header: str | None) -> None:
    found = read(document, header)
    assert isinstance(found, OpaqueManifest)
    assert "ambiguous" in found.reason
    assert found.raw == json.dumps(document).encode()


def test_a_key_twice_is_ambiguous_and_the_bytes_stay() -> None:
    raw = b'{"mediaType": "%s", "manifests": [], "manifests": []}' % media.OCI_INDEX.encode()
    found = decode(raw, media.OCI_INDEX)
    assert isinstance(found, OpaqueManifest)
    assert "manifests: duplicate key" in found.reason
    assert (found.raw, found.media_type) == (raw, media.OCI_INDEX)


def test_annotations_may_be_spelt_as_they_like() -> None:
    assert isinstance(read(index(annotations={"Manifests": "x", "size": "1", "Size": "2"})), Index)


# --- what is malformed ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], ""),
        ("x", ""),
        (None, ""),
        (index(manifests=...), "manifests"),
        (index(manifests={}), "manifests"),
        (index(manifests=[ENTRY, ENTRY | {"digest": "x"}]), "manifests[1].digest"),
        (index(manifests=[5]), "manifests[0]"),
        (index(annotations=[]), "annotations"),
        (index(subject={}), "subject.digest"),
        (index(artifactType=5), "artifactType"),
        (image(config=...), "config"),
        (image(config=None), "config"),
        (image(config=CONFIG | {"size": True}), "config.size"),
        (image(schemaVersion="2"), "schemaVersion"),
        (index(schemaVersion=2.0), "schemaVersion"),
        (image(layers="x"), "layers"),
        (image(layers=[LAYER, LAYER | {"size": -1}]), "layers[1].size"),
    ],
)
def test_errors_name_the_field(document: Any, field: str) -> None:
    with pytest.raises(MalformedDocument) as caught:
        read(document, media.OCI_INDEX)
    assert caught.value.field == field


@pytest.mark.parametrize("raw", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000, b"{}" * 2, b'{"mediaType": NaN}'])
def test_what_is_no_json(raw: bytes) -> None:
    with pytest.raises(MalformedDocument):
        decode(raw, media.OCI_INDEX)


def test_null_lists_are_empty() -> None:
    listed = read(index(manifests=None))
    assert isinstance(listed, Index) and listed.entries == ()
    layered = read(image(layers=None))
    assert isinstance(layered, ImageManifest) and layered.layers == ()


def test_the_number_of_entries_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest, "ENTRY_LIMIT", 3)
    assert isinstance(read(index(manifests=[ENTRY] * 3)), Index)
    for document, field in ((index(manifests=[ENTRY] * 4), "manifests"), (image(layers=[LAYER] * 4), "layers")):
        with pytest.raises(MalformedDocument, match="more than 3") as caught:
            read(document)
        assert caught.value.field == field


def test_odd_but_readable_is_a_warning() -> None:
    found = read(image(layers=[{"digest": DIGEST, "size": 1}, LAYER | {"data": "e30="}]))
    assert isinstance(found, ImageManifest)
    assert len(found.warnings) == 2
    assert "layers[0].mediaType" in found.warnings[0]
    assert "layers[1].data" in found.warnings[1]


# --- the digest -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
def test_the_digest_that_was_asked_for_is_kept_when_it_agrees(algorithm: str) -> None:
    raw = json.dumps(index()).encode()
    digest = Digest.of(raw, algorithm)
    assert decode(raw, digest=digest).digest == digest


def test_other_bytes_are_refused_whatever_they_are() -> None:
    for raw in (json.dumps(index()).encode(), b"[]", b"<html>captive portal</html>"):
        with pytest.raises(DigestMismatch, match="and not sha256:aaaaaaaaaaaa…"):
            decode(raw, digest=Digest.parse(DIGEST))


def test_the_right_bytes_that_are_no_manifest_are_malformed_and_not_mismatched() -> None:
    raw = b"<html>pushed as a manifest</html>"
    with pytest.raises(MalformedDocument, match="not JSON") as caught:
        decode(raw, digest=Digest.of(raw))
    assert not isinstance(caught.value, DigestMismatch)


def test_a_header_that_is_no_media_type_says_nothing() -> None:
    assert read(index(mediaType=...), "\x1b[31m").media_type == media.OCI_INDEX


def test_a_digest_that_cannot_be_verified_is_said_so() -> None:
    digest = Digest.parse("blake3:" + "a" * 64)
    found = read(index(), digest=digest)
    assert found.digest == digest
    assert "cannot be verified" in found.warnings[0]


# --- any bytes ------------------------------------------------------------------------------------------------------

VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        2**70,
        1.5,
        "",
        "x",
        "\ud800",
        [],
        {},
        [[]],
        [{}],
        DIGEST,
        CONFIG,
        [ENTRY],
        [LAYER],
        media.OCI_INDEX,
    ]
)
KEYS = st.sampled_from(
    ["schemaVersion", "mediaType", "manifests", "layers", "config", "blobs", "subject", "annotations", "Config", "x"]
)
TYPES = st.none() | st.sampled_from([*media.ACCEPT, media.SCHEMA1, "text/plain", "\x1b", "application/x"])


@given(st.dictionaries(KEYS, VALUES), TYPES, st.sampled_from([image(), index(), {}]))
def test_nothing_but_the_typed_error_and_the_bytes_stay(changes: Any, header: str | None, base: Any) -> None:
    raw = json.dumps(base | changes).encode()
    with contextlib.suppress(MalformedDocument):
        found = decode(raw, header)
        assert found.raw == raw
        assert all(text.isprintable() for text in found.warnings)
        if isinstance(found, OpaqueManifest):
            assert found.reason.isprintable()


@given(st.binary(), TYPES)
def test_any_bytes(raw: bytes, header: str | None) -> None:
    with contextlib.suppress(MalformedDocument):
        assert decode(raw, header).raw == raw


@given(
    st.lists(st.sampled_from([ENTRY, ENTRY | {"x": 1, "data": "?"}]), max_size=4), st.sampled_from([None, 1, 3, "\t"])
)
def test_entries_are_written_as_they_were_read(entries: list[Any], indent: Any) -> None:
    found = decode(json.dumps(index(manifests=entries), indent=indent).encode())
    assert isinstance(found, Index)
    assert [entry.to_document() for entry in found.entries] == entries
