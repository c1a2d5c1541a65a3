"""The draft on the screen: a table of its entries, what is wrong or new, and the entry under the cursor in full."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.widget import Widget

from tui.app.actions import ActionSet
from tui.app.controllers.draft_edits import DraftEditController
from tui.app.controllers.full_screens import FullScreenController
from tui.app.failure import failure
from tui.app.pages.draft import Sides, draft_page, headline, notices, order, table
from tui.app.pages.plan import plan_brief, plan_line
from tui.app.planning import Planning
from tui.app.screens.framed import FramedScreen
from tui.app.styled_text import Line, Lines, Role
from tui.app.widgets.frame import OneLine, boxed
from tui.app.widgets.page import PageView
from tui.app.widgets.rowlist import RowList
from tui.compose.draft import Draft, Entry
from tui.compose.editor import DraftEditor
from tui.compose.errors import ComposeError
from tui.compose.plan import Plan
from tui.compose.service import DraftService
from tui.compose.targets import complete_reference
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.sources.location import RepositoryLocation
from tui.teach.events import Event, EventKind
from tui.teach.write_events import DRAFT_ACTION, draft_event, plan_event

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the reader wants with the draft."""

    draft: Draft
    plan: Plan | None = None
    """The plan that shall be run, which was on the screen in whole; None: one is to be shown first."""


#: The entry under the cursor keeps so many rows.
_ENTRY_ROWS = 5
#: Of so many entries that changed both images are read without anybody asking.
_READ_AT_MOST = 24


