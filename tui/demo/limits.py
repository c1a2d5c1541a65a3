"""Counting requests, so that a registry can say "too many": windows, and every nth.

Source: docs.docker.com, Docker Hub usage and limits: `ratelimit-limit: 100;w=21600` and `ratelimit-remaining`; a pull
is a manifest GET, HEAD does not count.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Window:
    """A count that starts again when its time (in seconds) has passed."""

    count: int = 0
    ends: float = 0.0

    def take(self, length: float, now: float) -> int:
        """Count one more; how many there are in this window."""
        if now >= self.ends:
            self.count, self.ends = 0, now + length
        self.count += 1
        return self.count

    def left(self, now: float) -> int:
        """Whole seconds until the window ends, at least 1."""
        return max(1, math.ceil(self.ends - now))


@dataclass(slots=True)
class Meter:
    """The counters of one repository, or of the registry."""

    clock: Callable[[], float] = time.monotonic
    requests: int = 0
    dropped: int = 0
    window: Window = field(default_factory=Window)
    pulls: Window = field(default_factory=Window)

    def now(self) -> float:
        return self.clock()
