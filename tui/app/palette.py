"""The palette: every action with its key, in the order of the table; greyed ones say why."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.app.actions import Action
from tui.app.house import House


class ActionProvider(Provider):
    """Offers the actions of the main screen."""

    @property
    def house(self) -> House | None:
        """The main screen, if the palette was opened over it."""
        return self.screen if isinstance(self.screen, House) else None

    def _run(self, action: Action) -> Callable[[], Coroutine[Any, Any, None]]:
        assert self.house is not None
        return partial(self.house.action_act, action.id)

    def _help(self, action: Action) -> str:
        house = self.house
        why = house.actions.unavailable(action.id) if house is not None else ""
        return f"not now: {why}" if why else action.group

    def _title(self, action: Action) -> str:
        keys = self.house.keys.all(action.id) if self.house is not None else ""
        return f"{action.words}  [{keys}]" if keys else action.words

    async def discover(self) -> Hits:
        """All actions."""
        if self.house is None:
            return
        for action in self.house.actions.table:
            yield DiscoveryHit(Content(self._title(action)), self._run(action), action.words, self._help(action))

    async def search(self, query: str) -> Hits:
        """The actions whose words, id or key match."""
        if self.house is None:
            return
        matcher = self.matcher(query)
        for action in self.house.actions.table:
            title = self._title(action)
            score = max(
                matcher.match(title), matcher.match(action.id), 1.0 if query in self.house.keys.of(action.id) else 0
            )
            if score > 0:
                yield Hit(score, Content(title), self._run(action), action.words, self._help(action))
