"""Error bodies in every format (docs/protocol-notes.md, B-31)."""

from __future__ import annotations

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.registry.api_errors import SHOWN, read_errors

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        (b'{"errors":[{"code":"NAME_UNKNOWN","message":"no such"}]}', "NAME_UNKNOWN", "no such"),
        (b'{"errors":[{"code":"A","message":"x"},{"code":"B","message":"y"}]}', "A", "x; y"),
        (b'{"errors":[{"code":"A"}]}', "A", "A"),
        (b'{"errors":[{"code":null,"message":null,"detail":null}]}', "", ""),
        (b'{"errors":[{"code":5,"message":["x"]}]}', "", ""),
        (b'{"errors":null}', "", ""),
        (b'{"errors":[]}', "", '{"errors":[]}'),
        (b'{"errors":"plain"}', "", "plain"),
        (b'{"details":"words"}', "", "words"),
        (b'{"message":"words."}', "", "words"),
        (b"404 page not found", "", "404 page not found"),
        (b"  spaced \r\n out ", "", "spaced out"),
        (b"<html><head><title>Bad Gateway</title>", "", "Bad Gateway"),
        (b"<!DOCTYPE html><body>x", "", ""),
        (b"", "", ""),
        (b"\xff\xfe", "", "\ufffd\ufffd"),
        (b'"text"', "", '"text"'),
        (b"[" * 5_000, "", "[" * (SHOWN - 1) + "…"),
    ],
)
def test_bodies(body: bytes, code: str, message: str) -> None:
    errors = read_errors(body)
    assert (errors.code, errors.message) == (code, message)


@pytest.mark.parametrize(
    ("detail", "message", "digests"),
    [
        (A, "", (A,)),
        ({"digest": A, "x": [B, {"y": A}]}, "", (A, B)),
        (None, f"Layers with digests '[{B}, {A}]' do not exist", (B, A)),
        ({"name": "sha256:short"}, "", ()),
        ([[[[[[A]]]]]], "", ()),
        (5, "x", ()),
    ],
)
def test_digests(detail: object, message: str, digests: tuple[str, ...]) -> None:
    body = json.dumps({"errors": [{"code": "X", "message": message, "detail": detail}]}).encode()
    assert read_errors(body).digests == digests


@given(st.binary(max_size=500))
def test_never_raises(body: bytes) -> None:
    errors = read_errors(body)
    assert len(errors.message) <= 3 * SHOWN + 10 and errors.digests is not None


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["errors", "code", "message", "detail", "x"]), inner, max_size=4)
    ),
)


@given(_json)
def test_no_json_surprises_it(document: object) -> None:
    errors = read_errors(json.dumps(document).encode())
    assert isinstance(errors.code, str) and isinstance(errors.message, str)
    # A space of another script is no letter to Python, and harmless.
    assert all(character.isprintable() or unicodedata.category(character) == "Zs" for character in errors.message)
