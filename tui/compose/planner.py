"""Planning: from a draft (or any manifest that a tag shall hold) to the exact steps of the write. Reads, never
writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tui.compose.availability import Availability, ObjectsBelow
from tui.compose.draft import Draft, DraftKind
from tui.compose.fallback import fallback_steps, put_with_subject
from tui.compose.local_lists import local_files, local_step
from tui.compose.plan import LACKING, Action, How, Plan, PlannedObject, Step, StepKind, difference, summary
from tui.compose.validate import Problem, problems, row_name
from tui.explore.inspector import Inspector
from tui.oci import attestation
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, Index, decode
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.text import plural, safe, size

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What a tag shall hold: a manifest with its exact bytes, and where what is below it may be found."""

    action: Action
    target: Reference
    manifest: AnyManifest
    home: RepositoryLocation | None = None
    """Where all that is below it may be found, if it is one place."""
    homes: Mapping[Digest, RepositoryLocation] = field(default_factory=dict)
    """Where each child may be found."""
    places: Sequence[RepositoryLocation] = ()
    """Further repositories to look in."""
    sources: Mapping[Digest, str] = field(default_factory=dict)
    """The references that the entries came from, for the journal."""
    tag_known: bool = False
    """Whether `tag_was` says something."""
    tag_was: Digest | None = None
    """What the tag held when the work began, so that somebody else's change is noticed; None: no such tag."""
    incomplete_is_fine: bool = False
    """Whether objects that exist nowhere are only said (tagging what is in the repository already, undoing)."""
    warnings: tuple[str, ...] = ()
    dry_run: bool = False
    """Whether the plan is only looked at, so that a read-only target does not stop it."""


