"""Small real images, as bytes: what a registry would hold. Deterministic."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import dataclass, field
from typing import Any

from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.platform import Platform

PROVENANCE = "https://slsa.dev/provenance/v1"
SPDX = "https://spdx.dev/Document"


@dataclass(frozen=True)
class Blob:
    """Some bytes with the descriptor that names them."""

    data: bytes
    descriptor: Descriptor

    @property
    def digest(self) -> Digest:
        return self.descriptor.digest


@dataclass(frozen=True)
class Image:
    """A manifest (of an image, an attestation or an index) and everything below it."""

    raw: bytes
    descriptor: Descriptor
    blobs: tuple[Blob, ...] = ()
    children: tuple[Image, ...] = field(default=())

    @property
    def digest(self) -> Digest:
        return self.descriptor.digest


def blob(data: bytes, media_type: str, **more: Any) -> Blob:
    return Blob(data, Descriptor(media_type, Digest.of(data), len(data), **more))


def layer(name: str, text: str = "", *, media_type: str = media.OCI_LAYER_GZIP) -> Blob:
    """A tar of one file, gzipped, with no dates in it."""
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w") as archive:
        data = (text or name).encode()
        info = tarfile.TarInfo(name)
        info.size = len(data)
        archive.addfile(info, io.BytesIO(data))
    return blob(gzip.compress(tape.getvalue(), mtime=0), media_type)


def diff_id(part: Blob) -> Digest:
    """Of a layer's uncompressed bytes."""
    try:
        return Digest.of(gzip.decompress(part.data) if part.data[:2] == b"\x1f\x8b" else part.data)
    except EOFError:  # a test of what is cut short
        return part.digest


def as_json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, indent=2).encode()


def image(
    platform: str = "linux/amd64",
    layers: tuple[Blob, ...] | None = None,
    *,
    docker: bool = False,
    config_platform: str | None = None,
    seed: str = "",
    created: str = "1970-01-01T00:00:00Z",
    **document: Any,
) -> Image:
    """An image of one platform; two layers unless said otherwise. Its age is told as 1970, today and next year."""
    layer_type = media.DOCKER_LAYER if docker else media.OCI_LAYER_GZIP
    if layers is None:
        layers = (
            layer("base", f"base{seed}", media_type=layer_type),
            layer("app", f"app for {platform}{seed}", media_type=layer_type),
        )
    runs_on = Platform.parse(config_platform or platform)
    config = blob(
        as_json(
            {
                "architecture": runs_on.architecture,
                "os": runs_on.os,
                **({"variant": runs_on.variant} if runs_on.variant else {}),
                "created": created,
                "config": {"Cmd": ["/bin/sh"], "Labels": {"seed": seed}},
                "rootfs": {"type": "layers", "diff_ids": [str(diff_id(part)) for part in layers]},
                "history": [{"created_by": f"RUN step {number}"} for number in range(1, len(layers) + 1)],
            }
        ),
        media.DOCKER_CONFIG if docker else media.OCI_CONFIG,
    )
    media_type = media.DOCKER_MANIFEST if docker else media.OCI_MANIFEST
    raw = as_json(
        {
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": config.descriptor.to_document(),
            "layers": [part.descriptor.to_document() for part in layers],
            **document,
        }
    )
    descriptor = Descriptor(media_type, Digest.of(raw), len(raw), Platform.parse(platform))
    return Image(raw, descriptor, (config, *layers))


def attestation(of: Image, predicates: tuple[str, ...] = (PROVENANCE, SPDX), **annotations: str) -> Image:
    """BuildKit's attestation manifest for an image."""
    statements = tuple(
        blob(
            as_json(
                {
                    "_type": "https://in-toto.io/Statement/v1",
                    "predicateType": predicate,
                    "subject": [{"name": "_", "digest": {"sha256": of.digest.encoded}}],
                    "predicate": {"builder": {"id": "https://example.com/builder"}},
                }
            ),
            media.IN_TOTO,
            annotations={"in-toto.io/predicate-type": predicate},
        )
        for predicate in predicates
    )
    config = blob(as_json({"architecture": "unknown", "os": "unknown", "seed": of.digest.encoded}), media.OCI_CONFIG)
    raw = as_json(
        {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": config.descriptor.to_document(),
            "layers": [part.descriptor.to_document() for part in statements],
        }
    )
    notes = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": str(of.digest),
    } | annotations
    unknown = Platform("unknown", "unknown")
    descriptor = Descriptor(media.OCI_MANIFEST, Digest.of(raw), len(raw), unknown, notes)
    return Image(raw, descriptor, (config, *statements))


def index(
    *children: Image, docker: bool = False, entries: list[dict[str, Any]] | None = None, **document: Any
) -> Image:
    """An index of images; `entries` replaces what it says of them."""
    media_type = media.DOCKER_LIST if docker else media.OCI_INDEX
    raw = as_json(
        {
            "schemaVersion": 2,
            "mediaType": media_type,
            "manifests": [child.descriptor.to_document() for child in children] if entries is None else entries,
            **document,
        }
    )
    return Image(raw, Descriptor(media_type, Digest.of(raw), len(raw)), (), children)
