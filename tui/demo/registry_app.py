"""The embedded registry as an ASGI application.

Each request goes one way: path, latency, the quirks that replace whole answers, limits, the handler, the quirks that
change its answer, the record. Handlers say no by raising `Refusal`.
"""

from __future__ import annotations

import asyncio
import gzip
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from tui.demo.blobs import blob, storage, upload
from tui.demo.call import Call, parse_query
from tui.demo.listings import catalog, referrers, tags
from tui.demo.manifests import manifest
from tui.demo.paths import Kind, is_name, parse_path
from tui.demo.quirks import Quirks
from tui.demo.refusals import HangUp, Refusal
from tui.demo.store import Meter, Store
from tui.demo.tokens import token
from tui.oci.reference import is_loopback

_LOGIN_PAGE: Final = "<!doctype html><title>Welcome</title><h1>Please accept the terms of this network</h1>"
_ENDLESS_CHUNK: Final = b"\0" * 64 * 1024
_WRONG_DIGEST: Final = "sha256:" + "0" * 64


async def base(call: Call) -> Response:
    """GET /v2/: whether this is a registry, and whether a login is right."""
    if call.method not in {"GET", "HEAD"}:
        raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET, HEAD"})
    grant = call.grant()
    if grant is None and (call.store.rules.required or call.store.rules.ping):
        raise call.challenge()
    return Response(b"{}\n", 200, media_type="application/json")


async def page(call: Call) -> Response:
    """What a browser gets."""
    names = "\n".join(f"  {name}" for name in sorted(call.store.repositories))
    return PlainTextResponse(f"This is fanfold's embedded registry. Its repositories:\n\n{names}\n")


async def nothing(call: Call) -> Response:
    return PlainTextResponse("404 page not found\n", 404)


_HANDLERS: Final[Mapping[Kind, Callable[[Call], Awaitable[Response]]]] = {
    "base": base,
    "catalog": catalog,
    "token": token,
    "tags": tags,
    "manifest": manifest,
    "blob": blob,
    "upload": upload,
    "referrers": referrers,
    "storage": storage,
    "page": page,
    "nothing": nothing,
}


class EmbeddedRegistry:
    """A registry over `store`, as an ASGI application: `uvicorn.run(EmbeddedRegistry(store))`.

    `hang_up` closes the connection of a client address without an answer; a server that can do that sets it. Without
    one, a connection that is to be closed ends in `HangUp` being raised to the server. Requests under any other name
    than one of this machine are refused, unless `any_name` is on: a server that listens to other machines sets it.
    """

    def __init__(self, store: Store, quirks: Quirks | None = None, *, any_name: bool = False) -> None:
        self.store = store
        self.any_name = any_name
        if quirks is not None:
            store.quirks = quirks
        self.hang_up: Callable[[tuple[str, int]], bool] | None = None

    @property
    def app(self) -> EmbeddedRegistry:
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"the embedded registry speaks HTTP only, not {scope['type']}")
        request = Request(scope, receive)
        status = 0
        try:
            answer = await self._answer(request)
            status = answer.status_code
            await answer(scope, receive, send)
        except HangUp:
            status = 0
            client = scope.get("client")
            if self.hang_up is None or client is None or not self.hang_up(tuple(client)):
                raise
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            query = scope["query_string"].decode("latin-1")
            self.store.record(request.method, scope["path"], query, status, "authorization" in request.headers)

    async def _answer(self, request: Request) -> Response:
        route = parse_path(request.scope["path"])
        store = self.store
        quirks = store.quirks_for(route.name) if route.name else store.quirks
        call = Call(request, route, store, quirks, parse_query(request.scope["query_string"]))
        if quirks.latency > 0:
            await asyncio.sleep(quirks.latency)
        try:
            answer = await self._handled(call)
        except Refusal as refusal:
            answer = refusal.response()
        except HangUp:
            raise
        except Exception as error:  # a mistake of ours must not look like a fault of the gallery
            store.errors.append("".join(traceback.format_exception(error)))
            answer = Refusal(500, "UNKNOWN", str(error)).response()
        answer.headers.setdefault("Docker-Distribution-Api-Version", "registry/2.0")
        if call.head:
            answer.body = b""
        return answer

    async def _handled(self, call: Call) -> Response:
        quirks = call.quirks
        if not self.any_name and not is_loopback(call.request.headers.get("host", "")):
            # A web page whose name somebody made to resolve to this machine (DNS rebinding).
            raise Refusal(421, "DENIED", message="this registry only answers names of this machine, such as localhost")
        if route_is_named(call) and not is_name(call.name):
            raise Refusal(400, "NAME_INVALID", {"name": call.name[:300]})
        if (whole := _whole_answer(call)) is not None:
            return whole
        headers = _limit(call)
        answer = await _HANDLERS[call.route.kind](call)
        answer.headers.update(headers)
        if quirks.digest_header != "right" and "docker-content-digest" in answer.headers:
            if quirks.digest_header == "absent":
                del answer.headers["docker-content-digest"]
            else:
                answer.headers["docker-content-digest"] = _WRONG_DIGEST
        reading = call.method == "GET" and call.route.kind in {"blob", "manifest"} and answer.status_code < 300
        return _spoil(answer, quirks) if reading and quirks.body != "right" else answer


