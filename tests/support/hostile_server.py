"""Servers on loopback that mean no good, in a thread of their own, for tests that run the program beside them."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any

from tests.registry.server import Asked, Handler, Reply, Server, error
from tests.support.images import Image
from tui.oci.digest import Digest

PATIENCE = 20.0


class Hostiles:
    """Any number of scripted servers on one loop in one thread. `start` gives a server whose `address` can be asked."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hostile", daemon=True)
        self._servers: list[Server] = []
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run something on the servers' loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def start(self, handler: Handler, tls: ssl.SSLContext | None = None) -> Server:
        server = Server(handler, tls)
        self.call(server.start())
        self._servers.append(server)
        return server

    def close(self) -> None:
        """Hang up on everybody."""
        self.call(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _stop(self) -> None:
        for server in self._servers:
            await server.stop()
        # Whoever is still kept waiting is cut off; Python 3.11's streams would log each of them as an error.
        self._loop.set_exception_handler(lambda _loop, _context: None)
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()


@contextlib.contextmanager
def hostiles() -> Iterator[Hostiles]:
    made = Hostiles()
    try:
        yield made
    finally:
        made.close()


async def silence(asked: Asked) -> Reply:
    """Never an answer, as a host behind a dropping firewall."""
    await asyncio.sleep(3600)
    return Reply()


async def forever(chunk: bytes = b"x" * 65536) -> AsyncIterator[bytes]:
    """A body without an end."""
    while True:
        yield chunk


async def dripping(body: bytes, pause: float = 0.5) -> AsyncIterator[bytes]:
    """A body a byte at a time."""
    for position in range(len(body)):
        yield body[position : position + 1]
        await asyncio.sleep(pause)


class Registry:
    """An honest registry of one repository, `app`, that a test can lie around."""

    def __init__(self) -> None:
        self.manifests: dict[str, tuple[bytes, str]] = {}
        self.blobs: dict[str, bytes] = {}

    def put(self, image: Image, *tags: str) -> Registry:
        """Hold an image, everything below it, and tags on it."""
        for child in image.children:
            self.put(child)
        for part in image.blobs:
            self.blobs[str(part.digest)] = part.data
        for name in (str(image.digest), *tags):
            self.manifests[name] = (image.raw, image.descriptor.media_type)
        return self

    def __call__(self, asked: Asked) -> Reply:
        name = asked.path.rpartition("/")[2]
        if "/manifests/" in asked.path and name in self.manifests:
            raw, kind = self.manifests[name]
            return Reply(200, [("Content-Type", kind), ("Docker-Content-Digest", str(Digest.of(raw)))], raw)
        if "/blobs/" in asked.path and name in self.blobs:
            headers = [("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", name)]
            return Reply(200, headers, self.blobs[name])
        return error(404, "MANIFEST_UNKNOWN" if "/manifests/" in asked.path else "BLOB_UNKNOWN", "not here")
