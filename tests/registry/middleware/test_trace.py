"""A line for each exchange, and its end: without a network."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from tests.registry.clock import FakeClock
from tests.registry.middleware.scripted import Script, request, response
from tui.registry.endpoints import Endpoints
from tui.registry.errors import RegistryError, TooLarge, Unreachable
from tui.registry.middleware.trace import Tracing
from tui.registry.request import NoResponse, Request, Response, Stream
from tui.registry.settings import ClientSettings
from tui.registry.trace import Trace


@pytest.fixture
def trace() -> Trace:
    return Trace(FakeClock())


@pytest.fixture
def tracing(trace: Trace) -> Tracing:
    return Tracing(trace, Endpoints(ClientSettings()))


async def test_a_line_runs_and_is_done(trace: Trace, tracing: Tracing) -> None:
    states: list[str] = []
    trace.subscribe(lambda exchange: states.append(exchange.state))
    asked = request("HEAD", attempt=3, login_line="curl -sS https://token.example.com")
    assert (await tracing(asked, Script(200))).ok
    (line,) = trace.exchanges
    assert asked.exchange is line and states == ["running", "done"] and line.ms is not None
    assert (line.method, line.host, line.attempt) == ("HEAD", "registry.example.com", 3)
    assert line.how_to_log_in == "curl -sS https://token.example.com"


@pytest.mark.parametrize(
    "error", [TooLarge("It is too large."), NoResponse(Unreachable("It is away."), sent=False, again=True)]
)
async def test_a_line_that_fails_says_why(trace: Trace, tracing: Tracing, error: RegistryError | NoResponse) -> None:
    with pytest.raises(type(error)):
        await tracing(request(), Script(error))
    (line,) = trace.exchanges
    assert line.state == "failed" and line.error == str(error)


async def test_a_line_that_is_stopped(trace: Trace, tracing: Tracing) -> None:
    task = asyncio.create_task(tracing(request(), Script(200, wait=asyncio.Event())))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    (line,) = trace.exchanges
    assert (line.state, line.error) == ("failed", "stopped")


async def test_who_has_waited_has_a_line_already(trace: Trace, tracing: Tracing) -> None:
    asked = request()
    asked.exchange = waiting = trace.opened("GET", "https://h/", "h", "/", 1, wait=True)
    assert list(trace.waiting.values()) == [waiting] and not trace.exchanges
    await tracing(asked, Script(200))
    assert list(trace.exchanges) == [waiting] and not trace.waiting


async def test_a_stream_is_answered_when_it_is_closed(trace: Trace, tracing: Tracing) -> None:
    class Body:
        def close(self) -> None:
            pass

    def opened(asked: Request) -> Response:
        answer = response(asked)
        answer.stream = Stream(cast(Any, Body()), answer.exchange, 30)
        return answer

    answer = await tracing(request(take="stream"), Script(opened))
    assert [line.state for line in trace.exchanges] == ["running"] and answer.stream is not None
    await answer.stream.aclose()
    assert [line.state for line in trace.exchanges] == ["done"]
