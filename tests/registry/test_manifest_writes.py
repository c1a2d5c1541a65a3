"""Putting and deleting manifests, and what registries say to it (docs/protocol-notes.md, F-11, F-16, F-21, F-25)."""

from __future__ import annotations

import asyncio

import pytest

from tests.registry.clock import FakeClock
from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, MANIFEST, RegistryStub
from tests.registry.server import Asked, Reply, error
from tests.registry.tokens import TokenStub
from tests.registry.writable import Writable
from tui.oci import media
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import (
    Conflict,
    Corrupt,
    Denied,
    NotARegistry,
    NotFound,
    Policy,
    RateLimited,
    Refused,
    RegistryError,
    TooLarge,
    UnknownOutcome,
    Unreachable,
    Unsupported,
)
from tui.registry.lease import Host
from tui.registry.settings import HostSettings

BLOB = Digest.of(LAYER)
DIGEST = Digest.of(MANIFEST)


async def test_put_manifest_bytes_as_they_are(serve: Serve, client: Client) -> None:
    stub = Writable()
    server = await serve(stub)
    raw = b'{\n\t"schemaVersion": 2 }  '
    digest = await client.put_manifest(server.address, "app", "v1", raw, media.OCI_INDEX)
    assert digest == Digest.of(raw) and stub.manifests["v1"] == (raw, media.OCI_INDEX)
    assert server.count() == 1
    assert await client.put_manifest(server.address, "app", digest, raw, media.OCI_INDEX) == digest


async def test_by_a_digest_that_is_not_theirs(serve: Serve, client: Client) -> None:
    server = await serve(Writable())
    with pytest.raises(Corrupt):
        await client.put_manifest(server.address, "app", DIGEST, b"{}", media.OCI_INDEX)
    assert server.count() == 0


async def test_by_sha512(serve: Serve, client: Client) -> None:
    wanted = Digest.of(MANIFEST, "sha512")
    server = await serve(Writable())
    assert await client.put_manifest(server.address, "app", wanted, MANIFEST, media.OCI_MANIFEST) == wanted


async def test_too_large_is_not_sent(serve: Serve, connect: Connect) -> None:
    server = await serve(Writable())
    client = connect(max_manifest=10)
    with pytest.raises(TooLarge):
        await client.put_manifest(server.address, "app", "v1", b"x" * 11, media.OCI_INDEX)
    await client.put_manifest(server.address, "app", "v1", b"x" * 10, media.OCI_INDEX)
    assert server.count() == 1


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_good_answers(serve: Serve, client: Client, status: int) -> None:
    server = await serve(lambda asked: Reply(status))
    await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)


async def test_a_lost_put_is_never_repeated_by_tag(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(drop=True))
    with pytest.raises(UnknownOutcome):
        await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)
    assert server.count() == 1, "nor behind our back by the library"


async def test_a_gateways_answer_is_a_lost_one(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(504))
    with pytest.raises(UnknownOutcome):
        await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)
    assert server.count() == 1


async def test_by_digest_it_may_be_repeated(serve: Serve, client: Client) -> None:
    stub, drops = Writable(), [1, 1]

    def handler(asked: Asked) -> Reply:
        return Reply(drop=bool(drops.pop())) if drops else stub(asked)

    server = await serve(handler)
    assert await client.put_manifest(server.address, "app", DIGEST, MANIFEST, media.OCI_MANIFEST) == DIGEST
    assert server.count() == 3


async def test_never_reached_is_not_unknown(client: Client, unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable) as caught:
        await client.put_manifest(f"127.0.0.1:{unused_tcp_port}", "app", "v1", MANIFEST, media.OCI_MANIFEST)
    assert not isinstance(caught.value, UnknownOutcome)


@pytest.mark.parametrize("selector", ["v1", str(DIGEST)])
@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
async def test_only_by_digest_is_it_repeated_unseen(serve: Serve, client: Client, status: int, selector: str) -> None:
    """Between two tries somebody else may have moved the tag: who puts by tag looks first, so that is not done here."""
    stub, fails = Writable(), [1]

    def handler(asked: Asked) -> Reply:
        return Reply(status, [("Retry-After", "7")]) if fails and fails.pop() else stub(asked)

    server = await serve(handler)
    if selector != "v1":
        await client.put_manifest(server.address, "app", selector, MANIFEST, media.OCI_MANIFEST)
        assert server.count() == 2
        return
    with pytest.raises(RateLimited if status == 429 else Unreachable) as caught:
        await client.put_manifest(server.address, "app", selector, MANIFEST, media.OCI_MANIFEST)
    assert server.count() == 1 and not isinstance(caught.value, UnknownOutcome)
    assert caught.value.retry_after == 7


