"""A proxy in front of a test's registry: it lets everything through but what the test wants answered otherwise, and it
can go away and come back on the same port."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.compose.fixtures import Rig
from tests.registry.server import Asked, Reply, Server

#: What to answer instead; None lets it through.
Hook = Callable[[Asked], Awaitable[Reply | None]]


@dataclass
class FaultProxy:
    """Stands before the registry at `behind`. `before` may answer by itself; `after` sees what was answered."""

    behind: str
    before: Hook | None = None
    after: Callable[[Asked, Reply], Awaitable[Reply]] | None = None
    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.server = Server(self._handle)

    async def up(self) -> None:
        if not self.server.address:
            await self.server.start()
            return
        host, _, port = self.server.address.partition(":")
        self.server._server = await asyncio.start_server(self.server._serve, host, int(port), limit=2**20)

    async def down(self) -> None:
        await self.server.stop()

    async def away(self, seconds: float) -> None:
        """Gone at once, and back after so many seconds."""
        await self.down()
        self._back = asyncio.create_task(self._later(seconds))

    async def _later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.up()

    async def _handle(self, asked: Asked) -> Reply:
        self.asked.append(f"{asked.method} {asked.path}")
        reply = await self.before(asked) if self.before is not None else None
        if reply is None:
            reply = await asyncio.to_thread(self._forward, asked)
            if self.after is not None:
                reply = await self.after(asked, reply)
        return reply

    def _forward(self, asked: Asked) -> Reply:
        connection = http.client.HTTPConnection(self.behind, timeout=10)
        try:
            kept = {name: value for name, value in asked.headers.items() if name not in ("connection", "host")}
            connection.request(asked.method, asked.target, asked.body or None, kept)
            answer = connection.getresponse()
            body = answer.read()
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() != "content-length"]
            length = int(answer.headers.get("content-length", "0")) if asked.method == "HEAD" else None
            return Reply(answer.status, headers, body, length)
        finally:
            connection.close()

    def of_tag(self) -> list[str]:
        """The methods that the tag `1` was asked with, in order."""
        return [line.split()[0] for line in self.asked if line.endswith("/manifests/1")]


class ProxiedRig(Rig):
    """A rig whose registry is reached through the proxy."""

    proxy: FaultProxy

    @property
    def registry(self) -> str:
        return self.proxy.server.address

    @classmethod
    async def of(cls, rig: Rig) -> ProxiedRig:
        made = cls(rig.served, rig.client, rig.inspector, rig.journal, rig.events)
        made.proxy = FaultProxy(rig.served.address)
        await made.proxy.up()
        return made
