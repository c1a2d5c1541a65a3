"""Reading a blob to find out whether its bytes are what its digest says, and what it unpacks to.

In one stream and constant memory. Hashing and inflating go on in threads, a batch at a time, while the next one comes.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import cache
from typing import Any

from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.layer import LayerReader
from tui.sources.base import Source, SourceError
from tui.sources.presence import Observation, Presence

_BATCH = 1 << 20
#: What comes without its end is asked for so many times in all: a connection that breaks says nothing about the blob.
_ATTEMPTS = 3

#: Called with how many bytes came so far.
Progress = Callable[[int], None]


@cache
def _threads() -> ThreadPoolExecutor:
    """As many as there are processors: more would only take turns."""
    return ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="hashing")


class _TooLong(Exception):
    pass


class _BlobReader:
    """Hashes one blob, and reads it as a layer where it is one. `feed` runs in a thread."""

    def __init__(self, descriptor: Descriptor) -> None:
        self.count = 0
        self._descriptor = descriptor
        self._hasher = descriptor.digest.hasher()
        self._layer = LayerReader(descriptor.size) if media.is_tar_layer(descriptor.media_type) else None

    def abandon(self) -> None:
        if self._layer is not None:
            self._layer.abandon()

    def feed(self, batch: list[bytes]) -> None:
        for chunk in batch:
            self._hasher.update(chunk)
            if self._layer is not None:
                self._layer.feed(chunk)

    @property
    def needs_room(self) -> bool:
        """Whether it wants much memory, and reads on when it is admitted (in a thread)."""
        return self._layer is not None and self._layer.needs > 0

    def admit(self) -> None:
        assert self._layer is not None
        self._layer.admit()

    def finish(self) -> Observation:
        descriptor = self._descriptor
        digest = Digest(f"{descriptor.digest.algorithm}:{self._hasher.hexdigest()}")
        if digest != descriptor.digest:
            detail = f"hashed: its bytes are {digest}"
            said = digest if self.count == descriptor.size else None  # another size is the plainer thing to say
            return Observation(Presence.MISMATCHED, detail, size=self.count, digest=said, confirmed=True)
        unpacked = self._layer.finish() if self._layer is not None else None
        return Observation(Presence.HASHED, size=self.count, digest=digest, confirmed=True, unpacked=unpacked)


async def hash_blob(
    source: Source,
    repository: str,
    descriptor: Descriptor,
    *,
    progress: Progress,
    room: asyncio.Lock,
    known: Observation | None = None,
) -> Observation:
    """Read a blob whole and say what it is: `hashed` with what it unpacks to, `mismatched`, or why it could not be
    read. `known` is what was found when it was hashed before: that still holds when its file is the same. Who needs
    much memory for it waits for `room`.

    Raises nothing but CancelledError.
    """
    if not descriptor.digest.can_verify:
        return await source.probe(repository, descriptor)
    failure: SourceError | None = None
    for _ in range(_ATTEMPTS):
        try:
            stamp = await source.stamp(repository, descriptor)
            if known is not None and stamp is not None and known.stamp == stamp:
                return known
            seen = await _read(source, repository, descriptor, progress, room)
            if stamp != await source.stamp(repository, descriptor):
                return Observation(Presence.UNREACHABLE, "it was written while it was read; check again")
            return Observation(
                seen.presence,
                seen.detail,
                size=seen.size,
                digest=seen.digest,
                confirmed=True,
                unpacked=seen.unpacked,
                stamp=stamp,
                code=seen.code,
            )
        except SourceError as error:
            if error.presence is not Presence.UNREACHABLE and error.presence is not Presence.MISSING:
                return error.observation()
            failure = error
        # What is missing is asked for in a second way, and a layer that lives elsewhere is told from one that is gone.
        there = await source.probe(repository, descriptor)
        if not there.presence.is_there:
            return there
    assert failure is not None
    return failure.observation()


async def _read(
    source: Source, repository: str, descriptor: Descriptor, progress: Progress, room: asyncio.Lock
) -> Observation:
    reader = _BlobReader(descriptor)
    try:
        async with AsyncExitStack() as held, source.stream(repository, descriptor, verify=False) as chunks:

            async def digest(batch: list[bytes]) -> None:
                loop = asyncio.get_running_loop()
                await loop.run_in_executor(_threads(), reader.feed, batch)
                if reader.needs_room:
                    # Not in the thread: those who have the memory need it to go on.
                    await held.enter_async_context(room)
                    await loop.run_in_executor(_threads(), reader.admit)

            await _feed(reader, chunks, descriptor.size, progress, digest)
            return reader.finish()
    except _TooLong:
        detail = f"it has more than the {descriptor.size:,} bytes that its descriptor says"
        return Observation(Presence.MISMATCHED, detail, confirmed=True, code="size-mismatch")


async def _feed(
    reader: _BlobReader,
    chunks: AsyncIterator[bytes],
    size: int,
    progress: Progress,
    digest: Callable[[list[bytes]], Coroutine[Any, Any, None]],
) -> None:
    under_way: asyncio.Task[None] | None = None
    batch: list[bytes] = []
    waiting = 0
    try:
        async for chunk in chunks:
            reader.count += len(chunk)
            if reader.count > size:
                raise _TooLong
            batch.append(chunk)
            waiting += len(chunk)
            if waiting >= _BATCH:
                if under_way is not None:
                    await under_way
                under_way = asyncio.create_task(digest(batch))
                batch, waiting = [], 0
            progress(reader.count)
        if under_way is not None:
            await under_way
        if batch:
            under_way = asyncio.create_task(digest(batch))
            await under_way
    except BaseException:
        reader.abandon()
        if under_way is not None:
            under_way.cancel()
        raise