async def plan_draft(
    draft: Draft,
    inspector: Inspector,
    *,
    count_referrers: bool = False,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """The plan that pushes a draft. A draft with a stopping problem gives a plan with it, and nothing is asked.
    With `dry_run`, for a plan that is only looked at, a read-only target is said but does not stop it.

    A draft of one of Docker's local lists writes that list too, after the tag. `count_referrers` asks how many
    signatures and the like the old index has, which stay behind (one request, or two where the API is missing).
    """
    draft_problems = problems(draft)
    action = Action.PUSH
    refusal = read_only(inspector, draft.target)
    if refusal is not None:
        draft_problems = (replace(refusal, stops=not dry_run), *draft_problems)
    if any(problem.stops for problem in draft_problems):
        return Plan(action, draft.target, (), problems=draft_problems, warnings=draft.messages)
    raw = draft.to_bytes()
    try:
        manifest = decode(raw, draft.media_type or None)
    except OciError as error:
        stopped = Problem("invalid-index", f"The draft makes an index that cannot be read back: {error}")
        return Plan(action, draft.target, (), problems=(stopped, *draft_problems), warnings=draft.messages)
    request = PlanRequest(
        action,
        draft.target,
        manifest,
        homes={entry.descriptor.digest: entry.home for entry in draft.kept if entry.home is not None},
        places=draft.places,
        sources={entry.descriptor.digest: entry.source for entry in draft.kept if entry.source},
        tag_known=draft.tag_known,
        tag_was=draft.tag_was,
        dry_run=dry_run,
    )
    unsourced = [row_name(entry) for entry in draft.images if entry.is_unsourced]
    if unsourced:
        request = replace(request, warnings=(f"{', '.join(unsourced)}: source unknown; kept as is, may be stale.",))
    plan = await plan_manifest(request, inspector, count_referrers=count_referrers, progress=progress)
    plan = replace(plan, problems=plan.problems + draft_problems)
    as_it_is = draft.kind is DraftKind.LOCAL and draft.is_untouched
    if draft.local_list is not None and plan.ready and not as_it_is:
        raws = {each.digest: each.raw for each in plan.objects if each.raw is not None}
        files, notes = local_files(draft, raws)
        steps = numbered((*plan.steps, local_step(draft.local_list, files)))
        plan = replace(plan, steps=steps, warnings=(*plan.warnings, *notes))
    return plan


async def plan_manifest(
    request: PlanRequest, inspector: Inspector, *, count_referrers: bool = False, progress: Progress | None = None
) -> Plan:
    """The plan that makes a tag hold a manifest, with everything below it in the repository. Raises nothing of its own:
    what could not be found out is a problem of the plan."""
    target, manifest = request.target, request.manifest
    location = RepositoryLocation.of(target)
    asked_before = inspector.requests
    refusal = read_only(inspector, target)
    if refusal is not None and not request.dry_run:
        return Plan(request.action, target, (), digest=manifest.digest, problems=(refusal,))
    tell = progress or (lambda _text: None)
    before, trouble, notes = await _tag(inspector, location, target)
    tell(f"{safe(str(target))}: {before.digest.short if before is not None else 'no such tag'}")
    availability = Availability(inspector, location, homes=request.homes, places=request.places, progress=progress)
    below = await availability.below(manifest, request.home)
    all_problems = [*trouble, *_moved(request, before), *_lacking(request, below)]
    warnings = [*request.warnings, *notes, *_caveats(below), *_warnings(before, manifest)]
    if count_referrers and before is not None and before.digest != manifest.digest:
        warnings += await _referrers(inspector, location, before.digest)
    plan = Plan(
        request.action,
        target,
        _steps(request, below, before),
        objects=below.objects,
        media_type=manifest.media_type,
        digest=manifest.digest,
        raw=manifest.raw,
        before=before.digest if before is not None else None,
        before_raw=before.raw if before is not None else None,
        before_media_type=before.media_type if before is not None else "",
        diff=difference(before, manifest),
        problems=tuple(all_problems),
        warnings=tuple(dict.fromkeys(warnings)),
        asked=inspector.requests - asked_before,
        sources=request.sources,
    )
    referring = put_with_subject(manifest, below.objects) if plan.steps else []
    if referring:
        late: list[str] = []
        steps = await fallback_steps(inspector, location, referring, late)
        plan = replace(
            plan,
            steps=numbered((*plan.steps, *steps)),
            warnings=(*plan.warnings, *late),
            asked=inspector.requests - asked_before,
        )
    return replace(plan, confirmation=confirmation(plan))


async def plan_tag_more(inspector: Inspector, first: Plan, target: Reference) -> Plan:
    """The plan that lets one tag more hold what `first` puts into the repository, once that is there: no step but the
    tag's. What the tag holds now is read, and may not be somebody else's by then. Raises nothing of its own."""
    before, trouble, notes = await _tag(inspector, RepositoryLocation.of(target), target)
    held = before is not None and before.digest == first.digest
    step = _tag_step("same manifest", target, first.digest, first.media_type, first.raw or b"")
    plan = Plan(
        first.action,
        target,
        () if held else numbered([step]),
        media_type=first.media_type,
        digest=first.digest,
        raw=first.raw,
        before=before.digest if before is not None else None,
        before_raw=before.raw if before is not None else None,
        before_media_type=before.media_type if before is not None else "",
        problems=tuple(trouble),
        warnings=tuple(notes),
        sources=first.sources,
    )
    return replace(plan, confirmation=confirmation(plan))


def read_only(inspector: Inspector, target: Reference) -> Problem | None:
    """Why nothing may be written to the target's registry."""
    reason = inspector.why_read_only(target.registry)
    if not reason:
        return None
    return Problem("read-only", f"Cannot write to {safe(target.registry)}: {reason}")


def confirmation(plan: Plan) -> str:
    """What the plan does, in a line or two, for the confirmation screen. Safe text."""
    name = safe(str(plan.target))
    if not plan.ready:
        return f"{name} is blocked: {plural(sum(p.stops for p in plan.problems), 'problem')}."
    if not plan.steps:
        return f"{name} is up to date. Nothing to do."
    if plan.digest is None:
        return name
    if plan.before is None:
        sentence = f"{name} is new: {plan.digest}."
    elif plan.changes_tag:
        sentence = f"{name}: {plan.before.short} → {plan.digest} ({summary(plan.diff)})."
    else:
        sentence = f"{name} stays {plan.digest.short}; {_restored(plan)}."
    moves = [
        plural(count, noun, several)
        for count, noun, several in (
            (sum(step.kind is StepKind.MOUNT for step in plan.steps), "mount", "mounts"),
            (sum(step.kind is StepKind.COPY for step in plan.steps), "copy", "copies"),
            (sum(step.kind is StepKind.MANIFEST for step in plan.steps), "manifest", "manifests"),
        )
        if count
    ]
    if moves:
        sentence += f" {', '.join(moves)}"
        sentence += f" ({size(plan.bytes_to_copy)} to transfer)." if plan.bytes_to_copy else "."
    return f"{sentence} {plural(plan.requests, 'request')}."


def _restored(plan: Plan) -> str:
    """What the steps bring to a tag that stays what it is: "restores 1 missing layer"."""
    lost = [each.kind for each in plan.objects if each.how in (How.MOUNT, How.COPY, How.PUT)]
    noun = lost[0] if len(set(lost)) == 1 else "object"
    return f"restores {plural(len(lost), f'missing {noun}')}"


async def _tag(
    inspector: Inspector, location: RepositoryLocation, target: Reference
) -> tuple[AnyManifest | None, list[Problem], list[str]]:
    """What the tag holds now, whole, because the journal keeps it."""
    try:
        return await inspector.manifest(location, target.tag or "latest", fresh=True), [], []
    except SourceError as error:
        if error.presence is Presence.MISSING:
            return None, [], []
        if error.presence is Presence.DENIED:
            # Docker Hub, GHCR and Quay say the same for a repository that does not exist yet
            # (docs/protocol-notes.md, B-15).
            sentence = (
                f"{safe(str(target))} cannot be read ({error.sentence}); treated as new, checked again before the push."
            )
            return None, [], [sentence]
        sentence = f"Could not read {safe(str(target))}: {error.sentence}"
        return None, [Problem("tag-unknown", sentence, undetermined=error.presence.undetermined)], []
    except OciError as error:
        sentence = f"{safe(str(target))} cannot be parsed, so it could not be restored: {error}"
        return None, [Problem("tag-unreadable", sentence)], []


def _moved(request: PlanRequest, before: AnyManifest | None) -> list[Problem]:
    now = before.digest if before is not None else None
    if not request.tag_known or request.tag_was == now:
        return []
    was = request.tag_was.short if request.tag_was is not None else "absent"
    is_now = now.short if now is not None else "gone"
    sentence = (
        f"{safe(str(request.target))} was changed by someone else: {was} → {is_now}. "
        "Start over from its current digest, or accept the change."
    )
    return [Problem("tag-moved", sentence, offer="accept-tag")]


_NOUNS = {"manifest": "image manifest", "attestation": "attestation", "index": "index"}


def _lacking(request: PlanRequest, below: ObjectsBelow) -> list[Problem]:
    # Without a child manifest the registry would refuse the index; without a blob it takes it.
    lacking = [
        lacking_problem(
            each,
            stops=not request.incomplete_is_fine or (request.action is Action.UNDO and each.kind in _NOUNS),
        )
        for each in below.objects
        if each.how in LACKING
    ]
    last = next((problem for problem in reversed(lacking) if problem.code == "nowhere" and problem.stops), None)
    if last is not None:  # once, however many objects it is about
        told = replace(last, text=f"{last.text} Push that image again, or use another source.")
        lacking[lacking.index(last)] = told
    return lacking


def lacking_problem(each: PlannedObject, *, stops: bool) -> Problem:
    """Why an object cannot be brought to the target. What could not be found out always stops."""
    noun = _NOUNS.get(each.kind, each.kind)
    of = f" of {', '.join(each.platforms)}" if each.platforms else ""
    if each.how is How.UNKNOWN:
        sentence = f"Could not check the {noun} {each.digest}{of} ({each.detail})."
        return Problem("unknown", sentence, undetermined=True)
    subject = f"The {noun} {each.digest}{of}"
    sentence = f"{subject} was not found ({each.detail})."
    if each.how is How.WRONG:
        above = "index" if each.kind in _NOUNS else "manifest above it"
        sentence = f"{subject} differs from its {above}: {each.detail}. A push cannot fix it: "
        sentence += f"the {above} itself must change."
    return Problem("mismatch" if each.how is How.WRONG else "nowhere", sentence, stops=stops)


def _caveats(below: ObjectsBelow) -> list[str]:
    """What is taken over although something is wrong with it: a check of the result would say so."""
    return [
        f"The {_NOUNS.get(each.kind, each.kind)} {each.digest.short}{_of(each)} is taken over as it stands, but "
        f"{each.caveat}: clients that go by the index may refuse it."
        for each in below.objects
        if each.caveat and each.how not in LACKING
    ]


def _warnings(before: AnyManifest | None, after: AnyManifest) -> list[str]:
    """Signatures are bound to a digest: those of the old index do not follow (docs/protocol-notes.md, H-05)."""
    warnings: list[str] = []
    if before is not None and before.digest != after.digest:
        warnings.append(f"Signatures stay with the old digest ({before.digest.short}); per-platform ones remain valid.")
    if isinstance(before, Index) and not isinstance(after, Index):
        warnings.append("The tag changes from an index to a single image.")
    if isinstance(before, Index) and isinstance(after, Index):
        kept = {entry.digest for entry in after.entries}
        lost = [entry for entry in before.entries if attestation.is_attestation(entry) and entry.digest not in kept]
        if lost:
            warnings.append(f"{plural(len(lost), 'attestation')} of the old index not in the new one.")
    return warnings


async def _referrers(inspector: Inspector, location: RepositoryLocation, digest: Digest) -> list[str]:
    try:
        referrers = await inspector.source(location).referrers(location.repository, digest)
    except SourceError:
        return [f"Could not count the referrers of {digest.short}."]
    if not referrers:
        return []
    return [
        f"{plural(len(referrers), 'referrer')} (signatures, attestations) stay with the old digest, {digest.short}."
    ]


def _steps(request: PlanRequest, below: ObjectsBelow, before: AnyManifest | None) -> tuple[Step, ...]:
    """Blobs, then manifests from the leaves up, then the tag; what may only follow the tag comes after it
    (docs/protocol-notes.md, F-01)."""
    steps = [blob_step(each) for each in below.objects if each.how in (How.MOUNT, How.COPY)]
    steps += [manifest_step(each) for each in below.manifests if each.how is How.PUT]
    manifest = request.manifest
    if before is None or before.digest != manifest.digest:
        what = "index" if isinstance(manifest, Index) else "image"
        steps.append(_tag_step(what, request.target, manifest.digest, manifest.media_type, manifest.raw))
    return numbered(steps)


def _tag_step(what: str, target: Reference, digest: Digest | None, media_type: str, raw: bytes) -> Step:
    title = f"push the {what} as {safe(str(target))}, then verify"
    return Step(0, StepKind.TAG, title, digest, len(raw), media_type, selector=target.tag or "latest", raw=raw)


def numbered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """The steps with their numbers, from 1."""
    return tuple(replace(step, number=number) for number, step in enumerate(steps, 1))


def manifest_step(each: PlannedObject) -> Step:
    """The step that puts a child manifest by its digest."""
    return Step(
        0,
        StepKind.MANIFEST,
        f"push the {_NOUNS.get(each.kind, each.kind)} {each.digest.short}{_of(each)}",
        each.digest,
        each.size,
        each.media_type,
        each.source,
        str(each.digest),
        each.raw,
    )


def blob_step(each: PlannedObject) -> Step:
    """The step that mounts or copies a blob."""
    mount = each.how is How.MOUNT
    verb = "mount" if mount else "copy"
    source = f" from {safe(str(each.source))}" if each.source is not None else ""
    return Step(
        0,
        StepKind.MOUNT if mount else StepKind.COPY,
        f"{verb} the {each.kind} {each.digest.short}{_of(each)}{source}",
        each.digest,
        each.size,
        each.media_type,
        each.source,
        raw=each.raw,
        asked=each.asked,
    )


def _of(each: PlannedObject) -> str:
    return f" of {', '.join(each.platforms)}" if each.platforms else ""
