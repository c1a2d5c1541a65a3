"""What was sent to log in comes back: a registry, or a proxy before it, that echoes a password, a token or a whole
Authorization header. It is masked wherever text leaves the program (docs/protocol-notes.md, B-25)."""

from __future__ import annotations

import base64
import html
import json
import traceback
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER, MANIFEST
from tests.registry.server import Asked, Reply, error
from tests.registry.tokens import LOGIN, PASSWORD, USER, TokenStub, logged_in
from tui.oci import media
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import RegistryError
from tui.registry.redact import Secrets

BLOB = Digest.of(LAYER)
SENT = LOGIN.partition(" ")[2]
ODD = 'sa"y&<pa ss>'
Echo = Callable[[str], Reply]

ECHOES: dict[str, Echo] = {
    "message": lambda text: error(403, "DENIED", f"you sent {text}!"),
    "code": lambda text: error(403, text),
    "body": lambda text: Reply(403, [("Content-Type", "text/plain")], f"headers: {text}".encode()),
    "page": lambda text: Reply(500, [("Content-Type", "text/html")], f"<title>{html.escape(text)}</title>".encode()),
    "raw JSON": lambda text: Reply(400, body=json.dumps({"message": text}).encode()),
    "URL": lambda text: Reply(400, body=quote(text, safe="").encode()),
    "warning": lambda text: Reply(403, [("Warning", f'299 - "{text}"')]),
    "www-authenticate": lambda text: Reply(403, [("WWW-Authenticate", f'Basic realm="{text}", error="{text}"')]),
    "scheme": lambda text: Reply(401, [("WWW-Authenticate", text)]),
    "service": lambda text: Reply(401, [("WWW-Authenticate", f'Bearer realm="/token", service="{text}"')]),
    "source": lambda text: Reply(403, [("RateLimit-Limit", "9"), ("Docker-RateLimit-Source", text)]),
    "server": lambda text: Reply(403, [("Server", text), ("Via", f"1.1 {text}")]),
    "type": lambda text: Reply(200, [("Content-Type", f"text/{text}")], text.encode()),
    "manifest": lambda text: Reply(
        200, [("Content-Type", media.OCI_MANIFEST)], json.dumps({"mediaType": text}).encode()
    ),
}


def everything(client: Client, errors: list[RegistryError], address: str) -> str:
    parts = [*client.notices(address), *client.all_notices(), str(client.rate_limit(address))]
    for each in client.trace.exchanges:
        parts += [each.curl(), repr(each), str(each.request_headers), str(each.response_headers)]
    for problem in errors:
        parts += traceback.format_exception(problem, limit=1)
        parts += [repr(vars(problem)), str(problem)]
    return "\n".join(parts)


async def ask_everything(client: Client, address: str) -> list[RegistryError]:
    errors: list[RegistryError] = []
    for work in (
        client.get_manifest(address, "app", "latest"),
        client.head_blob(address, "app", BLOB, expected_size=len(LAYER)),
        client.read_blob(address, "app", BLOB, limit=100),
        client.begin_upload(address, "app"),
        client.put_manifest(address, "app", "v1", MANIFEST, media.OCI_MANIFEST),
        anext(client.tags(address, "app")),
    ):
        try:
            await work
        except RegistryError as problem:
            errors.append(problem)
    return errors


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
async def test_an_echo_is_masked(serve: Serve, connect: Connect, tmp_path: Path, scheme: str, echo: Echo) -> None:
    tokens: set[str] = set()

    def told(asked: Asked) -> Reply:
        tokens.add(asked.login.partition(" ")[2])
        return echo(f"{PASSWORD} {asked.login}" if echo is not ECHOES["scheme"] else PASSWORD.replace(":", ""))

    server = await serve(TokenStub(stub=told, scheme=scheme))
    client = connect(docker_config=logged_in(tmp_path, server.address), tries=1)
    seen = everything(client, await ask_everything(client, server.address), server.address)
    assert tokens
    for secret in (PASSWORD, quote(PASSWORD, safe=""), SENT, *tokens):
        assert secret not in seen, secret


@pytest.mark.parametrize("entry", [{"identitytoken": "IDENTITY-abc"}, {"registrytoken": "REGISTRY-abc"}])
async def test_a_stored_token_is_masked(serve: Serve, connect: Connect, tmp_path: Path, entry: dict[str, str]) -> None:
    (secret,) = entry.values()
    server = await serve(TokenStub(stub=lambda asked: error(403, "DENIED", f"{secret} {asked.login}")))
    client = connect(docker_config=logged_in(tmp_path, server.address, **entry), tries=1)
    assert secret not in everything(client, await ask_everything(client, server.address), server.address)


@pytest.mark.parametrize(
    "text",
    [
        ODD,
        html.escape(ODD),
        json.dumps(ODD),
        quote(ODD),
        ODD.upper(),
        base64.b64encode(f"u:{ODD}".encode()).decode(),
        base64.b64encode(f"u:{ODD}".encode()).decode().rstrip("="),
        base64.b64encode(f"u:{ODD}".encode()).decode()[:18] + "...",
    ],
)
def test_however_it_is_written(text: str) -> None:
    secrets = Secrets()
    secrets.learn("Basic " + base64.b64encode(f"u:{ODD}".encode()).decode())
    masked = secrets.masked(f"before {text} after")
    assert masked.startswith("before ") and masked.endswith(" after")
    assert text.strip(".") not in masked and "pa" not in masked.lower()


def test_an_address_that_was_named_before_works() -> None:
    """A password that is also the name of the service: in an address it was no echo, in words it may be one."""
    secrets = Secrets()
    secrets.heard('Bearer realm="http://h/token",service="fanfold"')
    secrets.learn("Basic " + base64.b64encode(b"u:fanfold").decode())
    assert secrets.masked_address("http://h/token?service=fanfold") == "http://h/token?service=fanfold"
    assert secrets.masked("you sent fanfold") == "you sent …"
    secrets.learn("Basic " + base64.b64encode(b"u:another").decode())
    secrets.heard('Bearer realm="http://h/token",service="another"')
    assert secrets.masked_address("http://h/token?service=another") == "http://h/token?service=…"


def test_what_nobody_sent_is_left_alone() -> None:
    secrets = Secrets()
    text = "Basic authentication is required for the token of a bearer"
    assert secrets.masked(text) == text
    secrets.learn("Basic " + base64.b64encode(b"u:is").decode())
    assert secrets.masked("this is a list") == "this … a list", "a short one only as a word of its own"
    assert secrets.masked("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2ln") == "…", "a token, whoever's it is"
    assert secrets.masked('{"authorization": "Token abc def"}') == '{"authorization": "…"}'
    assert USER
