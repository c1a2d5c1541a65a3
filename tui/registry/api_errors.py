"""What a registry's error answer says, and which of our errors it is; and whether it is a registry at all.

Distribution-spec "Error Codes": JSON `{"errors": [{"code", "message", "detail"}]}`; in the wild also plain text, HTML
from a proxy, `errors: null`, and nothing at all (every HEAD). The status decides, the code only refines.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tui.registry.endpoints import Address, Endpoints, Origin
from tui.registry.errors import (
    Conflict,
    Denied,
    NotARegistry,
    NotFound,
    Policy,
    RateLimited,
    RegistryError,
    Unreachable,
    Unsupported,
)
from tui.registry.middleware import Send
from tui.registry.request import Request, Response
from tui.registry.single_flight import SingleFlight
from tui.text import capital, safe

MAX_ERRORS = 64
SHOWN = 2_048
_DIGEST = re.compile(r"\b(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\b")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ApiError:
    """`code` and `message` are safe text; `detail` is raw JSON of any type."""

    code: str
    message: str
    detail: Any = None


@dataclass(frozen=True, slots=True)
class ErrorBody:
    errors: tuple[ApiError, ...]
    text: str
    """The whole body in safe words when it is not the specified JSON, at most 2,048 characters."""

    @property
    def code(self) -> str:
        return self.errors[0].code if self.errors else ""

    @property
    def codes(self) -> frozenset[str]:
        return frozenset(error.code for error in self.errors)

    @property
    def message(self) -> str:
        """What the registry says, safe, without a full stop; "" when it says nothing."""
        texts = dict.fromkeys(error.message or error.code for error in self.errors[:3])
        return ("; ".join(texts) or self.text).rstrip(". ")

    @property
    def digests(self) -> tuple[str, ...]:
        """Every digest named in a detail or message, in order, each once."""
        digests: dict[str, None] = {}
        for error in self.errors:
            for text in (*_strings(error.detail), error.message):
                digests.update(dict.fromkeys(_DIGEST.findall(text)))
        return tuple(digests)


def read_errors(raw: bytes, media_type: str = "") -> ErrorBody:
    """Never raises."""
    if not raw:
        return ErrorBody((), "")
    text = raw.decode("utf-8", "replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return ErrorBody((), _plain(text, media_type))
    listed = document.get("errors") if isinstance(document, dict) else None
    if isinstance(listed, list):
        errors = tuple(_error(item) for item in listed[:MAX_ERRORS] if isinstance(item, dict))
        if errors:
            return ErrorBody(errors, "")
    if isinstance(document, dict):
        for key in ("details", "message", "error_description", "error", "errors"):
            if isinstance(document.get(key), str) and document[key]:
                return ErrorBody((), safe(document[key], limit=SHOWN))
        return ErrorBody((), "" if listed is None and "errors" in document else _plain(text, media_type))
    return ErrorBody((), _plain(text, media_type))


def _error(item: dict[str, Any]) -> ApiError:
    code, message = item.get("code"), item.get("message")
    return ApiError(
        safe(code, limit=100) if isinstance(code, str) else "",
        safe(message, limit=SHOWN) if isinstance(message, str) else "",
        item.get("detail"),
    )


def _plain(text: str, media_type: str) -> str:
    start = text.lstrip()[:64].lower()
    if "html" in media_type or start.startswith(("<!doctype", "<html")):
        title = re.search(r"<title[^>]*>([^<]{1,200})", text, re.IGNORECASE)
        return safe(_SPACES.sub(" ", title.group(1)).strip(), limit=200) if title else ""
    return safe(_SPACES.sub(" ", text).strip(), limit=SHOWN)


def _strings(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, str):
        return [value]
    if depth >= 4:
        return []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in list(inner)[:MAX_ERRORS] for text in _strings(item, depth + 1)]


def is_html(response: Response) -> bool:
    return response.media_type in ("text/html", "application/xhtml+xml")


def speaks_the_api(response: Response) -> bool:
    """Whether an answer says by itself that a registry sent it."""
    return "docker-distribution-api-version" in response.headers or bool(
        read_errors(response.body, response.media_type).errors
    )


def read_error(response: Response, what: str, registry: str, *, confirmed: bool = True) -> RegistryError:
    """The error for an answer that is not a success on a read. `what` names the thing asked for, safe: "the blob
    sha256:…". `confirmed`: what is said to be missing was asked for by GET (or that is not wanted)."""
    errors = read_errors(response.body, response.media_type)
    status, code = response.status, errors.code
    says = f" {registry} says: {errors.message}." if errors.message else ""

    def error(kind: type[RegistryError], sentence: str) -> RegistryError:
        return response.error(kind, sentence, code=code)

    if status in (404, 410):
        if code == "MANIFEST_UNKNOWN" and "NAME_UNKNOWN" not in errors.codes and "accept" in errors.message.lower():
            return error(Unsupported, f"{registry} has {what} but will not serve its type.{says}")
        repo_unknown = "NAME_UNKNOWN" in errors.codes
        if repo_unknown:
            sentence = f"Not found: {what}. {registry} does not know the repository."
        else:
            sentence = f"Not found: {what}."
        return response.error(
            NotFound,
            sentence,
            code=code,
            repo_unknown=repo_unknown,
            confirmed=confirmed,
            web_page=not repo_unknown and is_html(response) and not speaks_the_api(response),
        )
    if status in (401, 403) and response.storage:
        return response.error(
            Denied,
            f"{registry} redirects requests for {what} to {response.storage}, which refused it ({status}).",
            detail=f"{status} of {response.storage}",
            advice=f"A login does not help: {registry} let us in, and what it sends its clients to refuses. Check the "
            "clocks of both, and what stands between you and that host; else tell who runs the registry.",
        )
    if status in (401, 403):
        return error(Denied, f"{capital(what)} does not exist, or you may not see it ({status}).{says}")
    if status == 429:
        return error(RateLimited, f"{registry} limits the rate of requests.{says}")
    if status == 409:
        return error(Conflict, f"{registry} reports a conflict on {what}.{says}")
    if status in (412, 451):
        return error(Policy, f"A policy of {registry} blocks {what}.{says}")
    if status == 416:
        return error(Unsupported, f"{registry} cannot serve that part of {what}.")
    if status >= 500 and status not in (501, 505):
        return error(Unreachable, f"{registry} answered {status} (a server error) for {what}.{says}")
    if 300 <= status < 400:
        sentence = f"{registry} redirects {what} ({status}) without an address."
        return error(NotARegistry, sentence)
    if response.address.origin.scheme == "http" and status == 400 and "https" in errors.message.lower():
        says += " Requested by plain http; write https:// before its name."
    return error(Unsupported, f"{registry} refused the request for {what} ({status}).{says}")


