"""Findings and verdicts as the screen needs them: asked of the engine once per change, not once per key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.explore.findings import Finding
from tui.explore.node import Kind, Node
from tui.explore.verdict import Verdict

if TYPE_CHECKING:
    from tui.explore.explorer import Explorer

#: Above this many rows a repository's findings are taken from its tags that were opened, not row by row.
_MANY = 20_000


class Judge:
    """Remembers findings and verdicts until ``forget``."""

    def __init__(self) -> None:
        self._findings: dict[Node, tuple[Finding, ...]] = {}
        self._verdicts: dict[Node, Verdict] = {}

    def forget(self) -> None:
        """Something below changed: ask again."""
        self._findings.clear()
        self._verdicts.clear()

    def findings(self, node: Node, explorer: Explorer) -> tuple[Finding, ...]:
        """All findings at and below a row, worst first."""
        known = self._findings.get(node)
        if known is None:
            known = tuple(sorted(self._collect(node, explorer), key=lambda finding: finding.severity.rank))
            self._findings[node] = known
        return known

    def _collect(self, node: Node, explorer: Explorer) -> list[Finding]:
        top = node.top()
        if top is None:
            found: list[Finding] = []
            for child in node.children:
                if child.top() is not None:
                    if child.children or child.error is not None:
                        found += self.findings(child, explorer)
                elif child.kind in (Kind.REPOSITORY, Kind.GROUP, Kind.SOURCE) and child.children:
                    found += self.findings(child, explorer)
            return found
        from tui.explore.findings import findings

        if top is node:
            return list(findings(node, explorer))
        below = {row.key for row in node.walk()}
        return [finding for finding in self.findings(top, explorer) if finding.node_key in below]

    def verdict(self, node: Node, explorer: Explorer) -> Verdict:
        """The verdict on a tag, index or image."""
        known = self._verdicts.get(node)
        if known is None:
            from tui.explore.verdict import verdict

            known = self._verdicts[node] = verdict(node, self.findings(node, explorer), explorer)
        return known
