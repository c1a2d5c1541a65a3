"""What a registry checks before it takes a manifest.

As Docker's registry: the document must be well formed and of the type that it is sent as, and everything that it
refers to must be in the same repository already: config and layers of an image, the child manifests of an index.
Layers that live elsewhere (`urls`) and the subject may be absent. Sources: OCI distribution-spec, "Pushing Manifests";
OCI image-spec, "manifest" and "image-index"; GHSA-mc8v-mgrf-8f4m for documents that are both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tui.demo.paths import is_digest
from tui.demo.refusals import Refusal
from tui.demo.store import Repository, Store
from tui.oci import media


@dataclass(frozen=True, slots=True)
class Checked:
    """A manifest that may be stored: its type and the digest of its subject."""

    media_type: str
    subject: str | None


def check_manifest(store: Store, repository: Repository, raw: bytes, content_type: str) -> Checked:
    """Whether `raw` may be pushed to `repository` as `content_type`. Raises Refusal, with every missing digest."""
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type:
        raise _invalid("a manifest needs a Content-Type")
    if not (media.is_index(media_type) or media.is_image_manifest(media_type)):
        raise _invalid(f"unsupported manifest media type {media_type}")
    document = _document(raw)
    if document.get("mediaType", media_type) != media_type:
        raise _invalid(f"mediaType in the manifest is {document['mediaType']!r}, Content-Type is {media_type!r}")
    if media_type != media.OCI_ARTIFACT and (
        document.get("schemaVersion") != 2 or isinstance(document.get("schemaVersion"), bool)
    ):
        raise _invalid("schemaVersion must be 2")
    subject = _descriptor(document["subject"], "subject")["digest"] if document.get("subject") is not None else None
    missing = list(
        _missing_children(store, repository, document)
        if media.is_index(media_type)
        else _missing_blobs(store, repository, document, media_type)
    )
    if missing:
        raise Refusal(400, "MANIFEST_BLOB_UNKNOWN", *dict.fromkeys(missing))
    return Checked(media_type, subject)


def _missing_children(store: Store, repository: Repository, document: dict[str, Any]) -> Iterator[str]:
    if any(key in document for key in ("config", "layers", "fsLayers", "blobs")):
        raise _invalid("an index cannot have config or layers")
    check = store.quirks_for(repository.name).child_check
    for place, child in enumerate(_list(document, "manifests")):
        digest = _descriptor(child, f"manifests[{place}]")["digest"]
        if check and digest not in repository.manifests and not store.has_blob(repository.name, digest):
            yield digest


def _missing_blobs(store: Store, repository: Repository, document: dict[str, Any], media_type: str) -> Iterator[str]:
    if any(key in document for key in ("manifests", "fsLayers")):
        raise _invalid("an image manifest cannot have manifests")
    if media_type == media.OCI_ARTIFACT:
        blobs = [(f"blobs[{place}]", one) for place, one in enumerate(_list(document, "blobs", needed=False))]
    else:
        blobs = [("config", document.get("config"))]
        blobs += [(f"layers[{place}]", one) for place, one in enumerate(_list(document, "layers"))]
    check = store.quirks_for(repository.name).child_check
    for where, one in blobs:
        found = _descriptor(one, where)
        if check and not found.get("urls") and not store.has_blob(repository.name, found["digest"]):
            yield found["digest"]


def _document(raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _invalid(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise _invalid("not a JSON object")
    return document


def _list(document: dict[str, Any], key: str, *, needed: bool = True) -> list[Any]:
    value = document.get(key)
    if value is None and not needed:
        return []
    if not isinstance(value, list):
        raise _invalid(f"{key} must be a list")
    return value


def _descriptor(value: Any, where: str) -> dict[str, Any]:
    """A descriptor with a media type, a digest and a size that could be right."""
    if not isinstance(value, dict):
        raise _invalid(f"{where} must be a descriptor")
    if not isinstance(value.get("mediaType"), str) or not value["mediaType"]:
        raise _invalid(f"{where}.mediaType is missing")
    digest, size = value.get("digest"), value.get("size")
    if not isinstance(digest, str) or not is_digest(digest):
        raise Refusal(400, "DIGEST_INVALID", {"field": f"{where}.digest", "digest": str(digest)[:200]})
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _invalid(f"{where}.size must be a whole number of bytes")
    return value


def _invalid(detail: str) -> Refusal:
    return Refusal(400, "MANIFEST_INVALID", detail)
