"""Every request as it happens: what was asked, by which node, and what came back. Nothing in here holds a secret."""

from __future__ import annotations

import contextlib
import itertools
import shlex
from collections import deque
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

from tui.registry import redact
from tui.registry.clock import Clock
from tui.registry.headers import RateLimit

if TYPE_CHECKING:
    from tui.registry.shell_login import ShellLogin

T = TypeVar("T")

State = Literal["waiting", "running", "done", "failed", "abandoned"]
Pairs = tuple[tuple[str, str], ...]
Callback = Callable[["Exchange"], None]

_CURLS_OWN = frozenset({"authorization", "content-length", "host", "connection", "user-agent", "accept-encoding"})
"""Headers that curl makes itself, and the login, which is not written out."""

_asking: ContextVar[str] = ContextVar("asking", default="")


@dataclass(slots=True)
class RequestCount:
    """How many requests somebody's questions took. A question that several ask counts for the first."""

    requests: int = 0


_count_for: ContextVar[RequestCount | None] = ContextVar("count_for", default=None)


class _Within(Generic[T]):
    """A block in which a context variable has this value. A generator would take three times as long, and there are
    two for each request."""

    __slots__ = ("_token", "_value", "_variable")

    def __init__(self, variable: ContextVar[T], value: T) -> None:
        self._variable, self._value = variable, value

    def __enter__(self) -> None:
        self._token = self._variable.set(self._value)

    def __exit__(self, *_: object) -> None:
        self._variable.reset(self._token)


def counting(count_for: RequestCount | None) -> _Within[RequestCount | None]:
    """Within this block (and the tasks started in it) requests count for `count_for`."""
    return _Within(_count_for, count_for)


def current_count() -> RequestCount | None:
    """Whom requests count for here."""
    return _count_for.get()


def count_request(number: int = 1) -> None:
    """A request is sent for whoever asks here; -1 takes one back."""
    if (count_for := _count_for.get()) is not None:
        count_for.requests += number


def asking(text: str) -> _Within[str]:
    """Within this block (and the tasks started in it) requests are made for `text`, a node's safe label."""
    return _Within(_asking, text)


def asked_by() -> str:
    return _asking.get()


@dataclass(eq=False, slots=True)
class Exchange:
    """One HTTP request and its answer.

    `url` and the header pairs are redacted; `ms` is None while it runs, and counts to the end of the body; `error` is
    a safe sentence; `attempt` counts from 1 within one question; `how_to_log_in` is the shell line that prints the
    token which `curl()` needs ("" when none is needed).
    """

    id: int
    started: datetime
    method: str
    url: str
    host: str
    path: str
    status: int | None = None
    error: str = ""
    ms: float | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    asked_by: str = ""
    request_headers: Pairs = ()
    received: tuple[str, ...] = field(default=(), repr=False)
    rate_limit: RateLimit | None = None
    attempt: int = 1
    state: State = "waiting"
    how_to_log_in: str = ""
    _began: float = field(default=0.0, repr=False)

    @property
    def response_headers(self) -> Pairs:
        return tuple(zip(self.received[::2], self.received[1::2], strict=True))

    @property
    def login(self) -> ShellLogin | None:
        """How a line for the shell logs in as this request did; None when it did not."""
        from tui.registry.shell_login import ShellLogin  # late: only somebody who looks at it needs it

        sent = next((value for name, value in self.request_headers if name.lower() == "authorization"), None)
        return ShellLogin.of(sent, self.how_to_log_in) if sent is not None else None

    def curl(self) -> str:
        """The request as a shell line that works: it fetches the token that it needs, and where that takes a login,
        variables stand for it, and a comment names them."""
        words = ["curl", "-sS"]
        if self.method == "HEAD":
            words.append("--head")
        elif self.method != "GET":
            words += ["-i", "-X", self.method]
        else:
            words.append("-i")
        login = self.login
        before, notes = "", []
        if login is not None:
            words.append(login.words)
            before, notes = login.before, [*login.notes]
        for name, value in self.request_headers:
            if name.lower() not in _CURLS_OWN:
                words += ["-H", shlex.quote(f"{name}: {value}")]
        if self.method in ("PUT", "PATCH", "POST"):
            if self.bytes_out:
                words += ["--data-binary", "@FILE"]
                notes.append(f"FILE: the {self.bytes_out} bytes that were sent")
            else:
                words += ["-H", shlex.quote("Content-Length: 0")]
        account = f"account={redact.HIDDEN}"  # a token server takes it from the login
        url = self.url.replace(f"{account}&", "").replace(f"&{account}", "")
        if redact.HIDDEN in url or redact.HIDDEN in before:
            notes.append(f"{redact.HIDDEN}: parts of the address are secret, ask the registry for a fresh one")
        words.append(shlex.quote(url))
        return before + " ".join(words) + (f"  # {'; '.join(notes)}" if notes else "")


