"""What is sent and what comes back: the plain data between the client and the wire."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Literal

import httpx

from tui.registry import body
from tui.registry.errors import RegistryError
from tui.registry.fields import Fields
from tui.registry.origin import Address
from tui.registry.trace import Exchange

Headers = tuple[tuple[str, str], ...]
Chunks = Callable[[], AsyncIterator[bytes]]


@dataclass(slots=True)
class Ask:
    """What to send.  `headers` are without Authorization, User-Agent and Accept-Encoding.

    `take` says what becomes of a good answer's body: "all" (at most `limit` bytes, more is TooLarge), "some" (the
    first `limit` bytes, then hang up) or "stream" (left open for the caller). Error bodies are always read bounded.
    """

    method: str
    address: Address
    headers: Headers = ()
    take: Literal["all", "some", "stream"] = "all"
    limit: int = 0
    content: bytes | Chunks | None = None
    length: int = 0
    """Of `content` when that is chunks."""
    scopes: tuple[str, ...] = ()
    repository: str = ""
    write: bool = False
    authenticate: bool = True
    follow: bool = True
    repeatable: bool = False
    """A write that may be sent twice without harm."""
    once: bool = False
    """One try, and none while the host rests: its asker looks again before each try."""
    tries: int | None = None
    begun: Callable[[], None] | None = None
    """Called when an exchange begins: until then, an asker who is cancelled has sent nothing."""
    kept: Callable[[Answer], None] | None = None
    """Called with a good answer even when the asker has walked away: what arrived is worth keeping."""

    def at(self, address: Address, headers: Headers | None = None) -> Ask:
        return replace(self, address=address, headers=self.headers if headers is None else headers)


@dataclass(slots=True)
class Answer:
    status: int
    headers: Fields
    body: bytes
    address: Address
    exchange: Exchange
    stream: Stream | None = None

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        return body.media_type(self.headers)


class Listener:
    """Told how an exchange ends (its answer, or None), also when its asker has walked away from it."""

    def __init__(self, tell: Callable[[Answer | None], None]) -> None:
        self.begun = False
        self.tell = tell


class NoAnswer(Exception):
    """There was no usable answer.  `sent`: the request may have reached the server; `again`: it is worth a retry."""

    def __init__(self, error: RegistryError, *, sent: bool, again: bool, stale: bool = False) -> None:
        super().__init__(error.sentence)
        self.error = error
        self.sent = sent
        self.again = again
        self.stale = stale
        """A kept connection turned out dead: ask again at once."""


class Stream:
    """An answer whose body is still to be read; holds its slot until it is closed."""

    def __init__(
        self, response: httpx.Response, release: Callable[[], None], idle: float, count: Callable[[int], None]
    ):
        self.response = response
        self._release = release
        self._idle = idle
        self._count = count
        self._closed = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raw chunks as they come. Raises httpx.HTTPError and TimeoutError."""
        source = self.response.aiter_raw()
        while True:
            try:
                async with asyncio.timeout(self._idle):
                    chunk = await anext(source)
            except StopAsyncIteration:
                return
            self._count(len(chunk))
            yield chunk

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            try:
                await self.response.aclose()
            finally:
                self._release()
