"""Getting one object into the target repository: mount, else copy in a stream; a manifest is put by its digest."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

from tui.compose.bench import Bench
from tui.compose.errors import ComposeError
from tui.compose.events import BytesMoved, OnEvent, Said
from tui.compose.home import Home
from tui.compose.plan import Step
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.registry import errors
from tui.registry.uploads import Upload
from tui.sources.presence import Observation, Presence

#: Cancelling an upload session is a courtesy: it gets this long, in seconds.
COURTESY = 5.0
_REFUSALS = (errors.Refused, errors.Denied, errors.Unsupported, errors.Policy, errors.NotFound, errors.Conflict)


class Transfer:
    """Moves objects to one repository. Sessions that a mount left open are cancelled by `tidy`."""

    def __init__(self, bench: Bench, target: Home, on_event: OnEvent) -> None:
        self._bench = bench
        self._client = bench.client
        self._target = target
        self._registry = target.registry or ""
        self._tell = on_event
        self._open: list[Upload] = []

    async def mount(self, step: Step) -> str:
        """Mount a blob from another repository of the registry; copy it where the registry does not mount.

        Gives how it went. Raises RegistryError or SourceError. May be repeated.
        """
        digest, source = _digest(step), step.source
        if source is None:
            raise ComposeError(f"Step {step.number} does not say where to mount {digest.short} from.")
        upload: Upload | None = None
        try:
            upload = await self._client.mount(self._registry, self._target.repository, digest, source.repository)
            if upload is None:
                self._there(step)
                return "mounted"
            self._open.append(upload)
            self._tell(Said("The registry did not mount it; it is copied instead.", step))
        except _REFUSALS as error:
            self._tell(Said(f"The registry refused to mount it ({error.sentence}); it is copied instead.", step))
        return await self._copy(step, upload, ask=not step.asked)

    async def copy(self, step: Step) -> str:
        """Copy a blob, streaming, verified on the way. Gives how it went. May be repeated."""
        return await self._copy(step, None, ask=not step.asked)

    async def again(self, step: Step) -> str:
        """The same after a failure: the answer may have been lost, so the target is asked first."""
        return await self._copy(step, None, ask=True)

    async def _copy(self, step: Step, upload: Upload | None, *, ask: bool) -> str:
        digest = _digest(step)
        descriptor = Descriptor(step.media_type, digest, step.size)
        if ask:
            found = await self._bench.source(self._target).probe(self._target.repository, descriptor, fresh=True)
            if found.presence is Presence.PRESENT:
                if upload is not None:
                    await self._cancel(upload)
                self._bench.note(self._target, digest, found)
                return "there already"
        if upload is not None and upload in self._open:
            self._open.remove(upload)  # from here on the client sees to it
        await self._client.put_blob(
            self._registry,
            self._target.repository,
            digest,
            step.size,
            self._opener(step, descriptor),
            upload=upload,
            progress=lambda count: self._tell(BytesMoved(step, count, step.size)),
        )
        self._there(step)
        return "copied"

    def _opener(self, step: Step, descriptor: Descriptor) -> Callable[[], AsyncIterator[bytes]]:
        """What opens the bytes from the beginning, each time anew, so that an upload can be repeated."""
        raw, home = step.raw, step.source

        async def embedded() -> AsyncIterator[bytes]:
            yield raw or b""

        async def streamed() -> AsyncIterator[bytes]:
            if home is None:
                raise ComposeError(f"Step {step.number} does not say where to copy {descriptor.digest.short} from.")
            async with self._bench.source(home).stream(home.repository, descriptor) as chunks:
                async for chunk in chunks:
                    yield chunk

        return embedded if raw is not None else streamed

    async def put(self, step: Step) -> str:
        """PUT a child manifest by its digest. May be repeated: the same bytes make the same object."""
        digest, raw = _digest(step), step.raw or b""
        answered = await self._client.put_manifest(
            self._registry, self._target.repository, str(digest), raw, step.media_type
        )
        if answered.algorithm == digest.algorithm and answered != digest:
            raise errors.Corrupt(
                f"The registry stored {digest.short} under another digest, {answered}: it was rewritten."
            )
        self._there(step)
        return "put"

    def _there(self, step: Step) -> None:
        self._bench.note(self._target, _digest(step), Observation(Presence.PRESENT, size=step.size, confirmed=True))

    async def _cancel(self, upload: Upload) -> None:
        if upload in self._open:
            self._open.remove(upload)
        with contextlib.suppress(errors.RegistryError, TimeoutError):
            async with asyncio.timeout(COURTESY):
                await self._client.cancel_upload(upload)

    async def tidy(self) -> None:
        """Cancel the sessions that are still open; failing to is no error (registries drop them in time)."""
        await asyncio.gather(*(self._cancel(upload) for upload in list(self._open)))


def _digest(step: Step) -> Digest:
    if step.digest is None:
        raise ComposeError(f"Step {step.number} names no object.")
    return step.digest
