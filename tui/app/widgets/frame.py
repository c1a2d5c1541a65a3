"""The frame of a full screen besides the main one: a head line, a body, a lesson at the side, a line of keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.geometry import Size
from textual.reactive import Reactive, reactive
from textual.widget import Widget

from tui.app.styled_text import Line, wrap
from tui.app.widgets.bars import Clickable
from tui.app.widgets.styled import StyledWidget

#: From so many columns on, a lesson stands beside the screen's own content, else below it.
_WIDE = 116
#: Screens with fewer rows are short: the notes of a draft take less of them.
_SHORT = 30
#: Keys take so many rows at most (`frame.tcss`).
_KEY_ROWS = 3


class OneLine(StyledWidget):
    """A styled line, cut at the right edge."""

    line: reactive[Line] = reactive(Line, always_update=True)

    def render(self) -> Text:
        """The line, cut."""
        return self.text(self.line)


KeyEntry = tuple[str, str, str]
"""The id of an action, its keys as they are written, what they do."""


def _keys_line(keys: Iterable[KeyEntry]) -> Line:
    line = Line()
    for _action, key, words in keys:
        # Non-breaking blanks: a key and its words stay together.
        line.put(f" {key}\u00a0", "key-cap").put(words.replace(" ", "\u00a0") + "\u00a0", "label")
    return line


def fitting_entries(keys: Sequence[KeyEntry], width: int) -> list[KeyEntry]:
    """Those that fit into the rows that keys may take. The last two are the ways out: others before them are left
    out."""
    kept = list(keys)
    while len(kept) > 2 and len(wrap(_keys_line(kept).plain, max(10, width), hang=1)) > _KEY_ROWS:
        del kept[-3]
    return kept


class KeyLine(Clickable):
    """Keys and what they do, folded to as many rows as it takes; a click on one posts its action."""

    keys: reactive[tuple[KeyEntry, ...]] = reactive((), layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the keys need."""
        return len(wrap(_keys_line(fitting_entries(self.keys, width)).plain, max(10, width), hang=1))

    def render(self) -> Text:
        """The keys."""
        shown = fitting_entries(self.keys, self.size.width)
        line = _keys_line(shown)
        text = self.text(line)
        at = 0
        for action, key, words in shown:
            end = at + len(key) + len(words) + 3
            text.stylize(Style(meta={"act": action}), at, end)
            at = end
        folded = Text(no_wrap=True, end="")
        for number, part in enumerate(text.divide(wrap(line.plain, max(10, self.size.width), hang=1)[1:])):
            if number:
                folded.append("\n ")
            folded.append_text(part)
        folded.plain = folded.plain.replace("\u00a0", " ")
        return folded


class ScreenFrame(Vertical):
    """All of a screen: `body` is what is between head and keys, `side` the panel of the lesson that is under way."""

    def __init__(self, *body: Widget, side: Widget | None) -> None:
        super().__init__()
        self._body = body
        self._side = side

    def compose(self) -> ComposeResult:
        yield OneLine(classes="frame-head")
        with Horizontal(classes="frame-body"):
            yield Vertical(*self._body, classes="frame-main")
            with Container(classes="frame-side" if self._side is None else "frame-side -shown"):
                if self._side is not None:
                    yield self._side
        yield KeyLine(classes="frame-keys")

    def head(self, line: Line) -> None:
        """Set the head line."""
        self.query_one(".frame-head", OneLine).line = line

    def keys(self, keys: Iterable[KeyEntry]) -> None:
        """Set the line of keys: the id of an action, its keys, what they do. What has no key is left out."""
        self.query_one(KeyLine).keys = tuple(each for each in keys if each[1])

    def lay_out(self, size: Size) -> None:
        """Classes for a screen of this size."""
        self.set_class(size.height < _SHORT, "-short")
        self.set_class(size.width < _WIDE, "-narrow")

    @property
    def has_side(self) -> bool:
        """Whether there is a lesson to show or hide."""
        return self._side is not None

    def toggle_side(self) -> None:
        """Hide the lesson, or show it again."""
        self.query_one(".frame-side").toggle_class("-shown")


class _Box(Vertical):
    """It never scrolls: how much is in it is no reason to lay the screen out a second time."""

    virtual_size: Reactive[Size] = Reactive(Size(0, 0), layout=False)


def boxed(*children: Widget, title: str, classes: str = "") -> Vertical:
    """A titled box of a body. The title is ours: it is read as markup."""
    box = _Box(*children, classes=f"frame-box {classes}".strip())
    box.border_title = title
    return box
