"""What happened on the screen, for whoever follows along (lessons do): one small bus of teach's plain events.

An event is told when the thing is true on the screen, never when a key is pressed.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.teach.events import Event, EventKind, node_event

__all__ = ["Bus", "Event", "EventKind", "node_event"]


class Bus:
    """Tells every listener of every event, at once and in order. A listener must be quick and must not raise."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Event], None]] = []

    @property
    def heard(self) -> bool:
        """Whether anybody listens: events that are dear to make are only made then."""
        return bool(self._listeners)

    def subscribe(self, listener: Callable[[Event], None]) -> Callable[[], None]:
        """Listen; the answer, called, ends it."""
        self._listeners.append(listener)

        def leave() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return leave

    def tell(self, event: Event) -> None:
        """Say that something happened."""
        for listener in tuple(self._listeners):
            listener(event)
