"""Where a missing object may be, and which tags an index was probably made of, of what is known. Pure; asks nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.explore.node import Kind, Node
from tui.explore.observations import ObservationStore, TagHead
from tui.explore.rollup import platforms_of
from tui.explore.tag_guesses import Proposal, proposals, repository_spellings
from tui.oci.digest import Digest
from tui.oci.platform import Platform

if TYPE_CHECKING:
    from tui.sources.docker_manifests import Comparison

#: At most so many repositories are asked for one missing object after a check.
CANDIDATES = 12


@dataclass(frozen=True, slots=True)
class MovedTag:
    """The tag that an entry was probably made of, and what it is now."""

    proposal: Proposal
    now: Digest
    holes: int | None
    """So many objects are missing of what it holds now; None when nobody looked."""


def moved_tag(
    top: Node, digest: Digest, candidates: Sequence[Proposal], observations: ObservationStore
) -> MovedTag | None:
    """The first of the tags that an entry may have come from that points elsewhere, if none points to the entry."""
    moved: MovedTag | None = None
    for proposal in candidates:
        head: TagHead | None = observations.tag_head(top.source, proposal.repository, proposal.tag)
        if head is None or head.digest is None:
            continue
        if head.digest == digest or (head.entries is not None and digest in head.entries):
            return None
        moved = moved or MovedTag(proposal, head.digest, head.holes)
    return moved


def moved_tags(top: Node, observations: ObservationStore) -> dict[Digest, MovedTag]:
    """The entries of an index under a tag whose own tags point elsewhere now."""
    if top.repository is None or top.index is None:
        return {}
    tags = observations.tag_names(top.source, top.repository) or ()
    found = {}
    for digest, candidates in source_proposals(top, tags, observations.repositories(top.source)):
        moved = moved_tag(top, digest, candidates, observations)
        if moved is not None:
            found[digest] = moved
    return found


def source_proposals(
    node: Node, tags: Iterable[str], repositories: Sequence[str]
) -> list[tuple[Digest, list[Proposal]]]:
    """For each platform of an index under a tag: its digest, and the tags that it may have come from."""
    guesses = []
    for row in platforms_of(node):
        if row.platform is None or row.descriptor is None or node.tag is None:
            continue
        candidates = proposals(node.tag, row.platform, tags, repositories, repository=node.repository or "")
        if candidates:
            guesses.append((row.descriptor.digest, candidates[:3]))
    return guesses


def neighbours(
    repository: str, repositories: Sequence[str], platform: Platform | None, most: int = CANDIDATES
) -> list[str]:
    """Repositories where an object that is missing here may be, likeliest first: those that are named for the
    platform (the two most usual spellings even if nobody saw them), parent and child paths, others that were seen."""
    guesses = list(repository_spellings(repository, platform)) if platform is not None else []
    known = set(repositories)
    family = [name for name in repositories if _related(name, repository)]
    ordered = [
        *(name for name in guesses if name in known),
        *family,
        *guesses[:2],
        *repositories,
    ]
    return [name for name in dict.fromkeys(ordered) if name != repository][:most]


def _related(one: str, other: str) -> bool:
    return one.startswith((f"{other}/", f"{other}-", f"{other}_")) or other.startswith((f"{one}/", f"{one}-"))


def comparison_of(row: Node) -> Comparison | None:
    """What was found when the list of this row was compared; None when it was not, or is no stored list."""
    lists = row.source.capabilities.stored_lists
    if lists is None or row.kind is not Kind.TAG or row.tag is None or row.repository is None:
        return None
    return lists.compared(row.repository, row.tag)
