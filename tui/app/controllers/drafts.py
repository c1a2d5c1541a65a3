"""The capitals: what is drafted, planned and pushed from the main screen.

The class stands in the table of actions, which the first frame waits for: what only a write needs is imported when one
is begun.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.app.controllers.plan import Asked
from tui.app.screens.dialogs import Choice, Item, Prompt
from tui.explore.availability import (
    unavailable_amend,
    unavailable_copy_elsewhere,
    unavailable_delete,
    unavailable_fix,
    unavailable_new,
    unavailable_push,
    unavailable_recreate,
    unavailable_tag,
    unavailable_undo,
)
from tui.explore.node import Kind, Node
from tui.oci.reference import Reference
from tui.text import age, plural, safe

if TYPE_CHECKING:
    from tui.app.drafting import Drafting
    from tui.compose.plan import Plan
    from tui.compose.service import Progress
    from tui.compose.undo import UndoChoice


class DraftController:
    """Fix, recreate, amend, new, push, tag, copy, delete, undo."""

    def __init__(self, drafting: Drafting) -> None:
        self.drafting = drafting
        self.main = drafting.main
        self.service = drafting.service

    def unavailable(self, action_id: str) -> str:
        """What only the journal of pushes knows: why nothing can be undone where the cursor is."""
        from tui.compose.targets import home_at, tag_at

        if action_id != "undo":
            return ""
        here = self.main.current
        return self.service.unavailable_undo(tag_at(here), home_at(here))

    @action(
        "fix",
        keys="F",
        title="fix",
        words="Fix: upload missing objects; no digest changes",
        group="Fix",
        unavailable=unavailable_fix,
        writes=True,
        rank=6,
    )
    async def fix(self) -> None:
        """The tag that the cursor is in, else the image by its digest; on a repository, every tag of it."""
        from tui.compose.targets import home_at, tag_at

        here, image, home = self.main.current, self._image(), home_at(self.main.current)
        if here is None or home is None:
            return
        target = tag_at(here)
        if target is None and image is not None and image.digest is not None:
            target = Reference.parse(home.by_digest(image.digest))

        async def make(progress: Progress) -> Plan:
            return await self.service.plan_fix_of(
                target or Reference.parse(str(home)), progress, all_tags=not target, search_catalog=bool(asked.catalog)
            )

        asked = Asked(f"fix {safe(str(target or home))}", "fix", make, verb="fix it", catalog=False)
        await self.drafting.write(asked)

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
        await self.drafting.draft("Recreating", self.service.recreate)

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
        await self.drafting.draft("Reading", lambda node, progress, target: self.service.amend(node, target))

    @action(
        "new",
        keys="N",
        title="new list",
        words="New manifest list from marked images",
        group="Fix",
        unavailable=unavailable_new,
        writes=True,
        rank=13,
    )
    async def new(self) -> None:
        from tui.compose.targets import common_tag, mark_of

        marks = list(self.main.marks)
        home = next((mark for mark in marks if mark.source.registry is not None), None)
        near: Reference | None = None
        value = ""
        if home is not None:
            value = home.source.reference(home.repository or "", tag=common_tag(marks) or "latest")
            near = Reference.parse(value)
        target = await self.drafting.where(
            f"New list of {plural(len(marks), 'marked image')}: push to", value=value, near=near
        )
        if target is None:
            return
        draft = await self.drafting.wait(
            "Reading the marked images", lambda progress: self.service.new(target, [mark_of(mark) for mark in marks])
        )
        if draft is not None:
            await self.drafting.begin(draft)

    @action(
        "push",
        keys="P",
        title="push",
        words="Push a draft or a local Docker list",
        group="Fix",
        unavailable=unavailable_push,
        writes=True,
        rank=9,
    )
    async def push(self) -> None:
        """The local list under the cursor, else the draft that was left."""
        here = self.main.chosen
        node = here.top() if here is not None else None
        if node is not None and node.source.capabilities.stored_lists is not None:
            await self.drafting.push_stored(node)
            return
        left = list(self.service.drafts.values())
        chosen = left[0] if len(left) == 1 else None
        if chosen is None:
            items = [
                Item(str(number), safe(str(each.draft.target)), each, str(each.draft.kind))
                for number, each in enumerate(left, 1)
            ]
            chosen = await self.main.ask(Choice("Select a draft", items))
        if chosen is not None:
            await self.drafting.edit(chosen)

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
        from tui.compose.targets import unusable_tag

        image = self._image()
        if image is None or image.digest is None or image.repository is None:
            return
        digest = image.digest
        where = safe(image.source.reference(image.repository))
        name = await self.main.ask(
            Prompt(f"Tag {digest.short} in {where} as", hint="a tag of this repository", check=unusable_tag)
        )
        if name:
            target = Reference.parse(image.source.reference(image.repository, tag=name))
            await self.drafting.write(
                Asked(
                    safe(str(target)),
                    "tag",
                    lambda progress: self.service.plan_tag(target, digest, progress),
                    verb="tag it",
                )
            )

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
        from tui.compose.targets import seen_in, suggested_targets

        image = self._image()
        if image is None or image.digest is None or image.repository is None:
            return
        source = seen_in(image)
        tag = image.tag or "latest"
        near = Reference.parse(image.source.reference(image.repository)) if image.source.registry is not None else None
        ideas = suggested_targets(self.main.explorer, image, tag)
        target = await self.drafting.where(f"Copy {image.label} to", ideas, near=near)
        if target is None:
            return

        async def make(progress: Progress) -> Plan:
            return await self.service.plan_copy(source, target, bool(asked.referrers), progress)

        asked = Asked(safe(str(target)), "copy", make, verb="copy it", referrers=False)
        await self.drafting.write(asked)

    @action(
        "delete",
        keys="D",
        title="delete",
        words="Delete (previews what breaks)",
        group="Fix",
        unavailable=unavailable_delete,
        writes=True,
    )
    async def delete(self) -> None:
        from tui.compose.undo import after_deletion

        image = self._image()
        if image is None or image.repository is None:
            return
        if image.source.capabilities.stored_lists is not None:
            await self._remove_list(image)
            return
        name = image.repository
        by_tag = image.source.reference(name, tag=image.tag) if image.kind is Kind.TAG and image.tag else None
        by_digest = image.source.reference(name, digest=image.digest) if image.digest is not None else None
        what: str | None = by_digest
        if by_tag is not None:
            undo = self.main.keys.first("undo")
            items = [
                Item("t", "the tag only", by_tag, f"its manifest stays; {undo} on the repository restores the tag"),
                Item("m", "the manifest", by_digest or "", "deletes every tag on it too",
                     "" if by_digest else "digest unknown: open the row first"),
            ]  # fmt: skip
            what = await self.main.ask(Choice(f"Delete from {image.label}", items))
        if not what:
            return
        target = Reference.parse(what)

        planned: list[Plan] = []

        async def make(progress: Progress) -> Plan:
            planned[:] = [await self.service.plan_delete(target, progress)]
            return planned[0]

        if await self.drafting.write(Asked(f"delete {safe(what)}", "delete", make, verb="delete")):
            self.main.say(after_deletion(planned[0], self.main.keys.first("undo")), timeout=15)

    @action(
        "undo",
        keys="U",
        title="undo push",
        words="Undo push or tag deletion",
        group="Fix",
        unavailable=unavailable_undo,
        writes=True,
    )
    async def undo(self) -> None:
        """What this tag held before, else whatever can be put back in the repository, deleted tags too."""
        from tui.compose.targets import home_at, tag_at

        target, home = tag_at(self.main.chosen), home_at(self.main.chosen)
        if home is None:
            return
        why = ""
        if target is None or (why := await self.service.unavailable_undo_of(target)):
            found = await self.drafting.wait(
                f"Looking for pushes to undo in {safe(str(home))}",
                lambda progress: self.service.undo_choices(home),
            )
            if found is None:
                return
            if not found:
                unreadable = self.service.journal.why_unreadable()
                why = why or unreadable or "no push to undo"
                why = self.main.keys.put_in(why)
                self.main.say(f"{safe(str(target or home))}: {why}.", severity="warning", timeout=10)
                return
            target = await self.main.ask(Choice(f"Restore in {safe(str(home))}", undo_items(found), why))
            if target is None:
                return
        chosen = target

        title = f"undo the last push to {safe(str(chosen))}"
        await self.drafting.write(
            Asked(title, "undo", lambda progress: self.service.plan_undo(chosen, progress), verb="restore it")
        )

    async def _remove_list(self, row: Node) -> None:
        """One of Docker's local lists."""
        title = f"remove the local list {row.label}"
        await self.drafting.write(
            Asked(title, "delete", lambda progress: self.service.plan_remove_list(row), verb="remove it")
        )

    def _image(self) -> Node | None:
        here = self.main.chosen
        return here.image() if here is not None else None


def undo_items(choices: Sequence[UndoChoice]) -> list[Item[Reference]]:
    """A line for each: the tag, when it was changed, what it holds and what it would hold."""
    return [
        Item(
            str(number) if number < 10 else "",
            f":{safe(each.target.tag or '')}",
            each.target,
            f"{'changed' if each.now is not None else 'deleted'} {age(each.when)}: "
            f"{each.now.short if each.now is not None else 'no such tag'} → {each.then.short}",
            each.reason,
        )
        for number, each in enumerate(choices, 1)
    ]
