"""Challenges, tokens and scopes: who gets in, and how they are told that they do not."""

from __future__ import annotations

import re

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.demo.helpers import code, shelve
from tui.demo.access import PASSWORD, USER, Access, Rules, parse_scopes
from tui.demo.quirks import Quirks
from tui.demo.store import Store

PULL = "repository:app:pull"
LOGIN = (USER, PASSWORD)


@pytest.fixture
def private(store: Store) -> Store:
    shelve(store)
    store.repositories["app"].access = Access.PRIVATE
    return store


async def token(http: httpx.AsyncClient, *scopes: str, auth: tuple[str, str] | None = None) -> str:
    answer = await http.get("/token", params={"service": "fanfold", "scope": list(scopes)}, auth=auth or ("", ""))
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["token"] == body["access_token"]
    assert body["expires_in"] == 300
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["issued_at"])
    return str(body["token"])


async def anonymous(http: httpx.AsyncClient, *scopes: str) -> str:
    answer = await http.get("/token", params={"service": "fanfold", "scope": list(scopes)})
    return str(answer.json()["token"])


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


async def test_public_repositories_need_nothing(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    assert (await http.get("/v2/")).status_code == 200
    assert (await http.get("/v2/app/manifests/latest")).status_code == 200


async def test_a_private_repository_sends_a_challenge(private: Store, http: httpx.AsyncClient) -> None:
    answer = await http.get("/v2/app/manifests/latest")
    assert (answer.status_code, code(answer.content)) == (401, "UNAUTHORIZED")
    assert answer.headers["www-authenticate"] == (
        'Bearer realm="http://registry.localhost/token",service="fanfold",scope="repository:app:pull"'
    )
    push = await http.post("/v2/app/blobs/uploads/")
    assert 'scope="repository:app:pull,push"' in push.headers["www-authenticate"]


async def test_an_anonymous_token_does_not_open_it(private: Store, http: httpx.AsyncClient) -> None:
    answer = await http.get("/v2/app/manifests/latest", headers=bearer(await anonymous(http, PULL)))
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].endswith('error="insufficient_scope"')


async def test_a_login_does(private: Store, http: httpx.AsyncClient) -> None:
    headers = bearer(await token(http, PULL, auth=LOGIN))
    assert (await http.get("/v2/app/manifests/latest", headers=headers)).status_code == 200
    assert (await http.post("/v2/app/blobs/uploads/", headers=headers)).status_code == 401, "only pull was asked for"
    both = bearer(await token(http, "repository:app:pull,push", auth=LOGIN))
    assert (await http.post("/v2/app/blobs/uploads/", headers=both)).status_code == 202
    assert (await http.get("/v2/app/manifests/latest", auth=LOGIN)).status_code == 200, "Basic will do as well"


async def test_wrong_logins(private: Store, http: httpx.AsyncClient) -> None:
    for auth in ((USER, "wrong"), ("nobody", PASSWORD)):
        assert (await http.get("/token", auth=auth)).status_code == 401
        assert (await http.get("/v2/", auth=auth)).status_code == 401
    for header in ("Bearer nonsense", "Basic !!!", "Basic", "Negotiate abc", "Basic " + "4pyT"):
        answer = await http.get("/v2/app/manifests/latest", headers={"Authorization": header})
        assert (answer.status_code, "www-authenticate" in answer.headers) == (401, True), header


async def test_a_token_runs_out(private: Store, http: httpx.AsyncClient) -> None:
    private.rules = Rules(life=0)
    old = (await http.get("/token", params={"scope": PULL}, auth=LOGIN)).json()["token"]
    answer = await http.get("/v2/app/manifests/latest", headers=bearer(old))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_closed_repository_is_denied_to_everybody(private: Store, http: httpx.AsyncClient) -> None:
    private.repositories["app"].access = Access.CLOSED
    assert (await http.get("/v2/app/manifests/latest")).status_code == 401
    assert (
        await http.get("/v2/app/manifests/latest", headers=bearer(await token(http, PULL, auth=LOGIN)))
    ).status_code == 401
    answer = await http.get("/v2/app/manifests/latest", auth=LOGIN)
    assert (answer.status_code, code(answer.content)) == (403, "DENIED")


async def test_read_only(private: Store, http: httpx.AsyncClient) -> None:
    private.repositories["app"].access = Access.READ_ONLY
    assert (await http.get("/v2/app/manifests/latest")).status_code == 200
    assert (await http.post("/v2/app/blobs/uploads/")).status_code == 401
    assert (await http.delete("/v2/app/manifests/latest")).status_code == 401
    assert (await http.post("/v2/app/blobs/uploads/", auth=LOGIN)).status_code == 202


