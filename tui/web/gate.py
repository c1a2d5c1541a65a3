"""Who may come in. Four questions to every request, the first refusal counts:

1. Is the Host one of ours? Else a foreign name was pointed at this address (DNS rebinding).
2. Is the Origin our own, where there is one? A WebSocket must have one: pages of other servers can open them here.
3. Does it bring a cookie that we gave? A token beside it is left as it is.
4. Does it bring the token of the printed address? It is traded for such a cookie, once; then there is a new token.
"""

from __future__ import annotations

import hmac
import ipaddress
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

#: So many browsers are let in; the one that was let in first has to ask again then.
MOST_COOKIES = 64
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """`status` 200: come in; 303: go to the page, with `cookie` set unless it is empty; else refused, in `words`."""

    status: int
    words: str = ""
    cookie: str = ""


_COME_IN = Answer(200)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server listens, and with `url` what browsers call it (a proxy with TLS before it)."""

    host: str
    port: int
    url: str = ""

    @property
    def loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        address = _ip(self.host)
        return self.host.lower() == "localhost" or (address is not None and address.is_loopback)

    @property
    def everywhere(self) -> bool:
        """Whether it listens at every address of this machine."""
        address = _ip(self.host)
        return address is not None and address.is_unspecified

    @property
    def shown(self) -> str:
        """What to open, without a path."""
        if self.url:
            return self.url.rstrip("/")
        host = self.host
        if self.everywhere:
            host = "::1" if ":" in host else "127.0.0.1"
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    def origin_of(self, host: str) -> str | None:
        """The origin of pages that are asked for by this Host; None when it is none of ours.

        Where it listens everywhere every IP address is ours: a page of another server can only come here by a name.
        """
        named = host.lower()
        if self.url:
            url = urlsplit(self.url)
            if named == url.netloc.lower():
                return f"{url.scheme}://{named}"
        name, port = _split(named)
        if port != self.port:
            return None
        own = {self.host.lower()}
        if self.loopback or self.everywhere:
            own |= {"localhost", "127.0.0.1", "::1"}
        if name in own or (self.everywhere and _ip(name) is not None):
            return f"http://{named}"
        return None


class Gate:
    """The four questions. `fresh` is told every new token, the first one by `open_up`."""

    def __init__(self, address: Address, fresh: Callable[[str], None]) -> None:
        self.address = address
        self.cookie_name = f"fanfold-{address.port}"
        """Cookies know no ports: two servers on one machine must not overwrite each other's."""
        self._fresh = fresh
        self._token = ""
        self._cookies: list[str] = []

    @property
    def secure(self) -> bool:
        """Whether the cookie is for TLS only."""
        return self.address.url.startswith("https://")

    def open_up(self) -> None:
        """Make a new token and tell it."""
        self._token = secrets.token_urlsafe(_BYTES)
        self._fresh(f"{self.address.shown}/?token={self._token}")

    def judge(self, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """What becomes of a request; `headers` by their usual names, whatever their case if the mapping minds none."""
        own = self.address.origin_of(headers.get("Host", ""))
        if own is None:
            return Answer(403, "Wrong address. Open the one printed by fanfold serve.")
        origin = headers.get("Origin")
        if origin is not None and origin.lower() != own:
            return Answer(403, "Refused: the request comes from another site.")
        if origin is None and path == "/ws":
            return Answer(403, "Refused: the request names no origin.")
        opens = path == "/" and "token" in query
        if self._knows(headers.get("Cookie", "")):
            return Answer(303) if opens else _COME_IN
        if opens:
            return self._trade(query["token"])
        return Answer(401, "Open the last address printed by fanfold serve: each works once.")

    def _trade(self, token: str) -> Answer:
        if not self._token or not _same(token, self._token):
            return Answer(401, "Address used before. Open the last one printed by fanfold serve.")
        cookie = secrets.token_urlsafe(_BYTES)
        self._cookies = [*self._cookies[1 - MOST_COOKIES :], cookie]
        self.open_up()
        return Answer(303, cookie=cookie)

    def _knows(self, header: str) -> bool:
        try:
            brought = SimpleCookie(header).get(self.cookie_name)
        except CookieError:
            return False
        if brought is None:
            return False
        return sum(_same(brought.value, cookie) for cookie in self._cookies) > 0  # all are compared, each time


def _same(brought: str, kept: str) -> bool:
    """Compared in a time that does not tell how much of it is right."""
    return hmac.compare_digest(brought.encode("utf-8", "surrogateescape"), kept.encode())


def _split(host: str) -> tuple[str, int]:
    """Name and port of a Host header; port 80 where none is written, -1 where it is no number."""
    name, colon, port = host.rpartition(":")
    if not colon or port.endswith("]"):
        name, port = host, "80"
    number = int(port) if port.isascii() and port.isdecimal() and len(port) <= 5 else -1
    return name.removeprefix("[").removesuffix("]"), number


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
