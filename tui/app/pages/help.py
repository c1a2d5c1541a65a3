"""Help: what the focused pane is for, then every key with what it does, and why it may be grey now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tui.app.glyphs import ROLE, Glyphs
from tui.app.pages.parts import blank, heading, page, prose
from tui.app.styled_text import Line, Lines, Target
from tui.sources.presence import Presence

if TYPE_CHECKING:
    from tui.app.actions import Action
    from tui.app.keys import Keys

_ABOUT = {
    "tree": "Images: source, repository, tag, index, platform, and what it is made of. Rows are asked for when they "
    "are opened, and what is open is checked at once: the symbol says whether the object is really in this repository.",
    "detail": "Detail: everything on the selected row, in tabs ([ and ]). Tab steps from link to link, Enter follows. "
    "Text can be selected with the mouse and copied with ctrl+c.",
    "requests": "Requests: every request as it happens, with status, time, bytes and who asked. Enter shows the "
    "headers, c copies it as a curl line. Secrets never get here.",
    "side": "Lesson: do what the step says; it ticks itself off when you have really done it.",
}

_MEANS = {
    Presence.PRESENT: "present: the registry has it",
    Presence.MISSING: "missing: the registry says 404, asked twice",
    Presence.MISMATCHED: "mismatched: there, but its size, digest or type is not what its descriptor says",
    Presence.DENIED: "denied: the registry does not let us look; that is not missing",
    Presence.LIMITED: "limited: the rate limit is reached; it is asked again later",
    Presence.UNREACHABLE: "unreachable: no usable answer came",
    Presence.FOREIGN: "elsewhere: it lives at its own address, not in the registry",
    Presence.UNCHECKED: "not asked yet",
    Presence.CHECKING: "being asked",
}


def help_page(pane: str, actions: Sequence[Action], keys: Keys, reasons: Mapping[str, str], glyphs: Glyphs) -> Lines:
    """The page: `reasons` maps each action's id to why it does not apply now ("" when it does)."""
    lines = [prose(_ABOUT.get(pane, _ABOUT["tree"])), blank(), heading("Symbols")]
    for presence, words in _MEANS.items():
        lines.append(Line(hang=4).put(f"  {glyphs.of(presence)} ", ROLE[presence]).put(words))
    for group in dict.fromkeys(action.group for action in actions):
        lines += [blank(), heading(group)]
        for action in actions:
            if action.group != group:
                continue
            why = reasons.get(action.id, "")
            line = Line(hang=22).put("  ").put(keys.all(action.id), "dim" if why else "key-cap")
            line.pad(21).put(" ").put(action.words, "dim" if why else "plain", Target("action", action.id))
            if why:
                line.put(f"  ({why})", "dim")
            lines.append(line)
    lines += [
        blank(),
        heading("Words"),
        prose("Lower-case keys look, capitals write. Every write shows its plan first and asks. Drag with the mouse to "
              "select text, ctrl+c copies the selection. Keys can be changed in the configuration file, under [keys]."),
    ]  # fmt: skip
    return page(lines)
