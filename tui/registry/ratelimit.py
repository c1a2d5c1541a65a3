"""Docker Hub's and others' rate-limit headers: `ratelimit-limit: 100;w=21600`, `ratelimit-remaining: 76;w=21600`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tui.text import safe

_VALUE = re.compile(r"\s*([0-9]{1,12})\s*(?:;\s*w=([0-9]{1,12}))?.*", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class RateLimit:
    """`limit` pulls in `window` seconds, `remaining` of them left; `source` is who is counted (an address or an
    account, safe text). None: not told."""

    limit: int | None
    remaining: int | None
    window: int | None
    source: str = ""

    def __str__(self) -> str:
        if self.limit is None:
            return f"{self.remaining} left"
        return f"{self.limit if self.remaining is None else self.remaining}/{self.limit}"


def parse_rate_limit(headers: Mapping[str, str]) -> RateLimit | None:
    """None when the answer tells of no limit, or of none that can be read."""
    if "ratelimit-limit" not in headers and "ratelimit-remaining" not in headers:
        return None
    limit, window = _number(headers.get("ratelimit-limit"))
    remaining, other_window = _number(headers.get("ratelimit-remaining"))
    if limit is None and remaining is None:
        return None
    source = safe(headers.get("docker-ratelimit-source", ""), limit=64)
    return RateLimit(limit, remaining, window if window is not None else other_window, source)


def _number(text: str | None) -> tuple[int | None, int | None]:
    found = _VALUE.fullmatch(text) if text is not None and len(text) <= 256 else None
    if found is None:
        return None, None
    return int(found.group(1)), int(found.group(2)) if found.group(2) else None
