"""Hosts that were opened read-only."""

from __future__ import annotations

from tui.registry.endpoints import Endpoints
from tui.registry.errors import Policy
from tui.registry.middleware import Send
from tui.registry.request import Request, Response
from tui.registry.settings import ClientSettings


class ReadOnly:
    """Before everything else on the way of a write: refuses it where nothing is to be written. Raises Policy."""

    def __init__(self, settings: ClientSettings, endpoints: Endpoints) -> None:
        self._settings = settings
        self._endpoints = endpoints

    async def __call__(self, request: Request, next: Send) -> Response:
        name = self._endpoints.name(request.address.origin)
        if self._settings.read_only or self._settings.host(name).read_only:
            raise Policy(f"Not written to {name}: opened read-only.")
        return await next(request)
