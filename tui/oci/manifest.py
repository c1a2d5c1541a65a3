"""Manifests and indexes: the bytes as served, and what they say (OCI image-spec manifest.md, image-index.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.oci import media, strict_json
from tui.oci.descriptor import KNOWN as DESCRIPTOR_KEYS
from tui.oci.descriptor import Descriptor, read_annotations
from tui.oci.digest import Digest
from tui.oci.errors import DigestMismatch, MalformedDocument
from tui.oci.platform import Platform
from tui.oci.schema1 import signed_payload
from tui.text import safe

VIEW_LIMIT = 16 * 1024 * 1024  # what is decoded at most; the client's own limit is lower
ENTRY_LIMIT = 10_000
_KEYS = ("schemaVersion", "mediaType", "artifactType", "config", "layers", "blobs", "manifests", "subject")
_TOP_KEYS = (*_KEYS, "annotations", "fsLayers")
_PLATFORM_KEYS = ("os", "architecture", "variant", "os.version", "os.features")
_IMAGE_PARTS = ("layers", "config", "fsLayers", "blobs")
_VAGUE_TYPES = frozenset({"", "text/plain", "application/json", "application/octet-stream", "text/html"})


@dataclass(frozen=True, slots=True, eq=False)
class Manifest:
    """What a registry serves below `/manifests/`: `raw` is kept as it came, because bytes are identity.

    `digest` is computed from `raw` (or is the one asked for, when it agrees). `document` is the parsed JSON, with all
    fields; `annotations` are raw; `warnings` are safe sentences on what is odd but readable.
    """

    raw: bytes = field(repr=False)
    digest: Digest
    media_type: str
    document: Mapping[str, Any] = field(repr=False)
    annotations: Mapping[str, str] = field(repr=False)
    artifact_type: str | None
    subject: Descriptor | None
    warnings: tuple[str, ...]
    served_as: str = field(default="", kw_only=True)
    """The type in the header that it came with, when that says anything; "" otherwise."""

    @property
    def size(self) -> int:
        return len(self.raw)

    def descriptor(self, platform: Platform | None = None) -> Descriptor:
        """The descriptor by which an index would name this manifest."""
        return Descriptor(self.media_type, self.digest, len(self.raw), platform)


@dataclass(frozen=True, slots=True, eq=False)
class Index(Manifest):
    """An OCI index or a Docker manifest list."""

    entries: tuple[Descriptor, ...]


@dataclass(frozen=True, slots=True, eq=False)
class ImageManifest(Manifest):
    """The manifest of one image or artifact. A withdrawn OCI artifact manifest has no config and its blobs here."""

    config: Descriptor | None
    layers: tuple[Descriptor, ...]

    @property
    def is_attestation(self) -> bool:
        """Whether this is BuildKit's attestation manifest, in the new form or the old."""
        if self.document.get("artifactType") == media.ATTESTATION:
            return True
        return bool(self.layers) and all(layer.media_type == media.IN_TOTO for layer in self.layers)


@dataclass(frozen=True, slots=True, eq=False)
class OpaqueManifest(Manifest):
    """A manifest that is shown as JSON and never followed or rewritten; `reason` is a safe sentence saying why."""

    reason: str


#: What `decode` gives: an index, an image manifest, or a document that is shown but not understood.
AnyManifest = Index | ImageManifest | OpaqueManifest


