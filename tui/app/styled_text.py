"""Lines of text with roles and links, and how they are folded to a width. Plain data: the widgets draw it.

A role is a word such as `good` or `digest`; main.tcss gives it a colour (`.role-good`). Text put into a line must
be safe already (`tui.text.safe`); nothing here parses markup.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, get_args

from rich.cells import cell_len, get_character_cell_size

from tui.text import cut as cut_text

Role = Literal[
    # weight: values, names, labels, lines
    "plain", "title", "head", "label", "dim", "faint",
    # what is known of an object; the last two are filled cells
    "good", "hashed", "bad", "warn", "unknown", "checking", "info", "fault", "doubt",
    # where one is, and which keys there are
    "accent", "key-cap", "mark", "here", "here-fault",
    "digest", "key", "string", "number", "literal",
    # grounds: every second row, sides of a comparison, layers that several platforms share
    "bar", "added", "removed", "share-a", "share-b", "share-c", "share-d", "share-e", "share-f",
]  # fmt: skip
ROLES: tuple[Role, ...] = get_args(Role)

Fold = Literal["word", "char", "name", "cut"]
"""Between words; anywhere, as a digest; a reference or path behind one of its separators; not at all."""
#: Behind these a name may be folded.
_SEPARATORS = frozenset("/:@-_.,")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads: `what` is `digest` (go to it), `node` (a row's key), `action` (an action's id),
    or `copy` (text for the clipboard); `value` is the raw value."""

    what: Literal["digest", "node", "action", "copy"]
    value: str


@dataclass(frozen=True, slots=True)
class Link:
    """Characters `start` to `end` of a line lead to `target`."""

    start: int
    end: int
    target: Target


@dataclass(slots=True)
class Line:
    """One line before folding. `hang` is how many cells its continuation rows are indented by."""

    plain: str = ""
    spans: list[tuple[int, int, str]] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    hang: int = 0
    fold: Fold = "word"

    def put(self, text: str, role: Role = "plain", link: Target | None = None) -> Line:
        """Append safe text; returns the line itself, so that calls chain."""
        start = len(self.plain)
        self.plain += text
        if role != "plain":
            self.spans.append((start, len(self.plain), role))
        if link is not None:
            self.links.append(Link(start, len(self.plain), link))
        return self

    @property
    def held(self) -> str:
        """The text as it is to be folded: no key is parted from the word that says what it does."""
        text = self.plain
        for _, end, role in self.spans:
            if role == "key-cap" and text[end : end + 1] == " ":
                text = f"{text[:end]}\u00a0{text[end + 1 :]}"
        return text

    def pad(self, cells: int) -> Line:
        """Fill with blanks up to this many cells."""
        self.plain += " " * max(0, cells - cell_len(self.plain))
        return self


class Page(Protocol):
    """Lines by number; a long page makes them when they are asked for."""

    def __len__(self) -> int: ...
    def line(self, number: int) -> Line: ...
    def plain(self, number: int) -> str:
        """The text of a line, cheaper than the line itself."""
        ...

    def links(self) -> Sequence[tuple[int, Link]]:
        """All links as (line number, link), in reading order."""
        ...

    @property
    def unfolded(self) -> range:
        """Lines that fit and take one row each: they are not asked for before they are drawn."""
        ...


class Lines:
    """A page of lines that exist already."""

    unfolded = range(0)

    def __init__(self, lines: Iterable[Line] = ()) -> None:
        self._lines = list(lines)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Lines) and self._lines == other._lines

    __hash__ = None  # type: ignore[assignment]

    def __len__(self) -> int:
        return len(self._lines)

    def line(self, number: int) -> Line:
        return self._lines[number]

    def plain(self, number: int) -> str:
        return self._lines[number].plain

    def links(self) -> Sequence[tuple[int, Link]]:
        return [(number, link) for number, line in enumerate(self._lines) for link in line.links]


#: A number, up to the blank before its unit, which it is not parted from.
_QUANTITY = re.compile(r"\d (?=(?:[kMGTP]?B|s|ms|min|h|d|w|mo|y|%)(?![\w/]))")


