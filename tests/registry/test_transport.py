"""What the transport relies on in its dependencies although nobody has promised it."""

from __future__ import annotations

import urllib.request

import aiohttp
import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER
from tests.registry.server import Asked, Reply
from tui.oci.digest import Digest
from tui.registry.errors import Unreachable
from tui.registry.transport import RECEIVED


async def test_aiohttp_has_the_private_attributes_that_are_set_and_read() -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        assert session._retry_connection is True, "whether a lost idempotent request is sent again, unseen"
        assert session.connector is not None and len(session.connector._acquired) == 0
        assert isinstance(session.connector._factory(), aiohttp.client_proto.ResponseHandler)


async def test_no_more_than_a_little_is_received_at_once(serve: Serve, connect: Connect) -> None:
    """asyncio's own 256 KB for each answer cost a tenth of the time that a HEAD takes."""
    server = await serve(lambda asked: Reply(200, [("Docker-Content-Digest", Digest.of(LAYER))], LAYER))
    client = connect()
    await client.head_blob(server.address, "app", Digest.of(LAYER))
    session = client._connection.transport._session
    assert session is not None and session.connector is not None
    kept = [handler.transport for line in session.connector._conns.values() for handler, _ in line]
    assert [getattr(each, "max_size", None) for each in kept] == [RECEIVED]


def test_the_proxies_can_be_asked() -> None:
    assert urllib.request.proxy_bypass_environment("h.example.com", {"no": "example.com"})  # type: ignore[attr-defined]


async def test_a_kept_connection_that_is_dead_is_not_asked_twice_unseen(serve: Serve, connect: Connect) -> None:
    """A server that hangs up after each answer: every request that it gets has its line in the trace."""

    def handler(asked: Asked) -> Reply:
        return Reply(200, [("Docker-Content-Digest", Digest.of(LAYER)), ("Connection", "close")], LAYER)

    server = await serve(handler)
    client = connect()
    for _ in range(3):
        await client.head_blob(server.address, "app", Digest.of(LAYER))
    assert len(server.asked) == client.trace.count == 3


@pytest.mark.parametrize(
    ("variable", "proxy", "says"),
    [
        ("ALL_PROXY", "socks5://alice:PASSWORD@127.0.0.1:1", "ALL_PROXY names a proxy of kind socks5"),
        ("all_proxy", "socks5h://127.0.0.1:1", "ALL_PROXY names a proxy of kind socks5h"),
        ("HTTPS_PROXY", "socks4://127.0.0.1:1", "HTTPS_PROXY names a proxy of kind socks4"),
        ("HTTPS_PROXY", "http://", "HTTPS_PROXY holds no address"),
        ("HTTPS_PROXY", "http://127.0.0.1:port", "HTTPS_PROXY holds no address"),
    ],
)
async def test_a_proxy_that_cannot_be_used_is_not_passed_by(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, variable: str, proxy: str, says: str
) -> None:
    """Whoever set one wants nothing to leave the machine without it."""
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(Unreachable, match=says) as caught:
        await connect().get_manifest("registry.invalid", "app", "latest")
    assert "No request to registry.invalid" in caught.value.sentence and "PASSWORD" not in caught.value.sentence


async def test_this_machine_is_asked_without_a_proxy(
    serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    server = await serve(lambda asked: Reply(200, [("Docker-Content-Digest", Digest.of(LAYER))], LAYER))
    assert (await connect().head_blob(server.address, "app", Digest.of(LAYER))).size == len(LAYER)
