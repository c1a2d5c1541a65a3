"""What the commands write: results to stdout and nothing else there; sentences for whoever looks on to stderr."""

from __future__ import annotations

import io
import os
import sys


def out(text: str, end: str = "\n") -> None:
    """A result, at once: a reader of the pipe need not wait for the next one."""
    print(text, end=end, flush=True)


def err(text: str) -> None:
    """A line on stderr."""
    print(text, file=sys.stderr, flush=True)


def say(text: str) -> None:
    """A sentence of the program's own, past the line that tells how far it is."""
    wipe_progress()
    err(f"fanfold: {text}")


def show_progress(text: str) -> None:
    """Write the line that tells how far it is again; for a terminal only."""
    print(f"\r{text:<78}", end="", file=sys.stderr, flush=True)


def wipe_progress() -> None:
    """Nothing where there is no terminal, and so no such line."""
    if sys.stderr.isatty():
        print(f"\r{'':<78}\r", end="", file=sys.stderr, flush=True)


def has_terminal() -> bool:
    """Whether a screen can be drawn, which Textual does on stderr, and keys can be read."""
    named = os.name == "nt" or os.environ.get("TERM", "") not in ("", "dumb")  # Windows names no terminal
    return named and all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def can_draw() -> bool:
    """Whether stdout can hold the lines and symbols of a tree."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        "├✓".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def write_what_fits(*, ascii_only: bool = False, json: bool = False) -> None:
    """What stdout cannot say, or may not (`--ascii`), gets a stand-in instead of a traceback: “...” for “…”.

    In JSON it gets JSON's own escape, so that the values stay what they are.
    """
    stdout = sys.stdout
    if not isinstance(stdout, io.TextIOWrapper):
        return
    if not ascii_only and stdout.encoding.lower().replace("-", "") == "utf8":
        return
    import codecs
    from json import dumps

    from tui.text import to_ascii

    def stand_in(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        part = error.object[error.start : error.end]
        return dumps(part)[1:-1] if json else to_ascii(part), error.end

    codecs.register_error("fanfold", stand_in)
    stdout.reconfigure(encoding="ascii" if ascii_only else stdout.encoding, errors="fanfold")
