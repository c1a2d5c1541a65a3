"""Origins (scheme, host, port) and where an address lies: what decides whether a credential may go along."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import NamedTuple

import httpx

_PORTS = {"http": 80, "https": 443}


class Origin(NamedTuple):
    """RFC 6454 section 4: two URLs share credentials only when all three agree."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"


class UnusableUrl(ValueError):
    """A URL from a server that we will not go to; the text says why and holds nothing of the URL's secrets."""


class Address(NamedTuple):
    """Where one request goes.  `target` is the request target as it goes on the wire: the path and the query, encoded.

    The URLs of the API are made of known parts, so they need no parser (httpx's takes 16 us, a fifth of a request);
    what a server sends goes through `resolve`.
    """

    origin: Origin
    target: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        return self.target.partition("?")[2]

    def with_query(self, addition: str) -> Address:
        """`addition` (encoded) appended; what is there stays as it is, byte for byte: it may be signed."""
        return self._replace(target=f"{self.target}{'&' if '?' in self.target else '?'}{addition}")


def parse(text: str) -> Address:
    """An absolute http(s) URL that a server, a file or a user named. Raises UnusableUrl."""
    return _address(_checked(lambda: httpx.URL(_plain(text))))


def resolve(base: Address, text: str) -> Address:
    """A URL reference that a server sent, resolved against the address that was asked. Raises UnusableUrl."""
    return _address(_checked(lambda: httpx.URL(str(base)).join(_plain(text))))


def _plain(text: str) -> str:
    if not text or len(text) > 16_384 or any(ord(c) < 0x21 or ord(c) > 0x7E for c in text) or "\\" in text:
        raise UnusableUrl("it is empty, too long, or holds characters that a URL cannot have")
    return text


def _checked(make: Callable[[], httpx.URL]) -> httpx.URL:
    try:
        return make()
    except (httpx.InvalidURL, UnicodeError) as error:
        raise UnusableUrl("it is not a URL") from error


def _address(url: httpx.URL) -> Address:
    if url.scheme not in _PORTS:
        raise UnusableUrl("it is not an http or https address")
    if not url.host:
        raise UnusableUrl("it names no host")
    if url.userinfo or b"@" in url.netloc:
        raise UnusableUrl("it carries a user name or password")
    port = _PORTS[url.scheme] if url.port is None else url.port
    if not 0 < port < 65_536:
        raise UnusableUrl("its port does not exist")
    host = url.raw_host.decode("ascii").lower().strip("[]")
    return Address(Origin(url.scheme, host, port), url.raw_path.decode("ascii") or "/")


def is_local(host: str) -> bool:
    """Loopback, private, link-local, unspecified or otherwise not public: an IP literal, or a name for this machine.

    Names that resolve to private addresses are not caught (DNS rebinding): no peer solves that either.
    """
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        # Forms that the system's resolver takes as IPv4 although they are no dotted quad: 127.1, 2130706433, 0x7f.1
        return bool(host) and host.replace(".", "").replace("x", "").replace("X", "").isalnum() and _looks_numeric(host)
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global


def is_link_local(host: str) -> bool:
    """169.254.0.0/16, fe80::/10: only this network segment, and the metadata service of every cloud."""
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_link_local


def _looks_numeric(host: str) -> bool:
    def number(part: str) -> bool:
        if part[:2].lower() == "0x":
            return all(c in "0123456789abcdefABCDEF" for c in part[2:])
        return part.isascii() and part.isdigit()

    parts = host.rstrip(".").split(".")
    return 0 < len(parts) <= 4 and all(part and number(part) for part in parts)
