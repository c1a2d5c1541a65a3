"""Blobs: looked for, read whole or in part, deleted. Source: OCI distribution-spec, "Pulling blobs"; RFC 9110, 14."""

from __future__ import annotations

import re
from typing import Final

from starlette.responses import Response

from tui.demo.call import Call
from tui.demo.refusals import Refusal

_RANGE: Final = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)


async def blob(call: Call) -> Response:
    match call.method:
        case "GET" | "HEAD":
            return _read(call)
        case "DELETE":
            call.need("delete")
            if not call.quirks.delete:
                raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET, HEAD"})
            if not call.store.delete_blob(call.name, call.digest()):
                raise Refusal(404, "BLOB_UNKNOWN", {"digest": call.route.reference})
            return Response(status_code=202)
    raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET, HEAD, DELETE"})


def _read(call: Call) -> Response:
    call.need("pull")
    digest = call.digest()
    quirks = call.quirks
    data = call.store.blob(call.name, digest)
    if data is None or (call.head and quirks.head == "hidden"):
        raise Refusal(404, "BLOB_UNKNOWN", {"digest": digest})
    if quirks.redirect != "none":
        path = (
            f"/v2/{call.name}/blobs/{digest}" if quirks.redirect == "loop" else f"/storage/{call.name}/{digest}?sig=s3"
        )
        return Response(status_code=307, headers={"Location": quirks.redirect_to + path})
    return _sent(call, digest, data)


async def storage(call: Call) -> Response:
    """The address that blobs are redirected to. Whoever has it may read; a second credential is an error."""
    if call.method not in {"GET", "HEAD"}:
        raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET, HEAD"})
    if "authorization" in call.request.headers:
        return Response("<Error><Code>InvalidAuthenticationInfo</Code></Error>", 400, media_type="application/xml")
    data = call.store.blob(call.name, call.digest())
    if data is None or call.one("sig") is None or (call.head and call.quirks.redirect == "get-only"):
        return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type="application/xml")
    return _sent(call, call.digest(), data)


def _sent(call: Call, digest: str, data: bytes) -> Response:
    """A blob, or the part of it that was asked for."""
    quirks = call.quirks
    headers = {
        "Docker-Content-Digest": digest,
        "Content-Type": "application/octet-stream",
        "Cache-Control": "max-age=31536000",
        "ETag": f'"{digest}"',
    }
    if quirks.ranges:
        headers["Accept-Ranges"] = "bytes"
    if call.head:
        headers["Content-Length"] = str(len(data) + quirks.wrong_length)
        return Response(headers=headers)
    asked = call.request.headers.get("range")
    span = byte_range(asked, len(data)) if asked and quirks.ranges else None
    if span is None:
        return Response(data, headers=headers)
    start, end = span
    if start >= end:
        raise Refusal(
            416,
            "SIZE_INVALID",
            message="the range starts behind the end of the blob",
            headers={"Content-Range": f"bytes */{len(data)}"},
        )
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
    return Response(data[start:end], 206, headers)


def byte_range(header: str, length: int) -> tuple[int, int] | None:
    """Start and end (behind the last byte) of a Range header with one range; None where the whole is to be sent.

    An empty span means that the range cannot be satisfied.
    """
    found = _RANGE.fullmatch(header.strip().lower().replace(" ", ""))
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        return (max(0, length - int(suffix)), length) if int(suffix) else (length, length)
    start = int(first)
    end = min(length, int(last) + 1) if last else length
    if last and int(last) < start:
        return None
    return start, end
