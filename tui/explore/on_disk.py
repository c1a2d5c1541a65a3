"""What a registry's storage folder says of a repository beyond its rows, and how that compares with the registry that
runs on it: sections in words, for the screen and for `fanfold check`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tui.explore.node import Kind, Node
from tui.registry.trace import asking
from tui.sources.base import Source, SourceError
from tui.sources.storage import StorageSource
from tui.sources.storage_survey import ComparedObject, compare_with, survey
from tui.text import plural, safe


@dataclass(frozen=True, slots=True)
class Section:
    """A title and sentences, all safe."""

    title: str
    lines: tuple[str, ...]
    remarkable: bool
    """Whether they say more than that all is in order."""


def storage_of(node: Node) -> StorageSource | None:
    """The storage folder that a REPOSITORY row is from; None for any other row."""
    return node.source.capabilities.storage if node.kind is Kind.REPOSITORY else None


def live_source(node: Node, roots: Sequence[Node]) -> Source | None:
    """The registry among the roots that is known to have a repository of the same name."""
    for root in roots:
        if root.source.registry is not None and any(
            row.kind is Kind.REPOSITORY and row.repository == node.repository for row in root.children
        ):
            return root.source
    return None


async def surveyed(source: StorageSource, repository: str) -> Section:
    """What lies on the disk. Never raises: a disk that cannot be read is said."""
    title = f"storage folder: {safe(repository)}"
    try:
        lines = (await survey(source, repository)).lines()
    except SourceError as error:
        return Section(title, (_sentence(error),), True)
    return Section(title, lines, len(lines) > 1)  # the first only counts


async def compared(source: StorageSource, live: Source, repository: str) -> Section:
    """The disk against the registry: asks the registry for every tag and every object that they lead to on the disk,
    once. Never raises."""
    title = f"storage folder against the live registry: {safe(repository)} in {live.title}"
    try:
        with asking(f"comparing {safe(repository)} with the disk"):
            rows = await compare_with(source, live, repository)
    except SourceError as error:
        return Section(title, (_sentence(error),), True)
    return Section(title, tuple(_compared_lines(rows)), not all(row.agrees for row in rows))


def _compared_lines(rows: Sequence[ComparedObject]) -> Iterator[str]:
    if not rows:
        yield "No tag on the disk can be compared."
        return
    agreeing = sum(row.agrees for row in rows)
    total = plural(len(rows), "tag or object", "tags and objects")
    yield f"{agreeing} of {total} are the same in both." if agreeing < len(rows) else f"{total}, the same in both."
    unasked: Counter[str] = Counter()
    for row in rows:
        if row.agrees:
            continue
        if row.live.presence.unanswered:
            unasked[row.meaning] += 1  # one refusal is told once, not for each of a thousand objects
        else:
            yield f"{row.what}{f' {row.digest}' if row.digest else ''}: {row.meaning}"
    for meaning, count in unasked.items():
        yield f"{count} not compared: {meaning}"


def _sentence(error: SourceError) -> str:
    return f"{error.sentence} {error.fix}".strip()
