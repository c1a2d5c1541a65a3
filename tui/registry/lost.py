"""When there is no answer: what happened, in words, and whether the request may have got through."""

from __future__ import annotations

import httpx

from tui.registry.ask import NoAnswer
from tui.registry.errors import TimedOut, TlsFailure, Unreachable
from tui.registry.settings import ClientSettings
from tui.registry.tls import TlsFiles
from tui.registry.transport import TlsError
from tui.text import duration, safe

#: What OpenSSL says of an answer that is no TLS at all, such as HTTP.
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST"})


def no_answer(
    error: Exception, name: str, status: int | None, settings: ClientSettings, *, plain: bool = False
) -> NoAnswer:
    """What happened, in words. An address that nobody answers is never a missing object.  `plain`: it was asked by
    http because it is on loopback, not because anybody said so. No advice makes a connection less safe than it is."""
    if isinstance(error, TlsError):
        reason = _tls_reason(error)
        if reason in _NO_TLS:
            typed = " and write it without https://" if name.lower() in settings.typed_tls else ""
            sentence = (
                f"{name} does not speak TLS. "
                f"If it is a registry that speaks plain http, use --plain-http for it{typed}."
            )
        else:
            sentence = f"{name} could not be trusted: {reason}. If that is your own registry, use --ca or --insecure."
        return NoAnswer(TlsFailure(sentence), sent=False, again=False)
    if isinstance(error, TlsFiles):
        return NoAnswer(TlsFailure(str(error)), sent=False, again=False)
    if isinstance(error, httpx.ProxyError):
        return NoAnswer(Unreachable(f"The proxy on the way to {name} did not answer."), sent=False, again=True)
    if isinstance(error, httpx.ConnectTimeout):
        seconds = duration(settings.connect_timeout)
        return NoAnswer(TimedOut(f"{name} could not be reached within {seconds}."), sent=False, again=True)
    if isinstance(error, httpx.ConnectError):
        why = {"name": "its name is not known", "refused": "it refused the connection"}.get(str(error), "")
        sentence = f"{name} could not be reached{f': {why}' if why else ''}."
        return NoAnswer(Unreachable(sentence), sent=False, again=str(error) not in ("name", "refused"))
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        limit = settings.read_timeout if isinstance(error, httpx.ReadTimeout) else settings.request_timeout
        sentence = f"{name} did not answer within {duration(limit)}."
        return NoAnswer(TimedOut(sentence, status=status), sent=True, again=True)
    if isinstance(error, httpx.ReadError):
        when = "before it had answered" if status is None else "in the middle of its answer"
        sentence = f"{name} closed the connection {when}."
        if plain and status is None:
            sentence += (
                " It was asked by plain http, as loopback hosts are; if it speaks TLS, write https:// before its name, "
                "and use --ca for the authority of its certificate."
            )
        return NoAnswer(Unreachable(sentence, status=status), sent=True, again=True, stale=status is None)
    if isinstance(error, httpx.HTTPError | UnicodeError | ValueError):
        sentence = f"{name} does not speak HTTP as it should: what it answered could not be read."
        return NoAnswer(Unreachable(sentence, status=status), sent=True, again=False)
    raise error


def _tls_reason(error: BaseException) -> str:
    cause = error.__cause__
    inner = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None) or cause
    text = getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or ""
    return safe(str(text), limit=200) or "the TLS handshake failed"
