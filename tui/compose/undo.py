"""Undo: put back what the last push to a tag replaced, by a plan of the same kind as any push; a tag that was deleted
too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from tui.compose.errors import DraftError
from tui.compose.journal import NOT_WRITTEN, Journal, Record
from tui.compose.plan import Action, Plan
from tui.compose.planner import PlanRequest, plan_manifest
from tui.explore.inspector import Inspector
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import Index, decode
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.text import plural, safe, with_keys

#: So many tags of a repository are asked for what they hold, to tell what can be put back.
_ASKED = 40
#: So many tags are named in one sentence.
_NAMED = 5


def last_push(journal: Journal, target: Reference, holds: Digest | None) -> Record | None:
    """The newest record that made the tag hold what it holds now; `holds` None looks for a deletion."""
    written = (record for record in journal.of(target) if record.outcome != NOT_WRITTEN)
    return next((record for record in written if record.digest == holds), None)


def undo_unavailable(journal: Journal, target: Reference, holds: Digest | None) -> str:
    """Why there is nothing to undo for this tag; "" when there is. Safe text; a key stands in it as `{key:ACTION}`."""
    record = last_push(journal, target, holds)
    if record is None:
        records = journal.of(target)
        if records and all(each.outcome == NOT_WRITTEN for each in records):
            return "the last push recorded for this tag was not written"
        if records and records[0].before == holds:
            return "the tag already has the digest from before the last push"
        if records:
            return "the tag was changed by someone else since the last push recorded"
        return journal.why_unreadable() or "no push recorded for this tag"
    if record.before is None:
        return "the tag did not exist before that push; {key:delete} deletes it"
    if journal.bytes_of(record.before) is None:
        return "the replaced manifest is no longer in the journal"
    return ""


@dataclass(frozen=True, slots=True)
class UndoChoice:
    """A tag that can be put back."""

    target: Reference
    when: datetime
    """Since when it holds what it holds now."""
    now: Digest | None
    """None: it was deleted."""
    then: Digest
    """What it would hold."""
    reason: str = ""
    """Why it is not known whether that is possible. Safe text."""


async def undo_choices(journal: Journal, home: RepositoryLocation, inspector: Inspector) -> tuple[UndoChoice, ...]:
    """What can be put back in a repository, deleted tags too, the newest change first. Raises only CancelledError."""
    touched = await asyncio.to_thread(journal.touched)
    targets = [target for target in touched if RepositoryLocation.of(target) == home][:_ASKED]
    answers = await asyncio.gather(*(_choice(journal, target, inspector) for target in targets))
    known = [each for each in answers if each is not None]
    return tuple(sorted(known, key=lambda each: each.when, reverse=True))


async def _choice(journal: Journal, target: Reference, inspector: Inspector) -> UndoChoice | None:
    home, reason, now = RepositoryLocation.of(target), "", None
    try:
        now = (await inspector.source(home).resolve(home.repository, target.tag or "latest")).digest
    except SourceError as error:
        if error.presence is not Presence.MISSING:
            reason = f"could not read the tag: {error.sentence}"
    except OciError as error:
        reason = str(error)
    return await asyncio.to_thread(_recorded, journal, target, now, reason)


def _recorded(journal: Journal, target: Reference, now: Digest | None, reason: str) -> UndoChoice | None:
    if reason:
        records = (each for each in journal.of(target) if each.outcome != NOT_WRITTEN)
        record = next(records, None)
    elif undo_unavailable(journal, target, now):
        return None
    else:
        record = last_push(journal, target, now)
    if record is None or record.before is None:
        return None
    return UndoChoice(target, record.when, record.digest, record.before, reason)


async def plan_undo(
    journal: Journal,
    target: Reference,
    holds: Digest | None,
    inspector: Inspector,
    *,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """The plan that puts the old index back under the tag. Raises DraftError when there is nothing to put back.

    Blobs that are gone below the old index are said but do not stop: undoing means what was there before, and a list
    that was fixed because it was broken was broken before. Child manifests that are gone do: registries refuse it.
    """
    reason = undo_unavailable(journal, target, holds)
    record = last_push(journal, target, holds)
    raw = journal.bytes_of(record.before) if record is not None and record.before is not None else None
    if reason or record is None or raw is None:
        raise DraftError(with_keys(f"Cannot undo {safe(str(target))}: {reason}."))
    try:
        manifest = decode(raw, record.before_media_type or None)
    except OciError as error:
        raise DraftError(f"The previous manifest of {safe(str(target))} cannot be read: {error}") from None
    known = journal.sources(target)
    entries = manifest.entries if isinstance(manifest, Index) else ()
    request = PlanRequest(
        Action.UNDO,
        target,
        manifest,
        home=RepositoryLocation.of(target),
        sources={entry.digest: known[entry.digest] for entry in entries if entry.digest in known},
        tag_known=True,
        tag_was=holds,
        incomplete_is_fine=True,
    )
    return await plan_manifest(request, inspector, progress=progress)


def after_deletion(plan: Plan, key: str) -> str:
    """What brings back what a plan deleted, and what does not. `key` is the key of undoing, as people write it."""
    where = f"{key} on {safe(plan.target.repository)}"
    condition = "its objects are still in the registry"
    if plan.target.digest is None:
        return f"Deleted :{safe(plan.target.tag or 'latest')}. {where} restores it while {condition}."
    digest = plan.target.digest.short
    if not plan.tags:
        return f"Deleted {digest}. No tag had this digest, so {key} has none to restore."
    names = ", ".join(f":{safe(tag)}" for tag in plan.tags[:_NAMED])
    more = f" and {len(plan.tags) - _NAMED} more" if len(plan.tags) > _NAMED else ""
    tags = plural(len(plan.tags), "tag")
    return f"Deleted {digest} and {tags}: {names}{more}. {where} restores each while {condition}."
