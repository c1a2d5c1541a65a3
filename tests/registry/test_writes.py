"""Writes: mounts, uploads, manifests, deletes, and lost answers (protocol F-05 to F-11, F-16, F-21, F-25)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, MANIFEST, Shop
from tests.registry.server import Asked, Reply, error
from tests.registry.tokens import TokenShop
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
from tui.registry.settings import HostSettings
from tui.registry.uploads import Upload

BLOB = Digest.of(LAYER)
DIGEST = Digest.of(MANIFEST)


def chunks(data: bytes, size: int = 7) -> Callable[[], AsyncIterator[bytes]]:
    async def opened() -> AsyncIterator[bytes]:
        for at in range(0, len(data), size):
            yield data[at : at + size]

    return opened


class Writable(Shop):
    """Takes uploads.  `location` shapes the session's address, `mounts` are (digest, from) that succeed."""

    def __init__(self) -> None:
        super().__init__()
        self.blobs = {}
        self.sessions: set[str] = set()
        self.location: Callable[[Asked, str], str] = lambda asked, path: path
        self.mounts: set[tuple[str, str]] = set()
        self.log: list[str] = []

    def __call__(self, asked: Asked) -> Reply:
        self.log.append(f"{asked.method} {asked.path}")
        if asked.path == "/v2/app/blobs/uploads/":
            mount, source = asked.query.get("mount", [""])[0], asked.query.get("from", [""])[0]
            if (mount, source) in self.mounts:
                self.blobs[mount] = b""
                return Reply(201)
            session = f"s{len(self.log)}"
            self.sessions.add(session)
            path = f"/v2/app/blobs/uploads/{session}?_state=a%2Fb%3D%3D"
            return Reply(202, [("Location", self.location(asked, path))])
        if asked.path.startswith("/v2/app/blobs/uploads/"):
            session = asked.path.rpartition("/")[2]
            if session not in self.sessions:
                return error(404, "BLOB_UPLOAD_UNKNOWN")
            self.sessions.discard(session)
            if asked.method == "DELETE":
                return Reply(204)
            (digest,) = asked.query["digest"]
            assert "_state=a%2Fb%3D%3D" in asked.target, "the address is signed: it must stay as it is"
            if Digest.of(asked.body, digest.partition(":")[0]) != digest:
                return error(400, "DIGEST_INVALID")
            self.blobs[digest] = asked.body
            return Reply(201, [("Docker-Content-Digest", digest)])
        if asked.method == "PUT":
            tag = asked.path.rpartition("/")[2]
            digest = self.keep(tag, asked.body, asked.headers["content-type"])
            return Reply(201, [("Docker-Content-Digest", digest)])
        return super().__call__(asked)


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
    shop = Writable()
    shop.location = location
    server = await serve(shop)
    sent: list[int] = []
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER), progress=sent.append)
    assert shop.blobs[BLOB] == LAYER and not shop.sessions
    assert sent == sorted(sent) and sent[-1] == len(LAYER)
    put = server.asked[-1]
    assert put.headers["content-length"] == str(len(LAYER)) and "transfer-encoding" not in put.headers
    assert put.headers["content-type"] == "application/octet-stream"


async def test_an_empty_blob(serve: Serve, client: Client) -> None:
    shop = Writable()
    server = await serve(shop)
    await client.put_blob(server.address, "app", Digest.of(b""), 0, chunks(b""))
    assert shop.blobs[Digest.of(b"")] == b"" and server.asked[-1].headers["content-length"] == "0"
    await client.put_blob(server.address, "app", Digest.of(b"{}"), 2, chunks(b"{}"))


async def test_a_large_blob_in_bounded_pieces(serve: Serve, client: Client) -> None:
    data = b"0123456789abcdef" * 200_000
    shop = Writable()
    server = await serve(shop)
    await client.put_blob(server.address, "app", Digest.of(data), len(data), chunks(data, 65_536))
    assert shop.blobs[Digest.of(data)] == data


async def test_post_has_a_length(serve: Serve, client: Client) -> None:
    server = await serve(Writable())
    await client.begin_upload(server.address, "app")
    assert server.asked[0].headers["content-length"] == "0"


async def test_mount(serve: Serve, client: Client) -> None:
    shop = Writable()
    shop.mounts.add((BLOB, "library/base"))
    server = await serve(shop)
    assert await client.mount(server.address, "app", BLOB, "library/base") is None
    assert server.asked[0].target == (f"/v2/app/blobs/uploads/?mount={BLOB.replace(':', '%3A')}&from=library%2Fbase")
    assert server.count() == 1 and server.asked[0].headers["content-length"] == "0"


