"""Every action, once: its keys, its words, whether it writes, and why it may not apply. Bindings, the key bar, help and
the palette all read this table. An action that does not apply is shown greyed with its reason, never hidden.

A handler for action `copy-menu` is the main screen's method `do_copy_menu`, or a function that another part
registered under that id (`tui.app.drafting`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from textual.binding import Binding

from tui.app import situation as why
from tui.app.situation import Situation
from tui.text import with_keys


def always(_: Situation) -> str:
    """No reason against it."""
    return ""


@dataclass(frozen=True, slots=True)
class Action:
    """`keys` are Textual's names, comma-separated; `title` is for the key bar, `words` for help and palette.

    `reason` gives "" when the action applies, else why it does not. `writes` marks what could change a registry or
    a file of Docker's: `--read-only` stops all of these in one place. `rank` orders the key bar (0: not on it).
    """

    id: str
    keys: str
    title: str
    words: str
    group: str
    reason: Callable[[Situation], str] = always
    writes: bool = False
    rank: int = 0


ACTIONS: tuple[Action, ...] = (
    Action("up", "up,k", "up", "Move up", "Move"),
    Action("down", "down,j", "down", "Move down", "Move"),
    Action("left", "left,h", "collapse", "Collapse, else go to the parent", "Move"),
    Action("right", "right,l", "expand", "Expand, else go to the first child", "Move"),
    Action("top", "home,g", "top", "Go to the first line", "Move"),
    Action("bottom", "end,G", "bottom", "Go to the last line", "Move"),
    Action("page-up", "pageup,ctrl+u", "page up", "One page up", "Move"),
    Action("page-down", "pagedown,ctrl+d", "page down", "One page down", "Move"),
    Action(
        "open", "enter", "open", "Open: expand a row, load the next page, follow the chosen link, show a request",
        "Move", why.why_not_open, rank=1,
    ),
    Action("toggle", "space", "fold", "Expand or collapse the row", "Move", why.why_not_toggle),
    Action("collapse-all", "minus", "collapse all", "Collapse everything below", "Move", why.why_not_selected),
    Action(
        "expand-all", "equals_sign", "expand all", "Expand everything below (asks before it fetches a lot)", "Move",
        why.why_not_selected,
    ),
    Action("back", "backspace,alt+left", "back", "Back to where you were before following a digest", "Move",
           why.why_not_back),
    Action("next-pane", "tab", "next", "Next link on the page, then the next pane", "Panes"),
    Action("previous-pane", "shift+tab", "previous", "Previous link on the page, then the previous pane", "Panes"),
    Action("pane-1", "1", "Images", "Go to pane 1, the tree", "Panes"),
    Action("pane-2", "2", "Detail", "Go to pane 2, the detail", "Panes"),
    Action("pane-3", "3", "Requests", "Go to pane 3, the requests", "Panes", why.why_not_requests),
    Action("previous-tab", "left_square_bracket", "tab", "Previous tab of the detail", "Panes"),
    Action("next-tab", "right_square_bracket", "tab", "Next tab of the detail", "Panes"),
    Action("zoom", "f", "full screen", "Give the whole screen to this pane, or take it back", "Panes"),
    Action("layout", "w", "layout", "Detail beside the tree, below it, away, or as fits", "Panes"),
    Action("requests", "at", "requests", "Show or hide the requests", "Panes", why.why_not_requests, rank=10),
    Action("filter", "slash", "filter", "Filter the list or the index you are in, or find in the pane, while you type",
           "Look", why.why_not_filter, rank=6),
    Action("next-match", "n", "next match", "Next match", "Look"),
    Action("previous-match", "N", "previous match", "Previous match (with a search); else new list from marks", "Look"),
    Action("escape", "escape", "clear", "Clear the filter or the search, leave full screen", "Look"),
    Action("go", "o,colon", "go to", "Open any reference, digest, repository or source", "Look", rank=12),
    Action("check", "x", "check", "Check everything below the cursor; again stops it", "Look", why.why_not_selected,
           rank=4),
    Action("problems", "exclamation_mark", "problems", "Show only what has a problem, or everything again", "Look",
           rank=5),
    Action("json", "v", "JSON", "The raw JSON; again switches between pretty-printed and as served", "Look",
           why.why_not_selected),
    Action("explain", "i", "explain", "Explain what this is", "Look", why.why_not_selected, rank=11),
    Action("mark", "m", "mark", "Mark or unmark this image", "Look", why.why_not_mark),
    Action("clear-marks", "M", "unmark", "Clear all marks", "Look", why.why_not_unmark),
    Action("diff", "d", "diff", "Compare the marked one with this one (never deletes)", "Look", why.why_not_diff),
    Action("sort", "s", "sort", "Sort the tags: name, version, newest where it is cheap", "Look", why.why_not_sort),
    Action("refresh", "r,f5", "refresh", "Ask again, past every cache", "Look", why.why_not_selected),
    Action("copy", "c", "copy digest", "Copy the whole digest (in Requests: the curl line)", "Copy",
           why.why_not_copy_digest, rank=2),
    Action("copy-menu", "y", "copy…", "Copy menu: digest, references, pull line, curl, JSON, report", "Copy",
           why.why_not_selected, rank=3),
    Action("save", "ctrl+s", "save", "Save what is shown: JSON, Markdown, SVG", "Copy"),
    Action("recreate", "R", "recreate", "Recreate a manifest list from its source references", "Fix",
           why.why_not_recreate, writes=True, rank=7),
    Action("amend", "A", "amend", "Amend a manifest list: add, replace, remove, annotate platforms", "Fix",
           why.why_not_amend, writes=True, rank=8),
    Action("new", "N", "new list", "New manifest list from what is marked", "Fix", why.why_not_new, writes=True,
           rank=13),
    Action("push", "P", "push", "Push a draft, or a list from Docker's local store", "Fix", why.why_not_push,
           writes=True, rank=9),
    Action("tag", "T", "tag", "Tag this digest", "Fix", why.why_not_tag, writes=True),
    Action("copy-elsewhere", "C", "copy to", "Copy to another repository or registry", "Fix",
           why.why_not_copy_elsewhere, writes=True),
    Action("delete", "D", "delete", "Delete a tag, a manifest or a local list, after showing what else would break",
           "Fix", why.why_not_delete, writes=True),
    Action("undo", "U", "undo push", "Put back what the last push to this tag replaced, or a tag that was deleted",
           "Fix", why.why_not_undo, writes=True),
    Action("rehearse", "f3", "rehearse", "Pull rehearsal: step through what a client does when it pulls this", "Learn",
           why.why_not_rehearse),
    Action("digests", "f4", "digests", "Why are there four digests? All of them side by side", "Learn",
           why.why_not_rehearse),
    Action("lessons", "f2", "lessons", "Lessons: choose one", "Lesson", why.why_not_lesson("lessons")),
    Action("lesson-act", "a", "do it", "Lesson: have it done, go on; the next step of a rehearsal", "Lesson",
           why.why_not_lesson("lesson-act")),
    Action("lesson-hint", "b", "hint", "Lesson: a hint", "Lesson", why.why_not_lesson("lesson-hint")),
    Action("lesson-show", "e", "show me", "Lesson: have the step shown", "Lesson", why.why_not_lesson("lesson-show")),
    Action("lesson-panel", "p", "lesson", "Lesson: hide or show the panel; end a rehearsal", "Lesson",
           why.why_not_lesson("lesson-panel")),
    Action("lesson-more", "full_stop", "more", "Lesson: scroll the panel", "Lesson", why.why_not_lesson("lesson-more")),
    Action("lesson-over", "z", "start over", "Lesson: start over, with the registry as it was", "Lesson",
           why.why_not_lesson("lesson-over")),
    Action("palette", "ctrl+p", "palette", "Every action and its key, to search in", "Program"),
    Action("theme", "t", "theme", "Light or dark", "Program"),
    Action("help", "question_mark,f1", "help", "Help for what is focused", "Program", rank=15),
    Action("quit", "q,ctrl+q", "quit", "Leave (asks only when a draft was not pushed)", "Program", rank=16),
)  # fmt: skip

#: `N` is two things by design: the previous match while a search is on, else a new list from what is marked.
SHARED_KEY = ("previous-match", "new")

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}

_SHOWN = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home",
    "end": "End", "minus": "-", "equals_sign": "=", "backspace": "Backspace", "left_square_bracket": "[",
    "right_square_bracket": "]", "at": "@", "slash": "/", "escape": "Esc", "colon": ":", "exclamation_mark": "!",
    "question_mark": "?", "space": "Space", "enter": "Enter", "tab": "Tab", "shift+tab": "Shift+Tab", "f1": "F1",
    "f2": "F2", "f3": "F3", "f4": "F4",
    "f5": "F5", "alt+left": "Alt+←", "comma": ",", "full_stop": ".",
}  # fmt: skip


def show_key(key: str) -> str:
    """How a key is written for people: `ctrl+s`, `↑`, `?`."""
    return _SHOWN.get(key, key)


class Keys:
    """The table with the user's own keys in it.

    `changes` maps an action's id to key names, comma-separated. A key belongs to one action: to the one the user gave
    it to, and of two such to the one that is named first. `problems` names what could not be used and who lost a key.
    """

    #: Terminals send these as backspace, tab, enter and newline.
    NEVER = ("ctrl+h", "ctrl+i", "ctrl+m", "ctrl+j")

    def __init__(self, changes: Mapping[str, str] | None = None) -> None:
        self.problems: list[str] = []
        self.changes: dict[str, str] = {}
        for action, keys in (changes or {}).items():
            if action not in BY_ID:
                self.problems.append(f"keys: there is no action {action!r}")
            elif never := [key for key in keys.split(",") if key.strip() in self.NEVER]:
                self.problems.append(f"keys: {action}: terminals do not send {never[0]} as a key of its own")
            else:
                self.changes[action] = keys
        self._keys = self._shared_out()

    def _shared_out(self) -> dict[str, tuple[str, ...]]:
        """Whose each key is."""
        found: dict[str, tuple[str, ...]] = {}
        owners: dict[str, str] = {}
        for action in list(self.changes):
            asked = _names(self.changes[action])
            lost = [key for key in asked if not _may_have(action, owners.get(key))]
            self.problems += [
                f"keys.{action}: {show_key(key)} is given to {owners[key]} already, which keeps it" for key in lost
            ]
            found[action] = tuple(key for key in asked if key not in lost)
            if found[action]:
                owners |= {key: owners.get(key, action) for key in found[action]}
            else:
                del found[action], self.changes[action]  # its usual keys, as far as nobody took them
        for action, usual in ((each.id, _names(each.keys)) for each in ACTIONS if each.id not in found):
            lost = [key for key in usual if not _may_have(action, owners.get(key))]
            found[action] = tuple(key for key in usual if key not in lost)
            left = " ".join(show_key(key) for key in found[action])
            has = f"keeps {left}" if left else "has none now"
            for key in lost:
                self.problems.append(f"keys.{owners[key]}: {show_key(key)} was the key of {action}, which {has}")
        return found

    def of(self, action: str) -> tuple[str, ...]:
        """The keys of an action, Textual's names; () when another action took them all."""
        return self._keys[action]

    def first(self, action: str) -> str:
        """The first key, as people write it."""
        keys = self.of(action)
        return show_key(keys[0]) if keys else ""

    def put_in(self, text: str) -> str:
        """A text of ours with the keys of the actions that it names as `{key:ACTION}`; the title of one that has lost
        all its keys."""
        return with_keys(text, lambda action: self.first(action) or BY_ID[action].title if action in BY_ID else None)

    def all(self, action: str) -> str:
        """All keys, as people write them."""
        return " ".join(show_key(key) for key in self.of(action))

    def bindings(self) -> list[Binding]:
        """One binding per action and key; all lead to `action_act`."""
        made = []
        for action in ACTIONS:
            if action.id == SHARED_KEY[0] and set(self.of(action.id)) & set(self.of(SHARED_KEY[1])):
                continue
            press = f"act('{action.id}')"
            made += [Binding(key, press, action.title, show=False, id=action.id) for key in self.of(action.id)]
        return made


def _names(keys: str) -> tuple[str, ...]:
    """Textual's names of keys that are written with commas between: `?` is `question_mark`."""
    written = ",".join(key.strip() for key in keys.split(",") if key.strip())
    return tuple(dict.fromkeys(binding.key for binding in Binding.make_bindings([Binding(written, "")])))


def _may_have(action: str, owner: str | None) -> bool:
    """Whether an action may have a key that is its owner's already."""
    return owner is None or owner == action or {action, owner} == set(SHARED_KEY)
