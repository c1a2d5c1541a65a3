"""The keys: the table of all actions, and whose each key is when the reader's own are counted in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from textual.binding import Binding
from textual.screen import Screen

from tui.app.actions import Action, Scope, declared, line_key, show_key
from tui.app.controllers.checking import Checking
from tui.app.controllers.clipboard import Clipboard
from tui.app.controllers.detail import Detail
from tui.app.controllers.dialogs import (
    ChoiceController,
    ConfirmController,
    DialogController,
    PromptController,
    ReaderController,
    StartController,
)
from tui.app.controllers.draft_edits import DraftEditController
from tui.app.controllers.drafts import DraftController
from tui.app.controllers.full_screens import FullScreenController
from tui.app.controllers.lessons import LessonController
from tui.app.controllers.navigation import Navigation
from tui.app.controllers.panes import Panes
from tui.app.controllers.plan import PlanController
from tui.app.controllers.program import Program
from tui.app.controllers.push import PushController
from tui.app.controllers.search import Search
from tui.app.controllers.selection import Selection
from tui.text import with_keys

#: Whose methods are the actions. The order counts within a group, in help and palette.
CONTROLLERS: tuple[type, ...] = (
    Search, Navigation, Panes, Checking, Detail, Selection, Clipboard, DraftController, LessonController, Program,
    DraftEditController, PlanController, PushController, FullScreenController,
    DialogController, ChoiceController, ConfirmController, PromptController,
    StartController, ReaderController,
)  # fmt: skip

#: Every action of every screen.
ACTIONS: tuple[Action, ...] = declared(CONTROLLERS)

#: `N` is two things by design: the previous match while a search is on, else a new list from what is marked.
SHARED_KEY = ("previous-match", "new")

BY_ID: Mapping[str, Action] = {action.id: action for action in ACTIONS}


class Keys:
    """The table with the user's own keys in it.

    `changes` maps an action's id to key names, comma-separated. On each screen a key belongs to one action: to the one
    the user gave it to, and of two such to the one that is named first. `problems` names what could not be
    used and who lost a key.
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
                self.problems.append(f"keys: {action}: terminals cannot send {never[0]} as a separate key")
            else:
                self.changes[action] = keys
        self._keys: dict[Scope, dict[str, tuple[str, ...]]] = {}
        for scope in dict.fromkeys(scope for action in ACTIONS for scope in action.scopes):
            self._keys[scope] = self._shared_out(self.actions(scope))
        self.problems = list(dict.fromkeys(self.problems))  # of an action of several screens once

    def actions(self, scope: Scope) -> tuple[Action, ...]:
        """The actions of one screen, in the order of help and palette."""
        return tuple(action for action in ACTIONS if scope in action.scopes)

    def _shared_out(self, actions: Iterable[Action]) -> dict[str, tuple[str, ...]]:
        """Whose each key of one screen is."""
        found: dict[str, tuple[str, ...]] = {}
        owners: dict[str, str] = {}
        usual_keys = {action.id: action.keys for action in actions}
        for action in [each for each in self.changes if each in usual_keys]:
            asked = _names(self.changes[action])
            lost = [key for key in asked if not _may_have(action, owners.get(key))]
            self.problems += [
                f"keys.{action}: {show_key(key)} belongs to {owners[key]}, which keeps it" for key in lost
            ]
            found[action] = tuple(key for key in asked if key not in lost)
            if found[action]:
                owners |= {key: owners.get(key, action) for key in found[action]}
            else:
                del found[action]  # its usual keys, as far as nobody took them
        for action, usual in ((id, _names(keys)) for id, keys in usual_keys.items() if id not in found):
            lost = [key for key in usual if not _may_have(action, owners.get(key))]
            found[action] = tuple(key for key in usual if key not in lost)
            left = " ".join(show_key(key) for key in found[action])
            has = f"keeps {left}" if left else "has no key left"
            for key in lost:
                self.problems.append(f"keys.{owners[key]}: {show_key(key)} was the key of {action}, which {has}")
        return found

    def of(self, action: str, scope: Scope | None = None) -> tuple[str, ...]:
        """The keys of an action on one of its screens (None: on its first), Textual's names; () when another action
        took them all."""
        return self._keys[scope or BY_ID[action].scopes[0]][action]

    def title(self, action: str) -> str:
        """What the key bar calls an action."""
        return BY_ID[action].title

    def first(self, action: str, scope: Scope | None = None) -> str:
        """The first key, as people write it."""
        keys = self.of(action, scope)
        return show_key(keys[0]) if keys else ""

    def titled(self, action: str) -> str:
        """The first key and the title: `1 Images`."""
        return f"{self.first(action)} {self.title(action)}".strip()

    def line(self, action: str, scope: Scope | None = None) -> str:
        """The first key, as lines of keys write it: `Esc`."""
        return next((line_key(key) for key in self.of(action, scope)), "")

    def put_in(self, text: str) -> str:
        """A text with the keys of the actions that it names as `{key:ACTION}`; the title of one that has lost all its
        keys."""
        return with_keys(text, lambda action: self.first(action) or self.title(action) if action in BY_ID else None)

    def all(self, action: str, scope: Scope | None = None) -> str:
        """All keys, as people write them."""
        return " ".join(show_key(key) for key in self.of(action, scope))

    def bind(self, screen: Screen[Any], scope: Scope) -> None:
        """Give a screen its keys, all of which lead to its `action_act`. They come before those of its class."""
        screen._bindings.key_to_bindings.update({each.key: [each] for each in self.bindings(scope)})

    def bindings(self, scope: Scope = "main") -> list[Binding]:
        """One binding per action of a screen and key; all lead to the screen's `action_act`."""
        made = []
        for action in self.actions(scope):
            if action.id == SHARED_KEY[0] and set(self.of(action.id)) & set(self.of(SHARED_KEY[1])):
                continue
            press = f"act('{action.id}')"
            made += [Binding(key, press, action.title, show=False, id=action.id) for key in self.of(action.id, scope)]
        return made


def _names(keys: str) -> tuple[str, ...]:
    """Textual's names of keys that are written with commas between: `?` is `question_mark`."""
    written = ",".join(key.strip() for key in keys.split(",") if key.strip())
    return tuple(dict.fromkeys(binding.key for binding in Binding.make_bindings([Binding(written, "")])))


def _may_have(action: str, owner: str | None) -> bool:
    """Whether an action may have a key that is its owner's already."""
    return owner is None or owner == action or {action, owner} == set(SHARED_KEY)
