"""Fix: bring back what is missing below tags, so that no digest changes and no tag is moved. Reads, never writes.

What is missing is looked for in the places that somebody named, where it was seen before, in the places that the
journal and the names of repositories suggest, and on wish in the whole catalog. Blobs are mounted from the same
registry, else copied; child manifests are put again, also from bytes that the journal kept. What can be had is planned
even when something else cannot; a manifest of which a part is missing for good is not put, because registries refuse
it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from tui.compose.availability import Availability, ObjectsBelow
from tui.compose.journal import Journal
from tui.compose.plan import LACKING, Action, How, Plan, PlannedObject
from tui.compose.planner import blob_step, lacking_problem, manifest_step, numbered, read_only
from tui.compose.validate import Problem
from tui.explore.inspector import Inspector
from tui.explore.likely_places import neighbours
from tui.explore.search import PATIENCE
from tui.explore.walker import DEPTH_LIMIT
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, ImageManifest, Index, OpaqueManifest, decode
from tui.oci.platform import Platform
from tui.oci.reference import Reference, is_tag
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.sources.spec import SourceSpec
from tui.text import plural, safe, size

#: Where nobody named a place, so many questions are put at most to find what is missing; so many of a whole catalog.
QUESTIONS, CATALOG_QUESTIONS = 200, 2_000
#: So many places are asked at once at most.
TOGETHER = 16
#: So many repositories of a catalog, or of a place that holds several, are read.
CATALOG = 1_000
#: So many tags of a repository are fixed in one go.
TAGS = 500
Progress = Callable[[str], None]


@dataclass(slots=True)
class _Search:
    """What was found, and what looking for it has cost."""

    places: dict[RepositoryLocation, None] = field(default_factory=dict)
    raws: dict[Digest, bytes] = field(default_factory=dict)
    asked: set[tuple[RepositoryLocation, Digest]] = field(default_factory=set)
    misses: dict[RepositoryLocation, int] = field(default_factory=dict)
    cut_off: bool = False


async def plan_fix(
    inspector: Inspector,
    targets: Sequence[Reference],
    *,
    places: Sequence[RepositoryLocation] = (),
    catalog: Sequence[RepositoryLocation] = (),
    journal: Journal | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Plan:
    """One plan for all these tags or digests of one repository; each object once.

    `places` are looked in for everything; `catalog` are further repositories to ask when it is nowhere else. The plan
    has no step for a tag. What cannot be had is a problem that does not stop it: `is_whole` tells whether running it
    leaves nothing missing. Raises nothing of its own."""
    tell = progress or (lambda _text: None)
    asked_before = inspector.requests
    first = targets[0]
    location = RepositoryLocation.of(first)
    refusal = read_only(inspector, first)
    if refusal is not None and not dry_run:
        return Plan(Action.FIX, first, (), problems=(refusal,))
    search = _Search(dict.fromkeys(places))
    back: dict[Digest, PlannedObject] = {}

    async def elsewhere(digest: Digest) -> AnyManifest | None:
        found = await _root_elsewhere(inspector, location, digest, search, catalog, journal, tell)
        if found is None:
            return None
        back[digest], manifest = found
        return manifest

    roots, trouble = await _roots(inspector, location, targets, elsewhere)
    if not roots:
        return Plan(Action.FIX, first, (), problems=tuple(trouble), asked=inspector.requests - asked_before)
    different = list({root.digest: root for _, root in roots}.values())
    guesses = await _from_journal(journal, [target for target, _ in roots])
    below = ObjectsBelow((), ())
    for _ in range(DEPTH_LIMIT + 1):
        walk = Availability(
            inspector, location, places=tuple(search.places), raws=search.raws, ask_all=True, progress=progress
        )
        below = await walk.below_all(different, location)
        gone = [each for each in below.objects if each.how is How.NOWHERE]
        if not gone or not await _look_for(inspector, location, gone, search, guesses, catalog, journal, tell):
            break
    kept, held_back = _possible(different, below)
    objects = tuple(held_back.get(each.digest, each) for each in below.objects)
    steps = [blob_step(each) for each in objects if each.how in (How.MOUNT, How.COPY) and each.digest in kept]
    steps += [manifest_step(each) for each in below.manifests if each.how is How.PUT and each.digest not in held_back]
    lacking = {each.digest for each in objects if each.how in LACKING}
    for digest, root_object in back.items():
        held = below.by_root.get(digest, frozenset()) & lacking
        objects = (*objects, _held_back(root_object, len(held)) if held else root_object)
        steps += [] if held else [manifest_step(root_object)]  # last: it names all the others
    needed = lacking | {step.digest for step in steps}
    broken = [
        target for target, root in roots if root.digest in back or below.by_root.get(root.digest, frozenset()) & needed
    ]
    if len(targets) > 1:
        wanted = {root.digest for target, root in roots if target in broken}
        those = wanted.union(*(below.by_root.get(digest, frozenset()) for digest in wanted))
        objects = tuple(each for each in objects if each.digest in those)
    shown, root = next(((target, root) for target, root in roots if target in broken[:1]), roots[0])
    problems = [
        *trouble,
        *(replace(lacking_problem(each, stops=False), stops=False) for each in objects if each.how in LACKING),
    ]
    if refusal is not None:
        problems.insert(0, replace(refusal, stops=False))
    warnings = []
    if search.cut_off:
        warnings.append(f"Search incomplete: stopped after {len(search.asked):,} requests.")
    plan = Plan(
        Action.FIX,
        shown,
        numbered(steps),
        objects=objects,
        media_type=root.media_type,
        digest=root.digest,
        raw=root.raw,
        before=None if root.digest in back else root.digest,
        before_raw=None if root.digest in back else root.raw,
        before_media_type="" if root.digest in back else root.media_type,
        problems=tuple(problems),
        warnings=tuple(warnings),
        asked=inspector.requests - asked_before,
        tags=tuple(target.selector for target in broken if target != shown),
    )
    return replace(plan, confirmation=_confirmation(plan, len(broken), len(roots)))


def is_whole(plan: Plan) -> bool:
    """Whether nothing is missing, or unknown, once the plan has run."""
    return not plan.problems


def search_is_open(plan: Plan) -> bool:
    """Whether something was found in no place that was asked, so that asking more places may help."""
    return any(each.how is How.NOWHERE for each in plan.objects) or any(
        problem.code == "no-such-manifest" for problem in plan.problems
    )


def undetermined(plan: Plan) -> bool:
    """Whether something could not be found out, and nothing is known to stay missing."""
    return bool(plan.problems) and all(problem.undetermined for problem in plan.problems)


def _confirmation(plan: Plan, broken: int, looked: int) -> str:
    name = safe(plan.target.name) if looked > 1 else safe(str(plan.target))
    stays = [each for each in plan.objects if each.how in LACKING]
    if not plan.steps and not stays:
        return f"{name}: no missing objects{f' below its {looked} tags' if looked > 1 else ''}. Nothing to do."
    if not plan.steps:
        return f"{name} cannot be fixed: {plural(len(stays), 'object')} not found in any place searched."
    of = f" ({broken} of {looked} tags are broken)" if looked > 1 else ""
    copied = f" ({size(plan.bytes_to_copy)} to transfer)" if plan.bytes_to_copy else ""
    sentence = f"Restores {plural(len(plan.steps), 'object')}{copied}{of}. No digest changes and no tag moves."
    if stays:
        verb = "stays" if len(stays) == 1 else "stay"
        sentence += f" {plural(len(stays), 'object')} {verb} missing."
    return f"{name}: {sentence} {plural(plan.requests, 'request')}."


async def _roots(
    inspector: Inspector,
    location: RepositoryLocation,
    targets: Sequence[Reference],
    elsewhere: Callable[[Digest], Awaitable[AnyManifest | None]],
) -> tuple[list[tuple[Reference, AnyManifest]], list[Problem]]:
    """What the tags hold now, and why that of some is not known. What a digest names is asked for `elsewhere` when it
    is not there: its bytes are the same wherever they are."""

    async def one(target: Reference) -> AnyManifest | Problem:
        name = safe(str(target))
        try:
            manifest = await inspector.manifest(location, target.selector, fresh=True)
        except SourceError as error:
            if error.presence is Presence.MISSING and target.digest is not None:
                manifest_there = await elsewhere(target.digest)
                if manifest_there is None:
                    sentence = (
                        f"Not found in any place searched: {name}. "
                        "Name a place that has it (`fanfold fix --from PLACE`), or push it again."
                    )
                    return Problem("no-such-manifest", sentence)
                if isinstance(manifest_there, OpaqueManifest):
                    return Problem("tag-unreadable", f"{name} cannot be followed: {manifest_there.reason}")
                return manifest_there
            if error.presence is Presence.MISSING:
                sentence = f"Tag not found: {name}. {error.sentence}"
                return Problem("no-such-tag", sentence)
            return Problem("tag-unknown", f"Could not read {name}: {error.sentence}", undetermined=True)
        except OciError as error:
            return Problem("tag-unreadable", f"{name} cannot be parsed: {error}")
        if isinstance(manifest, OpaqueManifest):
            return Problem("tag-unreadable", f"{name} cannot be followed: {manifest.reason}")
        return manifest

    answers = await asyncio.gather(*map(one, targets))
    roots = [
        (target, answer) for target, answer in zip(targets, answers, strict=True) if not isinstance(answer, Problem)
    ]
    return roots, [replace(answer, stops=not roots) for answer in answers if isinstance(answer, Problem)]


async def _root_elsewhere(
    inspector: Inspector,
    target: RepositoryLocation,
    digest: Digest,
    search: _Search,
    catalog: Sequence[RepositoryLocation],
    journal: Journal | None,
    tell: Progress,
) -> tuple[PlannedObject, AnyManifest] | None:
    """The manifest that a digest names and that is missing, from the first place that has it; None when none has. Its
    blobs are looked for there too."""
    wanted = PlannedObject(digest, "manifest", "", 0, How.NOWHERE)

    def planned(manifest: AnyManifest, place: RepositoryLocation | None) -> tuple[PlannedObject, AnyManifest]:
        kind = "index" if isinstance(manifest, Index) else "manifest"
        found = replace(wanted, kind=kind, media_type=manifest.media_type, size=manifest.size, how=How.PUT)
        return replace(found, source=place, raw=manifest.raw), manifest

    asked = 0
    for place in _candidates(inspector, target, wanted, tuple(search.places), catalog):
        if place == target or asked >= QUESTIONS + (CATALOG_QUESTIONS if catalog else 0):
            continue
        asked += 1
        tell(f"searching {safe(str(place))} for {digest.short}")
        try:
            manifest = await inspector.manifest(place, str(digest))
        except (SourceError, OciError):
            continue
        search.places[place] = None
        return planned(manifest, place)
    raw = await _kept_bytes(inspector, target, digest, journal)
    if raw is not None:
        try:
            return planned(decode(raw), None)
        except OciError:
            return None
    return None


async def _from_journal(journal: Journal | None, targets: Sequence[Reference]) -> list[RepositoryLocation]:
    """The places that entries of these tags came from, as the journal says."""
    if journal is None:
        return []
    found: dict[RepositoryLocation, None] = {}
    for target in targets:
        found |= dict.fromkeys(await asyncio.to_thread(journal.places, target))
    return list(found)


# looking for what is missing


async def _look_for(
    inspector: Inspector,
    target: RepositoryLocation,
    gone: Sequence[PlannedObject],
    search: _Search,
    guesses: Sequence[RepositoryLocation],
    catalog: Sequence[RepositoryLocation],
    journal: Journal | None,
    tell: Progress,
) -> bool:
    """Look for what is missing; whether something new was found, so that planning again makes sense."""
    before = (len(search.places), len(search.raws))
    for each in gone:
        is_manifest = each.kind in ("manifest", "index", "attestation")
        if is_manifest and each.digest not in search.raws:
            raw = await _kept_bytes(inspector, target, each.digest, journal)
            if raw is not None:
                search.raws[each.digest] = raw
                continue
        descriptor = Descriptor(each.media_type, each.digest, each.size)
        if any([await _has(inspector, place, descriptor, search) for place in search.places]):
            continue
        sure = {*guesses, *catalog}
        ahead = [
            place
            for place in _candidates(inspector, target, each, guesses, catalog)
            if place not in search.places
            and place != target
            and (place in sure or search.misses.get(place, 0) <= PATIENCE)
        ]
        await _ask(inspector, ahead, descriptor, search, QUESTIONS + (CATALOG_QUESTIONS if catalog else 0), tell)
    return (len(search.places), len(search.raws)) != before


async def _ask(
    inspector: Inspector,
    ahead: Sequence[RepositoryLocation],
    descriptor: Descriptor,
    search: _Search,
    limit: int,
    tell: Progress,
) -> None:
    """Ask one place after the other for an object, then more and more at once, until one has it."""
    begun, together = 0, 1
    while begun < len(ahead):
        left = limit - len(search.asked)
        if left <= 0:
            search.cut_off = True
            return
        places = ahead[begun : begun + min(together, left)]
        more = f" and {plural(len(places) - 1, 'other place')}" if len(places) > 1 else ""
        tell(f"searching {safe(str(places[0]))}{more} for {descriptor.digest.short}")
        have = await asyncio.gather(*(_has(inspector, place, descriptor, search) for place in places))
        for place, has in zip(places, have, strict=True):
            if has:
                search.places[place] = None
                return
            search.misses[place] = search.misses.get(place, 0) + 1
        begun += len(places)
        together = min(2 * together, TOGETHER)


async def _has(inspector: Inspector, location: RepositoryLocation, descriptor: Descriptor, search: _Search) -> bool:
    observation = inspector.recent(location, descriptor.digest)
    if observation is None:
        if (location, descriptor.digest) in search.asked:
            return False
        search.asked.add((location, descriptor.digest))
    observation = observation or await inspector.presence(location, descriptor, confirm=False)
    return observation.presence.is_there


async def _kept_bytes(
    inspector: Inspector, target: RepositoryLocation, digest: Digest, journal: Journal | None
) -> bytes | None:
    """A manifest's bytes, if it was read or pushed from here before."""
    for place in (target, *inspector.places_of(digest)):
        manifest = inspector.known_manifest(place, digest)
        if manifest is not None and digest.matches(manifest.raw):
            return manifest.raw
    return await asyncio.to_thread(journal.bytes_of, digest) if journal is not None else None


