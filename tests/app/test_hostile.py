"""Strings that registries may send: nothing of them reaches the terminal as a command, and no markup breaks a page."""

from __future__ import annotations

import re
import sys

import pytest

from tests.app.stage import WritableSource, staged
from tests.app.terminal import terminal
from tests.support.images import image
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.text import safe

pytestmark = pytest.mark.slow

OSC = "\x1b]0;owned\x07"
CSI = "\x1b[31mred\x1b[0m"
BIDI = "\u202egnp.exe"
MARKUP = "[/]v1[bold]x[link=file:///etc/passwd]"
NASTY = f"{OSC}{CSI}\x9b31m{BIDI}{MARKUP}"

#: What Textual itself sends: cursor and mode changes, colours, hyperlinks are none of ours.
_OURS = re.compile(
    r"\x1b\[[0-9;?<>=]*[ -/]*[@-~]|\x1b[78=>c]|\x1b\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)


def nasty_source() -> WritableSource:
    source = WritableSource()
    evil = image(
        "linux/amd64",
        seed=NASTY,
        annotations={f"key {NASTY}": NASTY, "org.opencontainers.image.title": MARKUP},
    )
    source.put("app", evil, "1.0", "v1[beta]", "[/]", f"bad{OSC}", "locked")
    source.put(f"evil/{CSI}", evil, "latest")
    source.script["locked"] = SourceError(Presence.DENIED, safe(f"denied: {NASTY}"), status=403, fix="[/] log in")
    return source


def assert_clean(output: str) -> None:
    left = _OURS.sub("", output)
    assert "\x1b" not in left and "\x9b" not in left and "\x07" not in left
    assert "owned\x07" not in output and "\x1b]0;owned" not in output and "\x1b[31mred" not in output
    assert "\u202e" not in output


def test_a_real_terminal_is_sent_no_foreign_sequence() -> None:
    with terminal([sys.executable, "-m", "tests.app.terminal"], DISPLAY=":0") as screen:
        screen.until("v1[beta]")
        screen.press("jl")
        screen.until("layer 2")
        for _ in range(6):
            screen.press("]", 0.15)
        screen.press("v")
        screen.until("gnp.exe")
        screen.press("yj")
        screen.until("Copy from")
        screen.press("m")
        screen.press("Gkkkk?", 0.5)
        screen.press("\x1bq", 0.5)
        assert len(screen.output) > 10_000
        assert_clean(screen.output)


async def test_markup_in_names_and_errors_is_shown_as_it_is() -> None:
    async with staged(source=nasty_source()) as stage:
        await stage.go("app", "v1[beta]")
        assert "v1[beta]" in stage.screen()
        await stage.press("y")
        await stage.until(lambda: "Copy from v1[beta]" in stage.screen())
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.main)
        await stage.go("app", "locked")
        await stage.press("l")
        await stage.until(lambda: "denied" in stage.screen())
        stage.main.say(f"toast {MARKUP}")
        await stage.until(lambda: "[bold]x" in stage.screen())


async def test_a_hostile_filter_and_reference_break_nothing() -> None:
    async with staged(source=nasty_source()) as stage:
        await stage.go("app", "1.0")
        await stage.press("slash")
        await stage.type("[/]")
        await stage.press("enter")
        await stage.press("escape", "o")
        await stage.until(lambda: stage.app.screen is not stage.main)
        await stage.type("[/b]:x")
        await stage.press("enter")
        await stage.until(lambda: "names an image" in " ".join(stage.screen().split()))
