"""What the keys of the draft screen do. Edits themselves are compose's; here they are asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tui.app.drafts.busy import Busy
from tui.app.drafts.screen import FixScreen
from tui.app.failure import failure
from tui.app.pages.json_page import JsonPage
from tui.app.pages.parts import blank, digest_value, heading, prose
from tui.app.screens.dialogs import Choice, Confirm, Item, Prompt, Reader, Where
from tui.app.styled_text import Line, Lines
from tui.compose import edit
from tui.compose.draft import Draft, Entry, EntryVerdict, TypeChoice
from tui.compose.errors import ComposeError
from tui.compose.service import DraftHistory, DraftService
from tui.compose.targets import complete_reference
from tui.compose.validate import problems, row_name
from tui.oci.errors import OciError
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.text import safe

if TYPE_CHECKING:
    from tui.app.widgets.rowlist import RowList

_EXAMPLES = "host:5000/app:tag   host/app@sha256:…   oci:PATH:tag   here: :tag   /repository:tag"
_TYPES = {
    TypeChoice.AUTO: ("auto", "a Docker list while everything in it is Docker's, else an OCI index"),
    TypeChoice.OCI: ("OCI index", "holds annotations and attestations; every client of the last years reads it"),
    TypeChoice.DOCKER: ("Docker manifest list", "for very old clients; no annotations"),
}


class Edits(FixScreen[Draft]):
    """The draft screen without its drawing."""

    service: DraftService
    history: DraftHistory

    def do(self, action: str) -> None:
        """Carry out an edit, or say why it is not possible."""
        simple: dict[str, Callable[[], None]] = {
            "undo": self._undo, "redo": self._redo, "up": lambda: self._step(-1), "down": lambda: self._step(1),
            "remove": self._remove, "plan": self._plan, "offer": self._offer, "leave": self.leave,
        }  # fmt: skip
        asking: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "add": self._add, "source": self._source, "platform": self._platform, "annotate": self._annotate,
            "type": self._type, "target": self._target, "json": self._json, "copy": self._copy, "drop": self._drop,
            "local": self._local, "flatten": self._flatten, "help": self.help,
        }  # fmt: skip
        if action in simple:
            simple[action]()
        elif action in asking:
            self.start(asking[action]())

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that asks; one at a time."""
        self.house.start(work, "draft", group="draft", exclusive=True)

    def edit(self, change: Callable[[Draft], Draft]) -> bool:
        """Take an edit, or say why it makes no sense."""
        try:
            draft = change(self.draft)
        except (ComposeError, OciError) as error:
            self.house.say(failure(error), severity="warning", timeout=10)
            return False
        self.history.take(draft)
        self.publish_draft()
        return True

    # --- at once -------------------------------------------------------------------------------------------------

    def _undo(self) -> None:
        if self.history.undo():
            self.publish_draft()
        else:
            self.house.say("There is nothing to undo in this draft.")

    def _redo(self) -> None:
        if self.history.redo():
            self.publish_draft()
        else:
            self.house.say("There is nothing to redo.")

    def _step(self, step: int) -> None:
        """Move the row among the draft's entries; an attestation goes with its image on the screen anyway."""
        entry = self.entry
        if entry is None:
            return
        keys = [each.key for each in self.draft.entries if not each.is_attestation or entry.is_attestation]
        if entry.key not in keys:
            return
        other = keys.index(entry.key) + step
        if not 0 <= other < len(keys):
            return
        place = [each.key for each in self.draft.entries].index(keys[other])
        if self.edit(lambda draft: edit.move(draft, entry.key, place)):
            self.go_to(entry.key)

    def _remove(self) -> None:
        entry = self.entry
        if entry is None:
            return
        if entry.verdict is EntryVerdict.REMOVED:
            self.edit(lambda draft: edit.restore(draft, entry.key).with_messages(f"{row_name(entry)} is back."))
        elif entry.was is None:
            self.edit(lambda draft: _without(draft, entry))
        else:
            self.edit(lambda draft: edit.remove(draft, entry.key))

    def _offer(self) -> None:
        """Take what is offered with a problem."""
        for problem in problems(self.draft):
            if problem.offer == "oci-type":
                self.edit(
                    lambda draft: edit.choose_type(draft, TypeChoice.OCI).with_messages("The index will be an OCI one.")
                )
                return
            if problem.code == "duplicate-platform" and problem.stops:
                self.edit(
                    lambda draft: edit.allow_duplicates(draft).with_messages(
                        "Both entries stay; clients take the first."
                    )
                )
                return
        self.house.say("No problem here has an offer.")

    def _plan(self) -> None:
        stopping = [problem for problem in problems(self.draft) if problem.stops]
        if stopping:
            self.house.say(stopping[0].message, title="It cannot be pushed as it is", severity="warning", timeout=12)
            return
        self.service.keep(self.history)
        self.dismiss(self.draft)

    # --- asking for a reference ----------------------------------------------------------------------------------

    async def _add(self) -> None:
        text = await self.house.ask(Prompt("Add an image, or an index with all that is in it", hint=_EXAMPLES))
        if text:
            text = self._whole(text)
            await self._resolve(f"Adding {safe(text)}", lambda: self.service.add(self.draft, text))

    async def _source(self) -> None:
        """Take the row from another reference."""
        entry = self.entry
        if entry is None:
            await self._add()
            return
        if entry.is_attestation:
            self.house.say("An attestation comes along with its image: change the image's source.", severity="warning")
            return
        known = entry.source or ""
        text = await self.house.ask(
            Prompt(f"Take {row_name(entry)} from", value=known, hint=f"What it holds now goes in. {_EXAMPLES}")
        )
        if text:
            text = self._whole(text)
            work = lambda: self.service.replace(self.draft, entry.key, text)  # noqa: E731
            if await self._resolve(f"Taking {row_name(entry)} from {safe(text)}", work):
                self.go_to(entry.key)

    def _whole(self, text: str) -> str:
        return complete_reference(text, self.draft.target, self.house.explorer)

    async def _flatten(self) -> None:
        entry = self.entry
        if entry is not None:
            work = lambda: self.service.flatten(self.draft, entry.key)  # noqa: E731
            await self._resolve("Taking the images out of the index", work)

    async def _resolve(self, title: str, work: Callable[[], Awaitable[Draft]]) -> bool:
        answer = await self.house.ask(Busy(title, lambda tell: work()))
        if answer is None:
            return False
        if answer.error is not None or answer.value is None:
            shown = failure(answer.error) if answer.error is not None else "It gave nothing."
            self.house.say(shown, title=title, severity="error", timeout=14)
            return False
        draft = answer.value
        return self.edit(lambda _draft: draft)

    # --- asking for anything else --------------------------------------------------------------------------------

    async def _platform(self) -> None:
        entry = self.entry
        if entry is None:
            return
        held = entry.platform
        value = "/".join(part for part in (held.os, held.architecture, held.variant) if part) if held else ""
        text = await self.house.ask(
            Prompt(
                f"Platform of {row_name(entry)}", value=value, hint="os/architecture[/variant]", check=_why_no_platform
            )
        )
        if not text:
            return
        platform = Platform.parse(text)
        version: str | None = None
        if platform.os == "windows":
            held_version = (held.os_version or "") if held else ""
            version = await self.house.ask(
                Prompt("os.version, empty for none", value=held_version, hint="10.0.17763.1")
            )
        platform = replace(platform, os_version=version, os_features=held.os_features if held else ())
        self.edit(
            lambda draft: edit.edit_platform(draft, entry.key, platform).with_messages(f"Now {safe(str(platform))}.")
        )

    async def _annotate(self) -> None:
        entry = self.entry
        where = "index"
        if entry is not None:
            items = [Item("i", "the index", "index"), Item("e", f"the entry {row_name(entry)}", "entry")]
            chosen = await self.house.ask(Choice("Annotate", items))
            if chosen is None:
                return
            where = chosen
        text = await self.house.ask(
            Prompt("Annotation", hint="name=value sets it, name= takes it away", check=_why_no_annotation)
        )
        if not text:
            return
        name, _, value = text.partition("=")
        wanted = value or None
        if where == "entry" and entry is not None:
            self.edit(lambda draft: edit.annotate_entry(draft, entry.key, name.strip(), wanted))
        else:
            self.edit(lambda draft: edit.annotate(draft, name.strip(), wanted))

    async def _type(self) -> None:
        items = [
            Item(str(choice)[0], title, choice, detail + (" (now)" if choice is self.draft.choice else ""))
            for choice, (title, detail) in _TYPES.items()
        ]
        chosen = await self.house.ask(Choice("Media type of the index", items))
        if chosen is not None and chosen is not self.draft.choice:
            self.edit(lambda draft: edit.choose_type(draft, chosen))

    async def _target(self) -> None:
        text = await self.house.ask(Where("Push to", [], value=str(self.draft.target), meant=self._whole))
        if text:
            target = Reference.from_input(self._whole(text))
            self.service.drop(self.draft)
            self.edit(lambda draft: edit.retarget(draft, target))

    async def _json(self) -> None:
        """The index as it was and as it would be pushed."""
        draft = self.draft
        before = [heading("Before"), blank()]
        if draft.base is None:
            before += [prose("There was no index.", "dim"), blank()]
            old = Lines([])
        else:
            before += [digest_value("digest", draft.base.digest), blank()]
            old = Lines(_all(JsonPage(draft.base.raw)))
        raw = draft.to_bytes()
        after = [blank(), heading("After: exactly what would be pushed"), blank(), digest_value("digest", draft.digest)]
        page = Lines([*before, *_all(old), *after, blank(), *_all(JsonPage(raw, pretty=False))])
        answer = await self.house.ask(Reader("JSON", page, keys=(("c", "copy the new one", "copy"),)))
        if answer == "copy":
            await self.house.clipboard.copy_text(raw.decode(errors="replace"), "json")

    async def _copy(self) -> None:
        entry = self.entry
        if entry is not None:
            await self.house.clipboard.copy_text(str(entry.descriptor.digest), "digest")

    async def _drop(self) -> None:
        if self.history.changed or self.draft.kind.value != "amend":
            words = f"The draft for {safe(str(self.draft.target))} would be gone. Nothing was pushed."
            if not await self.house.ask(Confirm("Discard the draft?", Lines([prose(words)]), yes="discard")):
                return
        self.service.drop(self.draft)
        self.dismiss(None)

    async def _local(self) -> None:
        """Write only Docker's local list."""
        if self.draft.local_list is None:
            self.house.say("This draft does not come from one of Docker's local lists.", severity="warning")
            return
        self.only_local = True
        self._plan()

    async def help(self) -> None:
        """What the keys do."""
        from tui.app.drafts.draft_help import help_page

        await self.house.ask(Reader("Keys of a draft", help_page()))

    # --- brought by the screen -----------------------------------------------------------------------------------

    only_local = False

    @property
    @abstractmethod
    def draft(self) -> Draft:
        """The draft as it is now."""

    @property
    @abstractmethod
    def entry(self) -> Entry | None:
        """The row under the cursor."""

    @property
    @abstractmethod
    def rows(self) -> RowList:
        """The table."""

    @abstractmethod
    def publish_draft(self) -> None:
        """The draft is another now."""

    @abstractmethod
    def leave(self) -> None:
        """Back to the tree."""

    @abstractmethod
    def go_to(self, key: str) -> None:
        """Put the cursor on the row of this key."""


def _without(draft: Draft, entry: Entry) -> Draft:
    """A row that was only added here goes without a trace, its attestations too."""
    gone = {entry.key}
    if not entry.is_attestation:
        gone |= {each.key for each in draft.attestations_of(entry.descriptor.digest) if each.was is None}
    kept = tuple(each for each in draft.entries if each.key not in gone)
    return replace(draft, entries=kept).with_messages(f"{row_name(entry)} is not added.")


def _all(page: JsonPage | Lines) -> list[Line]:
    return [page.line(number) for number in range(len(page))]


def _why_no_platform(text: str) -> str:
    try:
        Platform.parse(text.strip())
    except OciError as error:
        return str(error)
    return ""


def _why_no_annotation(text: str) -> str:
    name, equals, _ = text.partition("=")
    return "" if name.strip() and equals else "write name=value"
