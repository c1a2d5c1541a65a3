"""What fixing works with: one bench, one journal, the drafts that were begun. It draws nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from tui.app.drafts.history import History
from tui.compose.bench import Bench
from tui.compose.copy import plan_copy, plan_tag
from tui.compose.draft import Draft, DraftKind
from tui.compose.edit import Mark, accept_tag, begin_amend, begin_marked, begin_new
from tui.compose.errors import ComposeError, DraftError
from tui.compose.journal import Journal
from tui.compose.local_lists import draft_of_local, plan_local_write, plan_remove_local, recreate_local
from tui.compose.plan import Plan
from tui.compose.planner import plan_draft
from tui.compose.recreate import recreate
from tui.compose.undo import plan_undo, why_not
from tui.explore.node import Kind, Node
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import Index
from tui.oci.reference import Reference
from tui.registry.client import Client
from tui.sources.base import SourceError
from tui.sources.docker_lists import named
from tui.sources.docker_manifests import DockerManifests
from tui.sources.location import ObjectLocation, RepositoryLocation
from tui.sources.presence import Presence
from tui.text import safe

Tell = Callable[[str], None]


class Workshop:
    """Drafts with their edits, by the reference that they are for; the bench remembers what was asked a moment ago."""

    def __init__(self, client: Client, *, read_only: str = "", journal: Journal | None = None) -> None:
        self.bench = Bench(client, read_only=read_only)
        self.journal = journal or Journal()
        self.drafts: dict[str, History] = {}
        #: The repositories that something was written to from here, as the journal says; None until it is read.
        self.written: frozenset[RepositoryLocation] | None = None

    @property
    def unsaved(self) -> str:
        """Why leaving now would lose something; "" when it would not."""
        if not self.drafts:
            return ""
        names = ", ".join(safe(name) for name in list(self.drafts)[:5])
        goes_on = "({key:push} on the main screen continues it.)"
        return f"What you drafted for {names} was not pushed and would be lost. {goes_on}"

    async def read_journal(self) -> None:
        """Learn which tags something could be undone for."""
        self.written = frozenset(RepositoryLocation.of(tag) for tag in await asyncio.to_thread(self.journal.touched))

    def why_not_undo(self, tag: Reference | None, home: RepositoryLocation | None) -> str:
        """Why there is nothing to put back in a tag or in its repository, as far as that is known without asking."""
        if self.written is None or home is None or home in self.written:
            return ""
        return f"nothing was pushed to this {'tag' if tag is not None else 'repository'} from here"

    async def why_not_this(self, target: Reference) -> str:
        """Why there is nothing to put back in this very tag. Raises SourceError."""
        return await asyncio.to_thread(why_not, self.journal, target, await self.tag_holds(target))

    def keep(self, history: History) -> None:
        """Remember a draft that is not pushed yet, and what was done to it."""
        self.drafts[str(history.draft.target)] = history

    def drop(self, draft: Draft) -> None:
        """Forget it: it was pushed, or is not wanted."""
        self.drafts.pop(str(draft.target), None)

    # drafts

    async def recreate(self, node: Node, tell: Tell, target: Reference | None = None) -> Draft:
        """A fresh draft of the list under a row. `target` is needed when the row names no tag. Raises ComposeError,
        SourceError, OciError."""
        source = node.source
        if isinstance(source, DockerManifests):
            stored = await source.stored(node.repository or "", node.tag or "")
            draft = await recreate_local(self.bench, source.lists.folder, stored, target, progress=tell)
            return await self._with_tag(draft)
        wanted = target or target_of(node)
        if wanted is None:
            raise DraftError("This index has no tag: name the tag that the new list is for.")
        index, home, known_tag = await self._index(node, wanted)
        known = await asyncio.to_thread(self.journal.sources, wanted)
        return await recreate(self.bench, wanted, index, home, known=known, tag_known=known_tag, progress=tell)

    async def _index(self, node: Node, target: Reference) -> tuple[Index, RepositoryLocation, bool]:
        own = target_of(node)
        home = RepositoryLocation.of(own or target)
        selector = (own.tag if own is not None else None) or str(node.digest or "")
        manifest = await self.bench.manifest(home, selector, fresh=True)
        if not isinstance(manifest, Index):
            raise DraftError(f"{safe(home.at(selector))} is not a manifest list but a single image: it has no sources.")
        return manifest, home, own is not None and own == target

    async def amend(self, node: Node, target: Reference | None = None) -> Draft:
        """A draft of the list as it is. Raises ComposeError, SourceError, OciError."""
        source = node.source
        if isinstance(source, DockerManifests):
            return await self.stored(node, target)
        wanted = target or target_of(node)
        if wanted is None:
            raise DraftError("This index has no tag: name the tag that the amended list is for.")
        own = target_of(node)
        if own is not None and own == wanted:
            return await begin_amend(self.bench, wanted)
        home = RepositoryLocation.of(wanted)
        digest = node.digest
        if digest is None:
            raise DraftError("Its digest is not known yet: open it first.")
        draft, failed = await begin_new(self.bench, wanted, [home.by_digest(digest)])
        if failed:
            raise failed[0]
        return await self._with_tag(replace(draft, kind=DraftKind.AMEND))

    async def begin(self, target: Reference) -> Draft:
        """A draft of what a tag holds now. Raises ComposeError."""
        return await begin_amend(self.bench, target)

    async def stored(self, node: Node, target: Reference | None = None) -> Draft:
        """One of Docker's local lists as it is stored, its rows saying what their references hold now. Raises
        ComposeError, SourceError."""
        source = node.source
        assert isinstance(source, DockerManifests)
        stored = await source.stored(node.repository or "", node.tag or "")
        compared = await source.compare(node.repository or "", node.tag or "")
        return await self._with_tag(draft_of_local(source.lists.folder, stored, target, compared))

    async def new(self, target: Reference, marks: Sequence[Mark]) -> Draft:
        """A draft of what is marked; what gave nothing is said in its messages. Raises OciError, ComposeError when none
        gave anything."""
        draft, failed = await begin_marked(self.bench, target, marks)
        if not draft.entries and failed:
            raise failed[0]
        return await self._with_tag(draft.said(*(f"Left out: {error.sentence}" for error in failed)))

    async def _with_tag(self, draft: Draft) -> Draft:
        """The same draft, knowing what its tag holds now, so that somebody else's push in between is noticed."""
        try:
            held = await self.tag_holds(draft.target)
        except (SourceError, OciError):
            return draft  # not known: the plan asks again and says why
        return accept_tag(draft, held)

    async def tag_holds(self, target: Reference) -> Digest | None:
        """What a tag holds now; None when there is no such tag. Raises SourceError when that cannot be found out."""
        home = RepositoryLocation.of(target)
        try:
            return (await self.bench.source(home).resolve(home.repository, target.tag or "latest")).digest
        except SourceError as error:
            if error.presence is Presence.MISSING:
                return None
            raise

    # plans

    async def plan(self, draft: Draft, tell: Tell) -> Plan:
        """The plan that pushes a draft, and writes its local list. Raises ComposeError, SourceError."""
        return await plan_draft(draft, self.bench, count_referrers=True, progress=tell)

    async def plan_local(self, draft: Draft) -> Plan:
        """The plan that only writes the local list. Raises ComposeError, SourceError."""
        return plan_local_write(draft, await self._raws(draft))

    async def _raws(self, draft: Draft) -> dict[Digest, bytes]:
        found: dict[Digest, bytes] = {}
        for entry in draft.kept:
            digest = entry.descriptor.digest
            manifest = self.bench.known_manifest(digest)
            if manifest is None:
                home = entry.home or RepositoryLocation.of(draft.target)
                manifest = await self.bench.manifest(home, str(digest))
            found[digest] = manifest.raw
        return found

    async def plan_undo(self, target: Reference, tell: Tell) -> Plan:
        """The plan that puts back what the last push from here replaced. Raises ComposeError, SourceError."""
        held = await self.tag_holds(target)
        reason = await asyncio.to_thread(why_not, self.journal, target, held)
        if reason:
            raise ComposeError(f"{safe(str(target))}: there is nothing to undo: {reason}.")
        return await plan_undo(self.journal, target, held, self.bench, progress=tell)

    async def plan_tag(self, target: Reference, digest: Digest, tell: Tell) -> Plan:
        """The plan that lets a tag hold a digest of its own repository."""
        return await plan_tag(self.bench, target, digest, progress=tell)

    async def plan_copy(self, source: str, target: Reference, referrers: bool, tell: Tell) -> Plan:
        """The plan that copies an image or index, with what refers to it on wish."""
        return await plan_copy(self.bench, source, target, referrers=referrers, progress=tell)

    async def plan_remove_list(self, node: Node) -> Plan:
        """The plan that removes one of Docker's local lists. Raises SourceError."""
        source = node.source
        assert isinstance(source, DockerManifests)
        stored = await source.stored(node.repository or "", node.tag or "")
        return plan_remove_local(source.lists.folder, stored)

    async def aclose(self) -> None:
        """Close what the bench opened."""
        await self.bench.aclose()


def target_of(node: Node) -> Reference | None:
    """The reference of a registry's tag row, or that one of Docker's local lists is for; None for a row without a tag,
    or where nothing tells it."""
    if node.tag is None or node.repository is None:
        return None
    if isinstance(node.source, DockerManifests):
        return named(node.repository, node.tag)
    if node.source.registry is None:
        return None
    return Reference.parse(node.source.reference(node.repository, tag=node.tag))


def mark_of(node: Node) -> Mark:
    """A marked row for a new list: a platform of an index keeps what that index says of it, attestations included."""
    by_tag = node.tag if node.kind is Kind.TAG else None
    reference = ObjectLocation.of(node.source, node.repository or "", tag=by_tag, digest=node.digest)
    parent = node.parent
    if node.kind is Kind.MANIFEST and parent is not None and parent.index is not None:
        return Mark(reference, parent.index, node.digest, reference.home)
    return Mark(reference)


def seen_in(node: Node) -> ObjectLocation:
    """What a row shows, by its digest; one of Docker's local lists by its name, for it is under its digest nowhere."""
    local = node.kind is Kind.TAG and isinstance(node.source, DockerManifests)
    return ObjectLocation.of(node.source, node.repository or "", tag=node.tag if local else None, digest=node.digest)
