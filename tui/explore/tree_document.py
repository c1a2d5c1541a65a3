"""The rows of a tree as plain data, for programs. Nothing is asked here."""

from __future__ import annotations

from typing import Any

from tui.explore.cells import Observed, note_of
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node


def tree_document(observed: Observed, node: Node, depth: int | None = None) -> dict[str, Any]:
    """A row and the rows below it, in the order of the screen; `depth` is how many levels below it are told, and
    `children` is null where that ends them. What a row does not have is null: a list has no digest, and what was not
    asked for no size. `worst` is the worst presence of all that is known below it, itself included."""
    asked = node.kind in MANIFEST_KINDS | BLOB_KINDS
    own = observed.observation(node)
    if node.load is Load.FAILED and node.error is not None and not own.presence.settled:
        own = node.error.observation()
    failed = node.error.sentence if node.error is not None and node.load is Load.FAILED else ""
    rows = [row for row in node.children if row.kind is not Kind.REFERRERS or row.children]
    below = depth - 1 if depth is not None else None
    return {
        "kind": node.kind.value,
        "label": node.label,
        "digest": node.digest,
        "mediaType": node.media_type or None,
        "size": node.size,
        "platform": str(node.platform) if node.platform is not None else None,
        "presence": own.presence.still.value if asked else None,
        "worst": observed.rollup(node).worst.still.value if asked else None,
        "detail": own.detail if asked else "",
        "note": failed or note_of(node),
        "children": None if depth == 0 and rows else [tree_document(observed, row, below) for row in rows],
    }