async def test_a_registry_that_wants_a_token_for_everything(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    store.rules = Rules(required=True)
    for path in ("/v2/", "/v2/app/manifests/latest", "/v2/_catalog", "/v2/app/tags/list"):
        assert (await http.get(path)).status_code == 401, path
    headers = bearer(await anonymous(http, PULL))
    for path in ("/v2/", "/v2/app/manifests/latest", "/v2/app/tags/list"):
        assert (await http.get(path, headers=headers)).status_code == 200, path
    assert (await http.get("/v2/_catalog", headers=headers)).status_code == 401
    all_of_it = bearer(await anonymous(http, "registry:catalog:*"))
    assert (await http.get("/v2/_catalog", headers=all_of_it)).status_code == 200


async def test_a_challenge_at_the_door_only(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    store.rules = Rules(ping=True)
    answer = await http.get("/v2/")
    assert answer.headers["www-authenticate"] == 'Bearer realm="http://registry.localhost/token",service="fanfold"'
    assert (await http.get("/v2/", headers=bearer(await anonymous(http)))).status_code == 200
    assert (await http.get("/v2/", auth=LOGIN)).status_code == 200
    assert (await http.get("/v2/app/manifests/latest")).status_code == 200


@pytest.mark.parametrize(("which", "allowed"), [("all", True), ("first", False), ("last", False)])
async def test_a_mount_needs_pull_on_its_source(
    store: Store, http: httpx.AsyncClient, which: str, allowed: bool
) -> None:
    digest = store.put_blob("source", b"data")
    store.rules = Rules(required=True, scopes=which)  # type: ignore[arg-type]
    headers = bearer(await anonymous(http, "repository:app:pull,push", "repository:source:pull"))
    url = f"/v2/app/blobs/uploads/?mount={digest}&from=source"
    status = (await http.post(url, headers=headers)).status_code
    assert (status == 201) is allowed
    assert status == {"all": 201, "first": 202, "last": 401}[which]


async def test_post(private: Store, http: httpx.AsyncClient) -> None:
    form = {"grant_type": "password", "username": USER, "password": PASSWORD, "service": "fanfold", "client_id": "test"}
    answer = await http.post(
        "/token", data={**form, "scope": f"{PULL} repository:other:push", "access_type": "offline"}
    )
    assert answer.status_code == 200
    assert (await http.get("/v2/app/manifests/latest", headers=bearer(answer.json()["token"]))).status_code == 200
    refresh = {"grant_type": "refresh_token", "refresh_token": answer.json()["refresh_token"], "scope": PULL}
    again = await http.post("/token", data=refresh)
    assert (await http.get("/v2/app/manifests/latest", headers=bearer(again.json()["token"]))).status_code == 200
    for bad in (
        {**form, "password": "x"},
        {**refresh, "refresh_token": "x"},
        {**refresh, "refresh_token": again.json()["token"]},
    ):
        assert (await http.post("/token", data=bad)).status_code == 401
    assert (await http.post("/token", data={"grant_type": "magic"})).status_code == 400
    for status in (404, 405, 401, 400):
        private.rules = Rules(post=status)
        assert (await http.post("/token", data=form)).status_code == status


async def test_challenge_rules(private: Store, http: httpx.AsyncClient) -> None:
    private.rules = Rules(required=True, challenge_at="ping")
    assert "www-authenticate" not in (await http.get("/v2/app/manifests/latest")).headers
    assert "www-authenticate" in (await http.get("/v2/")).headers
    private.rules = Rules(scheme="basic")
    assert (await http.get("/v2/app/tags/list")).headers["www-authenticate"] == 'Basic realm="fanfold"'
    private.rules = Rules(scheme="both", realm="https://elsewhere.test/token")
    header = (await http.get("/v2/app/tags/list")).headers["www-authenticate"]
    assert header.startswith('Basic realm="fanfold", Bearer realm="https://elsewhere.test/token"')


async def test_always_401(store: Store, http: httpx.AsyncClient) -> None:
    shelve(store)
    store.quirks = Quirks(always_401=True)
    headers = bearer(await token(http, PULL, auth=LOGIN))
    assert (await http.get("/v2/app/manifests/latest", headers=headers)).status_code == 401


def test_scopes() -> None:
    assert parse_scopes(
        ["repository:a/b:pull,push registry:catalog:*", "repository:host:5000/a:pull", "junk", "a:b"]
    ) == [
        ("repository", "a/b", ("pull", "push")),
        ("registry", "catalog", ("*",)),
        ("repository", "host:5000/a", ("pull",)),
    ]


@given(st.lists(st.text(max_size=40), max_size=4))
def test_any_scope_text_is_read(values: list[str]) -> None:
    assert all(len(scope) == 3 for scope in parse_scopes(values))


async def test_an_empty_login_is_nobody(private: Store, http: httpx.AsyncClient) -> None:
    """Some clients send `Basic Og==` when they have no login: that is no wrong one."""
    assert (await http.get("/v2/", auth=("", ""))).status_code == 200
    assert (await http.get("/v2/app/manifests/latest", auth=("", ""))).status_code == 401
    private.repositories["app"].access = Access.PUBLIC
    assert (await http.get("/v2/app/manifests/latest", auth=("", ""))).status_code == 200
    assert (await http.get("/token", params={"scope": PULL}, auth=("", ""))).status_code == 200
    assert (await http.get("/v2/app/manifests/latest", auth=("", "x"))).status_code == 401
    private.rules = Rules(required=True)
    assert (await http.get("/v2/", auth=("", ""))).status_code == 401
