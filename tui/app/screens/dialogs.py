"""Questions in front of the screen: choose one, confirm, give a text, read a page, wait. Each gives its answer to
whoever pushed it (`await screen.ask(...)`), None when it was left.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from textual import events, on
from textual.app import App, ComposeResult
from textual.await_complete import AwaitComplete
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui.app.actions import ActionSet, Scope
from tui.app.controllers.dialogs import (
    ChoiceController,
    ConfirmController,
    DialogController,
    PromptController,
    ReaderController,
)
from tui.app.pages.glossary import glossary_page
from tui.app.pages.help import keys_page, keys_title
from tui.app.styled_text import Line, Lines, Page, Role, Target, cut, wrap
from tui.app.widgets.bars import Clickable
from tui.app.widgets.frame import KeyLine
from tui.app.widgets.page import PageView
from tui.text import safe

if TYPE_CHECKING:
    from tui.app.main import FanfoldApp
    from tui.app.screens.main import MainScreen

T = TypeVar("T")


class Dialog(ModalScreen[T], Generic[T]):
    """A box in the middle. Each kind has its scope: its keys come from the table of actions, as any screen's do."""

    def __init__(self, title: str, scope: Scope) -> None:
        super().__init__()
        self.dialog_title = title
        self.scope = scope

    @cached_property
    def main(self) -> MainScreen:
        """The main screen: it knows the keys, and runs what takes a moment."""
        return cast("FanfoldApp", self.app).main_screen

    @cached_property
    def actions(self) -> ActionSet[Any]:
        """What can be done here."""
        actions: ActionSet[Any] = ActionSet(
            self.main.keys, self.scope, lambda: self, start=self.main.start, warn=self.warn
        )
        actions.add(DialogController(self))
        return actions

    @property
    def read_only(self) -> bool:
        """Whether `--read-only` is on."""
        return self.main.read_only

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Answer, once: a key that leaves may come twice before the dialog is gone."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def on_mount(self) -> None:
        self.main.keys.bind(self, self.scope)

    def box(self, *children: Static | PageView | Input, wide: bool = False) -> Vertical:
        """The frame with its title (safe text) and what is in it."""
        box = Vertical(*children, classes="dialog-box -wide" if wide else "dialog-box")
        box.border_title = _plain_title(self.dialog_title)
        return box

    def last(self) -> tuple[tuple[str, str], ...]:
        """The entries that most of them end with."""
        return ("dialog-leave", "close"), ("dialog-help" if self.scope != "help" else "", "help")

    def footer(self, *named: tuple[str, str]) -> KeyLine:
        """The last line of the screen: the keys that apply while the dialog is there, over those that do not. Takes
        ids of actions (several, with blanks between, for one entry) and what they do; "" leaves an entry out."""
        entries = [(ids.split(), words) for ids, words in named if words]
        line = KeyLine(classes="dialog-keys")
        line.keys = tuple(
            (ids[0], key, words) for ids, words in entries if (key := "".join(self.actions.line(each) for each in ids))
        )
        return line

    def warn(self, text: str) -> None:
        """Say why something does not work."""
        self.notify(text, severity="warning", markup=False)

    def move(self, where: str) -> None:
        """`up`, `down`, `page-up`, `page-down`, `top`, `bottom`: scroll, or move the cursor."""
        self.query_one(PageView).move(where)

    async def show_keys(self) -> None:
        """What the keys do here."""
        await show_keys(self.app, self.actions)

    def action_act(self, action_id: str) -> None:
        """What every key is bound to."""
        if action_id in self.actions:
            self.actions.run(action_id)

    def on_clickable_act(self, event: Clickable.Act) -> None:
        event.stop()
        self.action_act(event.action)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)


