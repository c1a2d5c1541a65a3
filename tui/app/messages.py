"""What happened on the screen, for whoever follows along (lessons do). One small bus, plain data, no widgets in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.explore.node import Node


@dataclass(frozen=True, slots=True)
class Highlighted:
    """The cursor came to rest on a row (None: the tree is empty)."""

    node: Node | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A row was expanded by the user; its children may still be on their way."""

    node: Node


@dataclass(frozen=True, slots=True)
class Copied:
    """``text`` was handed to the clipboard; ``what`` names the kind: ``digest``, ``reference``, ``curl`` …"""

    what: str
    text: str
    node: Node | None


@dataclass(frozen=True, slots=True)
class TabShown:
    """A detail tab came up: ``summary``, ``layers``, ``config``, ``json``, ``findings``, ``explain``."""

    tab: str
    node: Node | None


@dataclass(frozen=True, slots=True)
class Acted:
    """An action of ``keys.py`` was carried out (not: greyed and refused)."""

    action: str
    node: Node | None


@dataclass(frozen=True, slots=True)
class CheckEnded:
    """A check of everything below a row ended; ``stopped`` when the user stopped it."""

    node: Node
    done: int
    stopped: bool


@dataclass(frozen=True, slots=True)
class Written:
    """Something was written to a registry or to Docker's folder: ``how`` is an action's id, ``digest`` what was put."""

    how: str
    reference: str
    digest: str


Happening = Highlighted | Opened | Copied | TabShown | Acted | CheckEnded | Written


class Bus:
    """Tells every listener of every happening, at once and in order. A listener must be quick and must not raise."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[Happening], None]] = []

    def subscribe(self, listener: Callable[[Happening], None]) -> Callable[[], None]:
        """Listen; the answer, called, ends it."""
        self._listeners.append(listener)

        def leave() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return leave

    def tell(self, happening: Happening) -> None:
        """Say that something happened."""
        for listener in tuple(self._listeners):
            listener(happening)
