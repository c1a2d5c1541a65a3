"""Retry-After (docs/protocol-notes.md, G-05 to G-07) and rate-limit headers (G-03)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.registry.headers import RateLimit, parse_rate_limit, retry_after, retry_after_in_text

NOW = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "date", "expected"),
    [
        ("30", None, 30.0),
        (" 30 ", None, 30.0),
        ("1.5", None, 1.5),
        ("0", None, 0.0),
        ("-5", None, 0.0),
        ("Fri, 01 Jan 2027 00:01:00 GMT", None, 60.0),
        ("Fri, 01 Jan 2027 00:01:00 GMT", "Fri, 01 Jan 2027 00:00:50 GMT", 10.0),
        ("Thu, 31 Dec 2026 00:00:00 GMT", None, 0.0),
        (None, None, None),
        ("", None, None),
        ("soon", None, None),
        ("1_0", None, None),
        ("+5", None, None),
        ("٣", None, None),
        ("1e9", None, None),
        ("9" * 40, None, None),
    ],
)
def test_retry_after(value: str | None, date: str | None, expected: float | None) -> None:
    assert retry_after(value, date, NOW) == expected


@given(st.text(max_size=80), st.none() | st.text(max_size=80))
def test_retry_after_never_raises(value: str, date: str | None) -> None:
    seconds = retry_after(value, date, NOW)
    assert seconds is None or 0 <= seconds < 4e8


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("retry-after: 880.092µs, allowed: 44000/minute", 880.092e-6),
        ("Retry-After: 1m30s, allowed", 90.0),
        ("retry-after: 2h", 7_200.0),
        ("retry-after: 15ms", 0.015),
        ("retry-after: later", None),
        ("", None),
    ],
)
def test_retry_after_in_the_body(text: str, expected: float | None) -> None:
    found = retry_after_in_text(text)
    assert found == pytest.approx(expected) if expected is not None else found is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (
            {
                "ratelimit-limit": "100;w=21600",
                "ratelimit-remaining": "76;w=21600",
                "docker-ratelimit-source": "1.2.3.4",
            },
            RateLimit(100, 76, 21_600, "1.2.3.4"),
        ),
        ({"ratelimit-remaining": "3"}, RateLimit(None, 3, None, "")),
        ({"ratelimit-limit": "100, 100;w=60", "ratelimit-remaining": "junk"}, RateLimit(100, None, None, "")),
        ({"ratelimit-limit": "-1"}, None),
        ({"ratelimit-limit": ""}, None),
        ({}, None),
    ],
)
def test_rate_limit_headers(headers: dict[str, str], expected: RateLimit | None) -> None:
    assert parse_rate_limit(headers) == expected


def test_rate_limit_source_is_made_safe() -> None:
    found = parse_rate_limit({"ratelimit-limit": "1", "docker-ratelimit-source": "a\x1b]0;x"})
    assert found is not None and "\x1b" not in found.source