def decode(raw: bytes, content_type: str | None = None, *, digest: Digest | None = None) -> AnyManifest:
    """Read a manifest. `content_type` is the header it came with, `digest` the one it was asked for, if any.

    The type in the body decides, then the header, then the shape. Documents that two readers could take for two
    things (CVE-2021-41190, keys twice or in another case) and schema 1 become an OpaqueManifest. Raises
    MalformedDocument naming the field that is wrong, and DigestMismatch when the bytes are not those of `digest`.
    """
    header = media.normalise(content_type)
    header = header if media.is_media_type(header) else ""
    document, ambiguity = _read(raw, digest)
    body = document.get("mediaType")
    old = _is_schema1(document, header, body)
    covered = signed_payload(raw, document) if old else None
    ours, warnings = _verify(raw, raw if covered is None else covered, digest)
    ambiguity = ambiguity or _ambiguity(document, body if isinstance(body, str) else header)
    if not ambiguity and not old:
        return _decode_parts(raw, ours, document, header, warnings)
    reason = ambiguity or "This is a Docker schema 1 manifest, which is not supported: registries dropped it."
    media_type = body if isinstance(body, str) and media.is_media_type(body) else header
    if old and not media.is_schema1(media_type):
        media_type = media.SCHEMA1_SIGNED if "signatures" in document else media.SCHEMA1
    return OpaqueManifest(raw, ours, media_type, document, {}, None, None, tuple(warnings), reason)


def _read(raw: bytes, digest: Digest | None) -> tuple[dict[str, Any], str]:
    """The JSON object, and why it is ambiguous ("" when it is not)."""
    ambiguity = ""
    try:
        document = strict_json.loads(raw, limit=VIEW_LIMIT)
    except strict_json.AmbiguousDocument as error:
        document, ambiguity = error.document, f"The document is ambiguous: {error}."
    except MalformedDocument:
        _verify(raw, raw, digest)  # other bytes than were asked for is the better answer: a proxy's page, say
        raise
    if not isinstance(document, dict):
        _verify(raw, raw, digest)
        raise MalformedDocument("", "The document is not a JSON object, so not a manifest.")
    return document, ambiguity


def _decode_parts(
    raw: bytes, digest: Digest, document: Mapping[str, Any], header: str, warnings: list[str]
) -> AnyManifest:
    """What a document says that can be taken for one thing only. `header` is the type that it came with."""
    body = document.get("mediaType")
    if body is not None and (not isinstance(body, str) or (body and not media.is_media_type(body))):
        raise MalformedDocument("mediaType", "must be a media type")
    version = document.get("schemaVersion")
    if version is not None and type(version) is not int:
        raise MalformedDocument("schemaVersion", "must be a whole number")  # clients stop there, all of them
    media_type = _decide(document, header, body or "", warnings)
    notes = read_annotations(document.get("annotations"), "annotations")
    subject = document.get("subject")
    below = None if subject is None else Descriptor.from_document(subject, "subject")
    artifact_type = document.get("artifactType") or None
    if artifact_type is not None and not isinstance(artifact_type, str):
        raise MalformedDocument("artifactType", "must be text")
    config: Descriptor | None = None
    served_as = "" if header in _VAGUE_TYPES else header
    if media.is_index(media_type):
        entries = _descriptors(document, "manifests", warnings)
        return Index(
            raw,
            digest,
            media_type,
            document,
            notes,
            artifact_type,
            below,
            tuple(warnings),
            entries,
            served_as=served_as,
        )
    if media_type == media.OCI_ARTIFACT:
        layers = _descriptors(document, "blobs", warnings, required=False)
    elif media.is_image_manifest(media_type):
        if document.get("config") is None:
            raise MalformedDocument("config", "is missing")
        config = Descriptor.from_document(document["config"], "config")
        layers = _descriptors(document, "layers", warnings, required=False)  # clients take it for an empty list
        if artifact_type is None and not media.is_image_config(config.media_type):
            artifact_type = config.media_type or None  # image-spec: then the config's type says what it is
    else:
        reason = f"The type {safe(media_type, limit=200) or 'of this document'} is unknown, so nothing below is read."
        return OpaqueManifest(raw, digest, media_type, document, notes, artifact_type, below, tuple(warnings), reason)
    return ImageManifest(
        raw,
        digest,
        media_type,
        document,
        notes,
        artifact_type,
        below,
        tuple(warnings),
        config,
        layers,
        served_as=served_as,
    )


