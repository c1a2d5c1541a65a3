"""Tokens: how a token server is asked, what comes back, and those that are still good (distribution's token and oauth
specifications)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from tui.registry import redact
from tui.registry.api_errors import read_errors
from tui.registry.clock import Clock
from tui.registry.credentials import Credential
from tui.registry.endpoints import Address, Origin, parse_address, resolve_address
from tui.registry.errors import Denied, RegistryError, Unreachable, Unsupported
from tui.registry.reach import check_reach
from tui.registry.request import Request, Response
from tui.registry.settings import ClientSettings
from tui.registry.shell_login import ask_for_token
from tui.registry.single_flight import SingleFlight
from tui.text import safe

CLIENT_ID = "fanfold"
SHORTEST = 60.0
_LONGEST = 24 * 3600.0
_USABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
_MOST_TOKENS = 1_024
_FRACTION = re.compile(r"\.([0-9]{1,6})[0-9]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """`early`, on the monotonic clock, is a little before it expires: when to fetch a new one."""

    value: str = field(repr=False)
    early: float
    shell_line: str = ""
    """Prints such a token."""

    def fresh(self, now: float) -> bool:
        return now < self.early


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a token is good for: tokens are shared by all requests with an equal one."""

    origin: Origin
    """Of the registry."""
    realm: Address
    service: str
    scopes: tuple[str, ...]
    credential: Credential | None = None

    @property
    def shell_line(self) -> str:
        """A line that prints such a token."""
        credential = self.credential
        if credential is not None and credential.identity_token and not credential.password:
            fields = (
                ("grant_type", "refresh_token"),
                ("client_id", CLIENT_ID),
                ("service", self.service),
                ("scope", " ".join(self.scopes)),
            )
            return ask_for_token(redact.url(str(self.realm)), form=fields)
        url = redact.url(str(get_form(self.realm, self.service, self.scopes)))
        return ask_for_token(url, password=credential is not None and bool(credential.password))


class BadToken(ValueError):
    """The token server's answer cannot be used; the text says why and holds nothing of it."""


class Tokens:
    """The tokens of all registries. Raises Denied when a token server refuses, Unreachable, Unsupported."""

    def __init__(self, settings: ClientSettings, clock: Clock, send: Callable[[Request], Awaitable[Response]]) -> None:
        self._settings = settings
        self._clock = clock
        self._send = send
        self._tokens: dict[TokenRequest, Token] = {}
        self._flights: SingleFlight[Token] = SingleFlight(keep=True)

    async def get(self, wanted: TokenRequest, registry: str) -> Token:
        """One that is kept, or a new one; callers who want the same share one request."""
        token = self._tokens.get(wanted)
        if token is not None and token.fresh(self._clock.now()):
            return token
        return await self._flights.run(wanted, lambda: self._fetch(wanted, registry))

    def drop(self, wanted: TokenRequest, token: Token) -> None:
        """It was not accepted; a newer one is kept."""
        if self._tokens.get(wanted) is token:
            del self._tokens[wanted]

    def forget(self, origin: Origin | None = None) -> None:
        self._tokens = {key: kept for key, kept in self._tokens.items() if origin is not None and key.origin != origin}

    async def _fetch(self, wanted: TokenRequest, registry: str) -> Token:
        token = replace(self._read(await self._ask(wanted), wanted, registry), shell_line=wanted.shell_line)
        self._tokens.pop(wanted, None)
        while len(self._tokens) >= _MOST_TOKENS:
            del self._tokens[next(iter(self._tokens))]  # the oldest, which is likely to run out first
        self._tokens[wanted] = token
        return token

    async def _ask(self, wanted: TokenRequest) -> Response:
        limit, credential = self._settings.max_token_body, wanted.credential
        password = credential is not None and bool(credential.password)
        if credential is not None and credential.identity_token:
            form = post_form(wanted.service, wanted.scopes, credential.identity_token)
            headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
            response = await self._send(
                Request("POST", wanted.realm, headers, limit=limit, content=form, length=len(form), authenticate=False)
            )
            if response.status not in (400, 401, 404, 405) or not password:
                return response
        login = (("Authorization", basic(credential)),) if credential is not None and password else ()
        account = credential.username if credential is not None and password else ""
        address = get_form(wanted.realm, wanted.service, wanted.scopes, account)
        return await self._send(
            Request("GET", address, (("Accept", "application/json"), *login), limit=limit, authenticate=False)
        )

    def _read(self, response: Response, wanted: TokenRequest, registry: str) -> Token:
        server = safe(wanted.realm.origin.host)
        if not response.ok:
            raise _refusal(response, server, registry, wanted.credential)
        try:
            return read_token(response.body, self._clock.now(), self._clock.wall(), self._settings.max_token)
        except BadToken as error:
            raise response.error(
                Unreachable, f"The token server {server} of {registry} gave an answer that cannot be used: {error}."
            ) from None

    async def aclose(self) -> None:
        await self._flights.aclose()


