"""What is known of a row in a few words, to be kept: "arm64 broken", "2 platforms", "25 tags"."""

from __future__ import annotations

from tui.explore.finding import Severity
from tui.explore.node import Load, Node
from tui.explore.rollup import HAVE, Rollup
from tui.explore.verdict import Verdict
from tui.sources.presence import Presence
from tui.text import plural

_OPEN = frozenset({*HAVE, Presence.UNCHECKED, Presence.CHECKING})


def recap(node: Node, sum: Rollup, verdict: Verdict | None) -> tuple[Presence, str]:
    """The presence to mark it with, and its words (safe; "" when nothing is known). `verdict` is that of an image or
    index, None for a list. Whole is only what was checked to its end."""
    if node.load is Load.FAILED and node.error is not None:
        return node.error.presence, node.error.presence.words.status
    if node.load is not Load.READY:
        return Presence.UNCHECKED, ""
    if verdict is None:
        worst = sum.worst if sum.worst not in _OPEN else Presence.UNCHECKED
        return worst, ", ".join(part for part in (sum.label, sum.status) if part)
    names = [*verdict.pullable, *verdict.broken, *verdict.unknown]
    what = names[0] if len(names) == 1 else plural(len(names), "platform") if names else ""
    if verdict.broken or verdict.severity is Severity.ERROR:
        broken = sum.label if sum.label.endswith("broken") else f"{what} broken" if len(names) == 1 else "broken"
        return sum.worst if sum.worst not in _OPEN else Presence.MISSING, broken
    if verdict.complete:
        return Presence.PRESENT, what or "whole"
    return sum.worst if sum.worst not in _OPEN else Presence.UNCHECKED, f"{what}, not fully checked".removeprefix(", ")
