"""Reading a layer as its bytes come by: what it unpacks to (its diff_id), and whether that is a tar that reads to its
end. Constant memory; meant for a thread, for hashing and inflating let go of the interpreter.

What compressed it is told from its first bytes, as containerd, Docker and skopeo do it, and not from its media type.
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from tui.oci.digest import Digest
from tui.oci.tar import BrokenTar, TarReader
from tui.text import size as size_text

#: So much is inflated at once.
_PIECE = 1 << 20
#: A layer may inflate to this many bytes, or to this many times its compressed size, whichever is more. Real layers
#: stay below 50 times; gzip ends at 1,030 times.
INFLATED_FLOOR = 1 << 30
INFLATED_RATIO = 200
#: A zstd frame says how much of what it unpacked has to stay in memory. What every usual encoder asks for is given
#: freely; more than that has to be admitted, so that several at a time do not add up.
_FREE_WINDOW = 8 << 20
#: zstd's own limit for what it decompresses without being asked twice.
_WINDOW_LOG = 27
#: What the library refuses with which containerd unpacks (klauspost/compress, MaxWindowSize).
_CONTAINERDS_WINDOW = 1 << 29

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = tuple(bytes([0x50 + number, 0x2A, 0x4D, 0x18]) for number in range(16))
_LONGEST_MAGIC = 4


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What a layer unpacks to."""

    diff_id: Digest | None = None
    """Of the uncompressed bytes; None when they were not read to their end."""
    size: int = 0
    """How many there are, as far as they were read."""
    broken: str = ""
    """Why it does not unpack, as the second half of a sentence; "" when it does."""
    stopped: str = ""
    """Why it was not read to its end though nothing is known to be wrong with it; "" when it was."""
    packed: str = ""
    """How its bytes are compressed: gzip, zstd; "" when they are not."""


class Inflater(Protocol):
    """Undoes one compression."""

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """What these bytes inflate to, at most 1 MiB at a time. Raises _Damaged."""
        ...

    def finish(self) -> None:
        """No more comes. Raises _Damaged when something is missing."""
        ...


class _Damaged(Exception):
    pass


class _Stopped(Exception):
    pass


class _NeedsRoom(Exception):
    """A zstd frame needs a large window; `rest` are the bytes from its beginning on."""

    def __init__(self, window: int, rest: bytes) -> None:
        self.window, self.rest = window, rest


class _Plain:
    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data

    def finish(self) -> None:
        pass


class _Gzip:
    """One gzip member after another, as eStargz writes them."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._between = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        full = False
        while data or full:
            if self._between:
                data = data.lstrip(b"\0")  # padding after a member, which unpackers pass over
                if not data:
                    return
                self._member, self._between = zlib.decompressobj(wbits=31), False
            try:
                piece = self._member.decompress(data, _PIECE)
            except zlib.error as error:
                raise _Damaged(f"its gzip stream is damaged ({_reason(error)})") from None
            full = len(piece) == _PIECE
            data = self._member.unconsumed_tail
            if self._member.eof:
                data, self._between, full = self._member.unused_data, True, False
            if piece:
                yield piece

    def finish(self) -> None:
        if not self._between:
            raise _Damaged("its gzip stream ends too early")


def _reason(error: zlib.error) -> str:
    """zlib's own words, without its number: "incorrect data check"."""
    return str(error).rpartition(": ")[2]


def _window(head: bytes) -> int | None:
    """How many bytes of memory the zstd frame asks for that begins so (RFC 8878, 3.1.1); None when more of it has to
    come first. What is no frame, or one to be skipped, asks for nothing."""
    if len(head) < 4:
        return None
    if not head.startswith(_ZSTD):
        return 0
    if len(head) < 6:
        return None
    flags, word = head[4], head[5]
    if not flags & 0x20:
        base = 1 << (10 + (word >> 3))
        return base + base // 8 * (word & 7)
    at = 5 + (0, 1, 2, 4)[flags & 3]  # a single segment: its content is its window
    length = (1, 2, 4, 8)[flags >> 6]
    if len(head) < at + length:
        return None
    return int.from_bytes(head[at : at + length], "little") + (256 if length == 2 else 0)


