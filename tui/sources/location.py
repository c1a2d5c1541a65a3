"""Where an object was seen: one repository of a registry, a layout, an archive; and how that is written as text."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tui.oci.digest import Digest, digest_or_name
from tui.oci.errors import MalformedDigest, MalformedReference
from tui.oci.reference import Reference, is_repository, is_tag
from tui.text import safe

if TYPE_CHECKING:
    from tui.sources.base import Source, SourceKind

#: What is written before the colon, and the kind of source that it means.
KINDS: dict[str, SourceKind] = {
    "oci": "oci-layout",
    "oci-archive": "oci-archive",
    "docker-archive": "docker-archive",
    "docker-manifests": "docker-manifests",
    "storage": "storage",
}
PREFIXES = {kind: prefix for prefix, kind in KINDS.items()}
#: The kinds that are folders; the others are files.
FOLDERS = ("oci-layout", "docker-manifests", "storage")


@dataclass(frozen=True, slots=True)
class RepositoryLocation:
    """Where bytes can be read from: in a registry, or in a source on disk."""

    repository: str
    registry: str | None = None
    """`host[:port]`; None for what lies on disk."""
    path: str | None = None
    """A source on disk as it is written on the command line, without repository, tag or digest: `oci:/tmp/layout`."""

    @classmethod
    def of(cls, reference: Reference) -> RepositoryLocation:
        """The repository that a reference names."""
        return cls(reference.repository, reference.registry)

    @property
    def on_disk(self) -> bool:
        """Whether it is read from disk, so that nothing can be mounted from it."""
        return self.registry is None

    def same_registry(self, other: RepositoryLocation) -> bool:
        """Whether a blob could be mounted from one to the other: both in the same registry."""
        return self.registry is not None and self.registry == other.registry

    def at(self, selector: str) -> str:
        """The reference of something in here, as people write it: `host/app:tag` or `host/app@sha256:…`."""
        if self.path is not None:
            return object_text(self.path, self.repository, tag=selector)
        mark = "@" if ":" in selector else ":"
        return f"{self}{mark}{selector}"

    def by_digest(self, digest: Digest) -> str:
        """The reference of an object by its digest."""
        return self.at(str(digest))

    def __str__(self) -> str:
        if self.path is not None:
            return object_text(self.path, self.repository)
        return f"{self.registry}/{self.repository}"


class ObjectLocation(str):
    """The reference of an object that somebody sees, with what it means: its text is for people and for the journal,
    and is not read again to find the object."""

    location: RepositoryLocation
    selector: str

    def __new__(cls, location: RepositoryLocation, selector: str, text: str = "") -> ObjectLocation:
        location_text = super().__new__(cls, text or location.at(selector))
        location_text.location, location_text.selector = location, selector
        return location_text

    @classmethod
    def of(
        cls, source: Source, repository: str, *, tag: str | None = None, digest: Digest | None = None
    ) -> ObjectLocation:
        """A tag or a digest of a source."""
        location = source.location(repository)
        selector = tag or str(digest or "")
        if source.capabilities.stored_lists is not None:
            # Docker names its local lists as what they are in the registry, which is another place.
            return cls(location, selector)
        return cls(location, selector, source.reference(repository, tag=tag, digest=None if tag else digest))


def place_text(kind: SourceKind, path: Path) -> str:
    """A place on disk as it is written, without what is named in it: `oci:/tmp/layout`."""
    text = str(path)
    if text.startswith("~"):
        text = f"./{text}"  # a folder of that name, and nobody's home
    if text.startswith("//"):
        text = f"/{text.lstrip('/')}"
    return f"{PREFIXES[kind]}:{text}"


def object_text(
    place: str, repository: str, *, tag: str | None = None, digest: Digest | None = None, known: Digest | None = None
) -> str:
    """How something in a place on disk is written, so that `parse_source` reads the same of it.

    `known` is the digest that a tag is known to hold, for tags that cannot be written (layouts allow any name). What
    cannot be written at all ends in an `@`: a text that is refused, and never means something else.
    """
    kind = KINDS[place.partition(":")[0]]
    if tag is not None and digest is None and (digest := digest_or_name(tag)) is not None:
        tag = None
    without = None if kind in ("storage", "docker-manifests") else ""
    tries = [(tag, digest), *([(None, digest or known)] if tag and (digest or known) else [])]
    for name, exact in tries:
        text = (f":{repository}" if repository else "") + (f":{name}" if name else "") + (f"@{exact}" if exact else "")
        if not _is_read_back(kind, text, (repository or without, str(exact) if exact else name or None)):
            continue
        marked = kind in FOLDERS and (f"{text}:".count("/:") or "/@" in text or place != place.rstrip())
        whole = f"{place.rstrip('/')}/{text}" if marked else f"{place}{text}"
        if whole == whole.rstrip() and "\0" not in whole:
            return whole
    return f"{place}:{repository}:{tag or ''}@"


def _is_read_back(kind: SourceKind, text: str, meant: tuple[str | None, str | None]) -> bool:
    try:
        return read_name(kind, text, "") == meant
    except MalformedReference:
        return False


def read_name(kind: SourceKind, name: str, text: str) -> tuple[str | None, str | None]:
    """The repository and the tag or digest that `:NAME` after a path means, perhaps with `@DIGEST`.

    In a layout a name is a tag (any name, image-spec annotations.md allows more than tags); elsewhere it is a
    repository and perhaps its tag.
    """
    name, at, digest = name.partition("@")
    name = name.removeprefix(":")
    selector: str | None = None
    if at:
        try:
            selector = str(Digest.parse(digest))
        except MalformedDigest as error:
            raise MalformedReference(f"“{safe(text, limit=200)}”: {error}") from None
    if kind in ("oci-layout", "oci-archive"):
        return "", selector or name or None
    if kind in ("storage", "docker-manifests"):
        if not name and not at:
            return None, None
        return _stored_name(kind, name, selector, text)
    if not name:
        return "", selector
    try:
        reference = Reference.parse(name)
    except MalformedReference as error:
        raise MalformedReference(f"“{safe(text, limit=200)}”: {error}") from None
    tag = reference.tag if reference.explicit else None
    return reference.familiar.removesuffix(f":{reference.tag}"), selector or tag


def _stored_name(kind: SourceKind, name: str, selector: str | None, text: str) -> tuple[str, str | None]:
    """REPOSITORY or REPOSITORY:TAG of a storage folder; of Docker's lists, where repositories begin with a host."""
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    if not repository or (kind == "storage" and not is_repository(repository)):
        raise MalformedReference(
            f"“{safe(text, limit=200)}”: “{safe(repository, limit=100)}” is not the name of a repository."
        )
    if tag and not is_tag(tag):
        raise MalformedReference(f"“{safe(text, limit=200)}”: “{safe(tag, limit=100)}” is not a tag.")
    return repository, selector or tag or None
