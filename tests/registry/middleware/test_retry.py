"""What is asked again, after which wait, and what is believed: without a network."""

from __future__ import annotations

import pytest

from tests.registry.clock import FakeClock
from tests.registry.middleware.scripted import Script, Step, request, response
from tui.registry.endpoints import Endpoints
from tui.registry.errors import NotFound, RateLimited, RegistryError, TimedOut, Unreachable
from tui.registry.middleware.limiter import Limiter
from tui.registry.middleware.retry import Retry
from tui.registry.request import NoResponse, Request, Response
from tui.registry.settings import ClientSettings
from tui.registry.trace import Trace

LOST = NoResponse(Unreachable("It closed the connection."), sent=True, again=True)
NOT_SENT = NoResponse(Unreachable("It could not be reached."), sent=False, again=True)
NO_USE = NoResponse(Unreachable("It refused the connection."), sent=False, again=False)
STALE = NoResponse(Unreachable("It closed the connection."), sent=True, again=True, stale=True)
LATE = NoResponse(TimedOut("It did not answer."), sent=True, again=True)


class Fixture:
    """The middleware with a limiter and a clock whose chance is always 0.5."""

    def __init__(self) -> None:
        settings, self.clock = ClientSettings(), FakeClock()
        endpoints = Endpoints(settings)
        self.limiter = Limiter(settings, endpoints, self.clock, Trace(self.clock))
        self.retry = Retry(settings, endpoints, self.clock, self.limiter)

    async def send(self, script: Script, asked: Request | None = None) -> Response:
        return await self.retry(asked or request(), script)


@pytest.mark.parametrize(
    ("steps", "status", "slept"),
    [
        ([200], 200, []),
        ([404], 404, []),
        ([501], 501, []),
        ([503, 502, 200], 200, [0.125, 0.25]),
        ([503], 503, [0.125, 0.25, 0.5, 1.0]),
        ([500, 500, 200], 500, [0.125]),
        ([LOST, NOT_SENT, 200], 200, [0.125, 0.25]),
        ([STALE, 200], 200, []),
        ([LATE, 200], 200, [0.125]),
    ],
)
async def test_what_is_asked_again(steps: list[Step], status: int, slept: list[float]) -> None:
    it, script = Fixture(), Script(*steps)
    assert (await it.send(script)).status == status
    assert it.clock.slept == slept and len(script.asked) == len(slept) + 1 + (STALE in steps)


async def test_the_attempts_are_counted() -> None:
    attempts: list[int] = []

    def note(asked: Request) -> Response:
        attempts.append(asked.attempt)
        return response(asked, 503 if len(attempts) < 3 else 200)

    await Fixture().send(Script(note))
    assert attempts == [1, 2, 3]


@pytest.mark.parametrize(
    ("lost", "times", "error"), [(LOST, 5, Unreachable), (NO_USE, 1, Unreachable), (LATE, 2, TimedOut)]
)
async def test_what_was_never_answered(lost: NoResponse, times: int, error: type[RegistryError]) -> None:
    script = Script(lost)
    with pytest.raises(error) as caught:
        await Fixture().send(script)
    assert caught.value is lost.error and len(script.asked) == times


async def test_a_wait_that_is_asked_for() -> None:
    it = Fixture()
    script = Script(lambda asked: response(asked, 503, [("Retry-After", "7")]), 200)
    assert (await it.send(script)).ok and it.clock.slept == [7.0]


async def test_a_wait_that_is_too_long_is_not_waited() -> None:
    it = Fixture()
    script = Script(lambda asked: response(asked, 503, [("Retry-After", "61")]))
    assert (await it.send(script)).status == 503 and it.clock.slept == []


async def test_the_deadline_ends_it() -> None:
    it = Fixture()
    script = Script(lambda asked: response(asked, 503, [("Retry-After", "50")]))
    assert (await it.send(script)).status == 503 and it.clock.slept == [50.0, 50.0]


async def test_a_429_pauses_the_host_and_not_the_question() -> None:
    it = Fixture()
    asked = request()
    script = Script(lambda each: response(each, 429, [("Retry-After", "9")]), 200)
    assert (await it.send(script, asked)).ok
    assert it.clock.slept == [] and it.limiter.lane(asked.address.origin).paused_until == it.clock.now() + 9


async def test_a_long_429_is_remembered_for_the_like_of_it() -> None:
    it = Fixture()
    limited = Script(lambda asked: response(asked, 429, [("Retry-After", "600")]))
    with pytest.raises(RateLimited) as caught:
        await it.send(limited)
    assert caught.value.retry_after == 600
    it.clock.time += 2
    with pytest.raises(RateLimited) as caught:
        await it.send(limited)
    assert len(limited.asked) == 1 and caught.value.retry_after == 598
    assert (await it.send(Script(200), request("HEAD"))).ok, "no pull limit counts those"
    it.clock.time += 5
    assert (await it.send(Script(200))).ok


async def test_what_is_sent_once_is_sent_once() -> None:
    it, asked = Fixture(), request("PUT", write=True, once=True)
    with pytest.raises(RateLimited) as caught:
        await it.send(Script(lambda each: response(each, 429, [("Retry-After", "3")])), asked)
    assert caught.value.retry_after == 3
    assert it.limiter.lane(asked.address.origin).paused_until > it.clock.now()
    script = Script(503)
    assert (await it.send(script, request("PUT", write=True, once=True))).status == 503 and len(script.asked) == 1


async def test_a_write_that_may_have_got_through_is_not_repeated() -> None:
    script = Script(LOST)
    with pytest.raises(NoResponse):
        await Fixture().send(script, request("POST", write=True))
    assert len(script.asked) == 1
    script = Script(504)
    assert (await Fixture().send(script, request("POST", write=True))).status == 504 and len(script.asked) == 1
    script = Script(NOT_SENT, 201)
    assert (await Fixture().send(script, request("POST", write=True))).status == 201


async def test_a_repeatable_write_is_repeated_and_then_unknown() -> None:
    script = Script(LOST)
    with pytest.raises(NoResponse):
        await Fixture().send(script, request("PUT", write=True, repeatable=True))
    assert len(script.asked) == 5


async def test_other_errors_go_through() -> None:
    script = Script(NotFound("It is not there."))
    with pytest.raises(NotFound):
        await Fixture().send(script)
    assert len(script.asked) == 1
