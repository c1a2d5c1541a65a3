"""Drafts, plans and pushes for any front end: the drafts that were begun and how to begin them, the plan of every
kind of write, the push of a plan, and what can be undone. It draws nothing and asks nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from tui.compose.copy import plan_copy, plan_tag
from tui.compose.delete import plan_delete_manifest, plan_delete_tag
from tui.compose.draft import Draft, DraftKind, Entry
from tui.compose.edit import (
    Mark,
    accept_tag,
    add_reference,
    begin_amend,
    begin_marked,
    begin_new,
    flatten,
    replace_from,
)
from tui.compose.editor import DraftEditor
from tui.compose.errors import ComposeError, DraftError
from tui.compose.events import OnEvent, PushResult
from tui.compose.fix import is_whole, places_in, plan_fix, search_is_open, tags_of, undetermined
from tui.compose.gaps import known_gaps
from tui.compose.journal import Journal
from tui.compose.local_lists import draft_of_local, plan_local_write, plan_remove_local, recreate_local
from tui.compose.plan import Action, DiffRow, Plan, difference, summary
from tui.compose.planner import plan_draft, plan_tag_more
from tui.compose.push import Push
from tui.compose.recreate import recreate
from tui.compose.targets import target_of
from tui.compose.undo import UndoChoice, plan_undo, undo_choices, undo_unavailable
from tui.compose.validate import Problem
from tui.explore.explorer import Explorer
from tui.explore.inspector import Inspector
from tui.explore.node import Kind, Load, Node
from tui.explore.walker import TOO_MANY, UNASKED_LIMIT
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import ImageManifest, Index, decode
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.sources.spec import parse_source
from tui.text import safe, with_keys

#: As many objects are taken to be in an image that was not read.
_UNREAD_IMAGE = 10

Progress = Callable[[str], None]
"""Called with safe sentences about how far something is that takes a moment."""


class DraftService:
    """One for each engine, with whose inspector it asks: what was looked at a moment ago is not asked again."""

    def __init__(self, inspector: Inspector, *, journal: Journal | None = None) -> None:
        self.inspector = inspector
        self.journal = journal or Journal()
        self.drafts: dict[str, DraftEditor] = {}
        """What was begun and neither pushed nor discarded, by the reference that it is for."""
        self.written: frozenset[RepositoryLocation] | None = None
        """The repositories that something was written to from here, as the journal says; None until it is read."""

    @property
    def unsaved(self) -> str:
        """Why leaving now would lose something; "" when it would not."""
        if not self.drafts:
            return ""
        names = ", ".join(safe(name) for name in list(self.drafts)[:5])
        goes_on = "{key:push} resumes it."
        return f"Not pushed: the draft for {names}. {goes_on}"

    def known_gaps(self, draft: Draft) -> tuple[Problem, ...]:
        """What was seen to be missing below the entries of a draft. Asks nothing."""
        return known_gaps(draft, self.inspector)

    def images_of(self, draft: Draft, entry: Entry) -> tuple[ImageManifest | None, ImageManifest | None]:
        """The image that the list holds of an entry, and the one that goes in, as far as each was read. Asks
        nothing."""
        known = [
            self.inspector.known_manifest(home, digest) if home is not None and digest is not None else None
            for home, digest in _sides(draft, entry)
        ]
        was, now = (each if isinstance(each, ImageManifest) else None for each in known)
        return was, now if entry.in_index else None

    async def read_images(self, draft: Draft, entry: Entry) -> None:
        """Read both images of an entry that changed, to be compared, as far as they can be read. Nothing is asked of a
        registry that counts that."""
        for home, digest in _sides(draft, entry):
            if home is None or digest is None or self.inspector.known_manifest(home, digest) is not None:
                continue
            with contextlib.suppress(SourceError, OciError):
                if not (await self.inspector.opened(home)).why_ask_first:
                    await self.inspector.manifest(home, str(digest))

    def why_not_planned(self, draft: Draft) -> str:
        """Why the plan of a draft is worked out only when somebody asks for it: "docker.io counts requests"; "" when
        that is done by itself."""
        requests = 0
        for entry in draft.kept:
            home = entry.home or RepositoryLocation.of(draft.target)
            manifest = self.inspector.known_manifest(home, entry.descriptor.digest)
            requests += len(manifest.layers) + 1 if isinstance(manifest, ImageManifest) else _UNREAD_IMAGE
        if requests > UNASKED_LIMIT:
            return TOO_MANY
        homes = {RepositoryLocation.of(draft.target), *(entry.home for entry in draft.kept if entry.home is not None)}
        with contextlib.suppress(SourceError):  # the plan itself says so
            return next(filter(None, (self.inspector.source(home).why_ask_first for home in homes)), "")
        return ""

    def seen(self, home: RepositoryLocation, digest: Digest) -> Presence | None:
        """What was seen of an object not long ago; None when it was not looked at."""
        observation = self.inspector.recent(home, digest)
        return observation.presence if observation is not None else None

    async def read_journal(self) -> None:
        """Learn which tags something could be undone for."""
        self.written = frozenset(RepositoryLocation.of(tag) for tag in await asyncio.to_thread(self.journal.touched))

    def unavailable_undo(self, tag: Reference | None, home: RepositoryLocation | None) -> str:
        """Why nothing can be put back in a tag or its repository, as far as that is known without asking; else ""."""
        if self.written is None or home is None or home in self.written:
            return ""
        return f"no push recorded for this {'tag' if tag is not None else 'repository'}"

    async def unavailable_undo_of(self, target: Reference) -> str:
        """Why nothing can be put back in this very tag; "" when something can. Raises SourceError."""
        return await asyncio.to_thread(undo_unavailable, self.journal, target, await self.tag_holds(target))

    async def undo_choices(self, home: RepositoryLocation) -> tuple[UndoChoice, ...]:
        """What can be put back in a repository, deleted tags too, the newest change first."""
        return await undo_choices(self.journal, home, self.inspector)

    def keep(self, editor: DraftEditor) -> None:
        """Remember a draft that is not pushed yet, and what was done to it."""
        self.drafts[str(editor.draft.target)] = editor

    def drop(self, draft: Draft) -> None:
        """Forget it: it was pushed, or is not wanted."""
        self.drafts.pop(str(draft.target), None)

    # drafts

    async def recreate(self, node: Node, progress: Progress, target: Reference | None = None) -> Draft:
        """A fresh draft of the list under a row. `target` is needed when the row names no tag. Raises ComposeError,
        SourceError, OciError."""
        lists = node.source.capabilities.stored_lists
        if lists is not None:
            stored = await lists.stored(node.repository or "", node.tag or "")
            draft = await recreate_local(self.inspector, lists.folder, stored, target, progress=progress)
            return await self._with_tag(draft)
        wanted = target or target_of(node)
        if wanted is None:
            raise DraftError("This index has no tag. Name the target tag.")
        index, home, known_tag = await self._index(node, wanted)
        known = await asyncio.to_thread(self.journal.sources, wanted)
        return await recreate(self.inspector, wanted, index, home, known=known, tag_known=known_tag, progress=progress)

    async def _index(self, node: Node, target: Reference) -> tuple[Index, RepositoryLocation, bool]:
        own = target_of(node)
        home = RepositoryLocation.of(own or target)
        selector = (own.tag if own is not None else None) or str(node.digest or "")
        manifest = await self.inspector.manifest(home, selector, fresh=True)
        if not isinstance(manifest, Index):
            raise DraftError(f"{safe(home.at(selector))} is a single image, not a manifest list.")
        return manifest, home, own is not None and own == target

    async def amend(self, node: Node, target: Reference | None = None) -> Draft:
        """A draft of the list as it is. Raises ComposeError, SourceError, OciError."""
        if node.source.capabilities.stored_lists is not None:
            return await self.stored(node, target)
        wanted = target or target_of(node)
        if wanted is None:
            raise DraftError("This index has no tag. Name the target tag.")
        own = target_of(node)
        if own is not None and own == wanted:
            return await self.amend_tag(wanted)
        home = RepositoryLocation.of(wanted)
        digest = node.digest
        if digest is None:
            raise DraftError("Digest unknown: open the row first.")
        draft, failed = await begin_new(self.inspector, wanted, [home.by_digest(digest)])
        if failed:
            raise failed[0]
        return await self._with_tag(replace(draft, kind=DraftKind.AMEND))

    async def amend_tag(self, target: Reference) -> Draft:
        """A draft of what a tag holds now. Raises ComposeError."""
        return await begin_amend(self.inspector, target)

    async def stored(self, node: Node, target: Reference | None = None) -> Draft:
        """One of Docker's local lists as it is stored, its rows saying what their references hold now. Raises
        ComposeError, SourceError."""
        lists = node.source.capabilities.stored_lists
        assert lists is not None
        stored = await lists.stored(node.repository or "", node.tag or "")
        compared = await lists.compare(node.repository or "", node.tag or "")
        return await self._with_tag(draft_of_local(lists.folder, stored, target, compared))

    async def new(self, target: Reference, marks: Sequence[Mark]) -> Draft:
        """A draft of what is marked; what gave nothing is said in its messages. Raises OciError, ComposeError when none
        gave anything."""
        draft, failed = await begin_marked(self.inspector, target, marks)
        if not draft.entries and failed:
            raise failed[0]
        return await self._with_tag(draft.with_messages(*(f"Left out: {error.sentence}" for error in failed)))

    async def add(self, draft: Draft, reference: str) -> Draft:
        """The draft with what a reference holds now added. Raises ComposeError, OciError."""
        return await add_reference(self.inspector, draft, reference)

    async def replace(self, draft: Draft, key: str, reference: str) -> Draft:
        """The draft with what a reference holds now in the place of a row. Raises ComposeError, OciError."""
        return await replace_from(self.inspector, draft, key, reference)

    async def flatten(self, draft: Draft, key: str) -> Draft:
        """The draft with the images of an index that is a row in the place of that row. Raises ComposeError."""
        return await flatten(self.inspector, draft, key)

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
            return (await self.inspector.source(home).resolve(home.repository, target.tag or "latest")).digest
        except SourceError as error:
            if error.presence is Presence.MISSING:
                return None
            raise

    # plans

    async def plan(
        self, draft: Draft, progress: Progress | None = None, *, dry_run: bool = False, count_referrers: bool = True
    ) -> Plan:
        """The plan that pushes a draft, and writes its local list. Raises ComposeError, SourceError."""
        return await plan_draft(
            draft, self.inspector, count_referrers=count_referrers, dry_run=dry_run, progress=progress
        )

    async def plan_local(self, draft: Draft) -> Plan:
        """The plan that only writes the local list. Raises ComposeError, SourceError."""
        return plan_local_write(draft, await self._raws(draft))

    async def _raws(self, draft: Draft) -> dict[Digest, bytes]:
        found: dict[Digest, bytes] = {}
        for entry in draft.kept:
            digest = entry.descriptor.digest
            home = entry.home or RepositoryLocation.of(draft.target)
            manifest = self.inspector.known_manifest(home, digest)
            if manifest is None:
                manifest = await self.inspector.manifest(home, str(digest))
            found[digest] = manifest.raw
        return found

    async def plan_undo(self, target: Reference, progress: Progress) -> Plan:
        """The plan that puts back what the last push from here replaced. Raises ComposeError, SourceError."""
        held = await self.tag_holds(target)
        reason = await asyncio.to_thread(undo_unavailable, self.journal, target, held)
        if reason:
            raise ComposeError(with_keys(f"{safe(str(target))}: no push to undo: {reason}."))
        return await plan_undo(self.journal, target, held, self.inspector, progress=progress)

    async def plan_fix(
        self,
        targets: Sequence[Reference],
        progress: Progress,
        *,
        places: Sequence[RepositoryLocation] = (),
        catalog: Sequence[RepositoryLocation] = (),
        dry_run: bool = False,
    ) -> Plan:
        """The plan that brings back what is missing below these tags or digests of one repository."""
        return await plan_fix(
            self.inspector,
            targets,
            places=places,
            catalog=catalog,
            journal=self.journal,
            dry_run=dry_run,
            progress=progress,
        )

    async def plan_fix_of(
        self, target: Reference, progress: Progress, *, all_tags: bool = False, search_catalog: bool = False
    ) -> Plan:
        """The same for one tag or digest, or for every tag of its repository, on wish with every repository of the
        registry as a place; what recreating would do is said where something cannot be had, and that the catalog can
        be searched. Its warnings name keys as `{key:ACTION}`. Raises SourceError when the tags cannot be listed."""
        targets, note = await tags_of(self.inspector, target) if all_tags else ([target], "")
        notes = [f"Not all tags checked: {note}."] if note else []
        catalog: Sequence[RepositoryLocation] = ()
        if search_catalog:
            progress(f"reading the list of repositories of {safe(target.registry)}")
            try:
                catalog, left_out = await places_in(self.inspector, [parse_source(f"{target.registry}/")])
                notes += left_out
            except SourceError as error:
                notes.append(f"Could not list the repositories: {error.sentence}")
        plan = await self.plan_fix(targets or [target], progress, catalog=catalog)
        if search_is_open(plan) and not search_catalog:
            notes.append(f"{{key:plan-catalog}} searches every repository that {safe(target.registry)} lists.")
        if not is_whole(plan) and not undetermined(plan) and plan.digest is not None:
            progress("checking whether recreating would help")
            notes.append(await self.recreate_outlook(plan.target, plan.lacking))
        return replace(plan, warnings=(*plan.warnings, *filter(None, notes)))

    async def recreate_outlook(self, target: Reference, lacking: Collection[Digest]) -> str:
        """What recreating a tag's list from its sources would do, for one that cannot be fixed: a sentence, which says
        so when it would not help, and why, unless that is one of the objects that are known to be `lacking`; "" when
        that cannot be found out. Keys are named as `{key:ACTION}`. Raises nothing of its own."""
        if target.digest is not None:
            return ""
        name, home = safe(str(target)), RepositoryLocation.of(target)
        try:
            manifest = await self.inspector.manifest(home, target.tag or "latest", fresh=True)
            if not isinstance(manifest, Index):
                return f"{name} is a single image: push it again."
            sources_known = await asyncio.to_thread(self.journal.sources, target)
            draft = await recreate(self.inspector, target, manifest, home, known=sources_known)
            plan = await plan_draft(draft, self.inspector, dry_run=True)
        except (ComposeError, SourceError, OciError):
            return ""
        stopping = next((problem for problem in plan.problems if problem.stops), None)
        if stopping is not None and any(digest in stopping.text for digest in lacking):
            return f"Recreating {name} would not help: its sources lack the same objects."
        if stopping is not None:
            return f"Recreating {name} would not help: {stopping.text}"
        if plan.digest == manifest.digest:
            return f"Recreating {name} would not help: its sources hold the same images."
        sources = [entry.source for entry in draft.images if entry.source is not None]
        line = (
            f", or `fanfold create {name} {' '.join(map(safe, sources))}`" if len(sources) == len(draft.images) else ""
        )
        return (
            f"Recreating {name} from its sources ({{key:recreate}} on the screen{line}) would make it pullable, as "
            f"another list: {plan.digest} ({summary(plan.diff)}). Signatures stay with the old digest."
        )

    async def plan_tag(self, target: Reference, digest: Digest, progress: Progress) -> Plan:
        """The plan that lets a tag hold a digest of its own repository."""
        return await plan_tag(self.inspector, target, digest, progress=progress)

    async def plan_copy(self, source: str, target: Reference, referrers: bool, progress: Progress) -> Plan:
        """The plan that copies an image or index, with what refers to it on wish."""
        return await plan_copy(self.inspector, source, target, referrers=referrers, progress=progress)

    async def plan_delete(self, target: Reference, progress: Progress) -> Plan:
        """The plan that deletes a tag, or the manifest that a digest names."""
        plan = plan_delete_tag if target.digest is None else plan_delete_manifest
        return await plan(self.inspector, target, progress=progress)

    async def plan_remove_list(self, node: Node) -> Plan:
        """The plan that removes one of Docker's local lists. Raises SourceError."""
        lists = node.source.capabilities.stored_lists
        assert lists is not None
        stored = await lists.stored(node.repository or "", node.tag or "")
        return plan_remove_local(lists.folder, stored)

    # writing

    def push(self, plan: Plan, on_event: OnEvent, also: Sequence[Plan] = ()) -> Push:
        """The run of a plan, and of those of further tags (`plan_tags_more`); nothing is written before its `run` is
        awaited. What it wrote goes into the journal."""
        return Push(plan, self.inspector, self.journal, also=also, on_event=on_event)

    async def plan_tags_more(self, first: Plan, tags: Sequence[str]) -> tuple[Plan, ...]:
        """For each of these tags of the same repository the plan that lets it hold what `first` pushes."""
        names = [tag for tag in dict.fromkeys(tags) if tag != first.target.tag]
        plans = (plan_tag_more(self.inspector, first, first.target.with_tag(tag)) for tag in names)
        return tuple(await asyncio.gather(*plans))

    async def differences(self, plan: Plan, result: PushResult) -> tuple[tuple[DiffRow, ...], tuple[DiffRow, ...]]:
        """Of a push that met a tag moved meanwhile: what they changed of what was planned on, and what ours would
        change of theirs. Empty as far as it cannot be read; the digests are in `result` in any case."""
        home = RepositoryLocation.of(plan.target)
        try:
            theirs = await self.inspector.manifest(home, str(result.theirs)) if result.theirs is not None else None
            before = None
            if plan.before_raw is not None:
                before = decode(plan.before_raw, plan.before_media_type or None)
            ours = decode(plan.raw, plan.media_type or None) if plan.raw is not None else None
        except (SourceError, OciError):
            return (), ()
        return (
            difference(before, theirs) if theirs is not None else (),
            difference(theirs, ours) if ours is not None else (),
        )


