"""Planning to delete a tag or a manifest, after finding out what else would break."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tui.compose.errors import ResolveError
from tui.compose.plan import Action, DiffRow, Plan, Step, StepKind
from tui.compose.planner import read_only
from tui.compose.resolve import read, tag_heads
from tui.compose.validate import Problem
from tui.explore.diff import Change
from tui.explore.inspector import Inspector
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, Index
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.text import plural, safe

#: At most so many tags are asked for what they hold, and so many indexes are read, to find out what would break.
TAG_LIMIT, INDEX_LIMIT = 200, 50


@dataclass(frozen=True, slots=True)
class DeletionImpact:
    """What else hangs on a digest in its repository."""

    tags: tuple[str, ...]
    """Those that hold it, the one that was named included."""
    indexes: tuple[str, ...]
    """The tags of indexes that have it among their entries."""
    referrers: int
    """How many refer to it."""
    notes: tuple[str, ...]
    """What could not be found out; without any the answer is whole. Safe text."""
    looks: int
    """How many requests it took to find the tags that hold it."""


async def deletion_impact(
    inspector: Inspector,
    home: RepositoryLocation,
    digest: Digest,
    *,
    progress: Callable[[str], None] | None = None,
) -> DeletionImpact:
    """Look at the repository's tags for what holds or contains a digest."""
    heads, notes = await _heads(inspector, home, progress or (lambda _text: None))
    unread = sum(head is None for head in heads.values())
    if unread:
        notes.append(f"Could not read {plural(unread, 'tag')}.")
    by_digest: dict[Digest, list[str]] = {}
    for name, head in heads.items():
        if head is not None and (head.digest == digest or media.is_index(head.media_type)):
            by_digest.setdefault(head.digest, []).append(name)
    holding = by_digest.pop(digest, [])
    if len(by_digest) > INDEX_LIMIT:
        notes.append(f"Checked only {INDEX_LIMIT} of {len(by_digest)} indexes.")
    containing: list[str] = []
    for index_digest, index_tags in list(by_digest.items())[:INDEX_LIMIT]:
        try:
            manifest = await inspector.manifest(home, str(index_digest))
        except (SourceError, OciError):
            notes.append(f"Could not read the index {safe(index_tags[0])}.")
            continue
        if isinstance(manifest, Index) and any(entry.digest == digest for entry in manifest.entries):
            containing += index_tags
    referrers = 0
    try:
        referrers = len(await inspector.source(home).referrers(home.repository, digest))
    except SourceError as error:
        notes.append(f"Could not check for referrers: {error.sentence}")
    return DeletionImpact(tuple(holding), tuple(containing), referrers, tuple(notes), 1 + len(heads))


async def tagged_since(inspector: Inspector, home: RepositoryLocation, digest: Digest, known: Sequence[str]) -> str:
    """The tags that hold a digest now and are not among those that are `known` to, in words; "" when there are none, or
    where that cannot be found out."""
    heads, _ = await _heads(inspector, home, lambda _text: None)
    return _some([tag for tag, head in heads.items() if head and head.digest == digest and tag not in known])


async def _heads(
    inspector: Inspector, home: RepositoryLocation, tell: Callable[[str], None]
) -> tuple[dict[str, Descriptor | None], list[str]]:
    """What the tags of a repository hold, and what could not be found out."""
    names: list[str] = []
    notes: list[str] = []
    try:
        async for page in inspector.source(home).tags(home.repository):
            names += page.names
            if not page.complete and page.note:
                notes.append(page.note)
    except SourceError as error:
        notes.append(f"Could not list the repository's tags; other tags may be affected: {error.sentence}")
    if len(names) > TAG_LIMIT:
        notes.append(f"Checked only {TAG_LIMIT} of {len(names)} tags.")
    tell(f"checking {plural(min(len(names), TAG_LIMIT), 'tag')}")
    return await tag_heads(inspector, home, names[:TAG_LIMIT]), notes