async def test_mount_that_opens_a_session(serve: Serve, client: Client) -> None:
    shop = Writable()
    server = await serve(shop)
    upload = await client.mount(server.address, "app", BLOB, "elsewhere")
    assert isinstance(upload, Upload) and len(shop.sessions) == 1
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER), upload=upload)
    assert not shop.sessions and shop.log.count("POST /v2/app/blobs/uploads/") == 1
    upload = await client.mount(server.address, "app", BLOB, "elsewhere")
    assert upload is not None
    await client.cancel_upload(upload)
    await client.cancel_upload(upload)  # a second time harms nobody
    assert not shop.sessions


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
    shop = Writable()
    server = await serve(lambda asked: answer if "mount" in asked.query else shop(asked))
    with pytest.raises(kind):
        await client.mount(server.address, "app", BLOB, "x")
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert shop.blobs[BLOB] == LAYER


async def test_mount_asks_for_both_scopes(serve: Serve, client: Client) -> None:
    shop = TokenShop(shop=Writable())
    server = await serve(shop)
    await client.mount(server.address, "app", BLOB, "base")
    assert shop.issued == [("repository:app:pull,push", "repository:base:pull")]


@pytest.mark.parametrize("honoured", [slice(0, 1), slice(-1, None)])
async def test_a_token_server_that_honours_one_scope(serve: Serve, client: Client, honoured: slice) -> None:
    """First only or last only: the mount may fail, the upload then does not (B-12)."""
    writable = Writable()
    shop = TokenShop(shop=writable, scopes_granted=lambda scopes: scopes[honoured])
    server = await serve(shop)
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
    shop = Writable()
    server = await serve(shop)
    with pytest.raises(Corrupt, match=word):
        await client.put_blob(server.address, "app", BLOB, size, chunks(data))
    assert not shop.blobs


async def test_other_bytes_than_announced(serve: Serve, client: Client) -> None:
    shop = Writable()
    server = await serve(shop)
    with pytest.raises(Corrupt, match="other bytes"):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER[::-1]))
    assert not shop.blobs and not shop.sessions, "the session was cancelled"


async def test_the_sources_error_comes_out(serve: Serve, client: Client) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield LAYER[:5]
        raise NotFound("the source is gone")

    server = await serve(Writable())
    with pytest.raises(NotFound, match="the source is gone"):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), broken)


async def test_cut_in_the_middle_is_started_over(serve: Serve, client: Client) -> None:
    shop, cuts = Writable(), [1]

    def handler(asked: Asked) -> Reply:
        if asked.method == "PUT" and cuts:
            cuts.pop()
            return Reply(drop=True)
        return shop(asked)

    server = await serve(handler)
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert shop.blobs[BLOB] == LAYER and not shop.sessions


async def test_applied_but_the_answer_was_lost(serve: Serve, client: Client) -> None:
    """HEAD finds it: success, and nothing is sent twice (F-21)."""
    shop = Writable()

    def handler(asked: Asked) -> Reply:
        reply = shop(asked)
        return Reply(drop=True) if asked.method == "PUT" else reply

    server = await serve(handler)
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert server.count("PUT") == 1 and server.count("HEAD") == 1


async def test_lost_and_cannot_be_found_out(serve: Serve, client: Client) -> None:
    shop = Writable()

    def handler(asked: Asked) -> Reply:
        if asked.method == "PUT":
            return Reply(drop=True)
        return Reply(403) if asked.method in ("HEAD", "GET") else shop(asked)

    server = await serve(handler)
    with pytest.raises(UnknownOutcome):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))


@pytest.mark.parametrize("status", [404, 416, 500, 503, 429])
async def test_a_lost_session_is_opened_anew(serve: Serve, client: Client, status: int) -> None:
    shop, refusals = Writable(), [1]

    def handler(asked: Asked) -> Reply:
        if asked.method == "PUT" and refusals:
            refusals.pop()
            return error(status, "BLOB_UPLOAD_UNKNOWN" if status == 404 else "X")
        return shop(asked)

    server = await serve(handler)
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert shop.blobs[BLOB] == LAYER


async def test_it_gives_up_in_the_end(serve: Serve, client: Client) -> None:
    shop = Writable()
    server = await serve(lambda asked: Reply(503) if asked.method == "PUT" else shop(asked))
    with pytest.raises(Unreachable):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    assert server.count("PUT") == 3


async def test_another_digest_in_the_answer(serve: Serve, client: Client) -> None:
    shop = Writable()
    other = Digest.of(b"other")
    server = await serve(
        lambda asked: Reply(201, [("Docker-Content-Digest", other)]) if asked.method == "PUT" else shop(asked)
    )
    with pytest.raises(Corrupt):
        await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    with pytest.raises(Corrupt, match="made another one"):
        await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)


async def test_storage_elsewhere_gets_no_login(serve: Serve, client: Client) -> None:
    """A Location on another host is uploaded to without our token (B-23)."""
    storage = await serve(lambda asked: Reply(201))
    writable = Writable()
    writable.location = lambda asked, path: f"http://{storage.address}{path}"
    server = await serve(TokenShop(shop=writable))
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))
    (put,) = storage.asked
    assert put.body == LAYER and not put.login and "cookie" not in put.headers


