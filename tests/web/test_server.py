"""The server on loopback, with a process behind each page that only echoes: who is refused, and what is bounded."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from tui.web.gate import Address, Gate
from tui.web.packets import MOST_BYTES
from tui.web.server import BrowserServer, CannotListen, listen

pytestmark = pytest.mark.slow

# Draws its environment and arguments, then every packet that it is sent. On `q` it ends; told to end it ends only where
# it was started with `--obey`.
ECHO = """
import json, os, sys
def draw(kind, payload):
    sys.stdout.buffer.write(kind + len(payload).to_bytes(4, "big") + payload)
    sys.stdout.buffer.flush()
sys.stdout.buffer.write(b"__GANGLION__\\n")
draw(b"D", json.dumps([sorted(os.environ), os.environ.get("COLUMNS"), os.getpid()]).encode())
draw(b"D", b"\\x1b]52;c;?\\x07")
draw(b"M", json.dumps({"type": "open_url", "url": "http://evil.example", "new_tab": True}).encode())
while head := sys.stdin.buffer.read(5):
    payload = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
    if payload == b"q":
        break
    if b'"quit"' in payload and "--obey" in sys.argv:
        break
    draw(b"D", head[:1] + payload)
"""


class Site:
    """A server, and what is needed to be let in."""

    def __init__(self, gate: Gate, links: list[str], server: BrowserServer) -> None:
        self.gate, self.links, self.server = gate, links, server
        self.url = gate.address.shown
        self.headers = {"Origin": self.url}

    async def come_in(self, session: aiohttp.ClientSession) -> None:
        """Open the link; the session keeps the cookie."""
        async with session.get(self.links[-1], allow_redirects=False) as answer:
            assert answer.status == 303 and answer.headers["Location"] == "/"
            cookie = answer.headers["Set-Cookie"]
            assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie

    @asynccontextmanager
    async def page(self, session: aiohttp.ClientSession) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
        """A page that is connected, and has its first frame."""
        async with session.ws_connect(f"{self.url}/ws?width=100&height=9999999", headers=self.headers) as page:
            yield page


@asynccontextmanager
async def serving(*more: str, most: int = 2) -> AsyncIterator[Site]:
    listening = listen("127.0.0.1", 0)
    links: list[str] = []
    gate = Gate(Address("127.0.0.1", listening.getsockname()[1]), links.append)
    server = BrowserServer([sys.executable, "-c", ECHO, *more], gate, mark="MARK", most=most)
    runner = web.AppRunner(await server._make_app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.SockSite(runner, listening).start()
    gate.open_up()
    try:
        yield Site(gate, links, server)
    finally:
        await runner.cleanup()


def jar() -> aiohttp.CookieJar:
    return aiohttp.CookieJar(unsafe=True)  # a cookie of an IP address


async def status(session: aiohttp.ClientSession, url: str, **headers: str) -> int:
    async with session.get(url, headers=headers, allow_redirects=False) as answer:
        assert answer.headers["Referrer-Policy"] == "no-referrer" and answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
        assert "clipboard-read=()" in answer.headers["Permissions-Policy"]
        return answer.status


async def refused(session: aiohttp.ClientSession, site: Site, **headers: str) -> int:
    """The status with which a WebSocket is refused."""
    with pytest.raises(aiohttp.WSServerHandshakeError) as error:
        await session.ws_connect(f"{site.url}/ws", headers=headers)
    return error.value.status


def runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_who_is_refused_and_what_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "x")
    async with serving("--obey") as site, aiohttp.ClientSession(cookie_jar=jar()) as session:
        paths = ("/", "/download/x", "/static/js/textual.js", "/page/page.js", "/static", "/nothing")
        assert {await status(session, site.url + path) for path in paths} == {401}
        assert await refused(session, site, **site.headers) == 401
        assert await status(session, f"{site.url}/?token=x") == 401

        await site.come_in(session)
        async with aiohttp.ClientSession() as other:
            assert await status(other, site.links[0]) == 401, "a link works once"
        found = [await status(session, site.url + path) for path in paths]
        assert found == [200, 404, 200, 200, 403, 404], "no list of files"
        assert await status(session, site.url, Host="rebound.example") == 403
        assert await status(session, site.url, Origin="http://evil.example") == 403
        assert await refused(session, site, Origin="http://evil.example") == 403
        assert await refused(session, site, **site.headers, Host="rebound.example") == 403
        assert await refused(session, site) == 403, "no Origin"

        async with site.page(session) as first, site.page(session):
            names, columns, pid = json.loads(await first.receive_bytes())
            assert columns == "100" and "MARK" in names and "SECRET_TOKEN" not in names
            assert await refused(session, site, **site.headers) == 503, "two screens are the most"
            assert await first.receive_bytes() == b"\x18", "the question for the clipboard is not passed on"
            for nonsense in ("", "{}", '["resize", {"width": "wide"}]', '["stdin", 1]', "[" * 10_000):
                await first.send_str(nonsense)
            await first.send_str(json.dumps(["stdin", "x"]))
            assert await first.receive_bytes() == b"Dx"
            await first.send_str("x" * (MOST_BYTES + 1))
            assert (await first.receive()).type is aiohttp.WSMsgType.CLOSE
        for _ in range(100):
            if site.server._running == 0:
                break
            await asyncio.sleep(0.02)
        assert site.server._running == 0 and not runs(pid)


async def test_a_screen_that_ends_closes_its_page_and_one_that_hangs_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.web.server._LONGEST_END", 0.2)
    async with serving() as site, aiohttp.ClientSession(cookie_jar=jar()) as session:
        await site.come_in(session)
        async with site.page(session) as page:
            await page.receive_bytes()
            await page.receive_bytes()
            await page.send_str(json.dumps(["stdin", "q"]))
            assert (await page.receive()).type is aiohttp.WSMsgType.CLOSE
        async with site.page(session) as page:
            pid = json.loads(await page.receive_bytes())[2]
        for _ in range(100):
            if not runs(pid):
                break
            await asyncio.sleep(0.02)
        assert not runs(pid), "it was told to end, did not, and was ended"
        async with site.page(session) as page:
            pid = json.loads(await page.receive_bytes())[2]
    assert not runs(pid), "nothing outlives the server"


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(CannotListen, match="--port"):
        listen("127.0.0.1", taken.getsockname()[1])
    with pytest.raises(CannotListen, match="aaaa"):
        listen("a" * 70, 0)