def _sides(draft: Draft, entry: Entry) -> tuple[tuple[RepositoryLocation | None, Digest | None], ...]:
    """Where the image is that the list holds of an entry, and the one that goes in."""
    was = None if entry.is_attestation else entry.was
    now = None if entry.is_attestation else entry.descriptor.digest
    target = RepositoryLocation.of(draft.target)
    return (target, was), (entry.home or (target if now == was else None), now)


async def refresh_written(explorer: Explorer, plan: Plan, result: PushResult) -> Node | None:
    """Ask again for what a write may have changed, and give the row of the tag that was written; None if there is none.

    A plan that touches only Docker's folder changes no registry's rows.
    """
    target = plan.target
    only_local = bool(plan.steps) and all(step.local_list is not None for step in plan.steps)
    written: Node | None = None
    for root in list(explorer.roots):
        source = root.source
        if source.capabilities.stored_lists is not None:
            await explorer.refresh(root)
        if only_local or source.registry != target.registry:
            continue
        explorer.note_written(source, target.repository)
        for row in [each for each in root.walk() if each.kind is Kind.REPOSITORY]:
            if row.repository == target.repository:
                await _ask_again(explorer, row)
        if result.ok and plan.action is not Action.DELETE and target.tag is not None:
            written = await explorer.add_reference(source, target.repository, target.tag)
    return written


async def _ask_again(explorer: Explorer, repository: Node) -> None:
    """The list of tags and those rows of it that were read: all of it may be different now."""
    if repository.load is Load.READY:
        await explorer.refresh(repository)
        return
    for row in list(repository.children):
        if row.load is not Load.IDLE:
            await explorer.refresh(row)
