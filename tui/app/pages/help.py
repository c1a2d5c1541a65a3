"""Help: what the focused pane is for, then every key with what it does, and why it may be grey now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tui.app.pages.parts import blank, heading, page, prose
from tui.app.styled_text import Line, Lines, Target
from tui.explore.cells import Glyphs
from tui.resources import sections
from tui.sources.presence import presence_words

if TYPE_CHECKING:
    from tui.app.actions import Action, ActionSet, Scope
    from tui.app.keys import Keys


def help_page(pane: str, actions: Sequence[Action], keys: Keys, reasons: Mapping[str, str], glyphs: Glyphs) -> Lines:
    """The page: `reasons` maps each action's id to why it does not apply now ("" when it does)."""
    texts = sections("help.md")
    lines = [prose(keys.put_in(texts.get(pane, texts["tree"]))), blank(), heading("Symbols")]
    lines += [
        Line(hang=4).put(f"  {glyphs.of(words.presence)} ", words.role).put(words.help)
        for words in presence_words().values()
    ]
    lines += _actions(actions, keys, reasons, "main")
    lines += [
        blank(),
        heading("Words"),
        prose(texts["words"]),
    ]  # fmt: skip
    return page(lines)


def _actions(actions: Sequence[Action], keys: Keys, reasons: Mapping[str, str], scope: Scope) -> list[Line]:
    """A line for each action of a screen, by group."""
    lines = []
    for group in dict.fromkeys(action.group for action in actions):
        lines += [blank(), heading(group)]
        for action in actions:
            if action.group != group:
                continue
            why = reasons.get(action.id, "")
            line = Line(hang=22).put("  ").put(keys.all(action.id, scope), "dim" if why else "key-cap")
            words = keys.put_in(action.words)
            line.pad(21).put(" ").put(words, "dim" if why else "plain", Target("action", action.id))
            if why:
                line.put(f"  ({why})", "dim")
            lines.append(line)
    return lines


def keys_title(scope: Scope) -> str:
    """What the help of a screen besides the main one is called."""
    return f"Keys of a {scope}" if scope in ("draft", "plan", "push") else "Keys"


def keys_page(actions: ActionSet[Any]) -> Lines:
    """What the keys do on a screen besides the main one or in a dialog, and why not now."""
    from tui.app.pages.draft import VERDICTS

    texts = sections("help.md")
    lines = [prose(texts[actions.scope])] if actions.scope in texts else []
    lines += _actions(actions.table, actions.keys, actions.reasons(), actions.scope)
    if actions.scope == "draft":
        lines += [blank(), heading("Verdicts")]
        lines += [Line(hang=22).put("  ").put(word, "label").pad(21).put(" ").put(words) for word, words in VERDICTS]
        lines += [blank(), prose(texts["proposals"])]
    return page(lines)
