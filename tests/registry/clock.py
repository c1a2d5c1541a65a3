"""A clock whose hours pass in no time."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from tui.registry.clock import Clock


class FakeClock(Clock):
    def __init__(self) -> None:
        self.time = 1_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    def wall(self) -> datetime:
        return datetime(2027, 1, 1, tzinfo=UTC) + timedelta(seconds=self.time - 1_000)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)

    def chance(self) -> float:
        return 0.5