def _plain_title(title: str) -> str:
    """Border titles are parsed as markup: brackets of data are escaped."""
    return title.replace("\\", "\\\\").replace("[", "\\[")


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One line to choose: `reason` greys it out and says why. Texts must be safe. What does not fit of a detail goes on
    in the next row, unless it is no `words`."""

    key: str
    title: str
    value: T
    detail: str = ""
    reason: str = ""
    words: bool = True


class Choice(Dialog[T]):
    """Choose one of some items, by its key, or with the arrows and Enter."""

    def __init__(self, title: str, items: Sequence[Item[T]], intro: str = "", *, whole: bool = False) -> None:
        super().__init__(title, "choice")
        self.items = list(items)
        self.intro = intro
        # Whether the detail of the item at the cursor is also said in full, where its line cuts it.
        self.whole = whole
        self.at = next((place for place, item in enumerate(self.items) if not item.reason), 0)

    def compose(self) -> ComposeResult:
        self.actions.add(ChoiceController(self))
        yield self.box(PageView(id="choices"))
        yield self.footer(("choice-take", "select"), ("dialog-up dialog-down", "choose"), *self.last())

    def on_mount(self) -> None:
        self._draw()
        self.query_one(PageView).focus()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        view = self.query_one(PageView)
        width = max(20, view.scrollable_content_region.width or view.size.width or 60)
        lines = self._lines(width)
        rows = sum(len(wrap(line.held, width, hang=line.hang, fold=line.fold)) for line in lines)
        if self.whole:
            rows = len(self.items) + (2 if self.intro else 0) + 5  # as many for every item, so that nothing moves
        view.styles.height = min(rows, max(4, self.size.height - 8))
        view.show(Lines(lines), keep=True)

    def _lines(self, width: int) -> list[Line]:
        lines = [Line().put(self.intro), Line()] if self.intro else []
        widest = max((len(item.title) for item in self.items), default=0)
        for place, item in enumerate(self.items):
            here = place == self.at
            role: Role = "dim" if item.reason else "title" if here else "plain"
            line = Line().put("▸ " if here else "  ", "accent")
            line.put(f"{item.key:<2} ", "dim" if item.reason else "key-cap")
            line.put(f"{item.title:<{min(widest, 34)}}", role, Target("action", str(place)))
            rest = f"({item.reason})" if item.reason else item.detail
            line.hang = len(line.plain) + 2
            if self.whole or not item.words:
                rest, line.fold = cut(rest, max(0, width - len(line.plain) - 3)), "cut"
            lines.append(line.put(f"  {rest}", "dim"))
        if self.whole and self.items:
            lines += [Line(), Line(hang=2).put("  " + self.items[self.at].detail, "plain")]
        return lines

    def on_key(self, event: events.Key) -> None:
        """The keys of the items."""
        chosen = next((item for item in self.items if item.key and item.key == event.character), None)
        if chosen is not None:
            event.stop()
            event.prevent_default()
            self._take(chosen)

    def move(self, where: str) -> None:
        """Move the cursor."""
        last = len(self.items) - 1
        step = {"up": -1, "down": 1, "page-up": -8, "page-down": 8, "top": -last, "bottom": last}[where]
        self.at = max(0, min(self.at + step, last))
        self._draw()

    def take_current(self) -> None:
        """Choose the line of the cursor."""
        if self.items:
            self._take(self.items[self.at])

    def _take(self, item: Item[T]) -> None:
        if item.reason:
            self.warn(item.reason)
        else:
            self.dismiss(item.value)

    @on(PageView.Followed)
    def _clicked(self, event: PageView.Followed) -> None:
        self._take(self.items[int(event.link.target.value)])


class Confirm(Dialog[bool]):
    """Yes or no. `page` says what would happen, `yes` and `no` what each of the two does."""

    def __init__(self, title: str, page: Page, *, yes: str = "yes", no: str = "cancel") -> None:
        super().__init__(title, "confirm")
        self.page = page
        self.yes = yes
        self.no = no

    def compose(self) -> ComposeResult:
        self.actions.add(ConfirmController(self))
        no = "confirm-no" if self.actions.line("confirm-no") else "dialog-leave"
        yield self.box(PageView(id="confirm-page"), wide=True)
        yield self.footer(("confirm-yes", self.yes), (no, self.no), ("dialog-help", "help"))

    def on_mount(self) -> None:
        view = self.query_one(PageView)
        view.show(self.page)
        view.styles.height = min(len(self.page) + 2, max(4, self.app.size.height - 10))
        view.focus()


class Prompt(Dialog[str]):
    """A line of text. `check` gives "" or why the text will not do; it is asked at each key."""

    def __init__(
        self,
        title: str,
        *,
        value: str = "",
        hint: str = "",
        check: Callable[[str], str] = lambda text: "",
        scope: Scope = "prompt",
    ) -> None:
        super().__init__(title, scope)
        self.value = value
        self.note = hint
        self.check = check

    def compose(self) -> ComposeResult:
        self.actions.add(PromptController(self))
        yield self.box(
            self.input(),
            Static(self.note, id="prompt-note", classes="dialog-hint", markup=False),
            wide=True,
        )
        yield self.footer(("prompt-accept", "accept"), ("dialog-leave", "close"), ("prompt-help", "help"))

    def input(self) -> Input:
        """The line that is typed in."""
        return Input(value=self.value, id="prompt-input")

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        self.say_why(self.check(event.value) if event.value else "")

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.accept()

    def accept(self) -> None:
        """Answer with what is typed, or say why it will not do."""
        typed = self.query_one(Input).value
        why = self.check(typed)
        if why:
            self.say_why(why)
        else:
            self.dismiss(typed.strip() or None)

    def say_why(self, why: str) -> None:
        """Why the text will not do, in the place of the hint; "" where it will."""
        note = self.query_one("#prompt-note", Static)
        note.update(why or self.note)
        note.set_class(why != "", "-refused")


def page_room(columns: int) -> int:
    """How many cells a line of a `Reader`'s page has on a screen of so many columns: its box takes nine tenths of them,
    at most 110, of which a frame, two blanks at each side and a scroll bar take seven."""
    return max(30, min(110, columns * 9 // 10) - 7)


class Reader(Dialog[str]):
    """A page to read and scroll. With `copy` (what that copies, in words) a key answers `copy`, with `menu` another
    answers `menu`; a link answers `what:value` of its target. `scope` is `help` for a page of help: the key that
    brought it takes it away. A page that is laid out for the cells of a line is a function of them."""

    def __init__(
        self,
        title: str,
        page: Page | Callable[[int], Page],
        *,
        copy: str = "",
        menu: str = "",
        scope: Scope = "reader",
    ) -> None:
        super().__init__(title, scope)
        self._page = page
        self.copy = copy
        self.menu = menu

    def copied(self) -> str:
        """The answer that the copying key gives."""
        return "copy"

    @property
    def view(self) -> PageView:
        """The page on the screen."""
        return self.query_one(PageView)

    def _laid_out(self) -> Page:
        """The page for the columns of now."""
        return self._page(page_room(self.app.size.width)) if callable(self._page) else self._page

    def compose(self) -> ComposeResult:
        self.actions.add(ReaderController(self))
        yield self.box(PageView(id="reader-page"), wide=True)
        yield self.footer(
            ("reader-copy", self.copy),
            ("reader-copy-menu", self.menu),
            ("dialog-up dialog-down", "scroll"),
            ("reader-next-link", "link" if self._laid_out().links() else ""),
            ("help-glossary", "glossary" if self.scope == "help" else ""),
            *self.last(),
        )

    def on_mount(self) -> None:
        self.view.focus()
        if self.scope == "help":
            self.app.clear_notifications()  # who asks for help has read them; they would lie over it

    def on_resize(self) -> None:
        page = self._laid_out()
        self.view.show(page, keep=True)
        self.view.styles.height = min(len(page) + 1, max(4, self.app.size.height - 10))

    @on(PageView.Followed)
    def _followed(self, event: PageView.Followed) -> None:
        event.stop()
        target = event.link.target
        self.dismiss(f"{target.what}:{target.value}")


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What came of something that took a moment: a value, or the error that was raised."""

    value: T | None = None
    error: Exception | None = None


