"""A program in a pseudo-terminal: when it draws what, and how long a key takes until its effect is written out."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence

ROWS, COLUMNS = 40, 120
#: What is drawn from this column on is not the tree.
TREE = 20

_PIECE = re.compile(rb"\x1b\[([0-9;:?<=>]*)([@-~])|\x1b[^\[]|[\r\n]|[^\x1b\r\n]+", re.DOTALL)
_COLOUR = re.compile(rb"38;2;\d+;\d+;\d+|38;5;\d+|48;2;\d+;\d+;\d+|48;5;\d+|\d+")
_BACKGROUND = re.compile(rb"48;.*|4[0-7]|10[0-7]")


class Painted:
    """Where on the screen something was written, and on which background: enough to see where the tree's cursor is."""

    def __init__(self) -> None:
        self._row, self._column, self._background = 1, 1, b""
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[int, int, bytes]]:
        """(row, column, background) of what was written; rows and columns count from 1."""
        data = self._rest + data
        cut = data.rfind(b"\x1b")
        # A sequence that has not come to its end waits for the rest of it.
        whole = cut < 0 or re.match(rb"\x1b(\[[0-9;:?<=>]*[@-~]|[^\[])", data[cut:], re.DOTALL) is not None
        self._rest = b"" if whole else data[cut:]
        written = []
        for piece in _PIECE.finditer(data if whole else data[:cut]):
            text, final = piece[0], piece[2]
            if final in (b"H", b"f"):
                row, _, column = piece[1].partition(b";")
                self._row, self._column = int(row or 1), int(column or 1)
            elif final == b"m":
                for found in _COLOUR.findall(piece[1] or b"0"):
                    if found in (b"0", b"49"):
                        self._background = b""
                    elif _BACKGROUND.fullmatch(found):
                        self._background = found
            elif text == b"\r":
                self._column = 1
            elif text == b"\n":
                self._row, self._column = self._row + 1, 1
            elif not text.startswith(b"\x1b"):
                written.append((self._row, self._column, self._background))
                self._column += len(text.decode(errors="replace"))
        return written


class Terminal:
    """Runs `command` in a pseudo-terminal of 120x40 that answers nothing."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.began = time.perf_counter()
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            drawn = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none"}
            os.execvpe(command[0], list(command), {**environment, **drawn})
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.painted = Painted()
        self._at: dict[int, bytes] = {}
        """On which background each line of the tree was written last."""
        self.cursor = b""
        """The background of the row under the tree's cursor, once it was learnt."""
        self.row = 0

    def read(self, timeout: float) -> bytes:
        """What was written, or nothing within `timeout` seconds."""
        ready, _, _ = select.select([self.handle], [], [], timeout)
        if not ready:
            return b""
        try:
            data = os.read(self.handle, 1 << 16)
        except OSError:
            return b""
        for row, column, background in self.painted.feed(data):
            if column <= TREE:
                self._at[row] = background
        return data

    def learn_cursor(self, down: bytes, up: bytes) -> None:
        """Find out by two keys how the row under the cursor looks, and where it is; the program must be at rest."""
        self.drain(0.5)
        before: dict[int, bytes] = {}
        for key in (down, up):
            before = dict(self._at)
            os.write(self.handle, key)
            self.read(5.0)
            self.drain(0.5)
        after = self._at
        for row, looks in before.items():
            # It was here, and is in the line above now.
            if looks and after[row] != looks and after.get(row - 1) == looks != before.get(row - 1):
                self.cursor, self.row = looks, row - 1
                return
        raise RuntimeError(f"no cursor was seen to move from {before} to {after}")

    def move(self, key: bytes, by: int, timeout: float = 2.0) -> float:
        """Press a cursor key; seconds until the row that it leads to was drawn as the one under the cursor."""
        while self.read(0):
            pass
        self.row += by
        began = time.perf_counter()
        os.write(self.handle, key)
        while self._at.get(self.row) != self.cursor:
            left = timeout - (time.perf_counter() - began)
            if left <= 0:
                raise TimeoutError(f"the cursor was not drawn in line {self.row} within {timeout} s after a key")
            self.read(left)
        return time.perf_counter() - began

    def until(self, words: bytes, timeout: float = 20.0) -> float:
        """Seconds from the start of the program until `words` were written."""
        seen = b""
        while time.perf_counter() - self.began < timeout:
            seen = (seen + self.read(0.2))[-200_000:]
            if words in seen:
                return time.perf_counter() - self.began
        raise TimeoutError(f"{words!r} was not drawn within {timeout} s; last: {seen[-300:]!r}")

    def drain(self, quiet: float = 0.3, most: float = 10.0) -> None:
        """Read until nothing came for `quiet` seconds, or `most` seconds have passed."""
        end = time.perf_counter() + most
        while time.perf_counter() < end and self.read(quiet):
            pass

    def key(self, key: bytes, *, marker: bytes = b"", timeout: float = 2.0) -> float:
        """Press a key; seconds until something (with `marker` in it, if given) was written out after it."""
        while self.read(0):
            pass
        began = time.perf_counter()
        os.write(self.handle, key)
        seen = b""
        while time.perf_counter() - began < timeout:
            data = self.read(timeout)
            seen += data
            if data and marker in seen:
                return time.perf_counter() - began
        return timeout

    def close(self) -> None:
        """End the program."""
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        os.waitpid(self.pid, 0)
        os.close(self.handle)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values are."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
