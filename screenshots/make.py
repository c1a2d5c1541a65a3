"""Make every picture of the README from the real program: `python -m screenshots.make [NAME ...]`.

Or draw every page in any size and theme, to be looked at: `… --pages FOLDER --size 80x24 --theme light`.

Each scene starts the program anew on an embedded registry, presses keys as a person would, waits until the screen is
quiet, and saves what is drawn as SVG and PNG. So the pictures say what is true now, and a scene that no longer works
fails loudly.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from screenshots.picture import grid, to_png
from screenshots.scenes import BROKEN, BROKEN_TAG, SCENES, fix
from screenshots.stage import Look, Scene, Stage
from tui.app.svg import without_web_fonts

if TYPE_CHECKING:
    from tui.demo.serve import Served

HERE = Path(__file__).parent
PORT = 5005


def save(name: str, svg: str) -> None:
    """Write a picture as SVG and PNG; one of a tour, which lies in a folder of its own, as a smaller PNG only."""
    target = HERE / f"{name}.png"
    if target.parent == HERE:
        target.with_suffix(".svg").write_text(without_web_fonts(svg), encoding="utf-8")
        to_png(svg, target)
    else:
        target.parent.mkdir(exist_ok=True)
        to_png(svg, target, zoom=0.7)
    print(f"screenshots/{name}")


async def play(
    scene: Scene, keep: Callable[[str, str], None] = save, look: Look | None = None, port: int = PORT
) -> None:
    """Run one scene on an embedded registry of its own, in its own size unless `look` says another, and keep its
    picture."""
    from screenshots.program import app_on
    from tui.demo.gallery import build_gallery
    from tui.demo.serve import Served

    served = await asyncio.to_thread(lambda: Served.start(build_gallery(), port=port))
    try:
        for source, words in scene.before:
            await look_at(served, source, words)
        app = app_on(served, scene.source, lesson=scene.lesson, look=look)
        size = look.size if look is not None else scene.size
        async with app.run_test(size=size, notifications=look is not None) as pilot:
            stage = Stage(app, pilot, keep)
            await stage.see("Start" if app.offer_start else "Images")
            await scene.act(stage)
            if not scene.tour:
                await stage.picture(scene.name)
    finally:
        await asyncio.to_thread(served.stop)


def pages(names: list[str], look: Look, folder: Path, port: int) -> int:
    """Every page (or those named) in one look: a PNG and a text of each in `folder`, and all of them on `sheet.png`. A
    page that fails is said, and the others are made all the same."""
    from screenshots.pages import PAGES

    folder.mkdir(parents=True, exist_ok=True)
    shown: list[str] = []
    failed = 0
    for scene in PAGES:
        if names and scene.name not in names:
            continue

        def keep(name: str, svg: str) -> None:
            to_png(svg, folder / f"{name}.png", zoom=0.7)
            shown.append(svg)
            print(folder / f"{name}.png")

        async def act(stage: Stage, scene: Scene = scene) -> None:
            await scene.act(stage)
            (folder / f"{scene.name}.txt").write_text(stage.text() + "\n", encoding="utf-8")

        with colours(look.colour):
            try:
                asyncio.run(play(replace(scene, act=act), keep, look, port))
            except RuntimeError as error:
                failed += 1
                print(f"{scene.name}: {error}", file=sys.stderr)
    if shown:
        to_png(grid(shown, columns=3), folder / "sheet.png", zoom=0.4)
    return 1 if failed else 0


@contextmanager
def colours(wanted: bool) -> Iterator[None]:
    """NO_COLOR, for as long as an app starts and runs."""
    if wanted:
        yield
        return
    os.environ["NO_COLOR"] = "1"
    try:
        yield
    finally:
        del os.environ["NO_COLOR"]


async def look_at(served: Served, source: str, words: str) -> None:
    """Open something and leave, so that it is known to have been opened before."""
    from screenshots.program import app_on

    app = app_on(served, source)
    async with app.run_test(size=(120, 40)) as pilot:
        await Stage(app, pilot, save).see(words)


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
            await stage.see("Images")
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


#: Pictures that are no single screen.
COMPOSED: dict[str, Callable[[], None]] = {"check": check_picture, "fix": lambda: asyncio.run(fix_picture())}


def main(arguments: list[str]) -> int:
    """Make all pictures of the README, or those named; with `--pages` every page in one look."""
    from screenshots.pages import PAGES

    parser = argparse.ArgumentParser(prog="python -m screenshots.make", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--pages", metavar="FOLDER", type=Path, help="draw every page, or those named, into FOLDER")
    parser.add_argument("--size", default="120x40", type=_size, metavar="COLUMNSxROWS", help="of --pages (120x40)")
    parser.add_argument("--theme", default="dark", help="of --pages: dark, light, ansi, or a theme's name")
    parser.add_argument("--ascii", action="store_true", help="--pages with ASCII characters only")
    parser.add_argument("--no-color", action="store_true", help="--pages under NO_COLOR")
    parser.add_argument("--port", type=int, default=PORT, help=f"of the registry that --pages show ({PORT})")
    options = parser.parse_args(arguments)
    with nobody():
        known = {scene.name: scene for scene in SCENES}
        there = [scene.name for scene in PAGES] if options.pages else [*known, *COMPOSED]
        for name in options.names:
            if name not in there:
                parser.error(f"there is no picture {name!r}; there are: {', '.join(there)}")
        if options.pages:
            look = Look(options.size, options.theme, options.ascii, not options.no_color)
            return pages(options.names, look, options.pages, options.port)
        for name in options.names or there:
            if name in COMPOSED:
                COMPOSED[name]()
            else:
                asyncio.run(play(known[name]))
    return 0


def _size(text: str) -> tuple[int, int]:
    """ "120x40" as columns and rows."""
    columns, _, rows = text.partition("x")
    if not (columns.isdecimal() and rows.isdecimal()):
        raise argparse.ArgumentTypeError("must be columns and rows, such as 80x24")
    return int(columns), int(rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
