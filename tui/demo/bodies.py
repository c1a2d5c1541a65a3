"""Request bodies read within bounds, and answers that misbehave on purpose."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from tui.demo.quirks import Quirks
from tui.demo.refusals import HangUp, Refusal

_CHUNK: Final = 64 * 1024


async def read_chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body as it arrives, at most `limit` bytes. Raises Refusal 413, or HangUp when the client went away."""
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:20]) > limit:
        raise _too_large(limit)
    taken = 0
    try:
        async for chunk in request.stream():
            taken += len(chunk)
            if taken > limit:
                raise _too_large(limit)
            if chunk:
                yield chunk
    except ClientDisconnect as error:
        raise HangUp from error


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes."""
    return b"".join([chunk async for chunk in read_chunks(request, limit)])


def _too_large(limit: int) -> Refusal:
    # The body is left unread, so the connection cannot be used again
    return Refusal(
        413, "SIZE_INVALID", {"limit": limit}, message=f"more than {limit} bytes", headers={"Connection": "close"}
    )


def spoil(answer: Response, quirks: Quirks) -> Response:
    """A successful answer with a body, as a bad server would give it."""
    raw = bytes(answer.body)
    headers = {key: value for key, value in answer.headers.items() if key != "content-length"}
    match quirks.body:
        case "truncated":
            return StreamingResponse(_cut_short(raw), answer.status_code, {**headers, "content-length": str(len(raw))})
        case "endless":
            return StreamingResponse(_endless(), answer.status_code, headers)
        case "drip":
            return StreamingResponse(_drip(raw), answer.status_code, {**headers, "content-length": str(len(raw))})
        case "bomb":
            return Response(bomb(), answer.status_code, {**headers, "content-encoding": "gzip"})
        case "corrupt":
            return Response(bytes(byte ^ 1 for byte in raw), answer.status_code, headers)
    return answer


async def _cut_short(raw: bytes) -> AsyncIterator[bytes]:
    yield raw[: len(raw) // 2]
    raise HangUp


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"\0" * _CHUNK
        await asyncio.sleep(0)  # so that the others are served, and a client that left is noticed


async def _drip(raw: bytes) -> AsyncIterator[bytes]:
    for value in raw:
        yield bytes([value])
        await asyncio.sleep(0.25)


def bomb() -> bytes:
    """Some 50 kB that unpack to 50 MB."""
    return gzip.compress(b"\0" * 50_000_000, mtime=0)
