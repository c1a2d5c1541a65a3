"""When there is no answer: what happened, in words, and whether the request may have got through."""

from __future__ import annotations

from tui.registry.endpoints import Endpoints
from tui.registry.errors import NotAsked, RegistryError, TimedOut, TlsFailure, Unreachable
from tui.registry.middleware import Send
from tui.registry.request import NoResponse, Request, Response
from tui.registry.settings import ClientSettings
from tui.registry.tls import TlsFiles
from tui.registry.transport import (
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    NoAnswer,
    ProxyFailed,
    ReadTimeout,
    TlsError,
    UnusableProxy,
)
from tui.text import duration, safe

_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"})
"""What OpenSSL says of an answer that is no TLS at all, such as HTTP."""


class Errors:
    """Turns what the connection raises into NoResponse. An address that nobody answers is never a missing object."""

    def __init__(self, settings: ClientSettings, endpoints: Endpoints) -> None:
        self._settings = settings
        self._endpoints = endpoints

    async def __call__(self, request: Request, next: Send) -> Response:
        try:
            return await next(request)
        except (RegistryError, NoResponse):
            raise
        except Exception as error:
            raise self._connection_error(request, error) from error

    def _connection_error(self, request: Request, error: Exception) -> NoResponse:
        """No advice makes a connection less safe than it is. Raises what is no fault of the connection's."""
        name = self._endpoints.name(request.address.origin)
        exchange = request.exchange
        status = exchange.status if exchange is not None else None
        number = exchange.id if exchange is not None else None

        def lost(kind: type[Unreachable], sentence: str, *, sent: bool, again: bool, stale: bool = False) -> NoResponse:
            return NoResponse(kind(sentence, status=status, exchange_id=number), sent=sent, again=again, stale=stale)

        if isinstance(error, TlsError):
            return lost(TlsFailure, self._tls_sentence(name, error), sent=False, again=False)
        if isinstance(error, TlsFiles):
            return lost(TlsFailure, str(error), sent=False, again=False)
        if isinstance(error, UnusableProxy):
            advice = "Set an http:// proxy, or name the host in NO_PROXY."
            not_asked = NotAsked(f"No request to {name}: {error}.", exchange_id=number, advice=advice)
            return NoResponse(not_asked, sent=False, again=False)
        if isinstance(error, ProxyFailed):
            return lost(Unreachable, f"The proxy on the way to {name} did not answer.", sent=False, again=True)
        if isinstance(error, ConnectTimeout):
            seconds = duration(self._settings.connect_timeout)
            return lost(TimedOut, f"{name} could not be reached within {seconds}.", sent=False, again=True)
        if isinstance(error, ConnectFailed):
            why = {"name": "DNS lookup failed", "refused": "connection refused"}.get(error.why, "")
            sentence = f"{name} could not be reached{f': {why}' if why else ''}."
            return lost(Unreachable, sentence, sent=False, again=not why)
        if isinstance(error, ReadTimeout | TimeoutError):
            reading = isinstance(error, ReadTimeout)
            limit = self._settings.read_timeout if reading else self._settings.request_timeout
            return lost(TimedOut, f"{name} did not answer within {duration(limit)}.", sent=True, again=True)
        if isinstance(error, ConnectionLost):
            when = "before it had answered" if status is None else "in the middle of its answer"
            sentence = f"{name} closed the connection {when}."
            # Asked by http because it is on loopback, not because anybody said so.
            plain = request.address.origin.scheme == "http" and not self._settings.host(name).plain_http
            if plain and status is None:
                sentence += (
                    " Loopback hosts are requested by plain http; if it speaks TLS, write https:// before its "
                    "name, and use --ca for the authority of its certificate."
                )
            return lost(Unreachable, sentence, sent=True, again=True, stale=status is None)
        if isinstance(error, NoAnswer | UnicodeError | ValueError):
            sentence = f"{name} sent an invalid HTTP answer."
            return lost(Unreachable, sentence, sent=True, again=False)
        raise error

    def _tls_sentence(self, name: str, error: TlsError) -> str:
        reason = _tls_reason(error)
        if reason not in _NO_TLS:
            return f"{name} could not be trusted: {reason}. If that is your own registry, use --ca or --insecure."
        typed = " and write it without https://" if name.lower() in self._settings.typed_tls else ""
        return f"{name} does not speak TLS. If it is a registry that speaks plain http, use --plain-http{typed}."


def _tls_reason(error: BaseException) -> str:
    cause = error.__cause__
    inner = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None) or cause
    text = getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or ""
    return safe(str(text), limit=200) or "the TLS handshake failed"
