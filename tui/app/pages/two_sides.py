"""Two sides beside each other, the old one on the left: what is dropped has a `-` on red ground, what is added a `+` on
green; where there is no room for both, one below the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tui.app.styled_text import Line, Role, Target, cut
from tui.explore.diff import Change, LayerPair
from tui.oci.descriptor import Descriptor
from tui.text import apart, size, width

_BETWEEN = " │ "

#: What else there is to say of a layer (safe), with its role.
Remark = Callable[[Descriptor], tuple[str, Role]]


def half(room: int) -> int:
    """How many cells each side has."""
    return (room - width(_BETWEEN)) // 2


def beside(label: str, left: str, right: str, kind: Change, room: int, cells: int) -> list[Line]:
    """Two texts (safe) that differ, behind their label of so many cells, or below it, whole, where they do not fit."""
    each = half(room - cells)
    if max(width(left), width(right)) + 2 <= each and width(label) < cells:
        line = Line(fold="cut").put(f"{kind.sign} {label}", "plain").pad(cells)
        _side(line, left, "-", "removed", each)
        line.put(_BETWEEN, "faint")
        _side(line, right, "+", "added", each)
        return [line]
    lines = [Line(hang=4).put(f"{kind.sign} {label}", "plain")]
    for text, sign, role in ((left, "- ", "removed"), (right, "+ ", "added")):
        if text:
            lines.append(Line(hang=4, fold="word" if " " in text else "char").put(f"  {sign}{text}", role))  # type: ignore[arg-type]
    return lines


def _side(line: Line, text: str, sign: str, role: Role, cells: int) -> None:
    if text:
        start = width(line.plain)
        first = len(line.plain)
        line.put(f"{sign} {text}").pad(start + cells)
        line.spans.append((first, len(line.plain), role))
    else:
        line.pad(width(line.plain) + cells)


def layer_lines(
    pairs: Sequence[LayerPair], room: int, left: Remark, right: Remark, *, links: bool = False
) -> list[Line]:
    """A line for each pair of layers: number, size, digest, and what else there is to say of it; `links` lead to the
    layers that differ."""
    each = half(room)
    lines = []
    for pair in pairs:
        line = Line(fold="cut")
        same = pair.kind is Change.SAME
        said = [left(pair.left[1]) if pair.left else _NOTHING, right(pair.right[1]) if pair.right else _NOTHING]
        if pair.kind is Change.CHANGED and all(text and role == "plain" for text, role in said):
            said = [(text, "plain") for text in apart([text for text, _ in said], each - _BEFORE_WORDS)]
        _layer(line, pair.left, "  " if same else "- ", "removed", each, said[0], same)
        line.put(_BETWEEN, "faint")
        _layer(line, pair.right, "  " if same else "+ ", "added", each, said[1], same)
        if not links:
            line.links.clear()
        lines.append(line)
    return lines


_NOTHING: tuple[str, Role] = ("", "plain")
#: Sign, name, size and digest of a layer, and the blanks behind them.
_BEFORE_WORDS = 36
_DIGEST_CELLS = 14


def _layer(
    line: Line,
    layer: tuple[int, Descriptor] | None,
    sign: str,
    ground: Role,
    cells: int,
    said: tuple[str, Role],
    same: bool,
) -> None:
    start, first = width(line.plain), len(line.plain)
    if layer is None:
        line.pad(start + cells)
        return
    number, part = layer
    line.put(cut(f"{sign}layer {number:<3}{size(part.size):>9}  ", cells), "dim" if same else "plain")
    words, role = said
    left = cells - (width(line.plain) - start)
    # What is wrong with a layer says more than its digest.
    named = left > 3 and (role in ("plain", "good", "hashed") or left >= _DIGEST_CELLS + width(words))
    if named:
        shown = cut(part.digest.encoded[: _DIGEST_CELLS - 2], left)
        line.put(shown, "dim" if same else "digest", Target("digest", str(part.digest)))
    left = cells - (width(line.plain) - start) - 2 * named
    if words and left > 5:
        line.put("  " * named).put(cut(words, left), "dim" if same and role == "plain" else role)
    line.pad(start + cells)
    if not same:
        line.spans.insert(0, (first, len(line.plain), ground))
