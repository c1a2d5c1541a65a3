"""Where a redirect may lead, and what may go along.

Followed by hand: never from https to http, never from a public host to this machine or a private network, and to
another origin (scheme, host and port) with nothing but Range and Accept. The same rules hold for an upload's Location.
"""

from __future__ import annotations

from collections.abc import Callable

from tui.registry.ask import Headers
from tui.registry.origin import Address, UnusableUrl, is_link_local, is_local, resolve

STATUSES = frozenset({301, 302, 303, 307, 308})
_TRAVELS = frozenset({"range", "accept"})


def next_hop(current: Address, location: str, trusted: Callable[[str], bool]) -> Address:
    """The address to go to. Raises UnusableUrl with the reason; `trusted` knows the hosts that the user configured."""
    there = resolve(current, location)
    check(current, there, trusted)
    return there


def check(here: Address, there: Address, trusted: Callable[[str], bool]) -> None:
    """Raises UnusableUrl when we must not go from here to there."""
    if here.origin == there.origin:
        return
    if here.origin.scheme == "https" and there.origin.scheme == "http":
        raise UnusableUrl("it leads from https to http")
    host = there.origin.host
    if is_link_local(host) and not trusted(host):
        raise UnusableUrl("it leads to a link-local address, where clouds keep their secrets")
    if is_local(host) and not is_local(here.origin.host) and not trusted(host):
        raise UnusableUrl("it leads from a public host into a private network")


def headers_for(ask_headers: Headers, same_origin: bool) -> Headers:
    return ask_headers if same_origin else tuple(pair for pair in ask_headers if pair[0].lower() in _TRAVELS)
