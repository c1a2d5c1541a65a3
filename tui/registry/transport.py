"""Exchanges over aiohttp's connections: one request, one answer, nothing that a registry client must not do.

Chosen by measuring (tests/benchmarks/transports.py): httpx's own pool slows down as concurrency grows and loses
connections when callers are cancelled. The `httpx-aiohttp` package's transport is quick, but it quotes URLs anew
(which breaks signed ones), calls a lost connection a connect time-out, and re-sends writes unseen.

Redirects, cookies and logins of the library are not used at all: each of them leaks something. What goes wrong is told
in a few words of our own (`NoAnswer`), which say whether anything was sent: aiohttp's do not.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import logging
import ssl
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from multidict import CIMultiDict
from yarl import URL

from tui.oci.reference import is_loopback
from tui.registry.aiohttp_library import aiohttp
from tui.registry.endpoints import Origin
from tui.text import safe

MAX_HEADER_LINE = 32 * 1024
#: Seconds for which an idle connection is kept.
KEEP_ALIVE = 30.0
_CHUNK = 64 * 1024
#: Bytes that are received at once. asyncio makes room for 256 KB each time, for which the allocator goes to the system
#: and back: a tenth of the time that a HEAD takes.
RECEIVED = 64 * 1024

# In the documentation's "urllib.request" since 2.6, but not in the type stubs for every system.
_bypass: Callable[[str, Mapping[str, str]], object] = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009

# They print whole URLs, signatures included.
for _name in ("httpx", "httpcore", "aiohttp", "aiohttp.client", "aiohttp.internal"):
    logging.getLogger(_name).addHandler(logging.NullHandler())
    logging.getLogger(_name).propagate = False


class NoAnswer(Exception):
    """There is no answer, or not all of it; each class says why, and how far it got."""


class TlsError(NoAnswer):
    """The handshake failed or the certificate was not accepted. Nothing was sent."""


class ProxyFailed(NoAnswer):
    """The proxy could not be reached or did not connect us. Nothing was sent."""


class ConnectTimeout(NoAnswer):
    """There was no connection in time. Nothing was sent."""


class ConnectFailed(NoAnswer):
    """There is no connection; `why` is "name", "refused" or "connect". Nothing was sent."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class ReadTimeout(NoAnswer):
    """No byte came for too long."""


class ConnectionLost(NoAnswer):
    """The connection was closed before the answer was whole."""


class NotHttp(NoAnswer):
    """What came is no HTTP, or ends before the length that it announced."""


Body: TypeAlias = bytes | AsyncIterator[bytes] | None


class _Handler(aiohttp.client_proto.ResponseHandler):
    """aiohttp's end of a connection, that receives less at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if hasattr(transport, "max_size"):  # one that speaks TLS has a buffer that stays
            transport.max_size = RECEIVED
        super().connection_made(transport)


class Transport:
    """One pool of connections for all hosts."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._timeouts: dict[tuple[float | None, float | None], aiohttp.ClientTimeout] = {}

    def _open(self) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            # The limiter bounds the number of connections, per host.
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            max_line_size=MAX_HEADER_LINE,
            max_field_size=MAX_HEADER_LINE,
        )
        # aiohttp sends an idempotent request once more, unseen, when a kept connection turns out dead. The trace would
        # miss it, and a PUT whose answer was lost must not be repeated behind our back: middleware/retry.py
        # decides.
        session._retry_connection = False
        assert session.connector is not None
        handler = functools.partial(_Handler, asyncio.get_running_loop())
        session.connector._factory = handler  # type: ignore[assignment]
        return session

    async def send(
        self,
        method: str,
        url: str,
        headers: CIMultiDict[str],
        *,
        body: Body = None,
        connect: float | None = None,
        read: float | None = None,
        tls: ssl.SSLContext | None = None,
        proxy: Proxy | None = None,
    ) -> Answer:
        """One exchange, until the head of its answer is there. `url` goes out as it is, and `headers` stay as they are;
        a `body` that comes in pieces needs a Content-Length there. `connect` and `read` are seconds: until there is a
        connection, and without a byte. Raises NoAnswer."""
        session = self._session
        if session is None:
            session = self._session = self._open()
        tunnel_headers = None
        if proxy is not None and proxy.authorization:
            # Inside a tunnel the proxy sees nothing of the request; without one it sees nothing else.
            if url.startswith("https:"):
                tunnel_headers = {"Proxy-Authorization": proxy.authorization}
            else:
                headers = CIMultiDict(headers)
                headers["Proxy-Authorization"] = proxy.authorization
        try:
            response = await session.request(
                method,
                URL(url, encoded=True),
                headers=headers,
                data=body or None,
                skip_auto_headers=("Content-Type",) if body else None,
                allow_redirects=False,
                timeout=self._timeout(connect, read),
                ssl=tls or True,
                proxy=proxy.url if proxy is not None else None,
                proxy_headers=tunnel_headers,
            )
        except Exception as error:
            raise _translated(error) from error
        return Answer(response)

    def _timeout(self, connect: float | None, read: float | None) -> aiohttp.ClientTimeout:
        made = self._timeouts.get((connect, read))
        if made is None:
            made = aiohttp.ClientTimeout(total=None, connect=connect, sock_connect=connect, sock_read=read)
            self._timeouts[(connect, read)] = made
        return made

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None


