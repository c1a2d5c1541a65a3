"""Retries, rate limits, time limits and warnings (docs/protocol-notes.md, G-04 to G-08, B-32)."""

from __future__ import annotations

import asyncio

import pytest

from tests.registry.clock import FakeClock
from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, RegistryStub
from tests.registry.server import Asked, Reply, error
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import Denied, RateLimited, TimedOut, TlsFailure, Unreachable
from tui.registry.settings import HostSettings

BLOB = Digest.of(LAYER)
HUB = (
    "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: "
    "https://www.docker.com/increase-rate-limit"
)


def failing(statuses: list[int], stub: RegistryStub, **headers: str):  # type: ignore[no-untyped-def]
    left = list(statuses)

    def handler(asked: Asked) -> Reply:
        if left:
            return error(left.pop(0), "X", **headers)
        return stub(asked)

    return handler


@pytest.mark.parametrize("status", [408, 425, 429, 499, 500, 502, 503, 504, 522])
async def test_transient_is_asked_again(serve: Serve, client: Client, clock: FakeClock, status: int) -> None:
    server = await serve(failing([status], RegistryStub()))
    await client.head_blob(server.address, "app", BLOB)
    assert server.count() == 2 and clock.slept
    assert [exchange.attempt for exchange in client.trace.exchanges] == [1, 2]


@pytest.mark.parametrize("status", [501, 505, 404, 400, 403])
async def test_an_answer_is_not(serve: Serve, client: Client, clock: FakeClock, status: int) -> None:
    server = await serve(failing([status] * 9, RegistryStub()))
    with pytest.raises(Exception):  # noqa: B017 -- which one is test_presence.py's matter
        await client.get_manifest(server.address, "app", "latest")
    assert server.count() == 1 and not clock.slept


async def test_tries_are_bounded(serve: Serve, client: Client, clock: FakeClock) -> None:
    server = await serve(failing([503] * 100, RegistryStub()))
    with pytest.raises(Unreachable) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert server.count() == 5 and caught.value.status == 503
    assert clock.slept == [0.125, 0.25, 0.5, 1.0], "full jitter at one half"


async def test_a_500_is_believed_the_second_time(serve: Serve, client: Client) -> None:
    server = await serve(failing([500] * 9, RegistryStub()))
    with pytest.raises(Unreachable):
        await client.head_blob(server.address, "app", BLOB)
    assert server.count() == 2


