"""Findings: named things that are wrong or worth knowing, each with its cause and its mend.

Pure over what is known; asks nothing. Each code has a rule of its own in ``rules_*``; this is where they are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tui.explore import rules_index, rules_local, rules_presence, rules_relations
from tui.explore.book import Book
from tui.explore.codes import Severity
from tui.explore.finding import Finding, make
from tui.explore.known import HasBook, book_of
from tui.explore.node import Node

__all__ = ["Finding", "Severity", "findings", "make"]

Rule = Callable[[Node, Book], Iterator[Finding]]

#: Looked at with the whole subtree at hand.
_WHOLE: tuple[Rule, ...] = (
    rules_presence.missing,
    rules_presence.mismatched,
    rules_presence.ignorance,
    rules_presence.foreign,
    rules_presence.elsewhere,
)
#: Looked at row by row.
_ROWS: tuple[Rule, ...] = (
    rules_presence.unreadable,
    rules_presence.cut_off,
    rules_index.platform_mismatch,
    rules_index.duplicate_platform,
    rules_index.empty_index,
    rules_index.nested_index,
    rules_index.mixed_media_types,
    rules_index.unknown_platform,
    rules_index.no_platform,
    rules_relations.orphan_attestation,
    rules_relations.missing_attestation,
    rules_relations.dangling_subject,
    rules_relations.stale_entry,
    rules_local.stale_local_list,
    rules_local.stale_local_entry,
)


def findings(node: Node, known: Book | HasBook) -> list[Finding]:
    """Everything that is wrong or worth knowing at and below a row, the worst first, each once."""
    book = book_of(known)
    found: dict[tuple[str, object, str | None, str], Finding] = {}
    for rule in _WHOLE:
        for finding in rule(node, book):
            found.setdefault((finding.code, finding.digest, finding.platform, finding.message), finding)
    for row in node.walk():
        for rule in _ROWS:
            for finding in rule(row, book):
                found.setdefault((finding.code, finding.digest, finding.platform, finding.message), finding)
    return sorted(found.values(), key=lambda finding: finding.severity.rank)
