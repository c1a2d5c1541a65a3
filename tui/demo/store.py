"""What the embedded registry holds: repositories with manifests, tags and blobs, in memory.

Blobs belong to repositories, as in a real registry: the bytes are kept once, but a blob can only be read through a
repository that it was pushed to or mounted into. Not safe for use from several threads at once: a server that runs in
a thread changes it on its own event loop (`serve.Served.call`).
"""

from __future__ import annotations

import json
import math
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple

from tui.demo.access import Access, Authorizer, Rules
from tui.demo.paths import digest_of
from tui.demo.quirks import RIGHT, Quirks

#: Characters kept of a path and of a query: a client can send far longer ones
_MOST_RECORDED: Final = 1_000


@dataclass(slots=True)
class Window:
    """A count that starts again when its time (in seconds) has passed."""

    count: int = 0
    ends: float = 0.0

    def take(self, length: float, now: float) -> int:
        """Count one more; how many there are in this window."""
        if now >= self.ends:
            self.count, self.ends = 0, now + length
        self.count += 1
        return self.count

    def left(self, now: float) -> int:
        """Whole seconds until the window ends, at least 1."""
        return max(1, math.ceil(self.ends - now))


@dataclass(slots=True)
class Meter:
    """The counters of one repository, or of the registry, for answering "too many".

    A pull is a manifest GET; a HEAD does not count (docs.docker.com, Docker Hub usage and limits).
    """

    clock: Callable[[], float] = time.monotonic
    requests: int = 0
    dropped: int = 0
    window: Window = field(default_factory=Window)
    pulls: Window = field(default_factory=Window)

    def now(self) -> float:
        return self.clock()


