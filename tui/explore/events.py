"""What the explorer tells whoever listens. Plain data; the screen decides when to repaint."""

from __future__ import annotations

from dataclasses import dataclass

from tui.explore.node import Node
from tui.oci.digest import Digest
from tui.sources.base import Source


@dataclass(frozen=True, slots=True)
class NodeChanged:
    """The row itself changed: its label, note, load state or error."""

    node: Node


@dataclass(frozen=True, slots=True)
class ChildrenChanged:
    """Children were added, removed or put in another order."""

    node: Node


@dataclass(frozen=True, slots=True)
class PresenceChanged:
    """Something new is known of an object. `Explorer.nodes_of` names the rows that show it."""

    source: Source
    repository: str
    digest: Digest


@dataclass(frozen=True, slots=True)
class CheckProgress:
    """How far a check of everything below `node` is: objects answered, objects known of, whether it still runs."""

    node: Node
    done: int
    total: int
    running: bool


Event = NodeChanged | ChildrenChanged | PresenceChanged | CheckProgress
