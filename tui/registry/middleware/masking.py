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
            self._mask(lost.error)
            raise
        except RegistryError as error:
            self._mask(error)
            raise

    def _mask(self, error: RegistryError) -> None:
        sentence = self._masked(error.sentence)
        if sentence != error.sentence:
            error.args = (sentence,)
            vars(error)["sentence"] = sentence
