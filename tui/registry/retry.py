"""When to ask again, and how long to wait before.

Full jitter: `random(0, min(cap, base * 2^n))`. The wait that a 429 asks for is the host's, not the question's: it
pauses everybody (gate.py), or five hundred HEADs would each retry five times.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

BASE = 0.25
CAP = 30.0

TRANSIENT = frozenset({408, 425, 429, 499, 500, 502, 503, 504, 522})
"""Statuses worth a second try.  501 and 505 are answers, and so is every other 4xx."""

_SECONDS = re.compile(r"([0-9]{1,9})(\.[0-9]{1,9})?", re.ASCII)
_GO_DURATION = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_IN_BODY = re.compile(r"retry-after:\s*((?:[0-9]+(?:\.[0-9]+)?(?:ns|us|µs|μs|ms|s|m|h))+)", re.IGNORECASE | re.ASCII)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST = 10 * 365 * 86_400.0


def backoff(attempt: int, chance: float) -> float:
    """Seconds to wait before try number `attempt` + 1 (the first retry has attempt 1); `chance` in [0, 1)."""
    return chance * min(CAP, BASE * 2.0 ** min(max(attempt - 1, 0), 16))


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
    found = _IN_BODY.search(text)
    if found is None:
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _GO_DURATION.findall(found.group(1)))
    return min(seconds, _LONGEST)


def _http_date(text: str) -> datetime | None:
    if not text or len(text) > 64:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
