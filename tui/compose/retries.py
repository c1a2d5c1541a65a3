"""Trying the steps of a push again, in sight: rate limits and a registry that is away for a moment are waited out, with
a countdown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from tui.compose.events import OnEvent, Waiting
from tui.compose.plan import Step
from tui.registry import errors
from tui.registry.retry_policy import RetryPolicy, RetryState
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.text import safe

T = TypeVar("T")
Trouble = errors.RegistryError | SourceError

#: For the waiting of one step in all. "At once" is believed five times of a registry that says when to come back.
STEP_POLICY = RetryPolicy(pauses=(0.5, 1.0, 2.0, 4.0, 8.0, 15.0), least=(0.05,) * 5 + (1.0,), deadline=120.0)


@dataclass(slots=True)
class Retries:
    """Waits between tries, and tells of it. `sleep` and `clock` are for tests."""

    on_event: OnEvent
    policy: RetryPolicy = STEP_POLICY
    rate_limit_deadline: float = 900.0
    """Seconds in place of the policy's deadline where a registry said when to come back."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic

    async def insist(self, step: Step, action: Callable[[], Awaitable[T]]) -> T:
        """Do it until it works or fails for good. Only for what may be repeated without harm. Raises as `pause`."""
        state = self.policy.start()
        while True:
            try:
                return await action()
            except (errors.RegistryError, SourceError) as error:
                await self.pause(state, step, error)

    async def pause(self, state: RetryState, step: Step, error: Trouble) -> None:
        """Wait before the next try. Raises the error when waiting is no use, or would take longer than it may."""
        seconds = None
        if can_pass(error):
            deadline = self.rate_limit_deadline if _is_limit(error) else None
            seconds = state.next_pause(_asked_to_wait(error), deadline=deadline)
        if seconds is None:
            raise error
        until = self.clock() + seconds
        while seconds > 0:
            self.on_event(Waiting(step, seconds, safe(error.sentence)))
            await self.sleep(min(1.0, seconds))
            seconds = min(seconds - min(1.0, seconds), until - self.clock())
        self.on_event(Waiting(step, 0.0, safe(error.sentence)))


def can_pass(error: Trouble) -> bool:
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


def _asked_to_wait(error: Trouble) -> float | None:
    """For how many seconds the registry asks to wait; None: it does not say."""
    if isinstance(error, errors.RegistryError):
        return error.retry_after
    return max(0.0, error.retry_at - time.monotonic()) if error.retry_at is not None else None


def _is_limit(error: Trouble) -> bool:
    if isinstance(error, SourceError):
        return error.presence is Presence.LIMITED
    return isinstance(error, errors.RateLimited)
