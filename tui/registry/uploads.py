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
from tui.oci.errors import MalformedDigest
from tui.registry import redirect, scope
from tui.registry.ask import Answer, Ask, Chunks, NoAnswer
from tui.registry.errors import Corrupt, NotARegistry, NotFound, RateLimited, RegistryError, UnknownOutcome
from tui.registry.origin import Address, Origin, UnusableUrl, resolve
from tui.registry.presence import Presence
from tui.registry.refusals import refusal
from tui.registry.session import Session
from tui.registry.target import Targets, named, pull
from tui.text import safe

TRIES = 3
_LOST = frozenset({404, 408, 416, 429, 499, 500, 502, 503, 504, 522})
_ANSWER = 64 * 1024
#: Whoever is stopped while a session is being opened waits so long, in seconds, for its address, to close it.
_COURTESY = 1.0


@dataclass(frozen=True, slots=True)
class Upload:
    """An open upload session; `address` is where it goes on."""

    registry: str
    repository: str
    address: Address


class Uploads:
    def __init__(self, session: Session, targets: Targets, presence: Presence) -> None:
        self._session = session
        self._targets = targets
        self._presence = presence

    async def mount(self, registry: str, repository: str, digest: Digest, source: str) -> Upload | None:
        """None: mounted. An Upload: the registry opened a session instead.  Raises Refused, Denied ... on refusal."""
        what = f"mount {named('blob', source, digest).partition(' ')[2]} into {safe(repository, limit=260)}"
        address = self._targets.address(registry, repository, "blobs/uploads/").with_query(
            f"mount={quote(digest, safe='')}&from={quote(source, safe='')}"
        )
        scopes = scope.canonical((*push(repository), *pull(source)))
        answer = await self._open(registry, repository, self._post(address, repository, scopes, what))
        if answer.status in (201, 200, 204):
            return None
        if answer.status == 202:
            return self._opened(answer, registry, repository)
        raise refusal(answer, what, registry, repository)

    async def begin(self, registry: str, repository: str) -> Upload:
        what = f"begin an upload to {safe(repository, limit=260)}"
        address = self._targets.address(registry, repository, "blobs/uploads/")
        opening = self._post(address, repository, push(repository), what)
        answer = await self._open(registry, repository, opening)
        if answer.status != 202:
            raise refusal(answer, what, registry, repository)
        return self._opened(answer, registry, repository)

    async def _open(self, registry: str, repository: str, opening: Coroutine[Any, Any, Answer]) -> Answer:
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
        ask = self._at(upload.address, upload, "DELETE")
        ask.tries = 1  # whoever stops a push shall not wait for a registry that is away
        try:
            await self._session.ask(ask)
        except (RegistryError, NoAnswer):
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
        what = f"take {named('blob', repository, digest)}"
        last: RegistryError | None = None
        for _ in range(TRIES):
            if upload is None:
                upload = await self.begin(registry, repository)
            body = _Body(open_chunks, digest, size, progress, what)
            try:
                answer = await self._put(upload, digest, size, body)
            except NoAnswer as lost:
                await self.cancel(upload)
                if body.fault is not None:
                    raise body.fault from None
                upload, last = None, lost.error
                if lost.sent and await self._arrived(registry, repository, digest, size, what):
                    return
                continue
            except RateLimited as limited:
                # The host's pause is set: the next try waits for it at the gate, or fails there when it is too long.
                upload, last = None, limited
                if limited.pull_limit:
                    raise
                continue
            except BaseException:
                await self.cancel(upload)
                raise
            if answer.ok:
                _check_digest(answer, digest, registry, what)
                return
            last = refusal(answer, what, registry, repository)
            await self.cancel(upload)
            upload = None
            if answer.status not in _LOST:
                raise last
        assert last is not None
        raise last

    async def _post(self, address: Address, repository: str, scopes: tuple[str, ...], what: str) -> Answer:
        ask = Ask("POST", address, (), limit=_ANSWER, scopes=scopes, repository=repository, write=True)
        ask.repeatable = True
        try:
            return await self._session.ask(ask)
        except NoAnswer as lost:
            raise lost.error from None

    async def _put(self, upload: Upload, digest: Digest, size: int, body: _Body) -> Answer:
        # Appended as text: the rest of the address may be signed, and must stay as it is.
        ask = self._at(upload.address.with_query(f"digest={quote(digest, safe='')}"), upload, "PUT")
        ask.headers = (("Content-Type", "application/octet-stream"),)
        ask.content, ask.length, ask.tries = body.chunks, size, 1
        return await self._session.ask(ask)

    def _at(self, address: Address, upload: Upload, method: str) -> Ask:
        """Only the registry's own origin gets a login; storage behind a signed address gets none."""
        ours = address.origin == self._targets.origin(upload.registry)
        return Ask(
            method,
            address,
            limit=_ANSWER,
            scopes=push(upload.repository),
            repository=upload.repository,
            write=True,
            authenticate=ours,
        )

    async def _arrived(self, registry: str, repository: str, digest: Digest, size: int, what: str) -> bool:
        """After a lost answer: is it there?  Raises UnknownOutcome when that cannot be found out."""
        try:
            head = await self._presence.blob(registry, repository, digest, expected_size=size, confirm=True)
        except NotFound:
            return False
        except RegistryError as error:
            raise UnknownOutcome(
                f"Whether {registry} did {what} is not known: its answer was lost, and asking again failed. "
                f"{error.sentence}",
                status=error.status,
                request=error.request,
            ) from error
        return head.size in (None, size)

    def _opened(self, answer: Answer, registry: str, repository: str) -> Upload:
        origin = self._targets.origin(registry)
        location = answer.headers.get("location", "")
        try:
            address = upload_address(answer.address, location, origin)
            redirect.check(answer.address, address, lambda host: False)
        except UnusableUrl as error:
            raise NotARegistry(
                f"{registry} opened an upload at an address that we will not go to: {error}.",
                status=answer.status,
                request=answer.exchange.id,
            ) from None
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
                raise Corrupt(f"The source of {self._what[5:]} holds other bytes: they do not hash to the digest.")
        except Exception as error:
            self.fault = error
            raise
        if held:
            yield held


def push(repository: str) -> tuple[str, ...]:
    return (scope.repository(repository, "pull", "push"),)


def upload_address(asked: Address, location: str, registry: Origin) -> Address:
    """Where an upload goes on: `Location` may be absolute, a path, relative, or lack its scheme. A registry behind a
    TLS proxy that writes http means itself. Raises UnusableUrl."""
    host = str(registry).partition("://")[2]
    if location.lower().startswith((f"{host.lower()}/", f"{registry.host}:{registry.port}/")):
        location = f"{registry.scheme}://{location}"
    address = resolve(asked, location)
    if address.origin.host == registry.host and registry.scheme == "https" and address.origin.scheme == "http":
        return Address(registry, address.target)
    return address


def _check_digest(answer: Answer, digest: Digest, registry: str, what: str) -> None:
    told = answer.headers.get("docker-content-digest")
    try:
        theirs = Digest(told) if told else digest
    except MalformedDigest:
        return
    if theirs.algorithm == digest.algorithm and theirs != digest:
        raise Corrupt(
            f"{registry} was to {what} and stored {theirs.short} instead.",
            status=answer.status,
            request=answer.exchange.id,
        )
