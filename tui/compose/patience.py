"""Waiting in sight: rate limits and a registry that is away for a moment are waited out, with a countdown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tui.compose.events import OnEvent, Waiting
from tui.compose.plan import Step
from tui.registry import errors
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.text import safe

T = TypeVar("T")

#: Seconds before each further try when the registry is away; the last is repeated.
_PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
#: How often "at once" is believed of a registry that says when to come back; then it is a second at least.
_BELIEVED = 5


@dataclass(slots=True)
class Patience:
    """How long to wait and how. `longest` (seconds) bounds the waiting of one step in all; `sleep` is for tests."""

    on_event: OnEvent
    longest: float = 900.0
    away: float = 120.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def insist(self, step: Step, action: Callable[[], Awaitable[T]]) -> T:
        """Do it until it works or fails for good. Only for what may be repeated without harm.

        Raises the last error when the patience is over, and at once what waiting cannot fix.
        """
        spell = self.spell(step)
        while True:
            try:
                return await action()
            except (errors.RegistryError, SourceError) as error:
                await spell.pause(error)

    def spell(self, step: Step) -> Spell:
        """The patience with one step that repeats itself in its own way."""
        return Spell(self, step)

    async def wait(self, step: Step | None, seconds: float, reason: str) -> None:
        """Count down, telling it every second."""
        until = self.clock() + seconds
        left = seconds
        while left > 0:
            self.on_event(Waiting(step, left, safe(reason)))
            await self.sleep(min(1.0, left))
            left = min(left - min(1.0, left), until - self.clock())
        self.on_event(Waiting(step, 0.0, safe(reason)))


@dataclass(slots=True)
class Spell:
    """What has been waited for one step so far."""

    patience: Patience
    step: Step
    waited: float = 0.0
    tries: int = 0

    async def pause(self, error: errors.RegistryError | SourceError) -> None:
        """Wait before the next try. Raises the error when waiting is no use, or would take longer than patience has."""
        seconds = self._seconds(error)
        limit = self.patience.longest if _is_limit(error) else self.patience.away
        if seconds is None or self.waited + seconds > limit:
            raise error
        self.tries += 1
        self.waited += seconds
        await self.patience.wait(self.step, seconds, error.sentence)

    def _seconds(self, error: errors.RegistryError | SourceError) -> float | None:
        """Seconds to wait before trying again; None when that is no use."""
        if not can_pass(error):
            return None
        told: float | None = None
        if isinstance(error, errors.RegistryError):
            told = error.retry_after
        elif error.retry_at is not None:
            told = max(0.0, error.retry_at - time.monotonic())
        usual = _PAUSES[min(self.tries, len(_PAUSES) - 1)]
        if told is None:
            return usual
        return max(told, 0.05 if self.tries < _BELIEVED else 1.0)


def can_pass(error: errors.RegistryError | SourceError) -> bool:
    """Whether waiting may fix it: a rate limit, or a registry that did not answer."""
    if isinstance(error, SourceError):
        return error.presence in (Presence.LIMITED, Presence.UNREACHABLE)
    if isinstance(error, errors.RateLimited):
        return not error.pull_limit
    if isinstance(error, errors.TlsFailure):
        return False
    if error.status is not None and 300 <= error.status < 400:
        return False  # it sends us where we will not go
    return isinstance(error, errors.Unreachable | errors.UnknownOutcome)


def _is_limit(error: errors.RegistryError | SourceError) -> bool:
    if isinstance(error, SourceError):
        return error.presence is Presence.LIMITED
    return isinstance(error, errors.RateLimited)
