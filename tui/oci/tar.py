"""Whether bytes are a tar archive that reads to its end, as they come by. Nothing is kept and nothing is unpacked.

The format is POSIX ustar and pax with GNU's extensions; what is refused is what Go's archive/tar refuses, with which
containerd, Docker and skopeo unpack.
"""

from __future__ import annotations

BLOCK = 512
#: Pax records, and GNU's long names, of more bytes than this are refused, as by Go: they would be held in memory.
SPECIAL_LIMIT = 1 << 20

_ZEROS = bytes(BLOCK)
_SPECIAL = {b"x": "pax", b"X": "pax", b"g": "global pax", b"L": "long name", b"K": "long link name"}
#: Links, devices, folders and pipes have no content, whatever size they claim.
_WITHOUT_CONTENT = frozenset(b"%d" % number for number in range(1, 7))


class BrokenTar(Exception):
    """It is no tar archive that could be read to its end; the text says why, as the second half of a sentence."""


class TarReader:
    """Takes an archive piece by piece."""

    def __init__(self) -> None:
        self.members = 0
        """How many were met."""
        self._ended = False
        self._zeros = 0
        self._skip = 0
        self._padding = 0
        self._buffer = bytearray()
        self._need = BLOCK
        self._special = b""
        self._special_size = 0
        self._size: int | None = None
        self._sparse: int | None = None

    def feed(self, data: bytes) -> None:
        """The next bytes. Raises BrokenTar."""
        at, length = 0, len(data)
        while at < length and not self._ended:
            if self._skip:
                step = min(self._skip, length - at)
                self._skip -= step
                at += step
                continue
            step = min(self._need - len(self._buffer), length - at)
            self._buffer += data[at : at + step]
            at += step
            if len(self._buffer) == self._need:
                content = bytes(self._buffer)
                self._buffer.clear()
                self._need = BLOCK
                self._take(content)

    def finish(self) -> None:
        """No more comes. Raises BrokenTar when something is missing."""
        if self._ended:
            return
        if self._skip and self._skip != self._padding:  # Go reads an archive whose last padding was cut off
            raise BrokenTar(f"its tar ends in the middle of file {self.members:,}")
        if self._buffer or self._special or self._sparse is not None:
            raise BrokenTar(f"its tar ends in the middle of a header, after {self.members:,} files")

    def _take(self, content: bytes) -> None:
        if self._special:
            kind, self._special = self._special, b""
            if kind in (b"x", b"X"):
                self._read_pax(content[: self._special_size])
        elif self._sparse is not None:
            self._after_sparse(self._sparse, content[504])
        else:
            self._read_header(content)

    def _read_header(self, block: bytes) -> None:
        if block == _ZEROS:
            self._zeros += 1
            self._ended = self._zeros == 2
            return
        if self._zeros or not _checksum_is_right(block):
            raise BrokenTar(f"what follows file {self.members:,} of its tar is no header" if self.members else _NO_TAR)
        kind = block[156:157]
        size = _number(block[124:136])
        if kind in _SPECIAL:
            if size > SPECIAL_LIMIT:
                raise BrokenTar(f"a {_SPECIAL[kind]} header of its tar claims {size:,} bytes")
            if size:
                self._special, self._special_size = kind, size
                self._need = size + -size % BLOCK
            return
        self.members += 1
        if self._size is not None:
            size, self._size = self._size, None
        if kind in _WITHOUT_CONTENT:
            size = 0
        if kind == b"S":
            self._after_sparse(size, block[482])
        else:
            self._content(size)

    def _after_sparse(self, size: int, more: int) -> None:
        """GNU's old sparse files have further blocks of their map before the content."""
        self._sparse = size if more else None
        if not more:
            self._content(size)

    def _content(self, size: int) -> None:
        self._padding = -size % BLOCK
        self._skip = size + self._padding

    def _read_pax(self, records: bytes) -> None:
        while records:
            digits, space, _ = records.partition(b" ")
            length = int(digits) if digits.isdigit() and len(digits) < 10 else 0
            record = records[len(digits) + 1 : length]
            if not space or length > len(records) or not record.endswith(b"\n") or b"=" not in record:
                raise BrokenTar("a pax header of its tar is malformed")
            key, _, value = record[:-1].partition(b"=")
            if key == b"size":
                if not value.isdigit() or len(value) > 19:
                    raise BrokenTar("a pax header of its tar gives a size that is no number")
                self._size = int(value)
            records = records[length:]


_NO_TAR = "what it unpacks to is no tar archive"


def _checksum_is_right(block: bytes) -> bool:
    try:
        claimed = _number(block[148:156])
    except BrokenTar:
        return False
    rest = block[:148] + b"        " + block[156:]
    return claimed in (sum(rest), sum(each - 256 if each > 127 else each for each in rest))


def _number(field: bytes) -> int:
    """A number in octal digits, or in GNU's base 256."""
    if field[0] & 0x80:
        number = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:])
        if field[0] & 0x40:
            raise BrokenTar("a header of its tar gives a negative size")
        return number
    text = field.partition(b"\0")[0].strip(b" \0")
    if not text:
        return 0
    try:
        return int(text, 8)
    except ValueError:
        raise BrokenTar("a header of its tar gives a size that is no number") from None
