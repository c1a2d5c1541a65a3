"""A scripted HTTP/1.1 server on a real loopback socket: what a mock transport would hide (headers, cut bodies, dropped
connections, chunking, ranges that are ignored) happens here."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    @property
    def login(self) -> str:
        return self.headers.get("authorization", "")


@dataclass
class Reply:
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    length: int | None = None
    """Content-Length to claim; None: the truth; -1: none at all, and the connection is closed at the end."""
    chunks: AsyncIterator[bytes] | None = None
    drop: bool = False
    """Hang up without an answer."""


Handler = Callable[[Asked], Awaitable[Reply] | Reply]


class Server:
    """`address` is "127.0.0.1:port"; `asked` what came in, in order; `sent` the body bytes that went out."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.asked: list[Asked] = []
        self.sent = 0
        self.connections = 0
        self.address = ""
        self.at_once = 0
        self.most_at_once = 0
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls, limit=2**20)
        self.address = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    def count(self, method: str = "", path: str = "") -> int:
        return sum(asked.method.startswith(method) and path in asked.target for asked in self.asked)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ssl.SSLError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
                await writer.wait_closed()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {line.partition(":")[0].lower(): line.partition(":")[2].strip() for line in head[1:] if line}
        asked = Asked(method, target, headers)
        self.asked.append(asked)
        if "content-length" in headers:
            asked.body = await reader.readexactly(int(headers["content-length"]))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            answer = self.handler(asked)
            reply = await answer if isinstance(answer, Awaitable) else answer
        finally:
            self.at_once -= 1
        if reply.drop:
            writer.transport.abort()
            return False
        return await self._answer(method, reply, writer)

    async def _answer(self, method: str, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        lines = [f"HTTP/1.1 {reply.status} X", *(f"{name}: {value}" for name, value in reply.headers)]
        chunked = reply.chunks is not None and reply.length is None
        if chunked:
            lines.append("Transfer-Encoding: chunked")
        elif reply.length != -1 and reply.status != 204:
            lines.append(f"Content-Length: {len(reply.body) if reply.length is None else reply.length}")
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        if method == "HEAD" or reply.status in (204, 304):
            await writer.drain()
            return True
        if reply.chunks is not None:
            async for chunk in reply.chunks:
                self.sent += len(chunk)
                writer.write(b"%x\r\n%s\r\n" % (len(chunk), chunk) if chunked else chunk)
                await writer.drain()
            if chunked:
                writer.write(b"0\r\n\r\n")
        else:
            self.sent += len(reply.body)
            writer.write(reply.body)
        await writer.drain()
        honest = reply.length is None or (reply.length == len(reply.body) and reply.chunks is None)
        return honest


@contextlib.asynccontextmanager
async def serving(handler: Handler, tls: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server(handler, tls)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def error(status: int, code: str, message: str = "no", detail: Any = None, **headers: str) -> Reply:
    body = json.dumps({"errors": [{"code": code, "message": message, "detail": detail}]}).encode()
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Reply(status, [("Content-Type", "application/json"), *named], body)


def jsoned(document: Any, status: int = 200, **headers: str) -> Reply:
    named = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return Reply(status, [("Content-Type", "application/json"), *named], json.dumps(document).encode())
