"""A program in a pseudo-terminal: when it draws what, and how long a key takes until its effect is written out."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence

ROWS, COLUMNS = 40, 120


class Terminal:
    """Runs `command` in a pseudo-terminal of 120x40 that answers nothing."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.began = time.perf_counter()
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            drawn = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "TEXTUAL_ANIMATIONS": "none"}
            os.execvpe(command[0], list(command), {**environment, **drawn})
        fcntl.ioctl(self.handle, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def read(self, timeout: float) -> bytes:
        """What was written, or nothing within `timeout` seconds."""
        ready, _, _ = select.select([self.handle], [], [], timeout)
        if not ready:
            return b""
        try:
            return os.read(self.handle, 1 << 16)
        except OSError:
            return b""

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
