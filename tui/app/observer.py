"""What happens on the screen, for whoever follows along: lessons tick their steps by it.

An event is published when the thing is true on the screen, never when a key is pressed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Load, Node
from tui.explore.objects import COUNTED, is_complete, objects, presence_counts
from tui.sources.presence import Presence
from tui.teach.events import Event, EventKind, node_event

if TYPE_CHECKING:
    from tui.explore.checkrun import CheckRun
    from tui.explore.explorer import Explorer
    from tui.explore.finding import Finding
    from tui.registry.trace import Trace

_OBJECTS = MANIFEST_KINDS | BLOB_KINDS


class LessonObserver:
    """Makes the events and gives them to every listener, at once and in order.

    A listener must be quick and must not raise. Events that are dear to make are made only while somebody listens.
    """

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []
        self._presences: dict[str, Presence] = {}
        self._findings: set[tuple[str, str]] = set()
        self._last_exchange = 0

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self._listeners)

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Listen; the answer, called, ends it."""
        self._listeners.append(listener)

        def leave() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return leave

    def forget(self) -> None:
        """Somebody new listens, or the registry was reset: what is on the screen is news again."""
        self._presences = {}
        self._findings = set()
        self._last_exchange = 0

    def publish(self, event: Event) -> None:
        """Something happened."""
        for listener in tuple(self._listeners):
            listener(event)

    def publish_about(self, kind: EventKind, node: Node | None, **facts: str | int | bool) -> None:
        """Something about a row (None: about none) happened."""
        self.publish(Event(kind, facts) if node is None else node_event(kind, node, **facts))

    def publish_view(self, view: str, node: Node | None = None) -> None:
        """A screen or panel came up: `requests`, `copy`, `diff`, `help` …"""
        self.publish_about(EventKind.VIEW, node, view=view)

    def publish_checked(self, run: CheckRun, explorer: Explorer) -> None:
        """A check of everything below a row has ended."""
        if run.stopped or not self.heard:
            return
        counts = presence_counts(objects(run.node, explorer.observations))
        facts = {presence.value: counts[presence] for presence in COUNTED if presence is not Presence.UNCHECKED}
        # A row that could not be read hides whatever is below it.
        failed = any(row.load is Load.FAILED for row in run.node.walk(referrers=False))
        complete = not failed and is_complete(run.node, explorer.observations)
        self.publish_about(EventKind.CHECKED, run.node, complete=complete, requests=run.requests, **facts)

    def publish_screen(self, visible: Sequence[Node], findings: Sequence[Finding], explorer: Explorer) -> None:
        """What the rows on the screen show now, as far as it is news."""
        for node in visible if self.heard else ():
            if node.kind in _OBJECTS or node.load is Load.FAILED:
                presence = explorer.observation(node).presence
                if presence is not Presence.CHECKING and self._presences.get(node.key) is not presence:
                    self._presences[node.key] = presence
                    if presence is not Presence.UNCHECKED:
                        self.publish_about(EventKind.SHOWN, node, presence=presence.value)
        for finding in findings if self.heard else ():
            if (finding.code, finding.node_key) in self._findings:
                continue
            self._findings.add((finding.code, finding.node_key))
            row = explorer.get(finding.node_key)
            self.publish_about(EventKind.FINDING, row, code=finding.code, severity=finding.severity.value)

    def publish_exchanges(self, trace: Trace) -> None:
        """The requests that the log shows since the last time."""
        for exchange in trace.exchanges if self.heard else ():
            if exchange.id > self._last_exchange and exchange.state in ("done", "failed"):
                self._last_exchange = exchange.id
                facts = {"method": exchange.method, "path": exchange.path, "host": exchange.host}
                self.publish(Event(EventKind.EXCHANGE, {**facts, "status": exchange.status or 0}))
