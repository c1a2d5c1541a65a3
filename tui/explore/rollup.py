"""What a row says about everything below it. Pure over rows and what is known of them; cached by the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from tui.explore.digest_tags import digest_tag
from tui.explore.node import MANIFEST_KINDS, Kind, Load, Node
from tui.explore.structure import nobody_asks, passed_over, refusal
from tui.oci.config import parse_time
from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest, OpaqueManifest
from tui.oci.platform import Platform
from tui.sources.presence import Observation, Presence, worst
from tui.text import safe

Look = Callable[[Node], Observation]

_CREATED = "org.opencontainers.image.created"


class Pull(StrEnum):
    """Whether a platform can be pulled, as far as is known."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Rollup:
    """The sum over a row."""

    present: int = 0
    """Of an image how many distinct blobs (config, layers) are there; of an index, platforms."""
    total: int = 0
    worst: Presence = Presence.UNCHECKED
    """Never better than any part that a pull needs."""
    platforms_ok: int = 0
    """How many platforms can be pulled."""
    platforms_total: int = 0
    label: str = ""
    platforms_broken: int = 0
    """How many platforms cannot be pulled."""
    attestations: Presence = Presence.PRESENT
    """The worst of what the attestations below are known to be."""
    pull: Pull = Pull.UNKNOWN
    """Of an image's row: whether it can be pulled. An index says it by its platforms."""
    broken: int = 0
    """Of a list, how many of its rows are broken; of an image or index 1 when a platform of it cannot be pulled."""
    others: tuple[Presence, ...] = ()
    """Of a list, what is known of the rows that were looked at and are neither whole nor broken."""
    status: str = ""
    """Of a list, what was found below it: "2 of 12 broken"; "" when nothing was checked, or all is well."""
    oldest: datetime | None = None
    """When the oldest answer was given of those that this is made from; None before there is any."""
    created: datetime | None = None
    """When an image was built, of an index the newest of its platforms' images: as a config that was read says, else an
    annotation. None when neither was read, or neither says."""
    platforms: tuple[str, ...] = ()
    """For which platforms an image or index is, those that clients take, as their rows are labelled."""


#: Presences that a pull survives.
HAVE = frozenset({Presence.PRESENT, Presence.HASHED, Presence.FOREIGN})


def platforms_of(node: Node) -> list[Node]:
    """The rows below an index that stand for platforms, nested indexes unfolded where they were read, each once: also
    those that no client takes because one before them is for the same platform (`asked_for`)."""
    rows: list[Node] = []
    met: set[Digest | None] = set()

    def unfold(index: Node) -> bool:
        """Whether there is any row, here or before."""
        some = False
        for child in index.children:
            if child.kind is Kind.MANIFEST:
                some = True
                rows.append(child)
            elif child.kind is Kind.INDEX and child.digest in met:
                some = True
            elif child.kind is Kind.INDEX:
                met.add(child.digest)
                held = child.held
                if unfold(held):
                    some = True
                elif held.index is None or held.index.entries:
                    some = True
                    rows.append(child)  # unread, or not followed: it stands for itself
        return some

    unfold(node)
    return rows


def asked_for(rows: Sequence[Node]) -> list[Node]:
    """The rows of these that clients take: of several entries for one platform the first, and none that they skip."""
    over = passed_over(rows)
    return [row for row in rows if row not in over]


def attestations_of(node: Node) -> list[Node]:
    """The attestations that hang under a row, directly."""
    return [child for child in node.children if child.kind is Kind.ATTESTATION]


def blobs_of(node: Node) -> list[Node]:
    """Config, layers and statements of an image."""
    return [child for child in node.children if child.kind in (Kind.CONFIG, Kind.LAYER, Kind.STATEMENT)]


def pull(node: Node, look: Look) -> Pull:
    """Whether the image of a row (platform, tag of one image, attestation) is there whole: manifest, config, layers;
    and whether its documents are such that clients do not refuse it.

    A media type that differs from the descriptor's is not enough to say that it cannot be pulled; a size is, for
    clients refuse content of another size.
    """
    there = is_there(node, look)
    return Pull.NO if refusal(node) is not None else there


