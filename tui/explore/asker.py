"""Asking sources: every question once, however many rows want the answer, and every answer written into the book.

A manifest that is read is thereby known to be present, and so is a config or statement: reading *is* the check.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from tui.explore.book import Book, Key, TagHead
from tui.explore.node import Node
from tui.explore.scheduler import Job, Scheduler, Urgency
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest, digest_or_name
from tui.oci.manifest import AnyManifest
from tui.registry.cache import ByteCache
from tui.registry.trace import asking
from tui.sources.base import Source, SourceError
from tui.sources.presence import Observation, Presence
from tui.text import safe

_log = logging.getLogger(__name__)

#: So many bytes of manifests are kept for other rows that want the same, the least recently used leaving first. A row
#: holds its own, so nothing that is shown is lost; what left and is wanted again is asked for again.
MANIFEST_BYTES = 64 * 1024 * 1024


def _fault(error: Exception) -> SourceError:
    return SourceError(
        Presence.UNREACHABLE,
        f"fanfold failed here, which is a fault of its own: {safe(repr(error), limit=300)}",
        code="internal",
    )


@dataclass(frozen=True, slots=True)
class Read:
    """What reading gave: a manifest or a blob's bytes, or the error."""

    manifest: AnyManifest | None = None
    data: bytes | None = None
    descriptor: Descriptor | None = None
    error: SourceError | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """Who asks, how urgently, past the caches or not, and what the request log calls it."""

    owner: Hashable
    urgency: Urgency = Urgency.OPENED
    fresh: bool = False
    label: str = ""
    confirm: bool = True


