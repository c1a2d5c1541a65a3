"""The one place that decides what of a request may be seen: in the trace, an error, a log, a screenshot, a curl line.

By allow-list, always: a header or a query value that nobody thought of is a secret. And by what was sent: a server may
echo a login in words that are meant to be shown.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qs, quote, quote_plus

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


def fields(received: Headers, secrets: Secrets | None = None) -> tuple[str, ...]:
    """The same for an answer's fields, flat (name, value, name, value ...): thousands of answers are kept, and the
    fewer objects each is made of, the less the garbage collector has to walk."""
    flat = received.flat
    if not _HEADERS.issuperset(received.names):
        flat = []
        for lowered, name, value in zip(received.names, received.flat[::2], received.flat[1::2], strict=True):
            flat += (name, _value(lowered, value))
    if secrets is not None:
        whole = "\n".join(flat)
        if secrets.masked(whole) != whole:
            flat = [secrets.masked(each) for each in flat]
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


_FORM_SECRETS = ("password", "refresh_token", "access_token")
_MOST_SECRETS = 256
_SHORT, _LONG = 4, 20
_BEGINNING = 16
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*")
_HEADER = re.compile(r"""((?:proxy-)?authorization["']?\s*[:=]\s*["']?)[^"'<>\r\n]+""", re.IGNORECASE)


class Secrets:
    """What this program sent to log in, in whatever writing it may come back."""

    def __init__(self) -> None:
        self._known: dict[str, bool] = {}
        """Each secret, and whether the server had said it in a challenge before it was sent: then it is no echo there,
        such as the password "registry" in an address."""
        self._challenges: dict[str, None] = {}
        self._all = self._unsaid = _Writings(())

    def heard(self, challenge: str) -> None:
        """What a server says before it was told anything."""
        if len(self._challenges) < _MOST_SECRETS and self.masked(challenge) == challenge:
            self._challenges[challenge.lower()] = None

    def learn(self, authorization: str) -> None:
        """The value of an Authorization header that is sent."""
        scheme, _, value = authorization.partition(" ")
        self._add(value or scheme)
        if scheme.lower() == "basic":
            try:
                password = base64.b64decode(value).decode("utf-8", "replace").partition(":")[2]
            except (binascii.Error, ValueError):
                return
            self._add(password)

    def learn_form(self, content: bytes) -> None:
        """A form that is sent to a token server."""
        fields = parse_qs(content.decode("ascii", "replace"))
        for name in _FORM_SECRETS:
            for value in fields.get(name, ()):
                self._add(value)

    def masked(self, text: str) -> str:
        """`text` with every known secret, every token (JWT) and every Authorization header replaced by an ellipsis."""
        if not text:
            return text
        folded = text.lower()
        if "eyj" in folded:
            text = _JWT.sub(HIDDEN, text)
        if "authorization" in folded:
            text = _HEADER.sub(rf"\1{HIDDEN}", text)
        return self._all.masked(text, folded)

    def masked_address(self, text: str) -> str:
        """The same for an address that a server named, or a line with one: it has to work."""
        return self._unsaid.masked(text, text.lower())

    def masked_bytes(self, content: bytes) -> bytes:
        return self.masked(content.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")

    def _add(self, secret: str) -> None:
        if not secret or secret in self._known:
            return
        while len(self._known) >= _MOST_SECRETS:
            self._known.pop(next(iter(self._known)))
        self._known[secret] = any(secret.lower() in said for said in self._challenges)
        self._all = _Writings(self._known)
        self._unsaid = _Writings(each for each, said in self._known.items() if not said)


class _Writings:
    """Some secrets in every way that they may be written."""

    def __init__(self, secrets: Iterable[str]) -> None:
        writings = dict.fromkeys(text for each in secrets for text in _writings(each))
        parts = sorted((text for text in writings if text), key=len, reverse=True)
        probes = sorted({text.lower()[:_BEGINNING] for text in parts}, key=len)
        self._probes = tuple(each for n, each in enumerate(probes) if not any(less in each for less in probes[:n]))
        self._pattern = re.compile("|".join(_pattern_of(text) for text in parts), re.IGNORECASE)

    def masked(self, text: str, folded: str) -> str:
        for probe in self._probes:  # a loop: a generator takes twice as long, and this is done for every answer
            if probe in folded:
                return self._pattern.sub(HIDDEN, text)
        return text


def _writings(secret: str) -> tuple[str, ...]:
    import html  # late: where nobody logs in there is no secret

    return (
        secret,
        secret.rstrip("="),
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        html.escape(secret),
        html.escape(secret, quote=False),
        json.dumps(secret)[1:-1],
    )


def _pattern_of(secret: str) -> str:
    """A long one also where it was cut short; a short one only as a word of its own."""
    if len(secret) >= _LONG and " " not in secret:
        return re.escape(secret[:_BEGINNING]) + r"[^\s\"'<>,;)]*"
    if len(secret) < _SHORT:
        return rf"(?<!\w){re.escape(secret)}(?!\w)"
    return re.escape(secret)
