"""A home: the one repository (of a registry, a layout, an archive) in which an object was seen."""

from __future__ import annotations

from dataclasses import dataclass

from tui.oci.digest import Digest
from tui.oci.reference import Reference


@dataclass(frozen=True, slots=True)
class Home:
    """Where bytes can be read from.

    ``registry`` is the ``host[:port]`` of a registry; for what lies on disk it is None and ``path`` holds the source as
    it is written on the command line, without tag or digest (``oci:/tmp/layout``).
    """

    repository: str
    registry: str | None = None
    path: str | None = None

    @classmethod
    def of(cls, reference: Reference) -> Home:
        """The repository that a reference names."""
        return cls(reference.repository, reference.registry)

    @property
    def on_disk(self) -> bool:
        """Whether it is read from disk, so that nothing can be mounted from it."""
        return self.registry is None

    def same_registry(self, other: Home) -> bool:
        """Whether a blob could be mounted from one to the other: both in the same registry."""
        return self.registry is not None and self.registry == other.registry

    def at(self, selector: str) -> str:
        """The reference of something in here, as people write it: ``host/app:tag`` or ``host/app@sha256:…``."""
        mark = "@" if ":" in selector else ":"
        return f"{self}{mark}{selector}"

    def by_digest(self, digest: Digest) -> str:
        """The reference of an object by its digest."""
        return self.at(str(digest))

    def __str__(self) -> str:
        if self.path is not None:
            return f"{self.path}:{self.repository}" if self.repository else self.path
        return f"{self.registry}/{self.repository}"
