"""Everything that one `fanfold check` looks at, in one line: several tags, repositories and sources at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from tui.commands.printing import Printed
from tui.engine import Engine
from tui.explore import walker
from tui.explore.choice import Choice
from tui.explore.in_order import in_order
from tui.explore.node import Node
from tui.explore.report import Report, exit_status, failed_report, partial_report, report
from tui.explore.selection import Budget, Row, Selection, select
from tui.explore.tally import Tally
from tui.explore.verdict import Coverage
from tui.registry.trace import RequestCount, counting
from tui.sources.base import SourceError
from tui.sources.spec import SourceSpec
from tui.text import safe

T = TypeVar("T")

#: So many tags at most are looked at, or wait for those before them to be printed.
UNDER_WAY = 256
#: So many sources or repositories are opened before it is their turn.
OPENED_AHEAD = 16

_Opened = Selection | SourceError
_Put = Callable[[Report, str | None], None]
"""Prints a report, and the tag that it is about when it is one of a repository's list."""


def _nothing() -> None:
    """Nothing is to be done."""


@dataclass(slots=True)
class _Part:
    """A row to look at, or only something to do when its turn comes."""

    act: Callable[[], None] = _nothing
    row: Row | None = None
    show: Callable[[Report, Node], None] | None = None
    """What is done with the report on the row, when its turn comes."""
    budgets: tuple[Budget, ...] = ()
    """What it is begun at the cost of; the first has to have room."""
    opening: int = 0
    """How many requests it took to open the source of which this is the only row."""


