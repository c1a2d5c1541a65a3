"""Help: what the focused pane is for, then every key with what it does, and why it may be grey now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tui.app.pages.parts import blank, heading, page, prose
from tui.app.styled_text import Line, Lines, Target
from tui.explore.cells import Glyphs
from tui.resources import sections
from tui.sources.presence import presence_words

if TYPE_CHECKING:
    from tui.app.actions import Action
    from tui.app.keys import Keys


def help_page(pane: str, actions: Sequence[Action], keys: Keys, reasons: Mapping[str, str], glyphs: Glyphs) -> Lines:
    """The page: `reasons` maps each action's id to why it does not apply now ("" when it does)."""
    texts = sections("help.md")
    lines = [prose(keys.put_in(texts.get(pane, texts["tree"]))), blank(), heading("Symbols")]
    lines += [
        Line(hang=4).put(f"  {glyphs.of(words.presence)} ", words.role).put(words.help)
        for words in presence_words().values()
    ]
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
        prose(texts["words"]),
    ]  # fmt: skip
    return page(lines)
