"""Manifests: always asked with the full Accept list, always hashed by us, kept by digest.

A short Accept list makes registries answer 404 for what they have, or another manifest than the one that was meant;
the Docker-Content-Digest header is a hint and nothing more.
"""

from __future__ import annotations

import contextlib

from tui.oci import media
from tui.oci.digest import Digest, digest_in
from tui.oci.errors import DigestMismatch, MalformedDigest, MalformedDocument
from tui.oci.manifest import AnyManifest, decode
from tui.registry import body
from tui.registry.answers import failure, is_html
from tui.registry.ask import Answer, Ask
from tui.registry.cache import ByteCache
from tui.registry.errors import Corrupt, InvalidManifest, NotARegistry, NotFound, RegistryError
from tui.registry.flight import Flights
from tui.registry.origin import Origin
from tui.registry.presence import HEAD_REFUSED, Head
from tui.registry.session import Session
from tui.registry.settings import ClientSettings
from tui.registry.target import Targets, is_digest, named, pull
from tui.text import capital

ACCEPT = (("Accept", ", ".join((*media.ACCEPT, "*/*;q=0.1"))),)


class Manifests:
    def __init__(self, session: Session, targets: Targets, settings: ClientSettings) -> None:
        self._session = session
        self._targets = targets
        self._settings = settings
        self._cache: ByteCache[AnyManifest] = ByteCache(settings.cache_bytes, lambda manifest: len(manifest.raw))
        self._flights: Flights[AnyManifest] = Flights(keep=False)
        self._head_refused: set[Origin] = set()

    def forget(self, origin: Origin | None = None) -> None:
        if origin is None:
            self._head_refused.clear()
        else:
            self._head_refused.discard(origin)
        self._cache.drop_where(lambda key: origin is None or (isinstance(key, tuple) and key[0] == origin))

    async def get(
        self, registry: str, repository: str, selector: str, *, fresh: bool, limit: int | None
    ) -> AnyManifest:
        key = (self._targets.origin(registry), repository, selector)
        if not fresh and is_digest(selector):
            kept = self._cache.get(key)
            if kept is not None:
                return kept

        async def fetch() -> AnyManifest:
            return await self._fetch(registry, repository, selector, limit or self._settings.max_manifest)

        return await self._flights.share((*key, fresh, limit), fetch)

    async def _fetch(self, registry: str, repository: str, selector: str, limit: int) -> AnyManifest:
        address = self._targets.manifest(registry, repository, selector)
        what = named("manifest", repository, selector)
        arrived: list[AnyManifest] = []

        def keep(answer: Answer) -> None:
            """At the exchange's own end: also when nobody waits for it any more, its manifest goes into the cache."""
            with contextlib.suppress(RegistryError):  # whoever waits decodes it again, and gets the error
                arrived.append(self._keep(answer, registry, repository, selector, what))

        answer = await self._session.ask(
            Ask(
                "GET",
                address,
                ACCEPT,
                limit=limit,
                scopes=pull(repository),
                repository=repository,
                kept=keep,
            )
        )
        if not answer.ok:
            raise failure(answer, what, registry)
        return arrived[0] if arrived else self._keep(answer, registry, repository, selector, what)

    def _keep(self, answer: Answer, registry: str, repository: str, selector: str, what: str) -> AnyManifest:
        origin = self._targets.origin(registry)
        wanted = digest_in(selector)
        request = answer.exchange.id
        try:
            manifest = decode(answer.body, answer.headers.get("content-type"), digest=wanted)
        except DigestMismatch as error:
            if is_html(answer) or not answer.body:
                raise _something_else(answer, what, registry) from None
            raise Corrupt(
                f"{registry} sent other bytes than those of {what}: {error}", status=answer.status, request=request
            ) from None
        except MalformedDocument as error:
            if not _meant_as_manifest(answer):
                raise _something_else(answer, what, registry) from None
            raise InvalidManifest(
                f"{capital(what)} is not a manifest: {error}",
                raw=answer.body,
                field=error.field,
                status=answer.status,
                request=request,
            ) from None
        self._cache.put((origin, repository, str(manifest.digest)), manifest)
        if wanted is not None and wanted != manifest.digest:
            self._cache.put((origin, repository, str(wanted)), manifest)
        return manifest

    async def head(self, registry: str, repository: str, selector: str, *, confirm: bool) -> Head:
        address = self._targets.manifest(registry, repository, selector)
        what = named("manifest", repository, selector)
        if address.origin in self._head_refused or not self._settings.host(registry).head:
            return await self._by_get(registry, repository, selector, "")
        ask = Ask("HEAD", address, ACCEPT, scopes=pull(repository), repository=repository)
        answer = await self._session.ask(ask)
        if answer.ok:
            digest = _hint(answer, selector)
            if digest is None or is_html(answer):
                return await self._by_get(registry, repository, selector, "the registry named no digest")
            size = None if body.encoded(answer.headers) else body.declared_length(answer.headers)
            return Head(digest, answer.media_type, size, answer.status)
        if answer.status in HEAD_REFUSED:
            head = await self._by_get(registry, repository, selector, "")
            self._head_refused.add(address.origin)
            return head
        if (answer.status in (404, 410) and confirm) or answer.status in (401, 403):
            # A HEAD has no words, and some proxies say 404 to it for what they would fetch on a GET.
            return await self._by_get(registry, repository, selector, "HEAD said that it is not there")
        error = failure(answer, what, registry)
        if isinstance(error, NotFound):
            error.confirmed = False
        raise error

    async def _by_get(self, registry: str, repository: str, selector: str, note: str) -> Head:
        manifest = await self.get(registry, repository, selector, fresh=True, limit=None)
        return Head(manifest.digest, manifest.media_type, len(manifest.raw), 200, "GET", note)

    def dropped(self, registry: str, repository: str, selector: str) -> None:
        """It was deleted: by digest it must be asked for again."""
        self._cache.drop((self._targets.origin(registry), repository, selector))

    async def aclose(self) -> None:
        await self._flights.aclose()


def _meant_as_manifest(answer: Answer) -> bool:
    """Whether the answer calls itself one: a portal or another web server says 200 to everything, but it names no
    digest and sends a type of its own (protocol B-33)."""
    if is_html(answer):
        return False
    return "docker-content-digest" in answer.headers or media.is_manifest(media.normalise(answer.media_type))


def _something_else(answer: Answer, what: str, registry: str) -> NotARegistry:
    sent = "a web page" if is_html(answer) else "something else" if answer.body else "nothing"
    return NotARegistry(
        f"{registry} answered with {sent} instead of {what}. It may be no registry.",
        status=answer.status,
        request=answer.exchange.id,
    )


def _hint(answer: Answer, selector: str) -> Digest | None:
    """By digest: the one that was asked for, when the registry names any. By tag: what the registry names."""
    told = answer.headers.get("docker-content-digest")
    if told is None:
        return None
    try:
        named_digest = Digest(told.strip())
    except MalformedDigest:
        return None
    return Digest(selector) if is_digest(selector) else named_digest