async def test_by_tag_nothing_is_sent_while_the_host_rests(serve: Serve, client: Client, clock: FakeClock) -> None:
    begun: list[int] = []

    async def put(selector: str) -> None:
        raw, kind = MANIFEST, media.OCI_MANIFEST
        await client.put_manifest(server.address, "app", selector, raw, kind, begun=lambda: begun.append(1))

    server = await serve(Writable())
    lane = client._limiter.lane(client._endpoints.origin(server.address))
    lane.pause(30)
    with pytest.raises(RateLimited) as caught:
        await put("v1")
    assert caught.value.retry_after == 30 and not server.asked and not begun and not clock.slept
    await put(str(DIGEST))
    assert clock.slept == [30] and begun == [1]
    await put("v1")
    assert begun == [1, 1] and server.count() == 2


async def test_who_leaves_before_it_begins_has_written_nothing(serve: Serve, connect: Connect) -> None:
    free, begun = asyncio.Event(), []

    async def slow(asked: Asked) -> Reply:
        await free.wait()
        return Reply(201)

    server = await serve(slow)
    client = connect(concurrency=1)
    client._auth._hosts.setdefault(client._endpoints.origin(server.address), Host()).known = True
    first = asyncio.create_task(client.delete_manifest(server.address, "app", DIGEST))
    raw, kind = MANIFEST, media.OCI_MANIFEST
    second = asyncio.create_task(
        client.put_manifest(server.address, "app", "v1", raw, kind, begun=lambda: begun.append(1))
    )
    await asyncio.sleep(0.05)
    second.cancel()
    free.set()
    await asyncio.gather(first, second, return_exceptions=True)
    await asyncio.sleep(0.02)
    assert [asked.method for asked in server.asked] == ["DELETE"] and not begun


async def test_the_login_can_be_got_first(serve: Serve, client: Client) -> None:
    stub = TokenStub(stub=Writable())
    server = await serve(stub)
    with pytest.raises(NotFound):
        await client.head_manifest(server.address, "app", "v1")
    await client.ready_to_put(server.address, "app", "v1")
    asked, issued = server.count(), len(stub.issued)
    await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)
    assert server.count() == asked + 1 and len(stub.issued) == issued


@pytest.mark.parametrize("status", [429, 503])
async def test_by_tag_a_delete_is_tried_once(serve: Serve, client: Client, status: int) -> None:
    server = await serve(lambda asked: Reply(status, [("Retry-After", "1")]))
    with pytest.raises((RateLimited, Unreachable)):
        await client.delete_manifest(server.address, "app", "v1")
    assert server.count() == 1


MISSING_ONE, MISSING_TWO = Digest.of(b"1"), Digest.of(b"2")


