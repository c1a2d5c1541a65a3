"""Make every picture of the README from the real program: `python -m screenshots.make [NAME ...]`.

Each scene starts the program anew on an embedded registry, presses keys as a person would, waits until the screen is
quiet, and saves what is drawn as SVG and PNG. So the pictures say what is true now, and a scene that no longer works
fails loudly.
"""

from __future__ import annotations

import asyncio
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from screenshots.picture import grid, to_png
from screenshots.scenes import BROKEN, BROKEN_TAG, fix
from screenshots.stage import Scene, Stage

HERE = Path(__file__).parent
PORT = 5005


def save(name: str, svg: str) -> None:
    """Write a picture as SVG and PNG; one of a tour, which lies in a folder of its own, as a smaller PNG only."""
    target = HERE / f"{name}.png"
    if target.parent == HERE:
        target.with_suffix(".svg").write_text(svg, encoding="utf-8")
        to_png(svg, target)
    else:
        target.parent.mkdir(exist_ok=True)
        to_png(svg, target, zoom=0.7)
    print(f"screenshots/{name}")


async def play(scene: Scene) -> None:
    """Run one scene on an embedded registry of its own and save its picture."""
    from screenshots.program import app_on
    from tui.demo.gallery import build_gallery
    from tui.demo.serve import Served

    served = await asyncio.to_thread(lambda: Served.start(build_gallery(), port=PORT))
    try:
        app = app_on(served, scene.source, lesson=scene.lesson)
        async with app.run_test(size=scene.size) as pilot:
            stage = Stage(app, pilot, save)
            await stage.see("1 Images")
            await scene.act(stage)
            if not scene.tour:
                await stage.picture(scene.name)
    finally:
        await asyncio.to_thread(served.stop)


def checked(reference: str, expected: int) -> str:
    """What `fanfold check REFERENCE` says, and its exit status, which must be the expected one: a terminal's text."""
    command = [sys.executable, "-m", "tui", "check", "--color", "always", reference]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != expected:
        raise RuntimeError(f"check ended with {done.returncode}, not {expected}: {done.stdout}{done.stderr}")
    return f"$ fanfold check {reference}\n{done.stdout.rstrip()}\n$ echo $?\n{done.returncode}"


def terminal(text: str, *, title: str = "fanfold check", rows: int = 0) -> str:
    """The SVG of a terminal that shows this text with its colours, of at least so many rows: what was typed is bold."""
    from rich.console import Console
    from rich.text import Text

    console = Console(width=120, record=True, file=io.StringIO(), force_terminal=True)
    lines = [part for line in text.splitlines() for part in Text.from_ansi(line).wrap(console, 120) or [Text()]]
    for line in lines:
        if line.plain.startswith("$ "):
            line.stylize("bold")
        console.print(line)
    for _ in range(rows - len(lines)):
        console.print()
    return console.export_svg(title=title)


def check_picture() -> None:
    """`fanfold check` as a person sees it, from the real command's real output."""
    from tui.demo.gallery import build_gallery
    from tui.demo.serve import Served

    served = Served.start(build_gallery(), port=PORT)
    try:
        save("check", terminal(checked(f"{served.address}/gallery/missing-layer:latest", 1)))
    finally:
        served.stop()


async def fix_picture() -> None:
    """A broken repository checked, `F`, `y`, and the check after it, on one registry: four terminals in one picture."""
    from screenshots.program import app_on
    from tui.demo.gallery import build_gallery
    from tui.demo.serve import Served

    rows = 40
    served = await asyncio.to_thread(lambda: Served.start(build_gallery(), port=PORT))
    reference = f"{served.address}/{BROKEN}"
    shown: dict[str, str] = {}
    try:
        before = await asyncio.to_thread(checked, reference, 1)
        app = app_on(served, f"{BROKEN}:{BROKEN_TAG}")
        async with app.run_test(size=(120, rows)) as pilot:
            stage = Stage(app, pilot, shown.__setitem__)
            await stage.see("1 Images")
            await fix(stage)
        after = await asyncio.to_thread(checked, reference, 0)
    finally:
        await asyncio.to_thread(served.stop)
    first = terminal(before, title="1. fanfold check", rows=rows)
    last = terminal(after, title="4. fanfold check, again", rows=rows)
    save("fix", grid([first, *shown.values(), last]))


@contextmanager
def nobody() -> Iterator[None]:
    """The pictures must not depend on, or show, anything of the person who makes them."""
    with tempfile.TemporaryDirectory() as home:
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "DOCKER_CONFIG"):
            os.environ[name] = home
        for name in ("NO_COLOR", "TEXTUAL_THEME", "REGISTRY_AUTH_FILE", "SSH_CONNECTION", "TMUX"):
            os.environ.pop(name, None)
        yield


def main(names: list[str]) -> int:
    """Make all pictures, or those named."""
    from screenshots.scenes import SCENES

    with nobody():
        known = {scene.name: scene for scene in SCENES}
        others: dict[str, Callable[[], None]] = {"check": check_picture, "fix": lambda: asyncio.run(fix_picture())}
        for name in names or [*known, *others]:
            if name in others:
                others[name]()
            elif name in known:
                asyncio.run(play(known[name]))
            else:
                print(f"There is no picture {name!r}; there are: {', '.join([*known, *others])}.", file=sys.stderr)
                return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
