"""What a push says while it runs, and what it says at the end. Frozen data; all texts are safe."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tui.compose.plan import Plan, Step
from tui.oci.digest import Digest
from tui.oci.reference import Reference


@dataclass(frozen=True, slots=True)
class StepStarted:
    """A step has begun (again, after a failure that passed)."""

    step: Step


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step is done; `how` says how it turned out: `mounted`, `copied`, `there already`, `put` …"""

    step: Step
    how: str


@dataclass(frozen=True, slots=True)
class StepFailed:
    """A step failed for good; the push ends."""

    step: Step
    sentence: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is sent for `seconds` more (told again every second, 0.0 at the end), because of `reason`.

    `step` is None when the whole registry is paused.
    """

    step: Step | None
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class BytesMoved:
    """How much of a copy has been sent: `done` of `total` bytes. After a failure it begins at 0 again."""

    step: Step
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth a line: a mount was refused and it is copied instead, the answer was lost and was asked for."""

    text: str
    step: Step | None = None


Event = StepStarted | StepDone | StepFailed | Waiting | BytesMoved | Notice
OnEvent = Callable[[Event], None]


class Outcome(StrEnum):
    """How a push ended.

    `pushed`: written, read back, and it is what was meant. `deleted`: it is gone, as was meant. `unchanged`: the tag
    held it already. `conflict`: somebody moved the tag meanwhile, nothing was put there. `failed` and `cancelled`: the
    tag is as it was. `unverified`: it was written, but reading it back did not (yet) show it."""

    PUSHED = "pushed"
    DELETED = "deleted"
    UNCHANGED = "unchanged"
    CONFLICT = "conflict"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNVERIFIED = "unverified"


@dataclass(frozen=True, slots=True)
class PushResult:
    """The end of a push. `base`, `theirs` and `mine` are the three sides of a conflict."""

    outcome: Outcome
    target: Reference
    sentence: str
    digest: Digest | None = None
    tag_known: bool = True
    """Whether `tag_holds` says something."""
    tag_holds: Digest | None = None
    """What the tag holds, as far as is known; None: no such tag."""
    base: Digest | None = None
    theirs: Digest | None = None
    written: tuple[Digest, ...] = ()
    """The objects that this push put into the repository; without a tag they do no harm."""
    missing: tuple[str, ...] = ()
    """What the registry said is missing, when it refused for that."""
    record: str = ""
    """The journal's id; "": nothing was to be undone."""
    verified_at: datetime | None = None
    undetermined: bool = False
    """Whether it failed because something could not be found out (exit status 3)."""
    others: tuple[PushResult, ...] = ()
    """How it went with the further tags, in their order; those that were not come to are left out."""

    @classmethod
    def of(cls, plan: Plan, outcome: Outcome, sentence: str, tag_holds: Digest | None) -> PushResult:
        """The end of a push of this plan; `dataclasses.replace` says more of it."""
        return cls(outcome, plan.target, sentence, digest=plan.digest, tag_holds=tag_holds, base=plan.before)

    @property
    def mine(self) -> Digest | None:
        """What this push wanted the tag to hold."""
        return self.digest

    @property
    def ok(self) -> bool:
        """Whether the tag holds what was meant, as read back, or is gone where that was meant."""
        return self.outcome in (Outcome.PUSHED, Outcome.DELETED, Outcome.UNCHANGED)

    @property
    def copyable(self) -> str:
        """`host/app@sha256:…` of what was pushed, whole, ready to copy; "" if nothing was."""
        return f"{self.target.name}@{self.digest}" if self.digest is not None and self.ok else ""