def wrap(text: str, width: int, *, hang: int = 0, fold: Fold = "word") -> list[int]:
    """Where each row of a folded line begins, as character offsets; the first is 0. `width` in cells."""
    if width <= 0 or fold == "cut":
        return [0]
    ascii_only = text.isascii()
    if (len(text) if ascii_only else cell_len(text)) <= width:
        return [0]
    hang = hang if hang < width - 8 else 0
    if fold == "char" and ascii_only:
        return [0, *range(width, len(text), width - hang)]
    return _fold_slowly(text, width, hang, fold)


def _fold_slowly(text: str, width: int, hang: int, fold: Fold) -> list[int]:
    starts = [0]
    room = width
    used = 0
    blank = -1  # where the row could be broken: just after the last blank
    held = {match.end() - 1 for match in _QUANTITY.finditer(text)} if fold == "word" else set()
    for place, character in enumerate(text):
        cells = 1 if character.isascii() else get_character_cell_size(character)
        if used + cells > room:
            cut = blank if blank > starts[-1] else place
            starts.append(cut)
            room = width - hang
            used = sum(1 if c.isascii() else get_character_cell_size(c) for c in text[cut:place])
            blank = -1
            if used + cells > room:  # a word that fills the next row, too
                starts.append(place)
                used = 0
        used += cells
        if fold == "word":
            blank = place + 1 if character == " " and place not in held else blank
        elif fold == "name" and character in _SEPARATORS and used > room // 2:
            blank = place + 1
    return starts


def shortened(line: Line, width: int, rows: int) -> Line:
    """The line cut so that it folds to so many rows. What leads to an action stays: a dim remark at the end goes first,
    then the words before the actions are cut."""
    text = line.held
    if len(wrap(text, width, hang=line.hang)) <= rows:
        return line
    remark, end, role = line.spans[-1] if line.spans else (0, 0, "")
    if role == "dim" and end == len(text) and any(link.end <= remark for link in line.links):
        links = [link for link in line.links if link.end <= remark]
        return shortened(Line(line.plain[:remark], line.spans[:-1], links, line.hang, line.fold), width, rows)
    first = min((link.start for link in line.links if link.target.what == "action"), default=len(line.plain))
    words, keys = text[:first].rstrip(), text[first:]
    gap = "…   " if keys else "…"
    # Words before a break that fits fit too, so that the longest that fit can be found by halving.
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        fits = len(wrap(words[:middle].rstrip() + gap + keys, width, hang=line.hang)) <= rows
        low, high = (middle, high) if fits else (low, middle - 1)
    kept = words[:low]
    if low < len(words) and words[low] != " " and " " in kept.strip():
        kept = kept.rpartition(" ")[0]  # no half of a word
    kept = kept.rstrip()
    if low < len(words):
        kept = _to_the_end_of_a_part(kept)
    moved = len(kept) + len(gap) - first
    short = Line(line.plain[: len(kept)] + gap + line.plain[first:], hang=line.hang, fold=line.fold)
    for start, end, role in line.spans:
        if start < first:
            short.spans.append((start, min(end, len(kept)), role))
        else:
            short.spans.append((start + moved, end + moved, role))
    for link in line.links:
        if link.end <= len(kept):
            short.links.append(link)
        elif link.start >= first:
            short.links.append(Link(link.start + moved, link.end + moved, link.target))
    return short


#: Where a part of a sentence ends: behind a full stop, or before a semicolon or an opening bracket.
_PART_ENDS = re.compile(r"\.(?= )|(?=; )|(?= \()")


def _to_the_end_of_a_part(text: str) -> str:
    """Without the beginning of a sentence, clause or bracket that is cut off, where little is lost by that."""
    end = max((match.end() for match in _PART_ENDS.finditer(text)), default=0)
    if end <= len(text) * 3 // 4:
        return text
    return text[:end] + (" " if text[end - 1] == "." else "")


def columns(texts: Sequence[tuple[str, int, Role]]) -> Line:
    """A line of cells that are each cut to a width (the last with width 0 takes what is left)."""
    line = Line(fold="cut")
    edge = 0
    for text, width, role in texts:
        line.put(cut(text, width - 1) if width else text, role)
        edge += width
        line.pad(edge)
    return line


def cut(text: str, width: int) -> str:
    """At most `width` cells, with an ellipsis at the end when something was left out."""
    return cut_text(text, width, cell_len)
