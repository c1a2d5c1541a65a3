"""Manifests: the Accept list, our own digest, the cache (docs/protocol-notes.md, C-01 to C-08, C-18)."""

from __future__ import annotations

import asyncio
import json

import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import MANIFEST, RegistryStub, index, manifest
from tests.registry.server import Asked, Reply, error
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.manifest import ImageManifest, Index, OpaqueManifest
from tui.registry.client import Client
from tui.registry.errors import (
    Corrupt,
    Denied,
    InvalidManifest,
    NotARegistry,
    NotFound,
    RegistryError,
    TooLarge,
    Unsupported,
)

DIGEST = Digest.of(MANIFEST)


async def test_by_tag_and_by_digest(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    by_tag = await client.get_manifest(server.address, "app", "latest")
    assert isinstance(by_tag, ImageManifest) and by_tag.digest == DIGEST and by_tag.raw == MANIFEST
    assert await client.get_manifest(server.address, "app", DIGEST) is by_tag
    assert server.count() == 1, "what came by tag need not be asked for by digest"
    await client.get_manifest(server.address, "app", "latest")
    assert server.count() == 2, "a tag is always asked anew"


async def test_fresh_goes_past_the_cache(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    await client.get_manifest(server.address, "app", DIGEST)
    await client.get_manifest(server.address, "app", DIGEST, fresh=True)
    assert server.count() == 2


async def test_another_repository_is_another_question(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    await client.get_manifest(server.address, "app", DIGEST)
    with pytest.raises(NotFound):
        await client.get_manifest(server.address, "other", DIGEST)


async def test_the_full_accept_list_on_head_and_get(serve: Serve, client: Client) -> None:
    """A short list makes registries serve another manifest, or none (C-01)."""
    child = MANIFEST
    docker_list = json.dumps({"schemaVersion": 2, "mediaType": media.DOCKER_LIST, "manifests": []}).encode()

    def picky(asked: Asked) -> Reply:
        accepted = asked.headers.get("accept", "")
        raw = docker_list if media.DOCKER_LIST in accepted else child
        kind = media.DOCKER_LIST if raw is docker_list else media.DOCKER_MANIFEST
        return Reply(200, [("Content-Type", kind), ("Docker-Content-Digest", Digest.of(raw))], raw)

    server = await serve(picky)
    assert isinstance(await client.get_manifest(server.address, "app", "latest"), Index)
    head = await client.head_manifest(server.address, "app", "latest")
    assert head.digest == Digest.of(docker_list) and head.media_type == media.DOCKER_LIST
    get, headed = server.asked
    assert get.headers["accept"] == headed.headers["accept"]
    for kind in media.ACCEPT:
        assert kind in get.headers["accept"]
    assert get.headers["accept-encoding"] == "identity" and get.headers["user-agent"].startswith("fanfold/")


async def test_wrong_bytes_are_corrupt(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(200, [("Docker-Content-Digest", DIGEST)], manifest((b"other",))))
    with pytest.raises(Corrupt):
        await client.get_manifest(server.address, "app", DIGEST)
    with pytest.raises(Corrupt):
        await client.get_manifest(server.address, "app", DIGEST)
    assert server.count() == 2, "what is wrong is never kept"


@pytest.mark.parametrize("header", [None, "sha256:" + "0" * 64, "sha512:" + "0" * 128, "nonsense", "x" * 5_000])
async def test_the_digest_header_is_a_hint(serve: Serve, client: Client, header: str | None) -> None:
    headers = [("Content-Type", media.OCI_MANIFEST)]
    if header is not None:
        headers.append(("Docker-Content-Digest", header))
    server = await serve(lambda asked: Reply(200, headers, MANIFEST))
    assert (await client.get_manifest(server.address, "app", "latest")).digest == DIGEST
    assert (await client.get_manifest(server.address, "app", DIGEST, fresh=True)).digest == DIGEST


async def test_sha512(serve: Serve, client: Client) -> None:
    stub = RegistryStub()
    wanted = Digest.of(MANIFEST, "sha512")
    stub.manifests[wanted] = (MANIFEST, media.OCI_MANIFEST)
    server = await serve(stub)
    found = await client.get_manifest(server.address, "app", wanted)
    assert found.raw == MANIFEST
    assert await client.get_manifest(server.address, "app", wanted) is found and server.count() == 1


async def test_schema_1_is_not_corrupt(serve: Serve, client: Client) -> None:
    """Its digest covers the payload without the signatures: hashing the bytes does not match (C-05)."""
    raw = json.dumps(
        {"schemaVersion": 1, "name": "a", "tag": "b", "fsLayers": [], "history": [], "signatures": [{"x": "y"}]}
    ).encode()
    server = await serve(lambda asked: Reply(200, [("Content-Type", media.SCHEMA1_SIGNED)], raw))
    found = await client.get_manifest(server.address, "app", "latest")
    assert isinstance(found, OpaqueManifest) and found.raw == raw


@pytest.mark.parametrize("size", [-1, 0, 1])
async def test_the_limit_to_the_byte(serve: Serve, connect: Connect, size: int) -> None:
    raw = MANIFEST + b" " * 100
    client = connect(max_manifest=len(raw) - size)
    server = await serve(lambda asked: Reply(200, [("Content-Type", media.OCI_MANIFEST)], raw))
    if size <= 0:
        assert (await client.get_manifest(server.address, "app", "latest")).raw == raw
        return
    with pytest.raises(TooLarge):
        await client.get_manifest(server.address, "app", "latest")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"schemaVersion": 2}' * 2])
async def test_not_a_manifest(serve: Serve, client: Client, body: bytes) -> None:
    server = await serve(lambda asked: Reply(200, [("Content-Type", media.OCI_MANIFEST)], body))
    with pytest.raises(InvalidManifest) as caught:
        await client.get_manifest(server.address, "app", "latest")
    assert caught.value.raw == body


async def test_a_web_page_is_not_a_registry(serve: Serve, client: Client) -> None:
    page = b"<html>sign in</html>"
    server = await serve(lambda asked: Reply(200, [("Content-Type", "text/html; charset=utf-8")], page))
    with pytest.raises(NotARegistry):
        await client.get_manifest(server.address, "app", "latest")
    with pytest.raises(NotARegistry):
        await client.head_manifest(server.address, "app", "latest")


async def test_found_but_not_accepted_is_unsupported(serve: Serve, client: Client) -> None:
    words = "OCI manifest found, but accept header does not support OCI manifests"
    server = await serve(lambda asked: error(404, "MANIFEST_UNKNOWN", words))
    with pytest.raises(Unsupported):
        await client.get_manifest(server.address, "app", "latest")


async def test_head_without_a_digest_is_followed_by_get(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(200, [("Content-Type", media.OCI_MANIFEST)], MANIFEST))
    head = await client.head_manifest(server.address, "app", "latest")
    assert (head.digest, head.size, head.method) == (DIGEST, len(MANIFEST), "GET")
    assert [asked.method for asked in server.asked] == ["HEAD", "GET"]


async def test_head_refused_is_remembered(serve: Serve, client: Client) -> None:
    stub = RegistryStub()
    server = await serve(lambda asked: Reply(405) if asked.method == "HEAD" else stub(asked))
    for _ in range(2):
        assert (await client.head_manifest(server.address, "app", "latest")).digest == DIGEST
    assert [asked.method for asked in server.asked] == ["HEAD", "GET", "GET"]


async def test_head_404_is_confirmed(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    with pytest.raises(NotFound) as caught:
        await client.head_manifest(server.address, "app", "gone")
    assert caught.value.confirmed and [asked.method for asked in server.asked] == ["HEAD", "GET"]
    with pytest.raises(NotFound) as caught:
        await client.head_manifest(server.address, "app", "gone", confirm=False)
    assert not caught.value.confirmed and server.count() == 3


async def test_head_404_that_was_wrong(serve: Serve, client: Client) -> None:
    stub = RegistryStub()
    server = await serve(lambda asked: Reply(404) if asked.method == "HEAD" else stub(asked))
    head = await client.head_manifest(server.address, "app", "latest")
    assert head.digest == DIGEST and head.note
    await client.get_manifest(server.address, "app", DIGEST)
    assert server.count() == 2, "what the confirmation brought is kept"


@pytest.mark.parametrize("status", [401, 403])
async def test_denied(serve: Serve, client: Client, status: int) -> None:
    server = await serve(lambda asked: error(status, "DENIED", "no"))
    with pytest.raises(Denied):
        await client.get_manifest(server.address, "app", "latest")
    with pytest.raises(Denied):
        await client.head_manifest(server.address, "app", "latest")


async def test_the_cache_is_bounded(serve: Serve, connect: Connect) -> None:
    stub = RegistryStub()
    digests = [stub.keep(f"t{n}", manifest((str(n).encode(),)), media.OCI_MANIFEST) for n in range(20)]
    server = await serve(stub)
    client = connect(cache_bytes=5 * len(stub.manifests["t1"][0]))
    for digest in digests:
        await client.get_manifest(server.address, "app", digest)
    await client.get_manifest(server.address, "app", digests[-1])
    assert server.count() == 20
    await client.get_manifest(server.address, "app", digests[0])
    assert server.count() == 21


async def test_an_abandoned_answer_is_kept(serve: Serve, client: Client) -> None:
    """The caller has moved on; the manifest that was on its way is in the cache all the same."""
    stub, go, begun = RegistryStub(), asyncio.Event(), asyncio.Event()

    async def slow(asked: Asked) -> Reply:
        begun.set()
        await go.wait()
        return stub(asked)

    server = await serve(slow)
    task = asyncio.create_task(client.get_manifest(server.address, "app", DIGEST))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert client.trace.exchanges[-1].state == "abandoned"
    go.set()
    for _ in range(200):
        if client.trace.exchanges[-1].ms is not None:
            break
        await asyncio.sleep(0.005)
    assert (await client.get_manifest(server.address, "app", DIGEST)).raw == MANIFEST
    assert server.count() == 1


async def test_an_index(serve: Serve, client: Client) -> None:
    stub = RegistryStub()
    stub.keep("multi", index(MANIFEST, manifest((b"x",))), media.OCI_INDEX)
    server = await serve(stub)
    found = await client.get_manifest(server.address, "app", "multi")
    assert isinstance(found, Index) and len(found.entries) == 2


async def test_redirected_manifest_keeps_its_verification(serve: Serve, client: Client) -> None:
    storage = await serve(lambda asked: Reply(200, body=b'{"schemaVersion": 2}'))
    server = await serve(lambda asked: Reply(307, [("Location", f"http://{storage.address}/m")]))
    with pytest.raises(RegistryError) as caught:
        await client.get_manifest(server.address, "app", DIGEST)
    assert isinstance(caught.value, Corrupt)


@pytest.mark.parametrize("kind", ["text/plain", "application/json", "application/octet-stream", "", "x", "TEXT/HTML"])
async def test_odd_content_types(serve: Serve, client: Client, kind: str) -> None:
    """The body says what it is; Red Hat and proxies send anything (C-02)."""
    server = await serve(lambda asked: Reply(200, [("Content-Type", kind)] if kind else [], MANIFEST))
    found = await client.get_manifest(server.address, "app", "latest")
    assert isinstance(found, ImageManifest) and found.media_type == media.OCI_MANIFEST
