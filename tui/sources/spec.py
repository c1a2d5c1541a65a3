"""What somebody names on the command line or in the open dialogue: which source, and what of it."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.oci.errors import MalformedReference
from tui.oci.reference import Reference, is_tag, parse_registry
from tui.sources.location import FOLDERS, KINDS, ObjectLocation, RepositoryLocation, place_text, read_name
from tui.text import safe

if TYPE_CHECKING:
    from tui.registry.client import Client
    from tui.sources.base import Source, SourceKind

_SCHEME = re.compile(r"^(https?)://", re.IGNORECASE)
#: What only a path begins with, or a file's name ends with.
_PATH = re.compile(r"(?:~|\.\.?)?/.*|\.\.?|file:.*|[^/]+\.tar(?:\.gz)?", re.DOTALL)
_PREFIX = re.compile(r"(oci|oci-archive|docker-archive|docker-manifests|storage):(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source, and perhaps a repository and a tag or digest in it.

    `registry` or `path` is set, never both (`docker-manifests:` alone has neither: Docker's own folder).
    """

    kind: SourceKind
    registry: str | None = None
    path: Path | None = None
    repository: str | None = None
    selector: str | None = None
    """The tag or digest; None when neither was written."""
    every: bool = False
    """Whether all tags of the repository are meant, latest or not: a slash was written behind its name."""
    note: str = ""
    """Safe text on how the input was read."""
    text: str = ""
    scheme: str = ""
    """The "http" or "https" that was written before a registry, else ""."""

    @property
    def explicit(self) -> bool:
        """Whether a tag or digest was written."""
        return self.selector is not None

    @property
    def key(self) -> tuple[SourceKind, str]:
        """What is equal for all specs of the same source."""
        return self.kind, self.registry.lower() if self.registry is not None else str(self.path or "")

    def location(self) -> RepositoryLocation:
        """The repository that it names. Raises MalformedReference when it names a registry and none of those in it."""
        if self.kind != "registry":
            place = place_text(self.kind, self.path) if self.path is not None else f"{self.kind}:"
            return RepositoryLocation(self.repository or "", None, place)
        if self.registry is None or not self.repository:
            raise MalformedReference(f"“{safe(self.text, limit=200)}” names a registry, not an image in it.")
        return RepositoryLocation(self.repository, self.registry)

    @classmethod
    def holding(cls, location: RepositoryLocation) -> SourceSpec:
        """The source that holds a location. All of its `path` after the kind is a path, whatever is in it."""
        if location.path is None:
            return cls("registry", registry=location.registry)
        prefix, _colon, path = location.path.partition(":")
        return cls(KINDS[prefix], path=Path(path) if path else None, text=location.path)


def parse_source(text: str) -> SourceSpec:
    """Read a SOURCE: a reference, a repository, a registry, or `oci:PATH[:TAG]` and its kin.

    In `docker-archive:` and `storage:` the path is followed by `:REPOSITORY[:TAG]`.

    `localhost:5000`, `127.0.0.1:5000` and names that have a dot but no path are registries; anything else without a
    path is an image of Docker Hub, as for Docker. With a slash at its end a repository is all of its tags.
    Raises MalformedReference with a sentence that says what to write.
    """
    stripped = text.strip()
    match = _PREFIX.fullmatch(stripped)
    if match is not None and not match[2].startswith("//"):
        return _on_disk(KINDS[match[1]], match[2], stripped)
    if _PATH.fullmatch(stripped):
        raise MalformedReference(
            f"“{safe(stripped, limit=200)}” is a path; say of what kind: oci:PATH (a layout), oci-archive:PATH, "
            "docker-archive:PATH or storage:PATH (a registry's folder)."
        )
    written = _SCHEME.match(stripped)
    scheme = written[1].lower() if written is not None else ""
    registry = _as_registry(stripped)
    if registry is not None:
        note = f"left out the scheme {scheme}://" if scheme else ""
        return SourceSpec("registry", registry=registry, note=note, text=stripped, scheme=scheme)
    name = stripped.removesuffix("/")
    reference = Reference.from_input(name)
    every = name != stripped
    if every and reference.explicit:
        raise MalformedReference(
            f"“{safe(stripped, limit=200)}” names a tag or digest; leave out the slash at its end."
        )
    return SourceSpec(
        "registry",
        registry=reference.registry,
        repository=reference.repository,
        selector=reference.selector if reference.explicit else None,
        every=every,
        note=reference.note,
        text=stripped,
        scheme=scheme,
    )


