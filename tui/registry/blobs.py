"""Blobs: is one there, whole and bounded, as a stream that is verified at its end, or a part.

A HEAD leaves much open. A 404 is confirmed once by a GET of one byte (pull-through caches and proxies say 404 to HEAD
and 200 to GET); a HEAD that is refused, or that says yes in an odd way, is asked again the same way, and remembered per
host; a 401 or 403 is explained by one GET per repository; a server that says 200 to everything is found out by asking
for a digest that cannot exist.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from tui.oci.digest import Digest
from tui.registry.api_errors import ErrorBody, is_html, read_error, read_errors
from tui.registry.endpoints import Address, Endpoints, Origin, object_name, pull_scope
from tui.registry.errors import (
    Corrupt,
    Denied,
    Garbled,
    NotARegistry,
    RegistryError,
    Unreachable,
    Unsupported,
)
from tui.registry.headers import content_range, declared_length, is_encoded
from tui.registry.middleware import Send
from tui.registry.request import Pairs, Request, Response
from tui.registry.settings import ClientSettings
from tui.registry.single_flight import SingleFlight
from tui.registry.transport import NoAnswer, NotHttp
from tui.text import capital, safe

if TYPE_CHECKING:
    from hashlib import _Hash

HEAD_REFUSED = frozenset({400, 405, 501})
_STORAGE_REFUSED = frozenset({400, 403, 405, 501})
_BYTES = frozenset({"", "application/octet-stream", "binary/octet-stream"})
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
    names_digest: bool = False
    """By GET: the answer itself names a digest."""


class BlobProbe:
    """Whether a blob is there, by one strict rule (docs/protocol-notes.md, K1): HEAD says 200 and the size that is
    expected; or GET of the first byte says so, by 200 or by 206 with the right Content-Range, and sends that byte.
    A HEAD that is odd in any way is asked again by GET, and nothing is accused of another size or digest before that.
    """

    def __init__(self, send: Send, endpoints: Endpoints, settings: ClientSettings) -> None:
        self._send = send
        self._endpoints = endpoints
        self._settings = settings
        self._head_refused: set[Origin] = set()
        """Where HEAD is refused, or says nothing that is worth asking for."""
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
        for flights in (self._explaining, self._testing):
            flights.forget(lambda key: isinstance(key, tuple) and not stays(key[0]))

    async def aclose(self) -> None:
        await self._explaining.aclose()
        await self._testing.aclose()

    async def head(
        self, registry: str, repository: str, digest: Digest, *, expected_size: int | None, confirm: bool
    ) -> Head:
        """Raises the tree of errors.py; NotFound only when `confirm` has had its GET (or when it was switched off)."""
        asked = _Asked(registry, repository, digest, self._endpoints.blob(registry, repository, digest), expected_size)
        origin = asked.address.origin
        if origin in self._head_refused or not self._settings.host(registry).head:
            return await self._by_range(asked, "")
        response = await self._send(_request("HEAD", asked.address, repository, _ANYTHING))
        redirected = response.address != asked.address
        status = response.status
        if response.ok:
            return _clean_head(response, asked) or await self._doubted(response, asked)
        if redirected and status in _STORAGE_REFUSED:
            # The storage behind refuses HEAD (a signed address is good for one method): a fresh address, by GET.
            return await self._by_range(asked, "")
        if status in HEAD_REFUSED:
            head = await self._by_range(asked, "")
            self._head_refused.add(origin)
            return head
        if status in (404, 410) and confirm:
            return await self._by_range(asked, "HEAD answered 404")
        if status in (401, 403):
            return await self._denied(response, asked)
        raise asked.error(response, confirmed=False)

    async def _doubted(self, response: Response, asked: _Asked) -> Head:
        """HEAD says yes, but not as a registry that has this blob would."""
        theirs = response.other_digest(asked.digest)
        if theirs is None:
            head = await self._by_range(asked, "")
            if head.size == asked.size:
                self._head_refused.add(asked.address.origin)
            return head
        head = await self._by_range(asked, f"HEAD names another digest ({theirs.short})")
        # Where GET leads to storage, which knows no digests, the registry's own word is what there is.
        return head if head.names_digest else replace(head, digest=theirs)

    async def _by_range(self, asked: _Asked, note: str) -> Head:
        """GET the first byte; never more than a bounded amount is read, even when Range is ignored."""
        response = await self._send(_request("GET", asked.address, asked.repository, _FIRST_BYTE))
        return await self._judged(response, asked, note)

    async def _judged(self, response: Response, asked: _Asked, note: str) -> Head:
        """What a GET of the first byte says."""
        status = response.status
        if status == 416:
            total = content_range(response.headers.get("content-range"))[2]
            if asked.size in (0, None) and (total == 0 or (asked.size == 0 and total is None)):
                return Head(asked.digest, response.media_type, 0, status, "GET", note)  # it has not even a first byte
        if not response.ok and status != 416:
            raise asked.error(response, confirmed=True)
        size = _delivered_size(response)
        names_digest = "docker-content-digest" in response.headers
        as_expected = size is not None and (asked.size is None or size == asked.size)
        if not names_digest and (not as_expected or is_html(response) or size == 0):
            await self._must_be_honest(asked)
        if size is None or not (as_expected or _is_the_blob(response, asked)):
            raise response.error(Unreachable, _says_nothing(response, asked, size))
        digest = response.other_digest(asked.digest) or asked.digest
        return Head(digest, response.media_type, size, status, "GET", note, names_digest)

    async def _denied(self, denied: Response, asked: _Asked) -> Head:
        """A HEAD has no words: ask once per repository and status why, not once per blob."""
        origin = asked.address.origin
        key = (origin, asked.repository, denied.status)
        explained_here: list[Response] = []

        async def explain() -> None:
            response = await self._send(_request("GET", asked.address, asked.repository, _FIRST_BYTE))
            explained_here.append(response)
            if response.ok or response.status in (404, 410, 416):
                self._head_refused.add(origin)  # it is only HEAD that is refused here
            else:
                self._explained[key] = read_errors(response.body, response.media_type)

        if key not in self._explained:
            try:
                await self._explaining.run(key, explain)
            except RegistryError as error:
                raise asked.error(denied, confirmed=False) from error
        if explained_here:
            return await self._judged(explained_here[0], asked, "HEAD was refused")
        if origin in self._head_refused:
            return await self._by_range(asked, "HEAD was refused")
        refusal = asked.error(denied, confirmed=False)
        errors = self._explained.get(key)
        if errors is None or not errors.message:
            raise refusal
        raise Denied(
            f"{refusal.sentence} {asked.registry} says: {errors.message}.",
            status=refusal.status,
            code=errors.code,
            exchange_id=refusal.exchange_id,
            advice=refusal.advice,
            detail=refusal.detail,
        )

    async def _must_be_honest(self, asked: _Asked) -> None:
        """Ask once per repository for a digest that cannot exist, by the method that decides about blobs. Raises
        NotARegistry when that is there as well."""
        key = (asked.address.origin, asked.repository)
        honest = self._honest.get(key)
        if honest is None:
            honest = await self._testing.run(key, lambda: self._is_honest(asked.registry, asked.repository))
            self._honest[key] = honest
        if not honest:
            raise NotARegistry(
                f"{asked.registry} says yes even to a digest that cannot exist: what answers there is not a registry "
                "(a login page, or a proxy), so nothing can be known from it.",
                status=200,
            )

    async def _is_honest(self, registry: str, repository: str) -> bool:
        impossible = f"sha256:{os.urandom(32).hex()}"
        address = self._endpoints.blob(registry, repository, impossible)
        response = await self._send(_request("GET", address, repository, _FIRST_BYTE))
        return not response.ok


@dataclass(slots=True, eq=False)
class _Asked:
    """The blob that a question is about."""

    registry: str
    repository: str
    digest: Digest
    address: Address
    size: int | None
    """What its descriptor says; None: any."""

    @property
    def name(self) -> str:
        return object_name("blob", self.repository, self.digest)

    def error(self, response: Response, *, confirmed: bool) -> RegistryError:
        return read_error(response, self.name, self.registry, confirmed=confirmed)


def _request(method: str, address: Address, repository: str, headers: Pairs) -> Request:
    return Request(method, address, headers, take="some", limit=1, scopes=pull_scope(repository), repository=repository)


def _clean_head(response: Response, asked: _Asked) -> Head | None:
    """What a HEAD says that leaves no doubt."""
    headers = response.headers
    if (
        response.status == 200
        and asked.size is not None
        and headers.get("content-length") == str(asked.size)
        and headers.get("docker-content-digest") == asked.digest
        and "content-encoding" not in headers
    ):
        return Head(asked.digest, response.media_type, asked.size)  # by the letter, as nearly all answers are
    size = None if is_encoded(response.headers) else declared_length(response.headers)
    if response.status != 200 or size is None or (asked.size is not None and size != asked.size):
        return None
    if "docker-content-digest" not in response.headers:
        if size == 0 or is_html(response):
            return None
    elif response.other_digest(asked.digest) is not None:
        return None
    return Head(asked.digest, response.media_type, size, 200)


def _delivered_size(response: Response) -> int | None:
    """The size of the whole by a GET of the first byte that was answered as it should be, with that byte."""
    if response.status == 206:
        first, _, total = content_range(response.headers.get("content-range"))
        return total if first == 0 and response.body else None
    if response.status != 200 or is_encoded(response.headers):
        return None
    size = declared_length(response.headers)
    return size if response.body or size == 0 else None


def _is_the_blob(response: Response, asked: _Asked) -> bool:
    """Whether what has another size is the blob all the same, and no text about it: only then is the size wrong."""
    if response.named_digest == asked.digest:
        return True
    kind = response.media_type
    if response.status == 206:
        return not kind.startswith("text/")
    bytes_of_it = kind in _BYTES or kind.startswith("application/vnd.")
    return bytes_of_it and response.address == asked.address


def _says_nothing(response: Response, asked: _Asked, size: int | None) -> str:
    status = response.status
    asked_for = f"{asked.registry}, asked for the first byte of {asked.name},"
    if size is not None:
        kind = f" of {safe(response.media_type, limit=80)}" if response.media_type else ""
        return f"{asked_for} answered {status} with something else: {size:,} bytes{kind}. Presence unknown."
    if status in (200, 206) and not response.body:
        return f"{asked_for} announced it ({status}) and sent nothing: its bytes may be gone, or the answer broke off."
    if status in (200, 206):
        return f"{asked_for} answered {status} without its size. Presence unknown."
    return f"{asked_for} answered {status}. Presence unknown."


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

    async def read(self, registry: str, repository: str, digest: Digest, *, limit: int) -> bytes:
        """The whole blob. Raises TooLarge before it reads more than `limit` bytes, Corrupt when the bytes are not
        what the digest says; a digest that cannot be verified is Unsupported."""
        what = object_name("blob", repository, digest)
        _must_verify(digest, what)
        response = await self._send(self._get(registry, repository, digest, limit=limit))
        _check(response, what, registry)
        if not digest.matches(response.body):
            raise _other_bytes(response, what, registry)
        return response.body

    @contextlib.asynccontextmanager
    async def stream(
        self, registry: str, repository: str, digest: Digest, *, verify: bool = True
    ) -> AsyncIterator[BlobStream]:
        what = object_name("blob", repository, digest)
        _must_verify(digest, what)
        response = await self._send(self._get(registry, repository, digest, take="stream"))
        if response.stream is None:
            raise read_error(response, what, registry)
        try:
            _check(response, what, registry)
            if is_encoded(response.headers):
                raise response.error(Garbled, f"{registry} compressed {what} against the request.")
            size = declared_length(response.headers)
            hasher = digest.hasher() if verify else None
            yield BlobStream(size, _verified(response, hasher, digest, what, registry, size))
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
        _check(response, what, registry, part=True)
        if response.status == 206:
            first, _, _ = content_range(response.headers.get("content-range"))
            if first is not None and first != start:
                raise Corrupt(f"{registry} sent the wrong part of {what}.", status=206)
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
    response: Response, hasher: _Hash | None, digest: Digest, what: str, registry: str, size: int | None
) -> AsyncIterator[bytes]:
    assert response.stream is not None
    count = 0
    cut_short = Corrupt if hasher is not None else Unreachable
    try:
        async for chunk in response.stream.chunks():
            if hasher is not None:
                hasher.update(chunk)
            count += len(chunk)
            yield chunk
    except NotHttp:
        raise response.error(cut_short, f"{registry} ended {what} too early, after {count:,} bytes.") from None
    except (NoAnswer, TimeoutError):
        raise response.error(Unreachable, f"{registry} stopped sending {what} after {count:,} bytes.") from None
    if size is not None and count < size:
        raise response.error(cut_short, f"{registry} sent {count:,} of the {size:,} bytes of {what}.")
    if hasher is not None and hasher.hexdigest() != digest.encoded:
        raise _other_bytes(response, what, registry)


def _must_verify(digest: Digest, what: str) -> None:
    if not digest.can_verify:
        raise Unsupported(f"{capital(what)} uses {digest.algorithm}, which fanfold cannot verify.")


def _other_bytes(response: Response, what: str, registry: str) -> Corrupt:
    return response.error(Corrupt, f"{registry} sent wrong bytes for {what}: they do not match its digest.")


def _check(response: Response, what: str, registry: str, *, part: bool = False) -> None:
    if not response.ok:
        raise read_error(response, what, registry)
    if is_html(response) and "docker-content-digest" not in response.headers:
        raise response.error(NotARegistry, f"{registry} answered with a web page instead of {what}.")
    if response.status != 200 and not (part and response.status == 206):
        raise response.error(Unreachable, f"{registry} answered {response.status} instead of sending {what}.")
