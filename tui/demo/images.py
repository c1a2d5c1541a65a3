"""Making images: layers, configs, manifests and indexes, byte for byte as Docker and BuildKit write them.

Everything is a function of its arguments: no clock, no randomness, no network.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tui.demo.gz import gzip_bytes
from tui.demo.paths import digest_of
from tui.demo.store import Store
from tui.oci import media
from tui.oci.canonical_json import json_text

CREATED: Final = "2026-05-04T09:12:31.518204734Z"
_TRAILER: Final = 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """A blob or a manifest: its bytes, its type, and what else its descriptor says."""

    raw: bytes
    media_type: str
    digest: str
    extra: Mapping[str, Any] = field(default_factory=dict)

    def descriptor(self, **more: Any) -> dict[str, Any]:
        """Media type, digest and size, in the order of the specification, then `extra` and `more`."""
        return {"mediaType": self.media_type, "digest": self.digest, "size": len(self.raw), **self.extra, **more}


@dataclass(frozen=True, slots=True)
class Style:
    """The media types and the layout of one tool's documents."""

    manifest: str
    index: str
    config: str
    layer: str
    indent: int


DOCKER: Final = Style(media.DOCKER_MANIFEST, media.DOCKER_LIST, media.DOCKER_CONFIG, media.DOCKER_LAYER, 3)
BUILDKIT: Final = Style(media.OCI_MANIFEST, media.OCI_INDEX, media.OCI_CONFIG, media.OCI_LAYER_GZIP, 2)


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer with its place in the history. `piece` is None for a step that changes no files."""

    command: str
    piece: Piece | None = None
    diff_id: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """An image of one platform; `platform` is what an index says of it."""

    manifest: Piece
    config: Piece
    layers: tuple[Piece, ...]
    platform: Mapping[str, Any]

    def entry(self, **more: Any) -> dict[str, Any]:
        """Its descriptor as an entry of an index."""
        return self.manifest.descriptor(**{"platform": dict(self.platform), **more})

    @property
    def blobs(self) -> tuple[Piece, ...]:
        return (self.config, *self.layers)


def piece(raw: bytes, media_type: str, **extra: Any) -> Piece:
    return Piece(raw, media_type, digest_of(raw), extra)


def noise(seed: str, length: int) -> bytes:
    """Bytes that look like a program and are the same every time."""
    return (b"\x7fELF\x02\x01\x01\x00" + hashlib.shake_128(seed.encode()).digest(length))[:length]


def layer(command: str, files: Mapping[str, bytes], style: Style = BUILDKIT) -> Layer:
    """A layer with these files (a path that ends in "/" is a folder), made by `command`."""
    archive = tar(files)
    return Layer(command, piece(gzip_bytes(archive), style.layer), digest_of(archive))


def tar(files: Mapping[str, bytes]) -> bytes:
    """A tar archive as layers are: sorted as given, owned by root, dated at the epoch."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, content in files.items():
            info = tarfile.TarInfo(path)
            if path.endswith("/"):
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            else:
                info.size, info.mode = len(content), 0o755 if content.startswith(b"\x7fELF") else 0o644
            archive.addfile(info, io.BytesIO(content))
        end = archive.offset
    return out.getvalue()[:end] + bytes(_TRAILER)


def step(command: str) -> Layer:
    """A step of the Dockerfile that changes no files: ENV, LABEL, CMD."""
    return Layer(command)


def platform(text: str, os_version: str | None = None) -> dict[str, Any]:
    """ "linux/arm/v7" as an index's platform object."""
    system, architecture, *variant = text.split("/")
    found: dict[str, Any] = {"architecture": architecture, "os": system}
    if os_version:
        found["os.version"] = os_version
    if variant:
        found["variant"] = variant[0]
    return found


def image(
    where: str,
    layers: Sequence[Layer],
    *,
    style: Style = BUILDKIT,
    settings: Mapping[str, Any] | None = None,
    created: str = CREATED,
    claims: Mapping[str, Any] | None = None,
    os_version: str | None = None,
    annotations: Mapping[str, str] | None = None,
    subject: Mapping[str, Any] | None = None,
    lies: Mapping[int, Mapping[str, Any]] | None = None,
    root: Mapping[str, Any] | None = None,
    diff_ids: int | None = None,
) -> Image:
    """An image for the platform `where` ("linux/arm64").

    `settings` are the config's (Env, Entrypoint, …). `claims` replace the platform that an index will say of it.
    `lies` change the descriptor of the nth layer in the manifest, `root` the manifest's own fields (None: left out);
    the config names only the first `diff_ids` layers.
    """
    own = platform(where, os_version)
    files = [one for one in layers if one.piece is not None]
    config: dict[str, Any] = {
        "architecture": own["architecture"],
        "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], **(settings or {})},
        "created": created,
        "history": [_history(one, created) for one in layers],
        "os": own["os"],
        **{key: own[key] for key in ("os.version", "variant") if key in own},
        "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in files][:diff_ids]},
    }
    config_piece = piece(json_text(config).encode(), style.config)
    pieces = [_styled(one.piece, style) for one in files if one.piece is not None]
    document: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": style.manifest,
        "config": config_piece.descriptor(),
        "layers": [{**found.descriptor(), **(lies or {}).get(place, {})} for place, found in enumerate(pieces)],
    }
    if subject is not None:
        document["subject"] = dict(subject)
    if annotations:
        document["annotations"] = dict(annotations)
    document = {key: value for key, value in {**document, **(root or {})}.items() if value is not None}
    manifest = piece(render(document, style), style.manifest)
    return Image(manifest, config_piece, tuple(pieces), dict(claims) if claims is not None else own)


def _styled(one: Piece, style: Style) -> Piece:
    """A layer with the media type of the image's style; a foreign layer keeps its own."""
    return one if one.extra else Piece(one.raw, style.layer, one.digest)


def _history(one: Layer, created: str) -> dict[str, Any]:
    entry: dict[str, Any] = {"created": created, "created_by": one.command}
    if one.command.endswith("# buildkit"):
        entry["comment"] = "buildkit.dockerfile.v0"
    if one.piece is None:
        entry["empty_layer"] = True
    return entry


def index(
    entries: Sequence[Mapping[str, Any]], style: Style = BUILDKIT, annotations: Mapping[str, str] | None = None
) -> Piece:
    """An index (or, in Docker's style, a manifest list) of these entries."""
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": style.index, "manifests": [*map(dict, entries)]}
    if annotations:
        document["annotations"] = dict(annotations)
    return piece(render(document, style), style.index)


def render(document: Mapping[str, Any], style: Style) -> bytes:
    """JSON, indented as the tool does it."""
    return json_text(document, indent=style.indent).encode()


def put_image(store: Store, name: str, one: Image, tags: Sequence[str] = (), *, without: Sequence[Piece] = ()) -> None:
    """Place an image in a repository; all but `without`."""
    for blob in one.blobs:
        if blob not in without and blob.media_type != media.DOCKER_FOREIGN_LAYER:
            store.put_blob(name, blob.raw)
    if one.manifest not in without:
        store.put_manifest(name, one.manifest.raw, one.manifest.media_type, tags)


def put_index(store: Store, name: str, one: Piece, tags: Sequence[str] = ()) -> None:
    store.put_manifest(name, one.raw, one.media_type, tags)
