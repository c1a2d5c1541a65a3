"""No login in an error: what a server echoes of it is hidden in whatever the rest of the way has to say."""

from __future__ import annotations

from collections.abc import Callable

from tui.registry.errors import RegistryError
from tui.registry.middleware import Send
from tui.registry.request import NoResponse, Request, Response


class Masking:
    """Around all other middleware. Errors that are made of a response later are masked by the response itself."""

    def __init__(self, masked: Callable[[str], str]) -> None:
        self._masked = masked

    async def __call__(self, request: Request, next: Send) -> Response:
        try:
            return await next(request)
        except NoResponse as lost:
            sentence = self._masked(lost.error.sentence)
            if sentence == lost.error.sentence:
                raise
            error = lost.error.saying(sentence)
            # From None: what it was made of says what is hidden.
            raise NoResponse(error, sent=lost.sent, again=lost.again, stale=lost.stale) from None
        except RegistryError as error:
            sentence = self._masked(error.sentence)
            if sentence == error.sentence:
                raise
            raise error.saying(sentence) from None