class Asker:
    """The questions, as jobs of one scheduler. Every job's result is a `Read` or an `Observation`."""

    def __init__(self, book: Book, slots: int) -> None:
        self.book = book
        self.scheduler = Scheduler(slots)
        self._manifests: ByteCache[AnyManifest] = ByteCache(MANIFEST_BYTES, lambda manifest: len(manifest.raw))

    def known(self, source: Source, repository: str, digest: Digest) -> AnyManifest | None:
        """A manifest that was read before, if its repository has it and it is still kept."""
        return self._manifests.get((source, repository, digest))

    def forget(self, keys: set[Key]) -> None:
        """Drop manifests and observations, so that they are asked again."""
        for key in keys:
            self._manifests.drop(key)
        self.book.forget(keys)

    def manifest(
        self, source: Source, repository: str, selector: str, descriptor: Descriptor | None, wish: Wish
    ) -> Job:
        """Read the manifest under a tag or digest. Result: `Read`."""

        digest = descriptor.digest if descriptor is not None else digest_or_name(selector)

        async def run() -> Read:
            if digest is not None:
                self.book.checking(source, repository, digest)
            try:
                manifest = await source.manifest(repository, selector, fresh=wish.fresh)
            except SourceError as error:
                if descriptor is not None and await self._is_blob(source, repository, descriptor, error):
                    return Read(descriptor=descriptor)
                self._note_error(source, repository, selector, digest, error)
                return Read(error=error)
            seen = Observation(
                Presence.PRESENT,
                size=manifest.size,
                media_type=manifest.media_type,
                digest=manifest.digest,
                confirmed=True,
            )
            if descriptor is not None and source.kind == "docker-manifests":
                # What is stored here says nothing of the registry that it has to be pushed to.
                seen = await source.probe(repository, descriptor)
            self._manifests.put((source, repository, manifest.digest), manifest)
            self.book.put(source, repository, manifest.digest, seen)
            if digest is None:
                self.book.set_tag_head(source, repository, selector, TagHead(manifest.digest))
            elif digest != manifest.digest:
                self._manifests.put((source, repository, digest), manifest)
                self.book.put(source, repository, digest, seen)
            return Read(manifest=manifest)

        key = self.manifest_key(source, repository, selector)
        return self._submit(key, run, wish, source, repository, digest)

    def resolve(self, source: Source, repository: str, tag: str, wish: Wish) -> Job:
        """What a tag points to, cheaply. Result: `Read` with a descriptor."""

        async def run() -> Read:
            try:
                descriptor = await source.resolve(repository, tag)
            except SourceError as error:
                self._note_error(source, repository, tag, None, error)
                return Read(error=error)
            self.book.set_tag_head(source, repository, tag, TagHead(descriptor.digest))
            if self.book.wanted(source, repository, descriptor.digest):
                seen = Observation(
                    Presence.PRESENT, size=descriptor.size, media_type=descriptor.media_type, digest=descriptor.digest
                )
                self.book.put(source, repository, descriptor.digest, seen)
            return Read(descriptor=descriptor)

        return self._submit(self.resolve_key(source, repository, tag), run, wish, source, repository, None)

    def probe(self, source: Source, repository: str, descriptor: Descriptor, wish: Wish) -> Job:
        """Ask whether an object is there. Result: `Observation`."""

        async def run() -> Observation:
            self.book.checking(source, repository, descriptor.digest)
            seen = await source.probe(repository, descriptor, fresh=wish.fresh, confirm=wish.confirm)
            self.book.put(source, repository, descriptor.digest, seen)
            return seen

        key = self.probe_key(source, repository, descriptor.digest)
        return self._submit(key, run, wish, source, repository, descriptor.digest)

    def blob(self, source: Source, repository: str, descriptor: Descriptor, limit: int, wish: Wish) -> Job:
        """Read a small blob whole: config, statement. Result: `Read` with data."""

        async def run() -> Read:
            self.book.checking(source, repository, descriptor.digest)
            try:
                data = await source.blob(repository, descriptor, limit=limit)
            except SourceError as error:
                self.book.put(source, repository, descriptor.digest, error.observation())
                return Read(error=error)
            seen = Observation(Presence.PRESENT, size=len(data), digest=descriptor.digest, confirmed=True)
            self.book.put(source, repository, descriptor.digest, seen)
            return Read(data=data)

        key = self.blob_key(source, repository, descriptor.digest)
        return self._submit(key, run, wish, source, repository, descriptor.digest)

    def errand(
        self,
        key: Hashable,
        node: Node,
        run: Callable[[], Awaitable[None]],
        wish: Wish,
        failed: Callable[[Node, SourceError], None],
    ) -> Job:
        """Other work for one row (a list, referrers). `run` writes its own result; a fault of ours becomes the row's
        error."""

        async def guarded() -> None:
            with asking(wish.label or node.label):
                try:
                    await run()
                except Exception as error:
                    _log.exception("loading %s failed", node.key)
                    failed(node, _fault(error))

        return self.scheduler.submit(key, wish.owner, wish.urgency, guarded)

    @staticmethod
    def manifest_key(source: Source, repository: str, selector: str) -> Hashable:
        return ("manifest", source, repository, selector)

    @staticmethod
    def resolve_key(source: Source, repository: str, tag: str) -> Hashable:
        return ("resolve", source, repository, tag)

    @staticmethod
    def probe_key(source: Source, repository: str, digest: Digest) -> Hashable:
        return ("probe", source, repository, digest)

    @staticmethod
    def blob_key(source: Source, repository: str, digest: Digest) -> Hashable:
        return ("blob", source, repository, digest)

    def _submit(
        self,
        key: Hashable,
        run: Callable[[], Awaitable[Read | Observation]],
        wish: Wish,
        source: Source,
        repository: str,
        digest: Digest | None,
    ) -> Job:
        async def guarded() -> Read | Observation:
            with asking(wish.label):
                try:
                    return await run()
                except Exception as error:
                    # A fault of ours must not take the siblings with it: it becomes this one object's error.
                    _log.exception("asking for %s failed", key)
                    fault = _fault(error)
                    if digest is not None:
                        self.book.put(source, repository, digest, fault.observation())
                    return Read(error=fault)

        def dropped() -> None:
            if digest is None:
                return
            if self.book.get(source, repository, digest).presence is Presence.CHECKING:
                self.book.forget([(source, repository, digest)])

        return self.scheduler.submit(key, wish.owner, wish.urgency, guarded, on_drop=dropped)

    async def _is_blob(self, source: Source, repository: str, descriptor: Descriptor, error: SourceError) -> bool:
        """An entry of an unknown type is asked for as a manifest first and then as a blob (protocol.md D-03)."""
        if media.is_manifest(descriptor.media_type) or error.presence not in (Presence.MISSING, Presence.UNREACHABLE):
            return False
        seen = await source.probe(repository, descriptor)
        if seen.presence not in (Presence.PRESENT, Presence.MISMATCHED):
            return False
        self.book.put(source, repository, descriptor.digest, seen)
        return True

    def _note_error(
        self, source: Source, repository: str, selector: str, digest: Digest | None, error: SourceError
    ) -> None:
        if digest is not None:
            self.book.put(source, repository, digest, error.observation())
        elif error.presence is Presence.MISSING:
            self.book.set_tag_head(source, repository, selector, TagHead(None))
