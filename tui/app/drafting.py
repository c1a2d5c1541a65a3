"""From a fresh draft, or a single write, to the pushed tag: what is asked for on the way, the plan, the push."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from textual.screen import Screen

from tui.app.controllers.drafts import DraftController
from tui.app.controllers.plan import Asked
from tui.app.pages.draft import summary
from tui.app.screens.dialogs import Busy, Choice, Item, TargetPrompt
from tui.app.screens.draft import DraftScreen, Wanted
from tui.app.screens.plan import PlanScreen
from tui.app.screens.push import PushScreen
from tui.app.services import Services
from tui.compose.draft import Draft, DraftKind
from tui.compose.edit import accept_tag
from tui.compose.editor import DraftEditor
from tui.compose.events import PushResult
from tui.compose.journal import Journal, JournalMemory
from tui.compose.local_lists import targets
from tui.compose.plan import Plan
from tui.compose.service import DraftService, Progress, refresh_written
from tui.compose.targets import complete_reference, target_of
from tui.explore.node import Load, Node
from tui.oci.reference import Reference
from tui.teach.write_events import DRAFT_ACTION
from tui.text import safe

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
    services.explorer.remember(lambda: JournalMemory(service.journal))
    return Drafting(main, services, service)


def _demo_journal(services: Services) -> Journal | None:
    """In the demo a journal that goes with it: the embedded registry is gone afterwards, and its port is anybody's."""
    if services.demo is None:
        return None
    folder = tempfile.TemporaryDirectory(prefix="fanfold-journal-")
    services.close_also(folder.cleanup)
    return Journal(Path(folder.name) / "journal")


class Drafting:
    """One for the main screen. What begins it is in `tui.app.controllers.drafts`."""

    def __init__(self, main: MainScreen, services: Services, service: DraftService) -> None:
        self.main = main
        self.services = services
        self.service = service
        services.drafts = service
        main.start(service.read_journal(), "journal")
        main.actions.add(DraftController(self))
        main.status.refresh_keys()

    # --- drafts --------------------------------------------------------------------------------------------------

    async def draft(self, doing: str, make: Callable[[Node, Progress, Reference | None], Awaitable[Draft]]) -> None:
        node = await self._list_row()
        if node is None:
            return
        target, known = await self._target_for(node)
        if not known:
            return
        draft = await self.wait(f"{doing} {node.label}", lambda progress: make(node, progress, target))
        if draft is not None:
            await self.begin(draft)

    async def _list_row(self) -> Node | None:
        """The outermost index that the cursor is in, read; says why there is none."""
        here = self.main.chosen
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
            target = await self.where("Target reference:", choices)
        elif target_of(node) is not None:
            return None, True
        else:
            name = source.reference(node.repository or "")
            target = await self.where("Target tag:", value=f"{name}:")
        return target, target is not None

    async def where(
        self, title: str, suggestions: Sequence[str] = (), *, value: str = "", near: Reference | None = None
    ) -> Reference | None:
        """Ask for a tag to push to; `near` is the reference that short ones are completed from."""

        def meant(text: str) -> str:
            return complete_reference(text, near, self.main.explorer)

        text = await self.main.ask(TargetPrompt(title, suggestions, value=value, meant=meant))
        return Reference.from_input(meant(text)) if text else None

    async def push_stored(self, node: Node) -> None:
        """One of Docker's local lists, as it is stored, unless a draft for its tag was left and shall go on."""
        target, known = await self._target_for(node)
        if not known:
            return
        left = self.service.drafts.get(str(target or target_of(node)))
        if left is not None and left.draft.kind is DraftKind.LOCAL and not left.changed:
            left = None  # it says what is stored
        if left is not None:
            go_on = Item("1", "Resume the saved draft", True, f"{left.draft.kind}: {summary(left.draft)}")
            items = [go_on, Item("2", "Push the list as stored", False, "keeps the draft")]
            name = safe(str(left.draft.target))
            chosen = await self.main.ask(Choice(f"A draft for {name} was not pushed", items))
            if chosen:
                await self.edit(left)
            if chosen is not False:
                return
        draft = await self.wait(f"Reading {node.label}", lambda progress: self.service.stored(node, target))
        if draft is None:
            return
        pushed = await self.write_draft(Wanted(draft))
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
            anew = Item("2", "Start over, discard edits", DraftEditor(draft))
            items = [Item("1", "Resume the saved draft", left), anew]
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
                self.service.drop(wanted.draft)
                self.main.status.refresh_keys()
                return

    async def write_draft(self, wanted: Wanted, editor: DraftEditor | None = None, *, only_local: bool = False) -> bool:
        """Plan and push a draft. True when it is pushed."""
        draft = wanted.draft
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
        return await self.write(asked, wanted.plan)

    # --- writing -------------------------------------------------------------------------------------------------

    async def write(self, asked: Asked, confirmed: Plan | None = None) -> bool:
        """Show the plan; if it is confirmed, or was so already, run it. True when it was run and worked."""
        while True:
            plan = confirmed
            if plan is None:
                plan = await self.show(PlanScreen(self.main, asked))
            confirmed = None
            if plan is None:
                return False
            ended = await self.show(PushScreen(self.main, self.service, plan, asked.action))
            if ended is None:
                return False
            await self.service.read_journal()
            await self._reveal_result(plan, ended.result)
            if ended.next == "again":
                if asked.accept is not None and ended.result.tag_known:
                    asked.accept(replace(plan, before=ended.result.tag_holds))
                continue
            if ended.next == "theirs":
                await self._from_theirs(plan.target)
            return ended.result.ok

    async def _from_theirs(self, target: Reference) -> None:
        draft = await self.wait("Reading theirs", lambda progress: self.service.amend_tag(target))
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
