"""What happens to every request on its way to the connection, each in a class of its own, and how they are lined up."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeAlias

from tui.registry.request import Request, Response

Send: TypeAlias = Callable[[Request], Awaitable[Response]]


class Middleware(Protocol):
    """Gives the response to a request by calling `next`: once, several times, or not at all."""

    async def __call__(self, request: Request, next: Send) -> Response: ...


def chain(middleware: Sequence[Middleware], send: Send) -> Send:
    """One function out of several: the first one is the outermost, `send` is asked last."""
    for each in reversed(middleware):
        send = _with_next(each.__call__, send)
    return send


def _with_next(step: Callable[[Request, Send], Awaitable[Response]], next: Send) -> Send:
    # What `functools.partial` does, without its copy of a dict for each call.
    def send(request: Request) -> Awaitable[Response]:
        return step(request, next)

    return send
