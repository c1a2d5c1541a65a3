"""Who we are to a registry, per origin: what a request may say about us, and who finds out what a registry asks for.

Nothing is pinged: the first real request to an origin goes alone, and what comes back tells how the others must ask.
They wait for it a moment and no longer: one that is never answered must not hold up a whole registry.
Afterwards tokens are fetched before they are needed, so a check of five hundred blobs costs one token and not a 401
for each. What is said where a registry asks is worked out in `login.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from tui.registry.endpoints import Origin
from tui.registry.lease import Host, Lease
from tui.registry.middleware import Send
from tui.registry.request import Request, Response

if TYPE_CHECKING:
    from tui.registry.login import Login

_PATIENCE, _MOST_PATIENCE = 1.0, 2.0
"""Seconds after which the next one asks beside a first request that has no answer, and for which one waits at most."""


class Auth:
    """Raises what logging in raises. `make_login` is called when the first registry asks who we are."""

    def __init__(self, make_login: Callable[[], Login]) -> None:
        self._make_login = make_login
        self._made: Login | None = None
        self._hosts: dict[Origin, Host] = {}

    @property
    def login(self) -> Login:
        if self._made is None:
            self._made = self._make_login()
        return self._made

    async def __call__(self, request: Request, next: Send) -> Response:
        if not request.authenticate:
            return await next(request)
        host = self._hosts.get(request.address.origin)
        # Where no login is asked for there is nothing to find out.
        lease = Lease() if host is not None and host.is_open else await self._lease(request)
        while True:
            request.authorization = lease.authorization
            request.login_line = lease.token.shell_line if lease.token is not None else ""
            if lease.finder is not None:
                # The others wait for what this answer teaches: it does even when the caller leaves before it comes.
                request.on_end = partial(self._landed, lease)
            try:
                response = await next(request)
            except asyncio.CancelledError:
                if not request.begun:
                    self._landed(lease, None, left=True)
                raise
            except Exception:
                self._landed(lease, None)
                raise
            if lease.finder is not None:
                self._landed(lease, response)
            request.on_end = None
            if response.status != 401:
                return response
            # At most two more: a fresh lease, and one with the scope that the registry then names.
            host = self._hosts.setdefault(request.address.origin, Host())
            better = await self.login.challenged(host, lease, request, response)
            if better is None:
                return response
            lease = better

    async def prepare(self, request: Request) -> None:
        """Get the token that this request will need, so that nothing but its own exchange is left to do."""
        lease = await self._lease(request)
        self._landed(lease, None, left=True)

    def notices(self, origin: Origin, registry: str) -> tuple[str, ...]:
        """Safe sentences that the user ought to see: a login that was not accepted, and the like."""
        host = self._hosts.get(origin)
        stored = self._made.warnings_for(registry) if self._made is not None else ()
        return (*(host.notices if host is not None else ()), *stored)

    def forget(self, origin: Origin | None = None) -> None:
        """Drop what is known of an origin, its tokens and its pinned realm; None: of all."""
        if origin is None:
            self._hosts.clear()
        else:
            self._hosts.pop(origin, None)
        if self._made is not None:
            self._made.forget(origin)

    async def _lease(self, request: Request) -> Lease:
        """What to send with this request, as far as it is known. A `finder` must be given to `_landed` afterwards."""
        host = self._hosts.get(request.address.origin)
        if host is None:
            host = self._hosts[request.address.origin] = Host()
        loop = asyncio.get_running_loop()
        latest = loop.time() + _MOST_PATIENCE
        while not host.known:
            if host.finding is None:
                host.finding, host.since = loop.create_future(), loop.time()
                return Lease(finder=host)
            left = min(host.since + _PATIENCE, latest) - loop.time()
            if left <= 0:
                host.since = loop.time()  # those who come next give this one its chance
                return Lease(finder=host)
            done, _ = await asyncio.wait((host.finding,), timeout=left)
            if done and done.pop().result() is False:
                return Lease()  # the first one got no answer: no use in asking one after the other
        if host.challenge is None:
            return Lease()
        return await self.login.answer_to(host.challenge, host, request, request.scopes, fresh=False)

    def _landed(self, lease: Lease, response: Response | None, *, left: bool = False) -> None:
        """The request of this lease is over (None: without an answer; `left`: because its caller went away). Lets
        those go on who waited to learn how: one of them is the first now, when the first one left. There are several
        who find out where one of them got no answer for a while."""
        host, lease.finder = lease.finder, None
        if host is None:
            return
        if response is not None:
            host.known = True
            if response.status == 401:
                self.login.learn(host, response)
        if host.finding is not None and not host.finding.done():
            host.finding.set_result(None if left else response is not None)
        host.finding = None

    async def aclose(self) -> None:
        if self._made is not None:
            await self._made.aclose()
