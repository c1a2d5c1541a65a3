"""Which rows a check of a source looks at, and how much of all that there is they are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, replace

from tui.explore import walker
from tui.explore.explorer import Explorer
from tui.explore.node import MANIFEST_KINDS, Kind, Node
from tui.explore.report import Report, failed_report, partial_report
from tui.explore.verdict import Coverage, coverage
from tui.oci.digest import Digest
from tui.sources.base import SourceError
from tui.sources.presence import Presence


@dataclass(frozen=True, slots=True)
class Selection:
    """The rows to check, made when they are asked for; how many they are, and how whole the list of them is."""

    rows: Iterable[Node]
    count: int
    coverage: Coverage

    @property
    def several(self) -> bool:
        """Whether there is more than one report on it."""
        return self.count > 1 or (self.count > 0 and not self.coverage.all_listed)

    async def reports(self, name: str, check: Callable[[Node], Awaitable[Report]]) -> AsyncIterator[Report]:
        """A report on each row, until `walker.OBJECT_LIMIT` objects were looked at, and at the end what of the source
        (called `name`, safe) was not looked at, if anything."""
        if not self.count:
            yield self._nothing(name)
            return
        met: set[Digest] = set()
        looked = spent = 0
        for row in self.rows:
            if spent >= walker.OBJECT_LIMIT:
                break
            report = await check(row)
            yield report
            known = len(met)
            met.update(part.digest for part in report.objects)
            spent += max(1, len(met) - known)  # a tag that brings nothing new is a question, too
            looked += 1
        covered = replace(self.coverage, looked=looked)
        if not covered.complete:
            if looked < self.count:
                cut = f"a check looks at {walker.OBJECT_LIMIT:,} objects, and then at no further tag."
                covered = replace(covered, why=f"{cut} {covered.why}".rstrip())
            yield partial_report(name, covered)

    def _nothing(self, name: str) -> Report:
        sentence = f"There is nothing to check in {name}."
        if not self.coverage.all_listed:
            sentence += f" {self.coverage.why}".rstrip()
        fix = "Check the name; `fanfold tree` shows what is there."
        return failed_report(name, SourceError(Presence.UNREACHABLE, sentence, fix=fix))


async def select(explorer: Explorer, node: Node, *, named: bool) -> Selection:
    """What is to be checked of a row: itself when somebody `named` it; of a tag latest that nobody named and that is
    not there, and of a repository or a source, every tag there is. Raises SourceError when they cannot be listed."""
    if node.kind not in MANIFEST_KINDS:
        return await _tags(explorer, node)
    alone = Selection((node,), 1, Coverage(0, 1))
    if named:
        return alone
    await explorer.read_manifest_json(node)  # and not `open`, which begins to check: that comes next
    missing = node.error is not None and node.error.presence is Presence.MISSING
    if not missing or node.parent is None or (node.error is not None and node.error.repository_unknown):
        return alone
    try:
        chosen = await _tags(explorer, node.parent)
    except SourceError:
        return alone  # that there is no tag latest is known, whatever the list says
    return chosen if chosen.count else alone


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
