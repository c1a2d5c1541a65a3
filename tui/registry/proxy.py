"""Proxies from the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, in either letter case."""

from __future__ import annotations

import base64
import urllib.parse
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tui.registry.origin import Origin

# In the documentation's "urllib.request" since 2.6, but not in the type stubs for every system.
_bypass: Callable[[str, Mapping[str, str]], object] = getattr(urllib.request, "proxy_bypass_environment")  # noqa: B009


@dataclass(frozen=True, slots=True)
class Proxy:
    """`url` without user-info; `authorization` is the Proxy-Authorization value ("" when none is needed)."""

    url: str
    authorization: str = field(default="", repr=False)


class Proxies:
    """Read once, when the client starts to speak."""

    def __init__(self) -> None:
        self._by_scheme = urllib.request.getproxies_environment()
        self._known: dict[Origin, Proxy | None] = {}

    def for_origin(self, origin: Origin) -> Proxy | None:
        if not self._by_scheme:
            return None
        if origin not in self._known:
            self._known[origin] = self._find(origin)
        return self._known[origin]

    def _find(self, origin: Origin) -> Proxy | None:
        text = self._by_scheme.get(origin.scheme) or self._by_scheme.get("all")
        if not text or _bypass(f"{origin.host}:{origin.port}", self._by_scheme):
            return None
        if _bypass(origin.host, self._by_scheme):
            return None
        parts = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
        host = parts.netloc.rpartition("@")[2]
        if not host or parts.scheme not in ("http", "https"):
            return None  # SOCKS and the like are not spoken here
        login = ""
        if parts.username is not None:
            pair = f"{urllib.parse.unquote(parts.username)}:{urllib.parse.unquote(parts.password or '')}"
            login = f"Basic {base64.b64encode(pair.encode()).decode()}"
        return Proxy(f"{parts.scheme}://{host}", login)
