"""The embedded registry for its own tests: in process, without a socket, and empty."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tui.demo.registry_app import EmbeddedRegistry
from tui.demo.store import Store


@pytest.fixture
def store() -> Iterator[Store]:
    """An empty store; a mistake of the registry itself (500) fails the test."""
    store = Store()
    yield store
    assert not store.errors, "\n".join(store.errors)


@pytest.fixture
async def http(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    """A bare HTTP client to the registry."""
    transport = httpx.ASGITransport(app=EmbeddedRegistry(store).app)
    async with httpx.AsyncClient(transport=transport, base_url="http://registry.localhost") as client:
        yield client
