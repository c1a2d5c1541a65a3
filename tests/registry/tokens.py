"""A registry that wants tokens, and its token server, in one: switches for what real ones do."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.registry.images import RegistryStub
from tests.registry.server import Asked, Reply, error, jsoned

USER, PASSWORD = "robot$ci", "pass:word-MARKER"
LOGIN = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def logged_in(folder: Path, address: str, **entry: str) -> Path:
    """A Docker config folder with a login for one registry, and with custom headers that must not be sent."""
    login = entry or {"username": USER, "password": PASSWORD}
    folder.mkdir(exist_ok=True)
    config = {"auths": {address: login}, "HttpHeaders": {"X-Key": "MARKER"}}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@dataclass
class TokenStub:
    stub: Callable[[Asked], Reply] = field(default_factory=RegistryStub)
    realm: str = ""
    """"" is this server's /token."""
    service: str = "stub"
    scheme: str = "Bearer"
    scopes_granted: Callable[[list[str]], list[str]] = lambda scopes: scopes
    token: dict[str, Any] = field(default_factory=lambda: {"expires_in": 300})
    refuse_login: int = 0
    """The status that a login gets from the token server; 0: it is accepted."""
    post: int = 200
    issued: list[tuple[str, ...]] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    challenge_scope: str | None = None
    error: str = ""
    after_auth: str = ""
    """The challenge once any Authorization has been refused (Harbor: Basic)."""

    def __call__(self, asked: Asked) -> Reply:
        if asked.path == "/token":
            return self.grant(asked)
        if self.scheme == "Basic":
            return self.stub(asked) if asked.login == LOGIN else Reply(401, [("WWW-Authenticate", 'Basic realm="x"')])
        rights = self.rights(asked.login)
        needed = self.needed(asked)
        if needed <= rights:
            return self.stub(asked)
        if asked.login and self.after_auth:
            return Reply(401, [("WWW-Authenticate", self.after_auth)])
        return error(401, "UNAUTHORIZED", "login", WWW_Authenticate=self.challenge(asked, needed))

    def challenge(self, asked: Asked, needed: set[str]) -> str:
        realm = self.realm or f"http://{asked.headers['host']}/token"
        wanted = " ".join(sorted(needed)) if self.challenge_scope is None else self.challenge_scope
        problem = f',error="{self.error}"' if self.error else ""
        return f'Bearer realm="{realm}",service="{self.service}",scope="{wanted}"{problem}'

    def needed(self, asked: Asked) -> set[str]:
        if "_catalog" in asked.path:
            return {"registry:catalog:*"}
        name = asked.path.removeprefix("/v2/").partition("/")[0]
        if asked.method in ("GET", "HEAD"):
            return {f"repository:{name}:pull"}
        if asked.method == "DELETE":
            return {f"repository:{name}:delete"}
        return {f"repository:{name}:pull", f"repository:{name}:push"}

    def rights(self, login: str) -> set[str]:
        if not login.startswith("Bearer t"):
            return set()
        number = login.removeprefix("Bearer t").partition("-")[0]
        if not number.isdigit() or int(number) >= len(self.issued) or login in self.revoked:
            return set()
        out = set()
        for scope in self.issued[int(number)]:
            name, _, actions = scope.rpartition(":")
            out |= {f"{name}:{action}" for action in actions.split(",")}
        return out

    def grant(self, asked: Asked) -> Reply:
        if asked.method == "POST":
            if self.post != 200:
                return Reply(self.post)
            fields = dict(pair.split("=", 1) for pair in asked.body.decode().split("&"))
            scopes = fields["scope"].replace("%3A", ":").replace("%2C", ",").split("+")
        else:
            scopes = asked.query.get("scope", [])
            if self.refuse_login and asked.login:
                return error(self.refuse_login, "DENIED", f"bad login {PASSWORD}")
        self.issued.append(tuple(self.scopes_granted(scopes)))
        return jsoned({"token": f"t{len(self.issued) - 1}-MARKER", **self.token})
