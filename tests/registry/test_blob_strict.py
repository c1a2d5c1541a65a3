"""One strict rule for "present" (docs/protocol-notes.md, K1): 200 with the size that was expected, or 206 with a right
Content-Range and the byte that was asked for. Whatever else comes is not present; and nothing is accused of a wrong
size or digest before a GET has said so too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, RegistryStub
from tests.registry.server import Asked, Handler, Reply
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import NotARegistry, RegistryError, Unreachable
from tui.registry.settings import HostSettings
from tui.sources.presence import Observation, Presence
from tui.sources.registry import RegistrySource

BLOB = Digest.of(LAYER)
EMPTY = Digest.of(b"")
OTHER = Digest.of(b"another")
SIZE = len(LAYER)
PAGE = b"<html>sign in</html>"
HTML = [("Content-Type", "text/html")]
Answer = Callable[[Asked], Reply]


async def probe(client: Client, address: str, digest: Digest = BLOB, size: int = SIZE) -> Observation:
    return await RegistrySource(client, address).probe("app", Descriptor("application/octet-stream", digest, size))


def by_method(head: Answer, get: Answer) -> Handler:
    return lambda asked: (head if asked.method == "HEAD" else get)(asked)


async def pieces(body: bytes) -> AsyncIterator[bytes]:
    yield body


def reply(*args: object, **more: object) -> Answer:
    return lambda asked: Reply(*args, **more)  # type: ignore[arg-type]


def part(body: bytes = LAYER[:1], content_range: str = f"bytes 0-0/{SIZE}", **more: object) -> Answer:
    return reply(206, [("Content-Range", content_range)], body, **more)


def chunked(asked: Asked) -> Reply:
    return Reply(200, HTML, chunks=pieces(PAGE))


PAGES = {
    "a page": reply(200, HTML, PAGE),
    "a page in chunks": chunked,
    "a page without a length": reply(200, HTML, PAGE, length=-1),
    "a page that calls itself bytes": reply(200, [("Content-Type", "application/octet-stream")], PAGE),
    "a page of the right length": reply(200, HTML, b"p" * SIZE),
    "a page in a part": reply(206, [*HTML, ("Content-Range", f"bytes 0-0/{len(PAGE)}")], PAGE[:1]),
}


@pytest.mark.parametrize("refusal", [401, 403, 405])
@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
async def test_head_is_refused_and_get_answers_a_page(serve: Serve, client: Client, refusal: int, page: Answer) -> None:
    """A portal: it says the same of a digest that cannot exist, asked by the method that blobs are asked by."""
    server = await serve(by_method(reply(refusal), page))
    seen = await asyncio.gather(*(probe(client, server.address) for _ in range(3)))
    assert {each.presence for each in seen} <= {Presence.DENIED, Presence.UNREACHABLE}


NOTHING_KNOWN = {
    "204": reply(204),
    "203": reply(203, body=LAYER),
    "202": reply(202, body=LAYER),
    "416": reply(416, [("Content-Range", f"bytes */{SIZE}")]),
    "416 without a size": reply(416),
    "416 of nothing": reply(416, [("Content-Range", "bytes */0")]),
    "206 without a byte": part(b""),
    "206 that breaks off": part(b"", length=1),
    "206 without a range": reply(206, body=LAYER[:1]),
    "206 of another part": part(content_range=f"bytes 5-5/{SIZE}"),
    "206 of a size that is not said": part(content_range="bytes 0-0/*"),
    "206 of several parts": reply(206, [("Content-Type", "multipart/byteranges; boundary=x")], LAYER[:1]),
    "200 without a length": lambda asked: Reply(200, chunks=pieces(LAYER)),
    "200 that breaks off": reply(200, body=b"", length=SIZE),
}


@pytest.mark.parametrize("get", NOTHING_KNOWN.values(), ids=NOTHING_KNOWN)
@pytest.mark.parametrize("head", [None, 404, 405, 200, 202, 204], ids=str)
async def test_answers_that_say_nothing(serve: Serve, connect: Connect, head: int | None, get: Answer) -> None:
    """Neither present nor an accusation: not missing, not mismatched."""

    def honest(asked: Asked) -> Reply:
        return get(asked) if BLOB in asked.target else Reply(404)

    server = await serve(by_method(reply(head or 500, length=-1 if head == 200 else None), honest))
    client = connect(hosts={server.address: HostSettings(head=head is not None)})
    seen = await probe(client, server.address)
    assert seen.presence is Presence.UNREACHABLE, seen
    assert seen.detail


@pytest.mark.parametrize("status", [202, 203, 204, 206])
async def test_a_head_that_is_not_200_is_asked_again(serve: Serve, client: Client, status: int) -> None:
    server = await serve(by_method(reply(status, [("Docker-Content-Digest", BLOB)], LAYER), part()))
    seen = await probe(client, server.address)
    assert (seen.presence, seen.size, seen.confirmed) == (Presence.PRESENT, SIZE, True)
    assert server.count("GET") == 1


@pytest.mark.parametrize("length", [0, -1, 7])
async def test_a_wrong_length_of_head_is_confirmed_by_get(serve: Serve, client: Client, length: int) -> None:
    stub = RegistryStub()

    def head(asked: Asked) -> Reply:
        answer = stub(asked)
        return Reply(answer.status, answer.headers, length=length)

    server = await serve(by_method(head, stub))
    seen = await probe(client, server.address)
    assert (seen.presence, seen.size) == (Presence.PRESENT, SIZE)
    await probe(client, server.address)
    assert [asked.method for asked in server.asked] == ["HEAD", "GET", "GET"], "that HEAD is not worth asking again"


async def test_a_size_that_both_say_is_mismatched(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    seen = await probe(client, server.address, size=7)
    assert (seen.presence, seen.size) == (Presence.MISMATCHED, SIZE)
    assert [asked.method for asked in server.asked] == ["HEAD", "GET"]


@pytest.mark.parametrize(
    ("size", "presence"), [(0, Presence.PRESENT), (SIZE, Presence.UNREACHABLE)], ids=["empty", "not empty"]
)
@pytest.mark.parametrize("content_range", ["bytes */0", "bytes */*", ""])
async def test_416_is_present_only_where_nothing_was_expected(
    serve: Serve, client: Client, content_range: str, size: int, presence: Presence
) -> None:
    headers = [("Content-Range", content_range)] if content_range else []
    server = await serve(by_method(reply(405), reply(416, headers)))
    assert (await probe(client, server.address, EMPTY, size)).presence is presence


async def test_416_of_an_empty_blob_that_has_a_size(serve: Serve, client: Client) -> None:
    server = await serve(by_method(reply(405), reply(416, [("Content-Range", "bytes */5")])))
    assert (await probe(client, server.address, EMPTY, 0)).presence is Presence.UNREACHABLE


async def test_an_empty_blob_of_a_server_without_ranges(serve: Serve, client: Client) -> None:
    server = await serve(by_method(reply(405), reply(200)))
    assert (await probe(client, server.address, EMPTY, 0)).presence is Presence.UNREACHABLE, "it says so to everything"
    server = await serve(by_method(reply(405), lambda asked: Reply(200) if EMPTY in asked.target else Reply(404)))
    assert (await probe(client, server.address, EMPTY, 0)).presence is Presence.PRESENT


STORAGE = {
    "no length": reply(200, length=-1),
    "a text": reply(200, [("Content-Type", "text/plain")], b"the bucket is asleep, please come back later"),
    "a document": reply(200, [("Content-Type", "application/xml")], b"<Error/>"),
    "nothing": reply(200),
}


@pytest.mark.parametrize("answer", STORAGE.values(), ids=STORAGE)
async def test_storage_that_says_yes_to_everything(serve: Serve, client: Client, answer: Answer) -> None:
    storage = await serve(answer)
    server = await serve(reply(307, [("Location", f"http://{storage.address}/signed")]))
    assert (await probe(client, server.address)).presence is Presence.UNREACHABLE


@pytest.mark.parametrize("answer", STORAGE.values(), ids=STORAGE)
async def test_storage_that_says_yes_where_the_registry_knows(serve: Serve, client: Client, answer: Answer) -> None:
    """The registry knows its digests, so it is one; what its storage sends is still not the blob."""
    storage = await serve(answer)
    there = Reply(307, [("Location", f"http://{storage.address}/signed")])
    server = await serve(lambda asked: there if BLOB in asked.target else Reply(404))
    assert (await probe(client, server.address)).presence is Presence.UNREACHABLE


async def test_storage_that_knows_its_size(serve: Serve, client: Client) -> None:
    storage = await serve(by_method(reply(200, length=7), part(content_range="bytes 0-0/7")))
    there = Reply(307, [("Location", f"http://{storage.address}/signed")])
    server = await serve(lambda asked: there if BLOB in asked.target else Reply(404))
    assert (await probe(client, server.address)).presence is Presence.MISMATCHED


async def test_head_names_another_digest(serve: Serve, client: Client) -> None:
    named = [("Docker-Content-Digest", OTHER)]
    server = await serve(
        by_method(reply(200, named, LAYER), reply(206, [*named, ("Content-Range", f"bytes 0-0/{SIZE}")], b"x"))
    )
    seen = await probe(client, server.address)
    assert seen.presence is Presence.MISMATCHED
    assert seen.detail == f"digest {OTHER}, the descriptor says {BLOB}"


async def test_only_head_names_another_digest(serve: Serve, client: Client) -> None:
    server = await serve(by_method(reply(200, [("Docker-Content-Digest", OTHER)], LAYER), RegistryStub()))
    seen = await probe(client, server.address)
    assert seen.presence is Presence.PRESENT
    assert f"HEAD names another digest ({OTHER.short})" in seen.detail


async def test_a_digest_of_another_kind_is_none(serve: Serve, client: Client) -> None:
    wanted = Digest.of(LAYER, "sha512")
    server = await serve(reply(200, [("Docker-Content-Digest", BLOB)], LAYER))
    assert (await probe(client, server.address, wanted)).presence is Presence.PRESENT
    assert server.count() == 1


async def test_many_where_only_head_is_denied(serve: Serve, client: Client) -> None:
    """One of them is missing: the others are there all the same."""
    stub = RegistryStub()
    server = await serve(by_method(reply(403), stub))
    first = await probe(client, server.address, OTHER)
    assert (first.presence, (await probe(client, server.address)).presence) == (Presence.MISSING, Presence.PRESENT)


@pytest.mark.parametrize("status", [202, 203, 204])
async def test_bytes_that_come_with_an_odd_status_accuse_nobody(serve: Serve, client: Client, status: int) -> None:
    server = await serve(reply(status, body=b""))
    with pytest.raises(RegistryError) as caught:
        await client.read_blob(server.address, "app", BLOB, limit=100)
    assert type(caught.value) in (Unreachable, NotARegistry)


MANIFEST_HEADS = {
    "202": reply(202, [("Docker-Content-Digest", BLOB)]),
    "204": reply(204, [("Docker-Content-Digest", BLOB)]),
    "no length": reply(200, [("Docker-Content-Digest", BLOB)], length=-1),
    "no bytes": reply(200, [("Docker-Content-Digest", BLOB)], length=0),
    "another type": reply(
        200, [("Content-Type", "application/vnd.oci.image.index.v1+json"), ("Docker-Content-Digest", BLOB)]
    ),
}


@pytest.mark.parametrize("head", MANIFEST_HEADS.values(), ids=MANIFEST_HEADS)
async def test_a_manifest_is_no_better(serve: Serve, client: Client, head: Answer) -> None:
    """What HEAD says oddly is asked by GET, whose bytes are hashed."""
    stub = RegistryStub()
    raw, kind = stub.manifests["latest"]
    manifest = Descriptor(kind, Digest.of(raw), len(raw))
    server = await serve(by_method(head, stub))
    seen = await RegistrySource(client, server.address).probe("app", manifest)
    assert (seen.presence, seen.size, seen.confirmed) == (Presence.PRESENT, len(raw), True)
    server = await serve(by_method(head, reply(404)))
    seen = await RegistrySource(client, server.address).probe("app", manifest)
    assert seen.presence is Presence.MISSING
