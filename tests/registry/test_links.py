"""Link headers as they are met (docs/protocol-notes.md, E-03)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.registry.endpoints import parse_address
from tui.registry.listing import next_page, next_target

ASKED = parse_address("https://reg.example.com/v2/a/b/tags/list?n=2")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('</v2/a/b/tags/list?n=2&last=x>; rel="next"', "/v2/a/b/tags/list?n=2&last=x"),
        ("</x>; rel=next", "/x"),
        ('</x>; title="a, b"; rel="prev next"', "/x"),
        ('</p>; rel="prev", </n>; rel="next"', "/n"),
        ('</n>; rel="next", </p>; rel="prev"', "/n"),
        ('</n>;REL="NEXT"', "/n"),
        ('</p>; rel="prev"', None),
        ("</n>", None),
        ("nonsense", None),
        ("<", None),
        ("", None),
    ],
)
def test_next_target(line: str, expected: str | None) -> None:
    assert next_target([line]) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/v2/a/b/tags/list?n=2&last=x", "https://reg.example.com/v2/a/b/tags/list?n=2&last=x"),
        ("?last=x", "https://reg.example.com/v2/a/b/tags/list?last=x"),
        ("https://reg.example.com/v2/a/b/tags/list?next_page=Opaque%3D%3D", None),
        ("https://reg.example.com:443/v2/a/b/tags/list?last=x", "https://reg.example.com/v2/a/b/tags/list?last=x"),
        ("http://reg.example.com/v2/a/b/tags/list?last=x", "https://reg.example.com/v2/a/b/tags/list?last=x"),
        ("/repository/docker/v2/a/b/tags/list?last=x", "https://reg.example.com/v2/a/b/tags/list?last=x"),
    ],
)
def test_where_the_next_page_is(target: str, expected: str | None) -> None:
    page, note = next_page(ASKED, [f'<{target}>; rel="next"'])
    assert str(page) == (expected or target) and not note


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example.com/v2/a/b/tags/list?last=x",
        "//evil.example.com/v2/a/b/tags/list?last=x",
        "https://user:hunter2@reg.example.com/x?last=y",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "/else/where",
        "http://reg.example.com:99999/",
        "https://reg.example.com\\@evil/x?y",
    ],
)
def test_not_followed_and_said_so(target: str) -> None:
    page, note = next_page(ASKED, [f'<{target}>; rel="next"'])
    assert page is None and note.startswith("The list may go on")
    assert "evil" not in note and "hunter2" not in note


@given(st.lists(st.text(max_size=200), max_size=3))
def test_never_raises(lines: list[str]) -> None:
    page, _ = next_page(ASKED, lines)
    assert page is None or page.origin == ASKED.origin


@given(st.text(max_size=100))
def test_a_hostile_target_stays_at_home(target: str) -> None:
    page, _ = next_page(ASKED, [f'<{target}>; rel="next"'])
    assert page is None or page.origin == ASKED.origin
