"""Where an object was seen: one repository of a registry, a layout, an archive; and how that is written as text."""

from __future__ import annotations

from dataclasses import dataclass

from tui.oci.digest import Digest
from tui.oci.reference import Reference
from tui.sources.base import Source
from tui.sources.disk import DiskSource
from tui.sources.docker_manifests import DockerManifests
from tui.sources.spec import object_text, place_text
from tui.sources.storage import StorageSource


@dataclass(frozen=True, slots=True)
class RepositoryLocation:
    """Where bytes can be read from.

    `registry` is the `host[:port]` of a registry; for what lies on disk it is None and `path` holds the source as
    it is written on the command line, without repository, tag or digest (`oci:/tmp/layout`).
    """

    repository: str
    registry: str | None = None
    path: str | None = None

    @classmethod
    def of(cls, reference: Reference) -> RepositoryLocation:
        """The repository that a reference names."""
        return cls(reference.repository, reference.registry)

    @classmethod
    def within(cls, source: Source, repository: str) -> RepositoryLocation:
        """A repository of a source, wherever that is."""
        if source.registry is not None:
            return cls(repository, source.registry)
        if isinstance(source, DockerManifests):
            return cls(repository, None, place_text(source.kind, source.lists.folder))
        assert isinstance(source, DiskSource | StorageSource)
        return cls(repository, None, source.place)

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

    home: RepositoryLocation
    selector: str

    def __new__(cls, home: RepositoryLocation, selector: str, text: str = "") -> ObjectLocation:
        pinned = super().__new__(cls, text or home.at(selector))
        pinned.home, pinned.selector = home, selector
        return pinned

    @classmethod
    def of(
        cls, source: Source, repository: str, *, tag: str | None = None, digest: Digest | None = None
    ) -> ObjectLocation:
        """A tag or a digest of a source."""
        home = RepositoryLocation.within(source, repository)
        selector = tag or str(digest or "")
        # Docker names its local lists as what they are in the registry, which is another place.
        text = home.at(selector) if isinstance(source, DockerManifests) else ""
        return cls(home, selector, text or source.reference(repository, tag=tag, digest=None if tag else digest))
