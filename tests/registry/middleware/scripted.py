"""Middleware without a network: requests, responses, and a `next` that plays a script."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, TypeAlias

from tui.registry.endpoints import Address, parse_address
from tui.registry.headers import Headers
from tui.registry.request import Request, Response
from tui.registry.trace import Exchange

URL = "https://registry.example.com/v2/app/blobs/sha256:1"
_ids = itertools.count(1)


def request(method: str = "GET", url: str = URL, **more: Any) -> Request:
    return Request(method, parse_address(url), **more)


def exchange(address: Address) -> Exchange:
    return Exchange(next(_ids), datetime.now(UTC), "GET", str(address), address.origin.host, address.path)


def response(asked: Request, status: int = 200, headers: Iterable[tuple[str, str]] = (), body: bytes = b"") -> Response:
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return Response(status, Headers(raw), body, asked.address, asked.exchange or exchange(asked.address))


Step: TypeAlias = int | Exception | Callable[[Request], Response]


class Script:
    """Plays its steps, one for each request, and the last one again and again: a status, an exception, or a function
    that gives a response. `asked` are the requests, `logins` what they carried as Authorization."""

    def __init__(self, *steps: Step, wait: asyncio.Event | None = None) -> None:
        self.asked: list[Request] = []
        self.logins: list[str] = []
        self._steps = list(steps)
        self._wait = wait

    async def __call__(self, asked: Request) -> Response:
        self.asked.append(asked)
        self.logins.append(asked.authorization)
        if self._wait is not None:
            await self._wait.wait()
        await asyncio.sleep(0)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, Exception):
            raise step
        return response(asked, step) if isinstance(step, int) else step(asked)
