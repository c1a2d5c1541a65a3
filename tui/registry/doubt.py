"""Is this a registry at all?  A 404 that is a web page may come from any web server, and says nothing of an image then.

Nobody is asked without a reason: only after such a page, and once per host, `/v2/` is looked at. A registry answers
200, 401 or 403 there, or names its API version.
"""

from __future__ import annotations

import asyncio

from tui.registry.answers import is_html, speaks_the_api
from tui.registry.ask import Answer, Ask
from tui.registry.errors import NotARegistry, NotFound, RegistryError
from tui.registry.origin import Address, Origin
from tui.registry.session import Session
from tui.registry.target import Targets
from tui.text import safe


class Doubt:
    def __init__(self, session: Session, targets: Targets) -> None:
        self._session = session
        self._targets = targets
        self._known: dict[Origin, asyncio.Future[bool]] = {}

    def forget(self, origin: Origin | None = None) -> None:
        if origin is None:
            self._known.clear()
        else:
            self._known.pop(origin, None)

    async def settle(self, registry: str, error: NotFound) -> None:
        """Gives nothing when the error can be believed. Raises NotARegistry, or what the look at `/v2/` raises."""
        if not error.web_page:
            return
        origin = self._targets.origin(registry)
        known = self._known.get(origin)
        if known is None:
            known = self._known[origin] = asyncio.ensure_future(self._is_registry(origin))
        try:
            believed = await asyncio.shield(known)
        except RegistryError:
            self._known.pop(origin, None)
            raise
        if not believed:
            raise NotARegistry(
                f"{safe(registry, limit=255)} answers with web pages ({error.status}), also at /v2/: this may be no "
                "registry, so nothing can be known from it.",
                status=error.status,
                request=error.request,
            )

    async def _is_registry(self, origin: Origin) -> bool:
        ping = Ask("GET", Address(origin, "/v2/"), limit=0, take="some", authenticate=False)
        return _answers_as_one(await self._session.ask(ping))


def _answers_as_one(answer: Answer) -> bool:
    if speaks_the_api(answer):
        return True
    if answer.status == 401:
        return "www-authenticate" in answer.headers or not is_html(answer)  # a proxy in front may send its own page
    return (answer.ok or answer.status == 403) and not is_html(answer)
