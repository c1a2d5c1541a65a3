"""The registry client: everything that fanfold asks of a registry, and writes to it, goes through here."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable

from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest
from tui.registry.blobs import Blobs, BlobStream
from tui.registry.clock import Clock
from tui.registry.credentials import Credentials
from tui.registry.doubt import Doubt
from tui.registry.errors import NotFound, Unsupported
from tui.registry.exchange import Wire
from tui.registry.lists import Lists
from tui.registry.manifests import Manifests
from tui.registry.origin import Origin
from tui.registry.page import Page
from tui.registry.presence import Head, Presence
from tui.registry.ratelimit import RateLimit
from tui.registry.referrers import Referrers, ReferrersReader
from tui.registry.session import Session
from tui.registry.settings import ClientSettings
from tui.registry.target import Targets
from tui.registry.trace import Trace
from tui.registry.uploads import Upload, Uploads
from tui.registry.writes import Writes
from tui.text import safe


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
        self._wire = Wire(self.settings, self.trace, self._clock)
        self._credentials = Credentials(self.settings, self._clock)
        self._session = Session(self._wire, self._credentials, self.settings, self._clock)
        self._targets = Targets(self.settings, self._wire.introduce)
        self._doubt = Doubt(self._session, self._targets)
        self._presence = Presence(self._session, self._targets, self.settings)
        self._manifests = Manifests(self._session, self._targets, self.settings)
        self._blobs = Blobs(self._session, self._targets)
        self._uploads = Uploads(self._session, self._targets, self._presence)
        self._writes = Writes(self._session, self._targets, self.settings)
        self._lists = Lists(self._session, self._targets, self.settings)
        self._referrers = ReferrersReader(self._session, self._targets, self.settings, self._manifests)

    async def get_manifest(
        self, registry: str, repository: str, selector: str, *, fresh: bool = False, limit: int | None = None
    ) -> AnyManifest:
        """The manifest, decoded and verified. By digest it is kept; callers for the same one share a request.

        `fresh` asks past the cache; `limit` (bytes) raises the size that is accepted.
        """
        try:
            return await self._manifests.get(registry, repository, selector, fresh=fresh, limit=limit)
        except NotFound as error:
            await self._doubt.settle(registry, error)
            raise

    async def head_manifest(self, registry: str, repository: str, selector: str, *, confirm: bool = True) -> Head:
        """Digest, type and size of a manifest, by HEAD where that is enough (a GET counts as a pull at Docker Hub)."""
        try:
            return await self._manifests.head(registry, repository, selector, confirm=confirm)
        except NotFound as error:
            await self._doubt.settle(registry, error)
            raise

    async def head_blob(
        self, registry: str, repository: str, digest: str, *, expected_size: int | None = None, confirm: bool = True
    ) -> Head:
        """What the registry says about a blob. Compare `size` with the descriptor: it is not done here.

        A 404 is confirmed by one GET of a byte; with `confirm` off NotFound is raised at once, marked unconfirmed.
        """
        try:
            return await self._presence.blob(
                registry, repository, Digest(digest), expected_size=expected_size, confirm=confirm
            )
        except NotFound as error:
            await self._doubt.settle(registry, error)
            raise

    async def read_blob(
        self, registry: str, repository: str, digest: str, *, limit: int, expected_size: int | None = None
    ) -> bytes:
        """The whole blob, at most `limit` bytes, verified."""
        try:
            return await self._blobs.read(
                registry, repository, Digest(digest), limit=limit, expected_size=expected_size
            )
        except NotFound as error:
            await self._doubt.settle(registry, error)
            raise

    def stream_blob(
        self, registry: str, repository: str, digest: str
    ) -> contextlib.AbstractAsyncContextManager[BlobStream]:
        """The blob as it comes; verified at the end, where `chunks` raises Corrupt."""
        return self._blobs.stream(registry, repository, Digest(digest))

    async def read_range(self, registry: str, repository: str, digest: str, start: int, length: int) -> bytes:
        """A part of a blob (fewer bytes at its end); not verified."""
        return await self._blobs.read_range(registry, repository, Digest(digest), start, length)

    async def tags(self, registry: str, repository: str) -> AsyncGenerator[Page, None]:
        """The tags, page by page, in the registry's order."""
        try:
            async with contextlib.aclosing(self._lists.tags(registry, repository)) as pages:
                async for page in pages:
                    yield page
        except NotFound as error:
            await self._doubt.settle(registry, error)
            raise

    async def catalog(self, registry: str) -> AsyncGenerator[Page, None]:
        """The repositories, page by page; Unsupported where the registry does not list them."""
        try:
            async with contextlib.aclosing(self._lists.catalog(registry)) as pages:
                async for page in pages:
                    yield page
        except Unsupported as error:
            if isinstance(error.__cause__, NotFound):
                await self._doubt.settle(registry, error.__cause__)
            raise

    async def referrers(
        self, registry: str, repository: str, digest: str, *, artifact_type: str | None = None
    ) -> Referrers:
        """What refers to a manifest, by the API or by the fallback tag."""
        return await self._referrers.get(registry, repository, Digest(digest), artifact_type)

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
        await self._writes.ready(registry, repository, selector)

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
        before the next, for it may be somebody else's by then.  `begun` is called when the exchange begins; until then
        a caller who is cancelled has written nothing.
        """
        return await self._writes.put_manifest(registry, repository, selector, raw, media_type, begun)

    async def delete_manifest(self, registry: str, repository: str, selector: str) -> None:
        """By digest this takes every tag on it along; by tag most registries answer Unsupported."""
        await self._writes.delete_manifest(registry, repository, selector)
        self._manifests.dropped(registry, repository, selector)

    def rate_limit(self, registry: str) -> RateLimit | None:
        """What the registry said last about the pulls that are left."""
        return self._wire.rate_limits.get(self._targets.origin(registry))

    def paused_until(self, registry: str) -> float | None:
        """When (monotonic clock) the host may be asked again; None: now."""
        return self._session.paused_until(self._targets.origin(registry))

    def notices(self, registry: str) -> tuple[str, ...]:
        """Safe sentences that the user ought to see: a stored login that was refused, a helper that is missing."""
        origin = self._targets.origin(registry)
        book = self._wire.warnings.get(origin)
        warned = book.texts if book is not None else ()
        logins = self._session.auth.notices(origin, registry)
        return (*logins, *(f"{safe(registry, limit=255)} warns: {text}" for text in warned))

    def login_notices(self, registry: str) -> tuple[str, ...]:
        """Those of them that say why a stored login did not help."""
        return self._session.auth.notices(self._targets.origin(registry), registry)

    def all_notices(self) -> tuple[str, ...]:
        """The notices of every registry that was asked, each once."""
        return tuple(dict.fromkeys(text for registry in self._targets.named for text in self.notices(registry)))

    def pauses(self) -> dict[str, float]:
        """The hosts that asked for a rest which is not over, with the seconds that are left of it."""
        now = self._clock.now()
        ends = self._wire.gate.pauses()
        return {self._wire.name(at): end - now for at, end in ends.items() if end > now and isinstance(at, Origin)}

    def heed_scheme(self, registry: str, scheme: str) -> None:
        """Remember the scheme that somebody typed before a registry's name: after "https" it is asked by TLS, loopback
        or not; "http" takes that back, and makes nothing less safe than it was before."""
        if self.settings.heed_scheme(registry, scheme):
            self._targets.forget(registry)

    def forget(self, registry: str | None = None) -> None:
        """Drop caches, tokens and what was learnt about one registry (None: about all)."""
        origin = self._targets.origin(registry) if registry is not None else None
        self._session.forget(origin)
        self._presence.forget(origin)
        self._doubt.forget(origin)
        self._manifests.forget(origin)
        self._referrers.forget(origin)

    async def aclose(self) -> None:
        """Stop what is under way and close the connections. Whoever asks afterwards gets Unreachable."""
        await self._manifests.aclose()
        await self._session.auth.aclose()
        await self._wire.aclose()
