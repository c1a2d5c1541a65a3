"""Looking around after a check: where missing objects are instead, and whether the tags an index was made of moved on.

Bounded, and only done when there is a reason: a healthy image costs no request here unless its tag list is known.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from tui.explore.inspector import Inspector, JobRequest, Read
from tui.explore.likely_places import moved_tags, neighbours, source_proposals
from tui.explore.node import Kind, Node
from tui.explore.objects import platform_of
from tui.explore.observations import Key, ObservationStore, TagHead, Whereabouts
from tui.explore.rollup import platforms_of
from tui.explore.scheduler import Urgency
from tui.explore.tag_guesses import Proposal
from tui.explore.tree import Tree, key_of
from tui.explore.walker import DEPTH_LIMIT, in_slices
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import ImageManifest, Index
from tui.oci.platform import Platform
from tui.registry.single_flight import SingleFlight
from tui.sources.base import Source, SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Observation, Presence
from tui.text import safe

#: So many questions are put in one go at most.
QUESTIONS = 200
#: A guessed neighbour that has none of the first so many missing objects is not asked for the others.
PATIENCE = 1
#: So many tags that are named after a broken list are asked whether they hold what it names.
KIN = 16
#: So many missing objects are looked for at once, and so many of the images that took another's place are looked into.
AT_ONCE = 16
#: For the sake of a broken index, at most so many tags are listed.
TAGS_READ = 10_000


@dataclass(slots=True)
class _Search:
    """One go: what was asked of which neighbour, so that neighbours without anything are let alone."""

    asked: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)


class Memory(Protocol):
    """What is remembered of pushes from here."""

    async def places(self, tag: str) -> Sequence[RepositoryLocation]:
        """Where the entries that were pushed to this tag came from."""

    async def keeps(self, digest: Digest) -> bool:
        """Whether the bytes of this manifest were kept."""


class MissingObjectSearch:
    """The two searches. What they find is among the observations, where findings look for it."""

    make_memory: Callable[[], Memory] | None = None
    """Set by who has one."""

    def __init__(self, tree: Tree, inspector: Inspector) -> None:
        self._tree = tree
        self._inspector = inspector
        self._observations: ObservationStore = tree.observations
        self._locating: SingleFlight[None] = SingleFlight(keep=False)

    async def after_check(self, node: Node, owner: Hashable) -> None:
        """What a check does last: whereabouts of what is missing, and moved tags for the indexes below `node`."""
        await self.whereabouts(node)
        rows = in_slices(node.walk(leaves=False))
        indexes = [row async for row in rows if row.kind is Kind.TAG and row.index is not None]
        await asyncio.gather(*(self.moved_tags(row, owner, may_list=self._broken(row)) for row in indexes))

    def _broken(self, node: Node) -> bool:
        return self._tree.rollup(node).platforms_broken > 0

    # where missing objects are

    async def whereabouts(self, node: Node) -> None:
        """Look for every missing object below `node` in the repositories beside its own."""
        search = _Search()
        memory: Memory | None = None
        remembered: Sequence[RepositoryLocation] | None = None
        missing: dict[Key, tuple[Node, Descriptor]] = {}
        for row in self._tree.standing(node).troubled:
            key = key_of(row)
            if key is None or key in missing or row.descriptor is None or row.repository is None:
                continue
            gone = self._tree.observation(row).presence is Presence.MISSING
            if gone and self._observations.whereabouts(*key) is None:
                missing[key] = (row, row.descriptor)
        if missing and self.make_memory is not None:
            memory = self.make_memory()
            remembered = await self._remembered(node, memory)
        first: dict[Platform | None, Key] = {}
        for key, (row, _) in missing.items():
            first.setdefault(platform_of(row), key)
        begin = list(first.values())  # what is found out about the first of each platform spares the others questions
        others = [key for key in missing if first[platform_of(missing[key][0])] != key]
        places = asyncio.Semaphore(AT_ONCE)

        async def look(key: Key) -> None:
            async with places:
                work = partial(self._look_for, *missing[key], memory, remembered or (), search)
                await self._locating.run(key, work)

        for keys in (begin, others):
            await asyncio.gather(*map(look, keys))

    async def _remembered(self, node: Node, memory: Memory) -> Sequence[RepositoryLocation]:
        """The places that what is below a row came from, as far as somebody remembers."""
        tops = {row.key: row async for row in in_slices(node.walk(leaves=False)) if row.kind is Kind.TAG}
        top = node.top()
        if not tops and top is not None and top.kind is Kind.TAG:
            tops = {top.key: top}
        places: dict[RepositoryLocation, None] = {}
        for row in tops.values():
            if row.source.registry is not None and self._broken(row):
                reference = row.source.reference(row.repository or "", tag=row.tag)
                places |= dict.fromkeys(await memory.places(reference))
        return tuple(places)

    async def _recall(
        self,
        row: Node,
        descriptor: Descriptor,
        memory: Memory,
        places: Sequence[RepositoryLocation],
        search: _Search,
    ) -> bool:
        """Ask the remembered places for one object; whether one has it, or its bytes are at hand."""
        source, repository = row.source, row.repository or ""
        if media.is_manifest(descriptor.media_type) and await memory.keeps(descriptor.digest):
            self._observations.set_whereabouts(source, repository, descriptor.digest, Whereabouts(kept=True))
            return True
        for place in places:
            if search.asked >= QUESTIONS:
                return False
            search.asked += 1
            observation = await self._inspector.presence(place, descriptor, confirm=False)
            if observation.presence.is_there:
                holders = (place.repository,) if place.registry == source.registry and place.registry else ()
                found = Whereabouts(holders, holders)
                self._observations.set_whereabouts(source, repository, descriptor.digest, found)
                return True
        return False

    async def _look_for(
        self,
        row: Node,
        descriptor: Descriptor,
        memory: Memory | None,
        places: Sequence[RepositoryLocation],
        search: _Search,
    ) -> None:
        """Look for one object. Several checks may wait for it, so what it asks belongs to none of them."""
        if memory is not None and await self._recall(row, descriptor, memory, places, search):
            return
        owner = object()
        try:
            await self._locate(row.source, row.repository or "", descriptor, platform_of(row), owner, search)
        finally:
            self._inspector.withdraw(owner)

    async def _locate(
        self,
        source: Source,
        repository: str,
        descriptor: Descriptor,
        platform: Platform | None,
        owner: Hashable,
        search: _Search,
    ) -> None:
        """Ask the repositories beside `repository` for one object; the first that has it is enough."""
        repositories = self._observations.repositories(source)
        names = neighbours(repository, repositories, platform)
        names.sort(key=lambda name: -search.hits[name])
        asked: list[str] = []
        having: list[str] = []
        whole = True
        for name in names:
            if search.asked >= QUESTIONS or having:
                whole = False
                break
            if search.misses[name] >= PATIENCE and not search.hits[name] and name not in repositories:
                continue
            search.asked += 1
            asked.append(name)
            request = JobRequest(owner, Urgency.DEEP, label=f"looking in {safe(name, limit=255)}", confirm=False)
            job = self._inspector.submit_probe(source, name, descriptor, request)
            await job.wait()
            if self._observations.get(source, name, descriptor.digest).presence.is_there:
                having.append(name)
                search.hits[name] += 1
            else:
                search.misses[name] += 1
        whereabouts = Whereabouts(tuple(having), tuple(asked), whole)
        self._observations.set_whereabouts(source, repository, descriptor.digest, whereabouts)

    # tags that moved on

    async def moved_tags(self, node: Node, owner: Hashable, *, may_list: bool) -> None:
        """Ask what the tags that an index was probably made of point to now.

        `may_list` allows reading the tag list for it; otherwise only a list that was read before is used.
        """
        repository, tag = node.repository, node.tag
        if repository is None or tag is None or node.index is None:
            return
        if node.source.capabilities.stored_lists is not None:
            await compare(node, self._tree)  # its entries say themselves what they were made of
            return
        tags = self._observations.tag_names(node.source, repository)
        if tags is None and may_list:
            tags = await self._list_tags(node.source, repository, owner)
        if tags is None and not self._observations.repositories(node.source):
            return
        wanted = source_proposals(node, tags or (), self._observations.repositories(node.source))
        jobs = []
        for _, candidates in wanted:
            for proposal in candidates:
                if self._observations.tag_head(node.source, proposal.repository, proposal.tag) is None:
                    request = JobRequest(owner, Urgency.DEEP, label=f"was {tag} made of {proposal.tag}?")
                    jobs.append(self._inspector.submit_resolve(node.source, proposal.repository, proposal.tag, request))
        for job in jobs:
            await job.wait()
        for entry, candidates in wanted:
            await self._look_inside(node.source, entry, candidates, owner)
        if may_list:
            await self._look_below(node, owner)
        self._tree.changed(node)

    async def _look_inside(
        self, source: Source, entry: Digest, candidates: Sequence[Proposal], owner: Hashable
    ) -> None:
        """A source tag that is an index itself counts by what is in it: lists are made of unwrapped indexes too."""
        for proposal in candidates:
            head = self._observations.tag_head(source, proposal.repository, proposal.tag)
            if head is None or head.digest is None or head.digest == entry or head.entries is not None:
                continue
            observation = self._observations.get(source, proposal.repository, head.digest)
            if not media.is_index(observation.media_type or ""):
                continue
            request = JobRequest(owner, Urgency.DEEP, label=f"what is in {proposal.tag}?")
            descriptor = Descriptor(observation.media_type or "", head.digest, observation.size or 0)
            job = self._inspector.submit_manifest(source, proposal.repository, str(head.digest), descriptor, request)
            await job.wait()
            manifest = job.result.manifest if isinstance(job.result, Read) else None
            if isinstance(manifest, Index):
                inside = frozenset(part.digest for part in manifest.entries)
                self._add(source, proposal, head, replace(head, entries=inside))

    def _add(self, source: Source, proposal: Proposal, head: TagHead, more: TagHead) -> None:
        """Note more of what a tag points to, unless that was forgotten while it was found out: somebody pushed."""
        if self._observations.tag_head(source, proposal.repository, proposal.tag) is head:
            self._observations.set_tag_head(source, proposal.repository, proposal.tag, more)

    async def _look_below(self, node: Node, owner: Hashable) -> None:
        """Whether what the moved tags hold now is whole, and whether another tag named after the list still holds an
        entry: only then it is known what a list made of them would be."""
        source, repository, tag = node.source, node.repository or "", node.tag or ""
        kin = [name for name in self._observations.tag_names(source, repository) or () if tag.lower() in name.lower()]
        jobs = [
            self._inspector.submit_resolve(source, repository, name, JobRequest(owner, Urgency.DEEP))
            for name in kin[:KIN]
            if name != tag and self._observations.tag_head(source, repository, name) is None
        ]
        for job in jobs:
            await job.wait()
        all_moved = moved_tags(node, self._observations)
        places = asyncio.Semaphore(AT_ONCE)

        async def look_into(proposal: Proposal, now: Digest, platform: Platform | None) -> None:
            head = self._observations.tag_head(source, proposal.repository, proposal.tag)
            if head is None or head.holes is not None:
                return
            async with places:
                holes = await self._holes(source, proposal.repository, now, platform, owner)
            self._add(source, proposal, head, replace(head, holes=holes))

        moved = [(row, all_moved[row.digest]) for row in platforms_of(node) if row.digest in all_moved]
        await asyncio.gather(*(look_into(tag.proposal, tag.now, row.platform) for row, tag in moved))

    async def _holes(
        self, source: Source, repository: str, digest: Digest, platform: Platform | None, owner: Hashable
    ) -> int | None:
        """How many objects are missing of an image, or of the image for this platform in an index; None when that
        could not be found out."""
        request = JobRequest(owner, Urgency.DEEP, label=f"is {digest.short} whole?")
        for _ in range(DEPTH_LIMIT):
            known = self._observations.get(source, repository, digest)
            descriptor = Descriptor(known.media_type or "", digest, known.size or 0)
            job = self._inspector.submit_manifest(source, repository, str(digest), descriptor, request)
            await job.wait()
            read = job.result if isinstance(job.result, Read) else None
            if read is None or read.manifest is None:
                gone = read is not None and read.error is not None and read.error.presence is Presence.MISSING
                return 1 if gone else None
            if isinstance(read.manifest, ImageManifest):
                break
            entries = read.manifest.entries if isinstance(read.manifest, Index) else ()
            fitting = [each for each in entries if each.platform is not None and each.platform == platform]
            if not fitting:
                return None
            digest = fitting[0].digest
        else:
            return None
        parts = {part.digest: part for part in (read.manifest.config, *read.manifest.layers) if part is not None}
        jobs = [self._inspector.submit_probe(source, repository, part, request) for part in parts.values()]
        for job in jobs:
            await job.wait()
        seen = [job.result for job in jobs if isinstance(job.result, Observation)]
        if len(seen) < len(jobs) or any(each.presence.undetermined for each in seen):
            return None
        return sum(each.presence in (Presence.MISSING, Presence.MISMATCHED) for each in seen)

    async def _list_tags(self, source: Source, repository: str, owner: Hashable) -> Sequence[str] | None:
        async def run() -> None:
            names: list[str] = []
            try:
                async for page in source.tags(repository):
                    names.extend(page.names)
                    if len(names) >= TAGS_READ:
                        break
            except SourceError:
                if not names:
                    return
            self._observations.set_tag_names(source, repository, names)

        key = ("tags", source, repository)
        job = self._inspector.submit(key, run, JobRequest(owner, Urgency.DEEP), lambda _: None, source)
        await job.wait()
        return self._observations.tag_names(source, repository)


async def compare(node: Node, tree: Tree) -> None:
    """Compare the stored list of a row with the registry; the source keeps what it finds, findings read it there."""
    lists = node.source.capabilities.stored_lists
    if node.kind is not Kind.TAG or node.tag is None or lists is None:
        return
    try:
        await lists.compare(node.repository or "", node.tag)
    except SourceError as error:
        node.note = error.sentence
    tree.changed(node)
