"""Availability: for every object below an index, is it in the target repository, and if not, how can it get there.

It asks little. What is read from the target repository is known to be there. A layer that the target does not have is
looked for at its home; once one layer of a foreign image is found absent from the target, those above it are taken to
be absent too, because layers are stacked: they are looked for at home only, and a mount does no harm if one is there
after all. When the first image of an index has not even its base layer in the target, the same is taken of the others.
So a missing blob costs two requests (one look, one mount) and a present one costs one.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tui.compose.plan import How, PlannedObject
from tui.explore.inspector import Inspector
from tui.explore.walker import DEPTH_LIMIT, OBJECT_LIMIT, ROW_LIMIT
from tui.oci import attestation
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, ImageManifest, Index, decode
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Observation, Presence
from tui.text import plural, safe


@dataclass(frozen=True, slots=True)
class ObjectsBelow:
    """What is below a root, and how each of it gets into the target repository."""

    objects: tuple[PlannedObject, ...]
    """Each distinct digest below the root once, in the order of the tree."""
    manifests: tuple[PlannedObject, ...]
    """Those of them that are manifests, children before the indexes that name them: the order to PUT them in."""
    by_root: Mapping[Digest, frozenset[Digest]] = field(default_factory=dict)
    """What is below each root."""


class Availability:
    """One walk over what is below manifests that shall be in `target`; each digest is planned once.

    `homes` says where each child may be found, best first; `places` are further repositories to look in. The target
    itself is always looked in, and so is each place in which an object was seen before. `raws` are bytes of manifests
    that are at hand. With `ask_all` the target is asked for every blob, and none is brought that is there.
    """

    def __init__(
        self,
        inspector: Inspector,
        target: RepositoryLocation,
        *,
        homes: Mapping[Digest, RepositoryLocation] | None = None,
        places: Sequence[RepositoryLocation] = (),
        raws: Mapping[Digest, bytes] | None = None,
        ask_all: bool = False,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self._inspector = inspector
        self._target = target
        self._raws = dict(raws or {})
        self._ask_all = ask_all
        self._entry_homes = dict(homes or {})
        self._places = tuple(places)
        self._progress = progress or (lambda _text: None)
        self._group = asyncio.TaskGroup()
        self._planning: dict[Digest, asyncio.Task[PlannedObject]] = {}
        self._ahead: dict[Digest, tuple[Descriptor, Sequence[RepositoryLocation]]] = {}
        """What the indexes of this level name: the level below."""
        self._manifests: dict[Digest, AnyManifest] = {}
        self._leads: dict[RepositoryLocation, asyncio.Task[PlannedObject]] = {}

    async def below(self, root: AnyManifest, home: RepositoryLocation | None = None) -> ObjectsBelow:
        """Find out all that the root needs, without the root itself. Raises only CancelledError. To be called once."""
        return await self.below_all((root,), home)

    async def below_all(self, roots: Sequence[AnyManifest], home: RepositoryLocation | None = None) -> ObjectsBelow:
        """The same for several roots, whose objects are planned once, however many of them need it."""
        async with self._group:
            for root in roots:
                if isinstance(root, Index):
                    self._name(root, home)
                elif isinstance(root, ImageManifest):
                    await self._blobs(root, home or self._target, self._around(home))
            for depth in range(1, DEPTH_LIMIT + 1):  # level by level: what a short path leads to is not too deep
                ahead, self._ahead = self._ahead, {}
                await asyncio.gather(*(self._manifest(child, homes, depth) for child, homes in ahead.values()))
        planned = {digest: task.result() for digest, task in self._planning.items()}
        platforms: dict[Digest, dict[str, None]] = {}
        objects: dict[Digest, PlannedObject] = {}
        manifests: dict[Digest, None] = {}
        by_root: dict[Digest, frozenset[Digest]] = {}
        for root in roots:
            met: set[Digest] = set()
            for digest, label, after in self._tree(root):
                if digest not in planned:
                    continue
                if after:
                    manifests.setdefault(digest)
                    continue
                met.add(digest)
                objects.setdefault(digest, planned[digest])
                if label:
                    platforms.setdefault(digest, {})[label] = None
            by_root[root.digest] = frozenset(met)
        named = {digest: replace(each, platforms=tuple(platforms.get(digest, ()))) for digest, each in objects.items()}
        return ObjectsBelow(tuple(named.values()), tuple(named[digest] for digest in manifests), by_root)

    def _tree(self, root: AnyManifest) -> Iterator[tuple[Digest, str, bool]]:
        """What is below, in the order of the tree, with the platform it is for; manifests once more after their
        children. What is below an object follows once for each platform, however many paths lead to it, and after
        `ROW_LIMIT` of those once at all."""
        seen: set[tuple[Digest, str]] = set()
        open_ones: list[tuple[tuple[Digest, str] | None, Iterator[tuple[Digest, str]]]] = [(None, _named(root, ""))]
        while open_ones:
            above, rows = open_ones[-1]
            row = next(rows, None)
            if row is None:
                open_ones.pop()
                if above is not None:
                    yield (*above, True)
                continue
            yield (*row, False)
            digest, name = row
            mark = (digest, name if len(seen) < ROW_LIMIT else "")
            if digest in self._manifests and mark not in seen:
                seen.add(mark)
                open_ones.append((row, _named(self._manifests[digest], name)))

    def _name(self, index: Index, home: RepositoryLocation | None) -> None:
        for child in index.entries:
            around = self._around(self._entry_homes.get(child.digest, home))
            self._ahead.setdefault(child.digest, (child, around))

    def _around(self, home: RepositoryLocation | None) -> tuple[RepositoryLocation, ...]:
        """Where to look, best first, the target included."""
        first = () if home is None else (home,)
        return tuple(dict.fromkeys((*first, self._target, *self._places)))

    def _once(
        self, digest: Digest, plan: Callable[[], Coroutine[None, None, PlannedObject]]
    ) -> asyncio.Task[PlannedObject]:
        """The one task that plans this digest, however many manifests name it."""
        if digest not in self._planning:
            self._planning[digest] = self._group.create_task(plan())
        return self._planning[digest]

    # manifests

    def _manifest(
        self, descriptor: Descriptor, homes: Sequence[RepositoryLocation], depth: int
    ) -> asyncio.Task[PlannedObject]:
        return self._once(descriptor.digest, lambda: self._plan_manifest(descriptor, homes, depth))

    async def _plan_manifest(
        self, descriptor: Descriptor, homes: Sequence[RepositoryLocation], depth: int
    ) -> PlannedObject:
        planned = await self._read_and_plan(descriptor, homes, depth)
        self._progress(f"{descriptor.digest.short} {planned.how}")
        return planned

    async def _read_and_plan(
        self, descriptor: Descriptor, homes: Sequence[RepositoryLocation], depth: int
    ) -> PlannedObject:
        manifest, home, trouble = await self._read(descriptor, homes)
        if manifest is None:
            return _planned(descriptor, "manifest", trouble)
        self._manifests[descriptor.digest] = manifest
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
            # Clients refuse a child whose size is not what the index says, and no push can fix that
            # (docs/protocol-notes.md, C-14).
            detail = f"the index says {plural(descriptor.size, 'byte')}, but it has {manifest.size:,}"
            return replace(planned, how=How.WRONG, detail=detail)
        if descriptor.media_type not in ("", manifest.media_type):
            detail = f"the index calls it {safe(descriptor.media_type)}, but it is {safe(manifest.media_type)}"
            planned = replace(planned, detail=detail, caveat=detail)
        if isinstance(manifest, Index):
            if depth >= DEPTH_LIMIT or len(self._planning) + len(self._ahead) + len(manifest.entries) > OBJECT_LIMIT:
                return replace(planned, how=How.UNKNOWN, detail="too deep or too many objects: not followed")
            self._name(manifest, home)
        elif isinstance(manifest, ImageManifest):
            await self._blobs(manifest, home or self._target, homes, statements=kind == "attestation")
        if home == self._target:
            return planned
        return replace(planned, how=How.PUT, source=home, detail=planned.detail or trouble.detail)

    async def _read(
        self, descriptor: Descriptor, homes: Sequence[RepositoryLocation]
    ) -> tuple[AnyManifest | None, RepositoryLocation | None, Observation]:
        """The manifest from the first home that has it, or from what is at hand (then no home), else the most telling
        reason why none gave it."""
        reasons: list[Observation] = []
        for home in (*homes, *self._seen_in(descriptor, homes)):
            try:
                return await self._inspector.manifest(home, str(descriptor.digest)), home, Observation(Presence.PRESENT)
            except SourceError as error:
                reasons.append(_at(home, error.observation()))
            except OciError as error:
                reasons.append(_at(home, Observation(Presence.MISMATCHED, detail=str(error))))
        raw = self._raws.get(descriptor.digest)
        if raw is not None and descriptor.digest.matches(raw):
            with contextlib.suppress(OciError):
                manifest = decode(raw, descriptor.media_type or None)
                return manifest, None, Observation(Presence.PRESENT, detail="from the bytes that fanfold kept")
        return None, None, _sum(reasons)

    def _seen_in(self, descriptor: Descriptor, homes: Sequence[RepositoryLocation]) -> Iterator[RepositoryLocation]:
        """Where else it was seen: asked for only when it is nowhere that was named."""
        for home in self._inspector.places_of(descriptor.digest):
            if home not in homes and home != self._target:
                yield home

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
        if self._ask_all or home == self._target or not home.same_registry(self._target):
            await asyncio.gather(*(self._blob(blob, kind, around) for blob, kind in blobs))
            return
        config_was_read = (
            manifest.config is not None and self._inspector.recent(home, manifest.config.digest) is not None
        )
        if not config_was_read:  # else a look at its base layer is paid for, whatever became of the first image
            lead = self._leads.get(home)
            if lead is None:
                own = next(((blob, kind) for blob, kind in blobs if not blob.is_foreign), None)
                if own is not None:
                    self._leads[home] = self._blob(*own, around)
            elif (await lead).how is not How.PRESENT:
                await asyncio.gather(*(self._blob(blob, kind, around, ask=False) for blob, kind in blobs))
                return
        # From the base layer up, until one is absent from the target.
        for position, (blob, kind) in enumerate(blobs, 1):
            if (await self._blob(blob, kind, around)).how not in (How.PRESENT, How.FOREIGN):
                above = (self._blob(each, name, around, ask=False) for each, name in blobs[position:])
                await asyncio.gather(*above)
                return

    def _blob(
        self, descriptor: Descriptor, kind: str, homes: Sequence[RepositoryLocation], *, ask: bool = True
    ) -> asyncio.Task[PlannedObject]:
        return self._once(descriptor.digest, lambda: self._plan_blob(descriptor, kind, homes, ask))

    async def _plan_blob(
        self, descriptor: Descriptor, kind: str, homes: Sequence[RepositoryLocation], ask: bool
    ) -> PlannedObject:
        if descriptor.is_foreign:
            return _planned(descriptor, kind, Observation(Presence.FOREIGN, detail="stored at its urls; left out"))
        elsewhere = [home for home in homes if home != self._target]
        elsewhere += self._seen_in(descriptor, elsewhere)
        known = self._inspector.recent(self._target, descriptor.digest)
        reasons: list[Observation] = []
        if ask or (known is not None and known.presence.is_there):
            observation = await self._inspector.presence(self._target, descriptor, confirm=not elsewhere)
            final = observation.presence.is_there or observation.presence is Presence.MISMATCHED
            if final or (observation.presence.undetermined and not elsewhere):
                return _planned(descriptor, kind, _at(self._target, observation))
            reasons.append(_at(self._target, observation))
        for home in elsewhere:
            observation = await self._inspector.presence(home, descriptor)
            if observation.presence.is_there:
                asked = bool(reasons) and reasons[0].presence is Presence.MISSING
                return replace(
                    _planned(descriptor, kind, observation),
                    how=How.MOUNT if home.same_registry(self._target) else How.COPY,
                    source=home,
                    detail="" if asked else "not checked in the target: copied if missing",
                    asked=asked,
                )
            reasons.append(_at(home, observation))
        if descriptor.data is not None:
            detail = "uploaded from the copy embedded in its manifest"
            planned = _planned(descriptor, kind, Observation(Presence.PRESENT))
            return replace(planned, how=How.COPY, detail=detail, raw=descriptor.data)
        # Before anything is called gone, the target is asked, and in a second way.
        observation = await self._inspector.presence(self._target, descriptor, confirm=True)
        if observation.presence.is_there:
            return _planned(descriptor, kind, observation)
        return _planned(descriptor, kind, _sum([_at(self._target, observation), *reasons[1 if ask else 0 :]]))


def _named(manifest: AnyManifest, label: str) -> Iterator[tuple[Digest, str]]:
    """What a manifest names, with the platform it is for: that of its entry, else `label`."""
    if isinstance(manifest, ImageManifest):
        for blob in (*((manifest.config,) if manifest.config else ()), *manifest.layers):
            yield blob.digest, label
    if not isinstance(manifest, Index):
        return
    names = {entry.digest: str(entry.platform) for entry in manifest.entries if entry.platform is not None}
    for entry in manifest.entries:
        about = attestation.reference_digest(entry)
        name = names.get(about or entry.digest, "") or label
        yield entry.digest, "" if entry.platform is not None and entry.platform.is_unknown and about is None else name


def _at(home: RepositoryLocation, observation: Observation) -> Observation:
    return replace(observation, detail=f"{safe(str(home))}: {observation.detail or observation.presence}")


def _sum(reasons: Sequence[Observation]) -> Observation:
    """Gone only if every place that was asked says so; else what could not be found out comes first."""
    if not reasons:
        return Observation(Presence.UNREACHABLE, detail="no place could be asked")
    chosen = (
        [reason for reason in reasons if reason.presence.undetermined]
        or [reason for reason in reasons if reason.presence is Presence.MISMATCHED]
        or list(reasons)
    )
    return replace(chosen[0], detail="; ".join(dict.fromkeys(reason.detail for reason in chosen if reason.detail)))


_HOW = {Presence.PRESENT: How.PRESENT, Presence.HASHED: How.PRESENT, Presence.FOREIGN: How.FOREIGN}


def _planned(descriptor: Descriptor, kind: str, observation: Observation) -> PlannedObject:
    how = _HOW.get(observation.presence)
    if how is None:
        how = How.UNKNOWN if observation.presence.undetermined else How.NOWHERE
        if observation.presence is Presence.MISMATCHED and observation.size not in (None, descriptor.size):
            how = How.WRONG  # these very bytes are there, but are not as many as was said
    detail = "" if how is How.PRESENT else observation.detail
    return PlannedObject(descriptor.digest, kind, descriptor.media_type, descriptor.size, how, detail=detail)
