"""The tags of a repository as a table: which order, how old, how large, whole for which platforms, the same as which.

Only what was read is said. Making the table costs a little for each row that was looked at; what a line says is worked
out for the line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from tui.explore.node import MANIFEST_KINDS, Kind, Load, Node
from tui.explore.objects import blob_sizes
from tui.explore.rollup import HAVE, Pull, Rollup, asked_for, platforms_of
from tui.explore.tally import Tally
from tui.oci.digest import Digest
from tui.sources.presence import Presence

#: So many tags are in the table at most.
MOST = 1_000
_NOT_LOOKED_AT = frozenset({Presence.UNCHECKED, Presence.CHECKING})
Below = Callable[[Node], Rollup]


def leading(rows: Iterable[Node], order: str, below: Below) -> list[Node]:
    """Those rows that come first in an order that goes by what is known, in that order: by "age" newest first, by
    "worst" broken ones and then those of which it was not determined."""
    looked_at = [row for row in rows if row.load is not Load.IDLE or row.parts]
    if order == "age":
        dated = [(row, created) for row in looked_at if (created := below(row).created) is not None]
        return [row for row, _ in sorted(dated, key=lambda each: each[1], reverse=True)]
    if order == "worst":
        return [
            *(row for row in looked_at if below(row).broken),
            *(row for row in looked_at if not below(row).broken and _undetermined(below(row))),
        ]
    return []


def _undetermined(sum: Rollup) -> bool:
    return bool(sum.others) or sum.worst not in HAVE | _NOT_LOOKED_AT


@dataclass(frozen=True, slots=True, eq=False)
class TagEntry:
    """One tag, and what is known below it. The sum of a row is another object as soon as anything below it changed, and
    then this is another entry, though it may say the same."""

    node: Node
    sum: Rollup

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TagEntry) and self.node is other.node and self.sum is other.sum


@dataclass(frozen=True, slots=True)
class TagTable:
    """The table. `platforms` are its columns; `tally` counts all tags of the repository."""

    entries: tuple[TagEntry, ...]
    order: str
    platforms: tuple[str, ...]
    tally: Tally
    same: dict[Digest, list[str]]
    more: int
    """So many tags are in the tree and not in the table."""

    def others(self, node: Node) -> list[str]:
        """The other tags (safe) that point to the same digest."""
        same = self.same.get(node.digest, []) if node.digest is not None else []
        return [label for label in same if label != node.label]


def tag_table(node: Node, below: Below) -> TagTable | None:
    """The table of a REPOSITORY's row; None before its tags are listed. By age where nobody chose an order, newest
    first; tags whose age was not read come after, as the tree has them."""
    listing = node.listing
    if node.kind is not Kind.REPOSITORY or listing is None:
        return None
    order = listing.order if listing.order_chosen else "age"
    rows = [row for row in node.children if row.kind in MANIFEST_KINDS]
    first = leading(rows, order, below)
    led = set(first)
    shown = [*first, *islice((row for row in rows if row not in led), MOST)][:MOST]
    columns: dict[str, None] = {}
    same: dict[Digest, list[str]] = {}
    entries = []
    for row in shown:
        sum = below(row)
        entries.append(TagEntry(row, sum))
        columns.update(dict.fromkeys(sum.platforms))
    for row in rows:
        if row.digest is not None:
            same.setdefault(row.digest, []).append(row.label)
    return TagTable(tuple(entries), order, tuple(columns), tally_of(node, below), same, max(0, len(rows) - len(shown)))


def tally_of(node: Node, below: Below) -> Tally:
    """How many of the names of a list are whole, broken, unknown, or were not looked at."""
    sum = below(node)
    tally = Tally(sum.present, sum.broken, len(sum.others))
    tally.waiting = max(0, sum.total - tally.total)
    return tally


def size_of(node: Node) -> int | None:
    """Bytes of an image's distinct parts, of an index those of its platforms' images; None when one was not read."""
    images = platforms_of(node) if node.is_index else [node]
    parts: dict[Digest, int] = {}
    for image in images:
        if image.image_manifest is None:
            return None
        parts |= blob_sizes(image.image_manifest)
    return sum(parts.values()) if images else None


def marks(node: Node, columns: Sequence[str], below: Below) -> list[Presence | None]:
    """For each platform the worst of what a pull of it needs; None where the tag is not for it."""
    if not node.is_index:
        sum = below(node)
        return [_mark(sum) if column in sum.platforms else None for column in columns]
    known = {row.label: _mark(below(row)) for row in reversed(asked_for(platforms_of(node)))}
    return [known.get(column) for column in columns]


def _mark(sum: Rollup) -> Presence:
    """An attestation that is gone stops no pull: it is a remark."""
    if sum.pull is Pull.YES:
        return sum.worst if sum.worst in HAVE else Presence.PRESENT
    return Presence.UNCHECKED if sum.worst in HAVE else sum.worst


def remark(node: Node, sum: Rollup, shown: Sequence[Presence | None]) -> str:
    """What the marks of a tag do not tell; "" when they tell everything."""
    if node.load is Load.FAILED and node.error is not None:
        return f"tag {node.error.presence.value}"
    if sum.worst is Presence.CHECKING or node.load is Load.LOADING:
        return "checking"
    if sum.broken and not any(presence is not None and presence not in HAVE | _NOT_LOOKED_AT for presence in shown):
        return f"attestation {sum.attestations.value}" if sum.attestations not in HAVE else "broken"
    return ""
