"""Manifests: always asked with the full Accept list, always hashed by us, kept by digest; put as they are.

A short Accept list makes registries answer 404 for what they have, or another manifest than the one that was meant;
the Docker-Content-Digest header is a hint and nothing more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

from tui.oci import media
from tui.oci.digest import Digest, digest_in
from tui.oci.errors import DigestMismatch, MalformedDocument
from tui.oci.manifest import AnyManifest, decode
from tui.registry.api_errors import is_html, read_error
from tui.registry.blobs import HEAD_REFUSED, Head
from tui.registry.cache import ByteCache
from tui.registry.clock import Clock
from tui.registry.endpoints import Endpoints, Origin, is_digest, object_name, pull_scope, push_scope, repository_scope
from tui.registry.errors import (
    Corrupt,
    InvalidManifest,
    NotARegistry,
    NotFound,
    Refused,
    RegistryError,
    TooLarge,
    UnknownOutcome,
    Unreachable,
    Unsupported,
)
from tui.registry.headers import declared_length, is_encoded
from tui.registry.middleware import Send
from tui.registry.middleware.retry import wait_asked_by
from tui.registry.request import NoResponse, Request, Response
from tui.registry.retry_policy import LOST_ON_THE_WAY, TRANSIENT
from tui.registry.settings import ClientSettings
from tui.registry.write_errors import write_error
from tui.text import capital

ACCEPT = (("Accept", ", ".join((*media.ACCEPT, "*/*;q=0.1"))),)
_ANSWER = 64 * 1024


class Manifests:
    """`send` is for reading, `send_write` for what changes a repository."""

    def __init__(
        self, send: Send, send_write: Send, endpoints: Endpoints, settings: ClientSettings, clock: Clock
    ) -> None:
        self._send = send
        self._send_write = send_write
        self._endpoints = endpoints
        self._settings = settings
        self._clock = clock
        self._cache: ByteCache[AnyManifest] = ByteCache(settings.cache_bytes, lambda manifest: len(manifest.raw))
        self._head_refused: set[Origin] = set()
        self._no_delete_by_tag: dict[tuple[Origin, str], str] = {}

    def forget(self, origin: Origin | None = None) -> None:
        if origin is None:
            self._head_refused.clear()
        else:
            self._head_refused.discard(origin)
        for key in [key for key in self._no_delete_by_tag if origin is None or key[0] == origin]:
            del self._no_delete_by_tag[key]
        self._cache.drop_where(lambda key: origin is None or (isinstance(key, tuple) and key[0] == origin))

    async def get(self, registry: str, repository: str, selector: str, *, fresh: bool) -> AnyManifest:
        if not fresh and is_digest(selector):
            kept = self._cache.get((self._endpoints.origin(registry), repository, selector))
            if kept is not None:
                return kept
        address = self._endpoints.manifest(registry, repository, selector)
        what = object_name("manifest", repository, selector)
        arrived: list[AnyManifest] = []

        def keep(response: Response) -> None:
            """At the exchange's own end: also when nobody waits for it any more, its manifest goes into the cache."""
            with contextlib.suppress(RegistryError):  # whoever waits decodes it again, and gets the error
                arrived.append(self._keep(response, registry, repository, selector, what))

        response = await self._send(
            Request(
                "GET",
                address,
                ACCEPT,
                limit=self._settings.max_manifest,
                scopes=pull_scope(repository),
                repository=repository,
                on_success=keep,
            )
        )
        if not response.ok:
            raise read_error(response, what, registry)
        return arrived[0] if arrived else self._keep(response, registry, repository, selector, what)

    def _keep(self, response: Response, registry: str, repository: str, selector: str, what: str) -> AnyManifest:
        origin = self._endpoints.origin(registry)
        wanted = digest_in(selector)
        try:
            manifest = decode(response.body, response.headers.get("content-type"), digest=wanted)
        except DigestMismatch as error:
            if is_html(response) or not response.body:
                raise _something_else(response, what, registry) from None
            raise response.error(Corrupt, f"{registry} sent wrong bytes for {what}: {error}") from None
        except MalformedDocument as error:
            if not _meant_as_manifest(response):
                raise _something_else(response, what, registry) from None
            raise response.error(
                InvalidManifest, f"{capital(what)} is not a manifest: {error}", raw=response.body
            ) from None
        self._cache.put((origin, repository, str(manifest.digest)), manifest)
        if wanted is not None and wanted != manifest.digest:
            self._cache.put((origin, repository, str(wanted)), manifest)
        return manifest

    async def head(self, registry: str, repository: str, selector: str, *, confirm: bool) -> Head:
        address = self._endpoints.manifest(registry, repository, selector)
        what = object_name("manifest", repository, selector)
        if address.origin in self._head_refused or not self._settings.host(registry).head:
            return await self._by_get(registry, repository, selector, "")
        response = await self._send(
            Request("HEAD", address, ACCEPT, scopes=pull_scope(repository), repository=repository)
        )
        if response.ok:
            digest = _hint(response, selector)
            if digest is None or is_html(response) or response.status != 200:
                return await self._by_get(registry, repository, selector, "HEAD named no SHA-256 digest")
            size = None if is_encoded(response.headers) else declared_length(response.headers)
            return Head(digest, response.media_type, size, response.status)
        if response.status in HEAD_REFUSED:
            head = await self._by_get(registry, repository, selector, "")
            self._head_refused.add(address.origin)
            return head
        if (response.status in (404, 410) and confirm) or response.status in (401, 403):
            # A HEAD has no words, and some proxies say 404 to it for what they would fetch on a GET.
            return await self._by_get(registry, repository, selector, "HEAD answered 404")
        raise read_error(response, what, registry, confirmed=False)

    async def _by_get(self, registry: str, repository: str, selector: str, note: str) -> Head:
        manifest = await self.get(registry, repository, selector, fresh=True)
        return Head(manifest.digest, manifest.media_type, len(manifest.raw), 200, "GET", note)

    def request_to_put(
        self, registry: str, repository: str, selector: str, raw: bytes, media_type: str, tags: Sequence[str] = ()
    ) -> Request:
        by_digest = is_digest(selector) and not tags
        address = self._endpoints.manifest(registry, repository, selector)
        if tags:
            address = address._replace(target=f"{address.target}?{urlencode([('tag', tag) for tag in tags])}")
        return Request(
            "PUT",
            address,
            (("Content-Type", media_type),),
            limit=_ANSWER,
            content=raw,
            length=len(raw),
            scopes=push_scope(repository),
            repository=repository,
            write=True,
            # By digest the same bytes twice are the same; a tag may be somebody else's by then.
            repeatable=by_digest,
            once=not by_digest,
        )

    async def put(
        self,
        registry: str,
        repository: str,
        selector: str,
        raw: bytes,
        media_type: str,
        begun: Callable[[], None] | None = None,
        tags: Sequence[str] = (),
    ) -> tuple[Digest, frozenset[str]]:
        """The digest under which it is there, and those of `tags` that the answer says hold it now. Raises Refused
        (with `details`), Policy, Denied, Conflict ..., Corrupt when the registry rewrote it, UnknownOutcome when the
        answer was lost: read the tag again then.

        By tag it is tried once: after RateLimited and Unreachable look at the tag, and only then try again.
        """
        what = f"put {object_name('manifest', repository, selector)}"
        wanted = digest_in(selector)
        digest = Digest.of(raw, wanted.algorithm if wanted is not None and wanted.can_verify else "sha256")
        if wanted is not None and wanted.can_verify and wanted != digest:
            raise Corrupt(f"The bytes to {what} hash to {digest.short}: not sent.")
        if len(raw) > self._settings.max_manifest:
            raise TooLarge(
                f"The manifest has {len(raw):,} bytes, and registries take {self._settings.max_manifest:,}: "
                "nothing was sent."
            )
        request = self.request_to_put(registry, repository, selector, raw, media_type, tags)
        request.on_begin = begun
        response = await self._change(request, what, registry)
        if not response.ok:
            raise self._refusal(response, what, registry, repository)
        theirs = response.other_digest(digest)
        if theirs is not None:
            raise response.error(
                Corrupt,
                f"{registry} rewrote the manifest: {theirs.short} instead of {digest.short}.",
            )
        named = {tag.strip() for line in response.headers.get_list("oci-tag") for tag in line.split(",")}
        return digest, frozenset(tags) & named

    async def delete(self, registry: str, repository: str, selector: str) -> None:
        """By tag many registries refuse; by digest every tag on it goes as well: look before."""
        what = f"delete {object_name('manifest', repository, selector)}"
        request = Request(
            "DELETE",
            self._endpoints.manifest(registry, repository, selector),
            limit=_ANSWER,
            scopes=(repository_scope(repository, "delete", "pull"),),
            repository=repository,
            write=True,
            repeatable=is_digest(selector),
            once=not is_digest(selector),
        )
        response = await self._change(request, what, registry)
        if response.ok:
            self._cache.drop((request.address.origin, repository, selector))  # it must be asked for again
            return
        error = self._refusal(response, what, registry, repository)
        if response.status in (404, 410):
            error = response.error(
                NotFound, f"Not found: {object_name('manifest', repository, selector)}.", code=error.code
            )
        elif not is_digest(selector) and isinstance(error, Refused | Unsupported):
            error = response.error(
                Unsupported,
                f"{registry} does not delete by tag ({response.status}). "
                "Deleting the digest would take every tag on it.",
                code=error.code,
            )
            self._no_delete_by_tag[request.address.origin, repository] = error.sentence
        raise error

    def why_no_delete_by_tag(self, registry: str, repository: str) -> str:
        """What was said when a tag of this repository was to be deleted and could not be; "" when that never was."""
        return self._no_delete_by_tag.get((self._endpoints.origin(registry), repository), "")

    def _refusal(self, response: Response, what: str, registry: str, repository: str) -> RegistryError:
        retry_after = wait_asked_by(response, self._clock)
        error = write_error(response, what, registry, repository, retry_after=retry_after)
        if response.status in TRANSIENT and type(error) is Refused:
            return response.error(
                Unreachable,
                f"{registry} failed to {what} ({response.status}).",
                code=error.code,
                retry_after=retry_after,
            )
        return error

    async def _change(self, request: Request, what: str, registry: str) -> Response:
        try:
            response = await self._send_write(request)
        except NoResponse as lost:
            raise UnknownOutcome(
                f"Result unknown: {what} at {registry}. {lost.error.sentence} Refresh before retrying.",
                status=lost.error.status,
                exchange_id=lost.error.exchange_id,
            ) from lost
        if response.status in LOST_ON_THE_WAY and not request.repeatable:
            raise response.error(
                UnknownOutcome,
                f"Result unknown: {what} at {registry}. A gateway answered {response.status}. Refresh before retrying.",
            )
        return response


def _meant_as_manifest(response: Response) -> bool:
    """Whether the answer calls itself one: a portal or another web server says 200 to everything, but it names no
    digest and sends a type of its own."""
    if is_html(response):
        return False
    return "docker-content-digest" in response.headers or media.is_manifest(media.normalise(response.media_type))


def _something_else(response: Response, what: str, registry: str) -> NotARegistry:
    sent = "a web page" if is_html(response) else "something else" if response.body else "nothing"
    return response.error(NotARegistry, f"{registry} answered with {sent} instead of {what}. It may not be a registry.")


def _hint(response: Response, selector: str) -> Digest | None:
    """By digest: the one that was asked for, when the registry names that, or one of another algorithm for it. By tag:
    what the registry names, where it can be held against what we hash, which is by SHA-256."""
    digest = response.named_digest
    wanted = digest_in(selector)
    if wanted is None:
        return digest if digest is not None and digest.algorithm == "sha256" else None
    if digest is None or digest == wanted:
        return digest
    return wanted if digest.algorithm != wanted.algorithm else None
