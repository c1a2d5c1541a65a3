"""What differs between two images, as a page: the old side on the left, the new one on the right."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app.pages.parts import blank, heading, page, prose
from tui.app.pages.summary import title
from tui.app.pages.two_sides import Remark, beside, layer_lines
from tui.app.styled_text import Line, Lines, Role
from tui.explore.diff import Change, DiffRow, layer_pairs, layers_words
from tui.explore.node import Node
from tui.oci.descriptor import Descriptor
from tui.text import safe, width

_ROLE: dict[Change, Role] = {
    Change.SAME: "dim",
    Change.ADDED: "good",
    Change.REMOVED: "bad",
    Change.CHANGED: "warn",
}


def change(kind: Change) -> Line:
    """The begin of a line of a difference: its sign."""
    return Line(hang=4).put(f"{kind.sign} ", _ROLE[kind])


def diff_page(left: Node, right: Node, rows: Sequence[DiffRow], room: int = 76) -> Lines:
    """Both sides by name, the layers, then what else differs; what is the same comes last. `room` in cells."""
    lines = [
        Line(hang=9).put("marked   ", "label").put("- ", "removed").put(title(left), "title"),
        Line(hang=9).put("current  ", "label").put("+ ", "added").put(title(right), "title"),
        *_layers(left, right, room),
        blank(),
    ]
    same = [row for row in rows if row.kind is Change.SAME and row.left]
    differs = [row for row in rows if row.kind is not Change.SAME]
    if not differs:
        lines.append(prose("No differences.", "good"))
    cells = min(max((width(safe(row.what)) for row in differs), default=0) + 4, max(16, room // 3))
    for row in differs:
        lines += beside(safe(row.what), safe(row.left), safe(row.right), row.kind, room, cells)
    if same:
        lines += [blank(), heading("Same in both")]
        lines += [_same(row) for row in same]
    return page(lines)


def _layers(left: Node, right: Node, room: int) -> list[Line]:
    one, other = left.image_manifest, right.image_manifest
    if one is None or other is None:
        return []
    pairs = layer_pairs(one.layers, other.layers)
    return [
        blank(),
        Line(hang=8).put("Layers", "head").put(f"  {layers_words(pairs)}", "dim"),
        *layer_lines(pairs, room, _commands(left, one.layers), _commands(right, other.layers), links=True),
    ]


def _commands(node: Node, layers: Sequence[Descriptor]) -> Remark:
    """The line of the Dockerfile that made a layer, as far as the config that was read says."""
    config = node.config
    made = config.commands(len(layers)) if config is not None else (None,) * len(layers)
    by_digest = {layer.digest: command for layer, command in zip(layers, made, strict=True)}
    return lambda layer: (by_digest.get(layer.digest) or "", "plain")


def _same(row: DiffRow) -> Line:
    line = change(row.kind).put(safe(row.what))
    return line.put(f"  {safe(row.left)}", "dim") if row.left else line
