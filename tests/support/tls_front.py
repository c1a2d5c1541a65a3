"""TLS in front of a server that speaks plain http, with a certificate that nobody trusts."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

from tests.support.peers import run


@contextlib.asynccontextmanager
async def tls_front(folder: Path, backend: int) -> AsyncIterator[int]:
    """Listens on every address of this machine; gives the port."""
    names = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=nobody")
    made = await asyncio.to_thread(
        run, "openssl", *names, "-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")
    )
    assert made.returncode == 0, made.stderr
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")

    async def serve(come: asyncio.StreamReader, go: asyncio.StreamWriter) -> None:
        behind, into = await asyncio.open_connection("127.0.0.1", backend)
        await asyncio.gather(_pump(come, into), _pump(behind, go))

    server = await asyncio.start_server(serve, "0.0.0.0", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _pump(come: asyncio.StreamReader, to: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await come.read(65536):
            to.write(data)
            await to.drain()
    to.close()
    with contextlib.suppress(OSError):
        await to.wait_closed()