def is_there(node: Node, look: Look, *, sizes: bool = True) -> Pull:
    """Whether manifest, config and layers are there, whatever clients make of them. Without `sizes` content of another
    size than its descriptor says is good enough, but for the config, as it is for skopeo."""
    states = [_state(node, look, sizes)]
    if isinstance(node.manifest, OpaqueManifest):
        return Pull.NO
    if node.index is not None:
        return Pull.UNKNOWN  # nested deeper than is followed
    if node.load is not Load.READY:
        states.append(Pull.UNKNOWN)
    elif node.manifest is not None:
        states.extend(_state(child, look, sizes or child.kind is Kind.CONFIG) for child in blobs_of(node))
    if Pull.NO in states:
        return Pull.NO
    return Pull.UNKNOWN if Pull.UNKNOWN in states else Pull.YES


#: What can be wrong with a layer and is seen by those only who unpack it, or compare its length.
_COPIED = frozenset({"broken-layer", "diff-id-mismatch", "size-mismatch"})


def _state(node: Node, look: Look, sizes: bool = True) -> Pull:
    observation = look(node)
    if observation.presence in HAVE:
        return Pull.YES
    if observation.presence is Presence.MISSING:
        return Pull.NO
    if observation.presence is Presence.MISMATCHED:
        if not sizes and observation.code in _COPIED:
            return Pull.YES
        only_type = (
            observation.size is not None
            and node.descriptor is not None
            and (observation.size == node.descriptor.size or not sizes)
            and (observation.digest is None or observation.digest == node.descriptor.digest)
            and node.load is not Load.FAILED
            and not observation.code
        )
        return Pull.YES if only_type else Pull.NO
    return Pull.UNKNOWN


def rollup(node: Node, look: Look, below: Callable[[Node], Rollup]) -> Rollup:
    """The sum over `node`; `below` gives the (cached) sums of other rows."""
    if node.kind in (Kind.SOURCE, Kind.REPOSITORY, Kind.GROUP):
        return _of_list(node, below)
    made = _of_row(node, look, below)
    if not _is_broken(made):
        return made
    # All of it may be there, and clients refuse it still: that is never the tick of something whole.
    return replace(made, broken=1, worst=Presence.MISMATCHED if made.worst in HAVE else made.worst)


def _is_broken(sum: Rollup) -> bool:
    """Whether a pull fails on some platform, or something that belongs to it is gone. A media type that differs is not
    enough."""
    gone = Presence.MISSING in (sum.worst, sum.attestations) or sum.attestations is Presence.MISMATCHED
    return gone or sum.pull is Pull.NO or sum.platforms_broken > 0


def _of_row(node: Node, look: Look, below: Callable[[Node], Rollup]) -> Rollup:
    if node.held is not node:
        return below(node.held)
    if node.kind is Kind.REFERRERS:
        sums = [below(child) for child in node.children if child.kind is Kind.REFERRER]
        return Rollup(worst=_known(each.worst for each in sums), oldest=_oldest(each.oldest for each in sums))
    if node.is_index and node.load is Load.READY:
        return _of_index(node, look, below)
    if node.image_manifest is not None and node.load is Load.READY:
        return _of_image(node, look, below)
    own = look(node).presence
    unread = own.is_there and node.kind in MANIFEST_KINDS and node.load is not Load.READY
    known = Presence.UNCHECKED if unread else own  # that a manifest answers says nothing of what it names
    return Rollup(present=int(own in HAVE), total=1, worst=known, pull=pull(node, look), oldest=_asked_at(node, look))


