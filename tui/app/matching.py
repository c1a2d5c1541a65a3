"""Which rows of the tree a text finds."""

from __future__ import annotations

from tui.explore.node import MANIFEST_KINDS, Node


def matches(node: Node, text: str) -> bool:
    """Whether a row is found by a text: by its name, its platform, or those of an image that is listed below it."""
    wanted = text.casefold()
    if wanted in node.label.casefold() or (node.platform is not None and wanted in str(node.platform).casefold()):
        return True
    return any(child.kind in MANIFEST_KINDS and matches(child, text) for child in node.children)
