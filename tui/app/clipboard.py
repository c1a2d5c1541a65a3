"""Handing text to the clipboard, and saying honestly which way it went.

A native tool (pyperclip) first, in a thread with a time limit, because such tools can hang; over SSH it would fill the
far machine's clipboard, so it is left out there. Else OSC 52: the terminal is asked to do it, and never answers, so
nobody can know whether it did. Inside tmux and screen the sequence is wrapped to reach the terminal outside.
"""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

Mode = Literal["auto", "native", "osc52"]

#: Terminals drop longer sequences: 100,000 bytes for the sequence, base64 and all (xterm, kitty, k9s use this cap).
OSC52_MOST = 74_994
#: A native tool that takes longer than this many seconds counts as broken.
NATIVE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Handed:
    """Where the text went: `way` is `native`, `osc52` or `nowhere`; `words` is a safe sentence."""

    way: Literal["native", "osc52", "nowhere"]
    words: str


def osc52(text: str, environ: Mapping[str, str]) -> str | None:
    """The sequence that asks the terminal to take the text; None when it is too long for one."""
    raw = text.encode("utf-8", errors="backslashreplace")
    if len(raw) > OSC52_MOST:
        return None
    sequence = f"\x1b]52;c;{base64.b64encode(raw).decode('ascii')}\a"
    if environ.get("TMUX"):
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
    if environ.get("TERM", "").startswith("screen") or environ.get("STY"):
        # screen passes at most 768 bytes of one string on, so the sequence goes in pieces.
        pieces = [sequence[at : at + 700] for at in range(0, len(sequence), 700)]
        return "".join(f"\x1bP{piece}\x1b\\" for piece in pieces)
    return sequence


def far_away(environ: Mapping[str, str]) -> bool:
    """Whether this runs on another machine than the reader's screen, or may: a browser can be anywhere."""
    return in_browser(environ) or any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"))


def in_browser(environ: Mapping[str, str]) -> bool:
    """Whether Textual draws in a browser."""
    return "web_driver" in environ.get("TEXTUAL_DRIVER", "")


def native_copy(text: str) -> None:
    """Copy with the system's own tool; raises whatever is wrong."""
    import pyperclip  # late: 20 ms that the first frame should not pay

    pyperclip.copy(text)


async def hand(
    text: str,
    write: Callable[[str], None],
    environ: Mapping[str, str],
    *,
    mode: Mode = "auto",
    native: Callable[[str], None] = native_copy,
    seconds: float = NATIVE_SECONDS,
) -> Handed:
    """Hand `text` to the clipboard; `write` sends bytes to the terminal."""
    why = ""
    near = mode == "native" or (mode == "auto" and not far_away(environ) and _has_screen(environ))
    if near and not in_browser(environ):
        try:
            await asyncio.wait_for(asyncio.to_thread(native, text), seconds)
            return Handed("native", "Copied with the system's clipboard tool.")
        except TimeoutError:
            why = f"the clipboard tool did not answer within {seconds:g} s"
        except Exception as error:  # pyperclip raises its own, and whatever the tool's process raises
            why = f"no working clipboard tool ({type(error).__name__})"
        if mode == "native":
            return Handed("nowhere", f"Not copied: {why}.")
    sequence = osc52(text, environ)
    if sequence is None:
        return Handed("nowhere", "Too long for the terminal's clipboard. {key:save} saves it.")
    write(sequence)
    if in_browser(environ):
        return Handed(
            "osc52",
            "Sent to your browser. Paste empty? Click into the page, then copy again.",
        )
    through = " through tmux" if environ.get("TMUX") else ""
    return Handed(
        "osc52",
        f"Sent to the terminal{through} (OSC 52). Paste empty? Select with the mouse.",
    )


def _has_screen(environ: Mapping[str, str]) -> bool:
    """Whether a native clipboard can be there at all: on Linux only with a display server (or under WSL)."""
    if sys.platform in ("darwin", "win32", "cygwin"):
        return True
    return any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"))