async def test_a_location_that_leads_astray(serve: Serve, client: Client) -> None:
    for location in ("file:///etc/passwd", "http://u:p@127.0.0.1/x", "", "ftp://x/y"):
        server = await serve(lambda asked, location=location: Reply(202, [("Location", location)]))  # type: ignore[misc]
        if not location:
            continue
        with pytest.raises(NotARegistry):
            await client.begin_upload(server.address, "app")


async def test_cancelled_in_the_middle(serve: Serve, client: Client) -> None:
    shop, begun = Writable(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield LAYER[:3]
        begun.set()
        await asyncio.sleep(60)

    server = await serve(shop)
    task = asyncio.create_task(client.put_blob(server.address, "app", BLOB, len(LAYER), slow))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not shop.blobs and client._wire.gate.under_way == 0
    await client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER))


# Manifests


async def test_put_manifest_bytes_as_they_are(serve: Serve, client: Client) -> None:
    shop = Writable()
    server = await serve(shop)
    raw = b'{\n\t"schemaVersion": 2 }  '
    digest = await client.put_manifest(server.address, "app", "v1", raw, media.OCI_INDEX)
    assert digest == Digest.of(raw) and shop.manifests["v1"] == (raw, media.OCI_INDEX)
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
    shop, drops = Writable(), [1, 1]

    def handler(asked: Asked) -> Reply:
        return Reply(drop=bool(drops.pop())) if drops else shop(asked)

    server = await serve(handler)
    assert await client.put_manifest(server.address, "app", DIGEST, MANIFEST, media.OCI_MANIFEST) == DIGEST
    assert server.count() == 3


async def test_never_reached_is_not_unknown(client: Client, unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable) as caught:
        await client.put_manifest(f"127.0.0.1:{unused_tcp_port}", "app", "v1", MANIFEST, media.OCI_MANIFEST)
    assert not isinstance(caught.value, UnknownOutcome)


async def test_a_failing_503_may_be_repeated(serve: Serve, client: Client) -> None:
    shop, fails = Writable(), [1]

    def handler(asked: Asked) -> Reply:
        return Reply(503) if fails and fails.pop() else shop(asked)

    server = await serve(handler)
    await client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST)
    assert server.count() == 2


MISSING_ONE, MISSING_TWO = Digest.of(b"1"), Digest.of(b"2")


@pytest.mark.parametrize(
    ("answer", "kind", "words", "details"),
    [
        (error(400, "MANIFEST_BLOB_UNKNOWN", "blob unknown", MISSING_ONE), Refused, "Mount or copy", (MISSING_ONE,)),
        (error(404, "MANIFEST_BLOB_UNKNOWN", "blob unknown", {"Digest": MISSING_ONE}), Refused, "", (MISSING_ONE,)),
        (error(400, "BLOB_UNKNOWN", "x"), Refused, "something that it names", ()),
        (error(400, "MANIFEST_BLOB_UNKNOWN", f"Layers {MISSING_TWO}, {MISSING_ONE} lost"), Refused, "",
         (MISSING_TWO, MISSING_ONE)),
        (error(400, "MANIFEST_INVALID", "manifest invalid", {"Offset": 1}), Refused, "look at its JSON", ()),
        (error(400, "MANIFEST_INVALID", "x", "http: request body too large"), TooLarge, "too large", ()),
        (error(413, "SIZE_INVALID"), TooLarge, "too large", ()),
        (error(400, "DIGEST_INVALID"), Refused, "do not agree", ()),
        (error(404, "NAME_UNKNOWN", "x", {"name": "app"}), NotFound, "create it first", ()),
        (error(404, "NOT_FOUND", "project app not found"), NotFound, "create it first", ()),
        (error(409, "TAG_IMMUTABLE"), Policy, "immutable", ()),
        (error(412, "PRECONDITION", "tag is immutable"), Policy, "immutable", ()),
        (error(400, "TAG_INVALID", "The image tag 'v1' already exists ... immutable"), Policy, "immutable", ()),
        (error(412, "PROJECTPOLICYVIOLATION", "blocked"), Policy, "rule of the registry", ()),
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
        (Reply(500), Unreachable, "error of its own", ()),
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
    assert caught.value.request is not None


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
    shop = TokenShop(shop=lambda asked: Reply(202))
    server = await serve(shop)
    await client.delete_manifest(server.address, "app", DIGEST)
    assert shop.issued == [("repository:app:delete,pull",)]


async def test_deleted_is_asked_for_again(serve: Serve, client: Client) -> None:
    shop = Shop()
    server = await serve(lambda asked: Reply(202) if asked.method == "DELETE" else shop(asked))
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
