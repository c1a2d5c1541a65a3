"""Uploading blobs: mounts, sessions, lost answers (docs/protocol-notes.md, F-05 to F-10, F-21, B-23)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.registry.conftest import Serve
from tests.registry.images import LAYER, MANIFEST
from tests.registry.server import Asked, Reply, error
from tests.registry.tokens import TokenStub
from tests.registry.writable import Writable, chunks
from tui.oci import media
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import (
    Corrupt,
    Denied,
    NotARegistry,
    NotFound,
    Refused,
    RegistryError,
    UnknownOutcome,
    Unreachable,
    Unsupported,
)
from tui.registry.uploads import Upload

BLOB = Digest.of(LAYER)
DIGEST = Digest.of(MANIFEST)


@pytest.mark.parametrize(
    "location",
    [
        lambda asked, path: path,
        lambda asked, path: f"http://{asked.headers['host']}{path}",
        lambda asked, path: f"//{asked.headers['host']}{path}",
        lambda asked, path: f"{asked.headers['host']}{path}",
        lambda asked, path: path.removeprefix("/v2/app/blobs/uploads/"),
        lambda asked, path: f"./{path.removeprefix('/v2/app/blobs/uploads/')}",
        lambda asked, path: f"../uploads/{path.removeprefix('/v2/app/blobs/uploads/')}",
        lambda asked, path: f"{path}&b=c",
    ],
)
async def test_eight_locations(serve: Serve, client: Client, location: Callable[[Asked, str], str]) -> None:
    stub = Writable()
    stub.location = location
    server = await serve(stub)
    sent: list[int] = []
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER), progress=sent.append)
    assert stub.blobs[BLOB] == LAYER and not stub.sessions
    assert sent == sorted(sent) and sent[-1] == len(LAYER)
    put = server.asked[-1]
    assert put.headers["content-length"] == str(len(LAYER)) and "transfer-encoding" not in put.headers
    assert put.headers["content-type"] == "application/octet-stream"


async def test_an_empty_blob(serve: Serve, client: Client) -> None:
    stub = Writable()
    server = await serve(stub)
    await client.put_blob(server.address, "app", Digest.of(b""), 0, chunks(b""))
    assert stub.blobs[Digest.of(b"")] == b"" and server.asked[-1].headers["content-length"] == "0"
    await client.put_blob(server.address, "app", Digest.of(b"{}"), 2, chunks(b"{}"))


async def test_a_large_blob_in_bounded_pieces(serve: Serve, client: Client) -> None:
    data = b"0123456789abcdef" * 200_000
    stub = Writable()
    server = await serve(stub)
    await client.put_blob(server.address, "app", Digest.of(data), len(data), chunks(data, 65_536))
    assert stub.blobs[Digest.of(data)] == data


async def test_post_has_a_length(serve: Serve, client: Client) -> None:
    server = await serve(Writable())
    await client.begin_upload(server.address, "app")
    assert server.asked[0].headers["content-length"] == "0"


async def test_mount(serve: Serve, client: Client) -> None:
    stub = Writable()
    stub.mounts.add((BLOB, "library/base"))
    server = await serve(stub)
    assert await client.mount(server.address, "app", BLOB, "library/base") is None
    assert server.asked[0].target == (f"/v2/app/blobs/uploads/?mount={BLOB.replace(':', '%3A')}&from=library%2Fbase")
    assert server.count() == 1 and server.asked[0].headers["content-length"] == "0"


async def test_mount_that_opens_a_session(serve: Serve, client: Client) -> None:
    stub = Writable()
    server = await serve(stub)
    upload = await client.mount(server.address, "app", BLOB, "elsewhere")
    assert isinstance(upload, Upload) and len(stub.sessions) == 1
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER), upload=upload)
    assert not stub.sessions and stub.log.count("POST /v2/app/blobs/uploads/") == 1
    upload = await client.mount(server.address, "app", BLOB, "elsewhere")
    assert upload is not None
    await client.cancel_upload(upload)
    await client.cancel_upload(upload)  # a second time harms nobody
    assert not stub.sessions


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(401, "UNAUTHORIZED", "project not found"), RegistryError),
        (error(403, "DENIED"), Denied),
        (error(405, "UNSUPPORTED"), Unsupported),
        (error(404, "BLOB_UNKNOWN"), Refused),
        (Reply(500), Unreachable),
    ],
)
async def test_mount_refused_then_uploaded(
    serve: Serve, client: Client, answer: Reply, kind: type[RegistryError]
) -> None:
    stub = Writable()
    server = await serve(lambda asked: answer if "mount" in asked.query else stub(asked))
    with pytest.raises(kind):
        await client.mount(server.address, "app", BLOB, "x")
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert stub.blobs[BLOB] == LAYER


async def test_mount_asks_for_both_scopes(serve: Serve, client: Client) -> None:
    stub = TokenStub(stub=Writable())
    server = await serve(stub)
    await client.mount(server.address, "app", BLOB, "base")
    assert stub.issued == [("repository:app:pull,push", "repository:base:pull")]


@pytest.mark.parametrize("honoured", [slice(0, 1), slice(-1, None)])
async def test_a_token_server_that_honours_one_scope(serve: Serve, client: Client, honoured: slice) -> None:
    """First only or last only: the mount may fail, the upload then does not (B-12)."""
    writable = Writable()
    stub = TokenStub(stub=writable, scopes_granted=lambda scopes: scopes[honoured])
    server = await serve(stub)
    try:
        await client.mount(server.address, "app", BLOB, "base")
    except RegistryError as refused:
        assert isinstance(refused, Denied)
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert writable.blobs[BLOB] == LAYER


@pytest.mark.parametrize(
    ("data", "size", "word"), [(LAYER + b"x", len(LAYER), "more"), (LAYER[:-1], len(LAYER), "broke off")]
)
async def test_another_size_than_announced(serve: Serve, client: Client, data: bytes, size: int, word: str) -> None:
    stub = Writable()
    server = await serve(stub)
    with pytest.raises(Corrupt, match=word):
        await client.put_blob(server.address, "app", BLOB, size, chunks(data))
    assert not stub.blobs


async def test_other_bytes_than_announced(serve: Serve, client: Client) -> None:
    stub = Writable()
    server = await serve(stub)
    with pytest.raises(Corrupt, match="wrong bytes"):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER[::-1]))
    assert not stub.blobs and not stub.sessions, "the session was cancelled"


async def test_the_sources_error_comes_out(serve: Serve, client: Client) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield LAYER[:5]
        raise NotFound("the source is gone")

    server = await serve(Writable())
    with pytest.raises(NotFound, match="the source is gone"):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), broken)


async def test_cut_in_the_middle_is_started_over(serve: Serve, client: Client) -> None:
    stub, cuts = Writable(), [1]

    def handler(asked: Asked) -> Reply:
        if asked.method == "PUT" and cuts:
            cuts.pop()
            return Reply(drop=True)
        return stub(asked)

    server = await serve(handler)
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert stub.blobs[BLOB] == LAYER and not stub.sessions


async def test_applied_but_the_answer_was_lost(serve: Serve, client: Client) -> None:
    """HEAD finds it: success, and nothing is sent twice (F-21)."""
    stub = Writable()

    def handler(asked: Asked) -> Reply:
        reply = stub(asked)
        return Reply(drop=True) if asked.method == "PUT" else reply

    server = await serve(handler)
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert server.count("PUT") == 1 and server.count("HEAD") == 1


async def test_lost_and_cannot_be_found_out(serve: Serve, client: Client) -> None:
    stub = Writable()

    def handler(asked: Asked) -> Reply:
        if asked.method == "PUT":
            return Reply(drop=True)
        return Reply(403) if asked.method in ("HEAD", "GET") else stub(asked)

    server = await serve(handler)
    with pytest.raises(UnknownOutcome):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))


@pytest.mark.parametrize("status", [404, 416, 500, 503, 429])
async def test_a_lost_session_is_opened_anew(serve: Serve, client: Client, status: int) -> None:
    stub, refusals = Writable(), [1]

    def handler(asked: Asked) -> Reply:
        if asked.method == "PUT" and refusals:
            refusals.pop()
            return error(status, "BLOB_UPLOAD_UNKNOWN" if status == 404 else "X")
        return stub(asked)

    server = await serve(handler)
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert stub.blobs[BLOB] == LAYER


async def test_it_gives_up_in_the_end(serve: Serve, client: Client) -> None:
    stub = Writable()
    server = await serve(lambda asked: Reply(503) if asked.method == "PUT" else stub(asked))
    with pytest.raises(Unreachable):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert server.count("PUT") == 3


async def test_another_digest_in_the_answer(serve: Serve, client: Client) -> None:
    stub = Writable()
    other = Digest.of(b"other")
    server = await serve(
        lambda asked: Reply(201, [("Docker-Content-Digest", other)]) if asked.method == "PUT" else stub(asked)
    )
    with pytest.raises(Corrupt):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    with pytest.raises(Corrupt, match="rewrote the manifest"):
        await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)


async def test_another_port_of_the_registrys_host_gets_no_login(serve: Serve, client: Client) -> None:
    """Another port is another origin, so a Location there is uploaded to without our token (B-23)."""
    storage = await serve(lambda asked: Reply(201))
    writable = Writable()
    writable.location = lambda asked, path: f"http://{storage.address}{path}"
    server = await serve(TokenStub(stub=writable))
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    (put,) = storage.asked
    assert put.body == LAYER and not put.login and "cookie" not in put.headers


async def test_an_upload_on_another_host_is_refused(serve: Serve, client: Client) -> None:
    """Our bytes go to the registry that we were told to push to, and nowhere else."""
    elsewhere = await serve(lambda asked: Reply(201))
    port = elsewhere.address.rpartition(":")[2]
    for host in (f"localhost:{port}", f"127.0.0.2:{port}", "uploads.example.com", "169.254.169.254"):
        writable = Writable()
        writable.location = lambda asked, path, host=host: f"http://{host}{path}"  # type: ignore[misc]
        server = await serve(writable)
        for ask in (
            client.begin_upload(server.address, "app"),
            client.mount(server.address, "app", Digest.of(b"elsewhere"), "other"),
            client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER)),
        ):
            with pytest.raises(NotARegistry, match=r"on another host|link-local"):
                await ask
    assert not elsewhere.asked


async def test_a_location_that_leads_astray(serve: Serve, client: Client) -> None:
    for location in ("file:///etc/passwd", "http://u:p@127.0.0.1/x", "", "ftp://x/y"):
        server = await serve(lambda asked, location=location: Reply(202, [("Location", location)]))  # type: ignore[misc]
        if not location:
            continue
        with pytest.raises(NotARegistry):
            await client.begin_upload(server.address, "app")


async def test_cancelled_in_the_middle(serve: Serve, client: Client) -> None:
    stub, begun = Writable(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield LAYER[:3]
        begun.set()
        await asyncio.sleep(60)

    server = await serve(stub)
    task = asyncio.create_task(client.put_blob(server.address, "app", BLOB, len(LAYER), slow))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not stub.blobs and client._limiter.under_way == 0
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
