"""Reading blobs: bounded, verified, whatever the server does (docs/protocol-notes.md, B-27, B-28, D-08)."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, MISSING, RegistryStub
from tests.registry.server import Asked, Reply
from tests.support.connections import in_use
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import (
    Corrupt,
    NotARegistry,
    NotFound,
    RegistryError,
    TimedOut,
    TooLarge,
    Unreachable,
    Unsupported,
)

BLOB = Digest.of(LAYER)


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 8_192


async def drip() -> AsyncIterator[bytes]:
    for _ in range(1_000):
        yield b"x"
        await asyncio.sleep(0.02)


async def test_whole_and_verified(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    assert await client.read_blob(server.address, "app", BLOB, limit=1_000) == LAYER
    assert await client.read_blob(server.address, "app", Digest.of(b""), limit=0) == b""


async def test_the_limit_to_the_byte(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    assert await client.read_blob(server.address, "app", BLOB, limit=len(LAYER)) == LAYER
    with pytest.raises(TooLarge):
        await client.read_blob(server.address, "app", BLOB, limit=len(LAYER) - 1)
    assert server.count() == 2


async def test_missing(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    with pytest.raises(NotFound):
        await client.read_blob(server.address, "app", MISSING, limit=10)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (lambda: Reply(200, body=LAYER[::-1]), Corrupt),
        (lambda: Reply(200, body=LAYER[:-1]), Corrupt),
        (lambda: Reply(200, body=LAYER[:5], length=len(LAYER)), Corrupt),
        (lambda: Reply(200, body=LAYER, length=9 * 10**18), TooLarge),
        (lambda: Reply(200, chunks=endless()), TooLarge),
        (lambda: Reply(200, [("Content-Encoding", "gzip")], gzip.compress(LAYER)), Corrupt),
        (lambda: Reply(200, [("Content-Encoding", "gzip")], gzip.compress(b"\0" * 10**8)), Corrupt),
        (lambda: Reply(200, [("Content-Type", "text/html")], b"<html>"), NotARegistry),
        (lambda: Reply(drop=True), Unreachable),
    ],
)
async def test_hostile_bodies(serve: Serve, client: Client, reply: object, kind: type[RegistryError]) -> None:
    server = await serve(lambda asked: reply())  # type: ignore[operator]
    with pytest.raises(kind):
        await client.read_blob(server.address, "app", BLOB, limit=10_000)
    assert all(exchange.bytes_in < 200_000 for exchange in client.trace.exchanges)


async def test_a_server_that_drips(serve: Serve, connect: Connect) -> None:
    """Each read comes in time, the whole does not."""
    server = await serve(lambda asked: Reply(200, chunks=drip()))
    with pytest.raises(TimedOut):
        await connect(request_timeout=0.15, tries=1).read_blob(server.address, "app", BLOB, limit=10_000)


async def test_a_server_that_says_nothing(serve: Serve, connect: Connect) -> None:
    async def silent(asked: Asked) -> Reply:
        await asyncio.sleep(60)
        return Reply()

    server = await serve(silent)
    client = connect(request_timeout=0.1, tries=2)
    with pytest.raises(TimedOut) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert server.count() == 2 and "did not answer" in caught.value.sentence
    assert client.trace.exchanges[-1].state == "failed"


async def test_an_algorithm_that_cannot_be_verified(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    with pytest.raises(Unsupported):
        await client.read_blob(server.address, "app", "blake3:" + "a" * 64, limit=10)
    assert server.count() == 0


async def test_stream(serve: Serve, client: Client) -> None:
    data = b"0123456789" * 100_000
    stub = RegistryStub()
    stub.blobs[Digest.of(data)] = data
    server = await serve(stub)
    async with client.stream_blob(server.address, "app", Digest.of(data)) as stream:
        assert stream.size == len(data)
        assert b"".join([chunk async for chunk in stream.chunks]) == data
    assert client.trace.exchanges[-1].bytes_in == len(data) and client.trace.exchanges[-1].state == "done"


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (lambda: Reply(200, body=LAYER[::-1]), Corrupt),
        (lambda: Reply(200, body=LAYER[:5], length=len(LAYER)), Corrupt),
        (lambda: Reply(200, body=LAYER[:5], length=-1), Corrupt),
        (lambda: Reply(404), NotFound),
    ],
)
async def test_a_stream_that_goes_wrong(serve: Serve, client: Client, reply: object, kind: type[RegistryError]) -> None:
    server = await serve(lambda asked: reply())  # type: ignore[operator]
    with pytest.raises(kind):
        async with client.stream_blob(server.address, "app", BLOB) as stream:
            async for _ in stream.chunks:
                pass
    assert client._limiter.lane(client._endpoints.origin(server.address)).running == 0


async def test_a_stream_that_is_left_early_frees_its_slot(serve: Serve, connect: Connect) -> None:
    server = await serve(lambda asked: Reply(200, chunks=endless()))
    client = connect(concurrency=1)
    for _ in range(3):
        async with client.stream_blob(server.address, "app", BLOB) as stream:
            async for _chunk in stream.chunks:
                break
    assert in_use(client) == 0


async def test_range(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    assert await client.read_range(server.address, "app", BLOB, 2, 5) == LAYER[2:7]
    assert await client.read_range(server.address, "app", BLOB, 0, 10_000) == LAYER
    assert await client.read_range(server.address, "app", BLOB, 10_000, 5) == b""
    assert await client.read_range(server.address, "app", BLOB, 0, 0) == b""


async def test_range_ignored(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(200, chunks=endless()))
    assert await client.read_range(server.address, "app", BLOB, 0, 9) == b"x" * 9
    with pytest.raises(Unsupported):
        await client.read_range(server.address, "app", BLOB, 5, 9)


async def test_another_range_than_asked(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(206, [("Content-Range", "bytes 0-4/22")], LAYER[:5]))
    with pytest.raises(Corrupt):
        await client.read_range(server.address, "app", BLOB, 2, 5)