@pytest.mark.parametrize(
    ("answer", "kind", "words", "details"),
    [
        (error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown", MISSING_ONE), Refused, "Mount or copy", (MISSING_ONE,)),
        (error(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown", {"Digest": MISSING_ONE}), Refused, "", (MISSING_ONE,)),
        (error(400, "BLOB_UNKNOWN", "x"), Refused, "an object that it names", ()),
        (error(400, "MANIFEST_BLOB_UNKNOWN", f"Layers {MISSING_TWO}, {MISSING_ONE} lost"), Refused, "",
         (MISSING_TWO, MISSING_ONE)),
        (error(400, "MANIFEST_INVALID", "manifest invalid", {"Offset": 1}), Refused, "check its JSON", ()),
        (error(400, "MANIFEST_INVALID", "x", "http: request body too large"), TooLarge, "too large", ()),
        (error(413, "SIZE_INVALID"), TooLarge, "too large", ()),
        (error(400, "DIGEST_INVALID"), Refused, "digest and bytes differ", ()),
        (error(404, "NAME_UNKNOWN", "x", {"name": "app"}), NotFound, "Create the repository first", ()),
        (error(404, "NOT_FOUND", "project app not found"), NotFound, "Create the repository first", ()),
        (error(409, "TAG_IMMUTABLE"), Policy, "immutable", ()),
        (error(412, "PRECONDITION", "tag is immutable"), Policy, "immutable", ()),
        (error(400, "TAG_INVALID", "The image tag 'v1' already exists ... immutable"), Policy, "immutable", ()),
        (error(412, "PROJECTPOLICYVIOLATION", "blocked"), Policy, "policy of the registry", ()),
        (error(403, "DENIED", "quota exceeded"), Policy, "quota", ()),
        (error(403, "DENIED"), Denied, "may push", ()),
        (error(401, "UNAUTHORIZED"), Denied, "may push", ()),
        (error(405, "DENIED", "system is in read-only mode"), Policy, "read-only", ()),
        (error(415, "UNSUPPORTED"), Unsupported, "does not offer", ()),
        (error(400, "UNSUPPORTED", "Invalid JSON syntax"), Unsupported, "Invalid JSON syntax", ()),
        (error(409, "CONFLICT"), Conflict, "conflicts", ()),
        (error(429, "TOO_MANY_REQUEST", "slow", None, Retry_After="999"), RateLimited, "", ()),
        (error(400, "FUTURE_CODE", "because of the moon"), Refused, "because of the moon", ()),
        (Reply(400), Refused, "(400)", ()),
        (Reply(400, [("Content-Type", "text/html")], b"<html><title>Nope</title>"), Refused, "Nope", ()),
        (Reply(500), Unreachable, "server error", ()),
        (error(400, "X", "\x1b]0;pwned\x07"), Refused, "\\x1b", ()),
    ],
)  # fmt: skip
async def test_every_refusal_in_plain_words(
    serve: Serve, client: Client, answer: Reply, kind: type[RegistryError], words: str, details: tuple[str, ...]
) -> None:
    server = await serve(lambda asked: answer)
    with pytest.raises(RegistryError) as caught:
        await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)
    assert type(caught.value) is kind
    assert words in caught.value.sentence and "\x1b" not in caught.value.sentence
    assert getattr(caught.value, "details", ()) == details
    assert caught.value.exchange_id is not None


async def test_read_only_sends_nothing(serve: Serve, connect: Connect) -> None:
    server = await serve(Writable())
    for client in (connect(read_only=True), connect(hosts={server.address: HostSettings(read_only=True)})):
        with pytest.raises(Policy, match="read-only"):
            await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)
        with pytest.raises(Policy):
            await client.mount(server.address, "app", BLOB, "x")
        with pytest.raises(Policy):
            await client.delete_manifest(server.address, "app", DIGEST)
    assert server.count() == 0


@pytest.mark.parametrize("status", [200, 202, 204])
async def test_delete(serve: Serve, client: Client, status: int) -> None:
    server = await serve(lambda asked: Reply(status))
    await client.delete_manifest(server.address, "app", DIGEST)
    assert server.asked[0].method == "DELETE" and server.asked[0].path == f"/v2/app/manifests/{DIGEST}"


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (error(404, "MANIFEST_UNKNOWN"), NotFound),
        (error(400, "DIGEST_INVALID"), Unsupported),
        (error(400, "UNSUPPORTED"), Unsupported),
        (error(405, "UNSUPPORTED"), Unsupported),
        (error(403, "DENIED"), Denied),
        (Reply(drop=True), UnknownOutcome),
    ],
)
async def test_delete_by_tag_refused(serve: Serve, client: Client, answer: Reply, kind: type[RegistryError]) -> None:
    server = await serve(lambda asked: answer)
    with pytest.raises(kind):
        await client.delete_manifest(server.address, "app", "v1")


async def test_delete_asks_for_delete_alone(serve: Serve, client: Client) -> None:
    stub = TokenStub(stub=lambda asked: Reply(202))
    server = await serve(stub)
    await client.delete_manifest(server.address, "app", DIGEST)
    assert stub.issued == [("repository:app:delete,pull",)]


async def test_deleted_is_asked_for_again(serve: Serve, client: Client) -> None:
    stub = RegistryStub()
    server = await serve(lambda asked: Reply(202) if asked.method == "DELETE" else stub(asked))
    await client.get_manifest(server.address, "app", DIGEST)
    await client.delete_manifest(server.address, "app", DIGEST)
    await client.get_manifest(server.address, "app", DIGEST)
    assert server.count("GET") == 2


@pytest.mark.parametrize("status", [301, 302, 303, 307])
async def test_a_redirected_write_is_not_followed_elsewhere(serve: Serve, client: Client, status: int) -> None:
    other = await serve(lambda asked: Reply(201))
    server = await serve(lambda asked: Reply(status, [("Location", f"http://{other.address}/x")]))
    with pytest.raises(RegistryError):
        await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)
    assert not other.asked


async def test_a_put_never_becomes_a_get(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(302, [("Location", "/v2/app/manifests/other")]))
    with pytest.raises(NotARegistry):
        await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)
    assert [asked.method for asked in server.asked] == ["PUT"]


async def test_a_tag_keeps_its_capitals_in_what_is_said_of_it(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: error(404, "MANIFEST_UNKNOWN"))
    with pytest.raises(NotFound, match=r"^Not found: the manifest 1\.0-RC of app\.$"):
        await client.delete_manifest(server.address, "app", "1.0-RC")
