"""The program as a process of its own, without half a second of imports each time.

A helper process imports everything once and forks for each start: what runs in the fork is `python -m tui ARGV` with
its own streams, environment, folder, session and end. What happens before the program's first line is not tested like
this (how Python opens closed streams, its own variables, a signal amidst the imports): such tests start `REAL`.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import fcntl
import functools
import gc
import importlib
import io
import json
import os
import pkgutil
import runpy
import select
import signal
import socket
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from typing import IO

#: The program as a user starts it.
REAL = (sys.executable, "-m", "tui")
_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))
#: One at a time tells the helper process what to start: tests start programs from several threads.
_ASKING = threading.Lock()
#: What the parts of the program import late, and what a module of the program does not name.
_LATE = ("textual.drivers.linux_driver", "textual.widgets", "uvicorn.protocols.http.h11_impl", "encodings.idna")


class Program:
    """A started program; as `subprocess.Popen`, as far as tests need it. `pid` is its own."""

    def __init__(
        self, argv: Sequence[str], streams: tuple[int, int, int], env: Mapping[str, str], *, terminal: bool = False
    ) -> None:
        """`streams` are the file descriptors that become its stdin, stdout and stderr; `terminal` makes stdin the
        terminal that it is controlled by."""
        self.returncode: int | None = None
        self._ours, theirs = socket.socketpair()
        asked = json.dumps({"argv": list(argv), "env": dict(env), "cwd": os.getcwd(), "terminal": terminal}).encode()
        with theirs, _ASKING:
            socket.send_fds(_starter(), [len(asked).to_bytes(4, "big")], [*streams, theirs.fileno()])
            _starter().sendall(asked)
        self.pid = self._told()

    def poll(self) -> int | None:
        """The exit status, or None while it runs; minus the number of the signal that ended it."""
        if self.returncode is None and select.select([self._ours], [], [], 0)[0]:
            self._ended()
        return self.returncode

    def wait(self, timeout: float) -> int:
        if self.returncode is None:
            if not select.select([self._ours], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(f"fanfold (process {self.pid})", timeout)
            self._ended()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self) -> None:
        self.returncode = self._told()
        self._ours.close()

    def _told(self) -> int:
        told = self._ours.recv(4)
        assert len(told) == 4, "the helper process that starts programs has ended"
        return int.from_bytes(told, "big", signed=True)


class Piped:
    """A program whose stdout and stderr are read."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        out, err = os.pipe(), os.pipe()
        with open(os.devnull) as nothing:
            self.process = Program(argv, (nothing.fileno(), out[1], err[1]), os.environ if env is None else env)
        os.close(out[1])
        os.close(err[1])
        self._pipes = (out[0], err[0])

    def communicate(self, timeout: float) -> tuple[str, str]:
        """What it wrote to each, when it has ended; kills it when it does not end."""
        said: dict[int, list[bytes]] = {pipe: [] for pipe in self._pipes}
        left = set(said)
        end = time.monotonic() + timeout
        try:
            while left:
                ready, _, _ = select.select(left, [], [], max(0.0, end - time.monotonic()))
                if not ready:
                    raise subprocess.TimeoutExpired(f"fanfold (process {self.process.pid})", timeout)
                for pipe in ready:
                    chunk = os.read(pipe, 1 << 16)
                    said[pipe].append(chunk)
                    if not chunk:
                        left.discard(pipe)
            self.process.wait(max(1.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
            raise
        finally:
            for pipe in self._pipes:
                os.close(pipe)
        out, err = (io.TextIOWrapper(io.BytesIO(b"".join(said[pipe])), "utf-8").read() for pipe in self._pipes)
        return out, err


def run(*argv: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program with these arguments to its end; `environ` comes on top of the test's environment."""
    piped = Piped(argv, {**os.environ, **environ})
    out, err = piped.communicate(120)
    assert piped.process.returncode is not None
    return subprocess.CompletedProcess(argv, piped.process.returncode, out, err)


@functools.cache
def _starter() -> socket.socket:
    """Our end of the helper process, which ends with us."""
    ours, theirs = socket.socketpair()
    helper = subprocess.Popen(
        [sys.executable, "-m", "tests.support.program", str(theirs.fileno())],
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        helper.wait(20)

    atexit.register(end)
    return ours


def main(control: socket.socket) -> None:
    """Import everything, then fork for each request until the other end is closed."""
    import tui

    for module in pkgutil.walk_packages(tui.__path__, "tui."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for name in _LATE:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a whole test run: the run ends us
    waking, woken = socket.socketpair()
    for end in (waking, woken):
        end.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken.fileno())
    running: dict[int, socket.socket] = {}
    while True:
        ready, _, _ = select.select([control, waking], [], [])
        if waking in ready:
            waking.recv(4096)
            _reap(running)
        if control in ready:
            head, handles, _, _ = socket.recv_fds(control, 4, 4)
            if not head:
                return
            asked = json.loads(_exactly(control, int.from_bytes(head, "big")))
            pid = os.fork()
            if pid == 0:
                for each in (control, waking, woken, *running.values()):
                    each.close()
                _become(asked, handles)  # does not come back
            told = socket.socket(fileno=handles[3])
            told.sendall(pid.to_bytes(4, "big"))
            running[pid] = told
            for handle in handles[:3]:
                os.close(handle)


def _exactly(control: socket.socket, size: int) -> bytes:
    parts = array.array("B")
    while len(parts) < size:
        parts.frombytes(control.recv(size - len(parts)))
    return parts.tobytes()


def _reap(running: dict[int, socket.socket]) -> None:
    """Tell who waits for it how each program ended."""
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        with running.pop(pid) as told, contextlib.suppress(OSError):
            told.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))


def _become(asked: dict[str, object], handles: Sequence[int]) -> None:
    """In the fork: be the program, as Python would have started it, and end as it does."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    environ, argv = asked["env"], asked["argv"]
    assert isinstance(environ, dict) and isinstance(argv, list)
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()
    os.chdir(str(asked["cwd"]))
    for number, handle in enumerate(handles[:3]):
        os.dup2(handle, number)
    for handle in handles:
        os.close(handle)
    if asked["terminal"]:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number, (name, mode) in enumerate(_STREAMS):
        ours: IO[str] = getattr(sys, name)
        assert isinstance(ours, io.TextIOWrapper)
        lines = 1 if os.isatty(number) or number == 2 else -1
        stream = open(number, mode, lines, ours.encoding, ours.errors, closefd=False)  # noqa: SIM115 (till the end)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.argv[1:] = argv
    runpy.run_module("tui", run_name="__main__", alter_sys=True)
    raise SystemExit


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
