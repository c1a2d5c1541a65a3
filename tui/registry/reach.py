"""Where a server may send us: the one decision about redirects, token realms and uploads.

A host has many spellings that reach the same machine (`127.1`, `0x7f.1`, `2130706433`, `localhost.`, an IPv4 address
within an IPv6 one), so it is brought into one form first, and every address that is inside it is looked at. A name that
only resolves to a private address is not caught (DNS rebinding): no peer solves that either.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tui.registry.endpoints import Address, Origin, UnusableUrl

IP: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_METADATA = frozenset(
    ipaddress.ip_address(text)
    # AWS and others by IPv6, Google by IPv6, Alibaba, Oracle, Azure; the rest are link-local.
    for text in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
)
_METADATA_NAMES = frozenset({"metadata", "metadata.goog", "metadata.google.internal", "instance-data"})
_THIS_MACHINE = frozenset({"localhost", "localhost.localdomain", "localhost6", "ip6-localhost", "ip6-loopback"})
_SITE_LOCAL = ipaddress.IPv6Network("fec0::/10")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")


def check_reach(here: Address, there: Address, trusted: Callable[[str], bool]) -> None:
    """Raises UnusableUrl when a server at `here` must not send us `there`: to plain http from https, into a private
    network from a public host, or to where clouds keep their secrets. `trusted` knows the hosts that the user
    configured; the same host is always right."""
    if here.origin == there.origin:
        return
    if here.origin.scheme == "https" and there.origin.scheme == "http":
        raise UnusableUrl("it leads from https to http")
    host = there.origin.host
    if same_host(here.origin, there.origin) or trusted(host):
        return
    if is_link_local(host):
        raise UnusableUrl("it leads to a link-local address, where clouds keep their secrets")
    if is_local(host) and not is_local(here.origin.host):
        raise UnusableUrl("it leads from a public host into a private network")


def same_host(one: Origin, other: Origin) -> bool:
    """Whether two origins name one host, whatever their ports and spellings."""
    return plain_host(one.host) == plain_host(other.host)


def is_local(host: str) -> bool:
    """Loopback, private, link-local, unspecified or otherwise not public: an IP literal in any spelling, or a name for
    this machine. What looks like a number and is none counts, too: nobody knows what a resolver makes of it."""
    plain = plain_host(host)
    if is_link_local(host):
        return True
    if isinstance(plain, str):
        return plain in _THIS_MACHINE or plain.endswith(".localhost") or not plain or _is_numeric(plain)
    return any(_is_private(address) for address in _within(plain))


def is_link_local(host: str) -> bool:
    """169.254.0.0/16, fe80::/10 (only this network segment, and the metadata service of every cloud), and what else
    clouds tell their secrets at."""
    plain = plain_host(host)
    if isinstance(plain, str):
        return plain in _METADATA_NAMES or plain.startswith("instance-data.")
    return any(address.is_link_local or address in _METADATA for address in _within(plain))


def plain_host(host: str) -> IP | str:
    """The address that a host is, however it is written; else its name in lower case, without the root's dot."""
    name = host.strip("[]").lower().rstrip(".")
    if ":" in name:
        try:
            return ipaddress.IPv6Address(name.partition("%")[0])  # a zone is this machine's business
        except ValueError:
            return name
    return _ipv4(name) or name


def _ipv4(text: str) -> ipaddress.IPv4Address | None:
    """As the system's resolver reads it: one to four numbers, each decimal, octal (0177) or hexadecimal (0x7f), the
    last one filling what is left."""
    parts = text.split(".")
    if not 0 < len(parts) <= 4:
        return None
    numbers = [_number(part) for part in parts]
    value = 0
    for number in numbers[:-1]:
        if number is None or number > 255:
            return None
        value = value << 8 | number
    left = 8 * (5 - len(parts))
    last = numbers[-1]
    if last is None or last >= 1 << left:
        return None
    return ipaddress.IPv4Address(value << left | last)


def _number(part: str) -> int | None:
    digits, base = part, 10
    if part.startswith("0x"):
        digits, base = part[2:] or "0", 16
    elif part.startswith("0") and len(part) > 1:
        digits, base = part[1:], 8
    if not digits.isascii() or not digits.isalnum() or len(digits) > 16:
        return None
    try:
        return int(digits, base)
    except ValueError:
        return None


def _is_numeric(name: str) -> bool:
    """Whether the last part of a name is a number, which no top-level domain is (RFC 3696 section 2)."""
    last = name.rpartition(".")[2]
    return last.isdigit() or (last.startswith("0x") and all(c in "0123456789abcdef" for c in last[2:]))


def _within(address: IP) -> Iterator[IP]:
    """An address, and the IPv4 addresses that are reached by it where it is translated or tunnelled."""
    yield address
    if isinstance(address, ipaddress.IPv4Address):
        return
    low = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.ipv4_mapped is not None or any(address in net for net in (_NAT64, _COMPATIBLE, _TRANSLATED)):
        yield low
    if address in _NAT64_LOCAL:
        bits = int(address)
        yield ipaddress.IPv4Address((bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF)  # RFC 6052 section 2.2, a /48
        yield low
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if int(address) >> 32 & 0xFDFF_FFFF == 0x5EFE:  # ISATAP
        yield low


def _is_private(address: IP) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is not None:
            return _is_private(mapped)
        if address in _NAT64_LOCAL or address in _SITE_LOCAL:
            return True
    return not address.is_global or address.is_multicast
