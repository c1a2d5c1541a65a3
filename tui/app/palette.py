"""The palette: every action of the screen in front with its key, what can be done here first; greyed ones say why."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.app.actions import Action, ActionSet


class ActionProvider(Provider):
    """Offers the actions of a screen that has an `ActionSet` as its `actions`."""

    @property
    def actions(self) -> ActionSet[Any] | None:
        """The actions of the screen that the palette was opened over."""
        found = getattr(self.screen, "actions", None)
        return found if isinstance(found, ActionSet) else None

    async def discover(self) -> Hits:
        """All actions."""
        if (actions := self.actions) is not None:
            for action in first_things_first(actions):
                yield DiscoveryHit(
                    Content(_title(action, actions)), _run(action, actions), action.words, _help(action, actions)
                )

    async def search(self, query: str) -> Hits:
        """The actions whose words, id or key match."""
        if (actions := self.actions) is None:
            return
        matcher = self.matcher(query)
        for action in actions.table:
            title = _title(action, actions)
            has_key = query in actions.keys.of(action.id, actions.scope)
            score = max(matcher.match(title), matcher.match(action.id), 1.0 if has_key else 0)
            if score > 0:
                yield Hit(score, Content(title), _run(action, actions), action.words, _help(action, actions))


def first_things_first(actions: ActionSet[Any]) -> list[Action]:
    """The actions as the palette lists them: what one can do here (check, fix, recreate, copy), then the others, moving
    last; of each kind first what applies now."""
    reasons = actions.reasons()
    first = {action_id: place for place, action_id in enumerate(_FIRST)}

    def place(action: Action) -> tuple[int, int, int]:
        group = _LATER.index(action.group) + 1 if action.group in _LATER else 0
        return group, int(bool(reasons[action.id])), first.get(action.id, len(first))

    return sorted(actions.table, key=place)


#: What the palette begins with, where it applies.
_FIRST = ("check", "fix", "recreate", "copy")
#: The groups that come last.
_LATER = ("Learn", "Lesson", "Program", "Panes", "Move")


def _run(action: Action, actions: ActionSet[Any]) -> Callable[[], object]:
    return partial(actions.run, action.id)


def _help(action: Action, actions: ActionSet[Any]) -> str | None:
    """A second row, only of what does not apply."""
    why = actions.unavailable(action.id)
    return f"unavailable: {why}" if why else None


def _title(action: Action, actions: ActionSet[Any]) -> str:
    keys = actions.keys.all(action.id, actions.scope)
    words = actions.keys.put_in(action.words)
    return f"{words}  [{keys}]" if keys else words