class Answer:
    """The head of an answer, and its body as it comes. It must be closed."""

    __slots__ = ("_response", "ok", "raw_headers", "status")

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response
        self.status = response.status
        self.ok = 200 <= response.status < 300
        self.raw_headers = response.raw_headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it was sent, not decompressed. Raises NoAnswer."""
        try:
            async for chunk in self._response.content.iter_chunked(_CHUNK):
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise _translated(error) from error

    def close(self) -> None:
        """A body that was read to its end gives the connection back; any other is not worth reading: hang up."""
        if self._response.content.is_eof() or self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


def _translated(error: Exception) -> Exception:
    """aiohttp's exceptions in our words; what is none of the connection's stays as it is."""
    text = type(error).__name__
    if isinstance(error, NoAnswer):
        return error
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error, ssl.SSLError | ssl.CertificateError):
        return TlsError(text)
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientConnectorSSLError | ssl.SSLError):
        return TlsError(text)
    if isinstance(error, aiohttp.ClientProxyConnectionError | aiohttp.ClientHttpProxyError):
        return ProxyFailed(text)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return ConnectTimeout(text)
    if isinstance(error, aiohttp.ClientConnectorError):
        return ConnectFailed(_connect_reason(error))
    if isinstance(error, aiohttp.ServerTimeoutError | TimeoutError):
        return ReadTimeout(text)
    if isinstance(error, aiohttp.InvalidURL | aiohttp.NonHttpUrlClientError):
        return NotHttp(text)
    if isinstance(error, aiohttp.ClientPayloadError):
        return NotHttp(text)  # the body ended before the length that was announced
    if isinstance(error, aiohttp.ClientConnectionError | OSError):
        return ConnectionLost(text)
    if isinstance(error, aiohttp.ClientError):
        return NotHttp(text)
    return error


def _connect_reason(error: aiohttp.ClientConnectorError) -> str:
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "name"
    return "refused" if isinstance(error.os_error, ConnectionRefusedError) else "connect"


@dataclass(frozen=True, slots=True)
class Proxy:
    """`url` without user-info; `authorization` is the Proxy-Authorization value ("" when none is needed)."""

    url: str
    authorization: str = field(default="", repr=False)


class UnusableProxy(Exception):
    """A proxy is set that cannot be used; the text says which variable and why, and holds nothing of its login."""


class Proxies:
    """Proxies from the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either letter case. Read once,
    when the client starts to speak. This machine itself is asked without, as Docker's tools do."""

    def __init__(self) -> None:
        self._by_scheme = urllib.request.getproxies_environment()
        self._known: dict[Origin, Proxy | None] = {}

    def for_origin(self, origin: Origin) -> Proxy | None:
        if not self._by_scheme:
            return None
        if origin not in self._known:
            self._known[origin] = self._find(origin)
        return self._known[origin]

    def _find(self, origin: Origin) -> Proxy | None:
        kind = origin.scheme if self._by_scheme.get(origin.scheme) else "all"
        text = self._by_scheme.get(kind)
        if not text or _is_this_machine(origin.host) or _bypass(f"{origin.host}:{origin.port}", self._by_scheme):
            return None
        if _bypass(origin.host, self._by_scheme):
            return None
        variable = f"{kind.upper()}_PROXY"
        try:
            parts = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
            host = parts.netloc.rpartition("@")[2]
            nowhere = not parts.hostname or parts.port == 0
        except ValueError:
            nowhere = True
        if nowhere:
            raise UnusableProxy(f"{variable} holds no address of a proxy, such as http://proxy.example:3128")
        if parts.scheme not in ("http", "https"):
            raise UnusableProxy(f"{variable} names a proxy of kind {safe(parts.scheme, limit=20)}, not supported")
        login = ""
        if parts.username is not None:
            pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            login = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return Proxy(f"{parts.scheme}://{host}", login)


def _is_this_machine(host: str) -> bool:
    """Which hosts Go's tools never ask by a proxy; of `*.localhost` they know nothing."""
    return is_loopback(host) and not host.endswith(".localhost")
