"""Strings that registries may send: nothing of them reaches the terminal as a command, and no markup breaks a page."""

from __future__ import annotations

import re

from tests.app.stage import Stage, WritableSource, staged
from tests.support.images import image
from tui.config import Settings
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.text import safe

OSC = "\x1b]0;owned\x07"
CSI = "\x1b[31mred\x1b[0m"
BIDI = "\u202egnp.exe"
MARKUP = "[/]v1[bold]x[link=file:///etc/passwd]"
NASTY = f"{OSC}{CSI}\x9b31m{BIDI}{MARKUP}"

#: What Textual itself sends: cursor and mode changes, colours, hyperlinks are none of ours.
_OURS = re.compile(
    r"\x1b\[[0-9;?<>=]*[A-Za-z@`]|\x1b[78=>c]|\x1b\][0-9]+;[^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)


def nasty_source() -> WritableSource:
    source = WritableSource()
    evil = image(
        "linux/amd64",
        seed=NASTY,
        annotations={f"key {NASTY}": NASTY, "org.opencontainers.image.title": MARKUP},
    )
    source.put("app", evil, "1.0", "v1[beta]", "[/]", f"bad{OSC}")
    source.put(f"evil/{CSI}", evil, "latest")
    source.script["[/]"] = SourceError(Presence.DENIED, safe(f"denied: {NASTY}"), status=403, mend="[/] log in")
    return source


async def drawn(stage: Stage) -> str:
    """Everything on the screen, as the driver would be given it."""
    await stage.quiet()
    from rich.console import Console

    console = Console(force_terminal=True, color_system="truecolor", width=stage.app.size.width, file=None)
    with console.capture() as capture:
        for strip in stage.app.screen._compositor.render_strips():
            for segment in strip:
                capture_text = segment.text
                console.print(capture_text, end="", markup=False, highlight=False, soft_wrap=True)
            console.print()
    return capture.get()


def assert_clean(output: str) -> None:
    left = _OURS.sub("", output)
    assert "\x1b" not in left and "\x9b" not in left and "\x07" not in left
    assert "owned\x07" not in output and "\x1b]0;owned" not in output and "\x1b[31mred" not in output
    assert "\u202e" not in output


async def test_no_foreign_escape_reaches_the_screen_anywhere() -> None:
    async with staged(source=nasty_source()) as stage:
        await stage.go("app", "1.0")
        await stage.press("l")
        await stage.until(lambda: stage.node.children)
        for _ in range(6):
            assert_clean(await drawn(stage))
            await stage.press("right_square_bracket")
        await stage.press("y")
        await stage.until(lambda: stage.app.screen is not stage.house)
        assert_clean(await drawn(stage))
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.house)


async def test_the_raw_driver_output_holds_no_foreign_sequence() -> None:
    async with staged(source=nasty_source(), native=lambda _: None, settings=Settings(clipboard="native")) as stage:
        sent: list[str] = []
        driver = stage.app._driver
        assert driver is not None
        driver.write = sent.append  # type: ignore[method-assign]
        await stage.go("app", "v1[beta]")
        await stage.press("l", "v")
        await stage.until(lambda: stage.node.children)
        await stage.press("i", "y", "escape")
        stage.house.images.go(next(row for row in stage.house.explorer.roots[0].children if "evil" in row.label))
        await stage.press("l")
        await stage.quiet()
        stage.app.refresh()
        await stage.quiet()
        assert_clean("".join(sent))


async def test_markup_in_names_and_errors_is_shown_as_it_is() -> None:
    async with staged(source=nasty_source()) as stage:
        node = await stage.go("app", "v1[beta]")
        await stage.press("l")
        await stage.until(lambda: node.children)
        assert "v1[beta]" in stage.screen()
        await stage.press("y")
        await stage.until(lambda: "Copy from v1[beta]" in stage.screen())
        await stage.press("escape")
        await stage.until(lambda: stage.app.screen is stage.house)
        await stage.go("app", "[/]")
        await stage.press("l")
        await stage.until(lambda: "denied" in stage.screen())
        stage.house.say(f"toast {MARKUP}")
        await stage.until(lambda: "[bold]x" in stage.screen())


async def test_a_hostile_filter_and_reference_break_nothing() -> None:
    async with staged(source=nasty_source()) as stage:
        await stage.go("app", "1.0")
        await stage.press("slash", *"[/]", "enter")
        await stage.press("escape", "o")
        await stage.until(lambda: stage.app.screen is not stage.house)
        await stage.press(*"[/b]:x", "enter")
        await stage.until(lambda: "That is no reference" in stage.screen())
