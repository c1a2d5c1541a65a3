"""Talking to a token server: the request's two forms and what comes back (distribution's token and oauth specs)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from tui.registry.credentials import Credential
from tui.registry.origin import Address, UnusableUrl, is_link_local, is_local, parse, resolve

CLIENT_ID = "fanfold"
SHORTEST = 60.0
_LONGEST = 24 * 3600.0
_USABLE = re.compile(r"[\x21-\x7e]+", re.ASCII)
_FRACTION = re.compile(r"\.([0-9]{1,6})[0-9]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Token:
    """`early`, on the monotonic clock, is a little before it expires: when to fetch a new one."""

    value: str = field(repr=False)
    early: float

    def fresh(self, now: float) -> bool:
        return now < self.early


class BadToken(ValueError):
    """The token server's answer cannot be used; the text says why and holds nothing of it."""


def realm_address(realm: str, registry: Address, private_ok: bool) -> Address:
    """Where the token server is. Raises UnusableUrl.

    http(s) only, no user-info, no http for an https registry, and no private address that is not the registry's own
    (a registry that is itself on a private network may have its token server there).
    """
    there = resolve(registry, realm) if not realm.lower().startswith(("http://", "https://")) else parse(realm)
    here = registry.origin
    if here.scheme == "https" and there.origin.scheme != "https":
        raise UnusableUrl("it is not https although the registry is")
    host = there.origin.host
    if host != here.host and is_link_local(host):
        raise UnusableUrl("it leads to a link-local address, where clouds keep their secrets")
    if is_local(host) and host != here.host and not is_local(here.host) and not private_ok:
        raise UnusableUrl("it leads into a private network")
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
    """A token goes into a header: printable ASCII, bounded (httpx would notice only when sending)."""
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
    told = document.get("expires_in")
    seconds = float(told) if isinstance(told, int | float) and not isinstance(told, bool) and told == told else 0.0
    if isinstance(told, str) and re.fullmatch(r"[0-9]{1,9}", told, re.ASCII):
        seconds = float(told)
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
