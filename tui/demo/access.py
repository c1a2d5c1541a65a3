"""Who may do what: logins, challenges, tokens and their scopes.

Sources: distribution, "Token Authentication Specification" (token, scope) and "OAuth2"; RFC 6750 for the challenge.
Most repositories are open to everybody without a token; those that are not send a challenge.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Literal

#: A made-up login for the repositories that need one. It protects nothing: the registry only listens on loopback.
USER: Final = "learner"
PASSWORD: Final = "fanfold"
_MOST_TOKENS: Final = 10_000


class Access(StrEnum):
    """How open a repository is."""

    PUBLIC = "public"  # everybody may pull, push and delete
    READ_ONLY = "read-only"  # everybody may pull; writing needs a login
    PRIVATE = "private"  # everything needs a login
    CLOSED = "closed"  # nobody may do anything, whoever they are


@dataclass(frozen=True, slots=True)
class Rules:
    """How the registry asks who is there. `life` is a token's time to live in seconds."""

    required: bool = False
    """Whether every request needs a token, as at Docker Hub; an anonymous one will do for public repositories."""
    ping: bool = False
    """Whether /v2/ needs a token although public repositories do not: docker and skopeo look for the challenge only
    there, so without it they cannot log in to a private repository."""
    scheme: Literal["bearer", "basic", "both"] = "bearer"
    service: str = "fanfold"
    life: int = 300
    skew: int = 0
    """Added to the clock that `issued_at` is told by."""
    users: Mapping[str, str] = field(default_factory=lambda: {USER: PASSWORD})
    realm: str | None = None
    """Told in the challenge instead of this registry's own /token."""
    post: int = 200
    """Status of POST /token; anything but 200 is a refusal (404, 405, 401 and 400 are all met)."""
    scopes: Literal["all", "first", "last"] = "all"
    """Which of several scopes a token is given for; some servers honour only one."""
    challenge_at: Literal["everywhere", "ping"] = "everywhere"
    """"ping": a 401 carries its challenge only at /v2/."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Who asks, and what their token is good for (None: no token was needed, their own rights count)."""

    user: str | None = None
    scopes: frozenset[tuple[str, str]] | None = None
    ends: float = float("inf")


class BadLogin(Exception):
    """The name and password, or the token, are not right. `error` is the challenge's error code, or ""."""

    def __init__(self, error: str = "") -> None:
        self.error = error
        super().__init__(error)


class Authorizer:
    """Gives out tokens and knows them again."""

    def __init__(self) -> None:
        self.tokens: dict[str, Grant] = {}

    def issue(self, grant: Grant) -> str:
        """An opaque token for `grant`; the oldest are forgotten when there are too many."""
        while len(self.tokens) >= _MOST_TOKENS:
            self.tokens.pop(next(iter(self.tokens)))
        token = secrets.token_urlsafe(24)
        self.tokens[token] = grant
        return token

    def who(self, authorization: str | None, rules: Rules) -> Grant | None:
        """Whom the Authorization header names; None without one. Raises BadLogin."""
        if authorization is None:
            return None
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == "bearer":
            grant = self.tokens.get(value.strip())
            if grant is None or grant.ends < time.monotonic():
                raise BadLogin("invalid_token")
            return grant
        if scheme.lower() == "basic":
            user = basic(value.strip(), rules)
            return Grant(user) if user is not None else None
        raise BadLogin


def basic(value: str, rules: Rules) -> str | None:
    """The user of a Basic credential; None for an empty one, which says that there is no login. Raises BadLogin when
    name or password are wrong."""
    try:
        user, colon, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadLogin from error
    if (user, colon, password) == ("", ":", ""):
        return None
    if not colon or not login(user, password, rules):
        raise BadLogin
    return user


def login(user: str, password: str, rules: Rules) -> bool:
    """Whether that is one of the registry's users."""
    known = rules.users.get(user)
    return known is not None and secrets.compare_digest(known.encode(), password.encode())


def allowed(access: Access, user: str | None, action: str) -> bool:
    """Whether somebody (None: anybody) may `pull`, `push` or `delete` in a repository that is so open."""
    if access is Access.CLOSED:
        return False
    if user is not None or access is Access.PUBLIC:
        return True
    return access is Access.READ_ONLY and action == "pull"


def parse_scopes(values: Iterable[str]) -> list[tuple[str, str, tuple[str, ...]]]:
    """(type, name, actions) of each scope, in order; several can stand in one value, separated by spaces.

    A name may hold colons (a port), so type and actions are split off at the ends. What is no scope is left out.
    """
    scopes = []
    for text in " ".join(values).split():
        kind, first, rest = text.partition(":")
        name, second, actions = rest.rpartition(":")
        if first and second and name:
            scopes.append((kind, name, tuple(action for action in actions.split(",") if action)))
    return scopes
