"""The capitals: recreate, amend, new, push, tag, copy, delete, undo. Asks, shows the plan, pushes."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

from tui.app.controllers.drafts import DraftController
from tui.app.pages.draft import summary
from tui.app.screens.dialogs import Busy, Choice, Item, Prompt, TargetPrompt
from tui.app.screens.draft import DraftScreen
from tui.app.screens.plan import Asked, PlanScreen
from tui.app.screens.push import PushScreen
from tui.app.services import Services
from tui.compose.draft import Draft, DraftKind
from tui.compose.edit import accept_tag
from tui.compose.editor import DraftEditor
from tui.compose.events import PushResult
from tui.compose.journal import Journal
from tui.compose.local_lists import targets
from tui.compose.plan import Plan
from tui.compose.service import DraftService, Progress, refresh_written
from tui.compose.targets import (
    common_tag,
    complete_reference,
    home_at,
    mark_of,
    seen_in,
    suggested_targets,
    tag_at,
    target_of,
    unusable_tag,
)
from tui.compose.undo import UndoChoice, after_deletion
from tui.explore.node import Kind, Load, Node
from tui.oci.reference import Reference
from tui.teach.write_events import DRAFT_ACTION
from tui.text import age, plural, safe

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen

T = TypeVar("T")

#: A written list with more objects below it is not checked by itself.
_CHECKED = 300


def plug(main: MainScreen, services: Services) -> Drafting | None:
    """Bring the capitals to life; None for services without a registry client."""
    if services.client is None:
        return None
    service = DraftService(services.explorer.inspector, journal=_demo_journal(services))
    return Drafting(main, services, service)


def _demo_journal(services: Services) -> Journal | None:
    """In the demo a journal that goes with it: the embedded registry is gone afterwards, and its port is anybody's."""
    if services.demo is None:
        return None
    folder = tempfile.TemporaryDirectory(prefix="fanfold-journal-")
    services.close_also(folder.cleanup)
    return Journal(Path(folder.name) / "journal")


