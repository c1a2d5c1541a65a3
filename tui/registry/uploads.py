"""Uploading blobs: mount, session, and one PUT with a known length (distribution-spec "Pushing blobs").

The most compatible way, and one that can be started over: the bytes come from a function that opens them anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tui.oci.digest import Digest
from tui.registry.blobs import BlobProbe
from tui.registry.endpoints import (
    Address,
    Endpoints,
    Origin,
    UnusableUrl,
    canonical_scopes,
    object_name,
    pull_scope,
    push_scope,
    resolve_address,
)
from tui.registry.errors import Corrupt, NotARegistry, NotFound, RateLimited, RegistryError, UnknownOutcome
from tui.registry.middleware import Send
from tui.registry.reach import check_reach, same_host
from tui.registry.request import Chunks, NoResponse, Request, Response
from tui.registry.retry_policy import RetryPolicy
from tui.registry.write_errors import write_error
from tui.text import safe

_POLICY = RetryPolicy(tries=3, pauses=(0.0,))
"""Of a whole upload, each time with a new session: what has to be waited for, the limiter does."""
_LOST = frozenset({404, 408, 416, 429, 499, 500, 502, 503, 504, 522})
_ANSWER = 64 * 1024
_COURTESY = 1.0
"""Seconds that whoever is stopped while a session is being opened waits for its address, to close it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """An open upload session; `address` is where it goes on."""

    registry: str
    repository: str
    address: Address


class Uploads:
    def __init__(self, send: Send, endpoints: Endpoints, probe: BlobProbe) -> None:
        self._send = send
        self._endpoints = endpoints
        self._probe = probe

    async def mount(self, registry: str, repository: str, digest: Digest, source: str) -> Upload | None:
        """None: mounted. An Upload: the registry opened a session instead. Raises Refused, Denied ... on refusal."""
        what = f"mount {object_name('blob', source, digest).partition(' ')[2]} into {safe(repository, limit=260)}"
        address = self._endpoints.address(registry, repository, "blobs/uploads/").with_query(
            f"mount={quote(digest, safe='')}&from={quote(source, safe='')}"
        )
        scopes = canonical_scopes((*push_scope(repository), *pull_scope(source)))
        response = await self._open(registry, repository, self._post(address, repository, scopes))
        if response.status in (201, 200, 204):
            return None
        if response.status == 202:
            return self._opened(response, registry, repository)
        raise write_error(response, what, registry, repository)

    async def begin(self, registry: str, repository: str) -> Upload:
        what = f"begin an upload to {safe(repository, limit=260)}"
        address = self._endpoints.address(registry, repository, "blobs/uploads/")
        opening = self._post(address, repository, push_scope(repository))
        response = await self._open(registry, repository, opening)
        if response.status != 202:
            raise write_error(response, what, registry, repository)
        return self._opened(response, registry, repository)

    async def _open(self, registry: str, repository: str, opening: Coroutine[Any, Any, Response]) -> Response:
        """An exchange that has begun is not stopped, so the registry may open a session that nobody wants any more."""
        task = asyncio.create_task(opening)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait((task,), timeout=_COURTESY)
            if not task.done():
                task.cancel()
            elif not task.cancelled() and task.exception() is None and task.result().status == 202:
                with contextlib.suppress(RegistryError):
                    await self.cancel(self._opened(task.result(), registry, repository))
            raise

    async def cancel(self, upload: Upload) -> None:
        """Best effort: some registries have no right for it, others forget by themselves."""
        request = self._at(upload.address, upload, "DELETE")
        request.tries = 1  # whoever stops a push shall not wait for a registry that is away
        try:
            await self._send(request)
        except (RegistryError, NoResponse):
            return  # an open session holds nothing but a name, and the registry drops it in time

    async def put(
        self,
        registry: str,
        repository: str,
        digest: Digest,
        size: int,
        open_chunks: Chunks,
        upload: Upload | None,
        progress: Callable[[int], None] | None,
    ) -> None:
        what = f"take {object_name('blob', repository, digest)}"
        state = _POLICY.start()
        while True:
            if upload is None:
                upload = await self.begin(registry, repository)
            body = _Body(open_chunks, digest, size, progress, what)
            failure: RegistryError
            try:
                response = await self._put(upload, digest, size, body)
            except NoResponse as lost:
                await self.cancel(upload)
                if body.fault is not None:
                    raise body.fault from None
                if lost.sent and await self._arrived(registry, repository, digest, size, what):
                    return
                failure = lost.error
            except RateLimited as limited:
                # The host's pause is set: the next try waits for a slot, or fails there when it is too long.
                if limited.pull_limit:
                    raise
                failure = limited
            except BaseException:
                await self.cancel(upload)
                raise
            else:
                if response.ok:
                    if (theirs := response.other_digest(digest)) is not None:
                        raise response.error(Corrupt, f"{registry} stored {theirs.short} instead ({what}).")
                    return
                await self.cancel(upload)
                failure = write_error(response, what, registry, repository)
                if response.status not in _LOST:
                    raise failure
            upload = None
            if state.next_pause() is None:
                raise failure

    async def _post(self, address: Address, repository: str, scopes: tuple[str, ...]) -> Response:
        request = Request(
            "POST", address, limit=_ANSWER, scopes=scopes, repository=repository, write=True, repeatable=True
        )
        try:
            return await self._send(request)
        except NoResponse as lost:
            raise lost.error from None

    async def _put(self, upload: Upload, digest: Digest, size: int, body: _Body) -> Response:
        # Appended as text: the rest of the address may be signed, and must stay as it is.
        request = self._at(upload.address.with_query(f"digest={quote(digest, safe='')}"), upload, "PUT")
        request.headers = (("Content-Type", "application/octet-stream"),)
        request.content, request.length, request.tries = body.chunks, size, 1
        return await self._send(request)

    def _at(self, address: Address, upload: Upload, method: str) -> Request:
        """Only the registry's own origin gets a login; another port of its host gets none."""
        ours = address.origin == self._endpoints.origin(upload.registry)
        return Request(
            method,
            address,
            limit=_ANSWER,
            scopes=push_scope(upload.repository),
            repository=upload.repository,
            write=True,
            authenticate=ours,
        )

    async def _arrived(self, registry: str, repository: str, digest: Digest, size: int, what: str) -> bool:
        """After a lost response: is it there?  Raises UnknownOutcome when that cannot be found out."""
        try:
            head = await self._probe.head(registry, repository, digest, expected_size=size, confirm=True)
        except NotFound:
            return False
        except RegistryError as error:
            raise UnknownOutcome(
                f"Result unknown: {what} at {registry}. Its answer was lost, and the retry failed. {error.sentence}",
                status=error.status,
                exchange_id=error.exchange_id,
            ) from error
        return head.size in (None, size)

    def _opened(self, response: Response, registry: str, repository: str) -> Upload:
        origin = self._endpoints.origin(registry)
        location = response.headers.get("location", "")
        try:
            address = upload_address(response.address, location, origin)
            check_reach(response.address, address, self._endpoints.is_trusted)
            if not same_host(address.origin, origin):
                raise UnusableUrl(f"it is on another host ({safe(address.origin.host, limit=255)})")
        except UnusableUrl as error:
            raise response.error(NotARegistry, f"{registry} opened an upload at a refused address: {error}.") from None
        return Upload(registry, repository, address)


