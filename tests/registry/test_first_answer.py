"""The first answer teaches how to log in; one that does not come holds nobody up for long."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests.registry.conftest import Serve
from tests.registry.images import LAYER
from tests.registry.server import Asked, Handler, Reply
from tests.registry.tokens import TokenStub
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.middleware import auth

BLOB = Digest.of(LAYER)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auth, "_PATIENCE", 0.1)
    monkeypatch.setattr(auth, "_MOST_PATIENCE", 0.2)


def hanging(stub: TokenStub, never: asyncio.Event) -> Handler:
    async def handler(asked: Asked) -> Reply:
        if "hang" in asked.path:
            await never.wait()
        return stub(asked)

    return handler


async def test_one_that_hangs_holds_up_nobody_else(serve: Serve, client: Client) -> None:
    """With the waits as they are: another image opens within seconds, not after the time-out."""
    never = asyncio.Event()
    server = await serve(hanging(TokenStub(), never))
    hang = asyncio.create_task(client.get_manifest(server.address, "app", "hang"))
    await asyncio.sleep(0.02)
    began = time.monotonic()
    async with asyncio.timeout(10):
        await client.get_manifest(server.address, "app", "latest")
    assert time.monotonic() - began < 3
    began = time.monotonic()
    await client.head_blob(server.address, "app", BLOB)
    assert time.monotonic() - began < 0.5, "it is known now"
    hang.cancel()
    never.set()
    await asyncio.gather(hang, return_exceptions=True)


async def test_many_who_waited_ask_one_first(serve: Serve, client: Client, patience: None) -> None:
    """After the wait they do not all come without a token: the next one learns it for them."""
    never, stub = asyncio.Event(), TokenStub()
    server = await serve(hanging(stub, never))
    hang = asyncio.create_task(client.get_manifest(server.address, "app", "hang"))
    await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        await asyncio.gather(*(client.head_blob(server.address, "app", BLOB) for _ in range(40)))
    assert len(stub.issued) == 1
    assert sum(not asked.login for asked in server.asked if "blobs" in asked.path) == 1
    hang.cancel()
    never.set()
    await asyncio.gather(hang, return_exceptions=True)


async def test_several_that_hang_do_not_add_up(serve: Serve, client: Client, patience: None) -> None:
    never = asyncio.Event()
    server = await serve(hanging(TokenStub(), never))
    hang = [asyncio.create_task(client.get_manifest(server.address, "app", f"hang{each}")) for each in range(8)]
    await asyncio.sleep(0.02)
    began = time.monotonic()
    async with asyncio.timeout(5):
        await client.head_blob(server.address, "app", BLOB)
    assert time.monotonic() - began < 1
    for task in hang:
        task.cancel()
    never.set()
    await asyncio.gather(*hang, return_exceptions=True)
