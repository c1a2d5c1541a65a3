"""What a row of the tree says, in cells: name, kind or size, status, note. Read from the engine."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol

from tui.app.glyphs import Glyphs
from tui.app.styled_text import Role, cut
from tui.explore.node import BLOB_KINDS, Kind, Load, Node
from tui.explore.objects import image_size as bytes_of
from tui.oci import media
from tui.sources.presence import Observation, Presence
from tui.text import duration, shorten, size

#: Shorter phrases for a narrow column, tried in turn: a cut phrase could say the opposite of a whole one.
_SHORTER = (
    (re.compile(r" (platforms?|images?) cannot be pulled$"), " broken"),
    (re.compile(r" (platforms?|images?) can be pulled$"), " can be pulled"),
    (re.compile(r" can be pulled$"), " pulls"),
    (re.compile(r" (pulls|platforms?|images?)$"), ""),
    (re.compile(r"(\d+) of \d+ broken$"), r"\1 broken"),
)


class Sum(Protocol):
    """What a parent shows of what is below it (`explore`'s Rollup)."""

    @property
    def worst(self) -> Presence: ...
    @property
    def label(self) -> str: ...


class Book(Protocol):
    """The part of the engine that rows are read from."""

    def observation(self, node: Node) -> Observation: ...
    def rollup(self, node: Node) -> Sum: ...


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


#: What the second column takes, with the space after it.
KIND_CELLS = 9


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

    @classmethod
    def of(cls, width: int, longest: int = 0) -> Columns:
        """Shares of a pane this wide, when the `longest` name (with what stands before it) takes so many cells: names
        get what they need up to more than half, the rest is for kind, status and note."""
        if width < 34:
            return cls(max(8, width - 12), 0, width)
        kind = KIND_CELLS
        name = min(longest + 2, width * 60 // 100) if longest else (width - kind) * 48 // 100
        return cls(max(18, name), kind, width)


def image_size(node: Node) -> int | None:
    """Bytes of config and layers together, once the manifest is known; None before."""
    return bytes_of(node.image_manifest) if node.image_manifest is not None else None


def kind_cell(node: Node) -> str:
    """What the second column says."""
    if node.kind in BLOB_KINDS:
        return size(node.size)
    if node.kind is Kind.TAG:
        if node.is_index or media.is_index(node.media_type):
            return "index"
        return "image" if media.is_image_manifest(node.media_type) else ""
    if node.kind is Kind.INDEX:
        return "index"
    if node.kind in (Kind.MANIFEST, Kind.REFERRER):
        return size(image_size(node))
    if node.kind is Kind.SOURCE:
        return _SOURCES.get(node.source.kind, node.source.kind)
    if node.kind is Kind.REPOSITORY and node.listing is not None and node.listing.names:
        plus = "" if node.listing.complete else "+"
        text = f"{len(node.listing.names):,}{plus} tag{'' if len(node.listing.names) == 1 and not plus else 's'}"
        return text if len(text) < KIND_CELLS else f"{len(node.listing.names):,}{plus}"
    return ""


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
    node: Node, book: Book, glyphs: Glyphs, tick: int, now: float, rests: Mapping[str, float]
) -> tuple[tuple[Piece, ...], bool]:
    """What the third column says, and whether it is live."""
    if node.load is Load.LOADING:
        rest = rests.get((node.source.registry or "").lower(), 0.0) if rests else 0.0
        if rest > 0:
            return ((glyphs.of(Presence.LIMITED, tick), "warn"), (f" {rest_words(rest)}", "warn")), True
        return ((glyphs.of(Presence.CHECKING, tick), "info"), (" loading", "dim")), True
    if node.load is Load.FAILED and node.error is not None:
        failed = node.error.observation()
        return presence_pieces(failed, glyphs, tick, now), failed.presence is Presence.LIMITED
    if node.kind is Kind.FAULT:
        return (), False
    if node.kind in BLOB_KINDS:
        observation = book.observation(node)
        live = observation.presence in (Presence.CHECKING, Presence.LIMITED)
        return presence_pieces(observation, glyphs, tick, now), live
    if node.kind in (Kind.SOURCE, Kind.REPOSITORY, Kind.GROUP, Kind.MORE, Kind.REFERRERS):
        return (), False
    rollup = book.rollup(node)
    if rollup.worst is Presence.PRESENT and node.load is Load.IDLE and not rollup.label:
        # The manifest was asked for, and nothing that it names: that is not the green of something whole.
        word = " manifest" if node.kind is not Kind.TAG else ""
        return ((glyphs.of(Presence.PRESENT), "dim"), (word, "dim")), False
    own = book.observation(node)
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


def row(
    node: Node,
    book: Book,
    glyphs: Glyphs,
    *,
    marks: Collection[Node] = (),
    tick: int = 0,
    rests: Mapping[str, float] = MappingProxyType({}),
) -> Row:
    """All cells of a row; `rests` are the registries (lower case) that asked for a rest, with the seconds left."""
    status, live = status_cell(node, book, glyphs, tick, time.monotonic(), rests)
    role: Role = "plain"
    if node.kind is Kind.FAULT:
        role = "bad"
    elif node.kind in (Kind.MORE, Kind.GROUP, Kind.REFERRERS):
        role = "accent"
    elif node.kind is Kind.SOURCE:
        role = "title"
    elif node.kind in BLOB_KINDS:
        role = "label"
    kind = kind_cell(node)
    note = node.note if node.note != kind else ""
    if node.load is Load.FAILED and node.error is not None:
        note = node.error.sentence
    return Row(node.label, role, kind, status, note, live, node in marks)


def shorter(text: str, cells: int) -> str:
    """The same said in fewer words, where there is no room for all of them."""
    for long, short in _SHORTER:
        if len(text) > cells:
            text = long.sub(short, text)
    return text


@dataclass(slots=True)
class Laid:
    """A row laid out: pieces of text in order."""

    pieces: list[Piece] = field(default_factory=list)
    cells: int = 0

    def put(self, text: str, role: Role) -> None:
        """Add text; `cells` counts along."""
        from rich.cells import cell_len

        if text:
            self.pieces.append((text, role))
            self.cells += len(text) if text.isascii() else cell_len(text)


def lay(row: Row, columns: Columns, indent: int, glyphs: Glyphs) -> list[Piece]:
    """Cut and pad the cells of a row so that they stand in columns; `indent` is what guides and arrow take."""
    laid = Laid()
    room = columns.name - indent - 1
    if row.marked:
        laid.put(f"{glyphs.mark} ", "mark")
        room -= 2
    spill = not row.kind and not row.status and not row.note
    if spill:
        room = columns.total - indent
    elif not row.kind:
        room += columns.kind
    laid.put(shorten(row.name, max(4, room)), row.name_role)
    edge = columns.name - indent
    if columns.kind:
        if row.kind:
            laid.put(" " * (edge - laid.cells), "plain")
            laid.put(cut(row.kind, columns.kind - 1), "dim")
        edge += columns.kind
    laid.put(" " * (edge - laid.cells), "plain")
    left = columns.total - indent - laid.cells
    for text, role in row.status:
        laid.put(cut(shorter(text, left), left), role)
        left = columns.total - indent - laid.cells
    if row.note and left > 3:
        gap = " " if not row.status else " " * max(2, edge + 3 - laid.cells)
        laid.put(cut(gap + row.note, left), "dim")
    return laid.pieces