#: So many lines of progress are kept in sight.
_PROGRESS = 8


class Busy(Dialog[Answer[T]]):
    """Runs `work(progress)` and says how far it is; the answer is None when the reader did not want to wait."""

    def __init__(self, title: str, work: Callable[[Callable[[str], None]], Awaitable[T]]) -> None:
        super().__init__(title, "busy")
        self._work = work
        self._progress: list[str] = []
        self._answer: Answer[T] | None = None

    def compose(self) -> ComposeResult:
        yield self.box(PageView(id="busy"), wide=True)
        yield self.footer(("dialog-leave", "cancel; nothing is written"))

    def on_mount(self) -> None:
        self._draw()
        self.run_worker(self._run(), exit_on_error=False)

    async def _run(self) -> None:
        try:
            self._answer = Answer(await self._work(self.tell))
        except asyncio.CancelledError:
            raise
        except Exception as error:  # handed to whoever asked, who tells the reader
            self._answer = Answer(error=error)
        self._close()

    def _close(self) -> None:
        """Answer, once nothing (help, the palette) lies in front: only the front screen can be dismissed."""
        if self._answer is not None and self.app.screen is self:
            self.dismiss(self._answer)

    def on_screen_resume(self) -> None:
        self._close()

    def tell(self, text: str) -> None:
        """One more line (safe text) about how far it is."""
        self._progress.append(text)
        if self.is_mounted:
            self._draw()

    def _draw(self) -> None:
        lines = [Line(hang=2).put("· ", "dim").put(text) for text in self._progress[-_PROGRESS:]]
        view = self.query_one(PageView)
        view.styles.height = _PROGRESS if self.size.height > 16 else 4
        view.show(Lines(lines or [Line().put("Asking…", "dim")]))
        view.move("bottom")


#: Suggestions of a target that are listed below the line.
_LISTED = 5


class TargetPrompt(Prompt):
    """A line for a tag to push to; the first suggestion that fits is shown behind the cursor, right or end takes it.
    `meant` completes what was typed to the whole reference that is checked."""

    def __init__(
        self, title: str, suggestions: Sequence[str], *, value: str = "", meant: Callable[[str], str] = str.strip
    ) -> None:
        from tui.compose.targets import unusable_target  # late: 20 ms that the main screen should not pay

        self.suggestions = list(dict.fromkeys(suggestions))
        shown = "   ".join(safe(each) for each in self.suggestions[:_LISTED])
        hint = f"→ takes a suggestion: {shown}" if shown else "repository:tag"
        super().__init__(title, value=value, hint=hint, check=lambda text: unusable_target(meant(text)))

    def input(self) -> Input:
        suggester = SuggestFromList(self.suggestions, case_sensitive=False)
        return Input(value=self.value, id="prompt-input", suggester=suggester, select_on_focus=False)


async def show_keys(app: App[Any], actions: ActionSet[Any]) -> None:
    """What the keys of a screen or dialog do, and why not now; a click on one does it. Call it from a worker."""
    answer = await app.push_screen_wait(Reader(keys_title(actions.scope), keys_page(actions), scope="help"))
    what, _, value = (answer or "").partition(":")
    if what == "glossary":
        await app.push_screen_wait(Reader("Glossary", glossary_page()))
    elif what == "action":
        actions.run(value)
