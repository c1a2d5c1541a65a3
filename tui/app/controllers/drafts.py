"""The capitals: what they are, and who carries them out.

Only the declarations are needed before the first source is open; what carries them out is imported later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.explore.availability import (
    unavailable_amend,
    unavailable_copy_elsewhere,
    unavailable_delete,
    unavailable_new,
    unavailable_push,
    unavailable_recreate,
    unavailable_tag,
    unavailable_undo,
)

if TYPE_CHECKING:
    from tui.app.drafting import Drafting


class DraftController:
    """Recreate, amend, new, push, tag, copy, delete, undo."""

    def __init__(self, drafting: Drafting) -> None:
        self.drafting = drafting

    def unavailable(self, action_id: str) -> str:
        """What only the journal of pushes knows."""
        return self.drafting.unavailable_undo() if action_id == "undo" else ""

    @action(
        "recreate",
        keys="R",
        title="recreate",
        words="Recreate a manifest list from its source references",
        group="Fix",
        unavailable=unavailable_recreate,
        writes=True,
        rank=7,
    )
    async def recreate(self) -> None:
        await self.drafting.recreate()

    @action(
        "amend",
        keys="A",
        title="amend",
        words="Amend a manifest list: add, replace, remove, annotate platforms",
        group="Fix",
        unavailable=unavailable_amend,
        writes=True,
        rank=8,
    )
    async def amend(self) -> None:
        await self.drafting.amend()

    @action(
        "new",
        keys="N",
        title="new list",
        words="New manifest list from what is marked",
        group="Fix",
        unavailable=unavailable_new,
        writes=True,
        rank=13,
    )
    async def new(self) -> None:
        await self.drafting.new()

    @action(
        "push",
        keys="P",
        title="push",
        words="Push a draft, or a list from Docker's local store",
        group="Fix",
        unavailable=unavailable_push,
        writes=True,
        rank=9,
    )
    async def push(self) -> None:
        await self.drafting.push()

    @action(
        "tag",
        keys="T",
        title="tag",
        words="Tag this digest",
        group="Fix",
        unavailable=unavailable_tag,
        writes=True,
    )
    async def tag(self) -> None:
        await self.drafting.tag()

    @action(
        "copy-elsewhere",
        keys="C",
        title="copy to",
        words="Copy to another repository or registry",
        group="Fix",
        unavailable=unavailable_copy_elsewhere,
        writes=True,
    )
    async def copy(self) -> None:
        await self.drafting.copy()

    @action(
        "delete",
        keys="D",
        title="delete",
        words="Delete a tag, a manifest or a local list, after showing what else would break",
        group="Fix",
        unavailable=unavailable_delete,
        writes=True,
    )
    async def delete(self) -> None:
        await self.drafting.delete()

    @action(
        "undo",
        keys="U",
        title="undo push",
        words="Put back what the last push to this tag replaced, or a tag that was deleted",
        group="Fix",
        unavailable=unavailable_undo,
        writes=True,
    )
    async def undo(self) -> None:
        await self.drafting.undo()
