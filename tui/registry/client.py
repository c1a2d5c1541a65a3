"""The registry client: everything that fanfold asks of a registry, and writes to it, goes through here."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest
from tui.registry.api_errors import ApiCheck
from tui.registry.blobs import BlobProbe, Blobs, BlobStream, Head
from tui.registry.clock import Clock
from tui.registry.connection import Connection
from tui.registry.endpoints import Endpoints
from tui.registry.errors import NotFound, Unsupported
from tui.registry.headers import RateLimit
from tui.registry.listing import Listing
from tui.registry.manifests import Manifests
from tui.registry.middleware import chain
from tui.registry.middleware.auth import Auth
from tui.registry.middleware.errors import Errors
from tui.registry.middleware.limiter import Limiter
from tui.registry.middleware.masking import Masking
from tui.registry.middleware.read_only import ReadOnly
from tui.registry.middleware.redirects import Redirects
from tui.registry.middleware.retry import Retry
from tui.registry.middleware.trace import Tracing
from tui.registry.page import Page
from tui.registry.referrers import Referrers, ReferrersReader
from tui.registry.settings import ClientSettings
from tui.registry.trace import Trace
from tui.text import safe

if TYPE_CHECKING:
    from tui.registry.credentials import StoredLogin
    from tui.registry.login import Login
    from tui.registry.uploads import Upload, Uploads


class Client:
    """One for the whole program, used on one event loop, closed with `aclose`.

    `registry` is always the user's name of it ("docker.io", "127.0.0.1:5000"); `repository` its path there;
    `selector` a tag or a digest. Every method raises the tree of errors.py and nothing else; cancelling a caller is
    always safe.
    """

    def __init__(self, settings: ClientSettings | None = None, *, clock: Clock | None = None) -> None:
        self.settings = settings or ClientSettings()
        self._clock = clock or Clock()
        self.trace = Trace(self._clock)
        self._endpoints = endpoints = Endpoints(self.settings)
        self._connection = Connection(self.settings, endpoints)
        self.trace.masked = self._connection.secrets.masked_address
        self._limiter = Limiter(self.settings, endpoints, self._clock, self.trace)
        self._retry = Retry(self.settings, endpoints, self._clock, self._limiter)

        def make_login() -> Login:
            from tui.registry.login import Login  # late: most checks on loopback are never asked who they are

            return Login(self.settings, endpoints, self._clock, send)

        self._auth = Auth(make_login)
        # The way of a request, from the outside in.
        send = chain(
            [
                Masking(self._connection.secrets.masked),  # hides a login that is echoed
                self._retry,  # asks again what a moment may fix
                Redirects(self.settings, endpoints),
                self._auth,  # logs in, as far as is known how, and learns from a 401
                self._limiter,  # waits for a slot; from here on in the exchange's own task
                Tracing(self.trace, endpoints),
                Errors(self.settings, endpoints),  # puts into words why there is no answer
            ],
            self._connection.send,
        )
        self._send_write = send_write = chain([ReadOnly(self.settings, endpoints)], send)
        self._api_check = ApiCheck(send, endpoints)
        self._probe = BlobProbe(send, endpoints, self.settings)
        self._manifests = Manifests(send, send_write, endpoints, self.settings, self._clock)
        self._blobs = Blobs(send, endpoints)
        self._listing = Listing(send, endpoints, self.settings)
        self._referrers = ReferrersReader(send, endpoints, self.settings, self._manifests)

    @cached_property
    def _uploads(self) -> Uploads:
        from tui.registry.uploads import Uploads  # late: only a push needs them

        return Uploads(self._send_write, self._endpoints, self._probe)

    async def get_manifest(self, registry: str, repository: str, selector: str, *, fresh: bool = False) -> AnyManifest:
        """The manifest, decoded and verified. By digest it is kept, also when its caller has left meanwhile.

        `fresh` asks past the cache.
        """
        try:
            return await self._manifests.get(registry, repository, selector, fresh=fresh)
        except NotFound as error:
            await self._api_check.ensure_registry_api(registry, error)
            raise

    async def head_manifest(self, registry: str, repository: str, selector: str, *, confirm: bool = True) -> Head:
        """Digest, type and size of a manifest, by HEAD where that is enough (a GET counts as a pull at Docker Hub)."""
        try:
            return await self._manifests.head(registry, repository, selector, confirm=confirm)
        except NotFound as error:
            await self._api_check.ensure_registry_api(registry, error)
            raise

    async def head_blob(
        self, registry: str, repository: str, digest: str, *, expected_size: int | None = None, confirm: bool = True
    ) -> Head:
        """What the registry says about a blob. Compare `size` with the descriptor: it is not done here.

        A 404 is confirmed by one GET of a byte; with `confirm` off NotFound is raised at once, marked unconfirmed.
        """
        try:
            return await self._probe.head(
                registry, repository, Digest(digest), expected_size=expected_size, confirm=confirm
            )
        except NotFound as error:
            await self._api_check.ensure_registry_api(registry, error)
            raise

    async def read_blob(self, registry: str, repository: str, digest: str, *, limit: int) -> bytes:
        """The whole blob, at most `limit` bytes, verified."""
        try:
            return await self._blobs.read(registry, repository, Digest(digest), limit=limit)
        except NotFound as error:
            await self._api_check.ensure_registry_api(registry, error)
            raise

    def stream_blob(
        self, registry: str, repository: str, digest: str, *, verify: bool = True
    ) -> contextlib.AbstractAsyncContextManager[BlobStream]:
        """The blob as it comes; verified at the end, where `chunks` raises Corrupt. Without `verify` the caller hashes
        it, and `chunks` raises only Unreachable, when less came than was announced."""
        return self._blobs.stream(registry, repository, Digest(digest), verify=verify)

    async def read_range(self, registry: str, repository: str, digest: str, start: int, length: int) -> bytes:
        """A part of a blob (fewer bytes at its end); not verified."""
        return await self._blobs.read_range(registry, repository, Digest(digest), start, length)

    async def tags(self, registry: str, repository: str) -> AsyncGenerator[Page, None]:
        """The tags, page by page, in the registry's order."""
        try:
            async with contextlib.aclosing(self._listing.tags(registry, repository)) as pages:
                async for page in pages:
                    yield page
        except NotFound as error:
            await self._api_check.ensure_registry_api(registry, error)
            raise

    async def catalog(self, registry: str) -> AsyncGenerator[Page, None]:
        """The repositories, page by page; Unsupported where the registry does not list them."""
        try:
            async with contextlib.aclosing(self._listing.catalog(registry)) as pages:
                async for page in pages:
                    yield page
        except Unsupported as error:
            if isinstance(error.__cause__, NotFound):
                await self._api_check.ensure_registry_api(registry, error.__cause__)
            raise

    async def referrers(self, registry: str, repository: str, digest: str) -> Referrers:
        """What refers to a manifest, by the API or by the fallback tag."""
        return await self._referrers.get(registry, repository, Digest(digest))

    async def mount(self, registry: str, target_repository: str, digest: str, from_repository: str) -> Upload | None:
        """None: the blob is in the target repository now. An Upload: the registry opened a session instead (use it
        or cancel it). Raises Refused, Denied ...; upload the bytes then."""
        return await self._uploads.mount(registry, target_repository, Digest(digest), from_repository)

    async def begin_upload(self, registry: str, repository: str) -> Upload:
        return await self._uploads.begin(registry, repository)

    async def cancel_upload(self, upload: Upload) -> None:
        """Best effort, never raises."""
        await self._uploads.cancel(upload)

    async def put_blob(
        self,
        registry: str,
        repository: str,
        digest: str,
        size: int,
        open_chunks: Callable[[], AsyncIterator[bytes]],
        *,
        upload: Upload | None = None,
        progress: Callable[[int], None] | None = None,
    ) -> None:
        """Upload a blob; `open_chunks` is called anew for each try, `progress` with the bytes sent in this try.

        What `open_chunks` raises comes out as it is. Raises Corrupt when its bytes are not those of the digest,
        Refused, Denied, Policy ..., UnknownOutcome when the answer was lost and asking did not help.
        """
        await self._uploads.put(registry, repository, Digest(digest), size, open_chunks, upload, progress)

    async def ready_to_put(self, registry: str, repository: str, selector: str) -> None:
        """Log in for a PUT, so that it is a single exchange when its moment comes. Raises what a login raises."""
        await self._auth.prepare(self._manifests.request_to_put(registry, repository, selector, b"", ""))

    async def put_manifest(
        self,
        registry: str,
        repository: str,
        selector: str,
        raw: bytes,
        media_type: str,
        *,
        begun: Callable[[], None] | None = None,
    ) -> Digest:
        """Put exactly these bytes; gives their digest. Refused has the digests that the registry misses in `details`;
        UnknownOutcome: read the tag again before anything else.

        By tag there is one try, and none while the host rests: after RateLimited and Unreachable look at the tag again
        before the next, for it may be somebody else's by then. `begun` is called when the exchange begins; until then
        a caller who is cancelled has written nothing.
        """
        return (await self._manifests.put(registry, repository, selector, raw, media_type, begun))[0]

    async def put_tags(
        self,
        registry: str,
        repository: str,
        digest: Digest,
        tags: Sequence[str],
        raw: bytes,
        media_type: str,
        *,
        begun: Callable[[], None] | None = None,
    ) -> frozenset[str]:
        """Put a manifest by its digest and let several tags hold it, in one request (docs/protocol-notes.md, F-16);
        gives the tags that the answer names. A registry that does not know this takes the manifest and names none.
        One try, as by tag; raises as `put_manifest`."""
        put = self._manifests.put(registry, repository, str(digest), raw, media_type, begun, tags)
        return (await put)[1]

    async def delete_manifest(self, registry: str, repository: str, selector: str) -> None:
        """By digest this takes every tag on it along; by tag most registries answer Unsupported."""
        await self._manifests.delete(registry, repository, selector)

    def why_no_delete_by_tag(self, registry: str, repository: str) -> str:
        """What was said when a tag of this repository was to be deleted and could not be; "" when that never was."""
        return self._manifests.why_no_delete_by_tag(registry, repository)

    def rate_limit(self, registry: str) -> RateLimit | None:
        """What the registry said last about the pulls that are left."""
        return self._connection.rate_limits.get(self._endpoints.origin(registry))

    def slots(self, registry: str) -> int:
        """How many exchanges may be under way with this registry now."""
        return self._limiter.lane(self._endpoints.origin(registry)).limit

    def logins(self) -> list[StoredLogin]:
        """The registries that stored logins are for, as Docker's files have them; asks no helper. Reads files."""
        return self._auth.login.stored()

    @property
    def under_way(self) -> int:
        """How many exchanges are under way with all hosts."""
        return self._limiter.under_way

    def paused_until(self, registry: str) -> float | None:
        """When (monotonic clock) the host may be asked again; None: now."""
        until = self._limiter.lane(self._endpoints.origin(registry)).paused_until
        return until if until > self._clock.now() else None

    def notices(self, registry: str) -> tuple[str, ...]:
        """Safe sentences that the user ought to see: a stored login that was refused, a helper that is missing."""
        origin = self._endpoints.origin(registry)
        book = self._connection.warnings.get(origin)
        warned = book.texts if book is not None else ()
        logins = self._auth.notices(origin, registry)
        return (*logins, *(f"{safe(registry, limit=255)} warns: {text}" for text in warned))

    def login_notices(self, registry: str) -> tuple[str, ...]:
        """Those of them that say why a stored login did not help."""
        return self._auth.notices(self._endpoints.origin(registry), registry)

    def all_notices(self) -> tuple[str, ...]:
        """The notices of every registry that was asked, each once."""
        return tuple(dict.fromkeys(text for registry in self._endpoints.named for text in self.notices(registry)))

    def pauses(self) -> dict[str, float]:
        """The hosts that asked for a rest which is not over, with the seconds that are left of it."""
        now = self._clock.now()
        return {self._endpoints.name(at): end - now for at, end in self._limiter.pauses().items() if end > now}

    def remember_scheme(self, registry: str, scheme: str) -> None:
        """Keep the scheme that somebody typed before a registry's name: after "https" it is asked by TLS, loopback
        or not; "http" takes that back, and makes nothing less safe than it was before."""
        if self.settings.remember_scheme(registry, scheme):
            self._endpoints.forget(registry)

    def forget(self, registry: str | None = None) -> None:
        """Drop caches, tokens and what was learnt about one registry (None: about all)."""
        origin = self._endpoints.origin(registry) if registry is not None else None
        self._retry.forget(origin)
        self._auth.forget(origin)
        self._probe.forget(origin)
        self._api_check.forget(origin)
        self._manifests.forget(origin)
        self._referrers.forget(origin)

    async def aclose(self) -> None:
        """Stop what is under way and close the connections. Whoever asks afterwards gets Unreachable."""
        await self._auth.aclose()
        await self._probe.aclose()
        await self._api_check.aclose()
        await self._limiter.aclose()
        await self._connection.aclose()
