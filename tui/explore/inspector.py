"""Asking sources and remembering the answers, for the tree and for composing alike.

Every question is put once, however many want the answer. A manifest that is read is thereby known to be present, and so
is a config or statement: reading *is* the check.

There are two ways in. Rows ask by `submit_…`, which gives a `Job` that waits for its turn and can be withdrawn, and
believe what is present for the session. Composing awaits `manifest`, `config` and `presence` of a location: a plan must
not rest on what was true an hour ago, so an answer older than `FRESH_SECONDS` is asked for again.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tui.explore.observations import Key, ObservationStore, TagHead
from tui.explore.scheduler import Job, Scheduler, Urgency
from tui.oci import media
from tui.oci.config import CONFIG_LIMIT, ImageConfig, decode_config
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest, digest_or_name
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, decode
from tui.registry.cache import ByteCache
from tui.registry.trace import RequestCount, asking, counting, current_count
from tui.sources.base import Source, SourceError
from tui.sources.disks import Disks
from tui.sources.presence import CHECKING, Observation, Presence
from tui.sources.spec import SourceSpec, open_source
from tui.text import safe

if TYPE_CHECKING:
    from tui.registry.client import Client
    from tui.sources.document_cache import DocumentCache
    from tui.sources.location import RepositoryLocation

_log = logging.getLogger(__name__)

#: So many bytes of manifests and configs are kept for whoever wants the same, the least recently used leaving first. A
#: row holds its own, so nothing that is shown is lost; what left and is wanted again is asked for again.
DOCUMENT_BYTES = 64 * 1024 * 1024
#: What is said of an object that its registry says it has, and whose bytes were kept from an earlier run.
FROM_DISK = "its bytes come from the cache on disk"
#: A plan believes what was seen for so many seconds.
FRESH_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Read:
    """What reading gave: a manifest, a blob's bytes or what a tag points to, or the error."""

    manifest: AnyManifest | None = None
    data: bytes | None = None
    descriptor: Descriptor | None = None
    error: SourceError | None = None
    cause: Exception | None = None
    """What really was raised, when `error` only says that it was a fault of fanfold's own."""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """Who asks, how urgently, past the caches or not, and what the request log calls it."""

    owner: Hashable
    urgency: Urgency = Urgency.OPENED
    fresh: bool = False
    label: str = ""
    confirm: bool = True
    """Without it a single "not there" is enough: for looking for copies, never for a verdict."""
    whole: bool = False
    """Have the source send the bytes, also where they are kept on disk: whoever wants them hashed as they are there."""
    quiet: bool = False
    """Leave what is known as it is until the answer is there, rather than showing that somebody asks."""
    count_for: RequestCount | None = field(default_factory=current_count)
    """Whom the requests count for."""


