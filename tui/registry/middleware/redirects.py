"""Where a redirect may lead, and what may go along.

Whether a place may be gone to at all, `reach.py` decides; to another origin (scheme, host and port) nothing goes along
but Range and Accept.
"""

from __future__ import annotations

from tui.registry.endpoints import Address, Endpoints, UnusableUrl, resolve_address
from tui.registry.errors import NotARegistry, Unreachable
from tui.registry.middleware import Send
from tui.registry.reach import check_reach
from tui.registry.request import Pairs, Request, Response
from tui.registry.settings import ClientSettings
from tui.text import safe

_STATUSES = frozenset({301, 302, 303, 307, 308})
_TRAVELS = frozenset({"range", "accept"})


class Redirects:
    """Follows redirects. Raises NotARegistry and Unreachable for those that are not followed."""

    def __init__(self, settings: ClientSettings, endpoints: Endpoints) -> None:
        self._endpoints = endpoints
        self._most = settings.redirects

    async def __call__(self, request: Request, next: Send) -> Response:
        response = await next(request)
        if response.status not in _STATUSES or not request.follow:
            return response
        home = request.address.origin
        hops, away = 0, False
        while response.status in _STATUSES and "location" in response.headers:
            hops += 1
            there = self._hop(request, response)
            if hops > self._most or there == request.address:
                raise response.error(
                    NotARegistry,
                    f"{self._endpoints.name(home)} redirects without end.",
                )
            # Another origin gets nothing of ours, and its 401 is not answered; nor does ours, if that sends us back.
            away = away or there.origin != home
            onward = request.at(
                there, headers_for(request.headers, not away), authenticate=request.authenticate and not away
            )
            response = await next(onward)
            if there.origin != home:
                response.storage = safe(self._endpoints.name(there.origin), limit=255)
        return response

    def _hop(self, request: Request, response: Response) -> Address:
        home = request.address.origin
        name = self._endpoints.name(home)
        try:
            there = resolve_address(response.address, response.headers["location"])
            check_reach(response.address, there, self._endpoints.is_trusted)
        except UnusableUrl as error:
            raise response.error(Unreachable, f"{name} redirects to a refused address: {error}.") from None
        reading = request.method in ("GET", "HEAD")
        login = any(header.lower() == "authorization" for header, _ in request.headers)
        if there.origin != home and (not reading or login):
            raise response.error(
                Unreachable,
                f"{name} redirects a login or a write to another host; not followed.",
            )
        if not reading and (response.status not in (307, 308) or callable(request.content)):
            raise response.error(NotARegistry, f"{name} redirects a write ({response.status}); not followed.")
        return there


def headers_for(headers: Pairs, same_origin: bool) -> Pairs:
    return headers if same_origin else tuple(pair for pair in headers if pair[0].lower() in _TRAVELS)
