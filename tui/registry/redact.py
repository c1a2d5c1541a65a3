"""The one place that decides what of a request may be seen: in the trace, an error, a log, a screenshot, a curl line.

By allow-list, always: a header or a query value that nobody thought of is a secret.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tui.registry.headers import Headers

HIDDEN = "…"

_QUERY = frozenset({"scope", "service", "n", "last", "mount", "from", "digest", "artifacttype", "tag"})
_HEADERS = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-ranges",
        "age",
        "allow",
        "cache-control",
        "connection",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "date",
        "docker-content-digest",
        "docker-distribution-api-version",
        "docker-ratelimit-source",
        "docker-upload-uuid",
        "etag",
        "host",
        "if-match",
        "if-none-match",
        "keep-alive",
        "last-modified",
        "oci-chunk-max-length",
        "oci-chunk-min-length",
        "oci-filters-applied",
        "oci-subject",
        "oci-tag",
        "range",
        "ratelimit-limit",
        "ratelimit-remaining",
        "ratelimit-reset",
        "retry-after",
        "server",
        "strict-transport-security",
        "transfer-encoding",
        "user-agent",
        "vary",
        "via",
        "warning",
        "www-authenticate",
        "x-content-type-options",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
    }
)
_URLS = frozenset({"link", "location", "content-location"})
_USERINFO = re.compile(r"^([A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*@")
_SCHEMES = frozenset({"bearer", "basic", "negotiate", "digest", "ntlm"})


def url(text: str) -> str:
    """A URL without user-info and with only the query values that are known to be harmless."""
    if "?" not in text and "@" not in text and "#" not in text:
        return text
    text = _USERINFO.sub(lambda found: f"{found.group(1) or ''}//", text)
    text = text.partition("#")[0]
    path, mark, query = text.partition("?")
    if not mark:
        return path
    kept = []
    for part in query.split("&"):
        name, equals, _ = part.partition("=")
        kept.append(part if not equals or name.lower() in _QUERY else f"{name}={HIDDEN}")
    return f"{path}?{'&'.join(kept)}"


def headers(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Header fields as they may be shown: known ones as they are, addresses cleaned, the others by name only."""
    return tuple((name, _value(name.lower(), value)) for name, value in pairs)


def fields(received: Headers) -> tuple[str, ...]:
    """The same for an answer's fields, flat (name, value, name, value ...): thousands of answers are kept, and the
    fewer objects each is made of, the less the garbage collector has to walk."""
    flat: list[str] = []
    for lowered, name, value in zip(received.names, received.flat[::2], received.flat[1::2], strict=True):
        flat += (name, value if lowered in _HEADERS else _value(lowered, value))
    return tuple(flat)


def _value(name: str, value: str) -> str:
    if name in _HEADERS:
        return value
    if name in _URLS:
        return _link(value) if name == "link" else url(value)
    if name == "authorization":
        scheme, _, rest = value.partition(" ")
        return f"{scheme} {HIDDEN}" if rest and scheme.lower() in _SCHEMES else HIDDEN
    return HIDDEN


def _link(value: str) -> str:
    return re.sub(r"<([^>]*)>", lambda found: f"<{url(found.group(1))}>", value)
