"""Is it there?  Never more than is known (docs/protocol-notes.md, D-01 to D-12, K1)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, MISSING, RegistryStub
from tests.registry.server import Asked, Reply, error
from tests.registry.tokens import TokenStub
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import (
    Denied,
    NotARegistry,
    NotFound,
    Policy,
    RegistryError,
    Unreachable,
    Unsupported,
)
from tui.registry.settings import HostSettings
from tui.sources.presence import Presence
from tui.sources.registry import source_error

BLOB = Digest.of(LAYER)
EMPTY = Digest.of(b"")


async def test_present_is_one_request(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    head = await client.head_blob(server.address, "app", BLOB, expected_size=len(LAYER))
    assert (head.digest, head.size, head.method, head.note) == (BLOB, len(LAYER), "HEAD", "")
    assert [asked.method for asked in server.asked] == ["HEAD"] and client.trace.count == 1


async def test_missing_is_confirmed_once(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    with pytest.raises(NotFound) as caught:
        await client.head_blob(server.address, "app", MISSING)
    assert [asked.method for asked in server.asked] == ["HEAD", "GET"]
    assert server.asked[1].headers["range"] == "bytes=0-0"
    assert caught.value.confirmed and caught.value.code == "BLOB_UNKNOWN" and not caught.value.repo_unknown


async def test_unconfirmed_when_told_so(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    with pytest.raises(NotFound) as caught:
        await client.head_blob(server.address, "app", MISSING, confirm=False)
    assert not caught.value.confirmed and server.count() == 1


async def test_head_404_and_get_206_is_present(serve: Serve, client: Client) -> None:
    stub = RegistryStub()
    server = await serve(lambda asked: Reply(404) if asked.method == "HEAD" else stub(asked))
    head = await client.head_blob(server.address, "app", BLOB)
    assert head.size == len(LAYER) and head.method == "GET" and head.note


@pytest.mark.parametrize("status", [405, 501, 400])
async def test_head_refused_is_remembered(serve: Serve, client: Client, status: int) -> None:
    stub = RegistryStub()
    server = await serve(lambda asked: Reply(status) if asked.method == "HEAD" else stub(asked))
    for _ in range(3):
        assert (await client.head_blob(server.address, "app", BLOB)).size == len(LAYER)
    assert [asked.method for asked in server.asked] == ["HEAD", "GET", "GET", "GET"]


async def test_head_refused_and_missing(serve: Serve, client: Client) -> None:
    stub = RegistryStub()
    server = await serve(lambda asked: Reply(405) if asked.method == "HEAD" else stub(asked))
    with pytest.raises(NotFound):
        await client.head_blob(server.address, "app", MISSING)


async def test_no_head_by_setting(serve: Serve, connect: Connect) -> None:
    server = await serve(RegistryStub())
    client = connect(hosts={server.address: HostSettings(head=False)})
    assert (await client.head_blob(server.address, "app", BLOB)).size == len(LAYER)
    assert server.count("HEAD") == 0


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 4_096


async def test_an_endless_body_is_not_read(serve: Serve, client: Client) -> None:
    """Range ignored: the first byte is enough, and the connection is dropped."""
    size = 5 * 10**9
    server = await serve(
        lambda asked: Reply(405) if asked.method == "HEAD" else Reply(200, length=size, chunks=endless())
    )
    head = await client.head_blob(server.address, "app", BLOB)
    assert head.size == size
    assert client.trace.exchanges[-1].bytes_in <= 65_536


async def test_range_ignored_with_a_small_body(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(405) if asked.method == "HEAD" else Reply(200, body=LAYER))
    for _ in range(2):
        assert (await client.head_blob(server.address, "app", BLOB)).size == len(LAYER)
    assert server.connections == 1


async def test_an_empty_blob_by_range(serve: Serve, client: Client) -> None:
    """More in test_blob_strict.py."""
    server = await serve(
        lambda asked: Reply(405) if asked.method == "HEAD" else Reply(416, [("Content-Range", "bytes */0")])
    )
    assert (await client.head_blob(server.address, "app", EMPTY)).size == 0


@pytest.mark.parametrize("status", [401, 403])
async def test_denied_is_not_missing(serve: Serve, client: Client, status: int) -> None:
    server = await serve(lambda asked: Reply(status) if asked.method == "HEAD" else error(status, "DENIED", "go away"))
    with pytest.raises(Denied) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert "does not exist, or you may not see it" in caught.value.sentence
    assert "go away" in caught.value.sentence


async def test_denied_is_explained_once_per_repository(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(403) if asked.method == "HEAD" else error(403, "DENIED", "no quota"))
    digests = [Digest.of(str(number).encode()) for number in range(30)]
    results = await asyncio.gather(
        *(client.head_blob(server.address, "app", digest) for digest in digests), return_exceptions=True
    )
    assert all(isinstance(result, Denied) and "no quota" in result.sentence for result in results)
    assert server.count("GET") == 1 and server.count("HEAD") == 30


async def test_only_head_is_denied(serve: Serve, client: Client) -> None:
    stub = RegistryStub()
    server = await serve(lambda asked: Reply(403) if asked.method == "HEAD" else stub(asked))
    assert (await client.head_blob(server.address, "app", BLOB)).size == len(LAYER)
    assert (await client.head_blob(server.address, "app", BLOB)).method == "GET"
    assert server.count("HEAD") == 1


async def test_repo_unknown(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: error(404, "NAME_UNKNOWN"))
    with pytest.raises(NotFound) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert caught.value.repo_unknown


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (410, NotFound),
        (406, Unsupported),
        (415, Unsupported),
        (412, Policy),
        (451, Policy),
        (500, Unreachable),
        (502, Unreachable),
        (503, Unreachable),
        (404, NotFound),
    ],
)
async def test_every_status_has_its_word(serve: Serve, client: Client, status: int, kind: type[RegistryError]) -> None:
    server = await serve(lambda asked: error(status, "X", "because"))
    with pytest.raises(RegistryError) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert type(caught.value) is kind and caught.value.status == status


async def test_another_size_is_the_callers_to_see(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    head = await client.head_blob(server.address, "app", BLOB, expected_size=7)
    assert head.size == len(LAYER)


async def test_always_200_is_not_a_registry(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(200, [("Content-Type", "text/html")], b"<html>log in</html>"))
    results = await asyncio.gather(
        *(client.head_blob(server.address, "app", digest) for digest in (BLOB, EMPTY, MISSING)), return_exceptions=True
    )
    assert all(isinstance(result, NotARegistry) for result in results)
    # One probe for the repository, not one for each blob; by GET, which is what decides about blobs.
    assert (server.count("HEAD"), server.count("GET")) == (3, 4)


async def test_always_200_without_html(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(200, body=b"ok"))
    with pytest.raises(NotARegistry):
        await client.head_blob(server.address, "app", BLOB, expected_size=len(LAYER))


async def test_an_odd_but_honest_registry(serve: Serve, client: Client) -> None:
    """No digest header, and HEAD without a length: the impossible digest is a 404 there, so its GET is believed."""

    def odd(asked: Asked) -> Reply:
        if BLOB not in asked.target:
            return Reply(404)
        return (
            Reply(200, [("Transfer-Encoding", "chunked")], length=-1)
            if asked.method == "HEAD"
            else Reply(200, body=LAYER)
        )

    server = await serve(odd)
    head = await client.head_blob(server.address, "app", BLOB)
    assert (head.size, head.method) == (len(LAYER), "GET")


async def test_a_redirect_to_storage(serve: Serve, client: Client) -> None:
    storage = await serve(lambda asked: Reply(200, body=LAYER))
    server = await serve(lambda asked: Reply(307, [("Location", f"http://{storage.address}/b?sig=secret%2F1")]))
    head = await client.head_blob(server.address, "app", BLOB, expected_size=len(LAYER))
    assert head.size == len(LAYER) and storage.asked[0].target == "/b?sig=secret%2F1"
    assert "secret" not in str([(e.url, e.request_headers, e.response_headers) for e in client.trace.exchanges])


@pytest.mark.parametrize("status", [403, 405, 400])
async def test_storage_that_refuses_head(serve: Serve, client: Client, status: int) -> None:
    """A signed address is good for one method: ask the registry for a fresh one by GET (D-04)."""

    def store(asked: Asked) -> Reply:
        if asked.method == "HEAD":
            return Reply(status)
        return Reply(206, [("Content-Range", f"bytes 0-0/{len(LAYER)}")], LAYER[:1])

    storage = await serve(store)
    server = await serve(lambda asked: Reply(307, [("Location", f"http://{storage.address}/signed")]))
    head = await client.head_blob(server.address, "app", BLOB)
    assert head.size == len(LAYER)
    assert [asked.method for asked in server.asked] == ["HEAD", "GET"]
    assert storage.asked[1].headers["range"] == "bytes=0-0"


@pytest.mark.parametrize("status", [401, 403])
async def test_storage_that_refuses_everything(serve: Serve, client: Client, status: int) -> None:
    """The registry let us in and sent us on: no login of ours helps where the storage refuses what it signed."""
    storage = await serve(lambda asked: Reply(status, body=b"<Error><Code>AccessDenied</Code></Error>"))
    server = await serve(lambda asked: Reply(307, [("Location", f"http://{storage.address}/signed?sig=secret")]))
    with pytest.raises(Denied) as caught:
        await client.head_blob(server.address, "app", BLOB)
    error = caught.value
    assert f"{server.address} redirects requests" in error.sentence
    assert f"to {storage.address}, which refused it ({status})" in error.sentence
    assert "you may not see it" not in error.sentence and "secret" not in error.sentence
    assert "A login does not help" in error.advice
    shown = source_error(error).observation()
    assert (shown.presence, shown.fix) == (Presence.DENIED, error.advice)


async def test_a_proxy_that_cannot_be_used_is_no_request(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "socks5://bob:hunter2@127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    registry = "registry.test"
    client = connect(hosts={registry: HostSettings(plain_http=True)})
    with pytest.raises(Unreachable) as caught:
        await client.head_blob(registry, "app", BLOB)
    error = caught.value
    assert "No request to" in error.sentence and "hunter2" not in error.sentence
    assert "http:// proxy" in error.advice and "NO_PROXY" in error.advice
    assert source_error(error).fix == error.advice
    assert client.trace.count == 0


async def test_a_redirect_loop_ends(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(307, [("Location", asked.target)]))
    with pytest.raises(NotARegistry):
        await client.head_blob(server.address, "app", BLOB)
    assert server.count() <= 8


async def test_redirects_are_counted(serve: Serve, client: Client) -> None:
    count = iter(range(1_000))
    server = await serve(lambda asked: Reply(302, [("Location", f"/somewhere/{next(count)}")]))
    with pytest.raises(NotARegistry):
        await client.head_blob(server.address, "app", BLOB)
    assert server.count() == 6


async def test_a_compressed_answer_has_no_size(serve: Serve, client: Client) -> None:
    stub = RegistryStub()
    encoded = Reply(200, [("Content-Encoding", "gzip"), ("Docker-Content-Digest", BLOB)], b"x" * 9)
    server = await serve(lambda asked: encoded if asked.method == "HEAD" else stub(asked))
    assert (await client.head_blob(server.address, "app", BLOB)).size == len(LAYER)
    server = await serve(lambda asked: encoded)
    with pytest.raises(Unreachable, match="without its size"):
        await client.head_blob(server.address, "app", BLOB)


async def test_sha512_with_a_sha256_header(serve: Serve, client: Client) -> None:
    wanted = Digest.of(LAYER, "sha512")
    server = await serve(lambda asked: Reply(200, [("Docker-Content-Digest", BLOB)], LAYER))
    assert (await client.head_blob(server.address, "app", wanted)).digest == wanted


async def test_a_redirect_at_home_keeps_the_login(serve: Serve, client: Client) -> None:
    inner = RegistryStub()

    def moved(asked: Asked) -> Reply:
        if asked.path.startswith("/v2/old/"):
            return Reply(308, [("Location", asked.path.replace("/v2/old/", "/v2/app/"))])
        return inner(asked)

    stub = TokenStub(stub=moved)
    stub.needed = lambda asked: {"repository:old:pull"}  # type: ignore[method-assign]
    server = await serve(stub)
    assert (await client.head_blob(server.address, "old", BLOB)).digest == BLOB
    assert server.asked[-1].path.startswith("/v2/app/") and server.asked[-1].login
