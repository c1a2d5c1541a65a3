"""What happens to a registry's content: clean-ups, garbage collection, refusals, limits, outages.

Each function changes a store at once (`Served.call(lambda store: deny(store, "sandbox"))`); `Served.reset()` puts
everything back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from tui.demo.access import Access
from tui.demo.store import Repository, Store

#: What Docker Hub says when the pulls are used up
HUB_MESSAGE: Final = (
    "You have reached your unauthenticated pull rate limit. "
    "You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit"
)


@dataclass(frozen=True, slots=True)
class Swept:
    """The digests that a clean-up removed from a repository."""

    manifests: tuple[str, ...]
    blobs: tuple[str, ...]


def lose_blob(store: Store, name: str, digest: str) -> bool:
    """A blob is gone from a repository; False when it was not there."""
    return store.delete_blob(name, digest)


def lose_manifest(store: Store, name: str, reference: str) -> bool:
    """A manifest, by tag or digest, is gone with all its tags; False when it was not there."""
    digest = store.repository(name).resolve(reference)
    return digest is not None and store.delete_manifest(name, digest)


def collect_garbage(store: Store, name: str, *, walk_indexes: bool = True) -> Swept:
    """Remove the manifests that no tag needs and the blobs that no manifest needs, as a registry's clean-up does.

    `walk_indexes=False` does what `registry garbage-collect -m` of distribution 2.8 did: only manifests with a tag of
    their own are kept, so the images of an index that have none are lost, and the index stays.
    """
    repository = store.repository(name)
    keep = set(repository.tags.values())
    if walk_indexes:
        keep = _reached(repository, keep)
        keep |= {digest for digest, stored in repository.manifests.items() if stored.subject in keep}
    manifests = tuple(digest for digest in repository.manifests if digest not in keep)
    for digest in manifests:
        store.delete_manifest(name, digest)
    needed = {blob for stored in repository.manifests.values() for blob in _named(stored.raw)}
    blobs = tuple(sorted(repository.blobs - needed))
    for digest in blobs:
        store.delete_blob(name, digest)
    return Swept(manifests, blobs)


def deny(store: Store, name: str, on: bool = True) -> None:
    """Nobody may see the repository any more; or everybody may again."""
    store.repository(name).access = Access.CLOSED if on else Access.PUBLIC


def limit_pulls(store: Store, name: str, left: int | None, window: float = 60.0) -> None:
    """`left` more manifests can be read within `window` seconds, then 429; None takes the limit away.

    A limit that the repository has already stays as high as it is: the rest of it is used up, as others would.
    """
    repository = store.repository(name)
    repository.meter = meter = type(repository.meter)()
    limit = left if left is None else max(left, store.quirks_for(name).pulls or 0)
    if left is not None and limit is not None:
        meter.pulls.count, meter.pulls.ends = limit - left, meter.now() + window
    repository.quirks = replace(
        store.quirks_for(name), pulls=limit, pulls_window=window, retry_after="window", limit_message=HUB_MESSAGE
    )


def slow_down(store: Store, name: str, latency: float) -> None:
    """Every answer about the repository takes that many seconds; 0 makes it as fast as before."""
    repository = store.repository(name)
    repository.quirks = replace(store.quirks_for(name), latency=latency)


def cut_off(store: Store, name: str, on: bool = True) -> None:
    """Every connection that asks about the repository is closed without an answer; or none is."""
    repository = store.repository(name)
    repository.quirks = replace(store.quirks_for(name), silent=on)


def _reached(repository: Repository, start: Iterable[str]) -> set[str]:
    """The manifests that can be reached from these through indexes."""
    reached: set[str] = set()
    waiting = [digest for digest in start if digest in repository.manifests]
    while waiting:
        digest = waiting.pop()
        if digest not in reached:
            reached.add(digest)
            waiting += [one for one in _named(repository.manifests[digest].raw) if one in repository.manifests]
    return reached


def _named(raw: bytes) -> list[str]:
    """Every digest that a manifest's descriptors name, but for its subject."""
    try:
        document: Any = json.loads(raw)
    except (ValueError, RecursionError):
        return []
    if not isinstance(document, dict):
        return []
    listed = [document.get("config"), *(document.get(key) or [] for key in ("layers", "manifests", "blobs"))]
    descriptors = [one for part in listed for one in (part if isinstance(part, list) else [part])]
    digests = [one.get("digest") for one in descriptors if isinstance(one, dict)]
    return [digest for digest in digests if isinstance(digest, str)]
