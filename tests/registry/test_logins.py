"""Stored logins on the wire: where they go, and where never (docs/protocol-notes.md, B-04, B-07, B-14, B-22)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.registry.clock import FakeClock
from tests.registry.conftest import Connect, Serve
from tests.registry.images import LAYER
from tests.registry.server import Asked, Reply, jsoned
from tests.registry.tokens import LOGIN, PASSWORD, USER, TokenStub, logged_in
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import Denied, Unreachable

BLOB = Digest.of(LAYER)


async def test_a_login_goes_to_the_token_server_only(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    stub = TokenStub()
    server = await serve(stub)
    client = connect(docker_config=logged_in(tmp_path, server.address))
    await client.head_blob(server.address, "app", BLOB)
    for asked in server.asked:
        assert (asked.login == LOGIN) == (asked.path == "/token")
    assert server.asked[1].query["account"] == [USER]


async def test_basic(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    server = await serve(TokenStub(scheme="Basic"))
    client = connect(docker_config=logged_in(tmp_path, server.address))
    for _ in range(2):
        assert (await client.head_blob(server.address, "app", BLOB)).digest == BLOB
    assert [asked.login for asked in server.asked] == ["", LOGIN, LOGIN]


async def test_basic_without_a_login(serve: Serve, client: Client) -> None:
    server = await serve(TokenStub(scheme="Basic"))
    with pytest.raises(Denied):
        await client.get_manifest(server.address, "app", "latest")
    assert server.count() == 1


async def test_basic_that_is_wrong_is_sent_once(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    server = await serve(TokenStub(scheme="Basic"))
    client = connect(docker_config=logged_in(tmp_path, server.address, username="a", password="b"))
    with pytest.raises(Denied):
        await client.get_manifest(server.address, "app", "latest")
    assert server.count() == 2


@pytest.mark.parametrize("entry", [{"username": "a", "password": "b-MARKER"}, {"registrytoken": "b-MARKER"}])
async def test_a_login_that_the_registry_itself_refuses_is_said(
    serve: Serve, connect: Connect, tmp_path: Path, entry: dict[str, str]
) -> None:
    server = await serve(TokenStub(scheme="Basic" if "username" in entry else "Bearer"))
    client = connect(docker_config=logged_in(tmp_path, server.address, **entry))
    with pytest.raises(Denied):
        await client.get_manifest(server.address, "app", "latest")
    (notice,) = client.login_notices(server.address)
    assert "answered 401 to the stored login" in notice and "config.json" in notice and "MARKER" not in notice
    assert client.all_notices() == client.notices(server.address) == (notice,)


async def test_a_login_that_may_not_see_this_is_not_called_wrong(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    server = await serve(TokenStub(scopes_granted=lambda scopes: []))
    client = connect(docker_config=logged_in(tmp_path, server.address))
    with pytest.raises(Denied):
        await client.get_manifest(server.address, "app", "latest")
    assert client.notices(server.address) == ()


async def test_a_refused_login_is_said_also_where_nobody_may_look(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    """The token server refuses the login, and an anonymous user too: the first of the two is the news."""
    stub = TokenStub(refuse_login=401)

    def handler(asked: Asked) -> Reply:
        return Reply(401) if asked.path == "/token" else stub(asked)

    server = await serve(handler)
    client = connect(docker_config=logged_in(tmp_path, server.address))
    with pytest.raises(Denied):
        await client.head_blob(server.address, "app", BLOB)
    (notice,) = client.login_notices(server.address)
    assert "did not accept the stored login" in notice and PASSWORD not in notice


async def test_harbor_changes_its_mind(serve: Serve, connect: Connect, tmp_path: Path, clock: FakeClock) -> None:
    """Bearer first; once a token has run out it offers Basic: the password is not sent (B-04)."""
    stub = TokenStub(after_auth='Basic realm="harbor"')
    server = await serve(stub)
    client = connect(docker_config=logged_in(tmp_path, server.address))
    await client.head_blob(server.address, "app", BLOB)
    stub.revoked.add("Bearer t0-MARKER")
    await client.head_blob(server.address, "app", BLOB)
    assert all(asked.login != LOGIN for asked in server.asked if asked.path != "/token")
    assert len(stub.issued) == 2


async def test_identity_token_by_post(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    stub = TokenStub()
    server = await serve(stub)
    client = connect(docker_config=logged_in(tmp_path, server.address, identitytoken="refresh-MARKER"))
    await client.head_blob(server.address, "app", BLOB)
    (asked,) = [asked for asked in server.asked if asked.path == "/token"]
    assert asked.method == "POST" and b"grant_type=refresh_token" in asked.body and b"refresh-MARKER" in asked.body
    assert b"offline" not in asked.body and not asked.login


@pytest.mark.parametrize("status", [400, 401, 404, 405])
async def test_post_refused_falls_back_to_get(serve: Serve, connect: Connect, tmp_path: Path, status: int) -> None:
    stub = TokenStub(post=status)
    server = await serve(stub)
    folder = logged_in(tmp_path, server.address, identitytoken="r", username=USER, password=PASSWORD)
    client = connect(docker_config=folder)
    assert (await client.head_blob(server.address, "app", BLOB)).digest == BLOB
    assert [asked.method for asked in server.asked if asked.path == "/token"] == ["POST", "GET"]


async def test_a_ready_token_is_used_as_it_is(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    stub = TokenStub(issued=[("repository:app:pull",)])
    server = await serve(stub)
    client = connect(docker_config=logged_in(tmp_path, server.address, registrytoken="t0-MARKER"))
    await client.head_blob(server.address, "app", BLOB)
    assert server.count(path="/token") == 0


@pytest.mark.parametrize("status", [401, 403])
async def test_a_stale_login_on_a_public_image(serve: Serve, connect: Connect, tmp_path: Path, status: int) -> None:
    """Anonymous once, for reads, and said (B-14)."""
    stub = TokenStub(refuse_login=status)
    server = await serve(stub)
    client = connect(docker_config=logged_in(tmp_path, server.address))
    for _ in range(2):
        assert (await client.head_blob(server.address, "app", BLOB)).digest == BLOB
    (notice,) = client.notices(server.address)
    assert "did not accept the stored login" in notice and PASSWORD not in notice
    assert sum(asked.login == LOGIN for asked in server.asked) == 1


async def test_never_anonymous_for_writes(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    stub = TokenStub(refuse_login=403)
    server = await serve(stub)
    client = connect(docker_config=logged_in(tmp_path, server.address))
    with pytest.raises(Denied) as caught:
        await client.begin_upload(server.address, "app")
    assert "stored login" in caught.value.sentence and PASSWORD not in caught.value.sentence
    assert not stub.issued


async def test_a_realm_elsewhere_gets_the_login_but_is_pinned(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    """The first realm of a registry is taken; another one later never sees the password (B-22)."""
    stub = TokenStub()
    attacker = await serve(lambda asked: jsoned({"token": "x"}))
    server = await serve(stub)
    client = connect(docker_config=logged_in(tmp_path, server.address))
    await client.head_blob(server.address, "app", BLOB)
    stub.realm = f"http://{attacker.address}/token"
    stub.revoked.add("Bearer t0-MARKER")
    with pytest.raises(Denied) as caught:
        await client.head_blob(server.address, "app", BLOB)
    assert not attacker.asked and "token server" in caught.value.sentence
    client.forget(server.address)
    with pytest.raises(Denied):
        await client.head_blob(server.address, "app", BLOB)
    assert attacker.asked, "after a refresh the user has accepted the change"


async def test_a_token_server_that_redirects_gets_no_login_there(
    serve: Serve, connect: Connect, tmp_path: Path
) -> None:
    stub = TokenStub()
    attacker = await serve(lambda asked: jsoned({"token": "x"}))

    def handler(asked: Asked) -> Reply:
        if asked.path == "/token":
            return Reply(302, [("Location", f"http://{attacker.address}/token")])
        return stub(asked)

    server = await serve(handler)
    client = connect(docker_config=logged_in(tmp_path, server.address))
    with pytest.raises(Unreachable):
        await client.head_blob(server.address, "app", BLOB)
    assert not any(asked.login for asked in attacker.asked)


async def test_anonymous_looks_for_no_login(serve: Serve, connect: Connect, tmp_path: Path) -> None:
    stub = TokenStub()
    server = await serve(stub)
    client = connect(docker_config=logged_in(tmp_path, server.address), anonymous=True)
    await client.head_blob(server.address, "app", BLOB)
    assert all(asked.login != LOGIN for asked in server.asked)


def test_the_registries_of_stored_logins_are_named_and_no_helper_asked(tmp_path: Path, connect: Connect) -> None:
    keys = '"https://index.docker.io/v1/": {}, "localhost:5000": {"auth": "x"}, "ghcr.io/team": {}'
    (tmp_path / "config.json").write_text(f'{{"auths": {{{keys}}}, "credHelpers": {{"quay.io": "none-such"}}}}')
    assert [(each.registry, each.how) for each in connect(docker_config=tmp_path).logins()] == [
        ("docker.io", f"in {tmp_path}/config.json"),
        ("localhost:5000", f"in {tmp_path}/config.json"),
        ("quay.io", "credential helper none-such"),
    ]
    assert connect(docker_config=tmp_path, anonymous=True).logins() == []


def test_it_is_said_which_helper_keeps_a_login(tmp_path: Path, connect: Connect) -> None:
    (tmp_path / "config.json").write_text('{"auths": {"ghcr.io": {}}, "credsStore": "pa\\u001b[2Jss"}')
    assert [each.how for each in connect(docker_config=tmp_path).logins()] == ["credential helper pa\\x1b[2Jss"]