class DraftScreen(FramedScreen[Wanted]):
    """Answers with the draft that shall be planned or pushed, or None when the reader went back (the draft is kept
    then)."""

    def __init__(self, main: MainScreen, service: DraftService, editor: DraftEditor) -> None:
        self.head = OneLine(classes="draft-head")
        self.rows = RowList(id="draft-rows")
        self.entry_view = PageView(id="draft-entry")
        self.notes_view = PageView(id="draft-notes")
        self.plan_view = PageView(id="draft-plan")
        self.plan_box = boxed(self.plan_view, title="Plan", classes="draft-plan")
        self.plan_line = OneLine(classes="draft-status")
        super().__init__(
            main,
            boxed(self.head, self.rows, title="Entries", classes="draft-table"),
            boxed(self.entry_view, title="Entry", classes="draft-entry"),
            boxed(self.notes_view, title="Warnings", classes="draft-notes"),
            self.plan_box,
            self.plan_line,
        )
        self.service = service
        self.editor = editor
        self.only_local = False
        """Whether nothing but Docker's local list shall be written."""
        self.planning = Planning(
            service, lambda work: self.run_worker(work, group="draft-plan", exit_on_error=False), self.redraw
        )
        self._shown: Plan | None = None
        self._rows: list[Entry] = []
        self._read: set[tuple[Digest | None, Digest]] = set()
        """By what is held and what goes in: images that were read, or could not be."""
        self._reading = False
        self._folded_to = 0
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
    def draft(self) -> Draft:
        """The draft as it is now."""
        return self.editor.draft

    @property
    def entry(self) -> Entry | None:
        """The row under the cursor."""
        place = self.rows.cursor
        return self._rows[place] if 0 <= place < len(self._rows) else None

    def on_mount(self) -> None:
        self.rows.focus()
        self.show_edited()
        self.main.observer.publish(Event(EventKind.VIEW, {"view": "draft"}))

    # --- drawing -------------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        """Draw the draft and its plan as they are now."""
        draft = self.draft
        self._rows = order(draft)
        head, lines = table(
            draft,
            max(40, self.rows.size.width or self.size.width - 5),
            lambda entry: self.service.images_of(draft, entry),
        )
        self.head.line = head
        self.rows.show(lines)
        self.frame.head(headline(draft))
        self._draw_plan(len(lines))
        self.draw_entry()
        self.call_after_refresh(self._note_shown)

    def _draw_plan(self, rows: int) -> None:
        """Warnings, the plan and the line that sums it up; `rows` entries are above them."""
        planning, plan = self.planning, self.planning.plan
        self._folded_to = self.notes_view.size.width
        low = self.size.height < 30
        problems = (*self.editor.problems, *self.service.known_gaps(self.draft)) if plan is None else plan.problems
        warnings = plan.warnings if plan is not None and plan.ready else ()
        most = (2 if self.size.height < 22 else 3) if low else min(8, (self.size.height - 20) // 3)
        room = most - len(problems) - len(warnings)
        messages = self.editor.news[-max(1, room) :] if room == most or not low else ()
        notes = notices(self.draft, problems, messages, self.actions.line, self.main.keys.put_in, warnings)
        self.notes_view.show(Lines(notes), height=most)
        note_rows = max(1, min(self.notes_view.rows_of_page, most))
        self.notes_view.styles.height = note_rows
        steps = plan_brief(plan) if plan is not None and plan.ready else []
        most_steps = max(2, (self.size.height - 22) // 2)
        self.plan_view.show(Lines(steps), height=most_steps)
        step_rows = min(self.plan_view.rows_of_page, most_steps)
        self.plan_box.display = bool(steps) and not low
        self.plan_view.styles.height = step_rows
        # Rows take what they need, as far as something of the entry stays below them.
        others = note_rows + 2 + (step_rows + 2 if steps and not low else 0) + _ENTRY_ROWS + 7
        self.rows.styles.height = min(max(2, rows), max(3, self.size.height - others))
        if plan is not None:
            self.plan_line.line = plan_line(plan, self.main.keys.put_in)
        elif planning.failure:
            self.plan_line.line = Line(fold="cut").put("✗ ", "bad").put(f"Not planned: {planning.failure}")
        elif planning.why_not:
            key = self.actions.line("draft-plan")
            words = f"Not planned: {planning.why_not}. {key} plans."
            self.plan_line.line = Line(fold="cut").put("· ", "dim").put(words, "dim")
        else:
            self.plan_line.line = Line(fold="cut").put("· Planning… Nothing is written.", "dim")

    @on(PageView.Resized)
    def _note_shown(self) -> None:
        """Notice whether all of the plan is on the screen now: only then can it be confirmed here."""
        if self._folded_to != self.notes_view.size.width:
            self.redraw()  # the rows were counted for another width
            return
        plan = self.planning.plan
        whole = self.plan_box.display and self.plan_view.is_whole and self.notes_view.is_whole
        body = self.plan_line.parent
        below = isinstance(body, Widget) and self.plan_line.region.bottom > body.region.bottom
        self._shown = plan if whole and not below else None
        self._draw_keys()

    @property
    def shown_plan(self) -> Plan | None:
        """The plan that is on the screen in whole."""
        return self._shown if self._shown is self.planning.plan else None

    def _draw_keys(self) -> None:
        titles = {"draft-plan": "whole plan"} if not self.actions.unavailable("draft-push") else {}
        self.frame.keys(
            (each.id, self.actions.line(each.id), titles.get(each.id, each.title))
            for each in self.actions.ranked
            if each.id not in ("draft-local", "draft-push") or not self.actions.unavailable(each.id)
        )

    def draw_entry(self) -> None:
        """The entry under the cursor in full, then what there is to say of the index."""
        entry = self.entry
        self.entry_view.show(Lines(draft_page(self.draft, entry, self.actions.line, self._sides(entry))))
        if not self._reading and self._unread() is not None:
            self._reading = True
            self.main.start(self._read_images(), "images", group="draft-images", exclusive=True)

    def _sides(self, entry: Entry | None) -> Sides | None:
        """Both images of an entry that changed, side by side, as far as both were read."""
        if entry is None or entry.home is None or not _changed(entry):
            return None
        was, now = self.service.images_of(self.draft, entry)
        if was is None or now is None:
            return None
        room = (self.entry_view.scrollable_content_region.width or self.size.width - 4) - 1
        homes = RepositoryLocation.of(self.draft.target), entry.home
        held, taken = (partial(self._remark, home) for home in homes)
        return Sides(was, now, held, taken, max(40, room))

    def _unread(self) -> Entry | None:
        """An entry that changed and whose images are to be read: first that under the cursor."""
        changed = [entry for entry in self._rows if _changed(entry)][:_READ_AT_MOST]
        here = [self.entry] if self.entry is not None and _changed(self.entry) else []
        return next((each for each in (*here, *changed) if (each.was, each.descriptor.digest) not in self._read), None)

    async def _read_images(self) -> None:
        try:
            while (entry := self._unread()) is not None:
                self._read.add((entry.was, entry.descriptor.digest))
                await self.service.read_images(self.draft, entry)
        finally:
            self._reading = False
        if self.is_attached:
            self.redraw()

    def _remark(self, home: RepositoryLocation, layer: Descriptor) -> tuple[str, Role]:
        presence = self.service.seen(home, layer.digest)
        if presence is None:
            return "", "plain"
        return f"{self.main.glyphs.of(presence)} {presence.value}", presence.words.role

    def show_edited(self) -> None:
        """The draft is another now."""
        self.planning.begin(self.draft)
        self.redraw()
        self.main.observer.publish(draft_event(self.draft))

    def push(self) -> None:
        """Have the plan that is on the screen run."""
        plan = self.shown_plan
        assert plan is not None
        self.main.observer.publish(plan_event(plan, DRAFT_ACTION[self.draft.kind]))
        self.main.observer.publish(Event(EventKind.VIEW, {"view": "plan"}))
        self.leave_for(plan)

    def leave_for(self, plan: Plan | None = None) -> None:
        """Go on to the push of this plan, or to a plan that is shown alone; the draft is kept until that is done."""
        self.service.keep(self.editor)
        self.dismiss(Wanted(self.draft, plan))

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


def _changed(entry: Entry) -> bool:
    """Whether both an image that the list holds and another one that goes in are there to be compared."""
    both = entry.was is not None and entry.in_index and not entry.is_attestation
    return both and entry.was != entry.descriptor.digest
