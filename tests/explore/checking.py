"""Checking an image of a fake source, for tests."""

from __future__ import annotations

from typing import Any

from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.explorer import Explorer
from tui.explore.finding import Finding
from tui.explore.findings import findings
from tui.explore.node import Node
from tui.explore.tree import key_of
from tui.sources.presence import Presence

AMD, ARM = "linux/amd64", "linux/arm64"


async def checked(source: FakeSource, tag: str = "1") -> tuple[Explorer, Node, list[Finding]]:
    explorer = Explorer()
    node = explorer.add_selector(source, "app", tag)
    await explorer.check(node).wait()
    return explorer, node, findings(node, explorer.observations)


def none_is_passed_over(explorer: Explorer, node: Node) -> None:
    """What is missing is looked for among the rows that are in trouble: those are all that a walk over all rows finds,
    in the same order."""

    def missing(row: Node) -> bool:
        gone = explorer.observation(row).presence is Presence.MISSING
        return key_of(row) is not None and row.descriptor is not None and gone

    every = [row for row in node.walk(referrers=False) if missing(row)]
    assert [row for row in explorer.tree.standing(node).troubled if missing(row)] == every


def codes(found: list[Finding]) -> list[str]:
    return [finding.code for finding in found]


def pair(*more: images.Image, **document: Any) -> images.Image:
    return images.index(images.image(AMD), images.image(ARM), *more, **document)
