"""A registry served on loopback for each test, an inspector that asks it, and a journal in a folder of its own."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.compose.fixtures import Rig
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
    # The server notices within 0.2 s that it shall end: the next test does not wait for it.
    threading.Thread(target=served.stop, daemon=True).start()


@pytest.fixture
async def rig(served: Served, tmp_path: Path) -> AsyncIterator[Rig]:
    """Everything that a test of compose needs."""
    client = Client(ClientSettings(concurrency=8))
    inspector = Inspector(client)
    yield Rig(served, client, inspector, Journal(tmp_path / "journal"))
    await inspector.aclose()
    await client.aclose()
