"""Is it there?  HEAD, and everything that a HEAD leaves open.

A 404 is confirmed once by a GET of one byte (pull-through caches and proxies say 404 to HEAD and 200 to GET); a HEAD
that is refused is asked again the same way, and remembered per host and kind; a 401 or 403 is explained by one GET per
repository; a server that says 200 to everything is found out by asking for a digest that cannot exist.
"""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass

from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest
from tui.registry import body
from tui.registry.answers import ErrorBody, failure, is_html, read_errors
from tui.registry.ask import Answer, Ask
from tui.registry.errors import NotARegistry, NotFound, RegistryError
from tui.registry.origin import Address, Origin
from tui.registry.session import Session
from tui.registry.settings import ClientSettings
from tui.registry.target import Targets, named, pull

HEAD_REFUSED = frozenset({400, 405, 501})
_STORAGE_REFUSED = frozenset({400, 403, 405, 501})
_FIRST_BYTE = (("Accept", "*/*"), ("Range", "bytes=0-0"))
_ANYTHING = (("Accept", "*/*"),)


@dataclass(frozen=True, slots=True)
class Head:
    """What a registry says about an object without sending it.

    `digest` is the registry's hint (or the digest that was asked for), `size` what it claims (None: it does not say);
    `method` tells how it was found out, `note` (safe) what is odd about it.
    """

    digest: Digest | None
    media_type: str
    size: int | None
    status: int = 200
    method: str = "HEAD"
    note: str = ""