def route_is_named(call: Call) -> bool:
    """Whether the path has a repository in it."""
    return call.route.kind in {"tags", "manifest", "blob", "upload", "referrers", "storage"}


def _whole_answer(call: Call) -> Response | None:
    """The answer of a server that does not care what was asked."""
    quirks, reference = call.quirks, call.route.reference
    if quirks.html:
        return Response(_LOGIN_PAGE, media_type="text/html")
    if quirks.always_ok:
        return Response()
    if quirks.always_401 and call.route.kind != "token":
        raise call.challenge()
    if reference in quirks.denied:
        raise Refusal(403, "DENIED", {"digest": reference})
    if reference in quirks.broken:
        raise Refusal(500, "UNKNOWN", {"digest": reference})
    if quirks.silent or reference in quirks.lost:
        raise HangUp
    if quirks.head == "refused" and call.head:
        raise Refusal(405, "UNSUPPORTED", headers={"Allow": "GET"})
    return None


def _limit(call: Call) -> dict[str, str]:
    """Count the request; the `ratelimit-*` headers to answer with. Raises 429 when it is one too many."""
    quirks, store = call.quirks, call.store
    repository = store.repositories.get(call.name) if call.name else None
    meter = repository.meter if repository is not None and repository.quirks is not None else store.meter
    headers: dict[str, str] = {}
    if quirks.pulls is not None and call.route.kind == "manifest":
        headers = _count_pull(call, meter)
    if (quirks.limit_every or quirks.limit_after is not None) and _concerns(call):
        meter.requests += 1
        now = meter.now()
        taken = meter.window.take(quirks.limit_window, now)
        nth = quirks.limit_every and meter.requests % quirks.limit_every == 0
        if nth or (quirks.limit_after is not None and taken > quirks.limit_after):
            raise _too_many(quirks, str(meter.window.left(now)), headers)
    return headers


def _concerns(call: Call) -> bool:
    """Whether the limit is about such a request."""
    if "all" in call.quirks.limited:
        return True
    match call.route.kind:
        case "blob":
            return "blobs" in call.quirks.limited
        case "manifest":
            return ("children" if ":" in call.route.reference else "tags") in call.quirks.limited
        case "tags" | "catalog" | "referrers":
            return "lists" in call.quirks.limited
        case "upload":
            return "uploads" in call.quirks.limited
    return False


def _count_pull(call: Call, meter: Meter) -> dict[str, str]:
    """Docker Hub's way: each manifest GET takes one from the window, a HEAD only looks."""
    quirks = call.quirks
    limit, window, now = quirks.pulls or 0, int(quirks.pulls_window), meter.now()
    if now >= meter.pulls.ends:
        meter.pulls.count, meter.pulls.ends = 0, now + quirks.pulls_window
    spent = meter.pulls.count >= limit
    if call.method == "GET" and not spent:
        meter.pulls.take(quirks.pulls_window, now)
    headers = {
        "ratelimit-limit": f"{limit};w={window}",
        "ratelimit-remaining": f"{max(0, limit - meter.pulls.count)};w={window}",
        "docker-ratelimit-source": "127.0.0.1",
    }
    if call.method == "GET" and spent:
        raise _too_many(quirks, str(meter.pulls.left(now)), headers)
    return headers


def _too_many(quirks: Quirks, left: str, ratelimit: Mapping[str, str]) -> Refusal:
    headers = dict(ratelimit)
    if quirks.retry_after is not None:
        headers["Retry-After"] = left if quirks.retry_after == "window" else quirks.retry_after
    return Refusal(429, quirks.limit_code, message=quirks.limit_message, headers=headers)


def _spoil(answer: Response, quirks: Quirks) -> Response:
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
            return Response(_bomb(), answer.status_code, {**headers, "content-encoding": "gzip"})
        case "corrupt":
            return Response(bytes(byte ^ 1 for byte in raw), answer.status_code, headers)
    return answer


async def _cut_short(raw: bytes) -> AsyncIterator[bytes]:
    yield raw[: len(raw) // 2]
    raise HangUp


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield _ENDLESS_CHUNK
        await asyncio.sleep(0)  # so that the others are served, and a client that left is noticed


async def _drip(raw: bytes) -> AsyncIterator[bytes]:
    for value in raw:
        yield bytes([value])
        await asyncio.sleep(0.25)


def _bomb() -> bytes:
    """Some 50 kB that unpack to 50 MB."""
    return gzip.compress(b"\0" * 50_000_000, mtime=0)
