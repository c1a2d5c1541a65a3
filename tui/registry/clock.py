"""Time and chance, in one place, so that tests can have their own."""

from __future__ import annotations

import asyncio
import random
import time
from datetime import UTC, datetime


class Clock:
    """The real thing: monotonic seconds for every duration, wall time only for what is shown."""

    def now(self) -> float:
        return time.monotonic()

    def wall(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def chance(self) -> float:
        """A number in [0, 1), for jitter: nothing secret hangs on it."""
        return random.random()
