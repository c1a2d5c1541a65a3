"""What is known of each object in each repository, however many rows and plans want to know."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from tui.oci.digest import Digest
from tui.sources.base import Source
from tui.sources.presence import CHECKING, UNCHECKED, Observation, Presence

#: What is not there, or could not be asked, is asked again when a row wants to know after this many seconds; what is
#: there is believed for the session (docs/protocol-notes.md, D-13).
NEGATIVE_SECONDS = 5.0

Key = tuple[Source, str, Digest]
"""An object in a repository. A blob that is present in one repository says nothing about another."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the search for a missing object gave."""

    holders: tuple[str, ...] = ()
    """The repositories that have it."""
    asked: tuple[str, ...] = ()
    """All that were asked."""
    whole: bool = True
    """Whether every place that was known then was asked."""
    kept: bool = False
    """Whether its bytes are at hand: it is a manifest that was read or pushed from here before."""


@dataclass(frozen=True, slots=True)
class TagHead:
    """What a tag points to now."""

    digest: Digest | None
    """None when the tag is gone."""
    entries: frozenset[Digest] | None = None
    """The digests in it when it is an index that was read for this; None when it was not."""
    holes: int | None = None
    """So many objects are missing below it; None when nobody looked."""


class ObservationStore:
    """What is known of objects, with the moment when it was found out; whereabouts of missing objects; what tags
    point to. Asks nothing."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.negative_seconds = NEGATIVE_SECONDS
        """For how long a "not there", and that there was no answer, is believed."""
        self._clock = clock
        self._lines: dict[Key, tuple[float, Observation]] = {}
        self._unconfirmed: dict[Key, tuple[float, Observation]] = {}
        self._hashed: dict[Key, Observation] = {}
        self._whereabouts: dict[Key, Whereabouts] = {}
        self._places: dict[tuple[Source, str], None] = {}
        """Every repository of which something is known."""
        self._tags: dict[tuple[Source, str], dict[str, TagHead]] = {}
        self._tagged: dict[Key, dict[str, None]] = {}
        """The tags that point to an object."""
        self._tag_names: dict[tuple[Source, str], Sequence[str]] = {}
        self._repositories: dict[Source, dict[str, None]] = {}
        self._listeners: list[Callable[[Key], None]] = []

    # presence

    def get(self, source: Source, repository: str, digest: Digest) -> Observation:
        """What is known of an object; `UNCHECKED` when nothing is."""
        line = self._lines.get((source, repository, digest))
        return line[1] if line is not None else UNCHECKED

    def put(self, source: Source, repository: str, digest: Digest, observation: Observation) -> None:
        """Remember an answer and tell the listeners, if it says something new."""
        key = (source, repository, digest)
        line = self._lines.get(key)
        if observation.presence is Presence.HASHED:
            self._hashed[key] = observation
        elif observation.presence is Presence.PRESENT and key in self._hashed:
            hashed = self._hashed[key]  # what was hashed and is still there is still that, whatever else is said now
            observation = replace(
                hashed,
                size=hashed.size if observation.size is None else observation.size,
                media_type=observation.media_type or hashed.media_type,
                digest=observation.digest or hashed.digest,
                at=observation.at,
            )
        elif observation.presence is not Presence.CHECKING:
            self._hashed.pop(key, None)
        if line is None:
            self._places[source, repository] = None
        self._lines[key] = (self._clock(), observation)
        self._unconfirmed.pop(key, None)
        old = line[1] if line is not None else None
        if old is None or old.presence is not observation.presence or replace(old, at=observation.at) != observation:
            self._tell(key)

    def put_unconfirmed(self, source: Source, repository: str, digest: Digest, observation: Observation) -> None:
        """Remember that an object was not found by asking in one way only: enough to mount it from elsewhere, and not
        enough to show anybody that it is missing."""
        self._unconfirmed[source, repository, digest] = (self._clock(), observation)

    def settled(self, source: Source, repository: str, digest: Digest) -> tuple[float, Observation] | None:
        """The last answer that settled something, confirmed or not, and its age in seconds."""
        key = (source, repository, digest)
        for lines in (self._unconfirmed, self._lines):
            line = lines.get(key)
            if line is not None and line[1].presence.settled:
                return self._clock() - line[0], line[1]
        return None

    def having(self, digest: Digest) -> tuple[tuple[Source, str], ...]:
        """The sources and repositories in which an object was seen, the latest first."""
        lines = ((place, self._lines.get((*place, digest))) for place in self._places)
        seen = [(line[0], place) for place, line in lines if line is not None and line[1].presence.is_there]
        return tuple(place for _, place in sorted(seen, key=lambda each: each[0], reverse=True))

    def hashed(self, source: Source, repository: str, digest: Digest) -> Observation | None:
        """What was found when the bytes of an object were hashed, if nothing else was found since."""
        return self._hashed.get((source, repository, digest))

    def checking(self, source: Source, repository: str, digest: Digest) -> None:
        """Note that somebody is asking."""
        self.put(source, repository, digest, CHECKING)

    def forget(self, keys: Iterable[Key]) -> None:
        """Drop what is known of these objects, so that they are asked again."""
        for key in keys:
            self._whereabouts.pop(key, None)
            self._unconfirmed.pop(key, None)
            self._hashed.pop(key, None)
            if self._lines.pop(key, None) is not None:
                self._tell(key)

    def keys(self, source: Source | None = None, repository: str = "") -> list[Key]:
        """The objects of a repository of which something is known; of all repositories without a `source`."""
        keys = {**self._lines, **self._unconfirmed}
        return [key for key in keys if source is None or (key[0] is source and key[1] == repository)]

    def wanted(self, source: Source, repository: str, digest: Digest) -> bool:
        """Whether asking makes sense: nothing is known, or the last answer was no answer and is some seconds old."""
        line = self._lines.get((source, repository, digest))
        if line is None or line[1].presence is Presence.UNCHECKED:
            return True
        if line[1].presence in (
            Presence.PRESENT,
            Presence.HASHED,
            Presence.FOREIGN,
            Presence.MISMATCHED,
            Presence.CHECKING,
        ):
            return False
        return self._clock() - line[0] > self.negative_seconds

    def listen(self, callback: Callable[[Key], None]) -> None:
        """Call back with the key of every line that changes."""
        self._listeners.append(callback)

    def _tell(self, key: Key) -> None:
        for listener in self._listeners:
            listener(key)

    # where missing things are

    def whereabouts(self, source: Source, repository: str, digest: Digest) -> Whereabouts | None:
        """Where a missing object was found; None when nobody looked."""
        return self._whereabouts.get((source, repository, digest))

    def set_whereabouts(self, source: Source, repository: str, digest: Digest, whereabouts: Whereabouts) -> None:
        self._whereabouts[(source, repository, digest)] = whereabouts
        self._tell((source, repository, digest))

    # tags and repositories

    def tag_head(self, source: Source, repository: str, tag: str) -> TagHead | None:
        """What a tag points to, if that was asked; None when it was not."""
        return self._tags.get((source, repository), {}).get(tag)

    def tags_at(self, source: Source, repository: str, digest: Digest) -> tuple[str, ...]:
        """The tags of a repository that were seen to point to a digest, in no order."""
        return tuple(self._tagged.get((source, repository, digest), ()))

    def set_tag_head(self, source: Source, repository: str, tag: str, head: TagHead) -> None:
        heads = self._tags.setdefault((source, repository), {})
        before = heads.get(tag)
        if before is not None and before.digest is not None and before.digest != head.digest:
            self._tagged[source, repository, before.digest].pop(tag, None)
        heads[tag] = head
        if head.digest is not None:
            self._tagged.setdefault((source, repository, head.digest), {})[tag] = None

    def forget_tags(self, source: Source, repository: str) -> None:
        """Drop what the tags of a repository point to (they move)."""
        for head in self._tags.pop((source, repository), {}).values():
            if head.digest is not None:
                self._tagged.pop((source, repository, head.digest), None)

    def tag_names(self, source: Source, repository: str) -> Sequence[str] | None:
        """The tag list as far as it was read; None when it never was."""
        return self._tag_names.get((source, repository))

    def set_tag_names(self, source: Source, repository: str, names: Sequence[str]) -> None:
        """`names` may grow while the list is read: copying it for each page would take time in the square of it."""
        self._tag_names[(source, repository)] = names

    def repositories(self, source: Source) -> tuple[str, ...]:
        """The repositories of a source that were seen so far, in that order."""
        return tuple(self._repositories.get(source, ()))

    def see_repository(self, source: Source, name: str) -> None:
        self._repositories.setdefault(source, {})[name] = None
