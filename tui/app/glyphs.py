"""Symbols, each one cell wide, in two sets: Unicode and ASCII (`--ascii`). They carry the status."""

from __future__ import annotations

from dataclasses import dataclass

from tui.sources.presence import Presence
from tui.text import to_ascii


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set of symbols. `presence` has one for every word but `checking`, which turns through `spinner`."""

    name: str
    presence: dict[Presence, str]
    spinner: str
    closed: str
    opened: str
    ellipsis: str
    mark: str
    dot: str
    arrow: str
    bar: str
    guides: tuple[str, str, str, str]

    def of(self, presence: Presence, tick: int = 0) -> str:
        """The symbol of a presence; `tick` turns the spinner."""
        if presence is Presence.CHECKING:
            return self.spinner[tick % len(self.spinner)]
        return self.presence[presence]


_STILL = [presence for presence in Presence if presence is not Presence.CHECKING]

UNICODE = Glyphs(
    name="unicode",
    presence={presence: presence.words.symbol for presence in _STILL},
    spinner="⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏",
    closed="▸ ",
    opened="▾ ",
    ellipsis="…",
    mark="●",
    dot="·",
    arrow="→",
    bar="▏",
    guides=("  ", "│ ", "└─", "├─"),
)

ASCII = Glyphs(
    name="ascii",
    presence={presence: to_ascii(presence.words.symbol) for presence in _STILL},
    spinner="|/-\\",
    closed="> ",
    opened="v ",
    ellipsis="~",
    mark="*",
    dot="-",
    arrow="->",
    bar="|",
    guides=("  ", "| ", "`-", "|-"),
)


def glyphs(ascii_only: bool) -> Glyphs:
    """The set to draw with."""
    return ASCII if ascii_only else UNICODE