class Drafting:
    """One for the main screen."""

    def __init__(self, main: MainScreen, services: Services, service: DraftService) -> None:
        self.main = main
        self.services = services
        self.service = service
        services.drafts = service
        main.start(service.read_journal(), "journal")
        main.actions.add(DraftController(self))
        main.status.refresh_keys()

    def unavailable_undo(self) -> str:
        """Why nothing can be put back where the cursor is."""
        here = self.main.current
        return self.service.unavailable_undo(tag_at(here), home_at(here))

    # --- drafts --------------------------------------------------------------------------------------------------

    async def recreate(self) -> None:
        """R"""
        await self._draft("Recreating", self.service.recreate)

    async def amend(self) -> None:
        """A"""
        await self._draft("Reading", lambda node, tell, target: self.service.amend(node, target))

    async def _draft(self, doing: str, make: Callable[[Node, Progress, Reference | None], Awaitable[Draft]]) -> None:
        node = await self._list_row()
        if node is None:
            return
        target, known = await self._target_for(node)
        if not known:
            return
        draft = await self.wait(f"{doing} {node.label}", lambda tell: make(node, tell, target))
        if draft is not None:
            await self.begin(draft)

    async def _list_row(self) -> Node | None:
        """The outermost index that the cursor is in, read; says why there is none."""
        here = self.main.current
        node = here.top() if here is not None else None
        if node is None:
            return None
        if node.load is Load.IDLE and node.manifest is None:
            await self.main.explorer.open(node)
        if not node.is_index and node.source.capabilities.stored_lists is None:
            why = node.error.sentence if node.error is not None else f"{node.label} is a single image, not a list."
            self.main.say(why, severity="warning", timeout=10)
            return None
        return node

    async def _target_for(self, node: Node) -> tuple[Reference | None, bool]:
        """The tag that a draft of this row is for, where the row does not tell; False when the reader left."""
        source = node.source
        if (lists := source.capabilities.stored_lists) is not None:
            stored = await lists.stored(node.repository or "", node.tag or "")
            if stored.name is not None:
                return None, True
            choices = [str(each) for each in targets(stored)]
            target = await self._where("Which reference is this list for?", choices)
        elif target_of(node) is not None:
            return None, True
        else:
            name = source.reference(node.repository or "")
            target = await self._where("It has no tag: which tag is the list for?", value=f"{name}:")
        return target, target is not None

    async def _where(
        self, title: str, suggestions: Sequence[str] = (), *, value: str = "", near: Reference | None = None
    ) -> Reference | None:
        """Ask for a tag to push to; `near` is the reference that short ones are completed from."""

        def meant(text: str) -> str:
            return complete_reference(text, near, self.main.explorer)

        text = await self.main.ask(TargetPrompt(title, suggestions, value=value, meant=meant))
        return Reference.from_input(meant(text)) if text else None

    async def new(self) -> None:
        """N"""
        marks = list(self.main.marks)
        home = next((mark for mark in marks if mark.source.registry is not None), None)
        near: Reference | None = None
        value = ""
        if home is not None:
            value = home.source.reference(home.repository or "", tag=common_tag(marks) or "latest")
            near = Reference.parse(value)
        target = await self._where(f"New list of {plural(len(marks), 'marked image')}: push to", value=value, near=near)
        if target is None:
            return
        draft = await self.wait(
            "Reading what is marked", lambda tell: self.service.new(target, [mark_of(mark) for mark in marks])
        )
        if draft is not None:
            await self.begin(draft)

    async def push(self) -> None:
        """P: the local list under the cursor, else the draft that was left."""
        here = self.main.current
        node = here.top() if here is not None else None
        if node is not None and node.source.capabilities.stored_lists is not None:
            await self._push_stored(node)
            return
        left = list(self.service.drafts.values())
        chosen = left[0] if len(left) == 1 else None
        if chosen is None:
            items = [
                Item(str(number), safe(str(each.draft.target)), each, str(each.draft.kind))
                for number, each in enumerate(left, 1)
            ]
            chosen = await self.main.ask(Choice("Which draft?", items))
        if chosen is not None:
            await self.edit(chosen)

    async def _push_stored(self, node: Node) -> None:
        """One of Docker's local lists, as it is stored, unless a draft for its tag was left and shall go on."""
        target, known = await self._target_for(node)
        if not known:
            return
        left = self.service.drafts.get(str(target or target_of(node)))
        if left is not None and left.draft.kind is DraftKind.LOCAL and not left.changed:
            left = None  # it says what is stored
        if left is not None:
            go_on = Item("1", "go on with the draft that was left", True, f"{left.draft.kind}: {summary(left.draft)}")
            items = [go_on, Item("2", "push the list as it is stored", False, "the draft is kept")]
            name = safe(str(left.draft.target))
            chosen = await self.main.ask(Choice(f"A draft for {name} was not pushed", items))
            if chosen:
                await self.edit(left)
            if chosen is not False:
                return
        draft = await self.wait(f"Reading {node.label}", lambda tell: self.service.stored(node, target))
        if draft is None:
            return
        pushed = await self.write_draft(draft)
        if left is not None:
            return  # two drafts for one tag cannot be kept
        if pushed:
            self.service.drop(draft)
            self.main.status.refresh_keys()
        else:
            await self.begin(draft)

    async def begin(self, draft: Draft) -> None:
        """Edit a fresh draft, or the one for the same tag that was left: two cannot be kept."""
        chosen: DraftEditor | None = DraftEditor(draft)
        left = self.service.drafts.get(str(draft.target))
        if left is not None and left.changed:
            anew = Item("2", "begin again: what was edited is lost", DraftEditor(draft))
            items = [Item("1", "go on with the draft that was left", left), anew]
            chosen = await self.main.ask(Choice(f"A draft for {safe(str(draft.target))} was not pushed", items))
        if chosen is not None:
            await self.edit(chosen)

    async def edit(self, editor: DraftEditor) -> None:
        """The draft's screen, its plan, its push, and back to it until it is pushed or left."""
        while True:
            screen = DraftScreen(self.main, self.service, editor)
            wanted = await self.show(screen)
            self.main.status.refresh_keys()
            if wanted is None:
                return
            if await self.write_draft(wanted, editor, only_local=screen.only_local):
                self.service.drop(wanted)
                self.main.status.refresh_keys()
                return

    async def write_draft(self, draft: Draft, editor: DraftEditor | None = None, *, only_local: bool = False) -> bool:
        """Plan and push a draft. True when it is pushed."""
        held = [draft]

        async def make(progress: Progress) -> Plan:
            return await (self.service.plan_local(held[0]) if only_local else self.service.plan(held[0], progress))

        def accept(plan: Plan) -> None:
            held[0] = accept_tag(held[0], plan.before)
            if editor is not None:
                editor.take(held[0])

        action = DRAFT_ACTION[draft.kind]
        verb = "write the local list" if only_local else "push"
        asked = Asked(safe(str(draft.target)), action, make, verb=verb, accept=accept)
        return await self.write(asked)

    # --- single writes -------------------------------------------------------------------------------------------

    async def tag(self) -> None:
        """T"""
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
            await self.write(
                Asked(safe(str(target)), "tag", lambda tell: self.service.plan_tag(target, digest, tell), verb="tag it")
            )

    async def copy(self) -> None:
        """C"""
        image = self._image()
        if image is None or image.digest is None or image.repository is None:
            return
        source = seen_in(image)
        tag = image.tag or "latest"
        near = Reference.parse(image.source.reference(image.repository)) if image.source.registry is not None else None
        ideas = suggested_targets(self.main.explorer, image, tag)
        target = await self._where(f"Copy {image.label} to", ideas, near=near)
        if target is None:
            return

        async def make(progress: Progress) -> Plan:
            return await self.service.plan_copy(source, target, bool(asked.referrers), progress)

        asked = Asked(safe(str(target)), "copy", make, verb="copy it", referrers=False)
        await self.write(asked)

    async def delete(self) -> None:
        """D"""
        image = self._image()
        if image is None or image.repository is None:
            return
        if image.source.capabilities.stored_lists is not None:
            row = image
            await self.write(
                Asked(f"remove the local list {image.label}", "delete", lambda tell: self.service.plan_remove_list(row),
                      verb="remove it")
            )  # fmt: skip
            return
        name = image.repository
        by_tag = image.source.reference(name, tag=image.tag) if image.kind is Kind.TAG and image.tag else None
        by_digest = image.source.reference(name, digest=image.digest) if image.digest is not None else None
        what: str | None = by_digest
        if by_tag is not None:
            items = [
                Item("t", "the tag only", by_tag, "what it holds stays; U on the repository puts the tag back"),
                Item("m", "the manifest", by_digest or "", "every tag on it goes too",
                     "" if by_digest else "its digest is not known yet: open it first"),
            ]  # fmt: skip
            what = await self.main.ask(Choice(f"Delete what of {image.label}?", items))
        if not what:
            return
        target = Reference.parse(what)

        planned: list[Plan] = []

        async def make(progress: Progress) -> Plan:
            planned[:] = [await self.service.plan_delete(target, progress)]
            return planned[0]

        if await self.write(Asked(f"delete {safe(what)}", "delete", make, verb="delete")):
            self.main.say(after_deletion(planned[0], self.main.keys.first("undo")), timeout=15)

    async def undo(self) -> None:
        """U: what this tag held before, else whatever can be put back in the repository, deleted tags too."""
        target, home = tag_at(self.main.current), home_at(self.main.current)
        if home is None:
            return
        why = ""
        if target is None or (why := await self.service.unavailable_undo_of(target)):
            found = await self.wait(
                f"What can be put back in {safe(str(home))}?",
                lambda progress: self.service.undo_choices(home),
            )
            if found is None:
                return
            if not found:
                unreadable = self.service.journal.why_unreadable()
                why = why or unreadable or "nothing that was pushed from here can be put back"
                why = self.main.keys.put_in(why)
                self.main.say(f"{safe(str(target or home))}: {why}.", severity="warning", timeout=10)
                return
            target = await self.main.ask(Choice(f"Put back in {safe(str(home))}:", undo_items(found), why))
            if target is None:
                return
        chosen = target
        await self.write(
            Asked(f"undo the last push to {safe(str(chosen))}", "undo",
                  lambda tell: self.service.plan_undo(chosen, tell), verb="put it back")
        )  # fmt: skip

    def _image(self) -> Node | None:
        here = self.main.current
        return here.image() if here is not None else None

    # --- writing -------------------------------------------------------------------------------------------------

    async def write(self, asked: Asked) -> bool:
        """Show the plan; if it is confirmed, run it. True when it was run and worked."""
        while True:
            plan = await self.show(PlanScreen(self.main, asked))
            if plan is None:
                return False
            ended = await self.show(PushScreen(self.main, self.service, plan, asked.action))
            if ended is None:
                return False
            await self.service.read_journal()
            await self._reveal_result(plan, ended.result)
            if ended.wish == "again":
                if asked.accept is not None and ended.result.tag_known:
                    asked.accept(replace(plan, before=ended.result.tag_holds))
                continue
            if ended.wish == "theirs":
                await self._from_theirs(plan.target)
            return ended.result.ok

    async def _from_theirs(self, target: Reference) -> None:
        draft = await self.wait("Reading theirs", lambda tell: self.service.amend_tag(target))
        if draft is not None:
            await self.edit(DraftEditor(draft))

    async def _reveal_result(self, plan: Plan, result: PushResult) -> None:
        """Show in the tree what is there now, and go to what was written."""
        written = await refresh_written(self.main.explorer, plan, result)
        self.main.redraw.sync_tree()
        if written is not None:
            await self.main.navigation.highlight(written)
            self.main.images.open_row(written)
            if len(plan.objects) <= _CHECKED:
                self.main.explorer.check(written)  # what was planned is looked at once more, as it is served now
        self.main.detail.refresh()
        self.main.status.refresh_verdict()

    async def show(self, screen: Screen[T]) -> T | None:
        """A full screen, and its answer."""
        return await self.main.app.push_screen_wait(screen)

    async def wait(self, title: str, work: Callable[[Progress], Awaitable[T]]) -> T | None:
        """Something that asks: its answer, or None when the reader left or it failed (which is said)."""
        answer = await self.main.ask(Busy(title, work))
        if answer is None:
            return None
        if answer.error is not None:
            raise answer.error
        return answer.value


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