def _verify(raw: bytes, covered: bytes, digest: Digest | None) -> tuple[Digest, list[str]]:
    """The digest of the bytes that it covers (all of them but in schema 1), checked against the one asked for."""
    if digest is None:
        return Digest.of(covered), []
    if not digest.can_verify:
        return digest, [f"{digest.short} cannot be verified: unknown algorithm {digest.algorithm}."]
    if digest.matches(covered) or digest.matches(raw):
        return digest, []
    raise DigestMismatch("", f"The bytes are {Digest.of(covered, digest.algorithm).short} and not {digest.short}.")


def _is_schema1(document: Mapping[str, Any], header: str, body: Any) -> bool:
    version = document.get("schemaVersion")
    if isinstance(body, str) and body:
        return media.is_schema1(body)
    return media.is_schema1(header) or (type(version) is int and version == 1)


def _ambiguity(document: Mapping[str, Any], media_type: str) -> str:
    """Why two readers could take this document for two different things; empty when they could not."""
    parts = [key for key in _IMAGE_PARTS if key in document]
    if "manifests" in document and parts:
        return f"The document is ambiguous: it has manifests and {parts[0]}, an index and an image at once."
    media_type = media.normalise(media_type)
    if media.is_index(media_type) and parts:
        return f"The document is ambiguous: its type is an index, and it has {parts[0]}."
    if media.is_image_manifest(media_type) and "manifests" in document:
        return "The document is ambiguous: its type is one image's manifest, and it has manifests."
    for where, part, known in _parts(document):
        odd = strict_json.variants(part, known)
        if odd:
            key = safe(f"{where}.{odd[0]}".lstrip("."), limit=100)
            return f"The document is ambiguous: Docker reads the key {key} whatever its case, other readers do not."
    return ""


def _parts(document: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any], tuple[str, ...]]]:
    """Every object in a manifest whose keys have a meaning, with its path and those keys."""
    found: list[tuple[str, Mapping[str, Any], tuple[str, ...]]] = [("", document, _TOP_KEYS)]
    found.extend((key, document.get(key) or {}, DESCRIPTOR_KEYS) for key in ("config", "subject"))
    for key in ("manifests", "layers", "blobs"):
        entries = document.get(key)
        for position, entry in enumerate(entries[:ENTRY_LIMIT] if isinstance(entries, list) else []):
            found.append((f"{key}[{position}]", entry, DESCRIPTOR_KEYS))
            if isinstance(entry, dict) and "platform" in entry:
                found.append((f"{key}[{position}].platform", entry["platform"], _PLATFORM_KEYS))
    return [part for part in found if isinstance(part[1], dict)]


def _decide(document: Mapping[str, Any], header: str, body: str, warnings: list[str]) -> str:
    """The media type: what the body says, else the header if it says anything useful, else the shape."""
    if body:
        if header != body.lower() and header not in _VAGUE_TYPES:
            warnings.append(
                f"The registry calls this {safe(header, limit=120)}, the document itself {safe(body, limit=120)}."
            )
        return body
    if header not in _VAGUE_TYPES:
        return header
    if isinstance(document.get("manifests"), list):
        return media.OCI_INDEX
    if "config" in document and "layers" in document:
        return media.OCI_MANIFEST
    raise MalformedDocument("mediaType", "is missing, and the document does not look like a manifest")


def _descriptors(
    document: Mapping[str, Any], key: str, warnings: list[str], *, required: bool = True
) -> tuple[Descriptor, ...]:
    if key not in document and required:
        raise MalformedDocument(key, "is missing")
    entries = document.get(key)
    if entries is None:
        return ()  # null is what Go writes for an empty list
    if not isinstance(entries, list):
        raise MalformedDocument(key, "must be a list")
    if len(entries) > ENTRY_LIMIT:
        raise MalformedDocument(key, f"has {len(entries):,} entries; more than {ENTRY_LIMIT:,} are not read")
    found = tuple(Descriptor.from_document(entry, f"{key}[{position}]") for position, entry in enumerate(entries))
    for position, descriptor in enumerate(found):
        if not descriptor.media_type:
            warnings.append(f"{key}[{position}].mediaType is missing.")
        if "data" in descriptor.extra:
            warnings.append(f"{key}[{position}].data is not the content that its digest and size name; it is ignored.")
    return found