async def test_the_deadline(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = await serve(failing([503] * 9, RegistryStub(), Retry_After="50"))
    with pytest.raises(Unreachable):
        await connect(deadline=120).head_blob(server.address, "app", BLOB)
    assert server.count() == 3 and sum(clock.slept) == 100


async def test_a_connection_that_drops(serve: Serve, client: Client) -> None:
    stub, drops = RegistryStub(), [1, 1]
    server = await serve(lambda asked: Reply(drop=bool(drops.pop())) if drops else stub(asked))
    await client.head_blob(server.address, "app", BLOB)
    assert server.count() == 3


async def test_a_kept_connection_that_died(serve: Serve, client: Client, clock: FakeClock) -> None:
    """The server closed it while it was idle: once more at once, without a wait."""
    server = await serve(RegistryStub())
    await client.head_blob(server.address, "app", BLOB)
    for writer in list(server._writers):
        writer.transport.abort()
    await client.head_blob(server.address, "app", BLOB)
    assert not clock.slept


async def test_refused_is_not_retried(client: Client, clock: FakeClock, unused_tcp_port: int) -> None:
    with pytest.raises(Unreachable, match="connection refused"):
        await client.head_blob(f"127.0.0.1:{unused_tcp_port}", "app", BLOB)
    assert client.trace.count == 1 and client.trace.exchanges[0].state == "failed"


async def test_an_unknown_name(client: Client) -> None:
    with pytest.raises(Unreachable, match="DNS lookup failed"):
        await client.head_blob("nowhere.invalid", "app", BLOB)


async def test_429_pauses_everybody(serve: Serve, client: Client, clock: FakeClock) -> None:
    """One 429 holds the queue: 200 checks are not retried five times each (G-07)."""
    server = await serve(failing([429], RegistryStub(), Retry_After="7"))
    await asyncio.gather(*(client.head_blob(server.address, "app", BLOB) for _ in range(200)))
    assert server.count() == 201
    assert clock.time >= 1_007


async def test_after_a_429_it_begins_gently(serve: Serve, connect: Connect) -> None:
    """It is halved, and after the rest it begins with a quarter of that."""
    server = await serve(failing([429], RegistryStub(), Retry_After="1"))
    client = connect(concurrency=16)
    await client.head_blob(server.address, "app", BLOB)
    assert client.slots(server.address) == 2


async def test_a_long_rest_is_an_answer(serve: Serve, client: Client, clock: FakeClock) -> None:
    server = await serve(failing([429] * 99, RegistryStub(), Retry_After="900"))
    with pytest.raises(RateLimited) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert caught.value.retry_after == 900 and "15 min" in caught.value.sentence
    assert server.count() == 1 and not clock.slept


async def test_a_long_rest_holds_for_the_like_of_it(serve: Serve, client: Client, clock: FakeClock) -> None:
    """For a few seconds, with the time that is left; the rest of the host goes on."""
    stub = RegistryStub()
    server = await serve(lambda asked: error(429, "X", Retry_After="900") if "/blobs/" in asked.path else stub(asked))
    for _ in range(20):
        clock.time += 0.1
        with pytest.raises(RateLimited) as caught:
            await client.head_blob(server.address, "app", BLOB)
    assert server.count() == 1 and caught.value.retry_after == pytest.approx(898.1)
    await client.get_manifest(server.address, "app", "latest")
    clock.time += 10
    with pytest.raises(RateLimited):
        await client.head_blob(server.address, "app", BLOB)
    assert server.count() == 3


async def test_the_cap_can_be_set(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = await serve(failing([429], RegistryStub(), Retry_After="90"))
    await connect(longest_wait=100).head_blob(server.address, "app", BLOB)
    assert clock.time >= 1_090


async def test_the_pause_is_told(serve: Serve, connect: Connect, clock: FakeClock) -> None:
    server = await serve(failing([429] * 9, RegistryStub(), Retry_After="30"))
    client = connect(tries=1)
    assert client.paused_until(server.address) is None
    with pytest.raises(RateLimited):
        await client.head_blob(server.address, "app", BLOB)
    assert client.paused_until(server.address) == 1_030


async def test_hubs_pull_limit_is_not_retried(serve: Serve, client: Client, clock: FakeClock) -> None:
    stub = RegistryStub()
    server = await serve(lambda asked: error(429, "TOOMANYREQUESTS", HUB) if asked.method == "GET" else stub(asked))
    with pytest.raises(RateLimited) as caught:
        await client.get_manifest(server.address, "app", "latest")
    assert caught.value.pull_limit and "Log in" in caught.value.sentence and not clock.slept
    await client.head_manifest(server.address, "app", "latest")


async def test_hubs_flood_limit_is_retried(serve: Serve, client: Client) -> None:
    stub, limits = RegistryStub(), [1]
    server = await serve(
        lambda asked: Reply(429, body=b"Too Many Requests") if limits and limits.pop() else stub(asked)
    )
    await client.get_manifest(server.address, "app", "latest")
    assert server.count() == 2


async def test_retry_after_in_the_body(serve: Serve, client: Client, clock: FakeClock) -> None:
    stub, limits = RegistryStub(), [1]
    words = "retry-after: 3s, allowed: 44000/minute"
    server = await serve(lambda asked: error(429, "X", words) if limits and limits.pop() else stub(asked))
    await client.get_manifest(server.address, "app", "latest")
    assert 1_003 <= clock.time < 1_004


async def test_rate_limit_numbers(serve: Serve, client: Client) -> None:
    headers = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "76;w=21600")]
    server = await serve(lambda asked: Reply(200, [*headers, ("Docker-Content-Digest", BLOB)], LAYER))
    assert client.rate_limit(server.address) is None
    await client.head_blob(server.address, "app", BLOB)
    limit = client.rate_limit(server.address)
    assert limit is not None and (limit.limit, limit.remaining, limit.window) == (100, 76, 21_600)
    assert client.trace.exchanges[-1].rate_limit == limit


async def test_never_more_at_once_than_allowed(serve: Serve, connect: Connect) -> None:
    stub = RegistryStub()

    async def slow(asked: Asked) -> Reply:
        await asyncio.sleep(0.005)
        return stub(asked)

    server = await serve(slow)
    client = connect(hosts={server.address: HostSettings(concurrency=3)})
    await asyncio.gather(*(client.head_blob(server.address, "app", BLOB) for _ in range(40)))
    assert server.most_at_once == 3 and server.connections <= 3


