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


@dataclass(slots=True)
class Patience:
    """How long to wait and how. ``longest`` (seconds) bounds the waiting of one step in all; ``sleep`` is for tests."""

    on_event: OnEvent
    longest: float = 900.0
    away: float = 120.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def insist(self, step: Step, action: Callable[[], Awaitable[T]]) -> T:
        """Do it until it works or fails for good. Only for what may be repeated without harm.

        Raises the last error when the patience is over, and at once what waiting cannot mend.
        """
        waited = 0.0
        tries = 0
        while True:
            try:
                return await action()
            except (errors.RegistryError, SourceError) as error:
                pause = self._pause(error, tries)
                limit = self.longest if _is_limit(error) else self.away
                if pause is None or waited + pause > limit:
                    raise
                tries += 1
                waited += pause
                await self.wait(step, pause, error.sentence)

    def _pause(self, error: errors.RegistryError | SourceError, tries: int) -> float | None:
        """Seconds to wait before trying again; None when that is no use."""
        told: float | None = None
        if isinstance(error, errors.RegistryError):
            told = error.retry_after
        elif error.retry_at is not None:
            told = max(0.0, error.retry_at - time.monotonic())
        if not can_pass(error):
            return None
        usual = _PAUSES[min(tries, len(_PAUSES) - 1)]
        return max(told, 0.05) if told is not None else usual

    async def wait(self, step: Step | None, seconds: float, reason: str) -> None:
        """Count down, telling it every second."""
        until = self.clock() + seconds
        left = seconds
        while left > 0:
            self.on_event(Waiting(step, left, safe(reason)))
            await self.sleep(min(1.0, left))
            left = min(left - min(1.0, left), until - self.clock())
        self.on_event(Waiting(step, 0.0, safe(reason)))


def can_pass(error: errors.RegistryError | SourceError) -> bool:
    """Whether waiting may mend it: a rate limit, or a registry that did not answer."""
    if isinstance(error, SourceError):
        return error.presence in (Presence.LIMITED, Presence.UNREACHABLE)
    if isinstance(error, errors.RateLimited):
        return not error.pull_limit
    if isinstance(error, errors.TlsFailure):
        return False
    return isinstance(error, errors.Unreachable | errors.UnknownOutcome)


def _is_limit(error: errors.RegistryError | SourceError) -> bool:
    if isinstance(error, SourceError):
        return error.presence is Presence.LIMITED
    return isinstance(error, errors.RateLimited)
