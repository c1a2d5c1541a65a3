"""A client with its own clock, and scripted servers, for every test of the registry client."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.registry.clock import FakeClock
from tests.registry.server import Handler, Server, serving
from tui.registry.client import Client
from tui.registry.settings import ClientSettings

Serve = Callable[[Handler], Awaitable[Server]]
Connect = Callable[..., Client]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    async with contextlib.AsyncExitStack() as stack:

        async def start(handler: Handler) -> Server:
            return await stack.enter_async_context(serving(handler))

        yield start


@pytest.fixture
async def connect(clock: FakeClock) -> AsyncIterator[Connect]:
    """Make a client; everything is closed at the end, and nothing may be left under way."""
    made: list[Client] = []

    def start(**settings: Any) -> Client:
        client = Client(ClientSettings(**settings), clock=clock)
        made.append(client)
        return client

    yield start
    for client in made:
        await client.aclose()


@pytest.fixture
def client(connect: Connect) -> Client:
    return connect()
