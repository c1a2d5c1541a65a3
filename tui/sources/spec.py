"""What somebody names on the command line or in the open dialogue: which source, and what of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest, MalformedReference
from tui.oci.reference import Reference, is_tag, parse_registry
from tui.text import safe

if TYPE_CHECKING:
    from tui.registry.client import Client
    from tui.sources.base import Source, SourceKind

_KINDS: dict[str, SourceKind] = {
    "oci": "oci-layout",
    "oci-archive": "oci-archive",
    "docker-archive": "docker-archive",
    "docker-manifests": "docker-manifests",
    "storage": "storage",
}
_PREFIX = re.compile(r"(oci|oci-archive|docker-archive|docker-manifests|storage):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source, and perhaps a repository and a tag or digest in it.

    ``registry`` or ``path`` is set, never both (``docker-manifests:`` alone has neither: Docker's own folder).
    ``selector`` is None when neither tag nor digest was written; ``explicit`` is False then. ``note`` is safe text on
    how the input was read.
    """

    kind: SourceKind
    registry: str | None = None
    path: Path | None = None
    repository: str | None = None
    selector: str | None = None
    explicit: bool = True
    note: str = ""
    text: str = ""


def parse_source(text: str) -> SourceSpec:
    """Read a SOURCE: a reference, a repository, a registry, or ``oci:PATH[:TAG]`` and its kin.

    ``localhost:5000``, ``127.0.0.1:5000`` and names that have a dot but no path are registries; anything else without a
    path is an image of Docker Hub, as for Docker. Raises MalformedReference with a sentence that says what to write.
    """
    stripped = text.strip()
    match = _PREFIX.fullmatch(stripped)
    if match is not None and not match[2].startswith("//"):
        return _on_disk(_KINDS[match[1]], match[2], stripped)
    registry = _as_registry(stripped)
    if registry is not None:
        return SourceSpec("registry", registry=registry, explicit=False, text=stripped)
    reference = Reference.from_input(stripped)
    return SourceSpec(
        "registry",
        registry=reference.registry,
        repository=reference.repository,
        selector=reference.selector if reference.explicit else None,
        explicit=reference.explicit,
        note=reference.note,
        text=stripped,
    )


def _on_disk(kind: SourceKind, rest: str, text: str) -> SourceSpec:
    if kind == "docker-manifests":
        path = _path(rest) if rest else None
        return SourceSpec(kind, path=path, explicit=False, text=text)
    if not rest:
        raise MalformedReference(f"“{safe(text, limit=200)}” names no path; write it after the colon.")
    if "\0" in rest:
        raise MalformedReference(f"“{safe(text, limit=200)}” has a zero byte in its path.")
    if kind == "storage" or os.path.exists(_path(rest)):
        repository = "" if kind != "storage" else None
        return SourceSpec(kind, path=_path(rest), repository=repository, explicit=False, text=text)
    head, name = _cut(rest, text)
    name, selector = _tag_of(kind, name, text)
    return SourceSpec(
        kind, path=_path(head), repository=name, selector=selector, explicit=selector is not None, text=text
    )


def _cut(rest: str, text: str) -> tuple[str, str]:
    """A path, and what is named in it: the longest path that exists counts, for paths may hold colons too. The name
    begins with its mark, ``:`` or ``@``, or is "". Raises MalformedReference when there is no such path, and no tag.
    """
    for place in range(len(rest) - 1, 0, -1):
        if rest[place] in ":@" and os.path.exists(_path(rest[:place])):
            return rest[:place], rest[place:]
    head, colon, tail = rest.rpartition(":")
    if not colon or not head:
        return rest, ""
    if tail.startswith(("sha256", "sha512")) or not is_tag(tail):
        raise MalformedReference(f"“{safe(text, limit=200)}”: “{safe(tail, limit=100)}” is not a tag.")
    return head, f":{tail}"


def _tag_of(kind: SourceKind, name: str, text: str) -> tuple[str, str | None]:
    """What ``:NAME`` after a path means: in a layout a tag (any name, image-spec annotations.md allows more than tags),
    in what ``docker save`` wrote a repository and perhaps its tag, in both perhaps ``@DIGEST``."""
    name, at, digest = name.partition("@")
    name = name.removeprefix(":")
    selector: str | None = None
    if at:
        try:
            selector = str(Digest.parse(digest))
        except MalformedDigest as error:
            raise MalformedReference(f"“{safe(text, limit=200)}”: {error}") from None
    if kind != "docker-archive":
        return "", selector or name or None
    if not name:
        return "", selector
    try:
        reference = Reference.parse(name)
    except MalformedReference as error:
        raise MalformedReference(f"“{safe(text, limit=200)}”: {error}") from None
    tag = reference.tag if reference.explicit else None
    return reference.familiar.removesuffix(f":{reference.tag}"), selector or tag


def _path(text: str) -> Path:
    """The path with its ~ written out; a ~ of nobody stays as it is, and is then no file."""
    return Path(os.path.expanduser(text))


def _as_registry(text: str) -> str | None:
    rest = re.sub(r"^(https?)://", "", text, flags=re.IGNORECASE)
    host, slash, path = rest.partition("/")
    if path or not host:
        return None
    looks = host.lower() == "localhost" or host.startswith("[")
    name, colon, port = host.rpartition(":")
    if colon and port.isdigit() and ("." in name or name.lower() == "localhost" or name.startswith("[")):
        looks = True
    if not colon and "." in host:
        looks = True
    if slash or rest != text:
        looks = True
    if not looks or "@" in host:
        return None
    return parse_registry(host)


def open_source(spec: SourceSpec, client: Client | None) -> Source:
    """The source of a spec. A registry needs a ``client``. Raises SourceError when a path holds no such thing."""
    if spec.kind == "registry":
        from tui.sources.registry import RegistrySource

        if client is None or spec.registry is None:
            raise ValueError("a registry needs a client and a name")
        return RegistrySource(client, spec.registry)
    if spec.kind == "docker-manifests":
        from tui.sources.docker_manifests import open_local_lists

        return open_local_lists(spec.path, client)
    if spec.path is None:
        raise ValueError(f"{spec.kind} needs a path")
    if spec.kind == "storage":
        from tui.sources.storage import StorageSource

        return StorageSource(spec.path)
    if spec.kind == "oci-layout":
        from tui.sources.layout import OciLayout

        return OciLayout(spec.path)
    from tui.sources.archive import open_archive

    return open_archive(spec.kind, spec.path)