class Trace:
    """The last 5,000 exchanges, oldest first. `waiting` are those that have no slot yet: they were never sent."""

    def __init__(self, clock: Clock | None = None, *, keep: int = 5_000) -> None:
        self.exchanges: deque[Exchange] = deque(maxlen=keep)
        self.waiting: dict[int, Exchange] = {}
        self.count = 0
        """Requests sent since the start, also those that have left `exchanges`."""
        self.masked: Callable[[str], str] = str
        """Hides what was sent to log in, should an address hold it."""
        self._clock = clock or Clock()
        self._ids = itertools.count(1)
        self._callbacks: list[Callback] = []
        self._starts: deque[float] = deque(maxlen=4_096)

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Call `callback` on the event loop whenever an exchange changes; gives the function that ends it."""
        self._callbacks.append(callback)

        def unsubscribe() -> None:
            with contextlib.suppress(ValueError):
                self._callbacks.remove(callback)

        return unsubscribe

    def keep(self, count: int) -> None:
        """Keep no more than the last so many exchanges from now on."""
        self.exchanges = deque(self.exchanges, maxlen=count)

    def rate(self, window: float = 2.0) -> float:
        """Requests per second over the last `window` seconds."""
        since = self._clock.now() - window
        while self._starts and self._starts[0] < since:
            self._starts.popleft()
        return len(self._starts) / window

    def login(self, registry: str, repository: str | None) -> ShellLogin | None:
        """How the last request that was let into a repository (None: the registry's catalog) logged in; None when it
        did not, or there was none."""
        path = f"/v2/{repository}/" if repository is not None else "/v2/_catalog"
        for each in reversed(self.exchanges):
            reads = each.method in ("GET", "HEAD")  # what was given for a write is for that
            if reads and each.status not in (None, 401) and each.host == registry and each.path.startswith(path):
                return each.login
        return None

    # What the limiter and the middleware of the trace report.

    def opened(self, method: str, url: str, host: str, path: str, attempt: int, *, wait: bool = False) -> Exchange:
        url = redact.url(url)
        masked = self.masked(url)
        path = path if masked == url else self.masked(path)
        exchange = Exchange(next(self._ids), self._clock.wall(), method, masked, host, path, asked_by=_asking.get())
        exchange.attempt = attempt
        if wait:
            self.waiting[exchange.id] = exchange
            self._tell(exchange)
        return exchange

    def sent(self, exchange: Exchange) -> None:
        self.waiting.pop(exchange.id, None)
        self.count += 1
        count_request()
        exchange._began = self._clock.now()
        exchange.state = "running"
        self._starts.append(exchange._began)
        self.exchanges.append(exchange)
        self._tell(exchange)

    def uncount(self) -> None:
        """What was just said to be sent did not leave this machine."""
        self.count -= 1
        count_request(-1)

    def never_sent(self, exchange: Exchange) -> None:
        """The caller left before there was a slot."""
        self.waiting.pop(exchange.id, None)
        exchange.state = "abandoned"
        self._tell(exchange)

    def left_alone(self, exchange: Exchange) -> None:
        if exchange.state == "running":
            exchange.state = "abandoned"
            self._tell(exchange)

    def answered(self, exchange: Exchange) -> None:
        exchange.ms = (self._clock.now() - exchange._began) * 1_000
        if exchange.state != "abandoned":
            exchange.state = "done"
        self._tell(exchange)

    def broke(self, exchange: Exchange, error: str) -> None:
        exchange.ms = (self._clock.now() - exchange._began) * 1_000
        exchange.error = error
        if exchange.state != "abandoned":
            exchange.state = "failed"
        self._tell(exchange)

    def _tell(self, exchange: Exchange) -> None:
        if self._callbacks:
            for callback in tuple(self._callbacks):
                callback(exchange)
