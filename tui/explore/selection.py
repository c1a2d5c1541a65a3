"""Which rows a check of a source looks at, and how much of all that there is they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from tui.explore import walker
from tui.explore.explorer import Explorer
from tui.explore.node import MANIFEST_KINDS, Kind, Node
from tui.explore.report import Report
from tui.explore.verdict import Coverage, coverage
from tui.oci.digest import Digest
from tui.sources.base import SourceError
from tui.sources.presence import Presence


@dataclass(slots=True)
class Selection:
    """The rows to check, made when they are asked for. Each report is to be `add`ed before the next row is taken."""

    candidates: Iterable[Node]
    count: int
    coverage: Coverage
    """How whole the list of the rows is."""
    _met: set[Digest] = field(default_factory=set)
    _looked: int = 0
    _spent: int = 0

    @property
    def several(self) -> bool:
        """Whether there is more than one report on it."""
        return self.count > 1 or not self.coverage.all_listed

    def rows(self) -> Iterator[Node]:
        """Until `walker.OBJECT_LIMIT` objects were looked at."""
        for row in self.candidates:
            if self._spent >= walker.OBJECT_LIMIT:
                return
            yield row

    def add(self, report: Report) -> None:
        """A row was looked at."""
        known = len(self._met)
        self._met.update(part.digest for part in report.objects)
        self._spent += max(1, len(self._met) - known)  # a tag that brings nothing new is a question, too
        self._looked += 1

    @property
    def covered(self) -> Coverage:
        """How much of all there is was looked at until now."""
        covered = replace(self.coverage, looked=self._looked)
        if self._looked >= self.count:
            return covered
        cut = f"a check looks at {walker.OBJECT_LIMIT:,} objects, and then at no further tag."
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
    fix = "Check the name; `fanfold tree` shows what is there."
    raise SourceError(Presence.UNREACHABLE, f"There is nothing to check in {name}.{why}", fix=fix)


async def _image(explorer: Explorer, node: Node, named: bool) -> Selection:
    alone = Selection((node,), 1, Coverage(0, 1))
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
        raise _only_latest_is_known(Presence.UNREACHABLE, f"could not be read whole. {chosen.coverage.why}".rstrip())
    return alone


_LISTING = " Listing may need a login (docker login) that pulling does not."


def _only_latest_is_known(presence: Presence, why: str, retry_at: float | None = None) -> SourceError:
    """Nobody named a tag, and which tags there are was not told: what can be pulled is not known."""
    return SourceError(
        presence,
        f"The tag latest is not there, and the list of its tags {why} So what can be pulled is not known.",
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
    count = sum(1 for place in places for name in explorer.names(place))
    rows = (row for place in places for row in explorer.each(place))
    return Selection(rows, count, replace(coverage(node), listed=count))