async def plan_delete_tag(
    inspector: Inspector,
    target: Reference,
    *,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """The plan that deletes one tag. What it holds stays in the repository, and in the journal, so that it can be put
    back.

    Many registries refuse to delete a single tag, and none says so without being asked to delete something, which
    a plan never does: the plan says that it may refuse, and has a problem where it refused before. Raises ResolveError
    when there is no such tag.
    """
    home, tag = RepositoryLocation.of(target), target.tag or "latest"
    manifest = await _read(inspector, home, tag)
    impact = await deletion_impact(inspector, home, manifest.digest, progress=progress)
    name = safe(str(target))
    others = [each for each in impact.tags if each != tag]
    warnings = [*impact.notes]
    if others:
        warnings.append(f"{manifest.digest.short} keeps {plural(len(others), 'other tag')}: {_some(others)}.")
    elif not impact.indexes:
        warnings.append(f"{manifest.digest.short} has no other tag: the registry's garbage collection may remove it.")
    if impact.indexes:
        warnings.append(f"Also an entry of {_some(impact.indexes)}, which stays unchanged.")
    refused = inspector.client.why_no_delete_by_tag(home.registry, home.repository) if home.registry is not None else ""
    if not refused:
        warnings.append("The registry may refuse to delete by tag; nothing changes then.")
    step = Step(1, StepKind.DELETE_TAG, f"delete the tag {name}", manifest.digest, selector=tag)
    plan = _plan(
        inspector, target, manifest, step, (DiffRow(Change.REMOVED, "tag", tag),), warnings, f"Deletes {name}."
    )
    if not refused or plan.problems:
        return plan
    text = f"{refused} The plan for the manifest ({manifest.digest.short}) lists them."
    return replace(plan, problems=(Problem("no-delete-by-tag", text),))


async def plan_delete_manifest(
    inspector: Inspector,
    target: Reference,
    *,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """The plan that deletes a manifest by its digest: every tag on it goes along, every index that names it gets a
    hole.

    `target` names a digest. Raises ResolveError when it is not there.
    """
    home = RepositoryLocation.of(target)
    if target.digest is None:
        raise ResolveError(f"{safe(str(target))} names no digest to delete.", Presence.MISMATCHED)
    manifest = await _read(inspector, home, str(target.digest))
    impact = await deletion_impact(inspector, home, manifest.digest, progress=progress)
    warnings = [*impact.notes]
    if impact.tags:
        warnings.append(f"Also deletes {plural(len(impact.tags), 'tag')}: {_some(impact.tags)}.")
    if impact.indexes:
        warnings.append(
            f"Breaks {plural(len(impact.indexes), 'index', 'indexes')} on that platform: {_some(impact.indexes)}."
        )
    if impact.referrers:
        warnings.append(f"Leaves {plural(impact.referrers, 'referrer')} (signatures, attestations) without a subject.")
    rows = (
        DiffRow(Change.REMOVED, "manifest", str(manifest.digest)),
        *(DiffRow(Change.REMOVED, "tag", safe(tag)) for tag in impact.tags),
        *(DiffRow(Change.CHANGED, f"index {safe(tag)}", "complete", "broken") for tag in impact.indexes),
    )
    step = Step(
        1,
        StepKind.DELETE_MANIFEST,
        f"delete {safe(home.by_digest(manifest.digest))}",
        manifest.digest,
        selector=str(manifest.digest),
        looks=impact.looks,
    )
    text = f"Deletes {safe(home.by_digest(manifest.digest))} and {plural(len(impact.tags), 'tag')}."
    return replace(_plan(inspector, target, manifest, step, rows, warnings, text), tags=impact.tags)


def _plan(
    inspector: Inspector,
    target: Reference,
    manifest: AnyManifest,
    step: Step,
    rows: tuple[DiffRow, ...],
    warnings: Sequence[str],
    text: str,
) -> Plan:
    refusal = read_only(inspector, target)
    return Plan(
        Action.DELETE,
        target,
        () if refusal is not None else (step,),
        media_type=manifest.media_type,
        before=manifest.digest,
        before_raw=manifest.raw,
        before_media_type=manifest.media_type,
        diff=rows,
        problems=() if refusal is None else (refusal,),
        warnings=tuple(warnings),
        confirmation=text,
        type_to_confirm=step.selector if step.kind is StepKind.DELETE_TAG else manifest.digest.encoded[:12],
    )


async def _read(inspector: Inspector, home: RepositoryLocation, selector: str) -> AnyManifest:
    return await read(inspector, home, selector, safe(home.at(selector)), consequence=", so it could not be restored")


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(safe(name) for name in names[:8])
    return shown + (f" and {len(names) - 8} more" if len(names) > 8 else "")
