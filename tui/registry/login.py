"""What to say to a registry that asks who we are: its challenges, the stored logins, and tokens.

Nothing of this is imported before a registry asks, or somebody wants to know which logins there are.
"""

from __future__ import annotations

from dataclasses import replace

from tui.registry.challenge import Challenge, choose, parse_challenges
from tui.registry.clock import Clock
from tui.registry.credentials import Credential, Credentials, StoredLogin
from tui.registry.endpoints import Address, Endpoints, Origin, UnusableUrl, canonical_scopes, limited_scopes
from tui.registry.errors import Denied
from tui.registry.lease import Host, Lease
from tui.registry.middleware import Send
from tui.registry.request import Request, Response
from tui.registry.settings import ClientSettings
from tui.registry.tokens import TokenRequest, Tokens, basic, realm_address, usable
from tui.text import safe


class Login:
    """Of all origins. A credential goes to the origin it was stored for, or to the token realm which that origin named
    first. Raises Denied, and what asking a token server or for `/v2/` by `send` raises."""

    def __init__(self, settings: ClientSettings, endpoints: Endpoints, clock: Clock, send: Send) -> None:
        self._settings = settings
        self._endpoints = endpoints
        self._credentials = Credentials(settings, clock)
        self._tokens = Tokens(settings, clock, send)
        self._send = send

    def stored(self) -> list[StoredLogin]:
        """The registries that stored logins are for. Reads files, asks no helper."""
        return self._credentials.stored()

    def warnings_for(self, registry: str) -> tuple[str, ...]:
        """What could not be used of the stored logins for this registry (the user's name of it)."""
        return self._credentials.warnings_for(registry)

    def forget(self, origin: Origin | None) -> None:
        """Drop the tokens for an origin (None: for all), and what was found in files."""
        self._tokens.forget(origin)
        self._credentials.forget()

    def learn(self, host: Host, response: Response) -> None:
        """From a 401: how this origin wants to be asked."""
        if host.challenge is None:
            host.challenge = choose(_challenges(response))

    async def challenged(self, host: Host, lease: Lease, request: Request, response: Response) -> Lease | None:
        """A 401 came back: what to send instead, or None when there is nothing better. Raises RegistryError."""
        origin = request.address.origin
        better = await self._better(host, lease, request, response)
        if better is None and lease.sent is not None:
            host.notices[
                f"{self._endpoints.name(origin)} answered 401 to the stored login "
                f"({safe(lease.sent.source, limit=200)}): it is wrong, or lacks permission. "
                "Log in again, or log out."
            ] = None
        return better

    async def _better(self, host: Host, lease: Lease, request: Request, response: Response) -> Lease | None:
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
            renewed = await self.answer_to(challenge, host, request, scopes, fresh=True)
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
        return replace(await self.answer_to(challenge, host, request, scopes, fresh=True), widened=True)

    async def _ping(self, host: Host, request: Request, offered: tuple[Challenge, ...]) -> Challenge | None:
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

    async def answer_to(
        self, challenge: Challenge, host: Host, request: Request, scopes: tuple[str, ...], *, fresh: bool
    ) -> Lease:
        """What to send with a request, to an origin that asks so."""
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
                "continuing anonymously. Log in again, or log out."
            ] = None
            wanted = replace(wanted, credential=None)
            token = await self._tokens.get(wanted, registry)
            host.refused.add(credential)
        return Lease(f"Bearer {token.value}", wanted, token, fresh)

    def _realm(self, host: Host, challenge: Challenge, asked: Address, credential: Credential | None) -> Address:
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
