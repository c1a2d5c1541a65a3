"""Challenges, tokens, and who waits for whom: without a network."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.registry.clock import FakeClock
from tests.registry.middleware.scripted import Script, request, response
from tui.registry.endpoints import Endpoints, pull_scope
from tui.registry.errors import Denied, Unreachable
from tui.registry.login import Login
from tui.registry.middleware.auth import Auth
from tui.registry.request import Request, Response
from tui.registry.settings import ClientSettings

BEARER = 'Bearer realm="https://auth.example.com/token",service="s"'


class Fixture:
    """The middleware with a token server that numbers its tokens; nobody has stored a login."""

    def __init__(self, folder: Path) -> None:
        settings, clock = ClientSettings(docker_config=folder), FakeClock()
        self.tokens = Script(self.token)
        self.auth = Auth(lambda: Login(settings, Endpoints(settings), clock, self.tokens))

    def token(self, asked: Request) -> Response:
        return response(asked, body=json.dumps({"token": f"t{len(self.tokens.asked)}"}).encode())

    async def send(self, script: Script, asked: Request | None = None) -> Response:
        return await self.auth(asked or request(scopes=pull_scope("app"), repository="app"), script)


@pytest.fixture
def it(tmp_path: Path) -> Fixture:
    return Fixture(tmp_path)


def denied(asked: Request) -> Response:
    return response(asked, 401, [("WWW-Authenticate", BEARER)])


def needs_token(asked: Request) -> Response:
    return response(asked) if asked.authorization.startswith("Bearer t") else denied(asked)


async def test_a_401_is_answered_with_a_token_that_is_kept(it: Fixture) -> None:
    script = Script(needs_token)
    assert (await it.send(script)).ok and (await it.send(script)).ok
    assert script.logins == ["", "Bearer t1", "Bearer t1"] and len(it.tokens.asked) == 1
    (asked,) = it.tokens.asked
    assert "scope=repository:app:pull" in str(asked.address) and not asked.authenticate
    assert "auth.example.com/token" in script.asked[1].login_line, "the trace is told how to get one by hand"


async def test_a_registry_that_asks_for_nothing_gets_nothing(it: Fixture) -> None:
    script = Script(200)
    await it.send(script)
    await it.send(script)
    assert script.logins == ["", ""] and not it.tokens.asked


async def test_the_first_goes_alone_and_teaches_the_others(it: Fixture) -> None:
    script = Script(needs_token)
    answers = await asyncio.gather(*(it.send(script) for _ in range(20)))
    assert all(answer.ok for answer in answers) and len(it.tokens.asked) == 1
    assert script.logins.count("") == 1 and script.logins.count("Bearer t1") == 20


async def test_an_exchange_that_has_begun_teaches_although_its_caller_left(it: Fixture) -> None:
    async def next(asked: Request) -> Response:
        asked.begun = True
        await asyncio.sleep(60)
        return response(asked)

    asked = request()
    first = asyncio.create_task(it.auth(asked, next))
    await asyncio.sleep(0)
    second = asyncio.create_task(it.send(Script(needs_token)))
    first.cancel()
    await asyncio.sleep(0.001)
    assert not second.done() and asked.on_end is not None
    asked.on_end(denied(asked))  # the limiter does this, in the exchange's own task
    assert (await asyncio.wait_for(second, 0.5)).ok and len(it.tokens.asked) == 1
    await asyncio.gather(first, return_exceptions=True)


async def test_when_the_first_leaves_before_it_began_the_next_is_the_first(it: Fixture) -> None:
    first = asyncio.create_task(it.send(Script(200, wait=asyncio.Event())))
    await asyncio.sleep(0)
    script = Script(200)
    second = asyncio.create_task(it.send(script))
    await asyncio.sleep(0)
    assert not script.asked
    first.cancel()
    assert (await asyncio.wait_for(second, 0.5)).ok
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_an_error_of_the_first_holds_nobody_up(it: Fixture) -> None:
    with pytest.raises(Unreachable):
        await it.send(Script(Unreachable("It is away.")))
    assert (await asyncio.wait_for(it.send(Script(200)), 0.5)).ok


async def test_a_token_that_is_not_accepted_is_replaced_once(it: Fixture) -> None:
    script = Script(denied)
    assert (await it.send(script)).status == 401
    assert script.logins == ["", "Bearer t1"]
    assert (await it.send(script)).status == 401
    assert script.logins[2:] == ["Bearer t2", "Bearer t3"], "the first one is not kept"


async def test_a_scope_that_is_missing_is_asked_for_once_more(it: Fixture) -> None:
    wider = f'{BEARER},scope="repository:base:pull",error="insufficient_scope"'
    script = Script(denied, lambda asked: response(asked, 401, [("WWW-Authenticate", wider)]), 200)
    assert (await it.send(script)).ok
    assert "scope=repository:base:pull" in str(it.tokens.asked[1].address)


async def test_only_schemes_that_are_spoken(it: Fixture) -> None:
    with pytest.raises(Denied, match="negotiate"):
        await it.send(Script(lambda asked: response(asked, 401, [("WWW-Authenticate", "Negotiate")])))


async def test_what_is_not_to_log_in_does_not(it: Fixture) -> None:
    script = Script(denied)
    assert (await it.send(script, request(authenticate=False))).status == 401
    assert script.logins == [""] and not it.tokens.asked


async def test_everything_but_the_exchange_is_done_before(it: Fixture) -> None:
    await it.send(Script(needs_token))
    asked = request("PUT", scopes=("repository:app:pull,push",), repository="app", write=True)
    await it.auth.prepare(asked)
    assert len(it.tokens.asked) == 2
    script = Script(201)
    await it.send(script, asked)
    assert script.logins == ["Bearer t2"] and len(it.tokens.asked) == 2