def _of_image(node: Node, look: Look, below: Callable[[Node], Rollup]) -> Rollup:
    blobs = blobs_of(node)
    seen = {row: look(row) for row in (node, *blobs)}  # each once: a hundred layers are summed up after every answer
    presences: dict[Digest | None, Presence] = {}
    for child in blobs:
        presence, digest = seen[child].presence, child.digest
        presences[digest] = worst((presences[digest], presence)) if digest in presences else presence
    present = sum(presence in HAVE for presence in presences.values())
    asked = sum(presence is not Presence.UNCHECKED for presence in presences.values())
    refused = refusal(node) is not None
    said = ", refused" if refused and present == len(presences) else ""
    attested = [below(child) for child in attestations_of(node)]
    times = (_moment(observation) for observation in seen.values())
    return Rollup(
        present=present,
        total=len(presences),
        worst=worst([seen[node].presence, *presences.values()]),
        label=f"{present}/{len(presences)}{said}" if asked and presences else "",
        attestations=worst(each.worst for each in attested),
        pull=Pull.NO if refused else is_there(node, seen.__getitem__),
        oldest=_oldest([*times, *(each.oldest for each in attested)]),
        created=_created(node),
        platforms=(str(platform),) if (platform := _platform(node)) is not None else (),
    )


def _created(node: Node) -> datetime | None:
    """When the image of a row was built."""
    read = (child.config.created for child in node.children if child.kind is Kind.CONFIG and child.config is not None)
    moment = next(read, None) or _annotated(node.manifest)
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _annotated(manifest: AnyManifest | None) -> datetime | None:
    text = manifest.annotations.get(_CREATED) if manifest is not None else None
    return parse_time(text) if text else None


def _platform(node: Node) -> Platform | None:
    """Of the entry that points to an image, else what its config claims, if it was read."""
    if node.platform is not None:
        return node.platform
    read = (child.config for child in node.children if child.kind is Kind.CONFIG and child.config is not None)
    config = next(read, None)
    return config.platform if config is not None else None


def _of_index(node: Node, look: Look, below: Callable[[Node], Rollup]) -> Rollup:
    platforms = platforms_of(node)
    sums = [below(row) for row in platforms]
    taken = asked_for(platforms)
    states = [Pull.NO if nobody_asks(taken) else below(row).pull for row in taken]
    ok, broken, total = states.count(Pull.YES), states.count(Pull.NO), len(states)
    orphans = [below(row) for row in attestations_of(node)]
    attestations = worst([*(part.attestations for part in sums), *(each.worst for each in orphans)])
    themselves = set(platforms)
    unfolded = [row for row in node.children if row.kind is Kind.INDEX and row.held is row and row not in themselves]
    nested = [below(row) for row in unfolded]
    parts = [look(node).presence, *(part.worst for part in (*sums, *nested))]
    cut_off = any(child.kind is Kind.FAULT for child in node.children)
    holds_nothing = not total and not cut_off and digest_tag(node.tag) is None
    if holds_nothing:
        parts.append(Presence.MISSING)  # nothing is there that anybody could pull
    elif ok + broken < total or not total:
        parts.append(Presence.UNCHECKED)  # a manifest that is there says nothing of the blobs that it names
    if attestations in (Presence.MISSING, Presence.MISMATCHED):
        parts.append(attestations)
    elif attestations not in HAVE:
        parts.append(Presence.UNCHECKED)  # it stops no pull, and yet not everything below is known to be there
    return Rollup(
        present=ok,
        total=total,
        worst=worst(parts),
        platforms_ok=ok,
        platforms_total=total,
        platforms_broken=broken,
        label=_index_label(ok, [row for row, state in zip(taken, states, strict=True) if state is Pull.NO], total)
        if digest_tag(node.tag) is None
        else _referrers_label(total),
        attestations=attestations,
        pull=Pull.NO if holds_nothing else Pull.UNKNOWN,
        oldest=_oldest([_asked_at(node, look), *(part.oldest for part in (*sums, *orphans, *nested))]),
        created=max((part.created for part in sums if part.created is not None), default=_annotated(node.manifest)),
        platforms=tuple(row.label for row in taken if row.platform is not None),
    )


def _asked_at(node: Node, look: Look) -> datetime | None:
    """When what is known of a row's own object was found out; None when nothing is."""
    return _moment(look(node))


