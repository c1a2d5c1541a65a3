"""The draft on the screen: a table of its entries, what is wrong or new, and the entry under the cursor in full."""

from __future__ import annotations

from collections.abc import Iterator

from textual import events, on
from textual.containers import Vertical
from textual.widget import Widget

from tui.app.drafts.draft_edits import Edits
from tui.app.drafts.screen import MOVES, OneLine
from tui.app.pages.draft import entry_page, headline, index_notes, notices, order, summary, table
from tui.app.screens.main import MainScreen
from tui.app.styled_text import Line, Lines
from tui.app.widgets.page import PageView
from tui.app.widgets.rowlist import RowList
from tui.compose.draft import Draft, Entry
from tui.compose.service import DraftHistory, DraftService
from tui.compose.validate import problems
from tui.teach.events import Event, EventKind
from tui.teach.write_events import draft_event
from tui.text import plural, size

#: (what it does, Textual's key, the key as people write it, words)
KEYS = (
    ("plan", "P", "P", "plan and push"),
    ("add", "a", "a", "add"),
    ("source", "enter", "enter", "change source"),
    ("remove", "x", "x", "remove"),
    ("up", "K", "K", "up"),
    ("down", "J", "J", "down"),
    ("platform", "p", "p", "platform"),
    ("annotate", "n", "n", "annotate"),
    ("type", "t", "t", "type"),
    ("target", "g", "g", "target"),
    ("undo", "u", "u", "undo"),
    ("redo", "ctrl+r", "^r", "redo"),
    ("json", "v", "v", "JSON"),
    ("copy", "c", "c", "copy digest"),
    ("leave", "escape", "esc", "back"),
    ("drop", "q", "q", "discard"),
)
_ALIASES = {
    "r": "source", "delete": "remove", "backspace": "remove", "shift+up": "up", "shift+down": "down",
    "ctrl+z": "undo", "ctrl+y": "redo", "o": "offer", "L": "local", "f": "flatten",
}  # fmt: skip


class DraftScreen(Edits):
    """Answers with the draft that shall be planned, or None when the reader went back (the draft is kept then)."""

    def __init__(self, house: MainScreen, service: DraftService, history: DraftHistory) -> None:
        super().__init__(house)
        self.service = service
        self.history = history
        self._rows: list[Entry] = []

    @property
    def draft(self) -> Draft:
        """The draft as it is now."""
        return self.history.draft

    @property
    def entry(self) -> Entry | None:
        """The row under the cursor."""
        place = self.rows.cursor
        return self._rows[place] if 0 <= place < len(self._rows) else None

    @property
    def rows(self) -> RowList:
        """The table."""
        return self.query_one(RowList)

    def body(self) -> Iterator[Widget]:
        head, rows = OneLine(classes="fix-table-head"), RowList(id="draft-rows")
        box = Vertical(head, rows, classes="fix-box fix-table")
        box.border_title = "Entries"
        yield box
        news = Vertical(PageView(id="draft-notes"), classes="fix-box fix-notes")
        news.border_title = "What to know"
        yield news
        entry = Vertical(PageView(id="draft-entry"), classes="fix-box fix-entry")
        entry.border_title = "Entry"
        yield entry

    def begin(self) -> None:
        self.rows.focus()
        self.redraw()
        self.house.observer.publish(draft_event(self.draft))
        self.house.observer.publish(Event(EventKind.VIEW, {"view": "draft"}))

    # --- drawing -------------------------------------------------------------------------------------------------

    def redraw(self) -> None:
        draft = self.draft
        self._rows = order(draft)
        head, lines = table(draft, max(40, self.rows.size.width or self.size.width - 5))
        self.query_one(".fix-table-head", OneLine).line = head
        self.rows.show(lines)
        # Rows take what they need, up to a good half of the screen; the entry below takes the rest.
        self.rows.styles.height = min(max(3, len(lines)), max(4, (self.size.height - 12) // 2 + 1))
        title = Line(fold="cut").put(" draft ", "accent").put(" ")
        shown = headline(draft)
        title.spans += [(start + 8, end + 8, role) for start, end, role in shown.spans]
        title.plain += shown.plain
        title.put(f"   {summary(draft)}", "dim")
        self.headed(title)
        found = problems(draft)
        view = self.query_one("#draft-notes", PageView)
        lines = notices(draft, found, self.history.news[-6:], "o")
        view.show(Lines(lines))
        view.styles.height = max(1, min(len(lines) + 1, 3 if self.size.height < 30 else 6))
        self.draw_entry()
        self.keyed([(action, shown, words) for action, _key, shown, words in self._keys()])

    def _keys(self) -> list[tuple[str, str, str, str]]:
        keys = list(KEYS)
        if self.draft.local_list is not None:
            keys.insert(1, ("local", "L", "L", "fix only Docker's list"))
        return keys

    def draw_entry(self) -> None:
        """The entry under the cursor in full, then what there is to say of the index."""
        draft = self.draft
        kept = plural(len(draft.images), "image")
        others = len(draft.kept) - len(draft.images)
        kept += f" and {plural(others, 'attestation')}" if others else ""
        try:
            made = f"{draft.digest}, {size(len(draft.to_bytes()))}"
        except UnicodeEncodeError:  # validation says which text it is
            made = "cannot be made yet"
        lines = [
            *entry_page(self.entry),
            Line(),
            Line(hang=11, fold="char").put(f"{'index':<11}", "label").put(f"{kept}: {made}", "dim"),
            *index_notes(draft),
        ]
        self.query_one("#draft-entry", PageView).show(Lines(lines))

    def publish_draft(self) -> None:
        """The draft on the screen is another now."""
        self.redraw()
        self.house.observer.publish(draft_event(self.draft))

    # --- keys ----------------------------------------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        action = next((name for name, key, _, _ in self._keys() if key == event.key), _ALIASES.get(event.key))
        if event.key in MOVES and action is None:
            event.stop()
            self.rows.move(MOVES[event.key])
        elif event.key in ("left_square_bracket", "right_square_bracket"):
            event.stop()
            self.query_one("#draft-entry", PageView).move("page-up" if event.key[0] == "l" else "page-down")
        elif event.key == "question_mark":
            event.stop()
            self.start(self.help())
        elif action is not None and action != "leave":
            event.stop()
            self.do(action)

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self.draw_entry()

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        self.do("source")

    # --- leaving -------------------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Back to the tree; the draft is kept."""
        self.service.keep(self.history)
        self.house.say(f"The draft is kept: {self.house.keys.first('push')} goes on with it.")
        self.dismiss(None)

    def go_to(self, key: str) -> None:
        """Put the cursor on the row of this key."""
        place = next((place for place, entry in enumerate(self._rows) if entry.key == key), None)
        if place is not None:
            self.rows.go(place)
