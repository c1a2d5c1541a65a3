"""Reading blobs: whole and bounded, as a stream that is verified at its end, or a part."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import httpx

from tui.oci.digest import Digest
from tui.registry import body
from tui.registry.answers import failure, is_html
from tui.registry.ask import Answer, Ask
from tui.registry.errors import Corrupt, Garbled, NotARegistry, TooLarge, Unreachable, Unsupported
from tui.registry.session import Session
from tui.registry.target import Targets, named, pull
from tui.text import capital

if TYPE_CHECKING:
    from hashlib import _Hash

_ANYTHING = (("Accept", "*/*"),)


@dataclass(frozen=True, slots=True)
class BlobStream:
    """`size` is what the registry claims (None: it does not say); `chunks` raises Corrupt after the last one when the
    bytes were not those of the digest, and Unreachable when they stop coming."""

    size: int | None
    chunks: AsyncIterator[bytes]


class Blobs:
    def __init__(self, session: Session, targets: Targets) -> None:
        self._session = session
        self._targets = targets

    async def read(
        self, registry: str, repository: str, digest: Digest, *, limit: int, expected_size: int | None
    ) -> bytes:
        """The whole blob. Raises TooLarge before it reads more than `limit` bytes, Corrupt when the bytes are not
        what the digest says; a digest that cannot be verified is Unsupported."""
        what = named("blob", repository, digest)
        _must_verify(digest, what)
        if expected_size is not None and expected_size > limit:
            raise TooLarge(f"{capital(what)} has {expected_size:,} bytes; the limit is {limit:,}.")
        answer = await self._session.ask(self._ask(registry, repository, digest, limit=limit))
        self._check(answer, what, registry)
        if expected_size is not None and len(answer.body) != expected_size:
            raise Corrupt(
                f"{registry} sent {len(answer.body):,} bytes of {what}, which has {expected_size:,}.",
                status=answer.status,
                request=answer.exchange.id,
            )
        if not digest.matches(answer.body):
            raise _other_bytes(answer, what, registry)
        return answer.body

    @contextlib.asynccontextmanager
    async def stream(self, registry: str, repository: str, digest: Digest) -> AsyncIterator[BlobStream]:
        what = named("blob", repository, digest)
        _must_verify(digest, what)
        answer = await self._session.ask(self._ask(registry, repository, digest, take="stream"))
        self._check(answer, what, registry)
        assert answer.stream is not None
        try:
            if body.encoded(answer.headers):
                raise Garbled(f"{registry} compressed {what} although it was asked not to.", status=answer.status)
            size = body.declared_length(answer.headers)
            yield BlobStream(size, _verified(answer, digest.hasher(), digest, what, registry, size))
        finally:
            await answer.stream.aclose()

    async def read_range(self, registry: str, repository: str, digest: Digest, start: int, length: int) -> bytes:
        """At most `length` bytes from `start`; they cannot be verified by themselves.

        A registry that ignores Range is read from the beginning only when that is as good (start 0)."""
        what = named("blob", repository, digest)
        if length <= 0:
            return b""
        asked = (("Accept", "*/*"), ("Range", f"bytes={start}-{start + length - 1}"))
        ask = self._ask(registry, repository, digest, take="some", limit=length, headers=asked)
        answer = await self._session.ask(ask)
        if answer.status == 416:
            return b""
        self._check(answer, what, registry)
        if answer.status == 206:
            first, _, _ = body.content_range(answer.headers.get("content-range"))
            if first is not None and first != start:
                raise Corrupt(f"{registry} sent another part of {what} than it was asked for.", status=206)
            return answer.body
        if start:
            raise Unsupported(f"{registry} does not serve parts of {what}.", status=answer.status)
        return answer.body

    def _ask(
        self,
        registry: str,
        repository: str,
        digest: Digest,
        *,
        take: Literal["all", "some", "stream"] = "all",
        limit: int = 0,
        headers: tuple[tuple[str, str], ...] = _ANYTHING,
    ) -> Ask:
        address = self._targets.blob(registry, repository, digest)
        return Ask("GET", address, headers, take, limit, scopes=pull(repository), repository=repository)

    def _check(self, answer: Answer, what: str, registry: str) -> None:
        if not answer.ok:
            raise failure(answer, what, registry)
        if is_html(answer) and "docker-content-digest" not in answer.headers:
            raise NotARegistry(
                f"{registry} answered with a web page instead of {what}.",
                status=answer.status,
                request=answer.exchange.id,
            )


async def _verified(
    answer: Answer, hasher: _Hash, digest: Digest, what: str, registry: str, size: int | None
) -> AsyncIterator[bytes]:
    assert answer.stream is not None
    seen = 0
    try:
        async for chunk in answer.stream.chunks():
            hasher.update(chunk)
            seen += len(chunk)
            yield chunk
    except httpx.RemoteProtocolError:
        raise Corrupt(
            f"{registry} sent {seen:,} bytes of {what} and ended before all had come.",
            status=answer.status,
            request=answer.exchange.id,
        ) from None
    except (httpx.HTTPError, TimeoutError):
        raise Unreachable(
            f"{registry} stopped sending {what} after {seen:,} bytes.", status=answer.status, request=answer.exchange.id
        ) from None
    if size is not None and seen < size:
        raise Corrupt(f"{registry} sent {seen:,} of the {size:,} bytes of {what}.", status=answer.status)
    if hasher.hexdigest() != digest.encoded:
        raise _other_bytes(answer, what, registry)


def _must_verify(digest: Digest, what: str) -> None:
    if not digest.can_verify:
        raise Unsupported(f"{capital(what)} uses {digest.algorithm}, which cannot be verified here.")


def _other_bytes(answer: Answer, what: str, registry: str) -> Corrupt:
    return Corrupt(
        f"{registry} sent other bytes than those of {what}: they do not hash to its digest.",
        status=answer.status,
        request=answer.exchange.id,
    )
