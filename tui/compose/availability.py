"""Availability: for every object below an index, is it in the target repository, and if not, how can it get there.

It asks little. What is read from the target repository is known to be there. A layer that the target does not have is
looked for at its home; once one layer of a foreign image is found absent from the target, those above it are taken to
be absent too, because layers are stacked: they are looked for at home only, and a mount does no harm if one is there
after all. When the first image of an index has not even its base layer in the target, the same is taken of the others.
So a missing blob costs two requests (one look, one mount) and a present one costs one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tui.compose.bench import Bench
from tui.compose.plan import How, PlannedObject
from tui.explore.children import DEPTH_LIMIT
from tui.oci import attestation
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, ImageManifest, Index
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Observation, Presence
from tui.text import plural, safe

#: So many objects are walked for one plan at most (protocol.md C-15).
OBJECT_LIMIT = 10_000


@dataclass(frozen=True, slots=True)
class Surveyed:
    """`objects`: each distinct digest below the root once, in the order of the tree. `manifests`: those of them
    that are manifests, children before the indexes that name them, which is the order to PUT them in."""

    objects: tuple[PlannedObject, ...]
    manifests: tuple[PlannedObject, ...]


class Availability:
    """One walk over what is below a manifest that shall be in `target`.

    `homes` says where each child may be found, best first; `places` are further repositories to look in. The target
    itself is always looked in.
    """

    def __init__(
        self,
        bench: Bench,
        target: RepositoryLocation,
        *,
        homes: Mapping[Digest, RepositoryLocation] | None = None,
        places: Sequence[RepositoryLocation] = (),
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self._bench = bench
        self._target = target
        self._entry_homes = dict(homes or {})
        self._places = tuple(places)
        self._progress = progress or (lambda _text: None)
        self._found: dict[Digest, asyncio.Future[PlannedObject]] = {}
        self._leads: dict[RepositoryLocation, asyncio.Future[bool]] = {}

    async def below(self, root: AnyManifest, home: RepositoryLocation | None = None) -> Surveyed:
        """Availability all that the root needs, without the root itself. Raises only CancelledError."""
        if isinstance(root, Index):
            await asyncio.gather(*(self._manifest(child, self._homes(child, home), 1) for child in root.entries))
        elif isinstance(root, ImageManifest):
            await self._blobs(root, home or self._target, self._around(home))
        planned = {digest: future.result() for digest, future in self._found.items()}
        platforms: dict[Digest, dict[str, None]] = {}
        objects: dict[Digest, PlannedObject] = {}
        manifests: dict[Digest, None] = {}
        for digest, label, after in self._tree(root, ""):
            if digest not in planned:
                continue
            if after:
                manifests.setdefault(digest)
                continue
            objects.setdefault(digest, planned[digest])
            if label:
                platforms.setdefault(digest, {})[label] = None
        named = {digest: replace(each, platforms=tuple(platforms.get(digest, ()))) for digest, each in objects.items()}
        return Surveyed(tuple(named.values()), tuple(named[digest] for digest in manifests))

    def _tree(self, manifest: AnyManifest | None, label: str, depth: int = 0) -> Iterator[tuple[Digest, str, bool]]:
        """What is below, in the order of the tree, with the platform it is for; manifests once more after their
        children."""
        if isinstance(manifest, ImageManifest):
            for blob in (*((manifest.config,) if manifest.config else ()), *manifest.layers):
                yield blob.digest, label, False
        if not isinstance(manifest, Index) or depth > DEPTH_LIMIT:
            return
        names = {entry.digest: str(entry.platform) for entry in manifest.entries if entry.platform is not None}
        for entry in manifest.entries:
            about = attestation.reference_digest(entry)
            name = names.get(about or entry.digest, "") or label
            name = "" if entry.platform is not None and entry.platform.is_unknown and about is None else name
            yield entry.digest, name, False
            yield from self._tree(self._bench.known_manifest(entry.digest), name, depth + 1)
            yield entry.digest, name, True

    def _homes(self, child: Descriptor, home: RepositoryLocation | None) -> tuple[RepositoryLocation, ...]:
        return self._around(self._entry_homes.get(child.digest, home))

    def _around(self, home: RepositoryLocation | None) -> tuple[RepositoryLocation, ...]:
        """Where to look, best first, the target included."""
        first = () if home is None else (home,)
        return tuple(dict.fromkeys((*first, self._target, *self._places)))

    # manifests

    async def _manifest(self, descriptor: Descriptor, homes: Sequence[RepositoryLocation], depth: int) -> None:
        if descriptor.digest in self._found:
            await asyncio.shield(self._found[descriptor.digest])
            return
        future = self._claim(descriptor.digest)
        try:
            planned = await self._plan_manifest(descriptor, homes, depth)
        except BaseException:
            future.cancel()
            raise
        future.set_result(planned)
        self._progress(f"{descriptor.digest.short} {planned.how}")

    def _claim(self, digest: Digest) -> asyncio.Future[PlannedObject]:
        future: asyncio.Future[PlannedObject] = asyncio.get_running_loop().create_future()
        self._found[digest] = future
        return future

    async def _plan_manifest(
        self, descriptor: Descriptor, homes: Sequence[RepositoryLocation], depth: int
    ) -> PlannedObject:
        manifest, home, trouble = await self._read(descriptor, homes)
        if manifest is None or home is None:
            return _planned(descriptor, "manifest", trouble)
        kind = "manifest"
        if isinstance(manifest, Index):
            kind = "index"
        elif isinstance(manifest, ImageManifest) and (
            manifest.is_attestation or attestation.is_attestation(descriptor)
        ):
            kind = "attestation"
        planned = PlannedObject(
            descriptor.digest, kind, manifest.media_type, manifest.size, How.PRESENT, raw=manifest.raw
        )
        if descriptor.size != manifest.size:
            # Clients refuse a child whose size is not what the index says (protocol.md C-14); no push can fix that.
            said = f"the index says {plural(descriptor.size, 'byte')}, but it has {manifest.size:,}"
            return replace(planned, how=How.WRONG, detail=said)
        if descriptor.media_type not in ("", manifest.media_type):
            said = f"the index calls it {safe(descriptor.media_type)}, but it is {safe(manifest.media_type)}"
            planned = replace(planned, detail=said, caveat=said)
        if isinstance(manifest, Index):
            if depth >= DEPTH_LIMIT or len(self._found) + len(manifest.entries) > OBJECT_LIMIT:
                return replace(planned, how=How.UNKNOWN, detail="too deep or too many objects: not looked into")
            await asyncio.gather(
                *(self._manifest(child, self._homes(child, home), depth + 1) for child in manifest.entries)
            )
        elif isinstance(manifest, ImageManifest):
            await self._blobs(manifest, home, homes, statements=kind == "attestation")
        if home == self._target:
            return planned
        return replace(planned, how=How.PUT, source=home)

    async def _read(
        self, descriptor: Descriptor, homes: Sequence[RepositoryLocation]
    ) -> tuple[AnyManifest | None, RepositoryLocation | None, Observation]:
        """The manifest from the first home that has it, else the most telling reason why none gave it."""
        reasons: list[Observation] = []
        for home in homes:
            try:
                return await self._bench.manifest(home, str(descriptor.digest)), home, Observation(Presence.PRESENT)
            except SourceError as error:
                reasons.append(_at(home, error.observation()))
            except OciError as error:
                reasons.append(_at(home, Observation(Presence.MISMATCHED, detail=str(error))))
        return None, None, _sum(reasons)

    # blobs

    async def _blobs(
        self,
        manifest: ImageManifest,
        home: RepositoryLocation,
        homes: Sequence[RepositoryLocation],
        *,
        statements: bool = False,
    ) -> None:
        blobs = [(layer, "statement" if statements else "layer") for layer in manifest.layers]
        if manifest.config is not None:
            blobs.append((manifest.config, "config"))
        around = tuple(dict.fromkeys((home, *homes)))
        if home == self._target or not home.same_registry(self._target):
            await asyncio.gather(*(self._blob(blob, kind, around) for blob, kind in blobs))
            return
        if manifest.config is not None and self._bench.seen(home, manifest.config.digest) is not None:
            await self._stacked(
                blobs, around, None
            )  # its config was read, so that a look at its base layer is paid for
            return
        lead = self._leads.get(home)
        if lead is not None and await asyncio.shield(lead):
            await asyncio.gather(*(self._blob(blob, kind, around, ask=False) for blob, kind in blobs))
            return
        mine: asyncio.Future[bool] | None = None
        if lead is None:
            mine = self._leads[home] = asyncio.get_running_loop().create_future()
        try:
            await self._stacked(blobs, around, mine)
        finally:
            if mine is not None and not mine.done():
                mine.set_result(False)

    async def _stacked(
        self,
        blobs: Sequence[tuple[Descriptor, str]],
        homes: Sequence[RepositoryLocation],
        lead: asyncio.Future[bool] | None,
    ) -> None:
        """From the base layer up, until one is absent from the target; `lead` learns whether the very first is."""
        for place, (blob, kind) in enumerate(blobs):
            planned = await self._blob(blob, kind, homes)
            absent = planned.how not in (How.PRESENT, How.FOREIGN)
            if lead is not None and not lead.done() and planned.how is not How.FOREIGN:
                lead.set_result(absent)
            if absent:
                above = blobs[place + 1 :]
                await asyncio.gather(*(self._blob(each, name, homes, ask=False) for each, name in above))
                return

    async def _blob(
        self, descriptor: Descriptor, kind: str, homes: Sequence[RepositoryLocation], *, ask: bool = True
    ) -> PlannedObject:
        if descriptor.digest in self._found:
            return await asyncio.shield(self._found[descriptor.digest])
        future = self._claim(descriptor.digest)
        try:
            planned = await self._plan_blob(descriptor, kind, homes, ask)
        except BaseException:
            future.cancel()
            raise
        future.set_result(planned)
        return planned

    async def _plan_blob(
        self, descriptor: Descriptor, kind: str, homes: Sequence[RepositoryLocation], ask: bool
    ) -> PlannedObject:
        if descriptor.is_foreign:
            return _planned(descriptor, kind, Observation(Presence.FOREIGN, detail="lives at its urls; left out"))
        elsewhere = [home for home in homes if home != self._target]
        seen = self._bench.seen(self._target, descriptor.digest)
        reasons: list[Observation] = []
        if ask or (seen is not None and seen.presence is Presence.PRESENT):
            here = await self._bench.presence(self._target, descriptor, confirm=not elsewhere)
            final = here.presence in (Presence.PRESENT, Presence.MISMATCHED)
            if final or (here.presence.undetermined and not elsewhere):
                return _planned(descriptor, kind, _at(self._target, here))
            reasons.append(_at(self._target, here))
        for home in elsewhere:
            there = await self._bench.presence(home, descriptor)
            if there.presence is Presence.PRESENT:
                asked = bool(reasons) and reasons[0].presence is Presence.MISSING
                return replace(
                    _planned(descriptor, kind, there),
                    how=How.MOUNT if home.same_registry(self._target) else How.COPY,
                    source=home,
                    detail="" if asked else "the target was not asked for it: copied only if it is not there",
                    asked=asked,
                )
            reasons.append(_at(home, there))
        if descriptor.data is not None:
            said = "uploaded from the copy embedded in its manifest"
            planned = _planned(descriptor, kind, Observation(Presence.PRESENT))
            return replace(planned, how=How.COPY, detail=said, raw=descriptor.data)
        # Before anything is called gone, the target is asked, and in a second way.
        here = await self._bench.presence(self._target, descriptor, confirm=True)
        if here.presence is Presence.PRESENT:
            return _planned(descriptor, kind, here)
        return _planned(descriptor, kind, _sum([_at(self._target, here), *reasons[1 if ask else 0 :]]))


def _at(home: RepositoryLocation, observation: Observation) -> Observation:
    return replace(observation, detail=f"{safe(str(home))}: {observation.detail or observation.presence}")


def _sum(reasons: Sequence[Observation]) -> Observation:
    """Gone only if every place that was asked says so; else what could not be found out comes first."""
    if not reasons:
        return Observation(Presence.UNREACHABLE, detail="nobody could be asked")
    chosen = (
        [reason for reason in reasons if reason.presence.undetermined]
        or [reason for reason in reasons if reason.presence is Presence.MISMATCHED]
        or list(reasons)
    )
    return replace(chosen[0], detail="; ".join(dict.fromkeys(reason.detail for reason in chosen if reason.detail)))


_HOW = {Presence.PRESENT: How.PRESENT, Presence.FOREIGN: How.FOREIGN}


def _planned(descriptor: Descriptor, kind: str, observation: Observation) -> PlannedObject:
    how = _HOW.get(observation.presence)
    if how is None:
        how = How.UNKNOWN if observation.presence.undetermined else How.NOWHERE
        if observation.presence is Presence.MISMATCHED and observation.size not in (None, descriptor.size):
            how = How.WRONG  # these very bytes are there, but are not as many as was said
    detail = "" if how is How.PRESENT else observation.detail
    return PlannedObject(descriptor.digest, kind, descriptor.media_type, descriptor.size, how, detail=detail)
