"""What the commands write: results to stdout and nothing else there; sentences for whoever looks on to stderr."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import sys
from typing import TextIO


class OutputLost(Exception):
    """A result could not be written. `error` says why."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


def open_streams() -> None:
    """Fill the places of stdin, stdout and stderr that were closed when we were started (`>&-`): the next file or
    connection that is opened would take their number, and be written to. Results then fail to be written, as they
    should; sentences go nowhere."""
    for number, name, flags, mode in (
        (0, "stdin", os.O_RDONLY, "r"),
        (1, "stdout", os.O_RDONLY, "w"),  # so that every write fails
        (2, "stderr", os.O_WRONLY, "w"),
    ):
        if getattr(sys, name) is None:
            try:
                os.fstat(number)
            except OSError:
                os.open(os.devnull, flags)
            stream = open(number, mode, closefd=False, encoding="utf-8", errors="replace")  # noqa: SIM115 (till the end)
            setattr(sys, name, stream)


def silence(stream: TextIO) -> None:
    """Let nothing more be written there, not at exit either, where it would change the exit status."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def drop_what_cannot_be_written() -> None:
    """Nothing stays behind that Python fails to write at exit, where it would make the exit status 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            silence(stream)


def out(text: str, end: str = "\n") -> None:
    """A result, at once: a reader of the pipe need not wait for the next one. Raises OutputLost."""
    try:
        print(text, end=end, flush=True)
    except OSError as error:
        raise OutputLost(error) from None


def err(text: str, end: str = "\n") -> None:
    """A line on stderr. Where nobody can be told, nobody is.

    A job of GitHub Actions obeys `##[…]` wherever it stands in a line: what a server said must hold none.
    """
    if os.environ.get("GITHUB_ACTIONS") == "true":
        text = text.replace("##[", "## [")
    try:
        print(text, file=sys.stderr, end=end, flush=True)
    except OSError:
        silence(sys.stderr)


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody looks at what is written there; not where it is closed."""
    try:
        return stream.isatty()
    except ValueError:
        return False


def shows_progress() -> bool:
    """Whether a line on stderr tells how far it is: somebody looks there, and results do not go through a pipe, whose
    other end may write to the same terminal at any moment."""
    return is_terminal(sys.stderr) and not _is_pipe(sys.stdout)


def _is_pipe(stream: TextIO) -> bool:
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):  # closed, or none of the system's
        return False


def terminal_width(stream: TextIO) -> int | None:
    """How many columns the terminal behind a stream has; None where there is none."""
    if not is_terminal(stream):
        return None
    from shutil import get_terminal_size

    return max(20, get_terminal_size().columns)


def say(text: str) -> None:
    """A sentence of the program's own, past the line that tells how far it is."""
    wipe_progress()
    err(f"fanfold: {text}")


def show_progress(text: str) -> None:
    """Write the line that tells how far it is again, never wider than the terminal; for a terminal only."""
    from tui.text import cut, width

    room = progress_cells()
    shown = cut(text, room)
    err(f"\r{shown}{' ' * (room - width(shown))}", end="")


def wipe_progress() -> None:
    """Nothing where there is no such line."""
    if shows_progress():
        err(f"\r{'':<{progress_cells()}}\r", end="")


def progress_cells() -> int:
    """How wide the line may be that tells how far it is. One column stays free: in the last one some terminals begin a
    new line."""
    return min(99, (terminal_width(sys.stderr) or 79) - 1)


def has_terminal() -> bool:
    """Whether a screen can be drawn, which Textual does on stderr, and keys can be read."""
    named = os.name == "nt" or os.environ.get("TERM", "") not in ("", "dumb")  # Windows names no terminal
    return named and all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def can_draw(stream: TextIO | None = None) -> bool:
    """Whether a stream, stdout if none is named, can hold the lines and symbols of a tree."""
    encoding = getattr(stream or sys.stdout, "encoding", None) or "ascii"
    try:
        "├✓".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def write_what_fits(*, ascii_only: bool = False, form: str = "text") -> None:
    """What stdout cannot say, or may not (`--ascii`), gets a stand-in instead of a traceback: “...” for “…”.

    In JSON and in markup it gets their own escape, so that the values stay what they are.
    """
    stdout = sys.stdout
    if not isinstance(stdout, io.TextIOWrapper):
        return
    if not ascii_only and stdout.encoding.lower().replace("-", "") == "utf8":
        return
    if form in ("html", "junit"):  # what the document says of its own encoding stays true
        stdout.reconfigure(encoding="ascii", errors="xmlcharrefreplace")
        return
    import codecs
    from json import dumps

    from tui.text import to_ascii

    def stand_in(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        part = error.object[error.start : error.end]
        return dumps(part)[1:-1] if form in ("json", "sarif") else to_ascii(part), error.end

    codecs.register_error("fanfold", stand_in)
    stdout.reconfigure(encoding="ascii" if ascii_only else stdout.encoding, errors="fanfold")
