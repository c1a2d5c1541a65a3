"""The bench: what is read for a plan, opened once and remembered for a while."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.compose.yard import Yard
from tests.support.fake_source import FakeSource
from tui.compose import bench as module
from tui.sources.location import RepositoryLocation


async def test_what_lies_on_disk_is_opened_once_however_many_ask(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[FakeSource] = []

    def open_slowly(*_: object) -> FakeSource:
        time.sleep(0.02)  # in a thread, as an archive is read
        made.append(FakeSource())
        return made[-1]

    monkeypatch.setattr(module, "open_source", open_slowly)
    home = RepositoryLocation("", path="oci-archive:disk.tar")
    found = await asyncio.gather(*(yard.bench.opened(home) for _ in range(5)))
    assert len(made) == 1
    assert all(source is made[0] for source in found)
