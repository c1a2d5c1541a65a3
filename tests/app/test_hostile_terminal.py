"""The real program in a pseudo-terminal: resized all the time, with few characters or colours, ended at any moment."""

from __future__ import annotations

import fcntl
import os
import random
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Iterator

import pytest

from tests.app.terminal import Terminal, screen_of, terminal
from tests.support.gallery import served
from tests.support.program import REAL

pytestmark = pytest.mark.slow

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
    screen.until("What a tag is")
    screen.press("\x1b", 0.5)


def ended(screen: Terminal, seconds: float = 10.0) -> int:
    """The exit status of a program that ends by itself; what it still says is read."""
    end = time.monotonic() + seconds
    while (status := screen.process.poll()) is None:
        assert time.monotonic() < end, f"it does not end\n{screen.output[-2000:]!r}"
        screen.read(0.05)
    screen.read(0.2)
    assert "Traceback" not in screen.output
    return status


def leave(screen: Terminal) -> int:
    """Out of whatever is open, then quit."""
    screen.press("\x1b", 0.2)
    screen.press("\x1b", 0.2)
    screen.press("q", 0.2)
    return ended(screen)


def test_ascii_draws_ascii_only() -> None:
    with screen_of("demo", "--ascii", size=(120, 40)) as screen:
        begin(screen)
        for key in WALK:
            screen.press(key, 0.12)
        assert leave(screen) == 0
        strange = {character for character in screen.output if not character.isascii()}
        assert strange == set()


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"LC_ALL": "C", "PYTHONUTF8": "0"}, {"TERM": "vt100"}])
def test_poor_terminals(environ: dict[str, str]) -> None:
    real = "LC_ALL" in environ  # what Python itself makes of the variables
    size = (80, 24)
    with terminal([*REAL, "demo"], size=size, **environ) if real else screen_of("demo", size=size, **environ) as screen:
        begin(screen)
        screen.press("jl", 0.3)
        assert leave(screen) == 0


def test_a_storm_of_sizes() -> None:
    chance = random.Random(7)
    with screen_of("demo", "--read-only", size=(120, 40)) as screen:
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
    with terminal([*REAL, "demo"]) if when == "at once" else screen_of("demo") as screen:
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


def given_back(screen: Terminal) -> bool:
    """Whether the terminal was is unchanged found: no alternate screen, no mouse reports, the cursor shown."""
    rest = screen.output.rpartition("\x1b[?1049h")[2]
    return all(word in rest for word in ("\x1b[?1049l", "\x1b[?1003l", "\x1b[?1006l", "\x1b[?2004l", "\x1b[?25h"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT])
def test_a_signal_gives_the_terminal_back(number: int) -> None:
    with screen_of("demo", size=(100, 30)) as screen:
        begin(screen)
        before = termios.tcgetattr(screen.inner)
        assert not before[3] & termios.ECHO
        screen.process.send_signal(number)
        assert ended(screen) == 128 + number
        assert given_back(screen)
        assert termios.tcgetattr(screen.inner)[3] & termios.ECHO


def test_a_signal_ends_what_hangs() -> None:
    hang = "import time; from tui.app.controllers.program import Program as p; p.theme = lambda _: time.sleep(3600)"
    with terminal(patched(hang)) as screen:
        begin(screen)
        screen.press("t", 0.5)
        screen.process.send_signal(signal.SIGTERM)
        assert ended(screen) == 128 + signal.SIGTERM
        assert given_back(screen)


def test_a_terminal_that_is_gone() -> None:
    with screen_of("demo") as screen:
        begin(screen)
        os.close(screen.inner)
        screen.inner = -1
        os.close(screen.handle)
        try:
            assert screen.process.wait(15) == 128 + signal.SIGHUP
        finally:
            screen.handle = os.open(os.devnull, os.O_RDONLY)


def patched(code: str) -> list[str]:
    """The demo, after some code that breaks it."""
    run = "from tui import cli; raise SystemExit(cli.main(['demo']))"
    return [sys.executable, "-c", f"{code}\n{run}"]


@pytest.mark.parametrize("how", ["key", "timer", "start"])
def test_a_fault_of_ours_tells_no_values(how: str) -> None:
    raising = "def broken(*_, **__):\n    password = 'hunter2-is-' + 'secret'\n    raise KeyError(password)\n"
    where = {
        "key": "from textual.screen import Screen\nfrom tui.app.screens.main import MainScreen\n"
        "MainScreen.action_act = broken",
        "timer": "from tui.app.screens.main import MainScreen\nMainScreen.on_resize = broken",
        "start": "from tui.app.shell import Shell\nShell.compose = broken",
    }[how]
    with terminal(patched(raising + where), size=(120, 40)) as screen:
        if how == "key":
            begin(screen)
            screen.press("j", 0.2)
        assert ended(screen) == 70
        assert given_back(screen)
        assert "hunter2" not in screen.output and "password" not in screen.output
        assert "Internal error (KeyError)." in screen.output
        assert "in broken" in screen.output


def test_a_key_that_is_stuck_does_not_delay_the_one_that_leaves() -> None:
    with screen_of("demo", size=(100, 30)) as screen:
        begin(screen)
        screen.press("2", 0.3)
        typist = threading.Thread(target=os.write, args=(screen.handle, b"jk" * 50_000 + b"\x11"), daemon=True)
        began = time.monotonic()
        typist.start()
        assert ended(screen, 40) == 0
        assert time.monotonic() - began < 25, "not after the minute that 100,000 keys take"


@pytest.fixture(scope="module")
def broken_list() -> Iterator[str]:
    """The address of a list that can be recreated."""
    with served() as registry:
        yield f"{registry.address}/sandbox:0.16-edge"


@pytest.mark.parametrize(
    "keys", ["?qq", "?q?q??qq", "Rqqq", "RRRR", "RRAADDTT", "eeqqyyqq", "??\x1b\x1b\x1b", "ARq?qAq"]
)
def test_keys_faster_than_what_they_open(broken_list: str, keys: str) -> None:
    with screen_of(broken_list, size=(120, 40)) as screen:
        screen.until("arm64")
        for _ in range(3):
            screen.press(keys, 0.4)
        screen.read(1.0)
        shown = screen.output
        for _ in range(12):
            if screen.process.poll() is None:
                screen.press("\x1b", 0.25)
        if screen.process.poll() is None:
            screen.press("\x11", 0.5)
        if screen.process.poll() is None:
            screen.press("y", 0.3)  # a draft is open: leave all the same
        assert ended(screen) == 0
        assert "Action failed" not in shown and "fault in fanfold" not in screen.output
