"""A web server is no registry: what it says of an image is nothing."""

from __future__ import annotations

import asyncio

import pytest

from tests.registry.conftest import Serve
from tests.registry.images import LAYER, MISSING, RegistryStub
from tests.registry.server import Asked, Reply
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import NotARegistry, NotFound, Unreachable

BLOB = Digest.of(LAYER)
PAGE = Reply(404, [("Content-Type", "text/html;charset=utf-8")], b"<!DOCTYPE HTML><html><p>File not found</p></html>")


async def test_a_web_server_misses_nothing(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: PAGE)
    for ask in (
        lambda: client.get_manifest(server.address, "app", "latest"),
        lambda: client.head_manifest(server.address, "app", "latest"),
        lambda: client.head_blob(server.address, "app", BLOB),
        lambda: client.head_blob(server.address, "app", BLOB, confirm=False),
        lambda: client.read_blob(server.address, "app", BLOB, limit=100),
        lambda: anext(client.tags(server.address, "app")),
        lambda: anext(client.catalog(server.address)),
    ):
        with pytest.raises(NotARegistry, match="this may be no registry"):
            await ask()
    assert sum(asked.path == "/v2/" for asked in server.asked) == 1, "once per host"


async def test_many_at_once_look_once(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: PAGE)
    found = await asyncio.gather(
        *(client.head_blob(server.address, "app", BLOB) for _ in range(20)), return_exceptions=True
    )
    assert all(isinstance(each, NotARegistry) for each in found)
    assert sum(asked.path == "/v2/" for asked in server.asked) == 1


async def test_a_registry_is_never_looked_at(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    with pytest.raises(NotFound):
        await client.get_manifest(server.address, "app", "none")
    with pytest.raises(NotFound):
        await client.head_blob(server.address, "app", MISSING)
    assert not any(asked.path == "/v2/" for asked in server.asked)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, [], b"{}"),
        (401, [("WWW-Authenticate", 'Basic realm="x"'), ("Content-Type", "text/html")], b"<html>log in</html>"),
        (403, [("Content-Type", "application/json")], b"{}"),
        (404, [("Docker-Distribution-Api-Version", "registry/2.0"), ("Content-Type", "text/html")], b"<html>"),
    ],
)
async def test_a_registry_behind_a_proxy_with_pages_of_its_own(
    serve: Serve, client: Client, status: int, headers: list[tuple[str, str]], body: bytes
) -> None:
    def handler(asked: Asked) -> Reply:
        return Reply(status, headers, body) if asked.path == "/v2/" else PAGE

    server = await serve(handler)
    for _ in range(2):
        with pytest.raises(NotFound):
            await client.get_manifest(server.address, "app", "latest")
    assert sum(asked.path == "/v2/" for asked in server.asked) == 1


async def test_a_page_that_names_the_api_is_believed(serve: Serve, client: Client) -> None:
    headers = [*PAGE.headers, ("Docker-Distribution-Api-Version", "registry/2.0")]
    server = await serve(lambda asked: Reply(404, headers, PAGE.body))
    with pytest.raises(NotFound):
        await client.get_manifest(server.address, "app", "latest")
    assert server.count() == 1


async def test_a_look_that_fails_leaves_it_open(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(drop=True) if asked.path == "/v2/" else PAGE)
    with pytest.raises(Unreachable):
        await client.get_manifest(server.address, "app", "latest")


async def test_a_refresh_looks_again(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: PAGE)
    for _ in range(2):
        with pytest.raises(NotARegistry):
            await client.get_manifest(server.address, "app", "latest")
        client.forget(server.address)
    assert sum(asked.path == "/v2/" for asked in server.asked) == 2
