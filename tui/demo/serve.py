"""Serving a store on loopback: in a thread beside the screen, or alone for other programs.

The server has its own event loop in a daemon thread, so that a screen that is busy drawing never delays an answer,
and an answer never delays the screen for longer than Python's own switching.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final, TypeVar

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from tui.demo.registry_app import EmbeddedRegistry
from tui.demo.store import Store
from tui.oci.reference import is_loopback

Result = TypeVar("Result")
_PATIENCE: Final = 10.0


class CannotServe(Exception):
    """The registry cannot listen; the sentence says why and what to do."""


class Served:
    """A store that is being served. `host` and `port` are where; "127.0.0.1:5005" is `address`."""

    def __init__(self, store: Store, listening: socket.socket) -> None:
        self.store = store
        self.host, self.port = listening.getsockname()[:2]
        self.registry = EmbeddedRegistry(store, any_name=not is_loopback(self.host))
        self.start_state = store.snapshot()
        self._socket = listening
        self._connections: dict[tuple[str, int], asyncio.Transport] = {}
        self.registry.hang_up = self._hang_up
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        self._server = _Server(_config(self.registry, self._connections), self._ready)
        self._thread = threading.Thread(target=self._run, name="embedded-registry", daemon=True)

    @classmethod
    def start(cls, store: Store, port: int = 0, host: str = "127.0.0.1") -> Served:
        """Serve `store` and return when it answers. Port 0 takes any free one. Raises CannotServe."""
        served = cls(store, _listen(host, port))
        served._thread.start()
        if not served._ready.wait(_PATIENCE) or served._failure is not None:
            served.stop()
            raise CannotServe(f"The embedded registry did not start: {served._failure or 'no answer'}.")
        return served

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Close every connection and end the thread; a second call does nothing."""
        self._server.should_exit = True
        self._server.force_exit = True
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(_PATIENCE)
        self._socket.close()

    def reset(self) -> None:
        """Put back what the store held when it was started: everything pushed since is gone."""
        self.call(lambda store: store.restore(self.start_state))

    def call(self, change: Callable[[Store], Result]) -> Result:
        """Run `change(store)` between two requests, on the server's own thread, and give back what it returns."""
        if self._loop is None or not self._thread.is_alive():
            return change(self.store)
        outcome: Future[Result] = Future()

        def run() -> None:
            try:
                outcome.set_result(change(self.store))
            except BaseException as error:  # handed to the thread that asked
                outcome.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return outcome.result(_PATIENCE)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # told by start(), which waits for it
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve([self._socket])

    def _hang_up(self, client: tuple[str, int]) -> bool:
        transport = self._connections.get(client)
        if transport is None:
            return False
        transport.close()
        return True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, because asyncio turns Nagle's algorithm off only on sockets that say they are TCP; with it
    # on, every answer in two writes waits 40 ms for the client's acknowledgement.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":  # elsewhere it would let two programs listen on one port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(1024)
    except (OSError, OverflowError) as error:
        listening.close()
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise CannotServe(
            f"Cannot serve on {host}:{port}: {reason}. Choose another port with --port, or 0 for any free one."
        ) from error
    listening.setblocking(False)
    return listening


class _Server(uvicorn.Server):
    """Says when it listens."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready.set()


def _config(app: EmbeddedRegistry, connections: dict[tuple[str, int], asyncio.Transport]) -> uvicorn.Config:
    class Protocol(H11Protocol):
        """Remembers each client's connection, so that one can be closed without an answer."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.address: Any = transport.get_extra_info("peername")
            if self.address:
                connections[tuple(self.address[:2])] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            if self.address:
                connections.pop(tuple(self.address[:2]), None)
            super().connection_lost(exc)

    # What uvicorn has to say about clients that went away must not be printed over the screen
    quiet = logging.getLogger("uvicorn")
    quiet.propagate = False
    if not quiet.handlers:
        quiet.addHandler(logging.NullHandler())
    return uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
