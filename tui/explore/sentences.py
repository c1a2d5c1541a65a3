"""The rows of a tree as sentences, for who listens to them: no columns, no drawing, a word for every symbol, what is
wrong before what is well. Plain data, read from what is known; nothing is asked here."""

from __future__ import annotations

from collections.abc import Iterator

from tui.explore.cells import Observed, name_of_root, note_of, weight_of
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.rollup import Rollup
from tui.oci import media
from tui.sources.presence import Presence
from tui.text import plural, shorten

#: So many cells of each name, of those that stand one in the other.
_NAME_CELLS = 80
_NOTE_CELLS = 200
#: Whose names do not say what they are, and whose size is told: an image's is that of all its parts.
_CALLED = frozenset({Kind.TAG, Kind.INDEX, Kind.MANIFEST})
_WEIGHED = BLOB_KINDS | {Kind.MANIFEST}


def sentences(observed: Observed, node: Node, depth: int | None = None) -> Iterator[str]:
    """A sentence for the row and each row below it: "linux/arm64 layer 2: missing, 202 B". Every name says what it is
    in; of the rows of one list those with a fault come first. `depth` is how many levels below the row are told."""
    yield _sentence(observed, node, name_of_root(node))

    def below(parent: Node, names: tuple[str, ...]) -> Iterator[str]:
        if depth is not None and len(names) >= depth:
            return
        rows = [row for row in parent.children if row.kind is not Kind.REFERRERS or row.children]
        for row in sorted(rows, key=lambda row: _rank(observed, row)):
            inside = (*names, shorten(row.label, _NAME_CELLS))
            yield _sentence(observed, row, " ".join(inside))
            yield from below(row, inside)

    yield from below(node, ())


def _rank(observed: Observed, row: Node) -> int:
    """0 for what is broken, 1 for what could not be told, 2 for the rest."""
    if row.kind is Kind.FAULT:
        return 0
    if row.kind not in MANIFEST_KINDS | BLOB_KINDS:
        return 2
    role = observed.rollup(row).worst.words.role
    return 0 if role == "bad" else 1 if role in ("warn", "unknown") else 2


def _sentence(observed: Observed, node: Node, name: str) -> str:
    facts = list(_facts(observed, node))
    note = node.error.sentence if node.load is Load.FAILED and node.error is not None else note_of(node)
    said = [*facts, shorten(note, _NOTE_CELLS) if note not in facts else ""]
    return f"{name}: {', '.join(filter(None, said))}" if any(said) else name


def _facts(observed: Observed, node: Node) -> Iterator[str]:
    """State, what it is, how large, and of what is not there the whole digest."""
    if node.kind in (Kind.SOURCE, Kind.REPOSITORY):
        total = observed.rollup(node)
        yield total.status
        yield total.label
    if node.kind not in MANIFEST_KINDS | BLOB_KINDS:
        return
    own = observed.observation(node)
    if node.load is Load.FAILED and node.error is not None and not own.presence.settled:
        own = node.error.observation()
    yield _state(node, own.presence, observed.rollup(node))
    if node.kind in _CALLED:
        yield "index" if node.is_index or media.is_index(node.media_type) else "image" if node.media_type else ""
    if node.kind in _WEIGHED:
        yield weight_of(node)
    if not own.presence.is_there and own.presence.settled:
        yield own.detail
        yield str(node.digest or "")


def _state(node: Node, own: Presence, total: Rollup) -> str:
    """In words; never better than what was found out."""
    if node.held is not node:
        return ""
    if own in (Presence.UNCHECKED, Presence.CHECKING) and (node.kind in BLOB_KINDS or node.load is Load.IDLE):
        return "not checked"
    if node.kind in BLOB_KINDS or not own.is_there:
        return own.value
    if node.load is not Load.READY:
        return "stopped" if node.load is Load.STOPPED else "not fully checked"
    worst = total.worst
    if worst in (Presence.UNCHECKED, Presence.CHECKING):
        state = "not fully checked"
    elif worst.is_there:
        state = "whole, every byte read" if worst is Presence.HASHED else "whole"
    else:
        state = f"a part is {worst.value}"
    if total.platforms_total:
        return f"{state}, {total.platforms_ok:,} of {plural(total.platforms_total, 'platform')} can be pulled"
    return f"{state}, {total.present:,} of {plural(total.total, 'part')} present" if total.total else state
