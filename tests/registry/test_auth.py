"""Challenges and tokens (docs/protocol-notes.md, B-02 to B-13)."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from tests.registry.clock import FakeClock
from tests.registry.conftest import Serve
from tests.registry.images import LAYER, MISSING, RegistryStub
from tests.registry.server import Asked, Reply, jsoned
from tests.registry.tokens import TokenStub
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import Denied, NotFound, RateLimited, RegistryError, Unreachable

BLOB = Digest.of(LAYER)


async def test_one_token_for_many(serve: Serve, client: Client) -> None:
    """A hundred at once: one learns how, one token is fetched, nobody else gets a 401 (B-10)."""
    stub = TokenStub()
    server = await serve(stub)
    await asyncio.gather(*(client.head_blob(server.address, "app", BLOB) for _ in range(100)))
    assert len(stub.issued) == 1 and stub.issued[0] == ("repository:app:pull",)
    assert server.count(path="/v2/app/") == 101
    assert server.count(path="GET /v2/ ") == 0


async def test_the_first_may_be_cancelled(serve: Serve, client: Client) -> None:
    stub = TokenStub()
    server = await serve(stub)
    tasks = [asyncio.create_task(client.head_blob(server.address, "app", BLOB)) for _ in range(50)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert not any(isinstance(result, BaseException) for result in results[1:])
    assert len(stub.issued) == 1 and server.count("HEAD") <= 51, "the next one was the first then"


async def test_cancel_while_the_token_is_fetched(serve: Serve, client: Client) -> None:
    stub = TokenStub()
    slow, reached = asyncio.Event(), asyncio.Event()

    async def handler(asked: Asked) -> Reply:
        if asked.path == "/token":
            reached.set()
            await slow.wait()
        return stub(asked)

    server = await serve(handler)
    tasks = [asyncio.create_task(client.head_blob(server.address, "app", BLOB)) for _ in range(10)]
    await reached.wait()
    await asyncio.sleep(0.01)
    for task in tasks[:9]:
        task.cancel()
    await asyncio.sleep(0.01)
    slow.set()
    head = await tasks[9]
    assert head.digest == BLOB and len(stub.issued) == 1
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_token_is_kept_and_renewed_in_time(serve: Serve, client: Client, clock: FakeClock) -> None:
    stub = TokenStub(token={"expires_in": 300})
    server = await serve(stub)
    await client.head_blob(server.address, "app", BLOB)
    clock.time += 200
    await client.head_blob(server.address, "app", BLOB)
    assert len(stub.issued) == 1
    clock.time += 97  # 3 s before the end: renewed before it is sent, no 401
    await client.head_blob(server.address, "app", BLOB)
    assert len(stub.issued) == 2 and server.count("HEAD") == 4


@pytest.mark.parametrize(
    ("told", "good_for", "stale_after"),
    [
        ({}, 50, 60),
        ({"expires_in": 0}, 50, 60),
        ({"expires_in": -1}, 50, 60),
        ({"expires_in": 10}, 50, 60),
        ({"expires_in": "120"}, 110, 120),
        ({"expires_in": True}, 50, 60),
        ({"expires_in": 1e300}, 80_000, 90_000),
        ({"expires_in": None}, 50, 60),
        ({"expires_in": 300, "issued_at": "2026-12-31T00:00:00Z"}, 290, 300),
        ({"expires_in": 300, "issued_at": "2028-01-01T00:00:00Z"}, 290, 300),
        ({"expires_in": 300, "issued_at": "2026-12-31T23:58:20.123456789Z"}, 190, 200),
        ({"expires_in": 300, "issued_at": "yesterday"}, 290, 300),
        ({"expires_in": 300, "issued_at": 5}, 290, 300),
    ],
)
async def test_expiry(
    serve: Serve, client: Client, clock: FakeClock, told: dict[str, object], good_for: float, stale_after: float
) -> None:
    """Counted on our own clock: a server whose clock is a day off does no harm (B-09)."""
    stub = TokenStub(token=dict(told))
    server = await serve(stub)
    await client.head_blob(server.address, "app", BLOB)
    clock.time += good_for
    await client.head_blob(server.address, "app", BLOB)
    assert len(stub.issued) == 1
    clock.time += stale_after - good_for
    await client.head_blob(server.address, "app", BLOB)
    assert len(stub.issued) == 2


async def test_a_revoked_token_is_dropped_once(serve: Serve, client: Client) -> None:
    stub = TokenStub()
    server = await serve(stub)
    await client.head_blob(server.address, "app", BLOB)
    stub.revoked.add("Bearer t0-MARKER")
    await client.head_blob(server.address, "app", BLOB)
    assert len(stub.issued) == 2 and server.count("HEAD") == 4


async def test_always_401(serve: Serve, client: Client) -> None:
    """Two calls to the registry and one for the token, then a verdict (B-05)."""
    stub = TokenStub(scopes_granted=lambda scopes: [])
    server = await serve(stub)
    with pytest.raises(Denied) as caught:
        await client.get_manifest(server.address, "app", "latest")
    assert caught.value.status == 401
    assert server.count(path="/v2/app/") == 2 and server.count(path="/token") == 1


async def test_insufficient_scope_is_asked_for_once(serve: Serve, client: Client) -> None:
    stub = TokenStub(challenge_scope="repository:other:pull", error="insufficient_scope")
    stub.needed = lambda asked: {"repository:other:pull"}  # type: ignore[method-assign]
    server = await serve(stub)
    assert (await client.head_blob(server.address, "app", BLOB)).digest == BLOB
    assert stub.issued == [("repository:app:pull", "repository:other:pull")]
    await client.head_blob(server.address, "app", BLOB)
    assert server.count("HEAD") == 3, "what worked is remembered"


async def test_browsing_asks_for_pull_only(serve: Serve, client: Client) -> None:
    """Even when the registry demands more (B-13)."""
    stub = TokenStub(challenge_scope="repository:app:pull,push,delete")
    server = await serve(stub)
    await client.get_manifest(server.address, "app", "latest")
    await client.head_blob(server.address, "app", BLOB)
    with pytest.raises(NotFound):
        await client.head_blob(server.address, "app", MISSING)
    assert {scope for scopes in stub.issued for scope in scopes} == {"repository:app:pull"}


async def test_two_repositories_two_tokens(serve: Serve, client: Client) -> None:
    stub = TokenStub()
    server = await serve(stub)
    await client.head_blob(server.address, "app", BLOB)
    with pytest.raises(NotFound):
        await client.head_blob(server.address, "other", BLOB)
    assert stub.issued == [("repository:app:pull",), ("repository:other:pull",)]
    assert server.count("HEAD") == 3


async def test_no_more_tokens_are_kept_than_the_bound(
    serve: Serve, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.registry.tokens._MOST_TOKENS", 3)
    stub = TokenStub(token={"expires_in": 3_600})
    server = await serve(stub)
    for repository in ("a", "b", "c", "d", "d", "b"):
        with contextlib.suppress(NotFound):
            await client.head_blob(server.address, repository, BLOB)
    assert [scopes[0] for scopes in stub.issued] == [f"repository:{name}:pull" for name in "abcd"]
    with contextlib.suppress(NotFound):
        await client.head_blob(server.address, "a", BLOB)
    assert len(stub.issued) == 5, "the oldest left, though it was good for an hour"


async def test_unsupported_schemes_are_named(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(401, [("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", "NTLM")]))
    with pytest.raises(Denied) as caught:
        await client.get_manifest(server.address, "app", "latest")
    assert "negotiate" in caught.value.sentence and "ntlm" in caught.value.sentence


async def test_only_the_ping_has_a_challenge(serve: Serve, client: Client) -> None:
    """A 401 without a challenge, seen at gcr.io: `/v2/` has it, asked once (B-03)."""
    stub = TokenStub()

    def handler(asked: Asked) -> Reply:
        reply = stub(asked)
        if reply.status == 401 and asked.path != "/v2/":
            return Reply(401)
        return reply

    server = await serve(handler)
    await client.head_blob(server.address, "app", BLOB)
    await client.head_blob(server.address, "app", BLOB)
    assert sum(asked.path == "/v2/" for asked in server.asked) == 1


async def test_no_challenge_anywhere(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(401))
    for _ in range(2):
        with pytest.raises(Denied):
            await client.get_manifest(server.address, "app", "latest")
    assert sum(asked.path == "/v2/" for asked in server.asked) == 1


async def test_a_limited_token_server_is_not_a_denial(serve: Serve, client: Client) -> None:
    stub = TokenStub()

    def handler(asked: Asked) -> Reply:
        return Reply(429, [("Retry-After", "600")]) if asked.path == "/token" else stub(asked)

    server = await serve(handler)
    with pytest.raises(RateLimited) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert caught.value.retry_after == 600


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"{}",
        b'{"token": 5}',
        b'{"token": ""}',
        b'{"token": "a\\r\\nEvil: 1"}',
        b'{"token": "\xc3\xa9"}',
        b'{"token": "a b"}',
        b"\xff\xfe",
        b'{"token": "' + b"a" * 70_000 + b'"}',
        b"[" * 30_000,
    ],
)
async def test_tokens_that_cannot_be_used(serve: Serve, client: Client, body: bytes) -> None:
    stub = TokenStub()
    server = await serve(lambda asked: Reply(200, body=body) if asked.path == "/token" else stub(asked))
    with pytest.raises(RegistryError) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert not isinstance(caught.value, NotFound | Denied)
    assert "Evil" not in caught.value.sentence


async def test_access_token_is_as_good(serve: Serve, client: Client) -> None:
    stub = TokenStub()

    def handler(asked: Asked) -> Reply:
        if asked.path == "/token":
            stub.grant(asked)
            return jsoned({"access_token": "t0-MARKER"})
        return stub(asked)

    server = await serve(handler)
    assert (await client.head_blob(server.address, "app", BLOB)).digest == BLOB


async def test_the_realms_own_query_stays(serve: Serve, client: Client) -> None:
    stub = TokenStub()
    server = await serve(stub)
    stub.realm = f"http://{server.address}/token?account=x&sig=a%2Fb"
    await client.head_blob(server.address, "app", BLOB)
    assert server.asked[1].target == "/token?account=x&sig=a%2Fb&service=stub&scope=repository:app:pull"


async def test_forget_drops_tokens(serve: Serve, client: Client) -> None:
    stub = TokenStub()
    server = await serve(stub)
    await client.head_blob(server.address, "app", BLOB)
    client.forget(server.address)
    await client.head_blob(server.address, "app", BLOB)
    assert len(stub.issued) == 2


async def test_an_open_registry_is_asked_without_more(serve: Serve, client: Client) -> None:
    server = await serve(RegistryStub())
    await asyncio.gather(*(client.head_blob(server.address, "app", BLOB) for _ in range(20)))
    assert server.count() == 20


async def test_a_dead_first_answer_frees_the_others(serve: Serve, client: Client) -> None:
    """Whoever waits to learn how to log in does not wait for one time-out after the other."""
    server = await serve(lambda asked: Reply(drop=True))
    results = await asyncio.gather(
        *(client.head_blob(server.address, "app", BLOB) for _ in range(10)), return_exceptions=True
    )
    assert all(isinstance(result, Unreachable) for result in results)


async def test_forget_while_the_first_one_asks(serve: Serve, client: Client) -> None:
    """Whoever waits for the first answer is not forgotten with what it taught."""
    stub, go, reached = TokenStub(), asyncio.Event(), asyncio.Event()

    async def handler(asked: Asked) -> Reply:
        reached.set()
        await go.wait()
        return stub(asked)

    server = await serve(handler)
    tasks = [asyncio.create_task(client.head_blob(server.address, "app", BLOB)) for _ in range(5)]
    await reached.wait()
    client.forget(server.address)
    go.set()
    async with asyncio.timeout(5):
        heads = await asyncio.gather(*tasks)
    assert all(head.digest == BLOB for head in heads)


async def test_what_an_abandoned_first_answer_teaches(serve: Serve, client: Client) -> None:
    """A cursor that moves on before the first answer came does not leave the registry unknown for ever."""
    stub = TokenStub()

    async def slow(asked: Asked) -> Reply:
        await asyncio.sleep(0.03)
        return stub(asked)

    server = await serve(slow)
    for _ in range(8):
        tasks = [asyncio.create_task(client.head_blob(server.address, "app", BLOB)) for _ in range(5)]
        await asyncio.sleep(0.01)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(asked.login == "" for asked in server.asked if asked.method == "HEAD") == 1
    assert len(stub.issued) == 1
