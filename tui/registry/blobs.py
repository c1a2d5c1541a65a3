"""Blobs: is one there, whole and bounded, as a stream that is verified at its end, or a part.

A HEAD leaves much open. A 404 is confirmed once by a GET of one byte (pull-through caches and proxies say 404 to HEAD
and 200 to GET); a HEAD that is refused is asked again the same way, and remembered per host; a 401 or 403 is explained
by one GET per repository; a server that says 200 to everything is found out by asking for a digest that cannot exist.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import httpx

from tui.oci.digest import Digest
from tui.registry.api_errors import ErrorBody, is_html, read_error, read_errors
from tui.registry.endpoints import Address, Endpoints, Origin, object_name, pull_scope
from tui.registry.errors import (
    Corrupt,
    Denied,
    Garbled,
    NotARegistry,
    RegistryError,
    TooLarge,
    Unreachable,
    Unsupported,
)
from tui.registry.headers import content_range, declared_length, is_encoded
from tui.registry.middleware import Send
from tui.registry.request import Pairs, Request, Response
from tui.registry.settings import ClientSettings
from tui.registry.single_flight import SingleFlight
from tui.text import capital

if TYPE_CHECKING:
    from hashlib import _Hash

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


class BlobProbe:
    def __init__(self, send: Send, endpoints: Endpoints, settings: ClientSettings) -> None:
        self._send = send
        self._endpoints = endpoints
        self._settings = settings
        self._head_refused: set[Origin] = set()
        self._explained: dict[tuple[Origin, str, int], ErrorBody] = {}
        self._explaining: SingleFlight[None] = SingleFlight(keep=True)
        self._honest: dict[tuple[Origin, str], bool] = {}
        self._testing: SingleFlight[bool] = SingleFlight(keep=True)

    def forget(self, origin: Origin | None = None) -> None:
        def stays(each: Origin) -> bool:
            return origin is not None and each != origin

        self._head_refused = {each for each in self._head_refused if stays(each)}
        self._explained = {key: value for key, value in self._explained.items() if stays(key[0])}
        self._honest = {key: value for key, value in self._honest.items() if stays(key[0])}

    async def aclose(self) -> None:
        await self._explaining.aclose()
        await self._testing.aclose()

    async def head(
        self, registry: str, repository: str, digest: Digest, *, expected_size: int | None, confirm: bool
    ) -> Head:
        """Raises the tree of errors.py; NotFound only when `confirm` has had its GET (or when it was switched off)."""
        address = self._endpoints.blob(registry, repository, digest)
        if address.origin in self._head_refused or not self._settings.host(registry).head:
            return await self._by_range(registry, repository, digest, address, "")
        response = await self._send(_request("HEAD", address, repository, _ANYTHING))
        redirected = response.address != address
        status = response.status
        if response.ok:
            size = None if is_encoded(response.headers) else declared_length(response.headers)
            head = Head(digest, response.media_type, size, status)
            if _is_odd(response, head, expected_size, redirected):
                await self._must_be_honest(registry, repository, address.origin)
            return head
        if redirected and status in _STORAGE_REFUSED:
            # The storage behind refuses HEAD (a signed address is good for one method): a fresh address, by GET.
            return await self._by_range(registry, repository, digest, address, "")
        if status in HEAD_REFUSED:
            head = await self._by_range(registry, repository, digest, address, "")
            self._head_refused.add(address.origin)
            return head
        if status in (404, 410) and confirm:
            return await self._by_range(registry, repository, digest, address, "HEAD said that it is not there")
        if status in (401, 403):
            return await self._denied(response, registry, repository, digest, address)
        raise _error(response, repository, digest, registry, confirmed=False)

    async def _by_range(self, registry: str, repository: str, digest: Digest, address: Address, note: str) -> Head:
        """GET the first byte; never more than a bounded amount is read, even when Range is ignored."""
        response = await self._send(_request("GET", address, repository, _FIRST_BYTE))
        if response.status == 416:
            _, _, total = content_range(response.headers.get("content-range"))
            if total in (0, None):
                # Not even a first byte: it is there and empty, or its size is not said.
                return Head(digest, response.media_type, total, response.status, "GET", note)
        if not response.ok:
            raise _error(response, repository, digest, registry, confirmed=True)
        head = _head_of_range(response, digest, note)
        if _is_odd(response, head, None, response.address != address):
            await self._must_be_honest(registry, repository, address.origin)
        return head

    async def _denied(self, denied: Response, registry: str, repository: str, digest: Digest, address: Address) -> Head:
        """A HEAD has no words: ask once per repository and status why, not once per blob."""
        key = (address.origin, repository, denied.status)
        explained_here: list[Response] = []

        async def explain() -> None:
            response = await self._send(_request("GET", address, repository, _FIRST_BYTE))
            explained_here.append(response)
            if response.ok:
                self._head_refused.add(address.origin)  # it is only HEAD that is refused here
            else:
                self._explained[key] = read_errors(response.body, response.media_type)

        if key not in self._explained:
            try:
                await self._explaining.run(key, explain)
            except RegistryError as error:
                raise _error(denied, repository, digest, registry, confirmed=False) from error
        if explained_here:
            response = explained_here[0]
            if not response.ok:
                raise _error(response, repository, digest, registry, confirmed=True)
            return _head_of_range(response, digest, "HEAD was refused")
        if address.origin in self._head_refused:
            return await self._by_range(registry, repository, digest, address, "HEAD was refused")
        refusal = _error(denied, repository, digest, registry, confirmed=False)
        errors = self._explained.get(key)
        if errors is None or not errors.message:
            raise refusal
        raise Denied(
            f"{refusal.sentence} {registry} says: {errors.message}.",
            status=refusal.status,
            code=errors.code,
            exchange_id=refusal.exchange_id,
        )

    async def _must_be_honest(self, registry: str, repository: str, origin: Origin) -> None:
        """Ask once per repository for a digest that cannot exist. Raises NotARegistry when that is there as well."""
        key = (origin, repository)
        honest = self._honest.get(key)
        if honest is None:
            honest = await self._testing.run(key, lambda: self._is_honest(registry, repository))
            self._honest[key] = honest
        if not honest:
            raise NotARegistry(
                f"{registry} says yes even to a digest that cannot exist: what answers there is not a registry "
                "(a login page, or a proxy), so nothing can be known from it.",
                status=200,
            )

    async def _is_honest(self, registry: str, repository: str) -> bool:
        impossible = f"sha256:{secrets.token_hex(32)}"
        address = self._endpoints.blob(registry, repository, impossible)
        response = await self._send(_request("HEAD", address, repository, _ANYTHING))
        return not response.ok


def _request(method: str, address: Address, repository: str, headers: Pairs) -> Request:
    return Request(method, address, headers, take="some", limit=1, scopes=pull_scope(repository), repository=repository)


def _error(response: Response, repository: str, digest: Digest, registry: str, *, confirmed: bool) -> RegistryError:
    return read_error(response, object_name("blob", repository, digest), registry, confirmed=confirmed)


def _head_of_range(response: Response, digest: Digest, note: str) -> Head:
    _, _, total = content_range(response.headers.get("content-range"))
    size = total if response.status == 206 else declared_length(response.headers)
    return Head(digest, response.media_type, size, response.status, "GET", note)


def _is_odd(response: Response, head: Head, expected_size: int | None, redirected: bool) -> bool:
    """Does a 200 look as if the server said that to everything?"""
    if "docker-content-digest" in response.headers:
        return False
    if is_html(response):
        return True
    if redirected or response.status == 206:
        return False
    return head.size is None or (expected_size is not None and head.size != expected_size)


@dataclass(frozen=True, slots=True)
class BlobStream:
    """`size` is what the registry claims (None: it does not say); `chunks` raises Corrupt after the last one when the
    bytes were not those of the digest, and Unreachable when they stop coming."""

    size: int | None
    chunks: AsyncIterator[bytes]


class Blobs:
    def __init__(self, send: Send, endpoints: Endpoints) -> None:
        self._send = send
        self._endpoints = endpoints

    async def read(
        self, registry: str, repository: str, digest: Digest, *, limit: int, expected_size: int | None
    ) -> bytes:
        """The whole blob. Raises TooLarge before it reads more than `limit` bytes, Corrupt when the bytes are not
        what the digest says; a digest that cannot be verified is Unsupported."""
        what = object_name("blob", repository, digest)
        _must_verify(digest, what)
        if expected_size is not None and expected_size > limit:
            raise TooLarge(f"{capital(what)} has {expected_size:,} bytes; the limit is {limit:,}.")
        response = await self._send(self._get(registry, repository, digest, limit=limit))
        _check(response, what, registry)
        if expected_size is not None and len(response.body) != expected_size:
            raise response.error(
                Corrupt, f"{registry} sent {len(response.body):,} bytes of {what}, which has {expected_size:,}."
            )
        if not digest.matches(response.body):
            raise _other_bytes(response, what, registry)
        return response.body

    @contextlib.asynccontextmanager
    async def stream(self, registry: str, repository: str, digest: Digest) -> AsyncIterator[BlobStream]:
        what = object_name("blob", repository, digest)
        _must_verify(digest, what)
        response = await self._send(self._get(registry, repository, digest, take="stream"))
        if response.stream is None:
            raise read_error(response, what, registry)
        try:
            _check(response, what, registry)
            if is_encoded(response.headers):
                raise response.error(Garbled, f"{registry} compressed {what} although it was asked not to.")
            size = declared_length(response.headers)
            yield BlobStream(size, _verified(response, digest.hasher(), digest, what, registry, size))
        finally:
            await response.stream.aclose()

    async def read_range(self, registry: str, repository: str, digest: Digest, start: int, length: int) -> bytes:
        """At most `length` bytes from `start`; they cannot be verified by themselves.

        A registry that ignores Range is read from the beginning only when that is as good (start 0)."""
        what = object_name("blob", repository, digest)
        if length <= 0:
            return b""
        asked = (("Accept", "*/*"), ("Range", f"bytes={start}-{start + length - 1}"))
        response = await self._send(self._get(registry, repository, digest, take="some", limit=length, headers=asked))
        if response.status == 416:
            return b""
        _check(response, what, registry)
        if response.status == 206:
            first, _, _ = content_range(response.headers.get("content-range"))
            if first is not None and first != start:
                raise Corrupt(f"{registry} sent another part of {what} than it was asked for.", status=206)
            return response.body
        if start:
            raise response.error(Unsupported, f"{registry} does not serve parts of {what}.")
        return response.body

    def _get(
        self,
        registry: str,
        repository: str,
        digest: Digest,
        *,
        take: Literal["all", "some", "stream"] = "all",
        limit: int = 0,
        headers: Pairs = _ANYTHING,
    ) -> Request:
        address = self._endpoints.blob(registry, repository, digest)
        return Request("GET", address, headers, take, limit, scopes=pull_scope(repository), repository=repository)


async def _verified(
    response: Response, hasher: _Hash, digest: Digest, what: str, registry: str, size: int | None
) -> AsyncIterator[bytes]:
    assert response.stream is not None
    count = 0
    try:
        async for chunk in response.stream.chunks():
            hasher.update(chunk)
            count += len(chunk)
            yield chunk
    except httpx.RemoteProtocolError:
        raise response.error(
            Corrupt, f"{registry} sent {count:,} bytes of {what} and ended before all had come."
        ) from None
    except (httpx.HTTPError, TimeoutError):
        raise response.error(Unreachable, f"{registry} stopped sending {what} after {count:,} bytes.") from None
    if size is not None and count < size:
        raise response.error(Corrupt, f"{registry} sent {count:,} of the {size:,} bytes of {what}.")
    if hasher.hexdigest() != digest.encoded:
        raise _other_bytes(response, what, registry)


def _must_verify(digest: Digest, what: str) -> None:
    if not digest.can_verify:
        raise Unsupported(f"{capital(what)} uses {digest.algorithm}, which cannot be verified here.")


def _other_bytes(response: Response, what: str, registry: str) -> Corrupt:
    return response.error(Corrupt, f"{registry} sent other bytes than those of {what}: they do not hash to its digest.")


def _check(response: Response, what: str, registry: str) -> None:
    if not response.ok:
        raise read_error(response, what, registry)
    if is_html(response) and "docker-content-digest" not in response.headers:
        raise response.error(NotARegistry, f"{registry} answered with a web page instead of {what}.")
