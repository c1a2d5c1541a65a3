"""Blobs: looked for, read whole or in part, deleted, mounted, uploaded at once or in chunks.

Sources: OCI distribution-spec, "Pulling blobs", "Pushing blobs", "Mounting a blob from another repository", "Cancel a
blob upload"; RFC 9110, section 14.
"""

from __future__ import annotations

import re
import time
import uuid
from typing import Final

from starlette.responses import Response

from tui.demo.call import Call, checked_digest, read_chunks
from tui.demo.paths import digest_of
from tui.demo.refusals import Refusal
from tui.demo.store import Store, Upload

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
    if data is None or call.parameter("sig") is None or (call.head and call.quirks.redirect == "get-only"):
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
    match = _RANGE.fullmatch(header.strip().lower().replace(" ", ""))
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        return (max(0, length - int(suffix)), length) if int(suffix) else (length, length)
    start = int(first)
    end = min(length, int(last) + 1) if last else length
    if last and int(last) < start:
        return None
    return start, end


_SPAN: Final = re.compile(r"(?:bytes[ =])?(\d{1,18})-(\d{1,18})(?:/.*)?", re.ASCII)


async def upload(call: Call) -> Response:
    """Every request below `/blobs/uploads/`."""
    if not call.route.reference:
        if call.method != "POST":
            raise Refusal(405, "UNSUPPORTED", headers={"Allow": "POST"})
        call.need("push")
        return await _begin(call)
    call.need("pull" if call.method == "GET" else "push")
    session = call.store.uploads.get(call.route.reference)
    if session is None or session.name != call.name:
        raise Refusal(404, "BLOB_UPLOAD_UNKNOWN", {"upload": call.route.reference[:200]})
    match call.method:
        case "GET":
            return _told(call, session, 204)
        case "PATCH":
            await _receive(call, session)
            return _told(call, session, 202)
        case "PUT":
            return await _finish(call, session)
        case "DELETE":
            del call.store.uploads[session.id]
            return Response(status_code=204)
    raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET, PATCH, PUT, DELETE"})


async def _begin(call: Call) -> Response:
    mount = call.parameter("mount")
    if mount is not None and (mounted := _mounted(call, checked_digest(mount))):
        return mounted
    store = call.store
    if call.name not in store.repositories and len(store.repositories) >= store.limits.repositories:
        raise Refusal(507, "DENIED", message="this registry holds as many repositories as it can")
    _make_room(store)
    session = Upload(str(uuid.uuid4()), call.name)
    store.uploads[session.id] = session
    if call.parameter("digest") is not None and mount is None:
        try:
            return await _finish(call, session)
        finally:
            store.uploads.pop(session.id, None)  # nobody was told of a session that could go on
    return _told(call, session, 202)


def _mounted(call: Call, digest: str) -> Response | None:
    """201 when the blob could be mounted; None where an upload is to begin instead."""
    source = call.parameter("from")
    match call.quirks.mount:
        case "session":
            return None
        case "refused":
            raise Refusal(405, "UNSUPPORTED", message="mounting is not supported here")
        case "denied":
            raise Refusal(401, "UNAUTHORIZED", message=f"project of {source} not found")
    if source is None or not call.may("pull", source) or not call.store.mount(call.name, digest, source):
        return None
    return _created(call.name, digest)


def _make_room(store: Store) -> None:
    """Forget the session that was left alone the longest when there are too many."""
    while len(store.uploads) >= store.limits.uploads:
        idle = [one for one in store.uploads.values() if not one.busy]
        if not idle:
            raise Refusal(429, "TOOMANYREQUESTS", message="too many uploads at once", headers={"Retry-After": "1"})
        del store.uploads[min(idle, key=lambda one: one.touched).id]


async def _receive(call: Call, session: Upload) -> None:
    """Append the body to the session. A chunk must begin where the last one ended."""
    store = call.store
    span = call.request.headers.get("content-range")
    if span is not None:
        match = _SPAN.fullmatch(span.strip())
        if match is None or int(match[1]) != len(session.data) or int(match[2]) < int(match[1]) - 1:
            raise Refusal(
                416,
                "BLOB_UPLOAD_INVALID",
                message=f"the next chunk must start at byte {len(session.data)}",
                headers=_place(call, session),
            )
    if session.busy:
        raise Refusal(409, "BLOB_UPLOAD_INVALID", message="another request is writing to this upload")
    session.busy = True
    before = len(session.data)
    try:
        async for chunk in read_chunks(call.request, store.limits.blob - before):
            pending = sum(len(one.data) for one in store.uploads.values())
            if store.stored + pending + len(chunk) > store.limits.total:
                raise Refusal(507, "DENIED", message="this registry is full", headers={"Connection": "close"})
            session.data += chunk
    except BaseException:
        # An unfinished chunk was never accepted: the client is told to start it again
        del session.data[before:]
        raise
    finally:
        session.busy = False
        session.touched = time.monotonic()


async def _finish(call: Call, session: Upload) -> Response:
    digest = call.parameter("digest")
    if digest is None:
        raise Refusal(400, "DIGEST_INVALID", message="the digest parameter is missing")
    checked_digest(digest)
    await _receive(call, session)
    call.store.uploads.pop(session.id, None)
    if digest_of(session.data, digest.partition(":")[0]) != digest:
        raise Refusal(400, "DIGEST_INVALID", {"digest": digest, "content": digest_of(session.data)})
    call.store.put_blob(call.name, bytes(session.data), digest)
    return _created(call.name, digest)


def _created(name: str, digest: str) -> Response:
    return Response(
        status_code=201, headers={"Location": f"/v2/{name}/blobs/{digest}", "Docker-Content-Digest": digest}
    )


def _told(call: Call, session: Upload, status: int) -> Response:
    return Response(status_code=status, headers=_place(call, session))


def _place(call: Call, session: Upload) -> dict[str, str]:
    """Where to go on, and how much has arrived."""
    path = f"/v2/{call.name}/blobs/uploads/{session.id}"
    location = {"path": path, "absolute": call.origin + path, "query": f"{path}?_state={session.id[:8]}%3D&x=1"}
    return {
        "Location": location[call.quirks.location],
        "Range": f"0-{max(0, len(session.data) - 1)}",
        "Docker-Upload-UUID": session.id,
    }
