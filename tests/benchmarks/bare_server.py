"""The smallest HTTP/1.1 registry there can be, in a process of its own, so that a benchmark measures the client."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import socket
from collections.abc import Iterator

_HEAD = (
    b"HTTP/1.1 200 OK\r\nDocker-Content-Digest: %s\r\nContent-Type: application/octet-stream\r\n"
    b'Docker-Distribution-Api-Version: registry/2.0\r\nEtag: "x"\r\nDate: Fri, 01 Jan 2027 00:00:00 GMT\r\n'
    b"Content-Length: 155\r\n\r\n"
)


class _Bare(asyncio.Protocol):
    """Says of every blob that it is there, after `delay` seconds, in an answer that leaves no doubt."""

    def __init__(self, delay: float) -> None:
        self.delay = delay
        self.buffer = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n\r\n" in self.buffer:
            head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
            digest = head.partition(b" HTTP/")[0].rpartition(b"/")[2]
            if self.delay:
                asyncio.get_running_loop().call_later(self.delay, self.answer, digest)
            else:
                self.answer(digest)

    def answer(self, digest: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(_HEAD % digest)


def _serve(listener: socket.socket, delay: float) -> None:
    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(lambda: _Bare(delay), sock=listener)
        await server.serve_forever()

    asyncio.run(run())


@contextlib.contextmanager
def bare_server(delay: float = 0.0) -> Iterator[str]:
    """Run the server for a while; gives its `127.0.0.1:port`."""
    listener = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("fork").Process(target=_serve, args=(listener, delay), daemon=True)
    process.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        process.terminate()
        process.join(5)
        listener.close()
