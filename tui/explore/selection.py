"""Which rows a check of a source looks at, and how much of all that there is they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial

from tui.explore import walker
from tui.explore.explorer import Explorer
from tui.explore.node import MANIFEST_KINDS, Kind, Node
from tui.explore.report import Report
from tui.explore.verdict import Coverage, coverage
from tui.oci.digest import Digest
from tui.sources.base import Source, SourceError
from tui.sources.presence import Presence

#: So many objects are expected of an image as long as none was looked at.
_EXPECTED = 100


@dataclass(slots=True)
class Budget:
    """How many objects are to be looked at, several rows at once. What those bring is guessed from what the others
    brought, so that little is asked for that nobody gets to see."""

    spent: int = 0
    _looked: int = 0
    _under_way: int = 0

    @property
    def is_spent(self) -> bool:
        return self.spent >= walker.OBJECT_LIMIT

    @property
    def has_room(self) -> bool:
        """Whether one row more may be begun."""
        each = self.spent / self._looked if self._looked else _EXPECTED
        return not self._under_way or self.spent + (self._under_way + 1) * each <= walker.OBJECT_LIMIT

    def begin(self) -> None:
        """A row is begun."""
        self._under_way += 1

    def end(self, objects: int) -> None:
        """It was looked at, and brought so many that were not known: a row that brings nothing is a question, too."""
        self._under_way -= 1
        self._looked += 1
        self.spent += max(1, objects)

    def drop(self) -> None:
        """It was looked at for nothing: nobody gets to see it."""
        self._under_way -= 1


@dataclass(slots=True)
class Row:
    """A row to look at. It is in the tree from `take` to `put_back`."""

    key: str
    source: Source
    take: Callable[[], Node]
    put_back: Callable[[Node], None] = lambda row: None
    place: Node | None = None
    """The repository in whose list it is."""


@dataclass(slots=True)
class Selection:
    """The rows to check. What each brought is to be `add`ed in their order."""

    candidates: Iterable[Row]
    count: int
    coverage: Coverage
    """How whole the list of the rows is."""
    budget: Budget = field(default_factory=Budget)
    _met: set[Digest] = field(default_factory=set)
    _looked: int = 0

    @property
    def several(self) -> bool:
        """Whether there is more than one report on it."""
        return self.count > 1 or not self.coverage.all_listed

    def rows(self) -> Iterator[Row]:
        """Until `walker.OBJECT_LIMIT` objects were looked at."""
        for row in self.candidates:
            if self.budget.is_spent:
                return
            yield row

    def add(self, report: Report) -> bool:
        """A row was looked at; False when that was one too many."""
        if self.budget.is_spent:
            return False
        known = len(self._met)
        self._met.update(part.digest for part in report.objects)
        self.budget.end(len(self._met) - known)
        self._looked += 1
        return True

    @property
    def covered(self) -> Coverage:
        """How much of all there is was looked at until now."""
        covered = replace(self.coverage, looked=self._looked)
        if self._looked >= self.count:
            return covered
        cut = f"a check stops after {walker.OBJECT_LIMIT:,} objects."
        return replace(covered, why=f"{cut} {covered.why}".rstrip())


async def select(explorer: Explorer, node: Node, name: str, *, named: bool) -> Selection:
    """What is to be checked of a row: itself when somebody `named` it; of a tag latest that nobody named and that is
    not there, and of a repository or a source, every tag there is.

    Raises SourceError when they cannot be listed, or when nothing is there; `name` (safe) is what it is called then.
    """
    image = node.kind in MANIFEST_KINDS
    selection = await _image(explorer, node, named) if image else await _tags(explorer, node)
    if selection.count:
        return selection
    why = "" if selection.coverage.all_listed else f" {selection.coverage.why}".rstrip()
    fix = "Check the name; `fanfold tree` lists the tags."
    raise SourceError(Presence.UNREACHABLE, f"Nothing to check in {name}.{why}", fix=fix)


async def _image(explorer: Explorer, node: Node, named: bool) -> Selection:
    alone = Selection((Row(node.key, node.source, lambda: node),), 1, Coverage(0, 1))
    if named:
        return alone
    await explorer.read_manifest_json(node)  # and not `open`, which begins to check: that comes next
    missing = node.error is not None and node.error.presence is Presence.MISSING
    if not missing or node.parent is None or (node.error is not None and node.error.repository_unknown):
        return alone
    try:
        chosen = await _tags(explorer, node.parent)
    except SourceError as error:
        if error.presence is Presence.MISSING:
            return alone
        raise _only_latest_is_known(error.presence, f"was refused: {error.sentence}", error.retry_at) from error
    if chosen.count:
        return chosen
    if not chosen.coverage.whole:
        raise _only_latest_is_known(Presence.UNREACHABLE, f"could not be read fully. {chosen.coverage.why}".rstrip())
    return alone


_LISTING = " Listing may need a login (docker login) even where pulling does not."


def _only_latest_is_known(presence: Presence, why: str, retry_at: float | None = None) -> SourceError:
    """Nobody named a tag, and which tags there are was not told: what can be pulled is not known."""
    return SourceError(
        presence,
        f"Tag not found: latest. The list of its tags {why}",
        fix=f"Name a tag: NAME:TAG.{_LISTING if presence is Presence.DENIED else ''}",
        retry_at=retry_at,
    )


async def _tags(explorer: Explorer, node: Node) -> Selection:
    """The tags of a repository, or of every repository of a source."""
    await explorer.open(node)
    if node.error is not None:
        raise node.error
    places = [node]
    if node.kind is Kind.SOURCE:
        places = [child for child in node.children if child.kind is Kind.REPOSITORY]
        for place in places:
            await explorer.open(place)
            if place.error is not None:
                raise place.error
    names = [(place, name) for place in places for name in explorer.names(place)]
    rows = (
        Row(explorer.key_in(place, name), place.source, partial(explorer.pick, place, name), explorer.put_back, place)
        for place, name in names
    )
    return Selection(rows, len(names), replace(coverage(node), listed=len(names)))