class Recorded(NamedTuple):
    """One request that was answered (status 0: the connection was closed instead)."""

    method: str
    path: str
    query: str
    status: int
    authorized: bool
    at: float


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds in bytes and counts, so that a client cannot fill the memory of the machine."""

    manifest: int = 4 * 1024 * 1024
    blob: int = 256 * 1024 * 1024
    total: int = 512 * 1024 * 1024
    uploads: int = 128
    repositories: int = 10_000
    tags: int = 1_000_000


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest as it was pushed: exact bytes, its type, and what the referrers list needs to know of it."""

    raw: bytes
    media_type: str
    subject: str | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Repository:
    """One repository. `blobs` are the digests that can be read here; their bytes are in the store."""

    name: str
    blobs: set[str] = field(default_factory=set)
    manifests: dict[str, Stored] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    quirks: Quirks | None = None
    access: Access = Access.PUBLIC
    meter: Meter = field(default_factory=Meter)
    behind: dict[str, tuple[str | None, int]] = field(default_factory=dict)
    """Tags that a lagging replica has not seen yet: what it still answers, and how often."""
    _sorted: tuple[str, ...] | None = None

    def tag(self, tag: str, digest: str) -> None:
        if tag not in self.tags:
            self._sorted = None
        self.tags[tag] = digest

    def untag(self, tag: str) -> bool:
        """Remove a tag; False when there was none."""
        self._sorted = None
        return self.tags.pop(tag, None) is not None

    def sorted_tags(self) -> tuple[str, ...]:
        """All tags in lexical order, sorted once for as long as none is added."""
        if self._sorted is None:
            self._sorted = tuple(sorted(self.tags))
        return self._sorted

    def page(self, last: str, count: int) -> tuple[tuple[str, ...], bool]:
        """The `count` tags after `last` ("" is from the start), and whether there are more."""
        names = self.sorted_tags()
        start = bisect_right(names, last) if last else 0
        return names[start : start + count], start + count < len(names)

    def resolve(self, reference: str) -> str | None:
        """The digest of a manifest that is here, by tag or digest."""
        digest = reference if ":" in reference else self.tags.get(reference, "")
        return digest if digest in self.manifests else None

    def seen(self, reference: str) -> str | None:
        """As `resolve`, but as a replica sees it that may lag behind; each call brings it nearer."""
        old, left = self.behind.get(reference, (None, 0))
        if left <= 0:
            return self.resolve(reference)
        self.behind[reference] = (old, left - 1)
        return old if old in self.manifests else None

    def referrers(self, digest: str) -> list[tuple[str, Stored]]:
        return [(own, stored) for own, stored in self.manifests.items() if stored.subject == digest]

    def copy(self) -> Repository:
        return replace(
            self,
            blobs=set(self.blobs),
            manifests=dict(self.manifests),
            tags=dict(self.tags),
            meter=Meter(),
            behind=dict(self.behind),
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A store's content at one moment: what "start over" goes back to."""

    data: Mapping[str, bytes]
    repositories: Mapping[str, Repository]
    quirks: Quirks
    rules: Rules


class Store:
    """The whole registry's content, its rules, and the record of what was asked of it."""

    def __init__(self, *, limits: Limits | None = None, record: int = 20_000) -> None:
        self.data: dict[str, bytes] = {}
        self.repositories: dict[str, Repository] = {}
        self.quirks: Quirks = RIGHT
        self.limits = limits or Limits()
        self.rules = Rules()
        self.authorizer = Authorizer()
        self.meter = Meter()
        self.uploads: dict[str, Upload] = {}
        self.requests: deque[Recorded] = deque(maxlen=record)
        self.errors: deque[str] = deque(maxlen=50)
        self.served = 0
        self.stored = 0

    # What is where

    def repository(self, name: str) -> Repository:
        """The repository `name`, made if it is not there."""
        repository = self.repositories.get(name)
        if repository is None:
            repository = self.repositories[name] = Repository(name)
        return repository

    def quirks_for(self, name: str) -> Quirks:
        repository = self.repositories.get(name)
        return self.quirks if repository is None or repository.quirks is None else repository.quirks

    def has_blob(self, name: str, digest: str) -> bool:
        repository = self.repositories.get(name)
        return repository is not None and digest in repository.blobs and digest in self.data

    def blob(self, name: str, digest: str) -> bytes | None:
        """A blob's bytes, if it can be read in that repository."""
        return self.data[digest] if self.has_blob(name, digest) else None

    # Putting in; nothing is checked here (manifests.py does), so that the gallery can hold what no push could

    def put_blob(self, name: str, data: bytes, digest: str | None = None) -> str:
        """Keep `data` in the repository; its digest. A `digest` that is given is believed, even where it is wrong."""
        digest = digest or digest_of(data)
        if digest not in self.data:
            self.stored += len(data)
            self.data[digest] = data
        self.repository(name).blobs.add(digest)
        return digest

    def put_manifest(
        self, name: str, raw: bytes, media_type: str, tags: Iterable[str] = (), digest: str | None = None
    ) -> str:
        """Keep a manifest's exact bytes under its digest and point `tags` at it; the digest."""
        digest = digest or digest_of(raw)
        repository = self.repository(name)
        if digest not in repository.manifests:
            repository.manifests[digest] = Stored(raw, media_type, *_linked(raw))
            self.stored += len(raw)
        for tag in tags:
            repository.tag(tag, digest)
        return digest

    def mount(self, name: str, digest: str, source: str) -> bool:
        """Make a blob of `source` readable in `name`; False when it is not in `source`."""
        if not self.has_blob(source, digest):
            return False
        self.repository(name).blobs.add(digest)
        return True

    # Taking out

    def delete_blob(self, name: str, digest: str) -> bool:
        """Unlink a blob from a repository; False when it was not there. Bytes that nobody links are dropped."""
        repository = self.repositories.get(name)
        if repository is None or digest not in repository.blobs:
            return False
        repository.blobs.discard(digest)
        if not any(digest in other.blobs for other in self.repositories.values()):
            self.stored -= len(self.data.pop(digest, b""))
        return True

    def delete_manifest(self, name: str, digest: str) -> bool:
        """Remove a manifest and every tag that points at it; False when it was not there."""
        repository = self.repositories.get(name)
        gone = repository.manifests.pop(digest, None) if repository is not None else None
        if repository is None or gone is None:
            return False
        self.stored -= len(gone.raw)
        for tag in [tag for tag, target in repository.tags.items() if target == digest]:
            repository.untag(tag)
        return True

    # Starting over, and looking back

    def snapshot(self) -> Snapshot:
        return Snapshot(
            dict(self.data),
            {name: repository.copy() for name, repository in self.repositories.items()},
            self.quirks,
            self.rules,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to `snapshot`; uploads, tokens, counters and the record of requests start anew."""
        self.data = dict(snapshot.data)
        self.repositories = {name: repository.copy() for name, repository in snapshot.repositories.items()}
        self.quirks = snapshot.quirks
        self.rules = snapshot.rules
        self.authorizer = Authorizer()
        self.meter = Meter()
        self.uploads.clear()
        self.requests.clear()
        self.stored = sum(map(len, self.data.values())) + sum(
            len(stored.raw) for one in self.repositories.values() for stored in one.manifests.values()
        )

    def record(self, method: str, path: str, query: str, status: int, authorized: bool) -> None:
        self.served += 1
        path, query = path[:_MOST_RECORDED], query[:_MOST_RECORDED]
        self.requests.append(Recorded(method, path, query, status, authorized, time.monotonic()))

    def asked(self, method: str = "", containing: str = "", status: int | None = None) -> list[Recorded]:
        """The recorded requests with that method, that text in their path, and that status."""
        return [
            one
            for one in self.requests
            if (not method or one.method == method)
            and containing in one.path
            and (status is None or one.status == status)
        ]


@dataclass(slots=True)
class Upload:
    """An upload that has begun: its bytes so far, and the repository it is for."""

    id: str
    name: str
    data: bytearray = field(default_factory=bytearray)
    touched: float = field(default_factory=time.monotonic)
    busy: bool = False


def _linked(raw: bytes) -> tuple[str | None, str | None, dict[str, str]]:
    """Subject digest, artifact type and annotations of a manifest; nothing of one that cannot be read."""
    try:
        document: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return None, None, {}
    if not isinstance(document, dict):
        return None, None, {}
    subject, config, annotations = (document.get(key) for key in ("subject", "config", "annotations"))
    kind = document.get("artifactType") or (config.get("mediaType") if isinstance(config, dict) else None)
    return (
        subject.get("digest") if isinstance(subject, dict) and isinstance(subject.get("digest"), str) else None,
        kind if isinstance(kind, str) else None,
        {k: v for k, v in annotations.items() if isinstance(v, str)} if isinstance(annotations, dict) else {},
    )
