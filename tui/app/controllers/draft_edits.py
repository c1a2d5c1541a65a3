"""What the keys do in a draft. The edits themselves are `tui.compose.editor`'s; here they are asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.app.failure import failure
from tui.app.pages.parts import prose
from tui.app.screens.dialogs import Busy, Choice, Confirm, Item, Prompt, Reader, TargetPrompt
from tui.app.styled_text import Lines
from tui.compose.draft import DraftKind
from tui.compose.validate import row_name
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.sources.spec import locate
from tui.text import safe, size

if TYPE_CHECKING:
    from tui.app.screens.draft import DraftScreen
    from tui.compose.draft import Draft

_EXAMPLES = (
    "host:5000/app:tag   host/app@sha256:…   oci:PATH:tag   same repository: :tag   same registry: /repository:tag"
)


def no_row(screen: DraftScreen) -> str:
    """Why there is no row to edit."""
    return "" if screen.entry is not None else "the draft is empty"


def no_source(screen: DraftScreen) -> str:
    """Why the row has no source of its own. Of an empty draft the first image is asked for."""
    entry = screen.entry
    if entry is not None and entry.is_attestation:
        return "attestations follow their image: change the image's source"
    return ""


def not_local(screen: DraftScreen) -> str:
    """Why there is no list of Docker's to write."""
    local = screen.draft.local_list is not None
    return "" if local else "not a draft of a Docker local list"


def no_offer(screen: DraftScreen) -> str:
    """Why there is nothing to take."""
    return "" if screen.editor.offered is not None else "no warning offers a fix"


def nothing_to_undo(screen: DraftScreen) -> str:
    """Why no edit can be taken back."""
    return "" if screen.editor.can_undo else "no edits to undo"


def nothing_to_redo(screen: DraftScreen) -> str:
    """Why no edit can be done again."""
    return "" if screen.editor.can_redo else "no edits to redo"


def no_plan_shown(screen: DraftScreen) -> str:
    """Why there is no plan to confirm: nothing is written that was not on the screen in whole."""
    plan = screen.shown_plan
    if plan is None:
        if screen.planning.plan is None:
            return "planning is under way"
        return "the plan is not on the screen in whole; {key:draft-plan} shows it"
    if not plan.ready:
        return "the plan is blocked"
    if plan.type_to_confirm:
        return "this plan is confirmed where it stands alone: {key:draft-plan}"
    return "" if plan.steps else "there is nothing to do"