class CheckQueue:
    """What is to be checked, one part after the other. `run` prints each report as soon as those before it are."""

    def __init__(self, engine: Engine, printed: Printed, choice: Choice, deep: bool | None) -> None:
        self.statuses: set[int] = set()
        self._engine, self._printed, self._choice, self._deep = engine, printed, choice, deep
        self._busy: set[str] = set()
        self._ended = asyncio.Event()

    async def run(self, sources: Sequence[SourceSpec]) -> None:
        """Check all of it. Few reports and rows are kept at a time: a repository may have many thousand tags."""
        async with aclosing(in_order(self._parts(sources), self._look, UNDER_WAY, self._room)) as done:
            async for act in done:
                act()
                self._ended.set()

    # what comes

    async def _parts(self, sources: Sequence[SourceSpec]) -> AsyncIterator[_Part]:
        """Everything, in the order in which it is printed. Sources and repositories are opened ahead."""
        async with aclosing(in_order(_each(sources), self._open, OPENED_AHEAD)) as opened:
            async for spec, spent, found in opened:
                if isinstance(found, Node):
                    async for part in self._of_registry(spec, found, spent):
                        yield part
                else:
                    for part in self._of(safe(spec.text, limit=600), found, spent, self._put):
                        yield part

    async def _open(self, spec: SourceSpec) -> tuple[SourceSpec, RequestCount, _Opened | Node]:
        """What a source names; for a whole registry its row, with the list of its repositories."""
        spent = RequestCount()
        with counting(spent):
            try:
                if spec.registry is not None and spec.repository is None:
                    place = await self._engine.open(spec)
                    await self._engine.explorer.open(place)
                    return spec, spent, place
                node = await self._engine.open(spec, default_tag=spec.registry is not None and not spec.every)
                named = spec.explicit or spec.registry is None
                return spec, spent, await select(self._engine.explorer, node, safe(spec.text, limit=600), named=named)
            except SourceError as error:
                return spec, spent, error

    async def _of_registry(self, spec: SourceSpec, place: Node, spent: RequestCount) -> AsyncIterator[_Part]:
        """Every tag of every repository that a registry lists, until `walker.OBJECT_LIMIT` objects were looked at."""
        name, before = safe(spec.text, limit=600), list[Tally]()
        self._printed.several = True
        yield _Part(lambda: before.append(replace(self._printed.tally)))
        if place.error is not None:
            yield self._said(failed_report(name, place.error, spent.requests))
        else:
            listing = place.listing
            names = self._engine.explorer.names(place)
            if listing is None or not listing.complete or (listing.note and not names):
                why = (listing.note if listing is not None else "") or "The list of its repositories is incomplete."
                yield self._said(partial_report(name, Coverage(0, 0, whole=False, why=why)))
            yield _Part(lambda: self._printed.group(name, [f"{each}:latest" for each in names]))
            async for part in self._of_repositories(name, spec, names, before):
                yield part
        yield _Part(lambda: self._printed.say(f"{name}: {_summary(self._printed.tally, before[0])}"))

    async def _of_repositories(
        self, name: str, spec: SourceSpec, names: Sequence[str], before: Sequence[Tally]
    ) -> AsyncIterator[_Part]:
        """`before` has what was counted before its turn came."""
        specs = [replace(spec, repository=each, text=f"{spec.registry}/{each}", note="", scheme="") for each in names]
        budget, shown = Budget(), list[bool]()

        def put(called: str, made: Report, tag: str | None) -> None:
            if shown[-1]:
                self._put(made, f"{called}:{tag}" if tag is not None else called)

        def say_rest() -> None:
            if (looked := sum(shown)) < len(names):
                tags = self._printed.tally.total - before[0].total
                why = f"a check stops after {walker.OBJECT_LIMIT:,} objects."
                self._put(partial_report(name, Coverage(tags, tags, unlisted=len(names) - looked, why=why)), None)

        async with aclosing(in_order(_each(specs), self._list, OPENED_AHEAD)) as opened:
            async for each, spent, found in opened:
                while not budget.has_room:
                    await self._until_one_ended()
                if budget.is_spent:
                    break
                yield _Part(lambda: shown.append(not budget.is_spent))
                called = safe(each.repository or "", limit=600)
                for part in self._of(safe(each.text, limit=600), found, spent, partial(put, called), budget):
                    yield part
        yield _Part(say_rest)

    async def _list(self, spec: SourceSpec) -> tuple[SourceSpec, RequestCount, _Opened]:
        spent = RequestCount()
        with counting(spent):
            node = await self._engine.open(spec)
            try:
                found = await select(self._engine.explorer, node, safe(spec.text, limit=600), named=False)
            except SourceError as error:
                return spec, spent, error
        return spec, spent, found

    def _of(
        self, name: str, found: _Opened, spent: RequestCount, put: _Put, budget: Budget | None = None
    ) -> Iterator[_Part]:
        """The rows of what was opened, and at the end what of it was not looked at, if anything. `budget` is that of
        all repositories that it is one of."""
        if isinstance(found, SourceError):
            made = failed_report(name, found, spent.requests)
            yield _Part(lambda: put(made, None))
            return
        self._printed.several = self._printed.several or found.several
        self._printed.progress.expect(found.count)

        def show(made: Report, node: Node) -> None:
            counted = found.add(made)
            if budget is not None:
                budget.end(len(made.objects)) if counted else budget.drop()
            if counted:
                put(made, node.tag or node.label if found.several or budget is not None else None)

        def say_rest() -> None:
            if not found.covered.complete:
                put(partial_report(name, found.covered), None)

        budgets = (found.budget,) if budget is None else (found.budget, budget)
        opening = spent.requests if found.count == 1 else 0
        place: Node | None = None
        for row in found.rows():
            if found.several and budget is None and row.place is not None and row.place is not place:
                place = row.place
                yield _Part(partial(self._group, place))
            yield _Part(row=row, show=show, budgets=budgets, opening=opening)
        yield _Part(say_rest)

    def _group(self, place: Node) -> None:
        title = safe(place.source.reference(place.repository or ""), limit=600)
        self._printed.group(title, self._engine.explorer.names(place))

    def _said(self, made: Report) -> _Part:
        return _Part(lambda: self._put(made, None))

    def _put(self, made: Report, tag: str | None) -> None:
        self.statuses.add(exit_status(made))
        self._printed.put(made, tag)
        if made.tags is not None:
            self._printed.say(f"{made.reference}: {made.verdict.sentence}")

    # how it is looked at

    async def _room(self, part: _Part) -> None:
        """Until it is time for it: all that was begun is under way, and nobody is looking at its row."""
        if part.row is None:
            return
        while part.row.key in self._busy or not part.budgets[0].has_room:
            await self._until_one_ended()
        await self._engine.inspector.room(part.row.source)
        self._busy.add(part.row.key)
        for budget in part.budgets:
            budget.begin()

    async def _look(self, part: _Part) -> Callable[[], None]:
        """Check its row, if it has one. Gives what is to be done when its turn comes."""
        if part.row is None or part.show is None:
            return part.act
        row, show = part.row, part.show
        node = row.take()

        def give_back() -> None:
            row.put_back(node)
            self._busy.discard(row.key)
            self._ended.set()

        try:
            made = await check_node(self._engine, node, self._choice, opening=part.opening, deep=self._deep)
        except BaseException:
            give_back()
            raise
        self._printed.progress.finish(node, len(made.objects))

        def act() -> None:
            try:
                show(made, node)  # what draws the report reads the row and what is below it
            finally:
                give_back()

        return act

    async def _until_one_ended(self) -> None:
        self._ended.clear()
        await self._ended.wait()


async def check_node(
    engine: Engine, node: Node, choice: Choice, *, opening: int = 0, deep: bool | None = None
) -> Report:
    """Check a row; `opening` is how many requests it took before."""
    run = engine.explorer.check(node, wanted=choice if choice.platforms else None, deep=deep)
    await run.wait()
    requests = opening + run.requests
    explorer = engine.explorer
    return report(
        node,
        explorer.observations,
        requests=requests,
        searches=run.searches,
        choice=choice,
        pulls=explorer.tree.pull,
    )


async def _each(things: Iterable[T]) -> AsyncIterator[T]:
    for thing in things:
        yield thing


def _summary(tally: Tally, before: Tally) -> str:
    """What came of all that was looked at in a registry."""
    here = Tally(tally.whole - before.whole, tally.broken - before.broken, tally.unknown - before.unknown)
    return f"{here.words}." if here.total else "it has no repositories."