class ApiCheck:
    """Is this a registry at all? A 404 that is a web page may come from any web server, and says nothing of an image
    then. Nobody is asked without a reason: only after such a page, and once per host, `/v2/` is looked at. A registry
    answers 200, 401 or 403 there, or names its API version."""

    def __init__(self, send: Send, endpoints: Endpoints) -> None:
        self._send = send
        self._endpoints = endpoints
        self._known: dict[Origin, bool] = {}
        self._flights: SingleFlight[bool] = SingleFlight(keep=True)

    def forget(self, origin: Origin | None = None) -> None:
        self._known = {each: known for each, known in self._known.items() if origin is not None and each != origin}
        self._flights.forget(lambda each: origin is None or each == origin)

    async def ensure_registry_api(self, registry: str, error: NotFound) -> None:
        """Gives nothing when the error can be believed. Raises NotARegistry, or what the look at `/v2/` raises."""
        if not error.web_page:
            return
        origin = self._endpoints.origin(registry)
        is_registry = self._known.get(origin)
        if is_registry is None:
            is_registry = self._known[origin] = await self._flights.run(origin, lambda: self._look(origin))
        if not is_registry:
            raise NotARegistry(
                f"{safe(registry, limit=255)} answers with web pages ({error.status}), also at /v2/: this may be no "
                "registry, so nothing can be known from it.",
                status=error.status,
                exchange_id=error.exchange_id,
            )

    async def _look(self, origin: Origin) -> bool:
        ping = Request("GET", Address(origin, "/v2/"), limit=0, take="some", authenticate=False)
        response = await self._send(ping)
        if speaks_the_api(response):
            return True
        if response.status == 401:
            # A proxy in front may send its own page.
            return "www-authenticate" in response.headers or not is_html(response)
        return (response.ok or response.status == 403) and not is_html(response)

    async def aclose(self) -> None:
        await self._flights.aclose()
