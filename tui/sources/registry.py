"""A registry as a source: the client's errors become presences, honestly, and never one for another."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import replace

from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest
from tui.oci.reference import DOCKER_HUB, Reference
from tui.registry import errors
from tui.registry.client import Client
from tui.registry.page import Page
from tui.sources.base import Capabilities, SourceError, SourceKind
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Observation, Presence, compare
from tui.text import safe

#: After "no such repository" its objects are not asked for, one by one, for this many seconds
#: (docs/protocol-notes.md, D-11).
UNKNOWN_SECONDS = 5.0

_NO_REGISTRY = "Check the name and the port. The request log shows the answer."


def source_error(error: errors.RegistryError, why: tuple[str, ...] = ()) -> SourceError:
    """What an error of the client means for the object that was asked for; `why` are sentences that explain it."""
    presence, code = _classify(error)
    retry_at = None if error.retry_after is None else time.monotonic() + error.retry_after
    return SourceError(
        presence,
        " ".join((error.sentence, *why)),
        status=error.status,
        code=code,
        fix=error.advice or (_NO_REGISTRY if isinstance(error, errors.NotARegistry) else presence.words.fix),
        detail=error.detail,
        retry_at=retry_at,
        repository_unknown=isinstance(error, errors.NotFound) and error.repo_unknown,
        raw=error.raw if isinstance(error, errors.InvalidManifest) else b"",
    )


def _classify(error: errors.RegistryError) -> tuple[Presence, str]:
    if isinstance(error, errors.NotFound):
        return Presence.MISSING, error.code
    if isinstance(error, errors.Denied | errors.Policy | errors.Refused):
        return Presence.DENIED, error.code
    if isinstance(error, errors.RateLimited):
        return Presence.LIMITED, error.code
    if isinstance(error, errors.InvalidManifest):
        return Presence.MISMATCHED, "invalid-manifest"
    if isinstance(error, errors.Corrupt) and not isinstance(error, errors.Garbled):
        return Presence.MISMATCHED, "digest-mismatch"
    # Everything else is an answer that says nothing about the object: never "missing".
    return Presence.UNREACHABLE, error.code


class RegistrySource:
    """One registry, through the client that all registries share. Closing the client is its owner's business."""

    kind: SourceKind = "registry"
    capabilities = Capabilities(remote=True)
    path = None

    def __init__(self, client: Client, registry: str) -> None:
        self._client = client
        self._registry = registry
        self._unknown: dict[str, float] = {}

    @property
    def registry(self) -> str | None:
        return self._registry

    @property
    def title(self) -> str:
        return safe(self._registry, limit=255)

    @property
    def can_write(self) -> bool:
        return not self.why_read_only

    @property
    def why_read_only(self) -> str:
        settings = self._client.settings
        if settings.read_only:
            return "fanfold was started with --read-only."
        if settings.host(self._registry).read_only:
            return f"{self.title} is set read-only in the configuration."
        return ""

    @property
    def why_ask_first(self) -> str:
        limit = self._client.rate_limit(self._registry)
        if limit is not None and limit.remaining is not None:
            return f"{self.title} counts requests, {limit.remaining:,} left"
        if self._registry == DOCKER_HUB:
            return f"{self.title} counts requests"
        if self._client.paused_until(self._registry) is not None:
            return f"{self.title} limits the rate of requests"
        return ""

    @property
    def slots(self) -> int:
        return self._client.slots(self._registry)

    @property
    def requests(self) -> int:
        return self._client.trace.count

    async def repositories(self) -> AsyncIterator[Page]:
        try:
            async for page in self._client.catalog(self._registry):
                yield page
        except errors.RegistryError as error:
            raise self._error(error) from error

    async def tags(self, repository: str) -> AsyncIterator[Page]:
        try:
            async for page in self._client.tags(self._registry, repository):
                yield page
        except errors.RegistryError as error:
            raise self._error(error) from error

    async def manifest(self, repository: str, selector: str, *, fresh: bool = False) -> AnyManifest:
        if fresh:
            self._unknown.pop(repository, None)
        try:
            return await self._client.get_manifest(self._registry, repository, selector, fresh=fresh)
        except errors.RegistryError as error:
            raise self._noted(repository, error) from error

    async def resolve(self, repository: str, selector: str) -> Descriptor:
        try:
            head = await self._client.head_manifest(self._registry, repository, selector)
            if head.digest is None or head.size is None:
                manifest = await self._client.get_manifest(self._registry, repository, selector)
                return manifest.descriptor()
        except errors.RegistryError as error:
            raise self._noted(repository, error) from error
        return Descriptor(media.normalise(head.media_type), head.digest, head.size)

    async def probe(
        self, repository: str, descriptor: Descriptor, *, fresh: bool = False, confirm: bool = True
    ) -> Observation:
        if fresh:
            self._unknown.pop(repository, None)
        elif self._unknown.get(repository, 0.0) > time.monotonic():
            return Observation(Presence.MISSING, detail="404 NAME_UNKNOWN", status=404, confirmed=True)
        try:
            if media.is_manifest(descriptor.media_type):
                return await self._probe_manifest(repository, descriptor, confirm=confirm)
            return await self._probe_blob(repository, descriptor, confirm=confirm)
        except errors.NotFound as error:
            seen = self._noted(repository, error).observation()
            presence = Presence.FOREIGN if descriptor.is_foreign else Presence.MISSING
            return Observation(
                presence,
                detail=_foreign_detail(descriptor) if presence is Presence.FOREIGN else seen.detail,
                status=seen.status,
                confirmed=error.confirmed and confirm,
            )
        except errors.RegistryError as error:
            return self._error(error).observation()

    async def _probe_manifest(self, repository: str, descriptor: Descriptor, *, confirm: bool) -> Observation:
        head = await self._client.head_manifest(self._registry, repository, str(descriptor.digest), confirm=confirm)
        seen = Observation(
            Presence.PRESENT,
            detail=head.note,
            status=head.status,
            size=head.size,
            media_type=media.normalise(head.media_type) or None,
            confirmed=head.method == "GET",
        )
        found = compare(descriptor, seen)
        if seen.confirmed or (found.presence is Presence.PRESENT and seen.size is not None):
            return found
        # Nothing is called mismatched by the word of a HEAD: the bytes are small, and they are hashed.
        served = await self._client.get_manifest(self._registry, repository, str(descriptor.digest), fresh=True)
        read = replace(seen, size=len(served.raw), media_type=served.media_type, confirmed=True)
        return compare(descriptor, read)

    async def _probe_blob(self, repository: str, descriptor: Descriptor, *, confirm: bool) -> Observation:
        head = await self._client.head_blob(
            self._registry, repository, descriptor.digest, expected_size=descriptor.size, confirm=confirm
        )
        confirmed = head.method == "GET"
        seen = Observation(
            Presence.PRESENT,
            detail=head.note,
            status=head.status,
            size=head.size,
            digest=head.digest,
            confirmed=confirmed,
        )
        return compare(descriptor, seen)

    async def blob(self, repository: str, descriptor: Descriptor, *, limit: int) -> bytes:
        try:
            return await self._client.read_blob(self._registry, repository, descriptor.digest, limit=limit)
        except errors.Corrupt as error:
            raise await self._believed(error, repository, descriptor) from error
        except errors.RegistryError as error:
            raise self._noted(repository, error) from error

    async def _believed(self, error: errors.Corrupt, repository: str, descriptor: Descriptor) -> SourceError:
        """Wrong bytes are the object's fault only where a registry answers: what says yes to every question is none,
        and the look at the size of the blob finds that out."""
        try:
            await self._client.head_blob(
                self._registry, repository, descriptor.digest, expected_size=descriptor.size, confirm=False
            )
        except errors.RegistryError as instead:
            if isinstance(instead, errors.NotARegistry | errors.Unreachable):
                return source_error(instead)
        return source_error(error)

    @asynccontextmanager
    async def stream(
        self, repository: str, descriptor: Descriptor, *, verify: bool = True
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        try:
            async with self._client.stream_blob(self._registry, repository, descriptor.digest, verify=verify) as stream:
                yield stream.chunks
        except errors.RegistryError as error:
            raise self._noted(repository, error) from error

    async def stamp(self, repository: str, descriptor: Descriptor) -> Hashable:
        return None

    async def referrers(self, repository: str, digest: Digest) -> tuple[Descriptor, ...]:
        try:
            referrers = await self._client.referrers(self._registry, repository, digest)
        except errors.RegistryError as error:
            raise self._noted(repository, error) from error
        return referrers.descriptors

    def reference(self, repository: str, *, tag: str | None = None, digest: Digest | None = None) -> str:
        text = f"{self._registry}/{repository}"
        if tag:
            text += f":{tag}"
        return f"{text}@{digest}" if digest else text

    def location(self, repository: str) -> RepositoryLocation:
        return RepositoryLocation(repository, self._registry)

    def pushed_as(self, repository: str, tag: str) -> Reference | None:
        return Reference.parse(self.reference(repository, tag=tag))

    async def aclose(self) -> None:
        """Nothing: the client belongs to whoever made it."""

    def _error(self, error: errors.RegistryError) -> SourceError:
        """A denial with what is known of the stored login, which may be why."""
        if not isinstance(error, errors.Denied):
            return source_error(error)
        return source_error(error, self._client.login_notices(self._registry))

    def _noted(self, repository: str, error: errors.RegistryError) -> SourceError:
        failure = self._error(error)
        if failure.repository_unknown:
            self._unknown[repository] = time.monotonic() + UNKNOWN_SECONDS
        return failure


def _foreign_detail(descriptor: Descriptor) -> str:
    return f"stored elsewhere: {safe(descriptor.urls[0], limit=200)}" if descriptor.urls else ""
