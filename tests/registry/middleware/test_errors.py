"""What the connection raises, in words, and whether the request may have got through: without a network."""

from __future__ import annotations

import pytest

from tests.registry.middleware.scripted import Script, exchange, request
from tui.registry.endpoints import Endpoints
from tui.registry.errors import NotFound, RegistryError, TimedOut, TlsFailure, TooLarge, Unreachable
from tui.registry.middleware.errors import Errors
from tui.registry.request import NoResponse
from tui.registry.settings import ClientSettings
from tui.registry.tls import TlsFiles
from tui.registry.transport import (
    ConnectFailed,
    ConnectionLost,
    ConnectTimeout,
    NotHttp,
    ProxyFailed,
    ReadTimeout,
    TlsError,
)


def errors() -> Errors:
    settings = ClientSettings()
    return Errors(settings, Endpoints(settings))


@pytest.mark.parametrize(
    ("raised", "kind", "words", "sent", "again"),
    [
        (TlsError("x"), TlsFailure, "could not be trusted", False, False),
        (TlsFiles("The file cannot be used."), TlsFailure, "The file cannot be used.", False, False),
        (ProxyFailed("x"), Unreachable, "The proxy on the way", False, True),
        (ConnectTimeout("x"), TimedOut, "could not be reached within", False, True),
        (ConnectFailed("name"), Unreachable, "DNS lookup failed", False, False),
        (ConnectFailed("refused"), Unreachable, "connection refused", False, False),
        (ConnectFailed("connect"), Unreachable, "could not be reached.", False, True),
        (ReadTimeout("x"), TimedOut, "did not answer within 30", True, True),
        (TimeoutError(), TimedOut, "did not answer within 1 min", True, True),
        (ConnectionLost("x"), Unreachable, "before it had answered", True, True),
        (NotHttp("x"), Unreachable, "invalid HTTP answer", True, False),
        (UnicodeError("x"), Unreachable, "invalid HTTP answer", True, False),
    ],
)
async def test_what_is_raised_becomes_a_sentence(
    raised: Exception, kind: type[RegistryError], words: str, sent: bool, again: bool
) -> None:
    asked = request()
    asked.exchange = exchange(asked.address)
    with pytest.raises(NoResponse) as caught:
        await errors()(asked, Script(raised))
    lost = caught.value
    assert type(lost.error) is kind and words in lost.error.sentence
    assert (lost.sent, lost.again) == (sent, again) and lost.error.exchange_id == asked.exchange.id


async def test_a_connection_that_was_kept_too_long_is_stale() -> None:
    with pytest.raises(NoResponse) as caught:
        await errors()(request(), Script(ConnectionLost("x")))
    assert caught.value.stale


async def test_the_middle_of_an_answer() -> None:
    asked = request()
    asked.exchange = exchange(asked.address)
    asked.exchange.status = 200
    with pytest.raises(NoResponse, match="in the middle of its answer") as caught:
        await errors()(asked, Script(ConnectionLost("x")))
    assert not caught.value.stale and caught.value.error.status == 200


async def test_plain_http_on_loopback_is_a_guess_and_said_so() -> None:
    with pytest.raises(NoResponse, match="by plain http"):
        await errors()(request(url="http://127.0.0.1:5000/v2/"), Script(ConnectionLost("x")))


@pytest.mark.parametrize("raised", [TooLarge("It is too large."), NoResponse(NotFound("x"), sent=True, again=True)])
async def test_what_has_its_words_keeps_them(raised: Exception) -> None:
    with pytest.raises(type(raised)) as caught:
        await errors()(request(), Script(raised))
    assert caught.value is raised


async def test_a_fault_of_ours_is_not_the_connections() -> None:
    with pytest.raises(KeyError):
        await errors()(request(), Script(KeyError("x")))


async def test_an_answer_goes_through() -> None:
    assert (await errors()(request(), Script(500))).status == 500


def test_an_error_is_frozen() -> None:
    error = NotFound("It is not there.", confirmed=False)
    for name in ("sentence", "status", "code", "exchange_id", "retry_after", "confirmed", "something_new"):
        with pytest.raises(AttributeError, match="not changed"):
            setattr(error, name, None)
    assert error.sentence == "It is not there." and error.confirmed is False
    error.add_note("Python's own may be added.")
