from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.oci import strict_json
from tui.oci.errors import MalformedDocument
from tui.oci.strict_json import AmbiguousDocument, loads, variants


@pytest.mark.parametrize(
    ("raw", "word"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\xef\xbb\xbf{}", "byte order mark"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b"\xff", "not UTF-8"),
        (b"{", "not JSON"),
        (b"{} x", "not JSON"),
        (b"<html>", "not JSON"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": Infinity}', "Infinity"),
        (b'{"a": -Infinity}', "-Infinity"),
        (b'{"a": 1e400}', "too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "5,000 digits"),
        (b"[" * 100_000, "deeper"),
        (b"[" * 100_000 + b"]" * 100_000, "deeper"),
        (b'{"a":' * 65 + b"{}" + b"}" * 65, "deeper"),
    ],
)
def test_traps_are_refused(raw: bytes, word: str) -> None:
    with pytest.raises(MalformedDocument, match=word):
        loads(raw)


def test_the_limit_is_exact() -> None:
    assert loads(b'"' + b"a" * 98 + b'"', limit=100) == "a" * 98
    with pytest.raises(MalformedDocument, match="more than 100"):
        loads(b'"' + b"a" * 99 + b'"', limit=100)


def test_the_depth_is_exact() -> None:
    deepest = strict_json.DEPTH_LIMIT
    assert loads(b"[" * deepest + b"]" * deepest)
    with pytest.raises(MalformedDocument, match="deeper"):
        loads(b"[" * (deepest + 1) + b"]" * (deepest + 1))


def test_a_key_twice_is_ambiguous_wherever_it_is() -> None:
    with pytest.raises(AmbiguousDocument, match="duplicate key") as caught:
        loads(b'{"a": [{"b": 1, "b\\u001b": 0, "b": 2}]}')
    assert caught.value.document == {"a": [{"b": 2, "b\x1b": 0}]}
    assert caught.value.field == "b"


def test_true_stays_true_and_surrogates_stay() -> None:
    assert loads(b'{"a": true, "b": "\\ud800"}') == {"a": True, "b": "\ud800"}


@pytest.mark.parametrize(
    ("keys", "odd"),
    [
        (["manifests"], []),
        (["Manifests"], ["Manifests"]),
        (["manifests", "MANIFESTS"], ["MANIFESTS"]),
        (["manifest\u017f"], ["manifest\u017f"]),  # Go folds the long s as well
        (["other", "Other"], []),
    ],
)
def test_case_variants_of_known_keys(keys: list[str], odd: list[str]) -> None:
    assert variants(dict.fromkeys(keys, 1), ("manifests", "config")) == odd


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(), below, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_json_writes_is_read_back(value: Any) -> None:
    assert loads(json.dumps(value).encode()) == value


@given(st.binary() | st.text(alphabet='[]{}",:0123456789eE+-.\\utrfalsn \n').map(str.encode))
def test_nothing_else_is_raised(raw: bytes) -> None:
    with contextlib.suppress(MalformedDocument):
        loads(raw)
