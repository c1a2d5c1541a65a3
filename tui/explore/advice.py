"""What can be done about what is missing, of what is known: never what was seen not to work. Pure; asks nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tui.explore.finding import NOT_THERE
from tui.explore.likely_places import MovedTag, comparison_of, moved_tags, neighbours
from tui.explore.node import Node
from tui.explore.objects import platform_of
from tui.explore.observations import ObservationStore
from tui.explore.rollup import platforms_of
from tui.explore.tree import key_of, observe
from tui.oci.digest import Digest
from tui.sources.presence import Presence
from tui.text import plural, safe

#: The findings that say that something is not there.
MISSING = frozenset({"missing-blob", "missing-manifest"})
#: The effect of an action, as a verdict names it with the key.
LOOKS, SAME_DIGEST, OTHER_DIGEST = "searches", "same digest", "another digest"
#: A reference that means the same in every shell, quoted or not.
_PLAIN = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9._:/\[\]-]*")
#: What the list would be after it, in the verdict.
RECREATED = "Not found anywhere else. Recreating the list from its tags makes it whole, under another digest."


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do about one missing object."""

    fix: str | None = None
    """In words; None: what its code says."""
    action: str | None = None
    """The action that does it; None when none would help."""
    effect: str = ""
    """What the action leads to, in two or three words."""


def advice(row: Node, observations: ObservationStore, *, recreates: bool) -> Advice:
    """What to do about a row that is missing. `recreates`: whether `moved_sources` has any for its tag."""
    key = key_of(row)
    if row.digest is None or key is None:
        return Advice(NOT_THERE)
    if row.source.capabilities.stored_lists is not None:
        return _of_stored_list(row)
    if not row.source.capabilities.remote:
        return Advice("Create it again from its source: files on disk are read-only.")
    holder = _holder(row, row.digest, observations)
    if holder:
        return Advice(f"Restore it from {holder} (`fanfold fix`): no digest changes.", "fix", SAME_DIGEST)
    if not nowhere(row, observations):
        return Advice(None, "fix", LOOKS)
    whereabouts = observations.whereabouts(*key)
    places = plural(len(whereabouts.asked), "other place") if whereabouts is not None else "other places"
    asked = f"Not found in {places}."
    if whereabouts is None or not whereabouts.asked:
        asked = "No other place is known to have it."
    if recreates:
        what = "Recreate the list from its tags (`fanfold create`): whole, under another digest."
        return Advice(f"{asked} {what}", "recreate", OTHER_DIGEST)
    further = "Search further (`fanfold fix --from PLACE`, `--search-catalog`, or {key:fix} on the screen)"
    return Advice(f"{asked} {further}, or push the image again.")


def _of_stored_list(row: Node) -> Advice:
    """What to do about what is missing of one of Docker's local lists, where the list is for."""
    image, top = row.image(), row.top()
    comparison = comparison_of(top) if top is not None else None
    digest = image.digest if image is not None else None
    if comparison is not None and any(each.was == digest and each.stale and each.now for each in comparison.entries):
        return Advice("Recreate the list from its references: the image was pushed again.", "recreate")
    return Advice("Push the image again to the list's repository, then recreate the list.")


def _holder(row: Node, digest: Digest, observations: ObservationStore) -> str:
    """Where a missing object was seen, safe; "" when it was seen nowhere."""
    key = key_of(row)
    whereabouts = observations.whereabouts(*key) if key is not None else None
    if whereabouts is not None and whereabouts.holders:
        return safe(whereabouts.holders[0], limit=255)
    if whereabouts is not None and whereabouts.kept:
        return "the journal"
    for source, repository in observations.having(digest):
        if source.capabilities.holds_its_objects and (source, repository) != (row.source, row.repository):
            return safe(repository if source is row.source else source.reference(repository), limit=255)
    return ""


def nowhere(row: Node, observations: ObservationStore) -> bool:
    """Whether a missing object was looked for in all places that are known by now, and is in none."""
    key = key_of(row)
    if key is None or row.digest is None or _holder(row, row.digest, observations):
        return False
    whereabouts = observations.whereabouts(*key)
    if whereabouts is None or not whereabouts.whole:
        return False
    known = observations.repositories(row.source)
    likely = neighbours(row.repository or "", known, platform_of(row))
    return all(name in whereabouts.asked for name in likely if name in known)


def moved_sources(top: Node, observations: ObservationStore) -> list[MovedTag]:
    """The moved tags of which a list would be made again, if that gave another one that is whole as far as is known: a
    tag moved, what it holds now has no hole, and whatever stays of the list can be had. Empty where it would not."""
    if top.source.capabilities.stored_lists is not None or top.index is None or top.tag is None:
        return []
    own = (top.repository or "", top.tag)
    moved = {
        digest: tag
        for digest, tag in moved_tags(top, observations).items()
        if not (set(observations.tags_at(top.source, top.repository or "", digest)) - {own[1]})
    }
    if not moved:
        return []
    replaced = [row for row in platforms_of(top) if row.digest in moved]
    for row in replaced:
        holes = moved[row.digest].holes if row.digest is not None else None
        if holes or (holes is None and any(_troubles(row, frozenset(), observations))):
            return []
    keys = frozenset(row.key for row in replaced)
    return [] if any(_troubles(top, keys, observations)) else list(moved.values())


def command_line(verb: str, top: Node, sources: Iterable[MovedTag] = ()) -> str:
    """`fanfold fix HOST/app:1` for the tag that a row is, or `fanfold create --amend HOST/app:1 HOST/app:1-arm64`; ""
    where a name is not one that a line can hold as it is."""
    named = [(top.repository or "", top.tag), *((each.proposal.repository, each.proposal.tag) for each in sources)]
    references = [top.source.reference(repository, tag=tag) for repository, tag in dict.fromkeys(named)]
    plain = top.tag is not None and all(_PLAIN.fullmatch(each) for each in references)
    return f"fanfold {verb} {' '.join(references)}" if plain else ""


def _troubles(top: Node, without: frozenset[str], observations: ObservationStore) -> Iterator[Node]:
    """The rows at and below one, but for those subtrees, that would stop a plan: not what they should be, or not known
    and not to be had."""
    ahead = [top]
    while ahead:
        row = ahead.pop()
        if row.key in without:
            continue
        ahead += row.children
        presence = observe(row, observations).presence
        if presence is Presence.MISSING:
            if row.digest is None or not _holder(row, row.digest, observations):
                yield row
        elif presence is Presence.MISMATCHED or presence.unanswered:
            yield row
