"""A gzip writer whose bytes are the same everywhere.

The standard library's depend on which zlib Python was built with, and the gallery's digests must not. Runs of one
byte are all that is compressed (a tar archive is mostly zeros), with the fixed codes of RFC 1951, 3.2.6; large input
is stored as it is. RFC 1952 is the wrapping; time and system are left empty.
"""

from __future__ import annotations

import re
import zlib
from typing import Final

_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_STORE_ABOVE: Final = 6 * 1024
_MOST_STORED: Final = 0xFFFF
_RUN: Final = re.compile(rb"(.)\1{3,}", re.DOTALL)
_LITERALS: Final = tuple(f"{v + 0x30:08b}" if v < 144 else f"{v - 144 + 0x190:09b}" for v in range(256))
#: The lengths whose codes have no extra bits, longest first, each with its code and the code of distance 1
_LENGTHS: Final = ((258, "1100010100000"), *((length, f"{length - 2:07b}00000") for length in range(10, 2, -1)))


def gzip_bytes(data: bytes) -> bytes:
    """`data` as a gzip file."""
    body = _stored(data) if len(data) > _STORE_ABOVE else _runs(data)
    return _HEADER + body + zlib.crc32(data).to_bytes(4, "little") + (len(data) & 0xFFFFFFFF).to_bytes(4, "little")


def _stored(data: bytes) -> bytes:
    parts = []
    for start in range(0, len(data), _MOST_STORED):
        part = data[start : start + _MOST_STORED]
        last = start + _MOST_STORED >= len(data)
        length = len(part)
        parts += [bytes([last]), length.to_bytes(2, "little"), (length ^ 0xFFFF).to_bytes(2, "little"), part]
    return b"".join(parts)


def _runs(data: bytes) -> bytes:
    """One block with fixed codes: a byte, then how often it is repeated (a match at distance 1)."""
    parts: list[str] = ["110"]  # the last block; type 1, lowest bit first
    done = 0
    for run in _RUN.finditer(data):
        parts += [_LITERALS[value] for value in data[done : run.start() + 1]]
        left, done = run.end() - run.start() - 1, run.end()
        for length, code in _LENGTHS:
            parts.append(code * (left // length))
            left %= length
        parts.append(_LITERALS[data[done - 1]] * left)
    parts += [_LITERALS[value] for value in data[done:]]
    text = "".join(parts) + "0000000"
    return int(text[::-1], 2).to_bytes((len(text) + 7) // 8, "little")
