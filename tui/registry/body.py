"""Reading a body without trusting what it says of itself.

We ask for `identity` and read raw bytes against a limit: a 48 KB answer in gzip became 50 MB in one decoded chunk.
Nothing is allocated from a declared length.
"""

from __future__ import annotations

import re

import httpx

from tui.registry.fields import Fields

_NUMBER = re.compile(r"[0-9]{1,20}", re.ASCII)
_RANGE = re.compile(r"bytes\s+(?:([0-9]{1,18})-([0-9]{1,18})|\*)/(?:([0-9]{1,18})|\*)", re.ASCII | re.IGNORECASE)


class BodyTooLarge(Exception):
    """More than `limit` bytes; `declared` is what Content-Length claimed (None: nothing)."""

    def __init__(self, limit: int, declared: int | None) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit
        self.declared = declared


class BodyEncoded(Exception):
    """The server compressed although we asked it not to."""


class BodyCutShort(Exception):
    """Fewer bytes than Content-Length promised."""


def number(text: str | None) -> int | None:
    """A non-negative count from a header, by the letter: `int` would also take " 1_0 ", "+5" and "٣"."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def declared_length(headers: Fields) -> int | None:
    return number(headers.get("content-length"))


def content_range(value: str | None) -> tuple[int | None, int | None, int | None]:
    """(first, last, total) of a Content-Range; None for each part that is not told."""
    found = _RANGE.fullmatch(value.strip()) if value is not None else None
    if found is None:
        return None, None, None
    first, last, total = (int(part) if part else None for part in found.groups())
    return first, last, total


def media_type(headers: Fields) -> str:
    """The Content-Type without parameters, lower case; "" when there is none."""
    told: str = headers.get("content-type", "")
    return told.partition(";")[0].strip().lower()


def encoded(headers: Fields) -> bool:
    return headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")


async def read(response: httpx.Response, headers: Fields, limit: int) -> bytes:
    """The whole body, at most `limit` bytes. Raises BodyTooLarge, BodyEncoded, BodyCutShort, httpx.HTTPError."""
    if encoded(headers):
        raise BodyEncoded
    declared = declared_length(headers)
    if declared is not None and declared > limit:
        raise BodyTooLarge(limit, declared)
    held = bytearray()
    try:
        async for chunk in response.aiter_raw():
            held += chunk
            if len(held) > limit:
                raise BodyTooLarge(limit, declared)
    except httpx.RemoteProtocolError:
        raise BodyCutShort from None
    if declared is not None and len(held) < declared:
        raise BodyCutShort
    return bytes(held)


async def read_some(response: httpx.Response, limit: int) -> bytes:
    """The beginning of the body, at most `limit` bytes; an early end or a broken connection is not an error here."""
    held = bytearray()
    try:
        async for chunk in response.aiter_raw():
            held += chunk
            if len(held) >= limit:
                break
    except httpx.HTTPError:
        return bytes(held[:limit])
    return bytes(held[:limit])
