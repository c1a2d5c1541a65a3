"""Findings on Docker's local manifest lists: what is stored, held against what the registry has now."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui.explore.finding import Finding, make
from tui.explore.known import platform_text
from tui.explore.node import Kind, Node
from tui.explore.observations import ObservationStore
from tui.explore.tree import Tree
from tui.sources.base import SourceError
from tui.text import plural, safe

if TYPE_CHECKING:
    from tui.sources.docker_manifests import Compared, Comparison


async def compare(node: Node, tree: Tree) -> None:
    """Compare the stored list of a row with the registry; the source keeps what it finds, findings read it there."""
    lists = node.source.capabilities.stored_lists
    if node.kind is not Kind.TAG or node.tag is None or lists is None:
        return
    try:
        await lists.compare(node.repository or "", node.tag)
    except SourceError as error:
        node.note = error.sentence
    tree.changed(node)


def comparison_of(row: Node) -> Comparison | None:
    """What was found when the list of this row was compared; None when it was not, or is no stored list."""
    lists = row.source.capabilities.stored_lists
    if lists is None or row.kind is not Kind.TAG or row.tag is None or row.repository is None:
        return None
    return lists.compared(row.repository, row.tag)


def _tag(entry: Compared) -> str:
    return safe(entry.reference.tag or str(entry.reference), limit=160)


def stale_local_list(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """Docker's stored list names images that their tags do not point to any more."""
    found = comparison_of(row)
    if found is None or not found.stale:
        return
    stale = [entry for entry in found.entries if entry.stale]
    yield make(
        "stale-local-list",
        row.key,
        f"Docker's stored list is out of date: {len(stale)} of its {plural(len(found.entries), 'entry', 'entries')} "
        f"were replaced in the registry, and pushing it would bring the old ones back.",
        digest=row.digest,
        facts=(f"stored: {stale[0].was}", stale[0].sentence),
    )


def stale_local_entry(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """An entry of a stored list whose reference points to another image now, or to none."""
    found = comparison_of(row)
    for entry in found.entries if found is not None else ():
        if not entry.stale:
            continue
        child = next((part for part in row.walk() if part is not row and part.digest == entry.was), row)
        yield make(
            "stale-entry",
            child.key,
            entry.sentence,
            digest=entry.was,
            platform=platform_text(child) if child is not row else None,
            facts=(f"stored: {entry.was}", f"{_tag(entry)}: {entry.now or 'gone'}"),
        )
