"""What is known of one object in one repository: ten words that never mix.

A 404 is `missing`; a 401 or 403 is `denied`, which is *not* missing; an answer that never came is `unreachable`.
Nothing here is ever guessed: an observation says what was asked and what came back, and when.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Literal

from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.resources import records
from tui.text import safe

if TYPE_CHECKING:
    from tui.oci.layer import Unpacked


class Presence(StrEnum):
    """The word for what is known of an object in a repository."""

    UNCHECKED = "unchecked"
    CHECKING = "checking"
    PRESENT = "present"
    HASHED = "hashed"
    MISSING = "missing"
    DENIED = "denied"
    LIMITED = "limited"
    UNREACHABLE = "unreachable"
    FOREIGN = "foreign"
    MISMATCHED = "mismatched"

    @property
    def words(self) -> PresenceWords:
        """What is said of it, and with which symbol and colour."""
        return presence_words()[self]

    @property
    def is_there(self) -> bool:
        """Whether the object is there: the source says so, or its bytes were read and hashed."""
        return self in (Presence.PRESENT, Presence.HASHED)

    @property
    def settled(self) -> bool:
        """Whether the question has been answered for good: there, not there, elsewhere, or not as described."""
        return self in _SETTLED

    @property
    def unanswered(self) -> bool:
        """Whether it was asked, and what came back says nothing of the object."""
        return self in (Presence.DENIED, Presence.LIMITED, Presence.UNREACHABLE)

    @property
    def still(self) -> Presence:
        """The same where nothing turns, and in what is kept: what is being asked was not asked yet."""
        return Presence.UNCHECKED if self is Presence.CHECKING else self

    @property
    def undetermined(self) -> bool:
        """Whether it was asked or not, nobody can say yet if the object is there."""
        return self not in _SETTLED


@dataclass(frozen=True, slots=True)
class PresenceWords:
    """One record of `resources/presence.toml`, whose head says what each field is for."""

    presence: Presence
    symbol: str
    role: Literal["good", "hashed", "bad", "warn", "unknown", "checking", "info", "dim"]
    help: str
    explained: str
    status: str = ""
    legend: str = ""
    fix: str = ""


@cache
def presence_words() -> Mapping[str, PresenceWords]:
    """Those of every presence, in the order in which the help lists them."""
    return records("presence.toml", PresenceWords)


_SETTLED = frozenset({Presence.PRESENT, Presence.HASHED, Presence.MISSING, Presence.FOREIGN, Presence.MISMATCHED})

#: Worst first: what a parent shows when its children differ (docs/protocol-notes.md, D-15).
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
    Presence.HASHED,
)
_RANK = {presence: rank for rank, presence in enumerate(_ORDER)}


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Observation:
    """One answer about one object."""

    presence: Presence
    detail: str = ""
    """Safe text for people: `404 BLOB_UNKNOWN`."""
    status: int | None = None
    size: int | None = None
    """Bytes, as served."""
    media_type: str | None = None
    digest: Digest | None = None
    retry_at: float | None = None
    """A moment of `time.monotonic()` after which asking again makes sense."""
    confirmed: bool = False
    """A second way of asking agreed."""
    unpacked: Unpacked | None = None
    """What a layer unpacks to, once it was read for that."""
    stamp: Hashable = None
    """Of a file that was hashed: what would be different if it had been written since."""
    code: str = ""
    """The finding that it is, where another than its presence tells."""
    fix: str = ""
    """What to do, where the usual advice for its presence would be wrong."""
    at: datetime = field(default_factory=_now)


UNCHECKED = Observation(Presence.UNCHECKED, at=datetime.min.replace(tzinfo=UTC))
CHECKING = Observation(Presence.CHECKING, at=datetime.min.replace(tzinfo=UTC))


def worst(presences: Iterable[Presence]) -> Presence:
    """The worst of several, so that a sum is never better than its parts; `present` for none at all.

    `unchecked` and `checking` rank the same to a reader: something is still open.
    """
    return min(presences, key=_RANK.__getitem__, default=Presence.PRESENT)


def disagreement(descriptor: Descriptor, observation: Observation) -> tuple[str, str, str] | None:
    """What differs between what is there and what its descriptor says: (what, what is there, what the descriptor says),
    where *what* is "digest", "size" or "media type"; None when they agree. The texts are safe."""
    if (
        observation.digest is not None
        and observation.digest != descriptor.digest
        and observation.digest.algorithm == descriptor.digest.algorithm
    ):
        return "digest", str(observation.digest), str(descriptor.digest)
    if observation.size is not None and observation.size != descriptor.size:
        return "size", f"{observation.size} bytes", f"{descriptor.size} bytes"
    served = observation.media_type
    if served and media.is_manifest(served) and served != descriptor.media_type:
        return "media type", safe(served, limit=200), safe(descriptor.media_type, limit=200) or "nothing"
    return None


def compare(descriptor: Descriptor, observation: Observation) -> Observation:
    """The observation as this descriptor sees it: there, but not what the descriptor says, is `mismatched`.

    Two descriptors may name one digest and say different things about it, so the comparison belongs to each.
    """
    if not observation.presence.is_there and observation.presence is not Presence.MISMATCHED:
        return observation
    quarrel = disagreement(descriptor, observation)
    if quarrel is not None:
        what, there, said = quarrel
        return replace(observation, presence=Presence.MISMATCHED, detail=f"{what} {there}, the descriptor says {said}")
    if observation.presence is Presence.MISMATCHED and observation.size is not None and not observation.code:
        return replace(observation, presence=Presence.PRESENT, detail="")
    return observation
