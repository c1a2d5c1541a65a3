"""No secret anywhere but on the wire, and there only where it belongs (docs/protocol-notes.md, B-20 to B-26, J-03).

Marker secrets are everywhere in these sessions: every artefact is searched for them, and servers that must never see a
credential fail the test when they do.
"""

from __future__ import annotations

import asyncio
import logging
import shlex
import subprocess
import traceback
from pathlib import Path

import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, MANIFEST, RegistryStub
from tests.registry.server import Asked, Reply, error, jsoned
from tests.registry.tokens import LOGIN, PASSWORD, TokenStub, logged_in
from tests.registry.writable import Writable, chunks
from tui.oci import media
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import RegistryError

BLOB = Digest.of(LAYER)
MARKERS = ("MARKER", PASSWORD, LOGIN.partition(" ")[2])


def everything(client: Client, errors: list[BaseException], log: str) -> str:
    parts = [log, repr(client.trace.exchanges), repr(client.settings), str(list(client.notices("x")))]
    for exchange in client.trace.exchanges:
        parts += [exchange.curl(), repr(exchange), str(exchange.request_headers), str(exchange.response_headers)]
    for problem in errors:
        parts += traceback.format_exception(problem, limit=3)
        parts.append(repr(getattr(problem, "__dict__", "")))
    return "\n".join(parts)


async def test_a_whole_session_of_markers(
    serve: Serve, connect: Connect, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    storage = await serve(lambda asked: Reply(200, [("X-Amz-Meta", "MARKER")], LAYER))
    writable = Writable()
    stub = TokenStub(stub=writable)

    def handler(asked: Asked) -> Reply:
        reply = stub(asked)
        reply.headers.append(("Set-Cookie", "session=MARKER"))
        reply.headers.append(("X-Secret-Token", "MARKER"))
        if asked.method == "GET" and "/blobs/" in asked.path and reply.status != 401:
            return Reply(307, [("Location", f"http://{storage.address}/b?X-Sig=MARKER&digest=x")])
        if asked.path.endswith("/manifests/broken"):
            return error(500, "UNKNOWN", "it broke")
        return reply

    server = await serve(handler)
    writable.location = lambda asked, path: f"{path}&token=MARKER"
    client = connect(docker_config=logged_in(tmp_path, server.address))
    errors: list[BaseException] = []
    for work in (
        client.get_manifest(server.address, "app", "latest"),
        client.get_manifest(server.address, "app", "broken"),
        client.head_blob(server.address, "app", BLOB),
        client.read_blob(server.address, "app", BLOB, limit=100),
        client.mount(server.address, "app", BLOB, "base"),
        client.put_blob(server.address, "app", BLOB, len(LAYER), chunks(LAYER)),
        client.put_manifest(server.address, "app", "v1", MANIFEST, media.OCI_MANIFEST),
        client.delete_manifest(server.address, "app", "v1"),
    ):
        try:
            await work
        except RegistryError as problem:
            errors.append(problem)
    seen = everything(client, errors, caplog.text)
    for marker in MARKERS:
        assert marker not in seen
    assert any(asked.login == LOGIN for asked in server.asked), "the login was used at all"
    assert not any("cookie" in asked.headers for asked in (*server.asked, *storage.asked))
    assert not any("x-key" in asked.headers for asked in (*server.asked, *storage.asked))
    assert storage.asked and not any(asked.login for asked in storage.asked)


@pytest.mark.parametrize("entry", [{}, {"identitytoken": "MARKER"}, {"registrytoken": "MARKER"}])
async def test_a_refused_login_is_not_repeated_in_the_error(
    serve: Serve, connect: Connect, tmp_path: Path, caplog: pytest.LogCaptureFixture, entry: dict[str, str]
) -> None:
    """A token server that echoes what it was sent."""
    caplog.set_level(logging.DEBUG)
    stub = TokenStub()

    def handler(asked: Asked) -> Reply:
        if asked.path == "/token":
            return error(403, "DENIED", f"{asked.login} {asked.body!r} {PASSWORD}")
        return stub(asked)

    server = await serve(handler)
    client = connect(docker_config=logged_in(tmp_path, server.address, **entry))
    with pytest.raises(RegistryError) as caught:
        await client.begin_upload(server.address, "app")
    seen = everything(client, [caught.value], caplog.text)
    for marker in MARKERS:
        assert marker not in seen


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["HEAD", "GET"])
async def test_an_attacker_never_sees_a_credential(
    serve: Serve, connect: Connect, tmp_path: Path, status: int, method: str
) -> None:
    """Another port of the same host is another origin; so is localhost for 127.0.0.1."""
    attacker = await serve(lambda asked: Reply(401, [("WWW-Authenticate", 'Basic realm="give"')]))
    port = attacker.address.rpartition(":")[2]
    for host in (f"127.0.0.1:{port}", f"localhost:{port}"):
        inner = TokenStub(stub=lambda asked, host=host: Reply(status, [("Location", f"http://{host}/x")]))  # type: ignore[misc]
        server = await serve(inner)
        client = connect(docker_config=logged_in(tmp_path, server.address))
        with pytest.raises(RegistryError):
            if method == "HEAD":
                await client.head_blob(server.address, "app", BLOB)
            else:
                await client.read_blob(server.address, "app", BLOB, limit=100)
    assert attacker.asked
    for asked in attacker.asked:
        assert not asked.login and set(asked.headers) <= {"host", "user-agent", "accept", "accept-encoding", "range"}


