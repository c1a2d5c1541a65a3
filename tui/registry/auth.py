"""Who we are to a registry: challenges, tokens and logins, per origin.

Nothing is pinged: the first real request to an origin goes alone, and what comes back tells how the others must ask.
They wait for it a moment and no longer: one that is never answered must not hold up a whole registry.
Afterwards tokens are fetched before they are needed, so a check of five hundred blobs costs one token and not a 401
for each. A credential goes to the origin it was stored for, or to the token realm which that origin named first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from tui.registry import redact, scope
from tui.registry.answers import read_errors
from tui.registry.ask import Answer, Ask
from tui.registry.challenge import Challenge, choose, parse_challenges
from tui.registry.clock import Clock
from tui.registry.credentials import Credential, Credentials
from tui.registry.errors import Denied, RegistryError, Unreachable, Unsupported
from tui.registry.flight import Flights
from tui.registry.origin import Address, Origin, UnusableUrl
from tui.registry.settings import ClientSettings
from tui.registry.shell_login import ask_for_token
from tui.registry.token import CLIENT_ID, BadToken, Token, basic, get_form, post_form, read_token, realm_address, usable
from tui.text import safe

Fetch: TypeAlias = Callable[[Ask], Awaitable[Answer]]
_MOST_TOKENS = 1_024

#: Seconds after which the next one asks beside a first request that has no answer, and for which one waits at most.
_PATIENCE, _MOST_PATIENCE = 1.0, 2.0
_Key: TypeAlias = tuple[Origin, str, str, Credential | None, tuple[str, ...]]


@dataclass(slots=True)
class Lease:
    """What one request may say about us.  `fresh`: made for this very question, so a 401 on it is final."""

    authorization: str = ""
    key: _Key | None = None
    token: Token | None = None
    scopes: tuple[str, ...] = ()
    fresh: bool = False
    widened: bool = False
    finder: _Host | None = None
    login: str = ""
    sent: Credential | None = None
    """The stored login, where it goes to the registry itself: a 401 is an answer to it then."""


@dataclass(slots=True)
class _Host:
    """What is known of one origin."""

    known: bool = False
    finding: asyncio.Future[bool | None] | None = None
    since: float = 0.0
    """When the latest of those who find out began (the loop's time)."""
    challenge: Challenge | None = None
    pinged: bool = False
    realm: Address | None = None
    refused: set[Credential] = field(default_factory=set)
    widened: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)
    notices: dict[str, None] = field(default_factory=dict)