class _Body:
    """The bytes of one try: counted, hashed on the way, and stopped when they are not what was announced."""

    def __init__(
        self, open_chunks: Chunks, digest: Digest, size: int, progress: Callable[[int], None] | None, what: str
    ) -> None:
        self._open = open_chunks
        self._digest = digest
        self._size = size
        self._progress = progress
        self._what = what
        self.fault: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        hasher = self._digest.hasher() if self._digest.can_verify else None
        sent = 0
        held = b""
        try:
            async for chunk in self._open():
                if not chunk:
                    continue
                sent += len(chunk)
                if sent > self._size:
                    raise Corrupt(f"The source of {self._what[5:]} holds more than the announced {self._size:,} bytes.")
                if hasher is not None:
                    hasher.update(chunk)
                # One chunk is held back until the next: the last one leaves only when all of it has proved right,
                # so a registry never gets the whole of something wrong.
                if held:
                    yield held
                held = chunk
                if self._progress is not None:
                    self._progress(sent)
            if sent < self._size:
                raise Corrupt(f"The source of {self._what[5:]} broke off after {sent:,} of {self._size:,} bytes.")
            if hasher is not None and hasher.hexdigest() != self._digest.encoded:
                raise Corrupt(f"The source of {self._what[5:]} has wrong bytes: they do not match the digest.")
        except Exception as error:
            self.fault = error
            raise
        if held:
            yield held


def upload_address(asked: Address, location: str, registry: Origin) -> Address:
    """Where an upload goes on: `Location` may be absolute, a path, relative, or lack its scheme. A registry behind a
    TLS proxy that writes http means itself. Raises UnusableUrl."""
    host = str(registry).partition("://")[2]
    if location.lower().startswith((f"{host.lower()}/", f"{registry.host}:{registry.port}/")):
        location = f"{registry.scheme}://{location}"
    address = resolve_address(asked, location)
    if address.origin.host == registry.host and registry.scheme == "https" and address.origin.scheme == "http":
        return Address(registry, address.target)
    return address
