"""A plan: everything that a write will do, worked out before the first of it. Plain data; `planner` makes it.

Pushing a draft, undoing a push, copying, tagging and deleting are all plans of this one shape, so that one screen can
confirm them and one executor can run them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from tui.compose.draft import LocalList
from tui.compose.validate import Problem
from tui.explore.diff import Change
from tui.oci import attestation, media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest, Index
from tui.oci.reference import Reference
from tui.sources.location import RepositoryLocation
from tui.text import plural, safe, with_keys


class Action(StrEnum):
    """What a plan is for."""

    PUSH = "push"
    UNDO = "undo"
    TAG = "tag"
    COPY = "copy"
    DELETE = "delete"
    LOCAL = "local"
    FIX = "fix"


class How(StrEnum):
    """How an object gets into the target repository.

    `present` is there already; `foreign` lives at its `urls` and is left out; `nowhere` stops the plan, and so
    does `wrong`: it is there, but is not what is said of it above. `unknown` could not be found out and stops it
    too, without saying that the object is missing.
    """

    PRESENT = "present"
    MOUNT = "mount"
    COPY = "copy"
    PUT = "put"
    FOREIGN = "foreign"
    NOWHERE = "nowhere"
    WRONG = "wrong"
    UNKNOWN = "unknown"


#: What stops a plan, because it cannot be brought there.
LACKING = frozenset({How.NOWHERE, How.WRONG, How.UNKNOWN})


class StepKind(StrEnum):
    """One thing that a push does."""

    MOUNT = "mount"
    COPY = "copy"
    MANIFEST = "manifest"
    TAG = "tag"
    DELETE_TAG = "delete-tag"
    DELETE_MANIFEST = "delete-manifest"
    REFERRERS_TAG = "referrers-tag"
    LOCAL_LIST = "local-list"
    REMOVE_LOCAL_LIST = "remove-local-list"


#: What each step asks of the registry when nothing goes wrong, tokens aside: (requests). A mount is one POST; a copy
#: opens an upload, reads and writes; the tag is read again, written, and read back. What was deleted is
#: asked for twice, by HEAD and by GET.
STEP_REQUESTS: Mapping[StepKind, int] = {
    StepKind.MOUNT: 1,
    StepKind.COPY: 3,
    StepKind.MANIFEST: 1,
    StepKind.TAG: 3,
    StepKind.DELETE_TAG: 4,
    StepKind.DELETE_MANIFEST: 3,
    StepKind.REFERRERS_TAG: 2,
    StepKind.LOCAL_LIST: 0,
    StepKind.REMOVE_LOCAL_LIST: 0,
}


#: What a plan that mounts says of it.
MOUNTS = "A mount links a blob of another repository of the registry: nothing is transferred."


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """One distinct object below the index."""

    digest: Digest
    kind: str
    """`index`, `manifest`, `attestation`, `config`, `layer`, `statement` or `referrer`."""
    media_type: str
    size: int
    """Bytes."""
    how: How
    platforms: tuple[str, ...] = ()
    """The platforms that need it. Safe text."""
    source: RepositoryLocation | None = None
    """Where it is mounted or copied from."""
    detail: str = ""
    """Safe text."""
    asked: bool = True
    """False for a blob that is mounted without having asked the target first: harmless if it is there already."""
    raw: bytes | None = field(default=None, repr=False)
    caveat: str = ""
    """What is wrong with it but does not stop the plan. Safe text."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, in the order of `Plan.steps`."""

    number: int
    """From 1."""
    kind: StepKind
    title: str
    """Safe text."""
    digest: Digest | None = None
    size: int = 0
    """Bytes that may travel."""
    media_type: str = ""
    source: RepositoryLocation | None = None
    selector: str = ""
    """The tag or digest that a manifest is PUT or deleted under."""
    raw: bytes | None = field(default=None, repr=False)
    """The exact bytes to PUT."""
    asked: bool = True
    """False for a blob of which nobody asked whether the target has it."""
    looks: int = 0
    """How many requests it takes to look first, on top of what its kind takes."""
    local_list: LocalList | None = None
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    """What the local list shall hold: content by the name of the file."""


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of the difference between what the tag holds and what it will hold. All texts are safe."""

    kind: Change
    what: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The exact steps of a write."""

    action: Action
    target: Reference
    steps: tuple[Step, ...]
    objects: tuple[PlannedObject, ...] = ()
    """Every distinct object below what the tag will hold."""
    media_type: str = ""
    digest: Digest | None = None
    """What the tag will hold."""
    raw: bytes | None = field(default=None, repr=False)
    before: Digest | None = None
    """What the tag holds as planned; None: no such tag."""
    before_raw: bytes | None = field(default=None, repr=False)
    """Its bytes, for the journal."""
    before_media_type: str = ""
    diff: tuple[DiffRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Those that stop are why the plan cannot be run."""
    warnings: tuple[str, ...] = ()
    """Safe text; a key stands in it as `{key:ACTION}`."""
    asked: int = 0
    """How many requests planning took."""
    confirmation: str = ""
    """What the plan does, in a line or two. Safe text."""
    type_to_confirm: str = ""
    """What a person must type first; "": nothing."""
    sources: Mapping[Digest, str] = field(default_factory=dict)
    """The references that the entries came from, by digest, for the journal."""
    tags: tuple[str, ...] = ()
    """The tags that go along with a manifest that is deleted by its digest, or that are fixed with `target`."""

    @property
    def ready(self) -> bool:
        """Whether nothing stops it."""
        return not any(problem.stops for problem in self.problems)

    @property
    def state(self) -> str:
        """In words: "ready", "blocked", and of one without a step "nothing to do", or "nothing found" where
        something is in no place that was asked."""
        if not self.ready:
            return "blocked"
        if self.steps:
            return "ready"
        return "nothing found" if any(each.how in LACKING for each in self.objects) else "nothing to do"

    @property
    def lacking(self) -> tuple[Digest, ...]:
        """What cannot be had."""
        return tuple(each.digest for each in self.objects if each.how in LACKING)

    @property
    def nothing_before(self) -> str:
        """In words why there is no `before`."""
        if self.digest is None and any(problem.undetermined for problem in self.problems):
            return "unknown"
        return "not found" if self.target.digest is not None else "no such tag"

    @property
    def title(self) -> str:
        """What it is for, safe: its target, and how many tags are fixed with it."""
        more = f" and {plural(len(self.tags), 'other tag')}" if self.tags and self.action is Action.FIX else ""
        return f"{safe(str(self.target))}{more}"

    @property
    def changes_tag(self) -> bool:
        """Whether the tag will point to something else than it does."""
        return self.digest is not None and self.digest != self.before

    @property
    def requests(self) -> int:
        """How many requests running it takes if nothing goes wrong, tokens aside."""
        return sum(STEP_REQUESTS[step.kind] + step.looks for step in self.steps)

    @property
    def bytes_to_copy(self) -> int:
        """How many bytes travel through this machine."""
        return sum(step.size for step in self.steps if step.kind is StepKind.COPY)

    @property
    def mounts(self) -> bool:
        """Whether a step mounts."""
        return any(step.kind is StepKind.MOUNT for step in self.steps)

    def count(self, how: How) -> int:
        """How many distinct objects get there in this way."""
        return sum(planned.how is how for planned in self.objects)


def difference(before: AnyManifest | None, after: AnyManifest) -> tuple[DiffRow, ...]:
    """The rows of the difference; equal entries are there too, as `same`. Order: type, entries, annotations."""
    if before is None:
        return (
            DiffRow(Change.ADDED, "tag", after="is new"),
            DiffRow(Change.ADDED, "type", after=media.describe(after.media_type)),
            *(_row(Change.ADDED, entry, after=entry) for entry in _entries(after)),
            *_annotations({}, after.annotations, ""),
        )
    rows = [_plain("type", media.describe(before.media_type), media.describe(after.media_type))]
    if not isinstance(before, Index) or not isinstance(after, Index):
        rows.append(_plain("digest", str(before.digest), str(after.digest)))
    old, new = list(_entries(before)), list(_entries(after))
    pairs = _paired(old, new)
    for entry in new:
        was = pairs.get(id(entry))
        if was is None:
            rows.append(_row(Change.ADDED, entry, after=entry))
        else:
            old.remove(was)
            rows += _changes(was, entry)
    rows += [_row(Change.REMOVED, entry, before=entry) for entry in old]
    kept_old = [entry for entry in _entries(before) if entry not in old]
    if [pairs.get(id(entry)) for entry in new if id(entry) in pairs] != kept_old:
        rows.append(DiffRow(Change.CHANGED, "order", after="the order of the entries changes"))
    rows += _annotations(before.annotations, after.annotations, "")
    if before.digest != after.digest and all(row.kind is Change.SAME for row in rows):
        # The same list, written by another tool: its digest is another one all the same.
        rows.append(_plain("bytes", _written(before), _written(after)))
    return tuple(rows)


def _written(manifest: AnyManifest) -> str:
    return f"{manifest.digest.short}, {plural(manifest.size, 'byte')}: written otherwise"


def summary(rows: tuple[DiffRow, ...]) -> str:
    """One line: `1 added, 2 changed, 3 as they were`."""
    entries = [row for row in rows if row.what not in ("tag", "type", "order", "digest", "bytes")]
    counts = [
        (kind, sum(row.kind is kind for row in entries), word)
        for kind, word in (
            (Change.ADDED, "added"),
            (Change.REMOVED, "removed"),
            (Change.CHANGED, "changed"),
            (Change.SAME, "as before"),
        )
    ]
    return ", ".join(f"{count} {word}" for _kind, count, word in counts if count) or "empty"


def _entries(manifest: AnyManifest) -> tuple[Descriptor, ...]:
    return manifest.entries if isinstance(manifest, Index) else ()


def _paired(old: list[Descriptor], new: list[Descriptor]) -> dict[int, Descriptor]:
    """Which old entry each new one stands for: the same digest and platform first, then the same platform or
    subject."""
    pairs: dict[int, Descriptor] = {}
    left = list(old)
    for test in (_identical, _same_digest, _same_place):
        for entry in new:
            if id(entry) in pairs:
                continue
            match = next((other for other in left if test(other, entry)), None)
            if match is not None:
                pairs[id(entry)] = match
                left.remove(match)
    return pairs


def _identical(one: Descriptor, other: Descriptor) -> bool:
    return one.digest == other.digest and one.platform == other.platform


def _same_digest(one: Descriptor, other: Descriptor) -> bool:
    return one.digest == other.digest


def _same_place(one: Descriptor, other: Descriptor) -> bool:
    if attestation.is_attestation(one) or attestation.is_attestation(other):
        return False
    return one.platform is not None and other.platform is not None and one.platform.same_as(other.platform)


def _changes(was: Descriptor, now: Descriptor) -> list[DiffRow]:
    rows: list[DiffRow] = []
    if was.digest != now.digest:
        rows.append(_row(Change.CHANGED, now, before=was, after=now))
    if was.platform != now.platform:
        rows.append(DiffRow(Change.CHANGED, f"platform of {now.digest.short}", str(was.platform), str(now.platform)))
    rows += _annotations(was.annotations, now.annotations, f" of {_name(now)}")
    return rows or [_row(Change.SAME, now, before=was, after=now)]


def _row(
    kind: Change, entry: Descriptor, *, before: Descriptor | None = None, after: Descriptor | None = None
) -> DiffRow:
    return DiffRow(
        kind,
        _name(entry),
        str(before.digest) if before is not None else "",
        str(after.digest) if after is not None else "",
    )


def _name(entry: Descriptor) -> str:
    about: Digest | None = attestation.reference_digest(entry)
    if attestation.is_attestation(entry):
        return f"attestation of {about.short}" if about is not None else "attestation"
    return str(entry.platform) if entry.platform is not None else entry.digest.short


def _plain(what: str, before: str, after: str) -> DiffRow:
    return DiffRow(Change.SAME if before == after else Change.CHANGED, what, before, after)


def _annotations(old: Mapping[str, str], new: Mapping[str, str], where: str) -> list[DiffRow]:
    rows: list[DiffRow] = []
    for name in (*old, *(name for name in new if name not in old)):
        if old.get(name) == new.get(name):
            continue
        kind = Change.ADDED if name not in old else Change.REMOVED if name not in new else Change.CHANGED
        rows.append(DiffRow(kind, f"annotation {safe(name)}{where}", safe(old.get(name, "")), safe(new.get(name, ""))))
    return rows


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values. Keys are stable; `bytes` is the index exactly as it would be pushed."""
    return {
        "action": str(plan.action),
        "target": str(plan.target),
        **({"tags": list(plan.tags)} if plan.tags else {}),
        "ready": plan.ready,
        "before": plan.before,
        "digest": plan.digest,
        "mediaType": plan.media_type,
        "bytes": plan.raw.decode("utf-8", "replace") if plan.raw is not None else None,
        "requests": {"planning": plan.asked, "push": plan.requests},
        "bytesToCopy": plan.bytes_to_copy,
        "counts": {str(how): plan.count(how) for how in How},
        "objects": [
            {
                "digest": each.digest,
                "kind": each.kind,
                "mediaType": each.media_type,
                "size": each.size,
                "how": str(each.how),
                "from": str(each.source) if each.source is not None else None,
                "platforms": list(each.platforms),
                "detail": each.detail,
            }
            for each in plan.objects
        ],
        "steps": [
            {
                "number": step.number,
                "kind": str(step.kind),
                "title": step.title,
                "digest": step.digest,
                "size": step.size,
                "from": str(step.source) if step.source is not None else None,
                "selector": step.selector or None,
            }
            for step in plan.steps
        ],
        "diff": [
            {"kind": str(row.kind), "what": row.what, "before": row.before, "after": row.after} for row in plan.diff
        ],
        "problems": [
            {"code": problem.code, "message": problem.message, "stops": problem.stops} for problem in plan.problems
        ],
        "warnings": [with_keys(warning) for warning in plan.warnings],
    }
