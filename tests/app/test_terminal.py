"""The driver: what it does with keys before anybody deals with them."""

from __future__ import annotations

from typing import Any

from textual import events

from tui.app.terminal import patient


class Loop:
    """Calls at once."""

    def call_soon_threadsafe(self, callback: Any, *given: Any) -> None:
        callback(*given)


class App:
    """Notes what it is sent."""

    screen_stack = ()
    message_queue_size = 0

    def __init__(self, done: list[str]) -> None:
        self.done = done

    def post_message(self, message: events.Event) -> None:
        self.done.append(type(message).__name__)


class Kind:
    """What a driver has that reads the terminal."""

    def __init__(self, done: list[str]) -> None:
        self._app, self._loop = App(done), Loop()


def test_who_has_to_give_way_hears_of_a_key_before_it_is_dealt_with() -> None:
    done: list[str] = []
    kind: Any = Kind
    driver: Any = patient(kind, lambda: None, frozenset, lambda: done.append("give way"))
    reads = driver(done)
    reads.send_message(events.Key("down", None))
    reads.send_message(events.Focus())
    assert done == ["give way", "Key", "Focus"]
