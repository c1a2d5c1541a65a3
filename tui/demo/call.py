"""One request on its way through the registry: what the handlers are given."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from tui.demo.access import BadLogin, Grant, allowed
from tui.demo.paths import Route, is_digest
from tui.demo.quirks import Quirks
from tui.demo.refusals import HangUp, Refusal
from tui.demo.store import Repository, Store


@dataclass(slots=True)
class Call:
    """A request with its parsed path, the quirks that apply, and the caller's rights."""

    request: Request
    route: Route
    store: Store
    quirks: Quirks
    query: dict[str, list[str]]

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def name(self) -> str:
        return self.route.name

    @property
    def head(self) -> bool:
        return self.request.method == "HEAD"

    @property
    def origin(self) -> str:
        """Scheme and host as the client wrote them: "http://127.0.0.1:5005"."""
        return f"{self.request.url.scheme}://{self.request.headers.get('host', 'localhost')}"

    def parameter(self, key: str) -> str | None:
        """The first value of a query parameter."""
        values = self.query.get(key)
        return values[0] if values else None

    def repository(self) -> Repository:
        """The repository that is asked for. Raises NAME_UNKNOWN when there is none."""
        repository = self.store.repositories.get(self.name)
        if repository is None:
            raise Refusal(404, "NAME_UNKNOWN", {"name": self.name})
        return repository

    def digest(self) -> str:
        """The path's digest. Raises DIGEST_INVALID."""
        return checked_digest(self.route.reference)

    # Rights

    def grant(self) -> Grant | None:
        """Who asks. Raises a challenge when their login or token is not right."""
        try:
            return self.store.authorizer.who(self.request.headers.get("authorization"), self.store.rules)
        except BadLogin as error:
            raise self.challenge(error.error) from error

    def may(self, action: str, name: str | None = None) -> bool:
        """Whether the caller may `pull`, `push` or `delete` in a repository (this one, if none is named)."""
        name = self.name if name is None else name
        repository = self.store.repositories.get(name)
        grant = self.grant()
        if grant is None and self.store.rules.required:
            return False
        if grant is not None and grant.scopes is not None and (name, action) not in grant.scopes:
            return repository is not None and not self.store.rules.required and allowed(repository.access, None, action)
        return repository is None or allowed(repository.access, None if grant is None else grant.user, action)

    def need(self, action: str) -> None:
        """Go on only if the caller may do that. Raises a challenge, or DENIED when no login would help."""
        if self.may(action):
            return
        grant = self.grant()
        if (
            grant is not None
            and grant.user is not None
            and (grant.scopes is None or (self.name, action) in grant.scopes)
        ):
            raise Refusal(403, "DENIED", {"name": self.name, "action": action})
        raise self.challenge("insufficient_scope" if grant is not None else "", action)

    def challenge(self, error: str = "", action: str = "pull") -> Refusal:
        """401 with a WWW-Authenticate header that says how to ask again."""
        rules = self.store.rules
        headers = {}
        if rules.challenge_at == "everywhere" or self.route.kind == "base":
            realm = rules.realm or f"{self.origin}/token"
            actions = {"push": "pull,push", "delete": "delete,pull"}.get(action, action)
            scope = f"repository:{self.name}:{actions}" if self.name else ""
            if self.route.kind == "catalog":
                scope = "registry:catalog:*"
            bearer = f'Bearer realm="{realm}",service="{rules.service}"'
            bearer += f',scope="{scope}"' if scope else ""
            bearer += f',error="{error}"' if error else ""
            basic = f'Basic realm="{rules.service}"'
            headers["WWW-Authenticate"] = {"bearer": bearer, "basic": basic, "both": f"{basic}, {bearer}"}[rules.scheme]
        detail = [{"Type": "repository", "Name": self.name, "Action": action}] if self.name else None
        return Refusal(401, "UNAUTHORIZED", detail, headers=headers)


def checked_digest(text: str) -> str:
    """`text`, if it is a digest that this registry can verify. Raises DIGEST_INVALID."""
    if not is_digest(text):
        raise Refusal(400, "DIGEST_INVALID", {"digest": text[:200]}, message="invalid or unsupported digest")
    return text


def parse_query(raw: bytes) -> dict[str, list[str]]:
    """A query string's parameters, each with all its values."""
    parameters: dict[str, list[str]] = {}
    if raw:
        for key, value in parse_qsl(raw.decode("latin-1"), keep_blank_values=True):
            parameters.setdefault(key, []).append(value)
    return parameters


async def read_chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it arrives, at most `limit` bytes. Raises Refusal 413, or HangUp when the client went away."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)
    taken = 0
    try:
        async for chunk in request.stream():
            taken += len(chunk)
            if taken > limit:
                raise _too_large(limit)
            if chunk:
                yield chunk
    except ClientDisconnect as error:
        raise HangUp from error


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes."""
    return b"".join([chunk async for chunk in read_chunks(request, limit)])


def _too_large(limit: int) -> Refusal:
    # The body is left unread, so the connection cannot be used again
    return Refusal(
        413, "SIZE_INVALID", {"limit": limit}, message=f"more than {limit} bytes", headers={"Connection": "close"}
    )
