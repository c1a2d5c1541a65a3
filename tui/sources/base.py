"""A source: a place that holds images. One protocol for registries, layouts, archives, local lists and storage folders.

Everything above this line (explore, compose, teach, the screen) talks to images only through `Source`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Hashable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest
from tui.oci.reference import Reference
from tui.registry.page import Page
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Observation, Presence

if TYPE_CHECKING:
    from tui.sources.docker_lists import StoredList
    from tui.sources.docker_manifests import Comparison
    from tui.sources.storage import StorageSource

#: What kind a source is, for texts and for facts in JSON. Nobody decides anything by it: see `Capabilities`.
SourceKind = Literal["registry", "oci-layout", "oci-archive", "docker-archive", "docker-manifests", "storage"]


#: How many questions at once are put to what lies on disk.
DISK_SLOTS = 16


class SourceError(Exception):
    """A question that a source could not answer with content."""

    presence: Presence
    """What that means for the object that was asked for."""
    sentence: str
    """Safe and complete."""
    status: int | None
    code: str
    """The registry's own code, or one of ours, lower-case with dashes."""
    fix: str
    """What the reader can do about it: safe, may be empty."""
    detail: str
    """What is said of it beside the object itself; status and code when empty."""
    retry_at: float | None
    """A moment of `time.monotonic()` after which asking again makes sense."""
    repository_unknown: bool
    raw: bytes
    """The bytes as served, when there are any that could be shown."""

    def __init__(
        self,
        presence: Presence,
        sentence: str,
        *,
        status: int | None = None,
        code: str = "",
        fix: str = "",
        detail: str = "",
        retry_at: float | None = None,
        repository_unknown: bool = False,
        raw: bytes = b"",
    ) -> None:
        super().__init__(sentence)
        self.presence = presence
        self.sentence = sentence
        self.status = status
        self.code = code
        self.fix = fix
        self.detail = detail
        self.retry_at = retry_at
        self.repository_unknown = repository_unknown
        self.raw = raw

    def observation(self) -> Observation:
        """The same, as what is now known of the object that was asked for."""
        terse = self.code or self.presence is not Presence.UNREACHABLE  # of those a status says too little
        short = " ".join(part for part in (str(self.status or ""), self.code) if part) if terse else ""
        return Observation(
            self.presence,
            detail=self.detail or short or self.sentence,
            status=self.status,
            retry_at=self.retry_at,
            fix=self.fix if self.fix != self.presence.words.fix else "",
        )


class StoredLists(Protocol):
    """Docker's local manifest lists, each under the repository and tag that its source shows it by."""

    @property
    def folder(self) -> Path:
        """The folder that holds the lists."""
        ...

    async def stored(self, repository: str, tag: str) -> StoredList:
        """The list as it is stored. Raises SourceError."""
        ...

    async def compare(self, repository: str, tag: str) -> Comparison:
        """Ask the registry what each entry's reference holds now. Raises SourceError when there is no such list."""
        ...

    def compared(self, repository: str, tag: str) -> Comparison | None:
        """What `compare` found last."""
        ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a source can do and what its answers are worth: what callers decide by, instead of by its kind."""

    remote: bool = False
    """Every question is a request to a registry: what was not asked is not known, and only a name that the
    distribution spec allows can be asked for. Else everything can be read at once, and names may be anything."""

    referrers: bool = True
    """It can say what names a digest as its subject."""

    on_disk: bool = False
    """Its objects are files on this machine: reading and hashing them all costs no request."""

    holds_its_objects: bool = True
    """What can be read in it is there for whoever pulls from it. Docker's lists hold manifests that have to be in a
    registry, so that reading one here proves nothing."""

    names_with_registry: bool = False
    """The names of its repositories begin with a registry, `127.0.0.1:5000/app`."""

    stored_lists: StoredLists | None = None
    """Set when its tags are Docker's local manifest lists."""

    storage: StorageSource | None = None
    """Set when it is a registry's storage folder, which can be surveyed."""


@runtime_checkable
class Source(Protocol):
    """What every source can be asked. Names of repositories and tags are raw; make them safe before showing them."""

    @property
    def kind(self) -> SourceKind: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def title(self) -> str:
        """Safe text for people: a host, a path."""
        ...

    @property
    def registry(self) -> str | None:
        """The registry's `host[:port]`, or None for what lies on disk."""
        ...

    @property
    def path(self) -> Path | None:
        """The folder or file that it is read from, for other tools' command lines; None for a registry."""
        ...

    @property
    def can_write(self) -> bool: ...
    @property
    def why_read_only(self) -> str:
        """Why nothing can be written here; empty when it can."""
        ...

    @property
    def why_ask_first(self) -> str:
        """Why it should be asked for no more than somebody wants to see; empty when that does not matter: "docker.io
        counts requests". Safe."""
        ...

    @property
    def slots(self) -> int:
        """How many questions at once it can bear now, at least 1. A question more would only wait."""
        ...

    @property
    def requests(self) -> int:
        """How many requests this source has sent so far; 0 for what lies on disk."""
        ...

    def repositories(self) -> AsyncIterator[Page]:
        """The repositories, page by page. Raises SourceError (a registry may not offer its catalog)."""
        ...

    def tags(self, repository: str) -> AsyncIterator[Page]:
        """The tags of a repository, page by page. Raises SourceError before the first page only; a later page that
        fails ends the list with `complete=False` and a note."""
        ...

    async def manifest(self, repository: str, selector: str, *, fresh: bool = False) -> AnyManifest:
        """The manifest under a tag or digest, verified when asked by digest. Raises SourceError."""
        ...

    async def resolve(self, repository: str, selector: str) -> Descriptor:
        """What a tag or digest points to (digest, media type, size), as cheaply as possible. Raises SourceError."""
        ...

    async def probe(
        self, repository: str, descriptor: Descriptor, *, fresh: bool = False, confirm: bool = True
    ) -> Observation:
        """Whether the object is in this repository and is what its descriptor says. Raises nothing but CancelledError.

        Without `confirm` a single "not there" is enough: for looking around, never for a verdict.
        """
        ...

    async def blob(self, repository: str, descriptor: Descriptor, *, limit: int) -> bytes:
        """A whole blob of at most `limit` bytes, verified. Raises SourceError."""
        ...

    def stream(
        self, repository: str, descriptor: Descriptor, *, verify: bool = True
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A blob in chunks, verified at the end (SourceError then). Raises SourceError.

        Without `verify` the caller hashes what comes; that less came than was announced is raised all the same, and
        says nothing about the blob.
        """
        ...

    async def stamp(self, repository: str, descriptor: Descriptor) -> Hashable:
        """What would be another if the bytes of a blob had been written since (file, size, times); None where nobody
        can tell, as in a registry. Raises SourceError."""
        ...

    async def referrers(self, repository: str, digest: Digest) -> tuple[Descriptor, ...]:
        """What names this digest as its subject. Raises SourceError."""
        ...

    def reference(self, repository: str, *, tag: str | None = None, digest: Digest | None = None) -> str:
        """How people and tools write it: `127.0.0.1:5000/app@sha256:…`."""
        ...

    def location(self, repository: str) -> RepositoryLocation:
        """Where a repository of this source is."""
        ...

    def pushed_as(self, repository: str, tag: str) -> Reference | None:
        """The tag of a registry that a tag of this source is, or that a stored list is for; None when it is none, or
        when nobody can tell."""
        ...

    async def aclose(self) -> None: ...
