"""What may be seen (docs/protocol-notes.md, B-25)."""

from __future__ import annotations

import pytest

from tui.registry import redact
from tui.registry.headers import Headers


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/v2/a/tags/list?n=5&last=x", "https://h/v2/a/tags/list?n=5&last=x"),
        ("https://u:p@h/x", "https://h/x"),
        ("//u:p@h/x", "//h/x"),
        ("/x?X-Amz-Signature=abc&digest=sha256:1", "/x?X-Amz-Signature=…&digest=sha256:1"),
        ("https://h/x?_state=abc&from=b&mount=c", "https://h/x?_state=…&from=b&mount=c"),
        ("https://h/x#token", "https://h/x"),
        ("https://h/x?bare", "https://h/x?bare"),
    ],
)
def test_url(url: str, expected: str) -> None:
    assert redact.url(url) == expected


def test_headers_by_allow_list() -> None:
    shown = redact.headers(
        [
            ("Authorization", "Bearer secret"),
            ("Proxy-Authorization", "Basic secret"),
            ("X-Registry-Auth", "secret"),
            ("Cookie", "secret"),
            ("Location", "https://u:secret@h/x?sig=secret"),
            ("Link", '<https://u:secret@h/x?sig=secret&n=1>; rel="next"'),
            ("Accept", "a/b"),
        ]
    )
    assert "secret" not in str(shown)
    assert dict(shown)["Authorization"] == "Bearer …" and dict(shown)["Accept"] == "a/b"
    assert dict(shown)["Link"] == '<https://h/x?sig=…&n=1>; rel="next"'


def test_a_bare_token_is_no_scheme() -> None:
    assert redact.headers([("Authorization", "secret")]) == (("Authorization", "…"),)
    assert redact.headers([("Authorization", "secret word")]) == (("Authorization", "…"),)


def test_answer_fields_the_same_way() -> None:
    fields = Headers([(b"Set-Cookie", b"secret"), (b"Content-Type", b"a/b"), (b"location", b"/x?sig=secret")])
    assert redact.fields(fields) == ("Set-Cookie", "…", "Content-Type", "a/b", "location", "/x?sig=…")