class Auth:
    def __init__(self, settings: ClientSettings, clock: Clock, credentials: Credentials, fetch: Fetch) -> None:
        self._settings = settings
        self._clock = clock
        self._credentials = credentials
        self._fetch = fetch
        self._hosts: dict[Origin, _Host] = {}
        self._tokens: dict[_Key, Token] = {}
        self._flights: Flights[Token] = Flights(keep=True)

    def notices(self, origin: Origin, registry: str) -> tuple[str, ...]:
        """Safe sentences that the user ought to see: a login that was not accepted, and the like."""
        host = self._hosts.get(origin)
        return (*(host.notices if host is not None else ()), *self._credentials.warnings_for(registry))

    def forget(self, origin: Origin | None = None) -> None:
        """Drop what is known of an origin, its tokens and its pinned realm; None: of all."""
        if origin is None:
            self._hosts.clear()
            self._tokens.clear()
        else:
            self._hosts.pop(origin, None)
            for key in [key for key in self._tokens if key[0] == origin]:
                del self._tokens[key]
        self._credentials.forget()

    async def lease(self, ask: Ask, registry: str) -> Lease:
        """What to send with this ask, as far as it is known. A `finder` must be given to `landed` afterwards."""
        host = self._hosts.setdefault(ask.address.origin, _Host())
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
        return await self._prepare(host, ask, registry, ask.scopes, fresh=False)

    def landed(self, lease: Lease, answer: Answer | None, *, left: bool = False) -> None:
        """The request of this lease is over (None: without an answer; `left`: because its caller went away). Lets
        those go on who waited to learn how: one of them is the first now, when the first one left. There are several
        who find out where one of them got no answer for a while."""
        host, lease.finder = lease.finder, None
        if host is None:
            return
        if answer is not None:
            host.known = True
            if answer.status == 401 and host.challenge is None:
                host.challenge = choose(parse_challenges(answer.headers.get_list("www-authenticate")))
        if host.finding is not None and not host.finding.done():
            host.finding.set_result(None if left else answer is not None)
        host.finding = None

    async def challenged(self, lease: Lease, ask: Ask, answer: Answer, registry: str) -> Lease | None:
        """A 401 came back: what to send instead, or None when there is nothing better. Raises RegistryError."""
        host = self._hosts.setdefault(ask.address.origin, _Host())
        better = await self._better(host, lease, ask, answer, registry)
        if better is None and lease.sent is not None:
            host.notices[
                f"{registry} answered 401 to the stored login ({safe(lease.sent.source, limit=200)}): it is wrong, or "
                "may not see what was asked for. Log in again, or log out."
            ] = None
        return better

    async def _better(self, host: _Host, lease: Lease, ask: Ask, answer: Answer, registry: str) -> Lease | None:
        challenges = parse_challenges(answer.headers.get_list("www-authenticate"))
        chosen = choose(challenges)
        if chosen is None and host.challenge is None:
            chosen = await self._ping(host, ask, registry, challenges)
            if chosen is None:
                return None
        # The first scheme stays: a registry that offers Basic once a token has run out (Harbor) would otherwise be
        # sent the password with every request.
        host.challenge = host.challenge or chosen
        if host.challenge is not None and chosen is not None and host.challenge.scheme == chosen.scheme == "bearer":
            host.challenge = chosen
        demanded = chosen.scopes if chosen is not None and chosen.scheme == "bearer" else ()
        if lease.token is not None and lease.key is not None and self._tokens.get(lease.key) is lease.token:
            del self._tokens[lease.key]
        if not lease.fresh:
            scopes = scope.limited(demanded, ask.scopes) if not ask.write else scope.canonical((*demanded, *ask.scopes))
            renewed = await self._prepare(host, ask, registry, scopes, fresh=True)
            if renewed.authorization and renewed.authorization != lease.authorization:
                if scopes != scope.canonical(ask.scopes):
                    host.widened[ask.scopes] = scopes
                return renewed
            return None
        if lease.widened or chosen is None or chosen.get("error") != "insufficient_scope":
            return None
        scopes = scope.canonical((*demanded, *lease.scopes))
        if scopes == lease.scopes or (not ask.write and scope.limited(demanded, ask.scopes) == lease.scopes):
            return None
        widened = await self._prepare(host, ask, registry, scopes, fresh=True)
        return replace(widened, widened=True)

    async def _ping(self, host: _Host, ask: Ask, registry: str, seen: tuple[Challenge, ...]) -> Challenge | None:
        """A 401 that names no scheme for us: `/v2/` may (seen at gcr.io)."""
        if seen:
            names = ", ".join(dict.fromkeys(safe(challenge.scheme, limit=40) for challenge in seen[:5]))
            raise Denied(
                f"{registry} asks for a login by {names}, which is not supported; Bearer and Basic are.", status=401
            )
        if host.pinged:
            return None
        host.pinged = True
        ping = Ask("GET", Address(ask.address.origin, "/v2/"), limit=0, take="some", authenticate=False)
        answer = await self._fetch(ping)
        return choose(parse_challenges(answer.headers.get_list("www-authenticate"))) if answer.status == 401 else None

    async def _prepare(self, host: _Host, ask: Ask, registry: str, scopes: tuple[str, ...], *, fresh: bool) -> Lease:
        challenge = host.challenge
        assert challenge is not None
        credential = await self._credentials.find(registry, ask.repository)
        if credential in host.refused and not ask.write:
            credential = None
        if challenge.scheme == "basic":
            if credential is None or not credential.password:
                return Lease(fresh=fresh)
            return Lease(basic(credential), fresh=fresh, sent=credential)
        if credential is not None and credential.registry_token:
            if not usable(credential.registry_token, self._settings.max_token):
                raise Denied(f"The stored token for {registry} cannot be sent: it holds other than plain characters.")
            return Lease(f"Bearer {credential.registry_token}", fresh=True, sent=credential)
        scopes = host.widened.get(scopes, scope.canonical(scopes)) if not fresh else scope.canonical(scopes)
        realm = self._realm(host, challenge, ask, registry, credential)
        service = challenge.get("service")
        try:
            key, token = await self._token(ask.address.origin, realm, service, credential, scopes, registry)
        except Denied:
            if credential is None or ask.write:
                raise
            # Said first: when nobody may see anything without a login, this is why.
            host.notices[
                f"{registry} did not accept the stored login ({safe(credential.source, limit=200)}); "
                "this is what anybody may see. Log in again, or log out."
            ] = None
            key, token = await self._token(ask.address.origin, realm, service, None, scopes, registry)
            host.refused.add(credential)
        login = _by_hand(realm, service, scopes, None if credential in host.refused else credential)
        return Lease(f"Bearer {token.value}", key, token, scopes, fresh, login=login)

    def _realm(
        self, host: _Host, challenge: Challenge, ask: Ask, registry: str, credential: Credential | None
    ) -> Address:
        try:
            realm = realm_address(challenge.get("realm"), ask.address, private_ok=False)
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

    async def _token(
        self,
        origin: Origin,
        realm: Address,
        service: str,
        credential: Credential | None,
        scopes: tuple[str, ...],
        registry: str,
    ) -> tuple[_Key, Token]:
        key: _Key = (origin, str(realm), service, credential, scopes)
        token = self._tokens.get(key)
        if token is not None and token.fresh(self._clock.now()):
            return key, token

        async def fetch() -> Token:
            made = await self._ask_for_token(realm, service, credential, scopes, registry)
            if len(self._tokens) >= _MOST_TOKENS:
                now = self._clock.now()
                self._tokens = {old: kept for old, kept in self._tokens.items() if kept.fresh(now)}
            self._tokens[key] = made
            return made

        return key, await self._flights.share(key, fetch)

    async def _ask_for_token(
        self, realm: Address, service: str, credential: Credential | None, scopes: tuple[str, ...], registry: str
    ) -> Token:
        limit = self._settings.max_token_body
        answer: Answer | None = None
        if credential is not None and credential.identity_token:
            form = post_form(service, scopes, credential.identity_token)
            headers = (("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/json"))
            answer = await self._fetch(
                Ask("POST", realm, headers, limit=limit, content=form, length=len(form), authenticate=False)
            )
        if answer is None or (answer.status in (400, 401, 404, 405) and credential is not None and credential.password):
            login = (("Authorization", basic(credential)),) if credential is not None and credential.password else ()
            headers = (("Accept", "application/json"), *login)
            account = credential.username if credential is not None and login else ""
            address = get_form(realm, service, scopes, account)
            answer = await self._fetch(Ask("GET", address, headers, limit=limit, authenticate=False))
        return self._read_token(answer, realm, registry, credential)

    def _read_token(self, answer: Answer, realm: Address, registry: str, credential: Credential | None) -> Token:
        server = safe(realm.origin.host)
        request = answer.exchange.id
        if answer.ok:
            try:
                return read_token(answer.body, self._clock.now(), self._clock.wall(), self._settings.max_token)
            except BadToken as error:
                raise Unreachable(
                    f"The token server {server} of {registry} gave an answer that cannot be used: {error}.",
                    status=answer.status,
                    request=request,
                ) from None
        raise self._refusal(answer, server, registry, credential)

    def _refusal(self, answer: Answer, server: str, registry: str, credential: Credential | None) -> RegistryError:
        # Its words are not shown: a token server may echo what it was sent.
        code = read_errors(answer.body, answer.media_type).code
        status, request = answer.status, answer.exchange.id
        if status in (400, 401, 403, 404):
            who = f"the stored login ({safe(credential.source, limit=200)})" if credential else "an anonymous user"
            return Denied(
                f"The token server {server} of {registry} refused {who} ({status}).",
                status=status,
                code=code,
                request=request,
            )
        if status >= 500:
            return Unreachable(
                f"The token server {server} of {registry} answered {status}.", status=status, request=request
            )
        return Unsupported(
            f"The token server {server} of {registry} answered {status}, which cannot be used.",
            status=status,
            request=request,
        )

    async def aclose(self) -> None:
        await self._flights.aclose()
        await self._credentials.aclose()


def _by_hand(realm: Address, service: str, scopes: tuple[str, ...], credential: Credential | None) -> str:
    """The shell line that prints such a token."""
    if credential is not None and credential.identity_token and not credential.password:
        fields = ("grant_type", "refresh_token"), ("client_id", CLIENT_ID), ("service", service)
        return ask_for_token(redact.url(str(realm)), form=(*fields, ("scope", " ".join(scopes))))
    password = credential is not None and bool(credential.password)
    return ask_for_token(redact.url(str(get_form(realm, service, scopes))), password=password)
