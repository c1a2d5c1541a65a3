"""Questions in front of the screen: choose one, confirm, give a text, read a page. Each gives its answer to whoever
pushed it (`await screen.ask(...)`), None when it was left with Esc."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Static

from tui.app.styled_text import Line, Lines, Page, Role, Target, cut
from tui.app.widgets.page import PageView
from tui.text import safe

T = TypeVar("T")

_MOVES = {
    "up": "up", "k": "up", "down": "down", "j": "down", "pageup": "page-up", "ctrl+u": "page-up",
    "pagedown": "page-down", "ctrl+d": "page-down", "home": "top", "g": "top", "end": "bottom", "G": "bottom",
}  # fmt: skip


class Dialog(ModalScreen[T], Generic[T]):
    """A box in the middle. Esc leaves it without an answer."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave", show=False)]

    def __init__(self, title: str) -> None:
        super().__init__()
        self.dialog_title = title

    def box(self, *children: Static | PageView | Input, wide: bool = False) -> Vertical:
        """The frame with its title (safe text) and what is in it."""
        box = Vertical(*children, classes="dialog-box -wide" if wide else "dialog-box")
        box.border_title = _plain_title(self.dialog_title)
        return box

    def action_leave(self) -> None:
        """No answer."""
        self.dismiss(None)

    async def on_click(self, event: events.Click) -> None:
        if event.widget is self:
            self.dismiss(None)


def _plain_title(title: str) -> str:
    """Border titles are parsed as markup: brackets of data are escaped."""
    return title.replace("\\", "\\\\").replace("[", "\\[")


@dataclass(frozen=True, slots=True)
class Item(Generic[T]):
    """One line to choose: `reason` greys it out and says why. Texts must be safe."""

    key: str
    title: str
    value: T
    detail: str = ""
    reason: str = ""


class Choice(Dialog[T]):
    """Choose one of some items, by its key, or with the arrows and Enter."""

    def __init__(self, title: str, items: Sequence[Item[T]], intro: str = "", *, whole: bool = False) -> None:
        super().__init__(title)
        self.items = list(items)
        self.intro = intro
        # Whether the detail of the item at the cursor is also said in full, where its line cuts it.
        self.whole = whole
        self.at = next((place for place, item in enumerate(self.items) if not item.reason), 0)

    def compose(self) -> ComposeResult:
        yield self.box(PageView(id="choices"), Static("enter choose   esc leave", classes="dialog-hint", markup=False))

    def on_mount(self) -> None:
        self._draw()
        self.query_one(PageView).focus()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        view = self.query_one(PageView)
        rows = len(self.items) + (2 if self.intro else 0) + (5 if self.whole else 0)
        view.styles.height = min(rows, max(4, self.size.height - 8))
        view.show(Lines(self._lines(max(20, view.size.width or 60))), keep=True)

    def _lines(self, width: int) -> list[Line]:
        lines = [Line().put(self.intro), Line()] if self.intro else []
        widest = max((len(item.title) for item in self.items), default=0)
        for place, item in enumerate(self.items):
            here = place == self.at
            role: Role = "dim" if item.reason else "title" if here else "plain"
            line = Line(fold="cut").put("▸ " if here else "  ", "accent")
            line.put(f"{item.key:<2} ", "dim" if item.reason else "key-cap")
            line.put(f"{item.title:<{min(widest, 34)}}", role, Target("action", str(place)))
            rest = f"({item.reason})" if item.reason else item.detail
            line.put("  " + cut(rest, max(0, width - len(line.plain) - 3)), "dim")
            lines.append(line)
        if self.whole and self.items:
            lines += [Line(), Line(hang=2).put("  " + self.items[self.at].detail, "plain")]
        return lines

    def on_key(self, event: events.Key) -> None:
        move = _MOVES.get(event.key)
        chosen = next((item for item in self.items if item.key and item.key == event.character), None)
        if chosen is not None:
            event.stop()
            self._take(chosen)
        elif move is not None and self.items:
            event.stop()
            last = len(self.items) - 1
            step = {"up": -1, "down": 1, "page-up": -8, "page-down": 8, "top": -last, "bottom": last}[move]
            self.at = min(max(0, self.at + step), last)
            self._draw()
        elif event.key == "enter" and self.items:
            event.stop()
            self._take(self.items[self.at])

    def _take(self, item: Item[T]) -> None:
        if item.reason:
            self.notify(item.reason, severity="warning", markup=False)
        else:
            self.dismiss(item.value)

    @on(PageView.Followed)
    def _clicked(self, event: PageView.Followed) -> None:
        self._take(self.items[int(event.link.target.value)])


