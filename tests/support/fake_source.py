"""A source in memory, made of real bytes, whose answers can be scripted and delayed, and which counts its questions."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.support.images import Image
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, decode
from tui.oci.reference import Reference
from tui.registry.page import Page
from tui.registry.trace import count_request
from tui.sources.base import Capabilities, SourceError, SourceKind
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Observation, Presence


@dataclass
class Repository:
    tags: dict[str, Digest] = field(default_factory=dict)
    manifests: dict[Digest, tuple[bytes, str]] = field(default_factory=dict)
    blobs: dict[Digest, bytes] = field(default_factory=dict)
    referrers: dict[Digest, tuple[Descriptor, ...]] = field(default_factory=dict)


class FakeSource:
    """See `tui.sources.base.Source`. `script` holds what to answer for a digest (or tag) instead of the truth;
    `delay` seconds pass before every answer, `delays` says otherwise for single ones; `held` questions wait until
    `release`."""

    kind: SourceKind = "registry"
    capabilities = Capabilities(remote=True)
    path = None
    title = "fake.test"
    registry: str | None = "fake.test"
    can_write = False
    why_ask_first = ""
    slots = 16
    why_read_only = "it is a fake"

    def __init__(self, *, page_size: int = 1000) -> None:
        self.repos: dict[str, Repository] = {}
        self.script: dict[str, Observation | SourceError] = {}
        self.delay = 0.0
        self.delays: dict[str, float] = {}
        self.asked: Counter[tuple[str, str, str]] = Counter()
        self.order: list[tuple[str, str, str]] = []
        self.cancelled: list[tuple[str, str, str]] = []
        self.page_size = page_size
        self.held: asyncio.Event | None = None
        self.running = 0
        self.most_running = 0

    # filling

    def put(self, repository: str, image: Image, *tags: str) -> Image:
        """Store an image with everything below it."""
        place = self.repos.setdefault(repository, Repository())
        waiting, met = [image], {image.digest}
        while waiting:
            each = waiting.pop()
            for part in each.blobs:
                place.blobs[part.digest] = part.data
            place.manifests[each.digest] = (each.raw, each.descriptor.media_type)
            waiting += {child.digest: child for child in each.children if child.digest not in met}.values()
            met.update(child.digest for child in each.children)
        for tag in tags:
            place.tags[tag] = image.digest
        return image

    def drop(self, repository: str, digest: Digest) -> None:
        """Delete a manifest or a blob."""
        place = self.repos[repository]
        if place.manifests.pop(digest, None) is None:
            del place.blobs[digest]

    def hold(self) -> None:
        """Let every question wait from now on."""
        self.held = asyncio.Event()

    def release(self) -> None:
        if self.held is not None:
            self.held.set()
        self.held = None

    # asking

    @property
    def requests(self) -> int:
        return sum(self.asked.values())

    async def _asked(self, how: str, repository: str, what: str) -> None:
        question = (how, repository, what)
        self.asked[question] += 1
        count_request()
        self.order.append(question)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(self.delays.get(what, self.delay))
            if self.held is not None:
                await self.held.wait()
        except asyncio.CancelledError:
            self.cancelled.append(question)
            raise
        finally:
            self.running -= 1
        scripted = self.script.get(what)
        if isinstance(scripted, SourceError):
            raise scripted

    async def repositories(self) -> AsyncIterator[Page]:
        await self._asked("catalog", "", "")
        yield Page(tuple(self.repos), True)

    async def tags(self, repository: str) -> AsyncIterator[Page]:
        names = list(self._repo(repository).tags)
        for start in range(0, max(len(names), 1), self.page_size):
            await self._asked("tags", repository, str(start))
            yield Page(tuple(names[start : start + self.page_size]), start + self.page_size >= len(names))

    def _repo(self, repository: str) -> Repository:
        if repository not in self.repos:
            raise SourceError(
                Presence.MISSING,
                f"Not found: {repository}.",
                status=404,
                code="NAME_UNKNOWN",
                repository_unknown=True,
            )
        return self.repos[repository]

    async def manifest(self, repository: str, selector: str, *, fresh: bool = False) -> AnyManifest:
        await self._asked("manifest", repository, selector)
        place = self._repo(repository)
        digest = Digest.parse(selector) if ":" in selector else place.tags.get(selector)
        if digest is None or digest not in place.manifests:
            raise SourceError(
                Presence.MISSING, f"{selector} is not in {repository}.", status=404, code="MANIFEST_UNKNOWN"
            )
        raw, media_type = place.manifests[digest]
        try:
            return decode(raw, media_type, digest=digest)
        except OciError as error:
            raise SourceError(Presence.MISMATCHED, str(error), code="invalid-manifest", raw=raw) from None

    async def resolve(self, repository: str, selector: str) -> Descriptor:
        await self._asked("resolve", repository, selector)
        place = self._repo(repository)
        digest = Digest.parse(selector) if ":" in selector else place.tags.get(selector)
        if digest is None or digest not in place.manifests:
            raise SourceError(Presence.MISSING, "not there", status=404, code="MANIFEST_UNKNOWN")
        raw, media_type = place.manifests[digest]
        return Descriptor(media_type, digest, len(raw))

    async def probe(
        self, repository: str, descriptor: Descriptor, *, fresh: bool = False, confirm: bool = True
    ) -> Observation:
        digest = descriptor.digest
        try:
            await self._asked("probe", repository, str(digest))
        except SourceError as error:
            return error.observation()
        scripted = self.script.get(str(digest))
        if isinstance(scripted, Observation):
            return scripted
        place = self.repos.get(repository)
        if place is None:
            return Observation(Presence.MISSING, detail="404 NAME_UNKNOWN", status=404)
        if media.is_manifest(descriptor.media_type):
            if digest not in place.manifests:
                return Observation(Presence.MISSING, detail="404 MANIFEST_UNKNOWN", status=404, confirmed=confirm)
            raw, media_type = place.manifests[digest]
            return Observation(Presence.PRESENT, status=200, size=len(raw), media_type=media_type, digest=digest)
        if digest not in place.blobs:
            presence = Presence.FOREIGN if descriptor.is_foreign else Presence.MISSING
            return Observation(presence, detail="404 BLOB_UNKNOWN", status=404, confirmed=confirm)
        return Observation(Presence.PRESENT, status=200, size=len(place.blobs[digest]), digest=digest)

    async def blob(self, repository: str, descriptor: Descriptor, *, limit: int) -> bytes:
        await self._asked("blob", repository, str(descriptor.digest))
        data = self._repo(repository).blobs.get(descriptor.digest)
        if data is None:
            raise SourceError(Presence.MISSING, "Not found: the blob.", status=404, code="BLOB_UNKNOWN")
        return data

    @asynccontextmanager
    async def stream(
        self, repository: str, descriptor: Descriptor, *, verify: bool = True
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        data = await self.blob(repository, descriptor, limit=1 << 30)

        async def chunks() -> AsyncIterator[bytes]:
            yield data

        yield chunks()

    async def stamp(self, repository: str, descriptor: Descriptor) -> Hashable:
        return None

    async def referrers(self, repository: str, digest: Digest) -> tuple[Descriptor, ...]:
        await self._asked("referrers", repository, str(digest))
        return self._repo(repository).referrers.get(digest, ())

    def reference(self, repository: str, *, tag: str | None = None, digest: Digest | None = None) -> str:
        return f"fake.test/{repository}" + (f"@{digest}" if digest else f":{tag}" if tag else "")

    def location(self, repository: str) -> RepositoryLocation:
        return RepositoryLocation(repository, self.registry)

    def pushed_as(self, repository: str, tag: str) -> Reference | None:
        return Reference.parse(self.reference(repository, tag=tag)) if self.registry is not None else None

    async def aclose(self) -> None:
        self.release()