def _moment(observation: Observation) -> datetime | None:
    at = observation.at
    return at if at.year > 1 else None


def _oldest(times: Iterable[datetime | None]) -> datetime | None:
    return min((at for at in times if at is not None), default=None)


def _referrers_label(total: int) -> str:
    return f"{total} referrer{'' if total == 1 else 's'}"


def _index_label(ok: int, bad: Sequence[Node], total: int) -> str:
    broken = len(bad)
    noun = "platform" if total == 1 else "platforms"
    if total == 0:
        return "no platforms"
    if ok == total:
        return f"{ok}/{total} {noun}"
    if broken == 0:
        return f"{total} {noun}"
    platform = bad[0].platform
    if broken == 1 and total > 1 and platform is not None and not platform.is_unknown:
        return f"{safe(str(platform).removeprefix('linux/'), limit=40)} broken"
    return f"{broken} of {total} {noun} broken"


def _of_list(node: Node, below: Callable[[Node], Rollup]) -> Rollup:
    listing = node.listing
    count = len(listing) if listing is not None else len(node.parts)
    label = ""
    more = "" if node.kind is Kind.GROUP or (listing is not None and listing.complete) else "+"
    if listing is not None and node.kind is not Kind.GROUP:
        noun = "tag" if node.kind is Kind.REPOSITORY else "repository"
        plural = "tags" if node.kind is Kind.REPOSITORY else "repositories"
        label = (
            f"{count:,}{more} {noun if count == 1 and not more else plural}"
            if count or not more
            else f"{plural} unknown"
        )
    tally = _tally(node, below)
    seen = tally.whole + tally.broken + len(tally.others)
    total = count if listing is not None or node.kind is Kind.GROUP else 0
    status, state = "", Presence.UNCHECKED
    if node.load is Load.FAILED and node.error is not None:
        state = node.error.presence
    elif tally.broken:
        state = Presence.MISSING
        if not total:
            status = f"{tally.broken:,} broken"
        elif seen >= total and not more:
            of = "repositories " if node.kind is Kind.SOURCE and total > 1 else ""
            status = f"{tally.broken:,} of {total:,} {of}broken"
        else:
            status = f"{tally.broken:,} broken, {seen:,} of {total:,}{more} checked"
    elif tally.others:
        state = worst(tally.others)
        words = {presence.words.status for presence in tally.others}
        of = f" of {total:,}{more}" if total else ""
        status = f"{len(tally.others):,}{of} {words.pop() if len(words) == 1 else 'unknown'}"
    elif total and tally.whole >= total and not more:
        state = Presence.PRESENT
    elif total and tally.whole:
        status = f"{tally.whole:,} of {total:,}{more} checked"
    return Rollup(
        present=tally.whole, total=count, worst=state, label=label, status=status, broken=tally.broken,
        others=tuple(tally.others), oldest=_oldest(below(child).oldest for child in node.parts),
    )  # fmt: skip


@dataclass(slots=True)
class _Tally:
    """How many of the rows of a list are what."""

    whole: int = 0
    """Everything below them was checked and is there."""
    broken: int = 0
    others: list[Presence] = field(default_factory=list)
    """Of the others that were looked at: what is known."""


def _tally(node: Node, below: Callable[[Node], Rollup]) -> _Tally:
    tally = _Tally()
    for child in node.parts:
        if child.kind in (Kind.MORE, Kind.FAULT):
            continue
        part = below(child)
        if child.kind is Kind.GROUP:  # digest tags are tags of the repository
            tally.whole += part.present
            tally.broken += part.broken
            tally.others.extend(part.others)
        elif part.broken:
            tally.broken += 1
        elif part.worst in HAVE:
            tally.whole += 1
        elif part.worst not in (Presence.UNCHECKED, Presence.CHECKING):
            tally.others.append(part.worst)
    return tally


def _known(presences: Iterable[Presence]) -> Presence:
    """The worst of what is known: what nobody asked about yet says nothing bad."""
    return worst(p for p in presences if p not in (Presence.UNCHECKED, Presence.CHECKING))