class Confirm(Dialog[bool]):
    """Yes or no. `page` says what would happen; with `typed` that very text must be typed to say yes."""

    def __init__(self, title: str, page: Page, *, yes: str = "yes", typed: str = "") -> None:
        super().__init__(title)
        self.page = page
        self.yes = yes
        self.typed = typed

    def compose(self) -> ComposeResult:
        children: list[Static | PageView | Input] = [PageView(id="confirm-page")]
        if self.typed:
            children.append(Static(f"Type  {self.typed}  to go on:", markup=False))
            children.append(Input(id="confirm-typed"))
            hint = f"enter {self.yes}   esc leave, nothing happens"
        else:
            hint = f"y {self.yes}   n or esc leave, nothing happens"
        children.append(Static(hint, classes="dialog-hint", markup=False))
        yield self.box(*children, wide=True)

    def on_mount(self) -> None:
        view = self.query_one(PageView)
        view.show(self.page)
        view.styles.height = min(len(self.page) + 2, max(4, self.app.size.height - 10))
        self.query_one(Input if self.typed else PageView).focus()

    def on_key(self, event: events.Key) -> None:
        if self.typed:
            return
        if event.key == "y":
            event.stop()
            self.dismiss(True)
        elif event.key in ("n", "q"):
            event.stop()
            self.dismiss(False)
        elif event.key in _MOVES:
            event.stop()
            self.query_one(PageView).move(_MOVES[event.key])

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.value == self.typed:
            self.dismiss(True)
        else:
            self.notify(f"That is not {self.typed}; nothing was done.", severity="warning", markup=False)


class Prompt(Dialog[str]):
    """A line of text. `check` gives "" or why the text will not do; it is asked at each key. `suggestions` complete
    what is typed, and → takes them."""

    def __init__(
        self,
        title: str,
        *,
        value: str = "",
        hint: str = "",
        check: Callable[[str], str] = lambda text: "",
        suggestions: Sequence[str] = (),
    ) -> None:
        super().__init__(title)
        self.value = value
        self.hint = hint
        self.check = check
        self.suggestions = suggestions

    def compose(self) -> ComposeResult:
        yield self.box(
            Input(
                value=self.value,
                id="prompt-input",
                suggester=SuggestFromList(self.suggestions, case_sensitive=True) if self.suggestions else None,
            ),
            Static(self.hint, id="prompt-note", classes="dialog-hint", markup=False),
            wide=True,
        )

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        event.stop()
        why = self.check(event.value) if event.value else ""
        self.query_one("#prompt-note", Static).update(why or self.hint)

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        event.stop()
        why = self.check(event.value)
        if why:
            self.query_one("#prompt-note", Static).update(why)
        elif event.value.strip():
            self.dismiss(event.value.strip())
        else:
            self.dismiss(None)


class Reader(Dialog[str]):
    """A page to read and scroll. `keys` maps keys to answers (with words for the hint line)."""

    def __init__(self, title: str, page: Page, *, keys: Sequence[tuple[str, str, str]] = ()) -> None:
        super().__init__(title)
        self.page = page
        self.keys = tuple(keys)

    def compose(self) -> ComposeResult:
        hints = [f"{key} {words}" for key, words, _ in self.keys]
        hint = "   ".join([*hints, "↑↓ scroll", "tab link", "esc leave"])
        yield self.box(PageView(id="reader-page"), Static(hint, classes="dialog-hint", markup=False), wide=True)

    def on_mount(self) -> None:
        view = self.query_one(PageView)
        view.show(self.page)
        view.focus()

    def on_resize(self) -> None:
        view = self.query_one(PageView)
        view.styles.height = min(len(self.page) + 1, max(4, self.app.size.height - 10))

    def on_key(self, event: events.Key) -> None:
        view = self.query_one(PageView)
        answer = next((value for key, _, value in self.keys if key == event.key), None)
        if answer is not None:
            event.stop()
            self.dismiss(answer)
        elif event.key in _MOVES:
            event.stop()
            view.move(_MOVES[event.key])
        elif event.key in ("tab", "shift+tab"):
            event.stop()
            event.prevent_default()
            view.step_link(1 if event.key == "tab" else -1)
        elif event.key == "enter":
            event.stop()
            view.follow()
        elif event.key in ("q", "question_mark"):
            event.stop()
            self.dismiss(None)

    @on(PageView.Followed)
    def _followed(self, event: PageView.Followed) -> None:
        event.stop()
        target = event.link.target
        self.dismiss(f"{target.what}:{target.value}")


#: Suggestions of a target that are listed below the line.
_LISTED = 5


class Where(Prompt):
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

    def compose(self) -> ComposeResult:
        suggester = SuggestFromList(self.suggestions, case_sensitive=False)
        yield self.box(
            Input(value=self.value, id="prompt-input", suggester=suggester, select_on_focus=False),
            Static(self.hint, id="prompt-note", classes="dialog-hint", markup=False),
            wide=True,
        )