def _candidates(
    inspector: Inspector,
    target: RepositoryLocation,
    each: PlannedObject,
    guesses: Sequence[RepositoryLocation],
    catalog: Sequence[RepositoryLocation],
) -> list[RepositoryLocation]:
    """Where it may be, likeliest first, each place once."""
    source = inspector.source(target)
    whereabouts = inspector.observations.whereabouts(source, target.repository, each.digest)
    known = whereabouts.holders if whereabouts is not None else ()
    seen = inspector.observations.repositories(source)
    names: list[str] = [*known]
    for label in each.platforms or ("",):
        names += neighbours(target.repository, seen, _platform(label), QUESTIONS)
    beside = (RepositoryLocation(name, target.registry) for name in names)
    return list(dict.fromkeys((*inspector.places_of(each.digest), *guesses, *beside, *catalog)))


def _platform(label: str) -> Platform | None:
    try:
        return Platform.parse(label) if label else None
    except OciError:
        return None


# what can be had


def _possible(roots: Sequence[AnyManifest], below: ObjectsBelow) -> tuple[set[Digest], dict[Digest, PlannedObject]]:
    """What is reached from the roots over manifests that are there or can be put; and the manifests that are held
    back, because something below them is missing for good."""
    planned = {each.digest: each for each in below.objects}
    children: dict[Digest, tuple[Digest, ...]] = {}
    for each in below.objects:
        if each.raw is not None and media.is_manifest(each.media_type):
            children[each.digest] = _named_by(decode(each.raw, each.media_type or None))
    held_back: dict[Digest, PlannedObject] = {}
    for each in below.manifests:  # children before what names them
        lost = [
            digest
            for digest in children.get(each.digest, ())
            if digest in held_back or (digest in planned and planned[digest].how in LACKING)
        ]
        if each.how is How.PUT and lost:
            held_back[each.digest] = _held_back(each, len(lost))
    reached: set[Digest] = set()
    ahead = [digest for root in roots for digest in _named_by(root)]
    while ahead:
        digest = ahead.pop()
        if digest in reached or digest in held_back:
            continue
        reached.add(digest)
        ahead += children.get(digest, ())
    return reached, held_back


