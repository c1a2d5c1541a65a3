"""Layers as they come by: gzip and zstd in pieces of any length, tars that end too early, and bombs."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest
from backports import zstd

from tui.oci import layer
from tui.oci.digest import Digest
from tui.oci.layer import LayerReader, Unpacked


def a_tar(*files: tuple[str, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w", format=form) as archive:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return tape.getvalue()


TAR = a_tar(("etc/passwd", b"root"), ("é" * 120, b"long names" * 200), ("empty", b""))


def read(data: bytes, step: int = 1 << 20, size: int | None = None) -> Unpacked:
    reader = LayerReader(len(data) if size is None else size)
    for at in range(0, len(data), step):
        reader.feed(data[at : at + step])
    return reader.finish()


def sha(data: bytes) -> Digest:
    return Digest.of(data)


PACKED = {
    "plain": TAR,
    "gzip": gzip.compress(TAR, mtime=0),
    "two members": gzip.compress(TAR[:700], mtime=0) + gzip.compress(TAR[700:], mtime=0),
    "zstd": zstd.compress(TAR),
    "two frames": zstd.compress(TAR[:700]) + zstd.compress(TAR[700:]),
    "chunked": zstd.compress(TAR) + b"\x50\x2a\x4d\x18\x04\x00\x00\x00toc!",
}
HOW = {"plain": "", "gzip": "gzip", "two members": "gzip", "zstd": "zstd", "two frames": "zstd", "chunked": "zstd"}


@pytest.mark.parametrize("step", [1, 511, 1 << 20])
@pytest.mark.parametrize(("name", "packed"), PACKED.items(), ids=PACKED)
def test_the_diff_id_is_that_of_the_uncompressed_bytes(name: str, packed: bytes, step: int) -> None:
    assert read(packed, step) == Unpacked(sha(TAR), len(TAR), packed=HOW[name])


def test_a_layer_without_files_is_whole() -> None:
    assert read(b"").broken == ""
    assert read(bytes(1024)).broken == ""
    assert read(gzip.compress(bytes(1024), mtime=0)).diff_id == sha(bytes(1024))


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (PACKED["gzip"][:-9], "its gzip stream ends too early"),
        (PACKED["gzip"][:30], "its gzip stream ends too early"),
        (PACKED["zstd"][:-1], "its zstd stream ends too early"),
        (PACKED["gzip"][:-8] + b"12345678", "its gzip stream is damaged (incorrect data check)"),
        (b"\x1f\x8b" + b"x" * 600, "its gzip stream is damaged (unknown compression method)"),
        (PACKED["gzip"] + b"rubbish", "its gzip stream is damaged (incorrect header check)"),
        (gzip.compress(TAR[:800], mtime=0), "its tar ends in the middle of file 1"),
        (gzip.compress(b"hello" * 300, mtime=0), "what it unpacks to is no tar archive"),
        (b"{}", "its tar ends in the middle of a header, after 0 files"),
    ],
)
def test_what_does_not_unpack_says_why(packed: bytes, why: str) -> None:
    assert read(packed).broken == why


def test_a_damaged_zstd_stream_is_told() -> None:
    damaged = bytearray(zstd.compress(os.urandom(5000)))
    damaged[6:40] = b"\xff" * 34
    assert "its zstd stream" in read(bytes(damaged)).broken


def test_gnu_long_names_and_sparse_files_are_read() -> None:
    assert read(a_tar(("n" * 300, b"x" * 1000), form=tarfile.GNU_FORMAT)).broken == ""


def test_a_header_that_claims_gigabytes_is_refused_at_once() -> None:
    for kind in (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK):
        info = tarfile.TarInfo("x")
        info.type, info.size = kind, 6_000_000_000
        found = read(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
        assert "claims 6,000,000,000 bytes" in found.broken


def zeros(gigabytes: int) -> Iterator[bytes]:
    """Zeros, gzipped, piece by piece."""
    press = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    for _ in range(gigabytes * 1024):
        if piece := press.compress(block):
            yield piece
    yield press.flush()


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_ten_gigabytes_of_zeros_are_neither_kept_nor_read_to_their_end() -> None:
    # A deflate stream of zeros repeats its pages: the middle is made once.
    first = b"".join(zeros(1))
    reader = LayerReader(10 * len(first))
    tracemalloc.start()
    reader.feed(first)  # the first member: 1 GiB
    for _ in range(9):
        reader.feed(first)
    found = reader.finish()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20
    assert found.diff_id is None and not found.broken
    assert found.size <= 2.2 * (1 << 30)
    assert "which is further than is read" in found.stopped


def test_the_limit_is_on_what_is_inflated_not_on_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layer, "INFLATED_FLOOR", 4 << 20)
    assert read(gzip.compress(bytes(3 << 20), mtime=0)).stopped == ""
    found = read(gzip.compress(bytes(8 << 20), mtime=0))
    assert found.stopped.endswith("inflate to more than 4.2 MB, which is further than is read")
    assert read(gzip.compress(os.urandom(8 << 20), 1, mtime=0), size=8 << 20).stopped == ""


def test_an_abandoned_reader_ends() -> None:
    reader = LayerReader(100)
    reader.abandon()
    reader.feed(gzip.compress(bytes(1 << 20), mtime=0))
    assert reader.finish().stopped == "it was stopped"


def zstd_frame(data: bytes, window: int, *, single: bool = False) -> bytes:
    """A zstd frame of uncompressed blocks that asks for a window of 2**`window` bytes (RFC 8878, 3.1.1)."""
    # a single segment: the whole content is the window
    head = b"\xe0" + (1 << window).to_bytes(8, "little") if single else bytes([0, (window - 10) << 3])
    blocks = [data[at : at + 100_000] for at in range(0, len(data), 100_000)]
    made = [
        (int(place == len(blocks) - 1) | len(block) << 3).to_bytes(3, "little") + block
        for place, block in enumerate(blocks)
    ]
    return b"\x28\xb5\x2f\xfd" + head + b"".join(made)


@pytest.mark.parametrize("step", [1, 7, 10_000_000])
@pytest.mark.parametrize("before", [b"", PACKED["zstd"]], ids=["first", "second frame"])
def test_a_large_zstd_window_waits_to_be_admitted(before: bytes, step: int) -> None:
    packed = before + zstd_frame(TAR, 27)
    reader = LayerReader(len(packed))
    for at in range(0, len(packed), step):
        reader.feed(packed[at : at + step])
    assert reader.needs == 1 << 27
    reader.admit()
    assert reader.needs == 0
    found = reader.finish()
    assert (found.broken, found.stopped, found.size) == ("", "", len(TAR) * (2 if before else 1))


def test_a_usual_zstd_window_is_not_held_up() -> None:
    reader = LayerReader(1 << 20)
    reader.feed(zstd_frame(TAR, 23))
    assert reader.needs == 0
    assert reader.finish().diff_id == Digest.of(TAR)


@pytest.mark.parametrize("single", [False, True])
def test_a_zstd_window_that_containerd_takes_and_we_do_not_is_not_called_damaged(single: bool) -> None:
    found = read(zstd_frame(TAR, 28, single=single))
    assert (found.broken, found.diff_id) == ("", None)
    assert (
        found.stopped == "its zstd stream needs a window of 268.4 MB, and 134.2 MB is the most that is kept in memory"
    )


@pytest.mark.parametrize("single", [False, True])
def test_a_zstd_window_that_containerd_refuses_is_broken(single: bool) -> None:
    found = read(zstd_frame(TAR, 30, single=single))
    assert found.broken == "its zstd stream needs a window of 1.1 GB, and containerd refuses more than 536.9 MB"
