"""A line in the trace for each exchange. Runs in the exchange's own task, so that the line ends when the exchange does,
also when nobody waits for it any more."""

from __future__ import annotations

import asyncio

from tui.registry.endpoints import Endpoints
from tui.registry.errors import NotAsked, RegistryError
from tui.registry.middleware import Send
from tui.registry.request import NoResponse, Request, Response
from tui.registry.trace import Trace


class Tracing:
    def __init__(self, trace: Trace, endpoints: Endpoints) -> None:
        self._trace = trace
        self._endpoints = endpoints

    async def __call__(self, request: Request, next: Send) -> Response:
        trace, exchange = self._trace, request.exchange  # there is one already when it had to wait
        if exchange is None:
            address = request.address
            exchange = request.exchange = trace.opened(
                request.method, str(address), self._endpoints.name(address.origin), address.path, request.attempt
            )
        if request.login_line:
            exchange.how_to_log_in = trace.masked(request.login_line)
        trace.sent(exchange)
        try:
            response = await next(request)
        except asyncio.CancelledError:
            trace.broke(exchange, "stopped")
            raise
        except NoResponse as lost:
            if isinstance(lost.error, NotAsked):
                trace.uncount()
            trace.broke(exchange, lost.error.sentence)
            raise
        except RegistryError as error:
            trace.broke(exchange, error.sentence)
            raise
        if response.stream is None:
            trace.answered(exchange)
        else:
            response.stream.on_close(lambda: trace.answered(exchange))
        return response
