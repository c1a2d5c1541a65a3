"""Looking around after a check: where missing objects are instead, and whether the tags an index was made of moved on.

Bounded, and only done when there is a reason: a healthy image costs no request here unless its tag list is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field

from tui.explore.inspector import Inspector, JobRequest, Read
from tui.explore.node import Kind, Node
from tui.explore.observations import ObservationStore, TagHead, Whereabouts
from tui.explore.rollup import platforms_of
from tui.explore.scheduler import Urgency
from tui.explore.tag_guesses import Proposal, proposals, repository_spellings
from tui.explore.tree import Tree, key_of
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import Index
from tui.oci.platform import Platform
from tui.sources.base import Source, SourceError
from tui.sources.presence import Presence
from tui.text import safe

#: At most so many repositories are asked for one missing object, and so many questions are put in one go.
CANDIDATES = 12
QUESTIONS = 200
#: A guessed neighbour that has none of the first so many missing objects is not asked for the others.
PATIENCE = 1
#: For the sake of a broken index, at most so many tags are listed.
TAGS_READ = 10_000


@dataclass(slots=True)
class _Search:
    """One go: what was asked of which neighbour, so that neighbours without anything are let alone."""

    asked: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    misses: Counter[str] = field(default_factory=Counter)


class MissingObjectSearch:
    """The two searches. What they find is among the observations, where findings look for it."""

    def __init__(self, tree: Tree, inspector: Inspector) -> None:
        self._tree = tree
        self._inspector = inspector
        self._observations: ObservationStore = tree.observations

    async def after_check(self, node: Node, owner: Hashable) -> None:
        """What a check does last: whereabouts of what is missing, and moved tags for the indexes below `node`."""
        await self.whereabouts(node, owner)
        for index in [row for row in node.walk() if row.kind is Kind.TAG and row.index is not None]:
            await self.moved_tags(index, owner, may_list=self._broken(index))

    def _broken(self, node: Node) -> bool:
        return self._tree.rollup(node).platforms_broken > 0

    # where missing objects are

    async def whereabouts(self, node: Node, owner: Hashable) -> None:
        """Look for every missing object below `node` in the repositories beside its own."""
        search = _Search()
        done: set[Hashable] = set()
        for row in list(node.walk()):
            key = key_of(row)
            if key is None or key in done or row.descriptor is None or row.repository is None:
                continue
            if self._tree.observation(row).presence is not Presence.MISSING:
                continue
            done.add(key)
            if self._observations.whereabouts(*key) is None:
                platform = next((r.platform for r in (row, *row.ancestors()) if r.platform is not None), None)
                await self._locate(row.source, row.repository, row.descriptor, platform, owner, search)

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
        for name in names:
            if search.asked >= QUESTIONS or having:
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
        whereabouts = Whereabouts(tuple(having), tuple(asked))
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
                self._observations.set_tag_head(source, proposal.repository, proposal.tag, TagHead(head.digest, inside))

    async def _list_tags(self, source: Source, repository: str, owner: Hashable) -> tuple[str, ...] | None:
        names: list[str] = []
        failed: list[SourceError] = []

        async def run() -> None:
            try:
                async for page in source.tags(repository):
                    names.extend(page.names)
                    if len(names) >= TAGS_READ:
                        break
            except SourceError as error:
                failed.append(error)

        job = self._inspector.submit(
            ("tags", source, repository),
            run,
            JobRequest(owner, Urgency.DEEP),
            failed.append,
            source,
        )
        await job.wait()
        if job.dropped or (failed and not names):
            return None
        self._observations.set_tag_names(source, repository, tuple(names))
        return tuple(names)


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


def source_proposals(
    node: Node, tags: Iterable[str], repositories: Sequence[str]
) -> list[tuple[Digest, list[Proposal]]]:
    """For each platform of an index under a tag: its digest, and the tags that it may have come from."""
    guesses = []
    for row in platforms_of(node):
        if row.platform is None or row.descriptor is None or node.tag is None:
            continue
        candidates = proposals(node.tag, row.platform, tags, repositories, repository=node.repository or "")
        if candidates:
            guesses.append((row.descriptor.digest, candidates[:3]))
    return guesses


def neighbours(repository: str, repositories: Sequence[str], platform: Platform | None) -> list[str]:
    """Repositories where an object that is missing here may be, likeliest first: those that are named for the
    platform (the two most usual spellings even if nobody saw them), parent and child paths, others that were seen."""
    guesses = list(repository_spellings(repository, platform)) if platform is not None else []
    known = set(repositories)
    family = [name for name in repositories if _related(name, repository)]
    ordered = [
        *(name for name in guesses if name in known),
        *family,
        *guesses[:2],
        *repositories,
    ]
    return [name for name in dict.fromkeys(ordered) if name != repository][:CANDIDATES]


def _related(one: str, other: str) -> bool:
    return one.startswith((f"{other}/", f"{other}-", f"{other}_")) or other.startswith((f"{one}/", f"{one}-"))
