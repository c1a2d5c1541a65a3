"""What a registry's error answer says, and which of our errors it is.

Distribution-spec "Error Codes": JSON `{"errors": [{"code", "message", "detail"}]}`; in the wild also plain text, HTML
from a proxy, `errors: null`, and nothing at all (every HEAD). The status decides, the code only refines.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from tui.registry.ask import Answer
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
        said = "; ".join(dict.fromkeys(error.message or error.code for error in self.errors[:3])) or self.text
        return said.rstrip(". ")

    @property
    def digests(self) -> tuple[str, ...]:
        """Every digest named in a detail or message, in order, each once."""
        found: dict[str, None] = {}
        for error in self.errors:
            for text in (*_strings(error.detail), error.message):
                found.update(dict.fromkeys(_DIGEST.findall(text)))
        return tuple(found)


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


def is_html(answer: Answer) -> bool:
    return answer.media_type in ("text/html", "application/xhtml+xml")


def speaks_the_api(answer: Answer) -> bool:
    """Whether an answer says by itself that a registry sent it."""
    return "docker-distribution-api-version" in answer.headers or bool(
        read_errors(answer.body, answer.media_type).errors
    )


def failure(answer: Answer, what: str, registry: str) -> RegistryError:
    """The error for an answer that is not a success on a read.  `what` names the thing asked for, safe:
    "the blob sha256:…"."""
    errors = read_errors(answer.body, answer.media_type)
    status, code = answer.status, errors.code
    said = f" {registry} says: {errors.message}." if errors.message else ""
    request = answer.exchange.id
    if status in (404, 410):
        if "NAME_UNKNOWN" in errors.codes:
            sentence = f"{registry} does not know this repository, so {what} is not there."
            return NotFound(sentence, repo_unknown=True, status=status, code=code, request=request)
        if code == "MANIFEST_UNKNOWN" and "accept" in errors.message.lower():
            return Unsupported(
                f"{registry} has {what} but will not serve its type.{said}", status=status, code=code, request=request
            )
        page = is_html(answer) and not speaks_the_api(answer)
        return NotFound(f"{capital(what)} is not there.", web_page=page, status=status, code=code, request=request)
    if status in (401, 403):
        sentence = f"{capital(what)} does not exist, or you may not see it ({status}).{said}"
        return Denied(sentence, status=status, code=code, request=request)
    if status == 429:
        return RateLimited(f"{registry} limits the rate of requests.{said}", code=code, request=request)
    if status == 409:
        return Conflict(f"{registry} reports a conflict on {what}.{said}", status=status, code=code, request=request)
    if status in (412, 451):
        return Policy(
            f"{registry} does not give {what} out, by a rule of its own.{said}",
            status=status,
            code=code,
            request=request,
        )
    if status == 416:
        return Unsupported(f"{registry} cannot serve that part of {what}.", status=status, code=code, request=request)
    if status >= 500 and status not in (501, 505):
        return Unreachable(
            f"{registry} answered {status} (an error of its own) when asked for {what}.{said}",
            status=status,
            code=code,
            request=request,
        )
    if 300 <= status < 400:
        return NotARegistry(
            f"{registry} sends requests for {what} elsewhere ({status}) and does not say where.",
            status=status,
            code=code,
            request=request,
        )
    if answer.address.origin.scheme == "http" and status == 400 and "https" in errors.message.lower():
        said += " It was asked by plain http; write https:// before its name."
    return Unsupported(
        f"{registry} refused to tell about {what} ({status}).{said}", status=status, code=code, request=request
    )
