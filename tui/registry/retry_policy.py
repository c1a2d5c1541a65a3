"""When to try again, how long to wait before, and when enough is enough: for a request, an upload, a step of a push."""

from __future__ import annotations

import math
from dataclasses import dataclass

BACKOFF = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)
"""Seconds; with `jitter` this is "full jitter": `random(0, min(cap, base * 2^n))`."""


TRANSIENT = frozenset({408, 425, 429, 499, 500, 502, 503, 504, 522})
"""Statuses worth a second try. 501 and 505 are answers, and so is every other 4xx."""

LOST_ON_THE_WAY = frozenset({499, 502, 504, 522})
"""A gateway gave up: what stands behind it may have done its work all the same."""


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """`start` begins to count for one thing that is tried."""

    tries: int | None = None
    """At most; None: only the time ends it."""
    pauses: tuple[float, ...] = BACKOFF
    """Seconds before each further try, where nobody says how long to wait; the last is repeated."""
    jitter: bool = False
    """Wait a random part of them, so that many who failed together do not come back together."""
    least: tuple[float, ...] = (0.0,)
    """Seconds that are waited in any case before each further try, even when a host says to come back at once; the
    last is repeated."""
    longest_pause: float = math.inf
    """Seconds; a host that asks for a longer wait is not waited for."""
    deadline: float = math.inf
    """Seconds of waiting in all (and of trying, where that is counted)."""

    def start(self) -> RetryState:
        return RetryState(self)

    def pause(self, failures: int, chance: float = 1.0) -> float:
        """Seconds to wait after so many failures; `chance` in [0, 1) is for the jitter."""
        seconds = _at(self.pauses, failures)
        return seconds * chance if self.jitter else seconds


@dataclass(slots=True)
class RetryState:
    """What was tried and waited until now."""

    policy: RetryPolicy
    failures: int = 0
    spent: float = 0.0
    """Seconds that count against the deadline."""

    @property
    def is_over(self) -> bool:
        """No try is left, whatever the time."""
        return self.policy.tries is not None and self.failures >= self.policy.tries

    def next_pause(
        self, asked: float | None = None, *, took: float = 0.0, chance: float = 1.0, deadline: float | None = None
    ) -> float | None:
        """Count a failure: the seconds to wait before the next try, or None when there is to be none.

        `asked`: for how long the host asks to wait. `took`: seconds that the try itself took, where they count.
        `deadline` is for this failure instead of the policy's (a rate limit may be worth a longer wait).
        """
        policy = self.policy
        self.failures += 1
        if self.is_over or (asked is not None and asked > policy.longest_pause):
            return None
        seconds = policy.pause(self.failures, chance)
        if asked is not None:
            seconds = max(asked, _at(policy.least, self.failures))
        spent = self.spent + took + seconds
        if spent > (policy.deadline if deadline is None else deadline):
            return None
        self.spent = spent
        return seconds


def _at(seconds: tuple[float, ...], failures: int) -> float:
    return seconds[min(failures, len(seconds)) - 1]
