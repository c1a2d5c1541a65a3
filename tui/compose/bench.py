"""The bench: how compose asks. One per session; it remembers what was read and seen, and for how long that may be used.

Reading a manifest or a config from a repository proves that it is there, so that planning right after resolving asks
nothing twice. What is older than `freshness` seconds is asked again: a plan must not rest on what was true an hour
ago.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from tui.oci.config import CONFIG_LIMIT, ImageConfig, decode_config
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest, digest_or_name
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, decode
from tui.registry.client import Client
from tui.sources.base import Source, SourceError
from tui.sources.location import ObjectLocation, RepositoryLocation
from tui.sources.presence import Observation, Presence
from tui.sources.spec import SourceSpec, open_source, parse_source
from tui.text import safe


class Bench:
    """Sources by home, what was seen in each, and the client that writes.

    `read_only` gives the reason why nothing may be written to a registry, or "" (`--read-only`, a setting of the
    host).
    """

    def __init__(
        self,
        client: Client,
        *,
        read_only: str = "",
        freshness: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.client = client
        self._read_only = read_only
        self._freshness = freshness
        self._clock = clock
        self._sources: dict[str, Source] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._seen: dict[tuple[RepositoryLocation, Digest], tuple[float, Observation]] = {}
        self._manifests: dict[Digest, AnyManifest] = {}
        self._configs: dict[Digest, ImageConfig] = {}

    def source(self, home: RepositoryLocation) -> Source:
        """The source that holds this home. Raises SourceError when it cannot be opened."""
        key = home.registry if home.registry is not None else (home.path or "")
        held = self._sources.get(key)
        if held is None:
            held = open_source(SourceSpec.holding(home), self.client)
            self._sources[key] = held
        return held

    async def opened(self, home: RepositoryLocation) -> Source:
        """The same, with what lies on disk opened in a thread, once: an archive is read from end to end for it."""
        path = home.path or ""
        if not home.on_disk or path in self._sources:
            return self.source(home)
        async with self._opening.setdefault(path, asyncio.Lock()):
            return await asyncio.to_thread(self.source, home)

    def why_read_only(self, registry: str) -> str:
        """Why nothing can be written to this registry; "" when it can."""
        return self._read_only or self.source(RepositoryLocation("", registry)).why_read_only

    @property
    def requests(self) -> int:
        """How many requests the client has sent so far, tokens included."""
        return self.client.trace.count

    def seen(self, home: RepositoryLocation, digest: Digest) -> Observation | None:
        """What was seen of an object in a home not long ago."""
        held = self._seen.get((home, digest))
        if held is None or self._clock() - held[0] > self._freshness:
            return None
        return held[1]

    def age(self, home: RepositoryLocation, digest: Digest) -> float:
        """Seconds since an object was last seen in a home; infinite if it never was."""
        held = self._seen.get((home, digest))
        return self._clock() - held[0] if held is not None else float("inf")

    def note(self, home: RepositoryLocation, digest: Digest, observation: Observation) -> None:
        """Remember what was seen of an object in a home, such as after writing it there."""
        self._seen[home, digest] = (self._clock(), observation)

    def forget(self, home: RepositoryLocation | None = None) -> None:
        """Forget what was seen, in one home or everywhere; manifests are known by their digest and stay."""
        self._seen = {key: value for key, value in self._seen.items() if home is not None and key[0] != home}

    async def manifest(self, home: RepositoryLocation, selector: str, *, fresh: bool = False) -> AnyManifest:
        """The manifest under a tag or digest in a home. Raises SourceError.

        By digest it is asked for only if it was not seen there of late; by tag it is always asked for.
        """
        digest = digest_or_name(selector)
        if digest is not None and not fresh:
            seen = self.seen(home, digest)
            known = self._manifests.get(digest)
            if known is not None and seen is not None and seen.presence is Presence.PRESENT:
                return known
        manifest = await (await self.opened(home)).manifest(home.repository, selector, fresh=True)
        self._manifests[manifest.digest] = manifest
        self.note(home, manifest.digest, Observation(Presence.PRESENT, digest=manifest.digest, size=manifest.size))
        return manifest

    def known_manifest(self, digest: Digest) -> AnyManifest | None:
        """A manifest that was read before, wherever it was."""
        return self._manifests.get(digest)

    def learn(self, raw: bytes, media_type: str) -> AnyManifest:
        """Remember a manifest that is known otherwise (a journal, Docker's local list). Raises OciError."""
        manifest = decode(raw, media_type or None)
        self._manifests[manifest.digest] = manifest
        return manifest

    async def config(self, home: RepositoryLocation, descriptor: Descriptor) -> ImageConfig:
        """An image's config. Raises SourceError, also when it is not a config at all."""
        held = self._configs.get(descriptor.digest)
        if held is not None:
            return held
        raw = await (await self.opened(home)).blob(home.repository, descriptor, limit=CONFIG_LIMIT)
        self.note(home, descriptor.digest, Observation(Presence.PRESENT, size=len(raw)))
        try:
            config = decode_config(raw)
        except OciError as error:
            raise SourceError(
                Presence.MISMATCHED,
                f"The config {descriptor.digest.short} cannot be read: {error}",
                code="invalid-config",
            ) from None
        self._configs[descriptor.digest] = config
        return config

    async def presence(self, home: RepositoryLocation, descriptor: Descriptor, *, confirm: bool = True) -> Observation:
        """Whether the object is in this home; asked only if it was not seen of late. Raises only CancelledError.

        Without `confirm` a plain 404 is enough for `missing` (it will be mounted or copied then); with it the
        registry is asked in a second way, which is what `missing` must mean before anybody is told that it exists
        nowhere.
        """
        seen = self.seen(home, descriptor.digest)
        if seen is not None and (seen.presence is Presence.PRESENT or (seen.presence.settled and seen.confirmed)):
            return seen
        if seen is not None and seen.presence is Presence.MISSING and not confirm:
            return seen
        try:
            source = await self.opened(home)
        except (SourceError, OciError) as error:
            return Observation(Presence.UNREACHABLE, detail=safe(str(error)))
        found = await source.probe(home.repository, descriptor, fresh=True, confirm=confirm)
        if found.presence.settled:
            self.note(home, descriptor.digest, found)
        return found

    async def presences(
        self, home: RepositoryLocation, descriptors: list[Descriptor], *, confirm: bool = True
    ) -> list[Observation]:
        """The same for several at once, in their order."""
        return list(await asyncio.gather(*(self.presence(home, each, confirm=confirm) for each in descriptors)))

    async def aclose(self) -> None:
        """Close the sources that the bench opened; the client stays its owner's."""
        for source in self._sources.values():
            await source.aclose()
        self._sources.clear()


def locate(text: str) -> tuple[RepositoryLocation, str]:
    """The home that a reference names, and the tag or digest in it. Raises OciError for a malformed one."""
    if isinstance(text, ObjectLocation):
        return text.location, text.selector
    spec = parse_source(text)
    location = spec.location()
    return location, spec.selector or ("" if location.on_disk else "latest")