async def test_basic_does_not_travel_either(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    storage = await serve(lambda asked: Reply(200, body=LAYER))
    server = await serve(
        TokenStub(scheme="Basic", stub=lambda asked: Reply(307, [("Location", f"http://{storage.address}/b")]))
    )
    client = connect(docker_config=logged_in(tmp_path, server.address))
    assert await client.read_blob(server.address, "app", BLOB, limit=100) == LAYER
    assert server.asked[-1].login == LOGIN and not storage.asked[-1].login


async def test_whoever_comes_back_is_a_stranger(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """Storage that redirects back to the registry does not make us log in there for it."""
    home: list[str] = []
    storage = await serve(lambda asked: Reply(302, [("Location", f"http://{home[0]}/v2/private/blobs/{BLOB}")]))
    stub = RegistryStub()

    def inner(asked: Asked) -> Reply:
        if asked.path.startswith("/v2/app/"):
            return Reply(307, [("Location", f"http://{storage.address}/b")])
        return stub(asked)

    server = await serve(TokenStub(stub=inner))
    home.append(server.address)
    client = connect(docker_config=logged_in(tmp_path, server.address))
    with pytest.raises(RegistryError):
        await client.read_blob(server.address, "app", BLOB, limit=100)
    assert not [asked for asked in server.asked if asked.path.startswith("/v2/private/") and asked.login]


async def test_two_registries_two_logins(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """The login of one never reaches the other (F-27)."""
    first, second = await serve(TokenStub(scheme="Basic")), await serve(TokenStub(scheme="Basic"))
    client = connect(docker_config=logged_in(tmp_path, first.address))
    await client.head_blob(first.address, "app", BLOB)
    with pytest.raises(RegistryError):
        await client.head_blob(second.address, "app", BLOB)
    assert not any(asked.login for asked in second.asked)


async def test_a_token_goes_to_its_registry_only(serve: Serve, client: Client) -> None:
    one, two = TokenStub(), RegistryStub()
    first, second = await serve(one), await serve(two)
    await client.head_blob(first.address, "app", BLOB)
    await client.head_blob(second.address, "app", BLOB)
    assert not any(asked.login for asked in second.asked)


@pytest.mark.parametrize(
    "realm",
    ["ftp://x/t", "http://u:MARKER@127.0.0.1/t", "file:///etc/passwd", "http://[", "javascript:x", "http://h:0/"],
)
async def test_realms_that_are_no_realms(serve: Serve, connect: Connect, tmp_path: Path, realm: str) -> None:
    server = await serve(TokenStub(realm=realm))
    client = connect(docker_config=logged_in(tmp_path, server.address))
    with pytest.raises(RegistryError) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert server.count() <= 2 and "MARKER" not in caught.value.sentence


async def test_hostile_words_are_made_safe(serve: Serve, client: Client) -> None:
    """Escape bytes, bidi and markup from every field that can end in a sentence (B-30)."""
    evil = "\x1b]0;pwned\x07\u202e\u009b31m"
    server = await serve(lambda asked: error(403, evil, evil, {evil: [evil]}))
    with pytest.raises(RegistryError) as caught:
        await client.get_manifest(server.address, "app", "latest")
    said = caught.value.sentence + caught.value.code
    assert not any(character in said for character in "\x1b\x07\u202e\u009b")


async def test_a_huge_error_body_is_cut(serve: Serve, client: Client) -> None:
    server = await serve(lambda asked: jsoned({"errors": [{"code": "X" * 9_999, "message": "m" * 60_000}]}, 403))
    with pytest.raises(RegistryError) as caught:
        await client.get_manifest(server.address, "app", "latest")
    assert len(caught.value.sentence) < 3_000 and len(caught.value.code) <= 100


async def test_signed_addresses_are_asked_as_they_are(serve: Serve, client: Client) -> None:
    """Byte for byte: quoting anew breaks the signature."""
    target = "/b%2Fc/d?X-Sig=a%2Fb%3D%3D+c~*'()&x=%7e%20"
    storage = await serve(lambda asked: Reply(200, body=LAYER))
    server = await serve(lambda asked: Reply(307, [("Location", f"http://{storage.address}{target}")]))
    await client.read_blob(server.address, "app", BLOB, limit=100)
    assert storage.asked[0].target == target


async def test_curl_lines_work_without_secrets(serve: Serve, client: Client) -> None:
    server = await serve(TokenStub())
    await client.head_blob(server.address, "app", BLOB)
    line = client.trace.exchanges[-1].curl()
    assert "); curl -sS --head " in line and '-H "Authorization: Bearer $TOKEN"' in line
    assert line.endswith(f" http://{server.address}/v2/app/blobs/{BLOB}") and "#" not in line
    assert line.startswith(f"TOKEN=$(curl -sS 'http://{server.address}/token?service=stub&scope=repository:app:pull' |")


@pytest.mark.slow
async def test_a_realm_cannot_put_commands_into_the_line(serve: Serve, client: Client) -> None:
    """The line is made to be pasted into a shell, and the realm's address is the registry's to choose."""
    server = await serve(TokenStub(realm="/token?tag=';reboot;'&hint=secret-hint"))
    await client.head_blob(server.address, "app", BLOB)
    line = client.trace.exchanges[-1].curl()
    login = shlex.split(line[line.index("TOKEN=$(") + len("TOKEN=$(") :])
    assert login[:2] == ["curl", "-sS"] and "tag=';reboot;'" in login[2] and login[3] == "|"
    assert "secret-hint" not in line
    await asyncio.to_thread(subprocess.run, ["sh", "-n", "-c", line], check=True, timeout=20)


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
async def test_a_login_is_a_variable_of_its_own_in_curl_lines(
    serve: Serve, connect: Connect, tmp_path: Path, scheme: str
) -> None:
    """USER is the name of the Unix account: it would be sent to the registry."""
    server = await serve(TokenStub(scheme=scheme))
    client = connect(docker_config=logged_in(tmp_path, server.address))
    await client.head_blob(server.address, "app", BLOB)
    line = client.trace.exchanges[-1].curl()
    assert '-u "$REGISTRY_USER:$REGISTRY_PASSWORD"' in line and "$USER" not in line
    assert line.endswith("  # REGISTRY_USER, REGISTRY_PASSWORD: your login for this registry")
    assert line.startswith("TOKEN=$(" if scheme == "Bearer" else "curl ")
    login = client.trace.login(server.address, "app")
    assert login is not None and login.notes and client.trace.login(server.address, "other") is None


def test_the_libraries_do_not_log() -> None:
    import tui.registry.transport  # noqa: F401

    for name in ("httpx", "httpcore", "aiohttp.client"):
        assert not logging.getLogger(name).propagate
