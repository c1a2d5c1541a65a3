"""Where to begin: what was opened before, the registries of stored logins, the demo. Rows as data, and their lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tui.app.styled_text import Line, Lines, Role, Target, cut
from tui.explore.cells import Glyphs
from tui.resources import sections
from tui.sources.recent import Recent
from tui.text import brief_age, safe

if TYPE_CHECKING:
    from tui.registry.credentials import StoredLogin

#: So many of what was opened before, so many rows with a number.
LISTED, _NUMBERED = 6, 9
#: What the row of the demo opens; no SOURCE, because of its blank.
DEMO = "the demo"
#: Rows of the page from which there is room for examples of what can be pasted.
_ROOM_FOR_EXAMPLES = 26


@dataclass(frozen=True, slots=True)
class StartRow:
    """One row. `key` typed alone opens it; `opens` is a SOURCE (raw) or `DEMO`; the others are safe texts."""

    section: str
    key: str
    opens: str
    name: str
    mark: str = ""
    words: str = ""
    right: str = ""
    """What stands at the right edge: an age, or the pulls that are left."""


def start_rows(
    recent: Sequence[Recent],
    logins: Sequence[StoredLogin],
    pulls: Mapping[str, str],
    bookmarks: Sequence[str],
    *,
    glyphs: Glyphs,
    now: datetime,
    demo: bool,
) -> list[StartRow]:
    """The rows. `pulls` says of registries what is left of their rate limit, as far as an answer told it."""
    rows = []
    for each in recent[:LISTED]:
        mark = glyphs.of(each.presence) if each.words else ""
        age = f"{old} ago" if (old := brief_age(each.when, now)) else ""
        rows.append(StartRow("Recent", "", each.source, safe(each.source, limit=400), mark, each.words, age))
    rows += [StartRow("Bookmarks", "", name, safe(name, limit=400)) for name in bookmarks]
    for title, places in (
        ("Registries you are logged in to", {login.registry: login.how for login in logins}),
        ("Registries without login", {name: "" for name in pulls if all(name != each.registry for each in logins)}),
    ):
        for registry, how in places.items():
            name = safe(registry, limit=260)
            rows.append(StartRow(title, "", registry, name, "", how, pulls.get(registry, "")))
    numbered = [replace(row, key=str(number)) for number, row in enumerate(rows[:_NUMBERED], 1)]
    if demo:
        words = "a registry inside this program, with every kind of broken image"
        numbered.append(StartRow("No image at hand?", "d", DEMO, "demo", "", words))
    return numbered


def start_page(rows: Sequence[StartRow], at: int, width: int, height: int) -> Lines:
    """The rows in their sections; `at` is the chosen one, -1 for none. Clicks lead to `action:PLACE`."""
    lines: list[Line] = []
    section = ""
    edge = min(max((len(row.name) for row in rows if row.words), default=0) + 8, width * 5 // 9)
    tight = len(rows) + 2 * len({row.section for row in rows}) > height
    for place, row in enumerate(rows):
        if row.section != section:
            section = row.section
            if lines and not tight:
                lines.append(Line())
            lines.append(Line(fold="cut").put(section, "title"))
        lines.append(_line(row, place, width, edge, chosen=place == at))
    if height >= _ROOM_FOR_EXAMPLES:
        first, *examples = sections("help.md")["start-examples"].split(" | ")
        lines += [Line(), Line(fold="cut").put(first, "title")]
        lines += [Line(fold="cut").put(f"  {example}", "dim") for example in examples]
    return Lines(lines)


def _line(row: StartRow, place: int, width: int, edge: int, *, chosen: bool) -> Line:
    """One row: key, name, from `edge` on what was known of it, and when. What was known then is dim: nothing of it was
    asked now."""
    role: Role = "title" if chosen else "plain"
    line = Line(fold="cut").put("▸ " if chosen else "  ", "accent").put(f"{row.key}  ", "key-cap")
    if row.opens == DEMO:
        edge = len(line.plain) + len(row.name) + 2
    right = f"  {row.right}" if row.right else ""
    room = (edge - 2 if row.words else width - len(right)) - len(line.plain)
    line.put(cut(row.name, max(4, room)), role, Target("action", str(place)))
    if row.words and width - edge - len(right) >= 4:
        words = f"{row.mark} {row.words}" if row.mark else row.words
        line.pad(edge).put(cut(words, width - edge - len(right)), "dim")
    if right:
        line.pad(width - len(right)).put(right, "dim")
    return line