class Presence:
    def __init__(self, session: Session, targets: Targets, settings: ClientSettings) -> None:
        self._session = session
        self._targets = targets
        self._settings = settings
        self._head_refused: set[Origin] = set()
        self._explained: dict[tuple[Origin, str, int], asyncio.Future[ErrorBody]] = {}
        self._honest: dict[tuple[Origin, str], asyncio.Future[bool]] = {}

    def forget(self, origin: Origin | None = None) -> None:
        if origin is None:
            self._head_refused.clear()
            self._explained.clear()
            self._honest.clear()
            return
        self._head_refused.discard(origin)
        self._explained = {key: value for key, value in self._explained.items() if key[0] != origin}
        self._honest = {key: value for key, value in self._honest.items() if key[0] != origin}

    async def blob(
        self, registry: str, repository: str, digest: str, *, expected_size: int | None, confirm: bool
    ) -> Head:
        """Raises the tree of errors.py; NotFound only when `confirm` has had its GET (or when it was switched off)."""
        address = self._targets.blob(registry, repository, digest)
        origin = address.origin
        if origin in self._head_refused or not self._settings.host(registry).head:
            return await self._by_range(registry, repository, digest, address, "")
        answer = await self._session.ask(self._ask("HEAD", address, repository, _ANYTHING))
        redirected = answer.address != address
        if answer.ok:
            head = self._head(answer, digest)
            if self._odd(answer, head, expected_size, redirected):
                await self._must_be_honest(registry, repository, origin)
            return head
        status = answer.status
        if redirected and status in _STORAGE_REFUSED:
            # The storage behind refuses HEAD (a signed address is good for one method): a fresh address, by GET.
            return await self._by_range(registry, repository, digest, address, "")
        if status in HEAD_REFUSED:
            head = await self._by_range(registry, repository, digest, address, "")
            self._head_refused.add(origin)
            return head
        if status in (404, 410) and confirm:
            return await self._by_range(registry, repository, digest, address, "HEAD said that it is not there")
        if status in (401, 403):
            return await self._denied(answer, registry, repository, digest, address)
        raise self._failure(answer, repository, digest, registry, confirmed=False)

    def _ask(self, method: str, address: Address, repository: str, headers: tuple[tuple[str, str], ...]) -> Ask:
        return Ask(method, address, headers, take="some", limit=1, scopes=pull(repository), repository=repository)

    async def _by_range(self, registry: str, repository: str, digest: str, address: Address, note: str) -> Head:
        """GET the first byte; never more than a bounded amount is read, even when Range is ignored."""
        answer = await self._session.ask(self._ask("GET", address, repository, _FIRST_BYTE))
        _, _, total = body.content_range(answer.headers.get("content-range"))
        if answer.status == 416 and total in (0, None):
            # Not even a first byte: it is there and empty, or its size is not told.
            return Head(_parsed(digest), answer.media_type, total, answer.status, "GET", note)
        if not answer.ok:
            raise self._failure(answer, repository, digest, registry, confirmed=True)
        size = total if answer.status == 206 else body.declared_length(answer.headers)
        head = Head(_parsed(digest), answer.media_type, size, answer.status, "GET", note)
        if self._odd(answer, head, None, answer.address != address):
            await self._must_be_honest(registry, repository, address.origin)
        return head

    async def _denied(self, answer: Answer, registry: str, repository: str, digest: str, address: Address) -> Head:
        """A HEAD has no words: ask once per repository and status why, not once per blob."""
        key = (address.origin, repository, answer.status)
        explained = self._explained.get(key)
        if explained is None:
            explained = self._explained[key] = asyncio.get_running_loop().create_future()
            try:
                told = await self._session.ask(self._ask("GET", address, repository, _FIRST_BYTE))
            except BaseException as error:
                del self._explained[key]
                explained.set_result(ErrorBody((), ""))
                if isinstance(error, RegistryError):
                    raise self._failure(answer, repository, digest, registry, confirmed=False) from error
                raise
            explained.set_result(read_errors(told.body, told.media_type))
            if told.ok:
                # It is only HEAD that is refused here.
                del self._explained[key]
                self._head_refused.add(address.origin)
                _, _, total = body.content_range(told.headers.get("content-range"))
                size = total if told.status == 206 else body.declared_length(told.headers)
                return Head(_parsed(digest), told.media_type, size, told.status, "GET", "HEAD was refused")
            raise self._failure(told, repository, digest, registry, confirmed=True)
        await asyncio.shield(explained)
        if address.origin in self._head_refused:
            return await self._by_range(registry, repository, digest, address, "HEAD was refused")
        refusal = self._failure(answer, repository, digest, registry, confirmed=False)
        said = explained.result()
        if said.message:
            refusal.sentence = f"{refusal.sentence} {registry} says: {said.message}."
            refusal.code = said.code
        raise refusal

    def _failure(
        self, answer: Answer, repository: str, digest: str, registry: str, *, confirmed: bool
    ) -> RegistryError:
        error = failure(answer, named("blob", repository, digest), registry)
        if isinstance(error, NotFound):
            error.confirmed = confirmed
        return error

    def _head(self, answer: Answer, digest: str) -> Head:
        size = None if body.encoded(answer.headers) else body.declared_length(answer.headers)
        return Head(_parsed(digest), answer.media_type, size, answer.status)

    def _odd(self, answer: Answer, head: Head, expected_size: int | None, redirected: bool) -> bool:
        """Does a 200 look as if the server said that to everything?"""
        if "docker-content-digest" in answer.headers:
            return False
        if is_html(answer):
            return True
        if redirected or answer.status == 206:
            return False
        return head.size is None or (expected_size is not None and head.size != expected_size)

    async def _must_be_honest(self, registry: str, repository: str, origin: Origin) -> None:
        """Ask once per repository for a digest that cannot exist. Raises NotARegistry when that is there as well."""
        key = (origin, repository)
        known = self._honest.get(key)
        if known is None:
            known = self._honest[key] = asyncio.ensure_future(self._is_honest(registry, repository))
        try:
            honest = await asyncio.shield(known)
        except RegistryError:
            self._honest.pop(key, None)
            raise
        if not honest:
            raise NotARegistry(
                f"{registry} says yes even to a digest that cannot exist: what answers there is not a registry "
                "(a login page, or a proxy), so nothing can be known from it.",
                status=200,
            )

    async def _is_honest(self, registry: str, repository: str) -> bool:
        impossible = f"sha256:{secrets.token_hex(32)}"
        answer = await self._session.ask(
            self._ask("HEAD", self._targets.blob(registry, repository, impossible), repository, _ANYTHING)
        )
        return not answer.ok


def _parsed(digest: str) -> Digest | None:
    try:
        return Digest(digest)
    except MalformedDigest:
        return None
