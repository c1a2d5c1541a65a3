"""Image archives: `oci-archive:` (a tar of an OCI layout) and `docker-archive:` (what `docker save` writes).

`docker save` has had three forms. The newest is an OCI layout with a `manifest.json` beside it; the older ones have
`manifest.json` alone, naming a config and plain layer tars. For those a manifest is made up, so that the image can be
looked at like any other; its digest is ours and is in no registry.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tui.oci import media, strict_json
from tui.oci.canonical_json import json_text
from tui.oci.config import CONFIG_LIMIT
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDocument, MalformedReference, OciError
from tui.oci.manifest import ImageManifest, Index, decode
from tui.oci.reference import Reference
from tui.oci.strict_json import MANIFEST_LIMIT
from tui.sources.base import SourceError, SourceKind
from tui.sources.disk import FULL_NAME, Contents, DiskSource, read_layout
from tui.sources.files import Archive, Files
from tui.sources.presence import Presence
from tui.text import safe

#: So many manifests of an archive are compared with what its `manifest.json` says.
INDEX_LIMIT = 200
_MADE_UP = "Manifests are generated from the archive: their digests are in no registry."


def open_archive(kind: SourceKind, path: Path) -> DiskSource:
    """The source in an archive. Raises SourceError when it is not one of this kind."""
    return DiskSource(Archive(path), read_layout if kind == "oci-archive" else _docker, kind)


def _docker(files: Files) -> Contents:
    listed = _manifest_json(files)
    if files.size("oci-layout") is not None and files.size("index.json") is not None:
        return _with_layout(files, listed)
    contents = Contents(note=_MADE_UP)
    for position, image in enumerate(listed):
        descriptor = _make_up(files, image, f"manifest.json[{position}]", contents)
        for repository, tag in _repo_tags(image) or [("", str(descriptor.digest))]:
            contents.tags.setdefault(repository, {})[tag] = descriptor
    return contents


def _with_layout(files: Files, listed: list[dict[str, Any]]) -> Contents:
    """The newest form: the layout has the real manifests, `manifest.json` the names that people gave."""
    contents = read_layout(files)
    entries = contents.tags.pop("")
    _must_agree(files, listed, entries.values())
    for name, descriptor in entries.items():
        full = descriptor.annotations.get(FULL_NAME, "")
        repository, tag = _split(full) if full else ("", name)
        contents.tags.setdefault(repository, {})[tag] = descriptor
    named = {repository for image in listed for repository, _ in _repo_tags(image)}
    if len(entries) == 1 and len(named) == 1 and "" in contents.tags:
        contents.tags = {named.pop(): contents.tags[""]}
    return contents


def _must_agree(files: Files, listed: list[dict[str, Any]], entries: Iterable[Descriptor]) -> None:
    """Docker and skopeo go by `manifest.json`, others by the layout. Raises SourceError where one image has other
    layers in the one than in the other."""
    layers = {image.get("Config"): image.get("Layers") for image in listed if isinstance(image.get("Config"), str)}
    for manifest in _image_manifests(files, entries):
        if manifest.config is None:
            continue
        said = layers.get(f"blobs/{manifest.config.digest.replace(':', '/')}")
        if said is not None and said != [f"blobs/{layer.digest.replace(':', '/')}" for layer in manifest.layers]:
            raise SourceError(
                Presence.MISMATCHED,
                f"{files.title} names other layers in its manifest.json than in its layout, for the image with the "
                f"config {manifest.config.digest.short}: docker load and skopeo take the one, others the other.",
                code="invalid-manifest",
                fix="Save the image again with docker save.",
            )


def _image_manifests(files: Files, entries: Iterable[Descriptor]) -> Iterator[ImageManifest]:
    """Those of a layout, in indexes too; what cannot be read is told when it is looked at."""
    waiting = list(entries)
    for _ in range(INDEX_LIMIT):
        if not waiting:
            return
        digest = waiting.pop().digest
        try:
            manifest = decode(files.read(f"blobs/{digest.replace(':', '/')}", MANIFEST_LIMIT), digest=digest)
        except (SourceError, OciError):
            continue
        if isinstance(manifest, ImageManifest):
            yield manifest
        elif isinstance(manifest, Index):
            waiting.extend(manifest.entries)


def _manifest_json(files: Files) -> list[dict[str, Any]]:
    try:
        document = strict_json.loads(files.read("manifest.json", CONFIG_LIMIT))
    except SourceError as error:
        if error.presence is Presence.MISSING:
            raise _broken(files, "it has no manifest.json") from None
        raise
    except MalformedDocument as error:
        raise _broken(files, f"its manifest.json is malformed ({error})") from None
    if not isinstance(document, list) or not all(isinstance(image, dict) for image in document):
        raise _broken(files, "its manifest.json is not a list of images")
    return document


def _make_up(files: Files, image: dict[str, Any], where: str, contents: Contents) -> Descriptor:
    config, layers = image.get("Config"), image.get("Layers") or []
    if not isinstance(config, str) or not isinstance(layers, list) or not all(isinstance(x, str) for x in layers):
        raise _broken(files, f"{where} names no config or no layers")
    parts = [_descriptor(files, config, media.DOCKER_CONFIG, contents, required=True)]
    diff_ids = _diff_ids(files, config)
    for position, name in enumerate(layers):
        known = diff_ids[position] if position < len(diff_ids) else None
        packed = _compressed(files, name)
        parts.append(
            _descriptor(files, name, packed, contents, hashed=True)
            if packed
            else _descriptor(files, name, media.DOCKER_LAYER_PLAIN, contents, known=known)
        )
    # What the config lists and the archive leaves out is a layer that is not there.
    parts += [Descriptor(media.DOCKER_LAYER_PLAIN, left_out, 0) for left_out in diff_ids[len(layers) :]]
    document = {
        "schemaVersion": 2,
        "mediaType": media.DOCKER_MANIFEST,
        "config": parts[0].to_document(),
        "layers": [part.to_document() for part in parts[1:]],
    }
    raw = json_text(document, indent=3).encode()
    digest = Digest.of(raw)
    contents.made[digest] = (raw, media.DOCKER_MANIFEST)
    return Descriptor(media.DOCKER_MANIFEST, digest, len(raw))


def _descriptor(
    files: Files,
    name: str,
    media_type: str,
    contents: Contents,
    *,
    known: Digest | None = None,
    required: bool = False,
    hashed: bool = False,
) -> Descriptor:
    """A file of the archive as a descriptor. Layers that are plain tars have the config's diff id as their digest;
    what is `hashed` has its own."""
    size = files.size(name)
    digest = None if hashed else known or _by_name(name)
    if digest is not None and size is not None and contents.blobs.get(digest, name) != name:
        # One digest for two files: the first is looked at when it is checked, the second is here.
        digest = None
    if digest is None:
        if size is None:
            raise _broken(files, f"{safe(name, limit=200)} is not in it")
        hasher = Digest.of(b"").hasher()
        for piece in files.chunks(name):
            hasher.update(piece)
        digest = Digest.parse(f"sha256:{hasher.hexdigest()}")
        if digest in contents.blobs:
            return Descriptor(media_type, digest, size)
    if size is None and required:
        raise _broken(files, f"{safe(name, limit=200)} is not in it")
    contents.blobs[digest] = name
    return Descriptor(media_type, digest, size or 0)


def _compressed(files: Files, name: str) -> str:
    """The media type of a layer that lies in the archive compressed, as `docker load` and skopeo take it, too; ""
    for a plain tar."""
    head = next(files.chunks(name), b"") if files.size(name) else b""
    return next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), "")


_MAGIC = {b"\x1f\x8b": media.DOCKER_LAYER, b"\x28\xb5\x2f\xfd": media.OCI_LAYER_ZSTD}


def _by_name(name: str) -> Digest | None:
    """`<64 hex>.json` and `blobs/sha256/<64 hex>` are named by their digest."""
    stem = name.rpartition("/")[2].removesuffix(".json")
    if len(stem) == 64 and all(mark in "0123456789abcdef" for mark in stem):
        return Digest.parse(f"sha256:{stem}")
    return None


def _diff_ids(files: Files, config: str) -> list[Digest]:
    try:
        document = strict_json.loads(files.read(config, CONFIG_LIMIT))
        diff_ids = document["rootfs"]["diff_ids"]
        return [Digest.parse(text) for text in diff_ids]
    except (SourceError, ValueError, KeyError, TypeError):
        return []  # the layers are hashed instead


def _repo_tags(image: dict[str, Any]) -> list[tuple[str, str]]:
    tags = image.get("RepoTags")
    return [_split(text) for text in tags if isinstance(text, str)] if isinstance(tags, list) else []


def _split(text: str) -> tuple[str, str]:
    """A name of `docker save` as repository and tag, in the words that its user typed."""
    try:
        reference = Reference.parse(text)
    except MalformedReference:
        return "", text
    name = reference.familiar
    tag = reference.tag or reference.selector
    return name.removesuffix(f":{tag}"), tag


def _broken(files: Files, why: str) -> SourceError:
    return SourceError(
        Presence.UNREACHABLE,
        f"{files.title} is not a docker save archive: {why}.",
        code="no-archive",
        fix="Check the path; an OCI archive is opened as oci-archive:PATH.",
    )
