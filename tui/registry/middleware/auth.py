"""Who we are to a registry: challenges, tokens and logins, per origin.

Nothing is pinged: the first real request to an origin goes alone, and what comes back tells how the others must ask.
They wait for it a moment and no longer: one that is never answered must not hold up a whole registry.
Afterwards tokens are fetched before they are needed, so a check of five hundred blobs costs one token and not a 401
for each. A credential goes to the origin it was stored for, or to the token realm which that origin named first.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from functools import partial

from tui.registry.challenge import Challenge, choose, parse_challenges
from tui.registry.clock import Clock
from tui.registry.credentials import Credential, Credentials
from tui.registry.endpoints import Address, Endpoints, Origin, UnusableUrl, canonical_scopes, limited_scopes
from tui.registry.errors import Denied
from tui.registry.middleware import Send
from tui.registry.request import Request, Response
from tui.registry.settings import ClientSettings
from tui.registry.tokens import Token, TokenRequest, Tokens, basic, realm_address, usable
from tui.text import safe

_PATIENCE, _MOST_PATIENCE = 1.0, 2.0
"""Seconds after which the next one asks beside a first request that has no answer, and for which one waits at most."""


@dataclass(slots=True)
class Lease:
    """What one request may say about us."""

    authorization: str = ""
    wanted: TokenRequest | None = None
    token: Token | None = None
    fresh: bool = False
    """Made for this very question, so a 401 on it is final."""
    widened: bool = False
    finder: _Host | None = None
    """The origin whose ways this request finds out for the others."""
    sent: Credential | None = None
    """The stored login, where it goes to the registry itself: a 401 is an answer to it then."""

    @property
    def scopes(self) -> tuple[str, ...]:
        return self.wanted.scopes if self.wanted is not None else ()


@dataclass(slots=True)
class _Host:
    """What is known of one origin."""

    known: bool = False
    finding: asyncio.Future[bool | None] | None = None
    since: float = 0.0
    """When the latest of those who find out began (the loop's time)."""
    challenge: Challenge | None = None
    pinged: bool = False
    """Whether `/v2/` was asked how to log in."""
    realm: Address | None = None
    refused: set[Credential] = field(default_factory=set)
    widened: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    notices: dict[str, None] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it answers those who say nothing about themselves."""
        return self.known and self.challenge is None


class Auth:
    """Raises Denied, and what asking a token server or for `/v2/` by `send` raises."""

    def __init__(
        self, settings: ClientSettings, endpoints: Endpoints, clock: Clock, credentials: Credentials, send: Send
    ) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._credentials = credentials
        self._send = send
        self._hosts: dict[Origin, _Host] = {}
        self._tokens = Tokens(settings, clock, send)

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
            better = await self._challenged(lease, request, response)
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
        return (*(host.notices if host is not None else ()), *self._credentials.warnings_for(registry))

    def forget(self, origin: Origin | None = None) -> None:
        """Drop what is known of an origin, its tokens and its pinned realm; None: of all."""
        if origin is None:
            self._hosts.clear()
        else:
            self._hosts.pop(origin, None)
        self._tokens.forget(origin)
        self._credentials.forget()

    async def _lease(self, request: Request) -> Lease:
        """What to send with this request, as far as it is known. A `finder` must be given to `_landed` afterwards."""
        host = self._hosts.get(request.address.origin)
        if host is None:
            host = self._hosts[request.address.origin] = _Host()
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
        return await self._answer_to(host.challenge, host, request, request.scopes, fresh=False)

    def _landed(self, lease: Lease, response: Response | None, *, left: bool = False) -> None:
        """The request of this lease is over (None: without an answer; `left`: because its caller went away). Lets
        those go on who waited to learn how: one of them is the first now, when the first one left. There are several
        who find out where one of them got no answer for a while."""
        host, lease.finder = lease.finder, None
        if host is None:
            return
        if response is not None:
            host.known = True
            if response.status == 401 and host.challenge is None:
                host.challenge = choose(_challenges(response))
        if host.finding is not None and not host.finding.done():
            host.finding.set_result(None if left else response is not None)
        host.finding = None

    async def _challenged(self, lease: Lease, request: Request, response: Response) -> Lease | None:
        """A 401 came back: what to send instead, or None when there is nothing better. Raises RegistryError."""
        origin = request.address.origin
        host = self._hosts.setdefault(origin, _Host())
        better = await self._better(host, lease, request, response)
        if better is None and lease.sent is not None:
            host.notices[
                f"{self._endpoints.name(origin)} answered 401 to the stored login "
                f"({safe(lease.sent.source, limit=200)}): it is wrong, or may not see what was asked for. "
                "Log in again, or log out."
            ] = None
        return better

    async def _better(self, host: _Host, lease: Lease, request: Request, response: Response) -> Lease | None:
        challenges = _challenges(response)
        chosen = choose(challenges)
        if chosen is None and host.challenge is None:
            chosen = await self._ping(host, request, challenges)
            if chosen is None:
                return None
        # The first scheme stays: a registry that offers Basic once a token has run out (Harbor) would otherwise be
        # sent the password with every request.
        if host.challenge is None or (chosen is not None and host.challenge.scheme == chosen.scheme == "bearer"):
            host.challenge = chosen
        challenge = host.challenge
        assert challenge is not None
        demanded = chosen.scopes if chosen is not None and chosen.scheme == "bearer" else ()
        if lease.token is not None and lease.wanted is not None:
            self._tokens.drop(lease.wanted, lease.token)
        if not lease.fresh:
            if request.write:
                scopes = canonical_scopes((*demanded, *request.scopes))
            else:
                scopes = limited_scopes(demanded, request.scopes)
            renewed = await self._answer_to(challenge, host, request, scopes, fresh=True)
            if not renewed.authorization or renewed.authorization == lease.authorization:
                return None
            if scopes != canonical_scopes(request.scopes):
                host.widened[request.scopes] = scopes
            return renewed
        if lease.widened or chosen is None or chosen.get("error") != "insufficient_scope":
            return None
        scopes = canonical_scopes((*demanded, *lease.scopes))
        if scopes == lease.scopes or (not request.write and limited_scopes(demanded, request.scopes) == lease.scopes):
            return None
        return replace(await self._answer_to(challenge, host, request, scopes, fresh=True), widened=True)

    async def _ping(self, host: _Host, request: Request, offered: tuple[Challenge, ...]) -> Challenge | None:
        """A 401 that names no scheme for us: `/v2/` may (seen at gcr.io)."""
        origin = request.address.origin
        if offered:
            names = ", ".join(dict.fromkeys(safe(challenge.scheme, limit=40) for challenge in offered[:5]))
            raise Denied(
                f"{self._endpoints.name(origin)} asks for a login by {names}, which is not supported; Bearer and "
                "Basic are.",
                status=401,
            )
        if host.pinged:
            return None
        host.pinged = True
        ping = Request("GET", Address(origin, "/v2/"), limit=0, take="some", authenticate=False)
        response = await self._send(ping)
        return choose(_challenges(response)) if response.status == 401 else None

    async def _answer_to(
        self, challenge: Challenge, host: _Host, request: Request, scopes: tuple[str, ...], *, fresh: bool
    ) -> Lease:
        registry = self._endpoints.name(request.address.origin)
        credential = await self._credentials.find(registry, request.repository)
        if credential in host.refused and not request.write:
            credential = None
        if challenge.scheme == "basic":
            if credential is None or not credential.password:
                return Lease(fresh=fresh)
            return Lease(basic(credential), fresh=fresh, sent=credential)
        if credential is not None and credential.registry_token:
            if not usable(credential.registry_token, self._settings.max_token):
                raise Denied(f"The stored token for {registry} cannot be sent: it holds other than plain characters.")
            return Lease(f"Bearer {credential.registry_token}", fresh=True, sent=credential)
        scopes = host.widened.get(scopes, canonical_scopes(scopes)) if not fresh else canonical_scopes(scopes)
        realm = self._realm(host, challenge, request.address, credential)
        wanted = TokenRequest(request.address.origin, realm, challenge.get("service"), scopes, credential)
        try:
            token = await self._tokens.get(wanted, registry)
        except Denied:
            if credential is None or request.write:
                raise
            # Noted first: when nobody may see anything without a login, this is why.
            host.notices[
                f"{registry} did not accept the stored login ({safe(credential.source, limit=200)}); "
                "this is what anybody may see. Log in again, or log out."
            ] = None
            wanted = replace(wanted, credential=None)
            token = await self._tokens.get(wanted, registry)
            host.refused.add(credential)
        return Lease(f"Bearer {token.value}", wanted, token, fresh)

    def _realm(self, host: _Host, challenge: Challenge, asked: Address, credential: Credential | None) -> Address:
        registry = self._endpoints.name(asked.origin)
        try:
            realm = realm_address(challenge.get("realm"), asked, self._endpoints.is_trusted)
        except UnusableUrl as error:
            raise Denied(f"{registry} names a token server that we will not talk to: {error}.", status=401) from None
        if host.realm is None:
            host.realm = realm
        elif host.realm.origin != realm.origin and credential is not None:
            raise Denied(
                f"{registry} named {safe(host.realm.origin.host)} as its token server and now "
                f"{safe(realm.origin.host)}; the login was not sent there. Refresh the registry to accept the change.",
                status=401,
            )
        return realm

    async def aclose(self) -> None:
        await self._tokens.aclose()
        await self._credentials.aclose()


def _challenges(response: Response) -> tuple[Challenge, ...]:
    return parse_challenges(response.headers.get_list("www-authenticate"))