class DraftEditController:
    """One for each draft on the screen."""

    def __init__(self, screen: DraftScreen) -> None:
        self.screen = screen
        self.main = screen.main
        self.service = screen.service
        self.editor = screen.editor

    # --- to the plan ---------------------------------------------------------------------------------------------

    @action(
        "draft-push",
        keys="y",
        title="push",
        words="Push, where all of the plan is on the screen",
        group="Draft",
        scope="draft",
        unavailable=no_plan_shown,
        rank=1,
    )
    def push(self) -> None:
        self.screen.push()

    @action(
        "draft-plan",
        keys="P",
        title="plan and push",
        words="The whole plan, with its commands; push from there",
        group="Draft",
        scope="draft",
        rank=1,
    )
    def plan(self) -> None:
        """Says itself why not: the draft's own problem is the reason then, in full."""
        stopping = [problem for problem in self.editor.problems if problem.stops]
        if stopping:
            title = "Blocked"
            self.main.say(stopping[0].message, title=title, severity="warning", timeout=12)
            return
        self.screen.leave_for()

    @action(
        "draft-local",
        keys="L",
        title="local list only",
        words="Write only Docker's local list",
        group="Draft",
        scope="draft",
        unavailable=not_local,
        rank=2,
    )
    def local(self) -> None:
        self.screen.only_local = True
        self.plan()

    # --- from a reference ----------------------------------------------------------------------------------------

    @action(
        "draft-add",
        keys="a",
        title="add",
        words="Add an image, or the images of an index",
        group="Draft",
        scope="draft",
        rank=3,
    )
    async def add(self) -> None:
        title = "Add an image or a whole index"
        text = await self.main.ask(Prompt(title, hint=_EXAMPLES, check=self._unusable_source))
        if text:
            text = self.screen.complete(text)
            before = self.editor.draft.images
            if await self._resolve(f"Adding {safe(text)}", lambda: self.service.add(self.editor.draft, text)):
                new = next((entry for entry in self.editor.draft.images if entry not in before), None)
                if new is not None:
                    self.screen.go_to(new.key)

    @action(
        "draft-source",
        keys="enter,r",
        title="change source",
        words="Change the source of the row",
        group="Draft",
        scope="draft",
        unavailable=no_source,
        rank=4,
    )
    async def source(self) -> None:
        entry = self.screen.entry
        if entry is None:
            await self.add()
            return
        name = row_name(entry)
        hint = f"Uses the tag's current digest. {_EXAMPLES}"
        text = await self.main.ask(
            Prompt(f"Source of {name}", value=entry.source or "", hint=hint, check=self._unusable_source)
        )
        if text:
            text = self.screen.complete(text)
            title = f"Reading {safe(text)} for {name}"
            if await self._resolve(title, lambda: self.service.replace(self.editor.draft, entry.key, text)):
                self.screen.go_to(entry.key)

    @action(
        "draft-flatten",
        keys="f",
        title="flatten",
        words="Replace a nested index by its images",
        group="Draft",
        scope="draft",
        unavailable=no_row,
    )
    async def flatten(self) -> None:
        entry = self.screen.entry
        if entry is not None:
            title = "Reading the images of the index"
            await self._resolve(title, lambda: self.service.flatten(self.editor.draft, entry.key))

    def _unusable_source(self, text: str) -> str:
        """Why a text names no image; "" when it may."""
        try:
            locate(self.screen.complete(text))
        except OciError as error:
            return str(error)
        return ""

    async def _resolve(self, title: str, work: Callable[[], Awaitable[Draft]]) -> bool:
        answer = await self.main.ask(Busy(title, lambda progress: work()))
        if answer is None:
            return False
        draft = answer.value
        if draft is None:
            shown = failure(answer.error) if answer.error is not None else "Nothing to add."
            self.main.say(shown, title=title, severity="error", timeout=14)
            return False
        return self.screen.edit(lambda: self.editor.take(draft))

    # --- the rows ------------------------------------------------------------------------------------------------

    @action(
        "draft-remove",
        keys="x,delete,backspace",
        title="remove",
        words="Remove or restore the row with its attestations",
        group="Draft",
        scope="draft",
        unavailable=no_row,
        rank=5,
    )
    def remove(self) -> None:
        entry = self.screen.entry
        if entry is not None:
            self.screen.edit(lambda: self.editor.toggle_removed(entry.key))

    @action(
        "draft-up",
        keys="K,shift+up",
        title="up",
        words="Move the row up (clients use the first that fits)",
        group="Draft",
        scope="draft",
        unavailable=no_row,
        rank=6,
    )
    def up(self) -> None:
        self._step(-1)

    @action(
        "draft-down",
        keys="J,shift+down",
        title="down",
        words="Move the row down (clients use the first that fits)",
        group="Draft",
        scope="draft",
        unavailable=no_row,
        rank=7,
    )
    def down(self) -> None:
        self._step(1)

    def _step(self, step: int) -> None:
        entry = self.screen.entry
        if entry is not None and self.screen.edit(lambda: self.editor.move(entry.key, step)):
            self.screen.go_to(entry.key)

    @action(
        "draft-platform",
        keys="p",
        title="platform",
        words="Set the platform of the row",
        group="Draft",
        scope="draft",
        unavailable=no_row,
        rank=8,
    )
    async def platform(self) -> None:
        entry = self.screen.entry
        if entry is None:
            return
        held = entry.platform
        value = "/".join(part for part in (held.os, held.architecture, held.variant) if part) if held else ""
        title, hint = f"Platform of {row_name(entry)}", "os/architecture[/variant]"
        text = await self.main.ask(Prompt(title, value=value, hint=hint, check=_unusable_platform))
        if not text:
            return
        platform = Platform.parse(text)
        version: str | None = None
        if platform.os == "windows":
            known = (held.os_version or "") if held else ""
            version = await self.main.ask(Prompt("os.version, empty for none", value=known, hint="10.0.17763.1"))
        platform = replace(platform, os_version=version)
        self.screen.edit(lambda: self.editor.set_platform(entry.key, platform))

    @action(
        "draft-annotate",
        keys="n",
        title="annotate",
        words="Annotate the index or the entry",
        group="Draft",
        scope="draft",
        rank=9,
    )
    async def annotate(self) -> None:
        entry = self.screen.entry
        key = ""
        if entry is not None:
            items = [Item("i", "the index", ""), Item("e", f"the entry {row_name(entry)}", entry.key)]
            chosen = await self.main.ask(Choice("Annotate", items))
            if chosen is None:
                return
            key = chosen
        hint = "name=value sets, name= removes"
        text = await self.main.ask(Prompt("Annotation", hint=hint, check=_unusable_annotation))
        if text:
            name, _, value = text.partition("=")
            self.screen.edit(lambda: self.editor.annotate(name.strip(), value or None, key))

    # --- the index -----------------------------------------------------------------------------------------------

    @action(
        "draft-type",
        keys="t",
        title="type",
        words="Media type: auto, OCI index, Docker manifest list",
        group="Draft",
        scope="draft",
        rank=10,
    )
    async def type(self) -> None:
        from tui.app.pages.draft import TYPES

        now = self.editor.draft.choice
        items = [
            Item(str(choice)[0], title, choice, detail + (" (now)" if choice is now else ""))
            for choice, (title, detail) in TYPES.items()
        ]
        chosen = await self.main.ask(Choice("Media type of the index", items))
        if chosen is not None and chosen is not self.editor.draft.choice:
            self.screen.edit(lambda: self.editor.choose_type(chosen))

    @action(
        "draft-target",
        keys="g",
        title="target",
        words="Push to another tag or repository",
        group="Draft",
        scope="draft",
        rank=11,
    )
    async def target(self) -> None:
        now = str(self.editor.draft.target)
        text = await self.main.ask(TargetPrompt("Push to", [], value=now, meant=self.screen.complete))
        if text:
            target = Reference.from_input(self.screen.complete(text))
            self.service.drop(self.editor.draft)
            self.screen.edit(lambda: self.editor.retarget(target))

    @action(
        "draft-undo",
        keys="u,ctrl+z",
        title="undo",
        words="Undo an edit of the draft",
        group="Draft",
        scope="draft",
        unavailable=nothing_to_undo,
        rank=12,
    )
    def undo(self) -> None:
        self.editor.undo()
        self.screen.show_edited()

    @action(
        "draft-redo",
        keys="ctrl+r,ctrl+y",
        title="redo",
        words="Redo an edit of the draft",
        group="Draft",
        scope="draft",
        unavailable=nothing_to_redo,
        rank=13,
    )
    def redo(self) -> None:
        self.editor.redo()
        self.screen.show_edited()

    @action(
        "draft-offer",
        keys="o",
        title="accept the offer",
        words="Accept the offer of a warning",
        group="Draft",
        scope="draft",
        unavailable=no_offer,
    )
    def offer(self) -> None:
        self.screen.edit(self.editor.take_offer)

    # --- looking -------------------------------------------------------------------------------------------------

    @action(
        "draft-json",
        keys="v",
        title="JSON",
        words="The index as JSON, before and after",
        group="Draft",
        scope="draft",
        rank=14,
    )
    async def json(self) -> None:
        from tui.app.pages.draft import json_page

        draft = self.editor.draft
        raw = draft.to_bytes()
        digest = str(Digest.of(raw))
        answer = await self.main.ask(Reader("JSON", json_page(draft), copy="copy the new digest", menu="copy…"))
        if answer == "menu":
            items = [Item("d", "digest", "copy", digest), Item("j", "JSON", "json", size(len(raw)))]
            answer = await self.main.ask(Choice("Copy of the new index", items))
        if answer == "copy":
            await self.main.clipboard.copy_text(digest, "digest")
        elif answer == "json":
            await self.main.clipboard.copy_text(raw.decode(errors="replace"), "json")

    @action(
        "draft-copy",
        keys="c",
        title="copy digest",
        words="Copy the digest of the row",
        group="Draft",
        scope="draft",
        unavailable=no_row,
        rank=15,
    )
    async def copy(self) -> None:
        entry = self.screen.entry
        if entry is not None:
            await self.main.clipboard.copy_text(str(entry.descriptor.digest), "digest")

    @action(
        "draft-entry-up",
        keys="left_square_bracket",
        title="entry up",
        words="Scroll the entry up",
        group="Draft",
        scope="draft",
    )
    def entry_up(self) -> None:
        self.screen.entry_view.move("page-up")

    @action(
        "draft-entry-down",
        keys="right_square_bracket",
        title="entry down",
        words="Scroll the entry down",
        group="Draft",
        scope="draft",
    )
    def entry_down(self) -> None:
        self.screen.entry_view.move("page-down")

    # --- leaving -------------------------------------------------------------------------------------------------

    @action(
        "draft-leave",
        keys="escape",
        title="back",
        words="Back; draft saved, {key:push} resumes",
        group="Draft",
        scope="draft",
        rank=16,
    )
    def leave(self) -> None:
        if not self.editor.changed and self.editor.draft.kind in (DraftKind.LOCAL, DraftKind.AMEND):
            self.service.drop(self.editor.draft)  # it says what is stored already: nothing can be lost
            self.screen.dismiss(None)
            return
        self.service.keep(self.editor)
        self.main.say(f"Draft saved. {self.main.keys.first('push')} resumes.")
        self.screen.dismiss(None)

    @action(
        "draft-discard",
        keys="q",
        title="discard",
        words="Discard the draft",
        group="Draft",
        scope="draft",
        rank=17,
    )
    async def discard(self) -> None:
        draft = self.editor.draft
        if self.editor.changed or draft.kind is not DraftKind.AMEND:
            words = f"Discards the draft for {safe(str(draft.target))}. Nothing was pushed."
            if not await self.main.ask(Confirm("Discard the draft?", Lines([prose(words)]), yes="discard")):
                return
        self.service.drop(draft)
        self.screen.dismiss(None)


def _unusable_platform(text: str) -> str:
    """Why a text is no platform; "" when it is."""
    try:
        Platform.parse(text.strip())
    except OciError as error:
        return str(error)
    return ""


def _unusable_annotation(text: str) -> str:
    """Why a text is no annotation; "" when it is."""
    name, equals, _ = text.partition("=")
    return "" if name.strip() and equals else "write name=value"
