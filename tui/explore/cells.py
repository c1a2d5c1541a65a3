"""What a row of the tree says, in cells: name, kind or size, status, note; laid out in columns for the screen, or drawn
with lines for pipes and dumb terminals. Plain data: a colour is the name of a role.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Literal, Protocol

from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.objects import image_size
from tui.explore.rollup import Rollup
from tui.explore.tag_table import size_of
from tui.oci import media
from tui.sources.presence import Observation, Presence
from tui.text import age, brief_age, cut, duration, safe, shorten, size, to_ascii, width

#: The age of an answer is told when it is older than so many seconds.
OLD_SECONDS = 60


def how_old(at: datetime | None, now: datetime | None = None) -> str:
    """ "12 minutes ago", when that is worth telling: "" of a fresh answer, and where there is none."""
    if at is None or at.year <= 1 or ((now or datetime.now(UTC)) - at).total_seconds() <= OLD_SECONDS:
        return ""
    return age(at, now)


# symbols


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of symbols. `presence` has one for every word but `checking`, which turns through `spinner`."""

    name: str
    presence: dict[Presence, str]
    spinner: str
    closed: str
    opened: str
    mark: str
    dot: str
    arrow: str
    bar: str
    guides: tuple[str, str, str, str]

    def of(self, presence: Presence, tick: int = 0) -> str:
        """The symbol of a presence; `tick` turns the spinner."""
        if presence is Presence.CHECKING:
            return self.spinner[tick % len(self.spinner)]
        return self.presence[presence]

    def still(self, presence: Presence) -> str:
        """The symbol of a presence where nothing turns."""
        return self.presence[presence.still]


_STILL = [presence for presence in Presence if presence is not Presence.CHECKING]

UNICODE = Glyphs(
    name="unicode",
    presence={presence: presence.words.symbol for presence in _STILL},
    spinner="▘▝▗▖",
    closed="▸ ",
    opened="▾ ",
    mark="●",
    dot="·",
    arrow="→",
    bar="▏",
    guides=("  ", "│ ", "└─", "├─"),
)

ASCII = Glyphs(
    name="ascii",
    presence={presence: to_ascii(presence.words.symbol) for presence in _STILL},
    spinner="|/-\\",
    closed="> ",
    opened="v ",
    mark="*",
    dot="-",
    arrow="->",
    bar="|",
    guides=("  ", "| ", "`-", "|-"),
)


def glyphs(ascii_only: bool) -> Glyphs:
    """The set to draw with."""
    return ASCII if ascii_only else UNICODE


# the cells of a row

#: Shorter phrases for a narrow column, tried in turn: a cut phrase could say the opposite of a whole one.
_SHORTER = (
    (re.compile(r" (platforms?|repositories) broken$"), " broken"),
    (re.compile(r" (platforms?|images?)$"), ""),
    (re.compile(r"(\d+) of [\d,+]+ broken$"), r"\1 broken"),
    (re.compile(r" broken, [\d,]+ of [\d,+]+ checked$"), " broken"),
)


class Observed(Protocol):
    """The part of the explorer that rows are read from."""

    def observation(self, node: Node) -> Observation: ...
    def rollup(self, node: Node) -> Rollup: ...


