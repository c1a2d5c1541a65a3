"""What is known of one object in one repository: nine words that never mix (design.md, "presence").

A 404 is ``missing``; a 401 or 403 is ``denied``, which is *not* missing; an answer that never came is ``unreachable``.
Nothing here is ever guessed: an observation says what was asked and what came back, and when.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from tui.oci.digest import Digest


class Presence(StrEnum):
    """The word for what is known of an object in a repository."""

    UNCHECKED = "unchecked"
    CHECKING = "checking"
    PRESENT = "present"
    MISSING = "missing"
    DENIED = "denied"
    LIMITED = "limited"
    UNREACHABLE = "unreachable"
    FOREIGN = "foreign"
    MISMATCHED = "mismatched"

    @property
    def settled(self) -> bool:
        """Whether the question has been answered for good: there, not there, elsewhere, or not as described."""
        return self in _SETTLED

    @property
    def undetermined(self) -> bool:
        """Whether it was asked or not, nobody can say yet if the object is there."""
        return self not in _SETTLED


_SETTLED = frozenset({Presence.PRESENT, Presence.MISSING, Presence.FOREIGN, Presence.MISMATCHED})

#: Worst first: what a parent shows when its children differ (protocol.md D-15).
_ORDER = (
    Presence.MISSING,
    Presence.MISMATCHED,
    Presence.DENIED,
    Presence.LIMITED,
    Presence.UNREACHABLE,
    Presence.CHECKING,
    Presence.UNCHECKED,
    Presence.FOREIGN,
    Presence.PRESENT,
)
_RANK = {presence: rank for rank, presence in enumerate(_ORDER)}


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Observation:
    """One answer about one object.

    ``detail`` is safe text for people ("404 BLOB_UNKNOWN"); ``size`` is in bytes, as served; ``retry_at`` is a moment of
    ``time.monotonic()`` after which asking again makes sense; ``confirmed`` says that a second way of asking agreed.
    """

    presence: Presence
    detail: str = ""
    status: int | None = None
    size: int | None = None
    media_type: str | None = None
    digest: Digest | None = None
    retry_at: float | None = None
    confirmed: bool = False
    at: datetime = field(default_factory=_now)


UNCHECKED = Observation(Presence.UNCHECKED, at=datetime.min.replace(tzinfo=UTC))
CHECKING = Observation(Presence.CHECKING, at=datetime.min.replace(tzinfo=UTC))


def worst(presences: Iterable[Presence]) -> Presence:
    """The worst of several, so that a sum is never better than its parts; ``present`` for none at all.

    ``unchecked`` and ``checking`` rank the same to a reader: something is still open.
    """
    return min(presences, key=_RANK.__getitem__, default=Presence.PRESENT)
