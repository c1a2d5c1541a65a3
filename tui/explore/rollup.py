"""What a row says about everything below it. Pure over rows and what is known of them; cached by the tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from tui.explore.node import Kind, Load, Node
from tui.explore.structure import is_shadowed, nobody_asks, refusal
from tui.oci.manifest import OpaqueManifest
from tui.sources.presence import Observation, Presence, worst

Look = Callable[[Node], Observation]


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

    @property
    def short(self) -> str:
        """The label where there is little room: "1 of 2 pulls"."""
        if self.platforms_total and self.platforms_broken:
            return f"{self.platforms_ok} of {self.platforms_total} pulls"
        return self.label


#: Presences that a pull survives.
HAVE = frozenset({Presence.PRESENT, Presence.HASHED, Presence.FOREIGN})


def platforms_of(node: Node) -> list[Node]:
    """The rows below an index that stand for platforms, nested indexes unfolded where they were read: also those that
    no client takes because one before them is for the same platform (`asked_for`)."""
    rows: list[Node] = []
    for child in node.children:
        if child.kind is Kind.MANIFEST:
            rows.append(child)
        elif child.kind is Kind.INDEX:
            inside = platforms_of(child)
            empty = child.index is not None and not child.index.entries
            rows.extend(inside if inside or empty else [child])  # unread, or not followed: it stands for itself
    return rows


def asked_for(rows: Iterable[Node]) -> list[Node]:
    """The rows of these that clients take: of several entries for one platform the first."""
    return [row for row in rows if not is_shadowed(row)]


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
    size than its descriptor says is good enough, as it is for skopeo."""
    states = [_state(node, look, sizes)]
    if isinstance(node.manifest, OpaqueManifest):
        return Pull.NO
    if node.index is not None:
        return Pull.UNKNOWN  # nested deeper than is followed
    if node.load is not Load.READY:
        states.append(Pull.UNKNOWN)
    elif node.manifest is not None:
        states.extend(_state(child, look, sizes) for child in blobs_of(node))
    if Pull.NO in states:
        return Pull.NO
    return Pull.UNKNOWN if Pull.UNKNOWN in states else Pull.YES


def _state(node: Node, look: Look, sizes: bool = True) -> Pull:
    observation = look(node)
    if observation.presence in HAVE:
        return Pull.YES
    if observation.presence is Presence.MISSING:
        return Pull.NO
    if observation.presence is Presence.MISMATCHED:
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
    if node.kind is Kind.REFERRERS:
        return Rollup(worst=_known(below(child).worst for child in node.children if child.kind is Kind.REFERRER))
    if node.is_index and node.load is Load.READY:
        return _of_index(node, look, below)
    if node.image_manifest is not None and node.load is Load.READY:
        return _of_image(node, look, below)
    own = look(node).presence
    return Rollup(present=int(own in HAVE), total=1, worst=own, pull=pull(node, look))


def _of_image(node: Node, look: Look, below: Callable[[Node], Rollup]) -> Rollup:
    presences: dict[str, Presence] = {}
    for child in blobs_of(node):
        presence = look(child).presence
        digest = str(child.digest)
        presences[digest] = worst((presences[digest], presence)) if digest in presences else presence
    present = sum(presence in HAVE for presence in presences.values())
    asked = sum(presence is not Presence.UNCHECKED for presence in presences.values())
    return Rollup(
        present=present,
        total=len(presences),
        worst=worst([look(node).presence, *presences.values()]),
        label=f"{present}/{len(presences)}" if asked and presences else "",
        attestations=_known(below(child).worst for child in attestations_of(node)),
        pull=pull(node, look),
    )


def _of_index(node: Node, look: Look, below: Callable[[Node], Rollup]) -> Rollup:
    platforms = platforms_of(node)
    sums = [below(row) for row in platforms]
    taken = asked_for(platforms)
    states = [Pull.NO if nobody_asks(taken) else below(row).pull for row in taken]
    ok, broken, total = states.count(Pull.YES), states.count(Pull.NO), len(states)
    orphans = [below(row).worst for row in attestations_of(node)]
    attestations = _known([*(part.attestations for part in sums), *orphans])
    parts = [look(node).presence, *(part.worst for part in sums)]
    if ok + broken < total:
        parts.append(Presence.UNCHECKED)  # a manifest that is there says nothing of the blobs that it names
    if attestations in (Presence.MISSING, Presence.MISMATCHED):
        parts.append(attestations)
    return Rollup(
        present=ok,
        total=total,
        worst=worst(parts),
        platforms_ok=ok,
        platforms_total=total,
        platforms_broken=broken,
        label=_index_label(ok, broken, total),
        attestations=attestations,
    )


def _index_label(ok: int, broken: int, total: int) -> str:
    noun = "platform" if total == 1 else "platforms"
    if total == 0:
        return "no platforms"
    if ok == total:
        return f"{ok}/{total} {noun}"
    if broken == 0:
        return f"{total} {noun}"
    if ok + broken == total:
        return f"{ok} of {total} {noun} can be pulled"
    return f"{broken} of {total} {noun} cannot be pulled"


def _of_list(node: Node, below: Callable[[Node], Rollup]) -> Rollup:
    count = len(node.listing) if node.listing is not None else len(node.children)
    known = [
        below(child).worst
        for child in node.children
        if child.kind not in (Kind.MORE, Kind.FAULT) and child.load in (Load.READY, Load.FAILED)
    ]
    label = ""
    if node.listing is not None and node.kind is not Kind.GROUP:
        noun = "tag" if node.kind is Kind.REPOSITORY else "repository"
        plural = "tags" if node.kind is Kind.REPOSITORY else "repositories"
        more = "" if node.listing.complete else "+"
        label = f"{count:,}{more} {noun if count == 1 and not more else plural}"
    bad = _known(known)
    return Rollup(total=count, worst=bad if known and not bad.is_there else Presence.UNCHECKED, label=label)


def _known(presences: Iterable[Presence]) -> Presence:
    """The worst of what is known: what nobody asked about yet says nothing bad."""
    return worst(p for p in presences if p not in (Presence.UNCHECKED, Presence.CHECKING))