async def test_waiting_shows_as_waiting(serve: Serve, connect: Connect) -> None:
    stub, go = RegistryStub(), asyncio.Event()

    async def slow(asked: Asked) -> Reply:
        await go.wait()
        return stub(asked)

    server = await serve(slow)
    client = connect(concurrency=1)
    first = asyncio.create_task(client.get_manifest(server.address, "app", "latest"))
    await asyncio.sleep(0.02)
    client._auth._hosts[client._endpoints.origin(server.address)].known = True
    second = asyncio.create_task(client.head_blob(server.address, "app", BLOB))
    await asyncio.sleep(0.02)
    third = asyncio.create_task(client.head_blob(server.address, "app", BLOB))
    await asyncio.sleep(0.02)
    assert client.trace.count == 1 and len(client.trace.waiting) >= 1
    for task in (second, third):
        task.cancel()
    await asyncio.gather(second, third, return_exceptions=True)
    assert not client.trace.waiting and client.trace.count == 1
    go.set()
    await first


async def test_warnings_once_each_and_bounded(serve: Serve, connect: Connect) -> None:
    headers = [
        ("Warning", '299 - "this registry closes in May"'),
        ("Warning", '299 - "bad \x1b[31m bytes", 299 - "and \\"quotes\\""'),
        ("Warning", '110 - "response is stale"'),
        ("Docker-Content-Digest", BLOB),
    ]
    server = await serve(lambda asked: Reply(200, headers, LAYER))
    client = connect(max_warnings=80)
    for _ in range(100):
        await client.head_blob(server.address, "app", BLOB)
    notices = client.notices(server.address)
    assert len(notices) == 3 and notices[0].endswith("this registry closes in May")
    assert "\x1b" not in str(notices) and 'and "quotes"' in notices[2]
    headers[:] = [("Warning", f'299 - "{n} {"x" * 70}"') for n in range(9)] + headers[-1:]
    await client.head_blob(server.address, "app", BLOB)
    assert sum(map(len, client.notices(server.address))) < 250


async def test_never_from_https_to_http(serve: Serve, connect: Connect) -> None:
    """TLS that fails is a failure: no plain request is ever tried (A-08)."""
    heard: list[bytes] = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(3))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    with pytest.raises(TlsFailure):
        await connect(hosts={address: HostSettings(insecure=True)}).head_blob(address, "app", BLOB)
    server.close()
    assert heard == [b"\x16\x03\x01"], "one TLS hello, and nothing in plain"


async def test_a_host_that_lets_us_wait(serve: Serve, connect: Connect) -> None:
    async def silent(asked: Asked) -> Reply:
        await asyncio.sleep(60)
        return Reply()

    server = await serve(silent)
    with pytest.raises(TimedOut):
        await connect(request_timeout=0.05).head_blob(server.address, "app", BLOB)
    assert server.count() == 2


async def test_redirects_into_a_private_network_are_refused(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(307, [("Location", "file:///etc/passwd")]))
    with pytest.raises(Unreachable, match="a refused address"):
        await client.head_blob(server.address, "app", BLOB)


async def test_nothing_is_left_at_close(serve: Serve, client: Client) -> None:
    async def never(asked: Asked) -> Reply:
        await asyncio.sleep(60)
        return Reply()

    server = await serve(never)
    tasks = [asyncio.create_task(client.head_blob(server.address, "app", BLOB)) for _ in range(5)]
    await asyncio.sleep(0.02)
    await client.aclose()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError | Unreachable) for result in results)


async def test_who_asks_after_close_is_told_so(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: Reply(200))
    await client.aclose()
    with pytest.raises(Unreachable, match="fanfold has closed its connections"):
        await client.head_blob(server.address, "app", BLOB)
    with pytest.raises(Unreachable):
        async with client.stream_blob(server.address, "app", BLOB):
            pass
    assert not server.count() and not client.trace.waiting


async def test_denied_by_the_way(serve: Serve, client: Client) -> None:
    """A 401 from a foreign origin is not answered with anything of ours."""
    storage = await serve(lambda asked: Reply(401, [("WWW-Authenticate", 'Basic realm="x"')]))
    server = await serve(lambda asked: Reply(307, [("Location", f"http://{storage.address}/x")]))
    with pytest.raises(Denied):
        await client.read_blob(server.address, "app", BLOB, limit=100)
    assert not any(asked.login for asked in storage.asked)
