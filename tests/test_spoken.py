"""What the engine has to say beside its results: how names were read, logins that did not help, rests."""

from __future__ import annotations

import http.server
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.registry.images import RegistryStub
from tests.registry.server import Asked, Reply, serving
from tests.registry.tokens import PASSWORD, TokenStub, logged_in
from tests.support.commands import run_check, run_create
from tui.app.services import demo_connect
from tui.config import Settings
from tui.engine import Engine, connect
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.sources.spec import parse_source


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    made = await connect(Settings())
    yield made
    await made.aclose()


async def test_a_typed_https_is_said_and_remembered(engine: Engine) -> None:
    said: list[str] = []
    engine.speak(said.append)
    node = await engine.open("https://127.0.0.1:1/app:1")
    await engine.open("127.0.0.1:1/app:2")
    assert engine.notices == (
        "https://127.0.0.1:1/app:1: left out the scheme https://; 127.0.0.1:1 is asked by https.",
    )
    await engine.explorer.open(node)
    assert [each.url for each in engine.trace.exchanges][:1] == ["https://127.0.0.1:1/v2/app/manifests/1"]
    assert said == list(engine.notices)
    await engine.open("http://127.0.0.1:1")
    assert engine.client.settings.host("127.0.0.1:1").speaks_http("127.0.0.1:1")


async def test_a_typed_http_weakens_nothing(engine: Engine) -> None:
    await engine.open("http://ghcr.io/org/app:1")
    (notice,) = engine.notices
    assert "ghcr.io is asked by https. Use --plain-http ghcr.io for http." in notice
    assert not engine.client.settings.host("ghcr.io").speaks_http("ghcr.io")


@pytest.mark.parametrize(
    ("text", "scheme"),
    [("https://lan:5000/", "https"), ("HTTP://lan:5000/a:1", "http"), ("lan:5000/a", ""), ("https://lan/a", "https")],
)
def test_the_scheme_of_a_source(text: str, scheme: str) -> None:
    spec = parse_source(text)
    assert spec.scheme == scheme and bool(spec.note) is bool(scheme)


async def test_a_denial_tells_of_the_login_that_did_not_help(engine: Engine, hermetic: Path) -> None:
    async with serving(TokenStub(scheme="Basic")) as server:
        logged_in(hermetic / ".docker", server.address, username="a", password="b-MARKER")
        node = await engine.open(f"{server.address}/app:latest")
        with pytest.raises(SourceError) as caught:
            await node.source.manifest("app", "latest")
        assert caught.value.presence is Presence.DENIED
        assert "answered 401 to the stored login" in caught.value.sentence and "MARKER" not in caught.value.sentence
        await engine.aclose()


async def test_a_rest_and_a_refused_login_are_spoken_once(engine: Engine, hermetic: Path) -> None:
    stub, limits = TokenStub(refuse_login=401), [1]

    def handler(asked: Asked) -> Reply:
        limited = "manifests" in asked.path and limits and limits.pop()
        return Reply(429, [("Retry-After", "1")]) if limited else stub(asked)

    said: list[str] = []
    engine.speak(said.append)
    async with serving(handler) as server:
        logged_in(hermetic / ".docker", server.address)
        node = await engine.open(f"{server.address}/app:latest")
        await engine.explorer.check(node).wait()
        await engine.aclose()
    assert said[0] == f"{server.address} limits the rate of requests: waiting 1.0 s."
    assert len(said) == 2 and "did not accept the stored login" in said[1] and PASSWORD not in said[1]


async def test_the_embedded_registry_needs_no_authority(tmp_path: Path) -> None:
    """`fanfold demo --ca FILE` asks its own registry as ever, and the user's settings stay as they are."""
    settings = replace(Settings(), ca=tmp_path / "ca.pem", tls_on_loopback=True)
    world = await demo_connect(settings)()
    try:
        assert world.engine is not None and world.demo is not None
        node = await world.open(f"{world.demo.address}/library/hello:1")
        await world.explorer.open(node)
        assert node.manifest is not None and not settings.hosts
        assert not world.engine.client.settings.host("127.0.0.1:1").speaks_http("127.0.0.1:1")
    finally:
        await world.close()


@pytest.fixture
def web_server() -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_web_server_is_not_a_registry_without_images(web_server: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_check(Settings(), [f"{web_server}/app:latest"]) == 3
    out, _ = capsys.readouterr()
    assert "this may be no registry" in out and "push" not in out.lower()
    assert run_check(Settings(), [f"{web_server}/app"]) == 3
    assert run_create(Settings(), f"{web_server}/app:new", [f"{web_server}/app:latest"], dry_run=True) == 3


def test_create_heeds_a_typed_scheme_and_says_how_it_asks(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_create(Settings(), "localhost:1/app:new", ["https://127.0.0.1:1/app:1"]) == 3
    _, err = capsys.readouterr()
    assert "fanfold: https://127.0.0.1:1/app:1: left out the scheme https://; 127.0.0.1:1 is asked by https." in err


async def test_an_open_registry_gives_nothing_to_say(engine: Engine) -> None:
    said: list[str] = []
    engine.speak(said.append)
    async with serving(RegistryStub()) as server:
        await engine.explorer.check(await engine.open(f"{server.address}/app:latest")).wait()
        await engine.aclose()
    assert said == []
