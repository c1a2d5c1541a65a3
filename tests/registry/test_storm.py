"""A cursor that runs through a tree cancels what it asked for, again and again: no connection is lost."""

from __future__ import annotations

import asyncio

import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, RegistryStub, manifest
from tests.registry.server import Asked, Reply
from tests.registry.tokens import TokenStub
from tests.support.connections import in_use
from tui.oci import media
from tui.oci.digest import Digest

BLOB = Digest.of(LAYER)


@pytest.mark.parametrize("wants_tokens", [False, True])
async def test_300_moves_with_a_prefetch_each(serve: Serve, connect: Connect, wants_tokens: bool) -> None:
    inner = RegistryStub()
    digests = [inner.keep(f"t{n}", manifest((str(n).encode(),)), media.OCI_MANIFEST) for n in range(21)]
    stub = TokenStub(stub=inner) if wants_tokens else inner

    async def slow(asked: Asked) -> Reply:
        await asyncio.sleep(0.004)
        return stub(asked)

    server = await serve(slow)
    client = connect(concurrency=10)
    tasks: list[asyncio.Task[object]] = []
    for move in range(300):
        for task in tasks:
            task.cancel()
        tasks = [
            asyncio.ensure_future(
                client.get_manifest(server.address, "app", digest, fresh=True)
                if move % 2
                else client.head_blob(server.address, "app", BLOB)
            )
            for digest in digests
        ]
        await asyncio.sleep(0.003)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(
        isinstance(result, asyncio.CancelledError) or not isinstance(result, BaseException) for result in results
    )
    for _ in range(100):
        if not client._limiter.under_way:
            break
        await asyncio.sleep(0.01)
    lane = client._limiter.lane(client._endpoints.origin(server.address))
    assert lane.running == 0 and not lane._waiting and not client.trace.waiting
    assert in_use(client) == 0
    assert server.connections <= 10, "no connection was lost: none had to be opened anew"
    head = await asyncio.wait_for(client.head_blob(server.address, "app", BLOB), 5)
    assert head.digest == BLOB
