"""The tags of a repository, below its summary: a strip of their health, and a table of which only those lines are made
that are on the screen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from tui.app.pages.parts import FILLED, Scene, blank
from tui.app.styled_text import Line, Lines, Link, Role, Target, cut
from tui.explore.cells import OLD_SECONDS
from tui.explore.node import Load
from tui.explore.tag_table import TagEntry, TagTable, marks, remark, size_of
from tui.explore.tally import STRIP_CELLS, Tally, strip
from tui.sources.presence import Presence
from tui.text import brief_age, plural, shorten, size, width

_AGE, _SIZE = 7, 9
_SHORTEST_STRIP = 10
#: What is said behind the marks, where something is, takes so many cells.
_REMARK = 12
#: A name may be cut to so many cells where the columns beside it need the room.
_NAME = 16
#: The name of a platform is given so many cells at most above its column.
_PLATFORM = 14
_UNAGED = ", unknown ages last"
_ORDERS = {
    "age": "newest first",
    "worst": "broken first",
    "version": "by version",
    "newest": "highest version first",
    "name": "by name",
    "server": "as the registry lists them",
}


def strip_line(scene: Scene, tally: Tally) -> Line:
    """How many tags are what, as a bar and in words."""
    line = Line(hang=2)
    room = max(_SHORTEST_STRIP, min(STRIP_CELLS, scene.width - len(tally.words) - 2))
    for text, role in strip(tally, room, ascii_only=scene.glyphs.name == "ascii"):
        line.put(text, role)  # type: ignore[arg-type]
    return line.put("  ").put(tally.words, "plain")


def _is_bad(presence: Presence | None) -> bool:
    return presence is not None and presence.words.role == "bad"


class TagsPage:
    """`head` are the lines above the table, `tail` those below it."""

    def __init__(self, head: Sequence[Line], table: TagTable, scene: Scene, tail: Sequence[Line] = ()) -> None:
        self._table = table
        self._scene = scene
        self._width = scene.width
        self._now = datetime.now(UTC)
        self._names = max((width(entry.node.label) for entry in table.entries), default=4)
        self._fit()
        self._head = [*head, blank(), self._said(), self._titles()]
        self._tail = [*self._rest(), *tail]
        self._made: dict[int, Line] = {}
        first = len(self._head)
        #: These lines are made to fit: they are never folded, and not made before they are drawn.
        self.unfolded = range(first, first + len(table.entries))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TagsPage) and self._what == other._what

    __hash__ = None  # type: ignore[assignment]

    @property
    def _what(self) -> tuple[object, ...]:
        minute = self._now.timestamp() // OLD_SECONDS
        return (Lines(self._head), self._table.entries, Lines(self._tail), self._width, minute)

    def __len__(self) -> int:
        return self.unfolded.stop + len(self._tail)

    def plain(self, number: int) -> str:
        """The text of a line."""
        return self.line(number).plain

    def line(self, number: int) -> Line:
        """A line."""
        if number < self.unfolded.start:
            return self._head[number]
        if number >= self.unfolded.stop:
            return self._tail[number - self.unfolded.stop]
        made = self._made.get(number)
        if made is None:
            place = number - self.unfolded.start
            made = self._made[number] = self._tag(self._table.entries[place])
            if place % 2:
                made.pad(self._width).spans.insert(0, (0, len(made.plain), "bar"))
        return made

    def links(self) -> Sequence[tuple[int, Link]]:
        """Those of the head, each tag, those of the tail."""
        first, last = self.unfolded.start, self.unfolded.stop
        return [
            *((number, link) for number, line in enumerate(self._head) for link in line.links),
            *(
                (first + place, Link(0, min(self._name, len(entry.node.label)), Target("node", entry.node.key)))
                for place, entry in enumerate(self._table.entries)
            ),
            *((last + place, link) for place, line in enumerate(self._tail) for link in line.links),
        ]

    # the columns

    def _fit(self) -> None:
        """Give each column its cells: a name is cut only where there is nothing left beside it to leave out."""
        columns = self._table.platforms
        self._short = [shorten(label.removeprefix("linux/"), _PLATFORM) for label in columns]
        wide = sum(width(label) + 1 for label in self._short)
        names = min(self._names, max(_NAME, self._width // 2))
        room = self._width - names - _AGE
        self._sized = room - _SIZE >= min(len(columns), 8) + 2
        room -= _SIZE * self._sized
        said = any(len(labels) > 1 for labels in self._table.same.values())
        said = said or any(entry.node.load is Load.FAILED for entry in self._table.entries)
        self._titled = 0 < wide + 2 + _REMARK * said <= room
        self._marks = wide if self._titled else min(len(columns), max(0, room - 2))
        beside = _AGE + _SIZE * self._sized + (self._marks + 1 if self._marks else 0)
        self._name = max(4, min(self._names, self._width - beside))

    def _said(self) -> Line:
        table, listing = self._table, self._scene.node.listing
        assert listing is not None
        key = self._scene.keys.first("worst-first")
        known = plural(len(listing.names), "tag") if listing.complete else f"{len(listing.names):,}+ tags"
        line = Line(hang=2).put(known, "head")
        line.put(f"  {_ORDERS.get(table.order, table.order)}", "dim")
        aged = table.order == "age" and any(entry.sum.created is None for entry in table.entries)
        words = " previous order" if table.order == "worst" else " worst first"
        if not key or table.tally.total == table.tally.waiting:
            key = words = ""
        if aged and self._fits(line, f"{_UNAGED}   {key}{words}"):
            line.put(_UNAGED, "dim")
        if key and self._fits(line, f"   {key}{words}"):
            line.put("   ").put(key, "key-cap", Target("action", "worst-first")).put(words, "dim")
        return line

    def _fits(self, line: Line, more: str) -> bool:
        """Whether a line can be so much longer: nothing is broken between a key and its words."""
        return width(line.plain) + width(more) <= self._width

    def _titles(self) -> Line:
        line = Line(fold="cut").put("tag", "dim").pad(self._name).put(f"{'age':>{_AGE}}", "dim")
        if self._sized:
            line.put(f"{'size':>{_SIZE}}", "dim")
        if self._marks:
            words = " ".join(self._short) if self._titled else cut("platforms", self._width - width(line.plain) - 2)
            line.put(f"  {words}", "dim")
        return line

    def _tag(self, entry: TagEntry) -> Line:
        node, sum, glyphs = entry.node, entry.sum, self._scene.glyphs
        observed = self._scene.observed
        shown = marks(node, self._table.platforms, observed.rollup)
        bad = sum.broken or sum.worst.words.role == "bad"
        line = Line(fold="cut").put(shorten(node.label, self._name), "bad" if bad else "plain")
        line.pad(self._name).put(f"{brief_age(sum.created, self._now):>{_AGE}}", "dim")
        if self._sized:
            weight = size(size_of(node)) or ("—" if node.load in (Load.READY, Load.FAILED) else "")
            line.put(f"{weight:>{_SIZE}}", "dim")
        if self._marks:
            line.put("  ")
            for label, presence in list(zip(self._short, shown, strict=True))[: None if self._titled else self._marks]:
                mark = " " if presence is None else glyphs.of(presence)
                role: Role = "plain" if presence is None else presence.words.role
                role = FILLED.get(role, role)
                if not self._titled:
                    line.put(mark, role)
                    continue
                filled = f" {mark} " if width(label) > 2 else mark
                beside = width(label) - width(filled)
                line.put(" " * (beside // 2)).put(filled, role).put(" " * (beside - beside // 2 + 1))
            line.pad(self._name + _AGE + _SIZE * self._sized + 2 + self._marks)
        said = remark(node, sum, shown)
        if not said and not self._titled and self._marks:
            said = ", ".join(label for label, each in zip(self._short, shown, strict=True) if _is_bad(each))
        if said:
            self._put(line, said, "bad" if sum.broken else sum.worst.words.role)
        if others := self._table.others(node):
            more = f" and {len(others) - 3} more" if len(others) > 3 else ""
            self._put(line, f"= {', '.join(others[:3])}{more}", "dim")
        return line

    def _put(self, line: Line, text: str, role: Role) -> None:
        """What there is room for, behind the columns."""
        if (room := self._width - width(line.plain) - 1) > 3:
            line.put(f" {cut(text, room)}", role)

    def _rest(self) -> list[Line]:
        more = self._table.more
        return [Line(hang=2).put(f"{plural(more, 'more tag')} in the tree", "dim")] if more else []
