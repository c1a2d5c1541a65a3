"""Findings: named things that are wrong or worth knowing, each with its cause and its fix.

Pure over what is known; asks nothing. Each code has a rule of its own in `rules_*`; this is where they are run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tui.explore import rules_index, rules_local, rules_presence, rules_relations
from tui.explore.codes import Severity
from tui.explore.finding import Finding, make
from tui.explore.known import HasObservations, observations_of
from tui.explore.node import BLOB_KINDS, Node
from tui.explore.observations import ObservationStore

__all__ = ["Finding", "Severity", "findings", "make"]

#: Looked at with all troubled rows of the subtree at hand.
_TROUBLED: tuple[Callable[[rules_presence.Troubled, ObservationStore], Iterator[Finding]], ...] = (
    rules_presence.missing,
    rules_presence.mismatched,
    rules_presence.ignorance,
    rules_presence.foreign,
    rules_presence.elsewhere,
)
#: Looked at row by row; blobs are left out, for there are most of them and none of these rules is about one.
_ROWS: tuple[Callable[[Node, ObservationStore], Iterator[Finding]], ...] = (
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


def findings(node: Node, known: ObservationStore | HasObservations) -> list[Finding]:
    """Everything that is wrong or worth knowing at and below a row, the worst first, each once."""
    observations = observations_of(known)
    found: dict[tuple[str, object, str | None, str], Finding] = {}
    rows = list(node.walk())
    troubled = rules_presence.troubled(rows, observations)
    made = [finding for rule in _TROUBLED for finding in rule(troubled, observations)] if troubled else []
    for row in rows:
        if row.kind not in BLOB_KINDS:
            made.extend(finding for rule in _ROWS for finding in rule(row, observations))
    for finding in made:
        found.setdefault((finding.code, finding.digest, finding.platform, finding.message), finding)
    return sorted(found.values(), key=lambda finding: finding.severity.rank)
