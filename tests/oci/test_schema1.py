"""Docker's schema 1: shown, never followed, and verified by what its digest really covers."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.errors import DigestMismatch
from tui.oci.manifest import OpaqueManifest, decode

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("document", "header", "media_type"),
    [
        ({"schemaVersion": 1, "fsLayers": [], "history": []}, None, media.SCHEMA1),
        ({"schemaVersion": 1, "fsLayers": [], "signatures": []}, "text/plain", media.SCHEMA1_SIGNED),
        ({"schemaVersion": 1}, media.SCHEMA1_SIGNED, media.SCHEMA1_SIGNED),
        ({"schemaVersion": 1, "mediaType": media.SCHEMA1}, None, media.SCHEMA1),
    ],
)
def test_schema_1_is_shown_and_not_followed(document: Any, header: str | None, media_type: str) -> None:
    found = decode(json.dumps(document).encode(), header)
    assert isinstance(found, OpaqueManifest)
    assert "schema 1" in found.reason
    assert found.media_type == media_type


def signed(payload: bytes) -> bytes:
    """A schema 1 manifest as Docker signed it: the signatures go in before the last brace."""
    tail = b"\n}"
    protected = json.dumps({"formatLength": len(payload) - len(tail), "formatTail": b64url(tail)}).encode()
    signatures = json.dumps([{"protected": b64url(protected), "signature": "x"}]).encode()
    return payload[: -len(tail)] + b',\n   "signatures": ' + signatures + b"\n}"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_the_digest_of_schema_1_leaves_out_its_signatures() -> None:
    payload = json.dumps({"schemaVersion": 1, "fsLayers": []}, indent=3).encode()
    raw = signed(payload)
    assert Digest.of(raw) != Digest.of(payload)
    for digest in (None, Digest.of(payload)):
        found = decode(raw, media.SCHEMA1_SIGNED, digest=digest)
        assert (found.digest, found.raw, found.media_type) == (Digest.of(payload), raw, media.SCHEMA1_SIGNED)
    with pytest.raises(DigestMismatch):
        decode(raw, media.SCHEMA1_SIGNED, digest=Digest.parse(DIGEST))


@pytest.mark.parametrize(
    "signatures",
    [
        5,
        [],
        [5],
        [{"protected": 5}],
        [{"protected": "\u00fc"}],
        [{"protected": "e30"}],
        [{"protected": "W10"}],
        [{"protected": "e"}],
        [{"protected": b64url(b'{"formatLength": 1e9, "formatTail": ""}')}],
        [{"protected": b64url(b'{"formatLength": 99999, "formatTail": ""}')}],
        [{"protected": b64url(b'{"formatLength": -1, "formatTail": ""}')}],
    ],
)
def test_signatures_that_say_nothing_leave_the_digest_of_the_bytes(signatures: Any) -> None:
    raw = json.dumps({"schemaVersion": 1, "fsLayers": [], "signatures": signatures}).encode()
    assert decode(raw).digest == Digest.of(raw)


def test_a_document_cannot_call_itself_schema_1_to_escape_its_digest() -> None:
    with pytest.raises(DigestMismatch):
        decode(b'{"schemaVersion": 1, "manifests": []}', media.SCHEMA1, digest=Digest.parse(DIGEST))
