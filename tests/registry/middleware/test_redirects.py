"""Where redirects lead and what goes along, and writes to hosts that are read-only: without a network."""

from __future__ import annotations

import pytest

from tests.registry.middleware.scripted import URL, Script, request, response
from tui.registry.endpoints import Endpoints
from tui.registry.errors import NotARegistry, Policy, Unreachable
from tui.registry.middleware.read_only import ReadOnly
from tui.registry.middleware.redirects import Redirects
from tui.registry.request import Request, Response
from tui.registry.settings import ClientSettings, HostSettings

STORAGE = "https://storage.example.com/signed?X-Signature=1"


def redirects() -> Redirects:
    settings = ClientSettings(redirects=3)
    return Redirects(settings, Endpoints(settings))


def to(location: str, status: int = 307) -> Script:
    """A redirect, then a good answer."""

    def first(asked: Request) -> Response:
        return response(asked, status, [("Location", location)])

    return Script(first, 200)


async def test_another_host_gets_nothing_of_ours() -> None:
    script = to(STORAGE)
    asked = request(headers=(("Accept", "*/*"), ("Range", "bytes=0-0"), ("X-Ours", "1")))
    asked.authorization = "Bearer t"
    answer = await redirects()(asked, script)
    there = script.asked[1]
    assert str(answer.address) == str(there.address) == STORAGE
    assert not there.authenticate and there.authorization == "" and there.on_end is None
    assert there.headers == (("Accept", "*/*"), ("Range", "bytes=0-0"))


async def test_the_same_host_is_asked_as_before() -> None:
    script = to("/v2/app/blobs/sha256:2")
    await redirects()(request(headers=(("X-Ours", "1"),)), script)
    assert script.asked[1].authenticate and script.asked[1].headers == (("X-Ours", "1"),)


async def test_who_comes_back_from_elsewhere_is_a_stranger() -> None:
    script = Script(
        lambda asked: response(asked, 302, [("Location", STORAGE)]),
        lambda asked: response(asked, 302, [("Location", "https://registry.example.com/v2/x")]),
        200,
    )
    await redirects()(request(), script)
    assert [each.authenticate for each in script.asked] == [True, False, False]


async def test_what_is_not_to_be_followed_is_not() -> None:
    script = to(STORAGE)
    assert (await redirects()(request(follow=False), script)).status == 307 and len(script.asked) == 1


async def test_a_redirect_to_nowhere_is_an_answer() -> None:
    assert (await redirects()(request(), Script(302))).status == 302


@pytest.mark.parametrize(
    "location", ["http://registry.example.com/x", "https://10.0.0.1/x", "https://u:p@h/x", "ftp://h/"]
)
async def test_where_we_do_not_go(location: str) -> None:
    with pytest.raises(Unreachable, match="a refused address"):
        await redirects()(request(), to(location))


async def test_no_end() -> None:
    with pytest.raises(NotARegistry, match="without end"):
        await redirects()(request(), to(URL))
    numbers = iter(range(9))
    on = Script(lambda asked: response(asked, 307, [("Location", f"/v2/{next(numbers)}")]))
    with pytest.raises(NotARegistry, match="without end"):
        await redirects()(request(), on)
    assert len(on.asked) == 4


async def test_a_write_stays_where_it_is() -> None:
    with pytest.raises(Unreachable, match="redirects a login or a write"):
        await redirects()(request("PUT", write=True), to(STORAGE))
    with pytest.raises(NotARegistry, match="redirects a write"):
        await redirects()(request("PUT", write=True), to("/elsewhere", 302))
    assert (await redirects()(request("PUT", write=True), to("/elsewhere", 308))).ok


async def test_nothing_is_written_to_a_host_that_is_read_only() -> None:
    for settings in (
        ClientSettings(read_only=True),
        ClientSettings(hosts={"h.example.com": HostSettings(read_only=True)}),
    ):
        endpoints = Endpoints(settings)
        endpoints.origin("h.example.com")
        script = Script(201)
        with pytest.raises(Policy, match="read-only"):
            await ReadOnly(settings, endpoints)(request("PUT", "https://h.example.com/v2/x"), script)
        assert not script.asked
    assert (await ReadOnly(ClientSettings(), Endpoints(ClientSettings()))(request("PUT"), Script(201))).ok
