"""A registry served on loopback for each test, an inspector that asks it, and a journal in a folder of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.compose.yard import Yard
from tui.compose.journal import Journal
from tui.demo.serve import Served
from tui.demo.store import Store
from tui.explore.inspector import Inspector
from tui.registry.client import Client
from tui.registry.settings import ClientSettings


@pytest.fixture
def served() -> Iterator[Served]:
    """An empty embedded registry."""
    served = Served.start(Store())
    yield served
    served.stop()


@pytest.fixture
async def yard(served: Served, tmp_path: Path) -> AsyncIterator[Yard]:
    """Everything that a test of compose needs."""
    client = Client(ClientSettings(concurrency=8))
    inspector = Inspector(client)
    yield Yard(served, client, inspector, Journal(tmp_path / "journal"))
    await inspector.aclose()
    await client.aclose()
