"""A source: a place that holds images. One protocol for registries, layouts, archives, local lists and storage folders.

Everything above this line (explore, compose, teach, the screen) talks to images only through `Source`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Literal, Protocol, runtime_checkable

from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest
from tui.registry.page import Page
from tui.sources.presence import Observation, Presence

SourceKind = Literal["registry", "oci-layout", "oci-archive", "docker-archive", "docker-manifests", "storage"]


class SourceError(Exception):
    """A question that a source could not answer with content.

    `presence` says what that means for the object that was asked for; `sentence` is safe and complete; `fix`
    says what the reader can do about it (safe, may be empty); `code` is the registry's own code or one of
    ours, lower-case with dashes when ours; `detail` what is said of it beside the object itself (status and code when
    empty); `raw` the bytes as served, when there are any that could be shown.
    """

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
        told = " ".join(part for part in (str(self.status or ""), self.code) if part) if terse else ""
        return Observation(
            self.presence,
            detail=self.detail or told or self.sentence,
            status=self.status,
            retry_at=self.retry_at,
        )


@runtime_checkable
class Source(Protocol):
    """What every source can be asked. Names of repositories and tags are raw; make them safe before showing them."""

    @property
    def kind(self) -> SourceKind: ...
    @property
    def title(self) -> str:
        """Safe text for people: a host, a path."""
        ...

    @property
    def registry(self) -> str | None:
        """The registry's `host[:port]`, or None for what lies on disk."""
        ...

    @property
    def can_write(self) -> bool: ...
    @property
    def why_read_only(self) -> str:
        """Why nothing can be written here; empty when it can."""
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

    def stream(self, repository: str, descriptor: Descriptor) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A blob in chunks, verified at the end (SourceError then). Raises SourceError."""
        ...

    async def referrers(self, repository: str, digest: Digest) -> tuple[Descriptor, ...]:
        """What names this digest as its subject. Raises SourceError."""
        ...

    def reference(self, repository: str, *, tag: str | None = None, digest: Digest | None = None) -> str:
        """How people and tools write it: `127.0.0.1:5000/app@sha256:…`."""
        ...

    async def aclose(self) -> None: ...