def _refusal(response: Response, server: str, registry: str, credential: Credential | None) -> RegistryError:
    status = response.status
    if status in (400, 401, 403, 404):
        who = f"the stored login ({safe(credential.source, limit=200)})" if credential else "an anonymous user"
        # Its words are not shown: a token server may echo what it was sent.
        code = read_errors(response.body, response.media_type).code
        return response.error(Denied, f"The token server {server} of {registry} refused {who} ({status}).", code=code)
    sentence = f"The token server {server} of {registry} answered {status}"
    if status >= 500:
        return response.error(Unreachable, f"{sentence}.")
    return response.error(Unsupported, f"{sentence}, which cannot be used.")


def realm_address(realm: str, registry: Address, trusted: Callable[[str], bool]) -> Address:
    """Where the token server is: an http(s) address without user-info that the registry may send us to. Raises
    UnusableUrl."""
    absolute = realm.lower().startswith(("http://", "https://"))
    there = parse_address(realm) if absolute else resolve_address(registry, realm)
    check_reach(registry, there, trusted)
    return there


def get_form(realm: Address, service: str, scopes: Sequence[str], account: str = "") -> Address:
    """One `scope` parameter per resource, added to whatever query the realm has."""
    pairs = [("service", service)] if service else []
    if account:
        pairs.append(("account", account))
    pairs += [("scope", scope) for scope in scopes]
    query = "&".join(f"{name}={quote(value, safe=':/*,')}" for name, value in pairs)
    return realm.with_query(query) if query else realm


def post_form(service: str, scopes: Sequence[str], refresh_token: str) -> bytes:
    """One space-joined `scope`; no offline token is asked for (some servers break)."""
    fields = {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "service": service,
        "scope": " ".join(scopes),
        "refresh_token": refresh_token,
    }
    return urlencode(fields).encode("ascii")


def basic(credential: Credential) -> str:
    pair = f"{credential.username}:{credential.password}".encode()
    return f"Basic {base64.b64encode(pair).decode('ascii')}"


def usable(value: str, limit: int) -> bool:
    """A token goes into a header: printable ASCII, bounded."""
    return len(value) <= limit and _USABLE.fullmatch(value) is not None


def read_token(raw: bytes, now: float, wall: datetime, limit: int) -> Token:
    """Expiry counts from now, on the monotonic clock: `issued_at` only when it is past and plausible, `expires_in`
    at least 60 s. Raises BadToken."""
    try:
        document = json.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError):
        raise BadToken("it is not JSON") from None
    if not isinstance(document, dict):
        raise BadToken("it is not a JSON object")
    value = document.get("token") or document.get("access_token")
    if not isinstance(value, str) or not value:
        raise BadToken("it holds no token")
    if not usable(value, limit):
        raise BadToken("its token holds characters that cannot be sent, or is too long")
    life = _life(document, wall)
    return Token(value, now + life - min(5.0, life / 10))


def _life(document: dict[str, Any], wall: datetime) -> float:
    life = document.get("expires_in")
    seconds = float(life) if isinstance(life, int | float) and not isinstance(life, bool) and life == life else 0.0
    if isinstance(life, str) and re.fullmatch(r"[0-9]{1,9}", life, re.ASCII):
        seconds = float(life)
    seconds = min(max(seconds, SHORTEST), _LONGEST)
    issued = document.get("issued_at")
    if isinstance(issued, str) and len(issued) <= 64:
        try:
            moment = datetime.fromisoformat(_FRACTION.sub(lambda found: f".{found.group(1)}", issued))
            age = (wall - moment).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return seconds
        if 0 < age < seconds:
            return max(seconds - age, SHORTEST / 6)
    return seconds
