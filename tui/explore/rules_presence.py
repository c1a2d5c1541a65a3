"""Findings on what is there and what is not. One small function per code (or per family that differs in a word)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tui.explore.codes import NOT_THERE
from tui.explore.finding import Finding, make
from tui.explore.known import detail_of, harmless, name_of, platform_text, short
from tui.explore.node import MANIFEST_KINDS, Kind, Load, Node
from tui.explore.observations import ObservationStore
from tui.explore.tree import key_of, observe
from tui.oci.manifest import OpaqueManifest
from tui.sources.presence import Observation, Presence, disagreement
from tui.text import plural, safe

_QUIET = frozenset({Presence.PRESENT, Presence.UNCHECKED, Presence.CHECKING})

#: Rows that are not simply there, with what is known of them.
Troubled = Sequence[tuple[Node, Observation]]


def troubled(rows: Iterable[Node], observations: ObservationStore) -> Troubled:
    """The rows on which there is something to say: each object once for each platform that needs it."""
    told: set[object] = set()
    found = []
    for row in rows:
        if row.kind not in MANIFEST_KINDS and row.descriptor is None:
            continue
        seen = observe(row, observations)
        if seen.presence in _QUIET:
            continue
        mark = (row.repository, row.digest or row.key, platform_text(row))
        if mark not in told:
            told.add(mark)
            found.append((row, seen))
    return found


def _with(rows: Troubled, *presences: Presence) -> Iterator[tuple[Node, Observation]]:
    return ((row, seen) for row, seen in rows if seen.presence in presences)


def missing(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """missing-blob, missing-manifest."""
    for row, seen in _with(rows, Presence.MISSING):
        manifest = row.kind in MANIFEST_KINDS
        place = safe(row.repository or "", limit=255) or row.source.title
        if row.digest is None:
            reason = f"{name_of(row)} is not in {place}: {detail_of(seen)}"
        else:
            reason = f"{name_of(row)} is missing: {short(row.digest)} is not in {place}"
        yield make(
            "missing-manifest" if manifest else "missing-blob",
            row.key,
            f"{reason}.",
            digest=row.digest,
            platform=platform_text(row),
            facts=(f"named by {_namer(row)}", detail_of(seen)),
            fix=NOT_THERE if row.digest is None else None,
        )


def _namer(row: Node) -> str:
    parent = row.parent
    return name_of(parent) if parent is not None and parent.kind in MANIFEST_KINDS else "the tag list"


def mismatched(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """size-mismatch, digest-mismatch, media-type-mismatch, invalid-manifest: there, but not what was promised."""
    for row, seen in _with(rows, Presence.MISMATCHED):
        code = row.error.code if row.error is not None else ""
        quarrel = disagreement(row.descriptor, seen) if row.descriptor is not None else None
        if code == "invalid-manifest" and row.error is not None:
            text, facts = f"{name_of(row)} is no manifest: {row.error.sentence}", ("", "")
        elif quarrel is not None:
            what, there, said = quarrel
            code = f"{what.replace(' ', '-')}-mismatch"
            text, facts = (
                f"{name_of(row)} has another {what}: {there}, its descriptor says {said}.",
                (f"there: {there}", f"descriptor: {said}"),
            )
        else:
            code = "digest-mismatch"
            reason = row.error.sentence if row.error is not None else detail_of(seen)
            text, facts = f"{name_of(row)} does not have the content that its digest names: {reason}", ("", "")
        yield make(code, row.key, text, digest=row.digest, platform=platform_text(row), facts=facts)


_IGNORANCE = {
    Presence.DENIED: ("denied", "may not be looked at"),
    Presence.LIMITED: ("limited", "could not be asked for, the rate limit is reached"),
    Presence.UNREACHABLE: ("unreachable", "could not be asked for"),
}


def ignorance(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """denied, limited, unreachable: nobody knows whether it is there. One finding for each image concerned."""
    groups: dict[tuple[Presence, str], list[tuple[Node, Observation]]] = {}
    for row, seen in _with(rows, *_IGNORANCE):
        image = row.image()
        groups.setdefault((seen.presence, image.key if image is not None else row.key), []).append((row, seen))
    for (presence, _), group in groups.items():
        code, words = _IGNORANCE[presence]
        row, seen = group[0]
        what = name_of(row) if len(group) == 1 else f"{name_of(row)} and {plural(len(group) - 1, 'other object')}"
        wait = ""
        if seen.retry_at is not None and seen.retry_at > time.monotonic():
            wait = f" Ask again at {_clock(seen.retry_at)}."
        yield make(
            code,
            row.key,
            f"{what} {words}: {detail_of(seen)}.{wait}",
            digest=row.digest,
            platform=platform_text(row),
            facts=(detail_of(seen), "not known whether it is there"),
            fix=row.error.fix if row.error is not None and row.error.fix else None,
        )


def _clock(moment: float) -> str:
    """A moment of `time.monotonic` by the clock on the wall: unlike a time that is left, it stays true for as long as
    the finding is shown, saved or pasted."""
    now = datetime.now().astimezone()
    when = now + timedelta(seconds=math.ceil(moment - time.monotonic()))
    return f"{when:%H:%M:%S %Z}" if when.date() == now.date() else f"{when:%H:%M:%S %Z on %Y-%m-%d}"


def foreign(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """foreign-layer: not held by this registry, and that is as it should be."""
    for row, _ in _with(rows, Presence.FOREIGN):
        urls = row.descriptor.urls if row.descriptor is not None else ()
        where = f"at {safe(urls[0], limit=200)}" if urls else "outside the registry"
        yield make(
            "foreign-layer", row.key, f"{name_of(row)} lives {where}.", digest=row.digest, platform=platform_text(row)
        )


def elsewhere(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """not-in-this-repository: missing here, found in a repository beside. One finding for each image and place."""
    groups: dict[tuple[str, str], list[Node]] = {}
    for row, _ in _with(rows, Presence.MISSING):
        key = key_of(row)
        whereabouts = observations.whereabouts(*key) if key is not None else None
        image = row.image()
        for place in whereabouts.found if whereabouts is not None else ():
            groups.setdefault((image.key if image is not None else row.key, place), []).append(row)
    for (_, place), group in groups.items():
        first = group[0]
        here = safe(first.repository or "", limit=255)
        there = safe(place, limit=255)
        if len(group) == 1:
            text = f"{name_of(first)} is not in {here}, but it is in {there}."
        else:
            platform = platform_text(first)
            of = f" of {platform}" if platform else ""
            text = f"{plural(len(group), 'object')}{of} are not in {here}, but they are in {there}."
        yield make(
            "not-in-this-repository",
            first.key,
            text,
            digest=first.digest,
            platform=platform_text(first),
            facts=(f"missing in {here}", f"present in {there}"),
            fix=f"Mount or copy from {there}: recreating the list does that.",
        )


def unreadable(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """invalid-manifest: the bytes are right, but they are not a document that clients follow."""
    if not isinstance(row.manifest, OpaqueManifest) or harmless(row.manifest, row.descriptor):
        return
    yield make(
        "invalid-manifest",
        row.key,
        f"{name_of(row)} is not followed: {row.manifest.reason}",
        digest=row.digest,
        platform=platform_text(row),
    )


def cut_off(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """cycle, too-deep: the tree was not followed further."""
    if row.kind is not Kind.FAULT or row.code not in ("cycle", "too-deep") or row.load is not Load.READY:
        return
    parent = row.parent
    where = f"{name_of(parent)}: " if parent is not None else ""
    yield make(row.code, row.key, f"{where}{row.label}.", digest=parent.digest if parent is not None else None)
