"""The lines around the panes: header, tabs, verdict, keys. Each draws plain facts that it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message
from textual.reactive import reactive

from tui.app.styled_text import Line, Role, cut, shortened, wrap
from tui.app.widgets.styled import StyledWidget

#: Cells beside the place's name from which the header also says how many requests are in flight.
_WIDE = 60
#: Below this many columns a bar of keys shows only what applies.
_NARROW = 100


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What the header line says. `marks` are words such as `read-only`; `rate` is requests per second."""

    where: str = ""
    pulls: str = ""
    rate: str = ""
    busy: bool = False
    marks: tuple[str, ...] = ()
    dot: str = "●"
    flying: str = ""
    """How many requests are under way: "48 in flight"."""


def in_flight(facts: HeaderFacts, width: int) -> str:
    """How many requests are under way, where the name of the place leaves room for it; else ""."""
    return facts.flying if width - len(facts.where) >= _WIDE else ""


class HeaderLine(StyledWidget):
    """Program, source, rate limit, requests a second."""

    facts: reactive[HeaderFacts] = reactive(HeaderFacts())

    def render(self) -> Text:
        """The line, with the right part kept when there is little room."""
        facts = self.facts
        right = Line()
        for mark in facts.marks:
            right.put(f" {mark} ", "warn").put("  ")
        if facts.pulls:
            right.put(facts.pulls, "label").put("   ")
        if flying := in_flight(facts, self.size.width):
            right.put(flying, "label").put("   ")
        if facts.rate:
            right.put(f"{facts.dot} ", "good" if facts.busy else "dim").put(facts.rate, "label")
        left = Line().put(" fanfold ", "head").put("  ")
        room = self.size.width - len(left.plain) - len(right.plain) - 2
        left.put(cut(facts.where, max(8, room)), "title")
        left.pad(self.size.width - len(right.plain) - 1)
        text = self.text(left)
        text.append_text(self.text(right))
        return text


def tab_words(
    tabs: Sequence[tuple[str, str]], counts: Mapping[str, int], active: str, width: int
) -> list[tuple[str, str]]:
    """The tabs as they are drawn, (name, words): always whole words. Where there is little room the gaps become
    smaller, then the counts go, then the tabs that are furthest from the active one; `…` leads to the next of those."""
    for gap, counted in (("  ", True), (" ", True), (" ", False)):
        shown = [
            (name, f"{title} {counts[name]}{gap}" if counted and counts.get(name) else f"{title}{gap}")
            for name, title in tabs
        ]
        if sum(len(words) for _, words in shown) - len(gap) <= width:
            return shown
    at = next((place for place, (name, _) in enumerate(tabs) if name == active), 0)
    first, last = at, at + 1

    def cells(first: int, last: int) -> int:
        more = 2 * (first > 0) + 2 * (last < len(shown))
        return sum(len(words) for _, words in shown[first:last]) - 1 + more

    while True:
        if last < len(shown) and cells(first, last + 1) <= width:
            last += 1
        elif first > 0 and cells(first - 1, last) <= width:
            first -= 1
        else:
            before = [(shown[first - 1][0], "… ")] if first > 0 else []
            after = [(shown[last][0], "…")] if last < len(shown) else []
            return [*before, *shown[first:last], *after]


class TabStrip(StyledWidget):
    """The names of the detail's tabs. A click on one posts `Picked`."""

    class Picked(Message):
        """A tab's name was clicked."""

        def __init__(self, tab: str) -> None:
            super().__init__()
            self.tab = tab

    active: reactive[str] = reactive("summary")
    counts: reactive[dict[str, int]] = reactive(dict)

    def __init__(self, tabs: Sequence[tuple[str, str]], *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.tabs = tuple(tabs)

    def render(self) -> Text:
        """Names in a row."""
        text = Text(no_wrap=True, end="")
        for name, words in tab_words(self.tabs, self.counts, self.active, self.size.width):
            style = self.style_of("key-cap") + Style(underline=True) if name == self.active else self.style_of("dim")
            text.append(words.rstrip(), style + Style(meta={"tab": name}))
            text.append(" " * (len(words) - len(words.rstrip())))
        return text

    def on_click(self, event: events.Click) -> None:
        tab = event.style.meta.get("tab")
        if tab:
            self.post_message(self.Picked(str(tab)))


class Clickable(StyledWidget):
    """Text whose `act` meta names an action; a click posts `Act`."""

    class Act(Message):
        """An action's key was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def on_click(self, event: events.Click) -> None:
        action = event.style.meta.get("act")
        if action:
            self.post_message(Clickable.Act(str(action)))


class VerdictLine(Clickable):
    """One or two lines on the tag or index that the cursor is in, or how far a check is."""

    line: reactive[Line] = reactive(Line, always_update=True)

    def render(self) -> Text:
        """The line folded to two rows; what does not fit is cut, but not the keys at its end."""
        width = max(10, self.content_size.width)
        line = shortened(self.line, width, 2)
        starts = wrap(line.held, width, hang=line.hang)[:2]
        text = self.text(line)
        for link in line.links:
            if link.target.what == "action":
                text.stylize(Style(meta={"act": link.target.value}), link.start, link.end)
        parts = text.divide(starts[1:])
        folded = Text(no_wrap=True, end="")
        for number, part in enumerate(parts):
            if number:
                folded.append("\n" + " " * line.hang)
            folded.append_text(part)
        return folded


@dataclass(frozen=True, slots=True)
class KeyFact:
    """One key of the bar: `reason` is why it does not apply now, "" when it does."""

    action: str
    key: str
    title: str
    reason: str
    vital: bool = False
    """Whether it comes before others where there is no room for all."""

    @property
    def cells(self) -> int:
        """What it takes in the bar."""
        return len(self.key) + len(self.title) + 3


def fitting_keys(facts: Sequence[KeyFact], width: int) -> list[KeyFact]:
    """Those that there is room for, in their order: the last two (help, quit) always; in a narrow bar only what
    applies, and of that what is vital before the rest. A wide one stays the same while the cursor moves."""
    narrow = width < _NARROW
    wanted = facts[:-2]
    if narrow:
        wanted = sorted((fact for fact in wanted if not fact.reason), key=lambda fact: not fact.vital)
    last = facts[-2:]
    room = width - sum(fact.cells for fact in last)
    kept: list[KeyFact] = []
    for fact in wanted:
        if fact.cells <= room:
            room -= fact.cells
            kept.append(fact)
        elif not narrow:
            break
    return [*(fact for fact in facts[:-2] if fact in kept), *last]


class KeyBar(Clickable):
    """The keys that matter here; greyed when they do not apply (help and the palette say why)."""

    keys: reactive[tuple[KeyFact, ...]] = reactive(())

    def render(self) -> Text:
        """As many as fit."""
        text = Text(no_wrap=True, end="")
        for fact in fitting_keys(self.keys, self.size.width):
            action = Style(meta={"act": fact.action})
            key: Role = "dim" if fact.reason else "key-cap"
            words: Role = "dim" if fact.reason else "label"
            text.append(" ")
            text.append(fact.key, self.style_of(key) + action)
            text.append(" ", action)
            text.append(fact.title, self.style_of(words) + action)
            text.append(" ")
        return text
