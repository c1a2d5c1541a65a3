"""The header fields of an answer, and what each of them says.

Nothing here raises: what cannot be read counts as not said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from tui.text import safe

_RATE_LIMIT = re.compile(r"\s*([0-9]{1,12})\s*(?:;\s*w=([0-9]{1,12}))?.*", re.ASCII | re.DOTALL)
_WARNING = re.compile(r'\s*(?:299\s+\S+\s+)"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")
_COUNT = re.compile(r"[0-9]{1,20}", re.ASCII)
_CONTENT_RANGE = re.compile(
    r"bytes\s+(?:([0-9]{1,18})-([0-9]{1,18})|\*)/(?:([0-9]{1,18})|\*)", re.ASCII | re.IGNORECASE
)
_SECONDS = re.compile(r"([0-9]{1,9})(\.[0-9]{1,9})?", re.ASCII)
_GO_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_IN_BODY = re.compile(r"retry-after:\s*((?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|μs|ms|s|m|h))+)", re.IGNORECASE | re.ASCII)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 10 * 365 * 86_400.0
_LONGEST_WINDOW = 3_600
"""Seconds."""


_names: dict[bytes, tuple[str, str]] = {}
"""Names of fields as text, and in lower case: thousands of answers have the same few."""


def _read_name(raw: bytes) -> tuple[str, str]:
    name = raw.decode("latin-1")
    if len(_names) < 256 and len(raw) <= 64:
        _names[raw] = name, name.lower()
    return name, name.lower()


class Headers(Mapping[str, str]):
    """Names are lower case. A field that came several times reads as one value joined by ", ", as RFC 9110 section
    5.3 has it; `get_list` gives the lines, `flat` all of them as sent (name, value, name, value ...)."""

    __slots__ = ("_values", "flat", "names")

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        self.flat: list[str] = []
        self.names: list[str] = []
        self._values: dict[str, str] = {}
        flat, names, values = self.flat, self.names, self._values
        for name_bytes, value_bytes in raw:
            known = _names.get(name_bytes)
            name, lowered = known if known is not None else _read_name(name_bytes)
            value = value_bytes.decode("latin-1")
            flat.append(name)
            flat.append(value)
            names.append(lowered)
            values[lowered] = f"{values[lowered]}, {value}" if lowered in values else value

    def get(self, name: str, default: Any = None) -> Any:
        return self._values.get(name, default)

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def get_list(self, name: str) -> list[str]:
        return [value for lowered, value in zip(self.names, self.flat[1::2], strict=True) if lowered == name]


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Docker Hub's and others' headers: `ratelimit-limit: 100;w=21600`, `ratelimit-remaining: 76;w=21600`.

    `limit` pulls in `window` seconds, `remaining` of them left; `source` is who is counted (an address or an
    account, safe text). None: not said."""

    limit: int | None
    remaining: int | None
    window: int | None
    source: str = ""

    @property
    def is_of_requests(self) -> bool:
        """What is counted are requests. Where the window is hours, they are pulls: a HEAD is none (G-02)."""
        return self.window is None or self.window <= _LONGEST_WINDOW

    @property
    def left(self) -> str:
        """How many are left, and of how many where that was said: "76/100", "76"; "" when nobody said it."""
        if self.remaining is None:
            return ""
        return f"{self.remaining}/{self.limit}" if self.limit is not None else str(self.remaining)

    def __str__(self) -> str:
        if self.limit is None:
            return f"{self.remaining} left"
        return f"{self.limit if self.remaining is None else self.remaining}/{self.limit}"


def parse_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """None when the answer tells of no limit, or of none that can be read."""
    if "ratelimit-limit" not in headers and "ratelimit-remaining" not in headers:
        return None
    limit, window = _number_and_window(headers.get("ratelimit-limit"))
    remaining, other_window = _number_and_window(headers.get("ratelimit-remaining"))
    if limit is None and remaining is None:
        return None
    source = safe(headers.get("docker-ratelimit-source", ""), limit=64)
    return RateLimit(limit, remaining, window if window is not None else other_window, source)


def _number_and_window(text: str | None) -> tuple[int | None, int | None]:
    match = _RATE_LIMIT.fullmatch(text) if text is not None and len(text) <= 256 else None
    if match is None:
        return None, None
    return int(match.group(1)), int(match.group(2)) if match.group(2) else None


class WarningBook:
    """What one registry warned of (`Warning: 299 - "text"`, distribution-spec "Warnings"): shown once each and never
    acted upon. Safe texts in order of arrival, at most `limit` characters in all."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._texts: dict[str, None] = {}

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(self._texts)

    def read(self, lines: list[str]) -> None:
        for line in lines:
            for match in _WARNING.findall(line[:16_384]):
                text = safe(_ESCAPE.sub(r"\1", match).strip(), limit=1_024)
                if text and text not in self._texts and len(text) <= self._left:
                    self._left -= len(text)
                    self._texts[text] = None


def _number_in(text: str | None) -> int | None:
    """A non-negative count from a header, by the letter: `int` would also take " 1_0 ", "+5" and "٣"."""
    return int(text) if text is not None and _COUNT.fullmatch(text) else None


def declared_length(headers: Headers) -> int | None:
    return _number_in(headers.get("content-length"))


def content_range(value: str | None) -> tuple[int | None, int | None, int | None]:
    """(first, last, total) of a Content-Range; None for each part that is not said."""
    match = _CONTENT_RANGE.fullmatch(value.strip()) if value is not None else None
    if match is None:
        return None, None, None
    first, last, total = (int(part) if part else None for part in match.groups())
    return first, last, total


def media_type(headers: Headers) -> str:
    """The Content-Type without parameters, lower case; "" when there is none."""
    value: str = headers.get("content-type", "")
    return value.partition(";")[0].strip().lower()


def is_encoded(headers: Headers) -> bool:
    return headers.get("content-encoding", "identity").strip().lower() not in ("", "identity")


def retry_after(value: str | None, date: str | None, now: datetime) -> float | None:
    """Seconds from now by a Retry-After header (RFC 9110 section 10.2.3): seconds, also fractional, or an HTTP date
    that is measured against the server's own `Date` when it sent one. Never negative; None when it cannot be read."""
    if value is None:
        return None
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _LONGEST)
    if text.startswith("-") and _SECONDS.fullmatch(text[1:]):
        return 0.0
    moment = _http_date(text)
    if moment is None:
        return None
    return min(max(0.0, (moment - (_http_date(date or "") or now)).total_seconds()), _LONGEST)


def retry_after_in_text(text: str) -> float | None:
    """GHCR hides `retry-after: 880.092µs` (a Go duration) in the body of its 429."""
    match = _IN_BODY.search(text)
    if match is None:
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _GO_DURATION.findall(match.group(1)))
    return min(seconds, _LONGEST)


def _http_date(text: str) -> datetime | None:
    if not text or len(text) > 64:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