def _on_disk(kind: SourceKind, rest: str, text: str) -> SourceSpec:
    if not rest and kind == "docker-manifests":
        return SourceSpec(kind, text=text)
    if not rest:
        raise MalformedReference(f"“{safe(text, limit=200)}” names no path; write it after the colon.")
    if "\0" in rest:
        raise MalformedReference(f"“{safe(text, limit=200)}” has a zero byte in its path.")
    head, name = _cut(kind, rest, text)
    repository, selector = read_name(kind, name, text)
    return SourceSpec(kind, path=_path(head), repository=repository, selector=selector, text=text)


def _cut(kind: SourceKind, rest: str, text: str) -> tuple[str, str]:
    """A path, and what is named in it, which begins with its mark, `:` or `@`, or is "".

    Paths may hold colons too, so the path is one that exists. Where several do, it is the one with a slash behind it,
    else the only one that holds such a source, else the longest. Raises MalformedReference when two hold one, for
    nobody can tell which is meant then, or when there is no such path, and no tag.
    """
    ends = [at for at, mark in enumerate(rest) if at and mark in ":@" and os.path.exists(_path(rest[:at]))]
    if os.path.exists(_path(rest)):
        ends.append(len(rest))
    if kind in FOLDERS:
        ends = [at for at in ends if rest[at - 1] == "/"] or ends
    if len(ends) > 1:
        holding = [at for at in ends if _holds(kind, _path(rest[:at]))]
        if len(holding) > 1:
            raise MalformedReference(_ambiguous(kind, rest, holding, text))
        ends = holding or ends
    if ends:
        return rest[: ends[-1]], rest[ends[-1] :]
    head, colon, tail = rest.rpartition(":")
    if not colon or not head or kind in ("storage", "docker-manifests"):
        return rest, ""
    if tail.startswith(("sha256", "sha512")) or not is_tag(tail):
        raise MalformedReference(f"“{safe(text, limit=200)}”: “{safe(tail, limit=100)}” is not a tag.")
    return head, f":{tail}"


def _holds(kind: SourceKind, path: Path) -> bool:
    """Whether a path that exists looks like a source of this kind."""
    if kind == "oci-layout":
        return any(os.path.isfile(path / name) for name in ("oci-layout", "index.json"))
    if kind == "storage":
        from tui.sources.storage_disk import find_root

        try:
            return find_root(path) is not None
        except OSError:
            return True  # it may not be looked into: it could be one
    return os.path.isdir(path) == (kind in FOLDERS)


def _ambiguous(kind: SourceKind, rest: str, ends: list[int], text: str) -> str:
    paths = " and ".join(safe(rest[:at], limit=200) for at in ends)
    fix = "add a slash to the one you mean" if kind in FOLDERS else "rename one of them"
    return f"“{safe(text, limit=200)}” can be read in two ways, for there are both {paths}: {fix}."


def _path(text: str) -> Path:
    """The path with its ~ written out; a ~ of nobody stays as it is, and is then no file."""
    return Path(os.path.expanduser(text))


def _as_registry(text: str) -> str | None:
    rest = _SCHEME.sub("", text)
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
    """The source of a spec. A registry needs a `client`. Raises SourceError when a path holds no such thing."""
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
        from tui.sources.disk import open_layout

        return open_layout(spec.path)
    from tui.sources.archive import open_archive

    return open_archive(spec.kind, spec.path)


def locate(named: str | SourceSpec) -> tuple[RepositoryLocation, str]:
    """The repository that a reference names, and the tag or digest in it. Raises OciError for a malformed one."""
    if isinstance(named, ObjectLocation):
        return named.location, named.selector
    spec = parse_source(named) if isinstance(named, str) else named
    location = spec.location()
    return location, spec.selector or ("" if location.on_disk else "latest")