Role = Literal["plain", "title", "label", "dim", "good", "hashed", "bad", "warn", "unknown", "checking", "info", "mark"]
Piece = tuple[str, Role]


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row. `live` says that it will change by itself (something is being asked)."""

    name: str
    name_role: Role
    kind: str
    status: tuple[Piece, ...]
    note: str
    live: bool = False
    marked: bool = False
    facts: tuple[str, str] = ("", "")
    """Short digest and age, for the right edge of a wide pane; "" where there is none, or it was not read."""


#: What the second column takes, with the space after it.
KIND_CELLS = 9
#: What the columns at the right edge take, with the space before them, the last one first: digest, age.
FACT_CELLS = (14, 8)
#: A status takes so many cells, in few words; one that is good; one that names what is broken.
_STATUS_CELLS, _GOOD_CELLS, _BROKEN_CELLS = 18, 6, 15


#: Sources in a word that fits there; the row's own name begins with the whole one.
_SOURCES = {
    "docker-manifests": "local",
    "oci-layout": "layout",
    "oci-archive": "archive",
    "docker-archive": "archive",
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Widths in cells for a pane: `name` includes guides and arrow, what is left belongs to status and note."""

    name: int
    kind: int
    total: int
    facts: int = 0
    """How many of digest and age there is room for at the right edge, of rows that say little else."""

    @classmethod
    def of(cls, width: int, longest: int = 0, images: int = 0) -> Columns:
        """Shares of a pane this wide, when the `longest` name (with what stands before it) takes so many cells, and the
        longest of an image, which has a digest: names get what they need up to more than half, the rest is for kind,
        status and note, and, where all of that has enough, for digest and age. Names of repositories rather go over
        their column than take the room for those."""
        if width < 34:
            return cls(max(8, width - 12), 0, width)
        kind = KIND_CELLS
        most = max(width * 60 // 100, width - kind - _STATUS_CELLS)
        name = max(18, min(longest + 2, most) if longest else (width - kind) * 48 // 100)
        if images:
            name = min(name, max(18, images + 2, width - kind - _BROKEN_CELLS - sum(FACT_CELLS)))
        room = width - name - kind - _GOOD_CELLS
        facts = sum(room >= sum(FACT_CELLS[:count]) for count in (1, 2))
        return cls(name, kind, width, facts)


def kind_cell(node: Node) -> str:
    """What the second column says."""
    if node.kind in BLOB_KINDS:
        return size(node.size)
    if node.kind in (Kind.TAG, Kind.INDEX):
        return (size(size_of(node)) if node.load is Load.READY else "") or _kind_word(node)
    if node.kind in (Kind.MANIFEST, Kind.REFERRER):
        return size(image_size(node.image_manifest)) if node.image_manifest is not None else ""
    if node.kind is Kind.SOURCE:
        return _SOURCES.get(node.source.kind, node.source.kind)
    if node.kind is Kind.REPOSITORY and node.listing is not None and node.listing.names:
        plus = "" if node.listing.complete else "+"
        text = f"{len(node.listing.names):,}{plus} tag{'' if len(node.listing.names) == 1 and not plus else 's'}"
        return text if len(text) < KIND_CELLS else f"{len(node.listing.names):,}{plus}"
    return ""


def _kind_word(node: Node) -> str:
    if node.kind is Kind.INDEX or node.is_index or media.is_index(node.media_type):
        return "index"
    return "image" if media.is_image_manifest(node.media_type) else ""


def presence_pieces(observation: Observation, glyphs: Glyphs, tick: int, now: float) -> tuple[Piece, ...]:
    """Symbol and word of one object."""
    presence = observation.presence
    role = presence.words.role
    pieces: list[Piece] = [(glyphs.of(presence, tick), role)]
    word = presence.words.status
    if presence is Presence.LIMITED and observation.retry_at is not None and observation.retry_at > now:
        word = f"limited, {duration(observation.retry_at - now)} left"
    if word:
        pieces.append((f" {word}", role))
    return tuple(pieces)


def rest_words(seconds: float) -> str:
    """That a registry asked for a rest which is waited for."""
    return f"rate limited, {duration(math.ceil(seconds))} left".replace(".0 s", " s")


def status_cell(
    node: Node, observed: Observed, glyphs: Glyphs, tick: int, now: float, rests: Mapping[str, float]
) -> tuple[tuple[Piece, ...], bool]:
    """What the third column says, and whether it is live."""
    if node.load is Load.LOADING:
        rest = rests.get((node.source.registry or "").lower(), 0.0) if rests else 0.0
        if rest > 0:
            return ((glyphs.of(Presence.LIMITED, tick), "warn"), (f" {rest_words(rest)}", "warn")), True
        return ((glyphs.of(Presence.CHECKING, tick), "checking"), (" loading", "dim")), True
    if node.load is Load.FAILED and node.error is not None:
        failed, since = node.error.observation(), observed.observation(node)
        if since.presence.settled and not since.presence.is_there:
            failed = since  # found out by another row that shows it
        return presence_pieces(failed, glyphs, tick, now), failed.presence is Presence.LIMITED
    if node.kind is Kind.FAULT:
        return (), False
    if node.kind in BLOB_KINDS:
        observation = observed.observation(node)
        live = observation.presence in (Presence.CHECKING, Presence.LIMITED)
        return presence_pieces(observation, glyphs, tick, now), live
    if node.kind in (Kind.MORE, Kind.REFERRERS):
        return (), False
    rollup = observed.rollup(node)
    if node.kind in (Kind.SOURCE, Kind.REPOSITORY, Kind.GROUP):
        return _list_status(rollup, glyphs), False
    own = observed.observation(node)
    if own.presence.is_there and node.load is not Load.READY and not rollup.label:
        # The manifest was asked for, and nothing that it names: that is not the tick of something whole.
        word = " manifest present" if node.kind is not Kind.TAG else ""
        stopped: tuple[Piece, ...] = ((" stopped", "warn"),) if node.load is Load.STOPPED else ()
        return ((glyphs.of(Presence.UNCHECKED), "dim"), *(((word, "dim"),) if word else ()), *stopped), False
    if rollup.label or own.presence is not rollup.worst:
        word = rollup.label or rollup.worst.words.status
        role = rollup.worst.words.role
        pieces = ((glyphs.of(rollup.worst, tick), role), *(((f" {word}", role),) if word else ()))
        live = rollup.worst is Presence.CHECKING
    else:
        pieces = presence_pieces(own, glyphs, tick, now)
        live = own.presence in (Presence.CHECKING, Presence.LIMITED)
    if node.load is Load.STOPPED:
        pieces = (*pieces, (" stopped", "warn"))
    return pieces, live


def _list_status(rollup: Rollup, glyphs: Glyphs) -> tuple[Piece, ...]:
    """What a list says of what is below it; nothing before anything was checked."""
    if rollup.worst is Presence.UNCHECKED and not rollup.status:
        return ()
    role = rollup.worst.words.role
    return ((glyphs.of(rollup.worst), role), *(((f" {rollup.status}", role),) if rollup.status else ()))


def row(
    node: Node,
    observed: Observed,
    glyphs: Glyphs,
    *,
    marks: Collection[Node] = (),
    tick: int = 0,
    rests: Mapping[str, float] = MappingProxyType({}),
    facts: int = 0,
) -> Row:
    """All cells of a row; `rests` are the registries (lower case) that asked for a rest, with the seconds left, and
    `facts` is how many of digest and age are wanted."""
    status, live = status_cell(node, observed, glyphs, tick, time.monotonic(), rests)
    role: Role = "plain"
    if node.kind is Kind.FAULT:
        role = "bad"
    elif node.kind in (Kind.MORE, Kind.GROUP, Kind.REFERRERS):
        role = "label"
    elif node.kind is Kind.SOURCE:
        role = "title"
    elif node.kind in MANIFEST_KINDS | BLOB_KINDS:
        # Good is quiet; of what is broken the name is red, not only its symbol.
        broken = any(text.strip() and piece == "bad" for text, piece in status)
        role = "bad" if broken else "label" if node.kind in BLOB_KINDS else "plain"
    kind = kind_cell(node)
    note = node.note if node.note not in (kind, _kind_word(node)) else ""
    if node.load is Load.FAILED and node.error is not None:
        note = node.error.sentence
    elif node.held is not node:
        note = SHARED
    beside = _facts(node, observed) if facts and node.kind in MANIFEST_KINDS else ("", "")
    return Row(node.label, role, kind, status, note, live, node in marks, beside)


def _facts(node: Node, observed: Observed) -> tuple[str, str]:
    """Short digest and age of an image or index."""
    old = brief_age(observed.rollup(node).created, datetime.now(UTC)) if node.load is Load.READY else ""
    return node.digest.encoded[:12] if node.digest is not None else "", old


def shorter(text: str, cells: int) -> str:
    """The same said in fewer words, where there is no room for all of them."""
    for long, short in _SHORTER:
        if len(text) > cells:
            text = long.sub(short, text)
    return text


# columns for the screen


Measure = Callable[[str], int]
"""How many cells a text takes where it is drawn."""


class _Layout:
    """Pieces of text in order, and the cells that they take."""

    def __init__(self, measure: Measure) -> None:
        self.pieces: list[Piece] = []
        self.cells = 0
        self._measure = measure

    def put(self, text: str, role: Role) -> None:
        if text:
            self.pieces.append((text, role))
            self.cells += len(text) if text.isascii() else self._measure(text)


def layout(row: Row, columns: Columns, indent: int, glyphs: Glyphs, measure: Measure = width) -> list[Piece]:
    """Cut and pad the cells of a row so that they stand in columns; `indent` is what guides and arrow take."""
    line = _Layout(measure)
    room = columns.name - indent - 1
    if row.marked:
        line.put(f"{glyphs.mark} ", "mark")
        room -= 2
    edge = columns.name - indent
    if not row.kind and not row.status and not row.note:
        room = columns.total - indent
    elif not row.kind:
        room += columns.kind
    said = sum(measure(text) for text, _ in row.status)
    if measure(row.name) > room:  # it takes what is blank beside it
        beside = (columns.kind if row.kind else 0) + said + 1
        room = max(room, min(measure(row.name), columns.total - indent - line.cells - beside))
    line.put(shorten(row.name, max(4, room)), row.name_role)
    if not row.kind and not row.status and not row.note:
        return line.pieces
    edge = max(edge, line.cells + 1) if row.kind else max(edge + columns.kind, line.cells + 1)
    if row.kind and columns.kind:
        line.put(" " * (edge - line.cells), "plain")
        line.put(cut(row.kind, columns.kind - 1, measure), "dim")
        edge += columns.kind
    line.put(" " * (edge - line.cells), "plain")
    left = columns.total - indent - line.cells
    facts = _facts_beside(row, columns, left, measure)
    right = sum(cells for _, cells in facts)
    left -= right
    for text, role in row.status:
        shown = cut(shorter(text, left), left, measure)
        line.put(shown, role)
        left -= measure(shown)
    if row.note and left > 3:
        gap = " " if not row.status else " " * max(2, edge + 3 - line.cells)
        line.put(cut(gap + row.note, left, measure), "dim")
    if right:
        line.put(" " * (columns.total - indent - right - line.cells), "plain")
        for text, cells in reversed(facts):
            line.put(f"{text:>{cells}}", "dim")
    return line.pieces


def _facts_beside(row: Row, columns: Columns, room: int, measure: Measure) -> list[tuple[str, int]]:
    """As many of digest and age, with their cells, as there is room for beside status and note: what is wrong is told
    first."""
    note = measure(row.note) + 2 if row.note else 0
    shown = list(zip(row.facts, FACT_CELLS, strict=True))[: columns.facts] if any(row.facts) else []
    while shown and not _fits(row.status, room - note - sum(cells for _, cells in shown), measure):
        shown.pop()
    return shown


def _fits(status: Sequence[Piece], room: int, measure: Measure) -> bool:
    """Whether a status says all, in few words, where there is so much room."""
    for text, _ in status:
        room -= measure(shorter(text, room))
    return room >= 0


# lines of text


def tree_rows(
    observed: Observed, node: Node, depth: int | None = None, *, ascii_only: bool = False
) -> Iterator[list[Piece]]:
    """The row and the rows below it as lines of pieces, drawn with guides; `depth` is how many levels below it are
    shown."""
    tee, last, bar, blank = ("|-- ", "`-- ", "|   ", "    ") if ascii_only else ("├── ", "└── ", "│   ", "    ")
    yield _line(observed, node, name_of_root(node), 0, ascii_only, "title")

    def below(parent: Node, prefix: str, level: int) -> Iterator[list[Piece]]:
        if depth is not None and level > depth:
            return
        rows = [row for row in parent.children if row.kind is not Kind.REFERRERS or row.children]
        width = max((len(row.label) for row in rows), default=0)
        for position, row in enumerate(rows):
            ends = position == len(rows) - 1
            guide: Piece = (prefix + (last if ends else tee), "dim")
            yield [guide, *_line(observed, row, row.label, min(width, 40), ascii_only)]
            yield from below(row, prefix + (blank if ends else bar), level + 1)

    yield from below(node, "", 1)


def name_of_root(node: Node) -> str:
    """The whole reference of a row that stands for itself."""
    if node.kind in MANIFEST_KINDS:
        return safe(node.source.reference(node.repository or "", tag=node.tag, digest=node.digest), limit=600)
    if node.kind is Kind.REPOSITORY:
        return safe(node.source.reference(node.repository or ""), limit=600)
    return node.label


def _line(
    observed: Observed, node: Node, label: str, width: int, ascii_only: bool, role: Role = "plain"
) -> list[Piece]:
    """The cells of a row; what is missing below it makes its name red."""
    named = f"{label:<{width}}"
    cells: list[Piece] = []
    if node.kind in MANIFEST_KINDS | BLOB_KINDS:
        observation = observed.observation(node)
        total = observed.rollup(node)
        if node.kind in BLOB_KINDS or node.kind is Kind.MANIFEST:
            cells.append((f"{weight_of(node):>8}", "dim"))
        if observation.presence is not Presence.UNCHECKED or node.load is not Load.IDLE:
            word = total.label or ("" if total.worst.is_there else total.worst.value)
            colour = total.worst.words.role
            cells.append((f"{glyphs(ascii_only).still(total.worst)} {word}".rstrip(), colour))
            if colour == "bad" and role == "plain":
                role = "bad"
        if node.kind is not Kind.TAG and node.digest is not None:
            cells.append((node.digest.short, "dim"))
    elif node.kind in (Kind.REPOSITORY, Kind.SOURCE):
        cells.append((observed.rollup(node).label, "dim"))
    if note := note_of(node):
        cells.append((shorten(note, 60), "dim"))
    shown: list[Piece] = [(named, role), *((f"  {text}", each) for text, each in cells if text.strip())]
    shown[-1] = (shown[-1][0].rstrip(), shown[-1][1])
    return [(to_ascii(text), each) for text, each in shown] if ascii_only else shown


#: The note of an index that is in its image twice.
SHARED = "index shown once only"
_NOT_PRINTED = "not printed; `fanfold check` checks all tags of a repository"


def note_of(node: Node) -> str:
    """What is noted of a row, where nobody can press a key."""
    if node.kind is Kind.MORE:  # its own names a key
        return _NOT_PRINTED
    return SHARED if node.held is not node else node.note


def weight_of(node: Node) -> str:
    """Of an image what it takes with all its parts, of everything else its own bytes."""
    manifest = node.image_manifest
    return size(node.size if node.kind is not Kind.MANIFEST or manifest is None else image_size(manifest))
