"""What is sent and what comes back: the plain data that goes through the middleware to the connection and back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar

from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest
from tui.registry.errors import RegistryError
from tui.registry.headers import Headers, media_type

if TYPE_CHECKING:
    from tui.registry.endpoints import Address
    from tui.registry.trace import Exchange
    from tui.registry.transport import Answer

E = TypeVar("E", bound=RegistryError)
Pairs: TypeAlias = tuple[tuple[str, str], ...]
Chunks: TypeAlias = Callable[[], AsyncIterator[bytes]]


@dataclass(slots=True, eq=False)
class Request:
    """What to send. Whoever asks fills in the upper part; the middleware writes the lower one on the way."""

    method: str
    address: Address
    headers: Pairs = ()
    """Without Authorization (but for token servers), User-Agent and Accept-Encoding."""
    take: Literal["all", "some", "stream"] = "all"
    """What becomes of a good answer's body: "all" (at most `limit` bytes, more is TooLarge), "some" (the first `limit`
    bytes, then hang up) or "stream" (left open for the caller). Error bodies are always read, bounded."""
    limit: int = 0
    content: bytes | Chunks | None = None
    length: int = 0
    """Of `content` when that is chunks."""
    scopes: tuple[str, ...] = ()
    repository: str = ""
    write: bool = False
    authenticate: bool = True
    follow: bool = True
    """Redirects."""
    repeatable: bool = False
    """A write that may be sent twice without harm."""
    once: bool = False
    """One try, and none while the host rests: whoever asks looks again before each try."""
    tries: int | None = None
    on_begin: Callable[[], None] | None = None
    """Called when an exchange begins: until then, a caller who is cancelled has sent nothing."""
    on_success: Callable[[Response], None] | None = None
    """Called with a good answer even when the caller has walked away: what arrived is worth keeping."""

    attempt: int = 1
    authorization: str = ""
    login_line: str = ""
    """The shell line that prints the token which is in `authorization`; "" when none is needed."""
    on_end: Callable[[Response | None], None] | None = None
    """Called when the exchange is over (None: without an answer), also when the caller has walked away from it."""
    begun: bool = False
    """The exchange is under way; nothing stops it any more."""
    exchange: Exchange | None = None
    """Its line in the trace."""

    def at(self, address: Address, headers: Pairs, *, authenticate: bool) -> Request:
        """The same for another address, without the login."""
        return replace(
            self,
            address=address,
            headers=headers,
            authenticate=authenticate,
            authorization="",
            login_line="",
            on_end=None,
        )


@dataclass(slots=True, eq=False)
class Response:
    status: int
    headers: Headers
    body: bytes
    address: Address
    exchange: Exchange
    stream: Stream | None = None
    masked: Callable[[str], str] = str
    """Hides what was sent to log in, should this answer echo it."""
    storage: str = ""
    """The host (safe) that sent it, where the registry had sent us on to another."""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        return media_type(self.headers)

    @property
    def named_digest(self) -> Digest | None:
        """The digest that the answer names: a hint and nothing more. None where it names none, or what is none."""
        text = self.headers.get("docker-content-digest")
        try:
            return Digest(text.strip()) if text else None
        except MalformedDigest:
            return None

    def other_digest(self, digest: Digest) -> Digest | None:
        """The one that it names where that contradicts this one."""
        theirs = self.named_digest
        return theirs if theirs is not None and theirs.algorithm == digest.algorithm and theirs != digest else None

    def error(self, kind: Callable[..., E], sentence: str, **more: object) -> E:
        """An error that this response is the reason for."""
        raw = more.get("raw")
        if isinstance(raw, bytes):
            text = raw.decode("utf-8", "surrogateescape")
            more["raw"] = self.masked(text).encode("utf-8", "surrogateescape")
        return kind(self.masked(sentence), status=self.status, exchange_id=self.exchange.id, **more)


class NoResponse(Exception):
    """There was no usable answer."""

    def __init__(self, error: RegistryError, *, sent: bool, again: bool, stale: bool = False) -> None:
        super().__init__(error.sentence)
        self.error = error
        self.sent = sent
        """The request may have reached the server."""
        self.again = again
        """It is worth a retry."""
        self.stale = stale
        """A kept connection turned out dead: ask again at once."""


class Stream:
    """A body that is still to be read; its request holds its slot until this is closed."""

    def __init__(self, answer: Answer, exchange: Exchange, idle: float) -> None:
        self._answer = answer
        self._exchange = exchange
        self._idle = idle
        self._closed = False
        self._callbacks: list[Callable[[], None]] = []

    def on_close(self, callback: Callable[[], None]) -> None:
        """In the order in which they were added. Only before it is closed."""
        self._callbacks.append(callback)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Raw chunks as they come. Raises NoAnswer, and TimeoutError after `idle` seconds without one."""
        source = self._answer.chunks()
        while True:
            try:
                async with asyncio.timeout(self._idle):
                    chunk = await anext(source)
            except StopAsyncIteration:
                return
            self._exchange.bytes_in += len(chunk)
            yield chunk

    async def aclose(self) -> None:
        if not self._closed:
            self._closed = True
            try:
                self._answer.close()
            finally:
                for callback in self._callbacks:
                    callback()
