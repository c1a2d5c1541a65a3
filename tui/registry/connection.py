"""One HTTP exchange, with a time limit and a bounded body: what stands behind all middleware.

A body is read without trusting what it says of itself: we ask for `identity` and read raw bytes against a limit (a
48 KB answer in gzip became 50 MB in one decoded chunk), and nothing is allocated from a declared length.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from multidict import CIMultiDict

from tui.registry import redact
from tui.registry.clock import Deadlines
from tui.registry.endpoints import Endpoints, Origin
from tui.registry.errors import Garbled, TooLarge
from tui.registry.headers import Headers, RateLimit, WarningBook, declared_length, is_encoded, parse_rate_limit
from tui.registry.request import NoResponse, Pairs, Request, Response, Stream
from tui.registry.settings import ClientSettings
from tui.registry.tls import Contexts
from tui.registry.trace import Exchange
from tui.registry.transport import Answer, Body, NoAnswer, NotHttp, Proxies, Transport

_WORTH_READING = 4_096
"""Bytes: a body that is not longer is read to its end even when less is wanted, because that keeps the connection."""

_TELLING = frozenset({"www-authenticate", "ratelimit-limit", "ratelimit-remaining", "warning"})
"""Fields that tell of more than the one object that was asked for."""


class Connection:
    """The connections of the whole client, and what the hosts said by the way."""

    def __init__(self, settings: ClientSettings, endpoints: Endpoints) -> None:
        self.rate_limits: dict[Origin, RateLimit] = {}
        self.warnings: dict[Origin, WarningBook] = {}
        self.secrets = redact.Secrets()
        self.transport = Transport()
        self.contexts = Contexts(settings)
        self._settings = settings
        self._endpoints = endpoints
        self._proxies: Proxies | None = None
        self._prepared: dict[tuple[Pairs, str], tuple[CIMultiDict[str], Pairs]] = {}
        self._deadlines = Deadlines(settings.request_timeout)

    async def send(self, request: Request) -> Response:
        """One exchange; `request.exchange` is told what is seen of it.

        Raises NoAnswer, TimeoutError, TlsFiles; TooLarge and Garbled; NoResponse for a body that broke off.
        """
        exchange = request.exchange
        assert exchange is not None
        task = asyncio.current_task()
        assert task is not None
        short = request.take != "stream" and not callable(request.content)
        if short:
            self._deadlines.begin(task)
        try:
            answer = await self._sent(request, exchange, short)
            exchange.status = answer.status
            headers = self._look_at(answer, request.address.origin, exchange)
            stream, content = None, b""
            if request.take == "stream" and answer.ok:
                stream = Stream(answer, exchange, self._settings.read_timeout)
            else:
                try:
                    if request.method != "HEAD":
                        content = await self._read(request, answer, headers, exchange)
                finally:
                    answer.close()
                exchange.bytes_in = len(content)
            return Response(answer.status, headers, content, request.address, exchange, stream, self.secrets.masked)
        except asyncio.CancelledError:
            if self._deadlines.end(task):
                raise TimeoutError from None
            raise
        finally:
            self._deadlines.end(task)

    def _look_at(self, answer: Answer, origin: Origin, exchange: Exchange) -> Headers:
        headers = Headers(answer.raw_headers)
        telling = not _TELLING.isdisjoint(headers.names)
        if telling and "www-authenticate" in headers:
            self.secrets.heard(headers["www-authenticate"])
        exchange.received = redact.fields(headers, self.secrets)
        if not telling:
            return headers
        limit = parse_rate_limit(headers)
        if limit is not None:
            limit = replace(limit, source=self.secrets.masked(limit.source)) if limit.source else limit
            exchange.rate_limit = self.rate_limits[origin] = limit
        if "warning" in headers:
            book = self.warnings.setdefault(origin, WarningBook(self._settings.max_warnings))
            book.read([self.secrets.masked(line) for line in headers.get_list("warning")])
        return headers

    async def _read(self, request: Request, answer: Answer, headers: Headers, exchange: Exchange) -> bytes:
        if not answer.ok:
            if is_encoded(headers):
                return b""
            return self.secrets.masked_bytes(await _read_some(answer, self._settings.max_error_body))
        declared = declared_length(headers)
        if request.take == "some":
            whole = declared is not None and declared <= _WORTH_READING
            return (await _read_some(answer, _WORTH_READING + 1 if whole else request.limit))[: request.limit]
        name, status = self._endpoints.name(request.address.origin), answer.status
        if is_encoded(headers):
            sentence = f"{name} compressed its answer against the request."
            raise Garbled(sentence, status=status, exchange_id=exchange.id)
        content = bytearray()
        too_large = declared is not None and declared > request.limit
        try:
            if not too_large:
                async for chunk in answer.chunks():
                    content += chunk
                    if len(content) > request.limit:
                        too_large = True
                        break
        except NotHttp:
            raise _cut_short(name, exchange) from None
        if too_large:
            sentence = f"The answer of {name} is larger than the limit of {request.limit:,} bytes."
            raise TooLarge(sentence, status=status, exchange_id=exchange.id)
        if declared is not None and len(content) < declared:
            raise _cut_short(name, exchange)
        return bytes(content)

    async def _sent(self, request: Request, exchange: Exchange, short: bool) -> Answer:
        origin, content = request.address.origin, request.content
        headers, exchange.request_headers = self._headers(request.headers, request.authorization)
        body: Body = None
        if content is not None or request.method in ("PUT", "POST", "PATCH"):
            if isinstance(content, bytes) and request.method == "POST":
                self.secrets.learn_form(content)
            exchange.bytes_out = request.length if callable(content) else len(content or b"")
            length = ("Content-Length", str(exchange.bytes_out))
            headers = CIMultiDict([*headers.items(), length])
            exchange.request_headers = (*exchange.request_headers, length)
            body = content() if callable(content) else content
        if self._proxies is None:
            self._proxies = Proxies()
        proxy = self._proxies.for_origin(origin)
        if proxy is not None:
            self.secrets.learn(proxy.authorization)
        tls = None
        if origin.scheme == "https":
            tls = await self.contexts.get(self._endpoints.name(origin))
        elif proxy is not None and proxy.url.startswith("https:"):
            tls = await self.contexts.get("")  # for the proxy's own certificate
        return await self.transport.send(
            request.method,
            str(request.address),
            headers,
            body=body,
            connect=self._settings.connect_timeout,
            # A short exchange has its time limit in `_deadlines`; a long one must only not stand still.
            read=None if short else self._settings.read_timeout,
            tls=tls,
            proxy=proxy,
        )

    def _headers(self, headers: Pairs, authorization: str) -> tuple[CIMultiDict[str], Pairs]:
        """To send, and as they may be shown. Thousands of requests have the same few."""
        key = (headers, authorization)
        prepared = self._prepared.get(key)
        if prepared is None:
            if len(self._prepared) >= 64:
                self._prepared.clear()
            pairs = [("User-Agent", self._settings.user_agent), ("Accept-Encoding", "identity"), *headers]
            if authorization:
                pairs.append(("Authorization", authorization))
            for name, value in pairs:
                if name.lower() == "authorization":
                    self.secrets.learn(value)
            prepared = self._prepared[key] = (CIMultiDict(pairs), redact.headers(pairs))
        return prepared

    async def aclose(self) -> None:
        self._deadlines.close()
        await self.transport.aclose()


async def _read_some(answer: Answer, limit: int) -> bytes:
    """The beginning of the body, at most `limit` bytes; an early end or a broken connection is not an error here."""
    content = bytearray()
    try:
        async for chunk in answer.chunks():
            content += chunk
            if len(content) >= limit:
                break
    except NoAnswer:
        return bytes(content[:limit])
    return bytes(content[:limit])


def _cut_short(name: str, exchange: Exchange) -> NoResponse:
    error = Garbled(f"The answer of {name} broke off before its end.", exchange_id=exchange.id)
    return NoResponse(error, sent=True, again=True)
