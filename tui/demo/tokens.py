"""The token endpoint: GET with Basic or nothing, POST with a password or a refresh token.

Source: distribution, "Token Authentication Specification" and "Token Authentication: OAuth2". A client is given what
it may do of what it asks for, which can be nothing: the registry then says no, not the token endpoint.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from tui.demo.access import BadLogin, Grant, allowed, basic, login, parse_scopes
from tui.demo.call import Call, parse_query, read_body
from tui.demo.refusals import Refusal, json_response


async def token(call: Call) -> Response:
    rules = call.store.rules
    if call.method == "POST":
        if rules.post != 200:
            raise Refusal(rules.post, "UNSUPPORTED", message="tokens are given for GET only")
        form = parse_query(await read_body(call.request, 64 * 1024))
        user = _form_user(call, form)
        return _granted(call, user, form.get("scope", []), offline=form.get("access_type") == ["offline"])
    if call.method != "GET":
        raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET, POST"})
    header = call.request.headers.get("authorization")
    user = None
    if header is not None:
        scheme, _, value = header.partition(" ")
        if scheme.lower() != "basic":
            raise _wrong()
        try:
            user = basic(value.strip(), rules)
        except BadLogin as error:
            raise _wrong() from error
    return _granted(call, user, call.query.get("scope", []), offline=call.parameter("offline_token") == "true")


def _form_user(call: Call, form: dict[str, list[str]]) -> str | None:
    match form.get("grant_type"):
        case ["password"]:
            user = form.get("username", [""])[0]
            if login(user, form.get("password", [""])[0], call.store.rules):
                return user
        case ["refresh_token"]:
            grant = call.store.authorizer.tokens.get(form.get("refresh_token", [""])[0])
            if grant is not None and grant.scopes == frozenset():
                return grant.user
        case _:
            raise Refusal(400, "UNSUPPORTED", message="grant_type must be password or refresh_token")
    raise _wrong()


def _granted(call: Call, user: str | None, values: list[str], *, offline: bool) -> Response:
    store, rules = call.store, call.store.rules
    asked = parse_scopes(values)
    asked = {"all": asked, "first": asked[:1], "last": asked[-1:]}[rules.scopes]
    scopes = set()
    for kind, name, actions in asked:
        if kind == "registry" and name == "catalog":
            scopes.add(("catalog", "*"))
        elif kind == "repository":
            found = store.repositories.get(name)
            wanted = ("pull", "push", "delete") if "*" in actions else actions
            scopes.update((name, action) for action in wanted if found is None or allowed(found.access, user, action))
    text = store.authorizer.issue(Grant(user, frozenset(scopes), time.monotonic() + rules.life))
    answer: dict[str, object] = {
        "token": text,
        "access_token": text,
        "expires_in": rules.life,
        "issued_at": (datetime.now(UTC) + timedelta(seconds=rules.skew)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if offline and user is not None:
        answer["refresh_token"] = store.authorizer.issue(Grant(user, frozenset()))
    return json_response(answer)


def _wrong() -> Refusal:
    return Refusal(401, "UNAUTHORIZED", message="incorrect username or password")
