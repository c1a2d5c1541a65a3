"""Foreign text: nothing that a terminal obeys or that reads as something else gets through."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.text import age, apart, brief_age, capital, duration, plural, safe, shorten, size, to_ascii, width

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANY_TEXT = st.text(alphabet=st.characters(exclude_categories=()))  # surrogates too


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("plain", "plain"),
        ("\x1b]0;pwned\x07", "\\x1b]0;pwned\\x07"),
        ("\x9b31m", "\\x9b31m"),
        ("\x7f", "\\x7f"),
        ("a\tb\r\nc", "a\\x09b\\x0d\\x0ac"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\u2066x\u2069", "\\u2066x\\u2069"),
        ("a\u200bb\u200dc\u00adf", "a\\u200bb\\u200dc\\xadf"),
        ("\ufeff", "\\ufeff"),
        ("\ud800", "\\ud800"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\U000e0041", "\\U000e0041"),
        ("v\ufe0f", "v\\ufe0f"),
        ("\u3164", "\\u3164"),
        ("[@click=app.quit]x[/]", "[@click=app.quit]x[/]"),
        ("grüße 日本 🐳", "grüße 日本 🐳"),
    ],
)
def test_what_a_terminal_would_obey_becomes_visible(foreign: str, shown: str) -> None:
    assert safe(foreign) == shown


def test_several_lines_keep_their_line_ends_and_nothing_else() -> None:
    assert safe("a\r\nb\tc\rd\x1be\n", multiline=True) == "a\nb    c\\x0dd\\x1be\n"


def test_the_limit_counts_the_ellipsis() -> None:
    assert safe("abcdef", limit=6) == "abcdef"
    assert safe("abcdefg", limit=6) == "abcde…"
    assert safe("\x1b\x1b", limit=6) == "\\x1b\\…"
    assert safe("x" * 10_000_000).endswith("…")
    assert safe("abc", limit=0) == ""


@given(ANY_TEXT, st.booleans())
def test_no_control_bidi_or_surrogate_survives(foreign: str, multiline: bool) -> None:
    shown = safe(foreign, multiline=multiline)
    left = shown.replace("\n", "") if multiline else shown
    assert {unicodedata.category(char) for char in left}.isdisjoint({"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"})
    shown.encode("utf-8")


@given(ANY_TEXT, st.integers(0, 30), st.booleans())
def test_the_limit_holds_and_twice_changes_nothing(foreign: str, limit: int, multiline: bool) -> None:
    shown = safe(foreign, limit=limit, multiline=multiline)
    assert len(shown) <= limit
    assert safe(shown, limit=limit, multiline=multiline) == shown


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (735, "735 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1_100, "1.1 kB"),
        (999_999, "1.0 MB"),
        (5_600_000, "5.6 MB"),
        (2**62, "4.6 EB"),
    ],
)
def test_sizes_are_decimal(count: int | None, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (None, ""),
        (NOW - timedelta(days=3), "3 days ago"),
        (NOW - timedelta(seconds=5), "5 seconds ago"),
        (NOW.replace(tzinfo=None) - timedelta(hours=2), "2 hours ago"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001-01-01"),
        (datetime(1970, 1, 1, tzinfo=UTC), "1970-01-01"),
        (datetime(1980, 1, 1, tzinfo=UTC), "1980-01-01"),
        (NOW + timedelta(days=2), "2 days from now"),
    ],
)
def test_ages_are_words_and_made_up_dates_stay_dates(moment: datetime | None, text: str) -> None:
    assert age(moment, NOW) == text


def test_ages_count_from_now_by_default() -> None:
    assert age(datetime.now(UTC) - timedelta(days=400, hours=1)).startswith("13 months")


@pytest.mark.parametrize(
    ("text", "cells", "short"),
    [
        ("sha256:0123456789abcdef", 23, "sha256:0123456789abcdef"),
        ("sha256:0123456789abcdef", 11, "sha25…bcdef"),
        ("the layer is missing here", 12, "the layer i…"),
        ("日本語です", 6, "日…す"),
        ("日本語です", 10, "日本語です"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
        ("abc", -1, ""),
    ],
)
def test_shortening_counts_cells(text: str, cells: int, short: str) -> None:
    assert shorten(text, cells) == short


@given(st.text(), st.integers(0, 40))
def test_a_shortened_text_fits(text: str, cells: int) -> None:
    assert width(shorten(safe(text), cells)) <= cells


def test_width_counts_cells_not_characters() -> None:
    assert (width("abc"), width("日本"), width("e\u0301")) == (3, 4, 1)


def test_capital() -> None:
    assert [capital(text) for text in ("", "the tag V1", "Éclair", "1.0 of App")] == [
        "",
        "The tag V1",
        "Éclair",
        "1.0 of App",
    ]


def test_plural() -> None:
    assert plural(1, "layer") == "1 layer"
    assert plural(0, "layer") == "0 layers"
    assert plural(1200, "entry", "entries") == "1,200 entries"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (-3, "0 s"),
        (0.42, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.7, "1 min"),
        (80, "1 min 20 s"),
        (7500, "2 h 5 min"),
        (7200, "2 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_text_for_a_terminal_that_knows_ascii_only() -> None:
    assert to_ascii("✓ “a” is sha256:0e32… → ü 🐳") == '+ "a" is sha256:0e32... -> \\xfc \\U0001f433'


@pytest.mark.parametrize(
    ("texts", "cells", "shown"),
    [
        ([":0.16-edge-amd64", ":0.16-edge-arm64"], 20, [":0.16-edge-amd64", ":0.16-edge-arm64"]),
        ([":0.16-edge-amd64", ":0.16-edge-arm64"], 10, ["…amd64", "…arm64"]),
        (['RUN echo "hello" > /tmp', 'RUN echo "world" > /tmp'], 14, ['…"hello" > /t…', '…"world" > /t…']),
        (["abcdef", "abcxyz"], 4, ["abc…", "abc…"]),
        (["one-text", "one-text"], 5, ["one-…", "one-…"]),
        ([], 5, []),
    ],
)
def test_of_texts_that_are_too_long_the_part_that_differs_is_shown(
    texts: list[str], cells: int, shown: list[str]
) -> None:
    assert apart(texts, cells) == shown


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (None, ""),
        (NOW - timedelta(seconds=40), "40 s"),
        (NOW - timedelta(minutes=59), "59 min"),
        (NOW - timedelta(hours=23), "23 h"),
        (NOW - timedelta(days=13), "13 d"),
        (NOW - timedelta(days=60), "8 w"),
        (NOW - timedelta(days=600), "19 mo"),
        (NOW - timedelta(days=9000), "24 y"),
        (datetime(1970, 1, 1), "1970"),
        (datetime(1, 1, 1, tzinfo=UTC), "0001"),
        (NOW + timedelta(days=60), "2027-01"),
        (NOW + timedelta(seconds=20), "0 s"),
    ],
)
def test_an_age_for_a_column_takes_seven_cells(moment: datetime | None, shown: str) -> None:
    assert brief_age(moment, NOW) == shown and len(shown) <= 7


@given(st.floats(0, 12_000 * 86400))
def test_a_column_and_a_sentence_say_the_same_age(seconds: float) -> None:
    moment = NOW - timedelta(seconds=seconds)
    count, unit = brief_age(moment, NOW).split() if moment.year > 1980 else ("", "")
    words = age(moment, NOW).split()
    assert not count or (words[0] == count and words[1].startswith(unit[:1]))
