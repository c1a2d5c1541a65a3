"""The gzip writer: everything it writes can be read, and always is the same."""

from __future__ import annotations

import gzip
import hashlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tui.demo.gz import gzip_bytes

PIECES = st.tuples(st.binary(min_size=1, max_size=20), st.integers(1, 900))


@given(st.lists(PIECES, max_size=12))
@example([(b"\0", 900), (b"\xff", 3), (b"a", 4), (b"\x90", 258), (b"\x8f", 259), (b"b", 1)])
@example([])
def test_what_is_written_can_be_read(pieces: list[tuple[bytes, int]]) -> None:
    data = b"".join(part * times for part, times in pieces)
    assert gzip.decompress(gzip_bytes(data)) == data


@pytest.mark.parametrize("size", [6 * 1024, 6 * 1024 + 1, 65_535, 65_536, 65_537, 131_070, 200_000])
def test_large_input_is_stored(size: int) -> None:
    data = hashlib.shake_128(b"noise").digest(size)
    assert gzip.decompress(gzip_bytes(data)) == data


def test_zeros_are_short_and_the_bytes_never_change() -> None:
    packed = gzip_bytes(b"hello" + bytes(5_000))
    assert len(packed) < 80
    assert hashlib.sha256(packed).hexdigest() == "21b9ae2c05ddaa23ef6f068e4336615f741dee373804c6a3d7517acef495a7b5"
