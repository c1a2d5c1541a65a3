"""The small parts: flights, the byte cache, deadlines, proxies."""

from __future__ import annotations

import asyncio
import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER
from tests.registry.server import Asked, Reply
from tui.oci.digest import Digest
from tui.registry.cache import ByteCache
from tui.registry.clock import Deadlines
from tui.registry.endpoints import Origin
from tui.registry.errors import Unreachable
from tui.registry.single_flight import SingleFlight
from tui.registry.transport import Proxies


async def test_a_flight_is_shared_and_started_once() -> None:
    flights: SingleFlight[int] = SingleFlight(keep=False)
    started = []

    async def work() -> int:
        started.append(1)
        await asyncio.sleep(0.001)
        return 7

    assert await asyncio.gather(*(flights.run("k", work) for _ in range(9))) == [7] * 9
    assert len(started) == 1 and len(flights) == 0
    await flights.run("k", work)
    assert len(started) == 2


async def test_the_last_to_leave_stops_it() -> None:
    flights: SingleFlight[None] = SingleFlight(keep=False)
    stopped = []

    async def work() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append(1)
            raise

    tasks = [asyncio.create_task(flights.run("k", work)) for _ in range(3)]
    await asyncio.sleep(0.001)
    for task in tasks[:2]:
        task.cancel()
    await asyncio.sleep(0.001)
    assert not stopped
    tasks[2].cancel()
    newcomer = asyncio.create_task(flights.run("k", lambda: asyncio.sleep(0)))
    await asyncio.wait_for(newcomer, 10)
    assert stopped == [1]
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_a_kept_flight_goes_on_alone() -> None:
    flights: SingleFlight[None] = SingleFlight(keep=True)
    ended = []

    async def work() -> None:
        await asyncio.sleep(0.005)
        ended.append(1)

    task = asyncio.create_task(flights.run("k", work))
    await asyncio.sleep(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await asyncio.sleep(0.02)
    assert ended == [1] and len(flights) == 0


async def test_an_error_reaches_every_waiter() -> None:
    flights: SingleFlight[None] = SingleFlight(keep=True)

    async def work() -> None:
        await asyncio.sleep(0)
        raise ValueError("no")

    results = await asyncio.gather(*(flights.run("k", work) for _ in range(4)), return_exceptions=True)
    assert [str(result) for result in results] == ["no"] * 4


@given(st.lists(st.tuples(st.integers(0, 9), st.binary(max_size=40)), max_size=60))
def test_the_cache_never_holds_more_than_its_limit(entries: list[tuple[int, bytes]]) -> None:
    cache: ByteCache[bytes] = ByteCache(100, len)
    model: dict[int, bytes] = {}
    for key, value in entries:
        cache.put(key, value)
        model[key] = value
        assert cache.held <= 100
        assert cache.get(key) == value
    assert all(cache.get(key) in (None, value) for key, value in model.items())
    cache.drop_where(lambda key: True)
    assert cache.held == 0 and len(cache) == 0


def test_the_least_recently_used_leaves_first() -> None:
    cache: ByteCache[bytes] = ByteCache(3, len)
    for key in "abc":
        cache.put(key, b"x")
    cache.get("a")
    cache.put("d", b"x")
    assert cache.get("b") is None and cache.get("a") == b"x"
    cache.put("huge", b"x" * 4)
    assert cache.get("huge") is None and cache.get("a") == b"x"


async def test_deadlines_hit_only_who_is_late() -> None:
    deadlines = Deadlines(0.3)
    outcomes = []

    async def work(seconds: float) -> None:
        task = asyncio.current_task()
        assert task is not None
        deadlines.begin(task)
        try:
            await asyncio.sleep(seconds)
            outcomes.append("done")
        except asyncio.CancelledError:
            outcomes.append("late" if deadlines.end(task) else "cancelled")
        finally:
            deadlines.end(task)

    other = asyncio.create_task(work(5))
    await asyncio.sleep(0.001)
    other.cancel()
    await asyncio.gather(other, work(0), work(5), work(0.001), work(5))
    assert outcomes == ["cancelled", "done", "done", "late", "late"]
    deadlines.close()


@pytest.mark.parametrize(
    ("environ", "origin", "url", "login"),
    [
        ({}, "https://a.example.com", None, ""),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://a.example.com", "http://p:3128", ""),
        ({"https_proxy": "p:3128"}, "https://a.example.com", "http://p:3128", ""),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://a.example.com", None, ""),
        ({"ALL_PROXY": "http://p:3128"}, "http://a.example.com", "http://p:3128", ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example.com"}, "https://a.example.com", None, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "a.example.com:443"}, "https://a.example.com", None, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://a.example.com", None, ""),
        ({"HTTPS_PROXY": "http://p:1", "ALL_PROXY": "socks5://p:1"}, "https://a.example.com", "http://p:1", ""),
        ({"ALL_PROXY": "socks5://p:1", "NO_PROXY": "a.example.com"}, "https://a.example.com", None, ""),
        ({"ALL_PROXY": "socks5://p:1"}, "http://127.0.0.1:5000", None, ""),
        ({"ALL_PROXY": "http://p:1"}, "https://localhost:5000", None, ""),
        ({"HTTPS_PROXY": "http://u:p%40w@p:1"}, "https://a.example.com", "http://p:1", "u:p@w"),
    ],
)
def test_which_proxy(
    monkeypatch: pytest.MonkeyPatch, environ: dict[str, str], origin: str, url: str | None, login: str
) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    scheme, _, host = origin.partition("://")
    proxy = Proxies().for_origin(Origin(scheme, host, 443 if scheme == "https" else 80))
    assert (proxy.url if proxy is not None else None) == url
    if proxy is not None:
        assert proxy.authorization == (f"Basic {base64.b64encode(login.encode()).decode()}" if login else "")
        assert login not in repr(proxy) or not login


async def test_through_a_proxy(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = Digest.of(LAYER)
    server = await serve(lambda asked: Reply(200, [("Docker-Content-Digest", digest)], LAYER))
    monkeypatch.setenv("HTTP_PROXY", f"http://user:secret@{server.address}")
    client = connect()
    head = await client.head_blob("registry.localhost", "app", digest)
    assert head.size == len(LAYER)
    (asked,) = server.asked
    assert asked.target == f"http://registry.localhost/v2/app/blobs/{digest}"
    assert asked.headers["proxy-authorization"].startswith("Basic ")
    assert "secret" not in repr(client.trace.exchanges)


async def test_a_proxy_that_is_not_there(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{unused_tcp_port}")
    with pytest.raises(Unreachable, match="proxy"):
        await connect(tries=1).head_blob("registry.localhost", "app", Digest.of(LAYER))


async def test_a_proxy_that_refuses_the_tunnel(serve: Serve, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(asked: Asked) -> Reply:
        assert asked.method == "CONNECT"
        return Reply(407)

    server = await serve(refuse)
    monkeypatch.setenv("HTTPS_PROXY", f"http://{server.address}")
    with pytest.raises(Unreachable, match="proxy"):
        await connect(tries=1).head_blob("registry.example.com", "app", Digest.of(LAYER))
