"""The draft on the screen: a table of its entries, what is wrong or new, and the entry under the cursor in full."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import events, on
from textual.app import ComposeResult

from tui.app.actions import ActionSet
from tui.app.controllers.draft_edits import DraftEditController
from tui.app.controllers.full_screens import FullScreenController
from tui.app.failure import failure
from tui.app.pages.draft import Sides, draft_page, headline, notices, order, summary, table
from tui.app.styled_text import Line, Lines, Role
from tui.app.widgets.frame import FramedScreen, OneLine, ScreenFrame, boxed
from tui.app.widgets.page import PageView
from tui.app.widgets.rowlist import RowList
from tui.compose.draft import Draft, Entry, EntryVerdict
from tui.compose.editor import DraftEditor
from tui.compose.errors import ComposeError
from tui.compose.service import DraftService
from tui.compose.targets import complete_reference
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import ImageManifest
from tui.sources.location import RepositoryLocation
from tui.teach.events import Event, EventKind
from tui.teach.write_events import draft_event

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


class DraftScreen(FramedScreen[Draft]):
    """Answers with the draft that shall be planned, or None when the reader went back (the draft is kept then)."""

    CSS_PATH = "frame.tcss"

    def __init__(self, main: MainScreen, service: DraftService, editor: DraftEditor) -> None:
        super().__init__()
        self.main = main
        self.service = service
        self.editor = editor
        self.only_local = False
        """Whether nothing but Docker's local list shall be written."""
        self._rows: list[Entry] = []
        self._images: dict[tuple[Digest, Digest], tuple[ImageManifest, ImageManifest] | None] = {}
        """By what is held and what goes in; None where there are not both."""
        self.head = OneLine(classes="draft-head")
        self.rows = RowList(id="draft-rows")
        self.notes_view = PageView(id="draft-notes")
        self.entry_view = PageView(id="draft-entry")
        self.frame = ScreenFrame(
            boxed(self.head, self.rows, title="Entries", classes="draft-table"),
            boxed(self.notes_view, title="Warnings", classes="draft-notes"),
            boxed(self.entry_view, title="Entry", classes="draft-entry"),
            side=main.lessons.panel() if main.lessons is not None else None,
        )
        self.actions: ActionSet[DraftScreen] = ActionSet(
            main.keys,
            "draft",
            lambda: self,
            # What asks runs one at a time.
            start=lambda work, name: main.start(work, name, group="draft", exclusive=True),
            warn=main.warn,
        )
        self.actions.add(DraftEditController(self))
        self.actions.add(FullScreenController(self))
        main.keys.bind(self, "draft")

    @property
    def read_only(self) -> bool:
        """Whether `--read-only` is on."""
        return self.main.read_only

    @property
    def draft(self) -> Draft:
        """The draft as it is now."""
        return self.editor.draft

    @property
    def entry(self) -> Entry | None:
        """The row under the cursor."""
        place = self.rows.cursor
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def compose(self) -> ComposeResult:
        yield self.frame

    def on_mount(self) -> None:
        self.frame.lay_out(self.size)
        self.rows.focus()
        self.show_edited()
        self.main.observer.publish(Event(EventKind.VIEW, {"view": "draft"}))

    def on_resize(self, event: events.Resize) -> None:
        self.frame.lay_out(self.size)
        self.redraw()

    # --- drawing -------------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw the draft as it is now."""
        draft = self.draft
        self._rows = order(draft)
        head, lines = table(draft, max(40, self.rows.size.width or self.size.width - 5))
        self.head.line = head
        self.rows.show(lines)
        # Rows take what they need, up to a good half of the screen; the entry below takes the rest.
        self.rows.styles.height = min(max(3, len(lines)), max(4, (self.size.height - 12) // 2 + 1))
        title = Line(fold="cut").put(" draft ", "head").put(" ")
        shown = headline(draft)
        title.spans += [(start + 8, end + 8, role) for start, end, role in shown.spans]
        title.plain += shown.plain
        self.frame.head(title.put(f"   {summary(draft)}", "dim"))
        problems = (*self.editor.problems, *self.service.known_gaps(draft))
        notes = notices(draft, problems, self.editor.news[-6:], self.actions.line, self.main.keys.put_in)
        self.notes_view.show(Lines(notes))
        self.notes_view.styles.height = max(1, min(len(notes) + 1, 3 if self.size.height < 30 else 6))
        self.draw_entry()
        self.frame.keys(
            (each.id, self.actions.line(each.id), each.title)
            for each in self.actions.ranked
            if each.id != "draft-local" or not self.actions.unavailable(each.id)
        )

    def draw_entry(self) -> None:
        """The entry under the cursor in full, then what there is to say of the index."""
        entry = self.entry
        self.entry_view.show(Lines(draft_page(self.draft, entry, self.actions.line, self._sides(entry))))

    def _sides(self, entry: Entry | None) -> Sides | None:
        """Both images of an entry, side by side. Those that were not read are, and are shown when they come."""
        if entry is None or entry.home is None or entry.was is None or entry.verdict is EntryVerdict.REMOVED:
            return None
        pair = (entry.was, entry.descriptor.digest)
        if pair not in self._images:
            self.main.start(self._read_images(entry, pair), "images", group="draft-entry", exclusive=True)
            return None
        if (found := self._images[pair]) is None:
            return None
        room = (self.entry_view.scrollable_content_region.width or self.size.width - 4) - 1
        homes = RepositoryLocation.of(self.draft.target), entry.home
        held, taken = (partial(self._remark, home) for home in homes)
        return Sides(*found, held, taken, max(40, room))

    async def _read_images(self, entry: Entry, pair: tuple[Digest, Digest]) -> None:
        self._images[pair] = await self.service.images_of(self.draft, entry)
        if self._images[pair] is not None and entry is self.entry and self.is_attached:
            self.draw_entry()

    def _remark(self, home: RepositoryLocation, layer: Descriptor) -> tuple[str, Role]:
        presence = self.service.seen(home, layer.digest)
        if presence is None:
            return "", "plain"
        return f"{self.main.glyphs.of(presence)} {presence.value}", presence.words.role

    def show_edited(self) -> None:
        """The draft is another now."""
        self.redraw()
        self.main.observer.publish(draft_event(self.draft))

    # --- what its controllers ask for ----------------------------------------------------------------------------

    def edit(self, change: Callable[[], object]) -> bool:
        """Make an edit, and show what came of it or say why it makes no sense."""
        before = self.draft
        try:
            change()
        except (ComposeError, OciError) as error:
            self.main.say(failure(error), severity="warning", timeout=10)
            return False
        if self.draft is before:
            return False
        self.show_edited()
        return True

    def complete(self, text: str) -> str:
        """A reference as it was meant: short ones are of the draft's own repository or registry."""
        return complete_reference(text, self.draft.target, self.main.explorer)

    def move(self, where: str) -> None:
        """Move the cursor."""
        self.rows.move(where)

    def go_to(self, key: str) -> None:
        """Put the cursor on the row of this key."""
        place = next((place for place, entry in enumerate(self._rows) if entry.key == key), None)
        if place is not None:
            self.rows.go(place)

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self.draw_entry()

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        self.actions.run("draft-source")