class _Zstd:
    """One frame after another; frames to be skipped, as zstd:chunked writes them, unpack to nothing."""

    def __init__(self) -> None:
        # Late: few layers are compressed so.
        if sys.version_info >= (3, 14):
            from compression import zstd as module
        else:
            from backports import zstd as module
        zstd: Any = module
        self._error: type[Exception] = zstd.ZstdError
        self._new: Callable[[], Any] = lambda: zstd.ZstdDecompressor(
            options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG}
        )
        self._frame: Any = None
        self._head = b""
        self.admitted = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        while data or not (self._frame is None or self._frame.needs_input):
            if self._frame is None:
                data, self._head = self._head + data, b""
                window = _window(data)
                if window is None:
                    self._head = data
                    return
                self._check(window, data)
                self._frame = self._new()
            try:
                piece = self._frame.decompress(data, _PIECE)
            except self._error as error:
                raise _Damaged(f"its zstd stream is damaged ({error})") from None
            data = b""
            if self._frame.eof:
                data, self._frame = self._frame.unused_data, None
            if piece:
                yield piece

    def _check(self, window: int, data: bytes) -> None:
        if window > _CONTAINERDS_WINDOW:
            most = size_text(_CONTAINERDS_WINDOW)
            raise _Damaged(
                f"its zstd stream needs a window of {size_text(window)}, and containerd refuses more than {most}"
            )
        if window > 1 << _WINDOW_LOG:
            most = size_text(1 << _WINDOW_LOG)
            raise _Stopped(
                f"its zstd stream needs a window of {size_text(window)}, and {most} is the most that is kept in memory"
            )
        if window > _FREE_WINDOW and not self.admitted:
            raise _NeedsRoom(window, data)

    def finish(self) -> None:
        if self._frame is not None or self._head:
            raise _Damaged("its zstd stream ends too early")


class LayerReader:
    """Takes a layer of `size` compressed bytes piece by piece. What is wrong with it is in the result of `finish`."""

    def __init__(self, size: int) -> None:
        self._limit = max(INFLATED_FLOOR, INFLATED_RATIO * size)
        self._compressed = size
        self._head = b""
        self._inflater: Inflater | None = None
        self._tar = TarReader()
        self._hasher = hashlib.sha256()
        self._size = 0
        self._broken = ""
        self._tar_broken = ""
        self._stopped = ""
        self._abandoned = False
        self._kept: list[bytes] = []
        self.needs = 0
        """So many bytes of memory it needs before it reads on, and `admit` gives them; 0: none."""

    def abandon(self) -> None:
        """Nobody wants to know any more: end soon, in whichever thread it runs."""
        self._abandoned = True

    def feed(self, data: bytes) -> None:
        """The next bytes, of the layer as it is stored."""
        if self._broken or self._stopped:
            return
        if self.needs:
            self._kept.append(data)
            return
        if self._inflater is None:
            self._head += data
            if len(self._head) < _LONGEST_MAGIC:
                return
            data, self._head = self._head, b""
            self._inflater = _inflater(data)
        self._inflate(self._inflater, data)

    def admit(self) -> None:
        """Let it have the memory that it `needs`, until it is done: read on with what came meanwhile."""
        assert isinstance(self._inflater, _Zstd)
        self._inflater.admitted = True
        kept, self._kept, self.needs = self._kept, [], 0
        for data in kept:
            self.feed(data)

    def _inflate(self, inflater: Inflater, data: bytes) -> None:
        try:
            for piece in inflater.pieces(data):
                if self._abandoned:
                    self._stopped = "it was stopped"
                    return
                self._size += len(piece)
                if self._size > self._limit:
                    self._stopped = (
                        f"{size_text(self._compressed)} inflate to more than {size_text(self._limit)}, "
                        "which is further than is read"
                    )
                    return
                self._hasher.update(piece)
                if not self._tar_broken:
                    self._read_tar(piece)
        except _Damaged as error:
            self._broken = str(error)
        except _Stopped as error:
            self._stopped = str(error)
        except _NeedsRoom as error:
            self.needs, self._kept = error.window, [error.rest]

    def _read_tar(self, piece: bytes) -> None:
        try:
            self._tar.feed(piece)
        except BrokenTar as error:
            self._tar_broken = str(error)

    def finish(self) -> Unpacked:
        """No more comes: what it was."""
        if self.needs:
            self.admit()
        if self._inflater is None and self._head:
            self._inflater = _inflater(self._head)
            self._inflate(self._inflater, self._head)
        if self._stopped:
            return Unpacked(None, self._size, stopped=self._stopped)
        if self._inflater is not None and not self._broken:
            try:
                self._inflater.finish()
            except _Damaged as error:
                self._broken = str(error)
        if self._broken:
            return Unpacked(None, self._size, broken=self._broken)
        diff_id = Digest(f"sha256:{self._hasher.hexdigest()}")
        if not self._tar_broken:
            try:
                self._tar.finish()
            except BrokenTar as error:
                self._tar_broken = str(error)
        packed = "gzip" if isinstance(self._inflater, _Gzip) else "zstd" if isinstance(self._inflater, _Zstd) else ""
        return Unpacked(diff_id, self._size, broken=self._tar_broken, packed=packed)


def _inflater(head: bytes) -> Inflater:
    if head.startswith(_GZIP):
        return _Gzip()
    return _Zstd() if head.startswith((_ZSTD, *_ZSTD_SKIPPABLE)) else _Plain()
