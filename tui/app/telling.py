"""Telling what is on the screen: selections, openings, presences, findings, requests. Lessons live by it."""

from __future__ import annotations

from tui.app.house import House
from tui.app.messages import Event, EventKind, node_event
from tui.explore.checkrun import CheckRun
from tui.explore.finding import Finding
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.sources.presence import Presence

_OBJECTS = MANIFEST_KINDS | BLOB_KINDS
_COUNTED = ("present", "missing", "denied", "limited", "unreachable", "foreign", "mismatched")


class Telling(House):
    """Makes the events. The dear ones are made only while somebody listens."""

    _told_presence: dict[str, Presence]
    _told_findings: set[tuple[str, str]]
    _told_exchanges: int = 0

    def forget_told(self) -> None:
        """Somebody new listens, or the registry was reset: what is on the screen is news again."""
        self._told_presence = {}
        self._told_findings = set()
        self._told_exchanges = 0

    def tell_view(self, view: str, node: Node | None = None) -> None:
        """A screen or panel came up: `requests`, `copy`, `diff`, `help` …"""
        facts = {"view": view}
        self.tell(Event(EventKind.VIEW, facts) if node is None else node_event(EventKind.VIEW, node, **facts))

    def tell_about(self, kind: EventKind, node: Node | None, **facts: str | int | bool) -> None:
        """An event about a row (None: about none)."""
        self.tell(Event(kind, facts) if node is None else node_event(kind, node, **facts))

    def tell_checked(self, run: CheckRun) -> None:
        """A check of everything below a row has ended."""
        if run.stopped or not self.bus.heard:
            return
        counts = dict.fromkeys(_COUNTED, 0)
        seen = set()
        failed = False
        for row in run.node.walk():
            # A row that could not be read hides whatever is below it: nobody can say that all of it is there.
            failed = failed or row.load is Load.FAILED
            if row.kind in _OBJECTS and row.digest is not None and (row.repository, row.digest) not in seen:
                seen.add((row.repository, row.digest))
                presence = self.explorer.observation(row).presence.value
                if presence in counts:
                    counts[presence] += 1
        complete = not failed and sum(counts.values()) == counts["present"]
        self.tell_about(EventKind.CHECKED, run.node, complete=complete, requests=run.requests, **counts)

    def tell_screen(self, visible: list[Node], findings: tuple[Finding, ...]) -> None:
        """What the rows on the screen show now, as far as it is news."""
        if not self.bus.heard or not self.ready:
            return
        for node in visible:
            if node.kind in _OBJECTS or node.load is Load.FAILED:
                presence = self.explorer.observation(node).presence
                if presence is not Presence.CHECKING and self._told_presence.get(node.key) is not presence:
                    self._told_presence[node.key] = presence
                    if presence is not Presence.UNCHECKED:
                        self.tell_about(EventKind.SHOWN, node, presence=presence.value)
        for finding in findings:
            if (finding.code, finding.node_key) in self._told_findings:
                continue
            self._told_findings.add((finding.code, finding.node_key))
            row = self.explorer.get(finding.node_key)
            self.tell_about(EventKind.FINDING, row, code=finding.code, severity=finding.severity.value)

    def tell_exchanges(self) -> None:
        """The requests that the log shows since the last time."""
        trace = self.services.trace if self.services else None
        if trace is None or not self.bus.heard:
            return
        for exchange in trace.exchanges:
            if exchange.id > self._told_exchanges and exchange.state in ("done", "failed"):
                self._told_exchanges = exchange.id
                facts = {"method": exchange.method, "path": exchange.path, "host": exchange.host}
                self.tell(Event(EventKind.EXCHANGE, {**facts, "status": exchange.status or 0}))


def shows_children(node: Node) -> bool:
    """Whether opening a row has ended well: its children, if it has any, are there."""
    return node.load is Load.READY and node.kind is not Kind.MORE
