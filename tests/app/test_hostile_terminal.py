"""The real program in a pseudo-terminal: resized all the time, with few characters or colours, ended at any moment."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import struct
import sys
import termios
import time

import pytest

from tests.app.terminal import Terminal, terminal

pytestmark = pytest.mark.slow

DEMO = (sys.executable, "-m", "tui", "demo")
#: A walk through most of the screen: rows, pages, requests, menus, dialogs, the palette, help.
WALK = (
    "j",
    "l",
    "x",
    "]",
    "]",
    "]",
    "]",
    "]",
    "v",
    "@",
    "@",
    "y",
    "\x1b",
    "o",
    "\x1b",
    "/",
    "\x1b",
    "A",
    "\x1b",
    "?",
    "\x1b",
)


def begin(screen: Terminal) -> None:
    """Wait for the list of lessons that the demo begins with, and leave it."""
    screen.until("esc leave")
    screen.press("\x1b", 0.5)


def ended(screen: Terminal, seconds: float = 10.0) -> int:
    """The exit status of a program that ends by itself; what it still says is read."""
    end = time.monotonic() + seconds
    while screen.process.poll() is None:
        assert time.monotonic() < end, f"it does not end\n{screen.output[-2000:]!r}"
        screen.read(0.05)
    screen.read(0.2)
    assert "Traceback" not in screen.output
    return screen.process.returncode


def leave(screen: Terminal) -> int:
    """Out of whatever is open, then quit."""
    screen.press("\x1b", 0.2)
    screen.press("\x1b", 0.2)
    screen.press("q", 0.2)
    return ended(screen)


def test_ascii_draws_ascii_only() -> None:
    with terminal([*DEMO, "--ascii"], size=(120, 40)) as screen:
        begin(screen)
        for key in WALK:
            screen.press(key, 0.12)
        assert leave(screen) == 0
        strange = {character for character in screen.output if not character.isascii()}
        assert strange == set()


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"TERM": "vt100"}])
def test_poor_terminals(environ: dict[str, str]) -> None:
    with terminal(DEMO, size=(80, 24), **environ) as screen:
        begin(screen)
        screen.press("jl", 0.3)
        assert leave(screen) == 0


def test_a_storm_of_sizes() -> None:
    chance = random.Random(7)
    with terminal([*DEMO, "--read-only"], size=(120, 40)) as screen:
        begin(screen)
        for _ in range(60):
            size = struct.pack("HHHH", chance.randint(1, 60), chance.randint(1, 200), 0, 0)
            fcntl.ioctl(screen.handle, termios.TIOCSWINSZ, size)
            os.kill(screen.process.pid, signal.SIGWINCH)
            screen.press(chance.choice("jkhlx][vi@"), 0.02)
        fcntl.ioctl(screen.handle, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        os.kill(screen.process.pid, signal.SIGWINCH)
        screen.read(0.5)
        assert leave(screen) == 0


@pytest.mark.parametrize("when", ["at once", "while it loads", "later"])
def test_ctrl_q_at_any_moment(when: str) -> None:
    with terminal(DEMO, size=(80, 24)) as screen:
        screen.read(0.3)
        if when == "while it loads":
            screen.until("1 Images")
        if when == "later":
            begin(screen)
            screen.press("x", 0.1)
        end = time.monotonic() + 10
        while screen.process.poll() is None and time.monotonic() < end:
            screen.press("\x11", 0.25)
        assert ended(screen) in (0, -signal.SIGINT, 130)
        assert "\x1b[?1049l" in screen.output, "the terminal is given back"


def test_stderr_in_a_file_is_no_blank_screen() -> None:
    """Textual draws on stderr: with that gone there is no screen, so the demo says so instead of hiding."""
    with terminal(["sh", "-c", f"{sys.executable} -m tui demo 2>/dev/null; echo ended $?"]) as screen:
        screen.until("ended 2")
