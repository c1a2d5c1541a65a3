"""When there is no answer: what happened, in words, and whether the request may have got through."""

from __future__ import annotations

import httpx

from tui.registry.ask import NoAnswer
from tui.registry.errors import TimedOut, TlsFailure, Unreachable
from tui.registry.settings import ClientSettings
from tui.registry.tls import TlsFiles
from tui.registry.transport import TlsError
from tui.text import duration, safe


def no_answer(error: Exception, name: str, status: int | None, settings: ClientSettings) -> NoAnswer:
    """What happened, in words.  An address that nobody answers is never a missing object."""
    if isinstance(error, TlsError):
        reason = _tls_reason(error)
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
        return NoAnswer(Unreachable(sentence, status=status), sent=True, again=True, stale=status is None)
    if isinstance(error, httpx.HTTPError | UnicodeError | ValueError):
        sentence = f"{name} does not speak HTTP as it should ({safe(type(error).__name__)})."
        return NoAnswer(Unreachable(sentence, status=status), sent=True, again=False)
    raise error


def _tls_reason(error: BaseException) -> str:
    cause = error.__cause__
    inner = getattr(cause, "certificate_error", None) or getattr(cause, "os_error", None) or cause
    text = getattr(inner, "verify_message", "") or getattr(inner, "reason", "") or ""
    return safe(str(text), limit=200) or "the TLS handshake failed"
