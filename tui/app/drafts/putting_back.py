"""U: what can be put back, as a choice."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app.screens.dialogs import Item
from tui.compose.undo import UndoChoice
from tui.oci.digest import Digest
from tui.oci.reference import Reference
from tui.text import age, safe


def offers(found: Sequence[UndoChoice]) -> list[Item[Reference]]:
    """A line for each: the tag, when it was changed, what it holds and what it would hold."""
    return [
        Item(
            str(number) if number < 10 else "",
            f":{safe(each.target.tag or '')}",
            each.target,
            f"{_what(each)} {age(each.when)}: {_short(each.now)} → {each.then.short}",
            each.reason,
        )
        for number, each in enumerate(found, 1)
    ]


def _what(found: UndoChoice) -> str:
    return "changed" if found.now is not None else "deleted"


def _short(digest: Digest | None) -> str:
    return digest.short if digest is not None else "no such tag"
