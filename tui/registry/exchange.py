"""One HTTP exchange: through the gate, with a time limit, a bounded body, and a line in the trace.

No retries, redirects or credentials of its own: those are session.py, redirect.py and auth.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx

from tui.registry import body, redact
from tui.registry.ask import Answer, Ask, Headers, Listener, NoAnswer, Stream
from tui.registry.clock import Clock
from tui.registry.deadline import Deadlines
from tui.registry.errors import Garbled, RateLimited, RegistryError, TooLarge, Unreachable
from tui.registry.fields import Fields
from tui.registry.gate import Closed, Gate, Paused
from tui.registry.lost import no_answer
from tui.registry.origin import Origin
from tui.registry.proxy import Proxies
from tui.registry.ratelimit import RateLimit, parse_rate_limit
from tui.registry.settings import ClientSettings
from tui.registry.tls import Contexts
from tui.registry.trace import Exchange, Trace
from tui.registry.transport import AiohttpTransport, BodylessRequest
from tui.registry.warnings import WarningBook
from tui.text import duration


class Wire:
    """Sends asks. One for the whole client: it owns the connections, the gate and the trace."""

    def __init__(self, settings: ClientSettings, trace: Trace, clock: Clock, contexts: Contexts | None = None) -> None:
        self.settings = settings
        self.trace = trace
        self.clock = clock
        self.transport = AiohttpTransport()
        self.gate = Gate(self._slots, settings.longest_wait, clock)
        self.rate_limits: dict[Origin, RateLimit] = {}
        self.warnings: dict[Origin, WarningBook] = {}
        self._contexts = contexts or Contexts(settings)
        self._proxies: Proxies | None = None
        self._names: dict[Origin, str] = {}
        self._bases: dict[Origin, httpx.URL] = {}
        self._prepared: dict[tuple[Headers, str], tuple[httpx.Headers, Headers]] = {}
        self._deadlines = Deadlines(settings.request_timeout)
        # A short exchange has its time limit in `_deadlines`; a long one must only not stand still.
        self._short = {"connect": settings.connect_timeout}
        self._long = {"connect": settings.connect_timeout, "read": settings.read_timeout}

    def introduce(self, origin: Origin, registry: str) -> None:
        """The user's name for an origin: it decides trust, slots and words."""
        self._names.setdefault(origin, registry)

    def name(self, origin: Origin) -> str:
        return self._names.get(origin) or str(origin).partition("://")[2]

    def _slots(self, origin: object) -> int:
        assert isinstance(origin, Origin)
        return self.settings.host(self.name(origin)).concurrency or self.settings.concurrency

    async def send(
        self,
        ask: Ask,
        authorization: str = "",
        *,
        attempt: int = 1,
        login: str = "",
        listener: Listener | None = None,
    ) -> Answer:
        """One exchange. Raises NoAnswer, RateLimited (the host asked for a long rest), TooLarge, Corrupt, and
        Unreachable when the client was closed."""
        origin = ask.address.origin
        lane = self.gate.lane(origin)
        record = self.trace.opened(
            ask.method, str(ask.address), self.name(origin), ask.address.path, attempt, wait=lane.busy
        )
        record.how_to_log_in = login
        streaming = ask.take == "stream"
        try:
            if streaming or callable(ask.content):
                return await self.gate.hold(
                    origin,
                    lambda release: self._exchange(ask, authorization, record, release, listener),
                    discard=_discard,
                    abort=callable(ask.content),
                    kept=lambda answer: answer.stream is not None,
                )
            return await self.gate.run(
                origin,
                lambda: self._exchange(ask, authorization, record, None, listener),
                abandoned=lambda: self.trace.left_alone(record),
                begins=ask.begun,
                longest_wait=0.0 if ask.once else None,
            )
        except asyncio.CancelledError:
            if record.state == "waiting":
                self.trace.never_sent(record)
            raise
        except Paused as pause:
            self.trace.never_sent(record)
            raise RateLimited(
                f"{self.name(origin)} asked for a rest; {duration(pause.seconds)} of it are left.",
                retry_after=pause.seconds,
            ) from None
        except Closed:
            self.trace.never_sent(record)
            raise Unreachable(f"{self.name(origin)} was not asked: fanfold has closed its connections.") from None

    async def _exchange(
        self,
        ask: Ask,
        authorization: str,
        record: Exchange,
        release: Callable[[], None] | None,
        listener: Listener | None,
    ) -> Answer:
        if listener is None:
            return await self._recorded(ask, authorization, record, release)
        listener.begun = True
        answer: Answer | None = None
        try:
            answer = await self._recorded(ask, authorization, record, release)
            return answer
        finally:
            listener.tell(answer)

    async def _recorded(
        self, ask: Ask, authorization: str, record: Exchange, release: Callable[[], None] | None
    ) -> Answer:
        self.trace.sent(record)
        task = asyncio.current_task()
        assert task is not None
        try:
            if release is not None:
                return await self._spoken(ask, authorization, record, release)
            self._deadlines.begin(task)
            return await self._spoken(ask, authorization, record, None)
        except asyncio.CancelledError:
            if self._deadlines.end(task):
                late = no_answer(TimeoutError(), self.name(ask.address.origin), record.status, self.settings)
                late.error.request = record.id
                self.trace.broke(record, late.error.sentence)
                raise late from None
            self.trace.broke(record, "stopped")
            raise
        except NoAnswer as lost:
            lost.error.request = record.id
            self.trace.broke(record, lost.error.sentence)
            raise
        except RegistryError as error:
            error.request = record.id
            self.trace.broke(record, error.sentence)
            raise
        except Exception as error:
            name = self.name(ask.address.origin)
            plain = ask.address.origin.scheme == "http" and not self.settings.host(name).plain_http
            none = no_answer(error, name, record.status, self.settings, plain=plain)
            none.error.request = record.id
            self.trace.broke(record, none.error.sentence)
            raise none from error
        finally:
            self._deadlines.end(task)

    async def _spoken(
        self, ask: Ask, authorization: str, record: Exchange, release: Callable[[], None] | None
    ) -> Answer:
        response = await self.transport.handle_async_request(
            await self._request(ask, authorization, record, short=release is None)
        )
        record.status = response.status_code
        fields = Fields(response.headers.raw)
        record.received = redact.fields(fields)
        limits = parse_rate_limit(fields)
        if "warning" in fields:
            self.warnings.setdefault(ask.address.origin, WarningBook(self.settings.max_warnings)).read(
                fields.get_list("warning")
            )
        if limits is not None:
            record.rate_limit = self.rate_limits[ask.address.origin] = limits
        if release is not None and ask.take == "stream" and response.is_success:
            stream = self._stream(response, record, release)
            return Answer(response.status_code, fields, b"", ask.address, record, stream)
        try:
            held = b"" if ask.method == "HEAD" else await self._read(ask, response, fields)
        finally:
            await response.aclose()
        record.bytes_in = len(held)
        self.trace.answered(record)
        answer = Answer(response.status_code, fields, held, ask.address, record)
        if ask.kept is not None and response.is_success:
            ask.kept(answer)
        return answer

    async def _read(self, ask: Ask, response: httpx.Response, fields: Fields) -> bytes:
        if not response.is_success:
            if body.encoded(fields):
                return b""
            return await body.read_some(response, self.settings.max_error_body)
        if ask.take == "some":
            declared = body.declared_length(fields)
            # A short body is read to its end: that keeps the connection.
            whole = declared is not None and declared <= 4_096
            return (await body.read_some(response, 4_097 if whole else ask.limit))[: ask.limit]
        try:
            return await body.read(response, fields, ask.limit)
        except body.BodyTooLarge as error:
            raise TooLarge(
                f"The answer of {self.name(ask.address.origin)} is larger than the limit of {error.limit:,} bytes.",
                status=response.status_code,
            ) from None
        except body.BodyEncoded:
            raise Garbled(
                f"{self.name(ask.address.origin)} compressed its answer although it was asked not to.",
                status=response.status_code,
            ) from None
        except body.BodyCutShort:
            raise self._cut_short(ask.address.origin) from None

    def _stream(self, response: httpx.Response, record: Exchange, release: Callable[[], None]) -> Stream:
        def count(size: int) -> None:
            record.bytes_in += size

        def closed() -> None:
            self.trace.answered(record)
            release()

        return Stream(response, closed, self.settings.read_timeout, count)

    async def _request(self, ask: Ask, authorization: str, record: Exchange, *, short: bool) -> httpx.Request:
        origin = ask.address.origin
        base = self._bases.get(origin)
        if base is None:
            base = self._bases[origin] = httpx.URL(f"{origin}/")
        headers, shown = self._headers(ask.headers, authorization)
        content = ask.content
        extensions: dict[str, object] = {
            "target": ask.address.target.encode("ascii"),
            "timeout": self._short if short else self._long,
        }
        if self._proxies is None:
            self._proxies = Proxies()
        proxy = self._proxies.for_origin(origin)
        if proxy is not None:
            extensions["proxy"] = proxy
        if origin.scheme == "https":
            extensions["tls"] = await self._contexts.get(self.name(origin))
        if content is None and ask.method not in ("PUT", "POST", "PATCH"):
            record.request_headers = shown
            return BodylessRequest(ask.method, base, headers=headers, extensions=extensions)
        length = ask.length if callable(content) else len(content or b"")
        headers = httpx.Headers([*headers.multi_items(), ("Content-Length", str(length))])
        record.request_headers = (*shown, ("Content-Length", str(length)))
        record.bytes_out = length
        sent = content() if callable(content) else content or b""
        return httpx.Request(ask.method, base, headers=headers, content=sent, extensions=extensions)

    def _headers(self, headers: Headers, authorization: str) -> tuple[httpx.Headers, Headers]:
        key = (headers, authorization)
        prepared = self._prepared.get(key)
        if prepared is None:
            if len(self._prepared) >= 64:
                self._prepared.clear()
            pairs = [("User-Agent", self.settings.user_agent), ("Accept-Encoding", "identity"), *headers]
            if authorization:
                pairs.append(("Authorization", authorization))
            prepared = self._prepared[key] = (httpx.Headers(pairs), redact.headers(pairs))
        return prepared

    def _cut_short(self, origin: Origin) -> NoAnswer:
        return NoAnswer(Garbled(f"The answer of {self.name(origin)} broke off before its end."), sent=True, again=True)

    async def aclose(self) -> None:
        await self.gate.aclose()
        self._deadlines.close()
        await self.transport.aclose()


async def _discard(answer: Answer) -> None:
    if answer.stream is not None:
        await answer.stream.aclose()