class Inspector:
    """The questions, at most `slots` at once of each source (None: as many as it can bear now), the opened sources, and
    what was answered.

    `client` reaches registries and writes to them; without one only sources that are handed in can be asked.
    """

    def __init__(
        self,
        client: Client | None = None,
        *,
        slots: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        kept: DocumentCache | None = None,
    ) -> None:
        self.observations = ObservationStore(clock)
        self._client = client
        self._scheduler = Scheduler(_slots if slots is None else slots)
        self._kept = kept
        self._from_disk: set[Key] = set()
        self.saved = 0
        """How many documents came from the disk after a HEAD, instead of from a registry."""
        self._documents: ByteCache[AnyManifest | bytes] = ByteCache(DOCUMENT_BYTES, _size)
        self._failures: dict[Key, SourceError] = {}
        self._sources: dict[tuple[str, str], Source] = {}
        self._opened: list[Source] = []
        self._opening: dict[tuple[str, str], asyncio.Lock] = {}
        self.disks = Disks()
        self._room = asyncio.Lock()  # for the one layer at a time that needs much memory to be unpacked

    # sources

    @property
    def client(self) -> Client:
        """The client that writes."""
        if self._client is None:
            raise RuntimeError("this inspector was made without a client")
        return self._client

    @property
    def requests(self) -> int:
        """How many requests the client has sent so far, tokens included."""
        return self.client.trace.count

    def adopt(self, source: Source) -> None:
        """Let locations in this place mean this very source, so that what is known of it counts for them too. It stays
        its owner's to close."""
        self._sources.setdefault(SourceSpec.holding(source.location("")).key, source)

    def source(self, location: RepositoryLocation) -> Source:
        """The source that holds this location. Raises SourceError when it cannot be opened."""
        return self._source(SourceSpec.holding(location))

    def _source(self, spec: SourceSpec) -> Source:
        return self._sources.get(spec.key) or self._open(spec)

    async def opened(self, location: RepositoryLocation) -> Source:
        """The same, with what lies on disk opened in a thread, once: an archive is read from end to end for it."""
        return await self.open(SourceSpec.holding(location))

    async def open(self, spec: SourceSpec) -> Source:
        """The source of this spec; the same one whenever the same place is named. Raises SourceError."""
        place = spec.key
        source = self._sources.get(place)
        if source is not None:
            return source
        if spec.registry is not None:
            return self._open(spec)
        async with self._opening.setdefault(place, asyncio.Lock()):
            source = self._sources.get(place)
            return source if source is not None else await asyncio.to_thread(self._open, spec)

    def _open(self, spec: SourceSpec) -> Source:
        self.disks.check(spec)
        source = open_source(spec, self._client)
        self._opened.append(source)
        self._sources[spec.key] = source
        return source

    def why_read_only(self, registry: str) -> str:
        """Why nothing can be written to this registry; "" when it can."""
        return self._source(SourceSpec("registry", registry=registry)).why_read_only

    # what is known

    def known(self, source: Source, repository: str, digest: Digest) -> AnyManifest | None:
        """A manifest that was read before from this repository, if it is still kept."""
        manifest = self._documents.get((source, repository, digest))
        return None if isinstance(manifest, bytes) else manifest

    def known_blob(self, source: Source, repository: str, digest: Digest) -> bytes | None:
        """A small blob that was read before and is known to be in this repository, if it is still kept."""
        data = self._documents.get(digest)
        there = self.observations.get(source, repository, digest).presence.is_there
        return data if isinstance(data, bytes) and there else None

    def failure(self, source: Source, repository: str, digest: Digest) -> SourceError | None:
        """Why an object could not be read from this repository, as long as asking again makes no sense."""
        error = self._failures.get((source, repository, digest))
        if error is None or self.observations.wanted(source, repository, digest):
            return None
        return error if self.observations.get(source, repository, digest).presence is error.presence else None

    def known_manifest(self, location: RepositoryLocation, digest: Digest) -> AnyManifest | None:
        """The same for a location, however long ago it was read."""
        source = self._sources.get(SourceSpec.holding(location).key)
        return self.known(source, location.repository, digest) if source is not None else None

    def recent(self, location: RepositoryLocation, digest: Digest) -> Observation | None:
        """What was seen of an object in a location not long ago."""
        line = self._settled(location, digest)
        return line[1] if line is not None and line[0] <= FRESH_SECONDS else None

    def age(self, location: RepositoryLocation, digest: Digest) -> float:
        """Seconds since an object was last seen in a location; infinite if it never was."""
        line = self._settled(location, digest)
        return line[0] if line is not None else float("inf")

    def _settled(self, location: RepositoryLocation, digest: Digest) -> tuple[float, Observation] | None:
        source = self._sources.get(SourceSpec.holding(location).key)
        return self.observations.settled(source, location.repository, digest) if source is not None else None

    def places_of(self, digest: Digest) -> tuple[RepositoryLocation, ...]:
        """Where an object was seen, however long ago, the latest place first. A source that holds only names of what
        is in a registry is no place."""
        return tuple(
            source.location(repository)
            for source, repository in self.observations.having(digest)
            if source.capabilities.holds_its_objects
        )

    def note(self, location: RepositoryLocation, digest: Digest, observation: Observation) -> None:
        """Remember what was seen of an object in a location, such as after writing it there."""
        self.observations.put(self.source(location), location.repository, digest, observation)

    def forget(self, keys: Iterable[Key]) -> None:
        """Drop manifests and observations, so that they are asked again."""
        keys = list(keys)
        for key in keys:
            self._documents.drop(key)
            self._failures.pop(key, None)
        self.observations.forget(keys)

    def forget_location(self, location: RepositoryLocation | None = None) -> None:
        """Forget what was seen in one location, or everywhere. Manifests are known by their digest and stay."""
        if location is None:
            self.observations.forget(self.observations.keys())
        elif (source := self._sources.get(SourceSpec.holding(location).key)) is not None:
            self.observations.forget(self.observations.keys(source, location.repository))

    # asking for a row

    def submit_manifest(
        self, source: Source, repository: str, selector: str, descriptor: Descriptor | None, request: JobRequest
    ) -> Job:
        """Read the manifest under a tag or digest. Result: `Read`."""

        digest = descriptor.digest if descriptor is not None else digest_or_name(selector)

        async def run() -> Read:
            if digest is not None and not request.quiet:
                self.observations.checking(source, repository, digest)
            try:
                kept = await self._kept_manifest(source, repository, selector, descriptor, request)
                manifest = kept[0] if kept else await source.manifest(repository, selector, fresh=request.fresh)
            except SourceError as error:
                if descriptor is not None and await self._is_blob(source, repository, descriptor, error):
                    return Read(descriptor=descriptor)
                self._note_error(source, repository, selector, digest, error)
                return Read(error=error)
            observation = Observation(
                Presence.PRESENT,
                size=manifest.size,
                media_type=manifest.media_type,
                digest=manifest.digest,
                confirmed=True,
            )
            if kept is not None:
                observation = kept[1]
            else:
                self._keep(source, repository, digest or manifest.digest, manifest.raw)
                if digest is None and (place := self._place(source, repository)):
                    self._disk.see(place, selector)
            if descriptor is not None and not source.capabilities.holds_its_objects:
                # What is stored here says nothing of the registry that it has to be pushed to.
                observation = await source.probe(repository, descriptor)
            self._failures.pop((source, repository, manifest.digest), None)
            self._documents.put((source, repository, manifest.digest), manifest)
            self.observations.put(source, repository, manifest.digest, observation)
            if digest is None:
                self.observations.set_tag_head(source, repository, selector, TagHead(manifest.digest))
            elif digest != manifest.digest:
                self._documents.put((source, repository, digest), manifest)
                self.observations.put(source, repository, digest, observation)
            return Read(manifest=manifest)

        key = self.manifest_key(source, repository, selector)
        return self._submit(key, run, request, source, repository, digest)

    def submit_resolve(self, source: Source, repository: str, tag: str, request: JobRequest) -> Job:
        """Ask what a tag points to, cheaply. Result: `Read` with a descriptor."""

        async def run() -> Read:
            try:
                descriptor = await source.resolve(repository, tag)
            except SourceError as error:
                self._note_error(source, repository, tag, None, error)
                return Read(error=error)
            self.observations.set_tag_head(source, repository, tag, TagHead(descriptor.digest))
            if self.observations.wanted(source, repository, descriptor.digest):
                observation = Observation(
                    Presence.PRESENT, size=descriptor.size, media_type=descriptor.media_type, digest=descriptor.digest
                )
                self.observations.put(source, repository, descriptor.digest, observation)
            return Read(descriptor=descriptor)

        return self._submit(self.resolve_key(source, repository, tag), run, request, source, repository, None)

    def submit_probe(self, source: Source, repository: str, descriptor: Descriptor, request: JobRequest) -> Job:
        """Ask whether an object is there. Result: `Observation`."""
        digest = descriptor.digest
        key = self.probe_key(source, repository, digest)
        confirm = request.confirm or self._scheduler.has(key)  # who is content with less takes part in more

        async def run() -> Observation:
            if confirm and not request.quiet:
                self.observations.checking(source, repository, digest)
            observation = await source.probe(repository, descriptor, fresh=request.fresh, confirm=confirm)
            if confirm or observation.confirmed or observation.presence is not Presence.MISSING:
                self.observations.put(source, repository, digest, observation)
            else:
                self.observations.put_unconfirmed(source, repository, digest, observation)
            return observation

        return self._submit(key if confirm else (key, "once"), run, request, source, repository, digest)

    def submit_blob(
        self, source: Source, repository: str, descriptor: Descriptor, limit: int, request: JobRequest
    ) -> Job:
        """Read a small blob whole: config, statement. Result: `Read` with data."""

        async def run() -> Read:
            if not request.quiet:
                self.observations.checking(source, repository, descriptor.digest)
            try:
                kept = await self._kept_blob(source, repository, descriptor, limit, request)
                data = kept[0] if kept else await source.blob(repository, descriptor, limit=limit)
            except SourceError as error:
                self._note_error(source, repository, "", descriptor.digest, error)
                return Read(error=error)
            self._failures.pop((source, repository, descriptor.digest), None)
            observation = Observation(Presence.PRESENT, size=len(data), digest=descriptor.digest, confirmed=True)
            if kept is not None:
                observation = kept[1]
            else:
                self._keep(source, repository, descriptor.digest, data)
            self._documents.put(descriptor.digest, data)
            self.observations.put(source, repository, descriptor.digest, observation)
            return Read(data=data)

        key = self.blob_key(source, repository, descriptor.digest)
        return self._submit(key, run, request, source, repository, descriptor.digest)

    def submit_hash(
        self,
        source: Source,
        repository: str,
        descriptor: Descriptor,
        request: JobRequest,
        progress: Callable[[int], None],
    ) -> Job:
        """Read a blob whole and hash it; unless that was done and its file is the same. Result: `Observation`."""
        from tui.sources.hashing import hash_blob  # late: most checks read no blob, and need nothing that unpacks them

        digest = descriptor.digest

        async def run() -> Observation:
            known = self.observations.hashed(source, repository, digest)
            if known is None and not request.quiet:
                self.observations.checking(source, repository, digest)
            observation = await hash_blob(
                source, repository, descriptor, progress=progress, room=self._room, known=known
            )
            self.observations.put(source, repository, digest, observation)
            return observation

        return self._submit(("hash", source, repository, digest), run, request, source, repository, digest)

    def note_read(self, source: Source, repository: str, digest: Digest, raw: bytes) -> None:
        """A document is at hand that was read whole from here: that is its bytes hashed, if they are what it says."""
        if digest.can_verify and digest.matches(raw) and not self.from_disk(source, repository, digest):
            seen = self.observations.get(source, repository, digest)  # with the media type that it was served as
            hashed = replace(seen, presence=Presence.HASHED, size=len(raw), digest=digest, confirmed=True)
            self.observations.put(source, repository, digest, hashed)

    # what is kept on disk

    def from_disk(self, source: Source, repository: str, digest: Digest) -> bool:
        """Whether the bytes of a document were not sent by its source in this run."""
        return (source, repository, digest) in self._from_disk

    def _place(self, source: Source, repository: str) -> str:
        """Where a repository's documents are kept; "" for those that are not."""
        capabilities = source.capabilities
        if self._kept is None or not (capabilities.remote and capabilities.holds_its_objects):
            return ""
        return source.reference(repository)

    @property
    def _disk(self) -> DocumentCache:
        assert self._kept is not None
        return self._kept

    def _keep(self, source: Source, repository: str, digest: Digest, raw: bytes) -> None:
        self._from_disk.discard((source, repository, digest))
        if place := self._place(source, repository):
            self._disk.keep(place, digest, raw)

    async def _kept_manifest(
        self,
        source: Source,
        repository: str,
        selector: str,
        descriptor: Descriptor | None,
        request: JobRequest,
    ) -> tuple[AnyManifest, Observation] | None:
        """A manifest whose bytes are on disk and which the source, asked by HEAD, says is there; and what it said. None
        when it has to be read after all. Raises SourceError when the source does not say what a tag points to."""
        place = self._place(source, repository)
        if not place or request.fresh or request.whole:
            return None
        digest = descriptor.digest if descriptor is not None else digest_or_name(selector)
        if digest is None:
            if not self._disk.has_seen(place, selector):
                return None
            found = await source.resolve(repository, selector)
            raw = self._disk.get(place, found.digest)
            manifest = _decoded(raw, found.media_type, found.digest) if raw is not None else None
            seen = Observation(Presence.PRESENT, size=found.size, media_type=found.media_type, digest=found.digest)
            described = found
        else:
            raw = self._disk.get(place, digest)
            manifest = _decoded(raw, descriptor.media_type if descriptor else None, digest) if raw is not None else None
            if manifest is None:
                return None
            described = descriptor or manifest.descriptor()
            if not media.is_manifest(described.media_type):
                return None
            seen = await source.probe(repository, described)
        if manifest is None or seen.presence is not Presence.PRESENT or manifest.size != described.size:
            return None
        return manifest, self._taken(source, repository, described.digest, seen)

    async def _kept_blob(
        self, source: Source, repository: str, descriptor: Descriptor, limit: int, request: JobRequest
    ) -> tuple[bytes, Observation] | None:
        """The same for a blob."""
        place = self._place(source, repository)
        if not place or request.fresh or request.whole or descriptor.size > limit:
            return None
        raw = self._disk.get(place, descriptor.digest)
        if raw is None or len(raw) != descriptor.size:
            return None
        seen = await source.probe(repository, descriptor)
        if seen.presence is not Presence.PRESENT:
            return None
        return raw, self._taken(source, repository, descriptor.digest, seen)

    def _taken(self, source: Source, repository: str, digest: Digest, seen: Observation) -> Observation:
        self._from_disk.add((source, repository, digest))
        self.saved += 1
        return replace(seen, digest=digest, detail=FROM_DISK)

    def submit(
        self,
        key: Hashable,
        run: Callable[[], Awaitable[None]],
        request: JobRequest,
        failed: Callable[[SourceError], None],
        source: Source,
    ) -> Job:
        """Other work for one row of a source (a list, referrers). `run` writes its own result; a fault of ours goes to
        `failed`."""

        async def guarded() -> None:
            with asking(request.label), counting(request.count_for):
                try:
                    await run()
                except Exception as error:
                    _log.exception("loading %s failed", key)
                    failed(_fault(error))

        return self._scheduler.submit(key, request.owner, request.urgency, guarded, place=source)

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

    def withdraw(self, owner: Hashable) -> None:
        """The owner wants nothing any more: what only it wanted is dropped, or cancelled when it runs."""
        self._scheduler.withdraw(owner)

    def focus(self, keys: Iterable[Hashable]) -> None:
        """These jobs go first from now on; what had been in focus goes back to its own urgency."""
        self._scheduler.focus(keys)

    def give_way(self, seconds: float) -> None:
        """Ask with less at once for so long, so that the screen answers first."""
        self._scheduler.give_way(seconds)

    def go_on(self, work: Callable[[], None]) -> None:
        """Do the next piece of something long: at once, or when the key that came is answered."""
        self._scheduler.go_on(work)

    def has(self, key: Hashable) -> bool:
        """Whether this job waits or runs."""
        return self._scheduler.has(key)

    async def room(self, source: Source) -> None:
        """Until this source can be asked more than has been begun."""
        await self._scheduler.room(source)

    @property
    def waiting(self) -> int:
        """How many jobs wait for their turn."""
        return self._scheduler.waiting

    def _submit(
        self,
        key: Hashable,
        run: Callable[[], Awaitable[Read | Observation]],
        request: JobRequest,
        source: Source,
        repository: str,
        digest: Digest | None,
    ) -> Job:
        async def guarded() -> Read | Observation:
            with asking(request.label), counting(request.count_for):
                try:
                    return await run()
                except Exception as error:
                    # A fault of ours must not take the siblings with it: it becomes this one object's error.
                    _log.exception("asking for %s failed", key)
                    fault = _fault(error)
                    if digest is not None:
                        self.observations.put(source, repository, digest, fault.observation())
                    return Read(error=fault, cause=error)

        def dropped() -> None:
            if digest is not None and self.observations.get(source, repository, digest) is CHECKING:
                self.observations.forget([(source, repository, digest)])

        return self._scheduler.submit(key, request.owner, request.urgency, guarded, place=source, on_drop=dropped)

    async def _is_blob(self, source: Source, repository: str, descriptor: Descriptor, error: SourceError) -> bool:
        """An entry of an unknown type is asked for as a manifest first and then as a blob (docs/protocol-notes.md,
        D-03)."""
        if media.is_manifest(descriptor.media_type) or error.presence not in (Presence.MISSING, Presence.UNREACHABLE):
            return False
        observation = await source.probe(repository, descriptor)
        if not observation.presence.is_there and observation.presence is not Presence.MISMATCHED:
            return False
        self.observations.put(source, repository, descriptor.digest, observation)
        return True

    def _note_error(
        self, source: Source, repository: str, selector: str, digest: Digest | None, error: SourceError
    ) -> None:
        if digest is not None:
            self._failures[source, repository, digest] = error.with_traceback(None)
            self.observations.put(source, repository, digest, error.observation())
        elif error.presence is Presence.MISSING:
            self.observations.set_tag_head(source, repository, selector, TagHead(None))

    # asking for a plan

    async def manifest(self, location: RepositoryLocation, selector: str, *, fresh: bool = False) -> AnyManifest:
        """The manifest under a tag or digest in a location. Raises SourceError, or OciError for one that cannot be
        read.

        By digest it is asked for only if it was not seen there of late; by tag, or with `fresh`, always.
        """
        source = await self.opened(location)
        digest = digest_or_name(selector)
        if digest is not None and not fresh:
            known, observation = self.known(source, location.repository, digest), self.recent(location, digest)
            if known is not None and observation is not None and observation.presence.is_there:
                return known
        read = await self._result(
            lambda request: self.submit_manifest(source, location.repository, selector, None, request)
        )
        assert isinstance(read, Read) and read.manifest is not None
        return read.manifest

    async def config(self, location: RepositoryLocation, descriptor: Descriptor) -> ImageConfig:
        """An image's config. Raises SourceError, also when it is not a config at all."""
        raw = self._documents.get(descriptor.digest)
        if not isinstance(raw, bytes):
            source = await self.opened(location)
            read = await self._result(
                lambda request: self.submit_blob(source, location.repository, descriptor, CONFIG_LIMIT, request)
            )
            assert isinstance(read, Read) and read.data is not None
            raw = read.data
        try:
            return decode_config(raw)
        except OciError as error:
            raise SourceError(
                Presence.MISMATCHED,
                f"The config {descriptor.digest.short} cannot be read: {error}",
                code="invalid-config",
            ) from None

    async def presence(
        self, location: RepositoryLocation, descriptor: Descriptor, *, confirm: bool = True
    ) -> Observation:
        """Whether the object is in this location; asked only if it was not seen of late. Raises only CancelledError.

        Without `confirm` a plain 404 is enough for `missing` (it will be mounted or copied then); with it the
        registry is asked in a second way, which is what `missing` must mean before anybody is told that it exists
        nowhere.
        """
        observation = self.recent(location, descriptor.digest)
        if observation is not None and (
            observation.presence.is_there or (observation.presence.settled and observation.confirmed)
        ):
            return observation
        if observation is not None and observation.presence is Presence.MISSING and not confirm:
            return observation
        try:
            source = await self.opened(location)
            result = await self._result(
                lambda request: self.submit_probe(source, location.repository, descriptor, request), confirm=confirm
            )
        except (SourceError, OciError) as error:
            return Observation(Presence.UNREACHABLE, detail=safe(str(error)))
        assert isinstance(result, Observation)
        return result

    async def presences(
        self, location: RepositoryLocation, descriptors: list[Descriptor], *, confirm: bool = True
    ) -> list[Observation]:
        """The same for several at once, in their order."""
        return list(await asyncio.gather(*(self.presence(location, each, confirm=confirm) for each in descriptors)))

    async def _result(self, submit: Callable[[JobRequest], Job], *, confirm: bool = True) -> object:
        """The result of a job that is asked past every cache, withdrawn when whoever waits is cancelled. Raises what
        the job could not be answered for."""
        owner = object()
        job = submit(JobRequest(owner, Urgency.OPENED, fresh=True, confirm=confirm, quiet=True))
        try:
            await job.wait()
        finally:
            self.withdraw(owner)
        if job.dropped:
            raise SourceError(Presence.UNREACHABLE, "Not fully read: fanfold is closing.")
        if isinstance(job.result, Read) and job.result.error is not None:
            raise job.result.cause or job.result.error
        return job.result

    async def stop(self) -> None:
        """Drop all questions, and take no more."""
        await self._scheduler.aclose()

    async def aclose(self) -> None:
        """The same, and close the sources that were opened here; the client stays its owner's."""
        await self.stop()
        if self._kept is not None:
            await asyncio.to_thread(self._kept.close)
        opened, self._opened = self._opened, []
        self._sources.clear()
        for source in opened:
            await source.aclose()


def _slots(source: Source) -> int:
    return source.slots


def _decoded(raw: bytes, media_type: str | None, digest: Digest) -> AnyManifest | None:
    try:
        return decode(raw, media_type, digest=digest)
    except OciError:
        return None


def _size(document: AnyManifest | bytes) -> int:
    return len(document) if isinstance(document, bytes) else len(document.raw)


def _fault(error: Exception) -> SourceError:
    return SourceError(
        Presence.UNREACHABLE,
        f"Internal error: {safe(repr(error), limit=300)}. Please report it.",
        code="internal",
    )
