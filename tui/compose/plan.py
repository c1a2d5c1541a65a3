"""A plan: everything that a write will do, worked out before the first of it. Plain data; `planner` makes it.

Pushing a draft, undoing a push, copying, tagging and deleting are all plans of this one shape, so that one screen can
confirm them and one executor can run them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tui.compose.draft import LocalList
from tui.compose.home import Home
from tui.compose.validate import Problem
from tui.explore.diff import Change
from tui.oci.digest import Digest
from tui.oci.reference import Reference


class Action(StrEnum):
    """What a plan is for."""

    PUSH = "push"
    UNDO = "undo"
    TAG = "tag"
    COPY = "copy"
    DELETE = "delete"
    LOCAL = "local"


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
#: opens an upload, reads and writes; the tag is read again, written, and read back.
STEP_REQUESTS: Mapping[StepKind, int] = {
    StepKind.MOUNT: 1,
    StepKind.COPY: 3,
    StepKind.MANIFEST: 1,
    StepKind.TAG: 3,
    StepKind.DELETE_TAG: 2,
    StepKind.DELETE_MANIFEST: 2,
    StepKind.REFERRERS_TAG: 2,
    StepKind.LOCAL_LIST: 0,
    StepKind.REMOVE_LOCAL_LIST: 0,
}


@dataclass(frozen=True, slots=True)
class PlannedObject:
    """One distinct object below the index.

    `kind` is `index`, `manifest`, `attestation`, `config`, `layer` or `statement`; `size` in bytes;
    `platforms`, `detail` and `caveat` (wrong, but does not stop) are safe text. `source` is where it is mounted
    or copied from. `asked` is False for a blob that is mounted without having asked the target first, which is
    harmless if it is there already.
    """

    digest: Digest
    kind: str
    media_type: str
    size: int
    how: How
    platforms: tuple[str, ...] = ()
    source: Home | None = None
    detail: str = ""
    asked: bool = True
    raw: bytes | None = field(default=None, repr=False)
    caveat: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step, in the order of `Plan.steps`. `title` is safe text; `size` in bytes (what may travel).

    `raw` are the exact bytes of a manifest to PUT; `selector` what it is PUT or deleted under (a tag or a digest).
    """

    number: int
    kind: StepKind
    title: str
    digest: Digest | None = None
    size: int = 0
    media_type: str = ""
    source: Home | None = None
    selector: str = ""
    raw: bytes | None = field(default=None, repr=False)
    asked: bool = True
    local_list: LocalList | None = None
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of the difference between what the tag holds and what it will hold. All texts are safe."""

    kind: Change
    what: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """The exact steps of a write.

    `before` is the digest that the tag holds as planned (None: no such tag), `before_raw` its bytes, for the
    journal. `digest`, `raw` and `media_type` are what the tag will hold. `objects` is every distinct object
    below it. `problems` that stop are why the plan cannot be run; `warnings` and `confirmation` are safe text
    for the screen. `asked` counts the requests that planning took. `type_to_confirm` is what a person must type
    first ("" : nothing). `sources` are the references that the entries came from, by digest, for the journal, and
    `tags` those that go along with a manifest that is deleted by its digest.
    """

    action: Action
    target: Reference
    steps: tuple[Step, ...]
    objects: tuple[PlannedObject, ...] = ()
    media_type: str = ""
    digest: Digest | None = None
    raw: bytes | None = field(default=None, repr=False)
    before: Digest | None = None
    before_raw: bytes | None = field(default=None, repr=False)
    before_media_type: str = ""
    diff: tuple[DiffRow, ...] = ()
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    asked: int = 0
    confirmation: str = ""
    type_to_confirm: str = ""
    sources: Mapping[Digest, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()

    @property
    def ready(self) -> bool:
        """Whether nothing stops it."""
        return not any(problem.stops for problem in self.problems)

    @property
    def changes_tag(self) -> bool:
        """Whether the tag will point to something else than it does."""
        return self.digest is not None and self.digest != self.before

    @property
    def requests(self) -> int:
        """How many requests running it takes if nothing goes wrong, tokens aside."""
        return sum(STEP_REQUESTS[step.kind] for step in self.steps)

    @property
    def bytes_to_copy(self) -> int:
        """How many bytes travel through this machine."""
        return sum(step.size for step in self.steps if step.kind is StepKind.COPY)

    def count(self, how: How) -> int:
        """How many distinct objects get there in this way."""
        return sum(planned.how is how for planned in self.objects)
