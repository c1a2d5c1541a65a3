"""A program in a pseudo-terminal, as bytes: what a real terminal is sent. Also the hostile app that runs in it."""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from tests.support.program import Program


class Terminal:
    """The outer end: `output` is everything that was sent so far, decoded."""

    def __init__(self, handle: int, inner: int, process: subprocess.Popen[bytes] | Program) -> None:
        self.handle = handle
        self.inner = inner
        """The program's end, kept open so that its state can be read after the program."""
        self.process = process
        self._bytes = b""

    @property
    def output(self) -> str:
        return self._bytes.decode(errors="replace")

    def read(self, seconds: float) -> None:
        """Take what comes within so many seconds."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            ready, _, _ = select.select([self.handle], [], [], left)
            if not ready:
                return
            try:
                chunk = os.read(self.handle, 65536)
            except OSError:  # the other end is closed: the program ended
                return
            if not chunk:
                return
            self._bytes += chunk

    def until(self, text: str, seconds: float = 60.0) -> None:
        """Read until a text was sent."""
        end = time.monotonic() + seconds
        while text not in self.output:
            assert time.monotonic() < end, f"never sent: {text!r}\n{self.output[-3000:]!r}"
            self.read(0.05)

    def press(self, keys: str, seconds: float = 0.3) -> None:
        """Type, then read for a while."""
        os.write(self.handle, keys.encode())
        self.read(seconds)


def _own() -> None:
    """In the child: a session of its own, with the terminal as the one that it is controlled by."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@contextmanager
def screen_of(*argv: str, size: tuple[int, int] = (100, 30), **environ: str) -> Iterator[Terminal]:
    """Run fanfold with these arguments in a pseudo-terminal of this size; it is ended in the end."""
    with _terminal(
        size, environ, lambda inner, env: Program(argv, (inner, inner, inner), env, terminal=True)
    ) as screen:
        yield screen


@contextmanager
def terminal(arguments: Sequence[str], *, size: tuple[int, int] = (100, 30), **environ: str) -> Iterator[Terminal]:
    """Run any program in a pseudo-terminal of this size; it is ended in the end."""

    def start(inner: int, env: dict[str, str]) -> subprocess.Popen[bytes]:
        return subprocess.Popen(arguments, stdin=inner, stdout=inner, stderr=inner, env=env, preexec_fn=_own)

    with _terminal(size, environ, start) as screen:
        yield screen


@contextmanager
def _terminal(
    size: tuple[int, int],
    environ: dict[str, str],
    start: Callable[[int, dict[str, str]], subprocess.Popen[bytes] | Program],
) -> Iterator[Terminal]:
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
    env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    env |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", **environ}
    process = start(inner, env)
    screen = Terminal(outer, inner, process)
    try:
        yield screen
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        for end in (screen.handle, screen.inner):
            if end >= 0:
                os.close(end)


def main() -> None:
    """The app on a source full of hostile strings."""
    from tests.app.test_hostile import nasty_source
    from tui.app.main import FanfoldApp
    from tui.app.services import Services
    from tui.explore.explorer import Explorer
    from tui.explore.node import Node
    from tui.sources.spec import SourceSpec

    explorer = Explorer()
    source = nasty_source()

    async def find(text: str | SourceSpec) -> Node:
        return explorer.add_repository(source, "app")

    async def connect() -> Services:
        return Services(explorer, find, explorer.aclose)

    asyncio.run(FanfoldApp(connect, ("app",), clipboard_native=lambda _: None).run_async())


if __name__ == "__main__":
    main()
