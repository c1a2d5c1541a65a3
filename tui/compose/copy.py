"""Planning to copy an image or an index, attestations and all, to another repository or registry, with its referrers on
request; and to let another tag of the repository hold what a digest names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tui.compose.availability import Availability
from tui.compose.errors import ResolveError
from tui.compose.fallback import fallback_steps
from tui.compose.plan import LACKING, Action, How, Plan, PlannedObject, Step, StepKind
from tui.compose.planner import PlanRequest, blob_step, confirmation, manifest_step, numbered, plan_manifest
from tui.compose.resolve import read
from tui.compose.validate import Problem
from tui.explore.inspector import Inspector
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, Index, OpaqueManifest
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.sources.spec import locate
from tui.text import plural, safe

#: Referrers of referrers (a signature of an SBOM) are followed this deep.
_DEPTH = 3


async def plan_copy(
    inspector: Inspector,
    source: str,
    target: Reference,
    *,
    referrers: bool = False,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """The plan that makes `target` (with a tag) hold what `source` holds now, bytes unchanged.

    With `referrers` what refers to it and to its images (signatures, SBOMs) comes along, and the fallback tags where
    the target's registry has no referrers API. Raises ResolveError when the source cannot be read, OciError when it is
    malformed.
    """
    asked_before = inspector.requests
    home, selector = locate(source)
    shown = safe(source)
    manifest = await read(inspector, home, selector, shown)
    if isinstance(manifest, OpaqueManifest):
        raise ResolveError(f"{shown} cannot be copied: {manifest.reason}", Presence.MISMATCHED)
    entries = manifest.entries if isinstance(manifest, Index) else (manifest.descriptor(),)
    homes: dict[Digest, RepositoryLocation] = {entry.digest: home for entry in entries}
    sources = {entry.digest: home.by_digest(entry.digest) for entry in entries}
    request = PlanRequest(Action.COPY, target, manifest, home=home, homes=homes, sources=sources)
    plan = await plan_manifest(request, inspector, progress=progress)
    if referrers and not any(problem.code == "read-only" for problem in plan.problems):
        plan = await _with_referrers(plan, inspector, home, manifest)
    plan = replace(plan, asked=inspector.requests - asked_before)
    return replace(plan, confirmation=confirmation(plan))


async def _with_referrers(plan: Plan, inspector: Inspector, home: RepositoryLocation, root: AnyManifest) -> Plan:
    """The same plan with the referrers of the root and of its images put before the tag, fallback tags after it."""
    subjects = [root.digest, *(entry.digest for entry in root.entries)] if isinstance(root, Index) else [root.digest]
    referrers: list[tuple[Digest, Descriptor]] = []
    notes: list[str] = []
    for _ in range(_DEPTH):
        fresh: list[tuple[Digest, Descriptor]] = []
        for subject in subjects:
            try:
                listed = await inspector.source(home).referrers(home.repository, subject)
            except SourceError as error:
                notes.append(f"Could not list the referrers of {subject.short}: {error.sentence}")
                continue
            known = {descriptor.digest for _subject, descriptor in (*referrers, *fresh)}
            fresh += [(subject, each) for each in listed if each.digest not in known]
        referrers += fresh
        subjects = [descriptor.digest for _subject, descriptor in fresh]
        if not subjects:
            break
    if not referrers:
        return replace(plan, warnings=(*plan.warnings, *notes, "No referrers to copy."))
    target_location = RepositoryLocation.of(plan.target)
    steps, objects, problems = list(plan.steps), list(plan.objects), list(plan.problems)
    before_tag: list[Step] = []
    planned = {each.digest for each in objects}
    for _subject, descriptor in referrers:
        gathered, trouble = await _referrer(inspector, home, target_location, descriptor)
        problems += trouble
        for each in gathered:
            if each.digest in planned:
                continue
            planned.add(each.digest)
            objects.append(each)
            if each.how in (How.MOUNT, How.COPY):
                before_tag.append(blob_step(each))
            elif each.how is How.PUT:
                before_tag.append(manifest_step(each))
    after = await fallback_steps(inspector, target_location, referrers, notes)
    position = next((number for number, step in enumerate(steps) if step.kind is StepKind.TAG), len(steps))
    steps[position:position] = before_tag
    return replace(
        plan,
        steps=numbered((*steps, *after)),
        objects=tuple(objects),
        problems=tuple(problems),
        warnings=(*plan.warnings, *notes, f"Copies {plural(len(referrers), 'referrer')} too."),
    )


async def _referrer(
    inspector: Inspector, home: RepositoryLocation, target: RepositoryLocation, descriptor: Descriptor
) -> tuple[list[PlannedObject], list[Problem]]:
    """What one referrer takes: its blobs, then itself."""
    name = descriptor.digest.short
    try:
        manifest = await inspector.manifest(home, str(descriptor.digest))
    except (SourceError, OciError) as error:
        return [], [Problem("referrer", f"Cannot copy the referrer {name}: not readable: {error}", stops=False)]
    below = await Availability(inspector, target).below(manifest, home)
    lacking = [each for each in below.objects if each.how in LACKING]
    if lacking:
        first = lacking[0]
        sentence = f"Cannot copy the referrer {name}: incomplete: {first.digest} ({first.detail})."
        return [], [Problem("referrer", sentence, stops=False)]
    own = PlannedObject(
        descriptor.digest,
        "referrer",
        manifest.media_type,
        manifest.size,
        How.PUT if home != target else How.PRESENT,
        source=home,
        raw=manifest.raw,
    )
    return [*(replace(each, detail=each.detail or f"of the referrer {name}") for each in below.objects), own], []


async def plan_tag(
    inspector: Inspector,
    target: Reference,
    digest: Digest,
    *,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """The plan that makes `target` (with a tag) hold the manifest `digest` of its own repository, bytes unchanged.

    What is missing below it is said but does not stop: a tag changes nothing about that. Raises ResolveError when the
    manifest cannot be read, DraftError when the target names no tag.
    """
    home = RepositoryLocation.of(target)
    manifest = await read(inspector, home, str(digest), safe(home.by_digest(digest)), fresh=False)
    request = PlanRequest(Action.TAG, target, manifest, home=home, incomplete_is_fine=True)
    return await plan_manifest(request, inspector, progress=progress)