def _held_back(each: PlannedObject, lost: int) -> PlannedObject:
    """A manifest that is not put, because so many objects below it cannot be had."""
    where = f"it is in {safe(str(each.source))}" if each.source is not None else "its bytes are known"
    detail = f"{where}, but {plural(lost, 'object')} below it not found: not pushed"
    return replace(each, how=How.NOWHERE, detail=detail)


def _named_by(manifest: AnyManifest) -> tuple[Digest, ...]:
    if isinstance(manifest, Index):
        return tuple(entry.digest for entry in manifest.entries)
    if isinstance(manifest, ImageManifest):
        config = (manifest.config.digest,) if manifest.config is not None else ()
        return (*config, *(layer.digest for layer in manifest.layers))
    return ()


# what was named


async def tags_of(inspector: Inspector, target: Reference) -> tuple[list[Reference], str]:
    """Every tag of a repository, and why the list is not whole ("" when it is). Raises SourceError."""
    location = RepositoryLocation.of(target)
    names: list[str] = []
    note = "the list of tags is incomplete"
    async for page in inspector.source(location).tags(location.repository):
        names += page.names
        note = "" if page.complete else page.note or note
        if len(names) > TAGS:
            names, note = names[:TAGS], f"only the first {TAGS:,} tags are checked"
            break
    return [target.with_tag(name) for name in names if is_tag(name)], note


async def places_in(inspector: Inspector, specs: Iterable[SourceSpec]) -> tuple[list[RepositoryLocation], list[str]]:
    """The repositories that named places mean: a registry, or a folder of several, means every one in it, up to a
    limit. Notes (safe) say what was left out. Raises SourceError when a place cannot be opened or listed."""
    found: dict[RepositoryLocation, None] = {}
    notes: list[str] = []
    for spec in specs:
        if spec.repository is not None and (spec.registry is not None or spec.repository):
            found[spec.location()] = None
            continue
        source = await inspector.open(spec)
        names: list[str] = []
        note = "its list of repositories is incomplete"
        async for page in source.repositories():
            names += page.names
            note = "" if page.complete else page.note or note
            if len(names) > CATALOG:
                names, note = names[:CATALOG], f"only its first {CATALOG:,} repositories are searched"
                break
        found |= dict.fromkeys(source.location(name) for name in names)
        notes += [f"{safe(spec.text)}: {note}."] if note else []
    return list(found), notes
