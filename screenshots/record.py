"""Make the film at the top of the README from the real program: `python -m screenshots.record [FILE]`.

A tag that nobody can pull whole is checked, `F` plans what brings it back, `y` does it. The embedded registry answers
as slowly as one far away, so that the film shows how the check goes on. Holds are film time: nobody waits for them.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from screenshots.film import Film
from screenshots.make import HERE, PORT, nobody
from screenshots.program import app_on
from screenshots.scenes import BROKEN, BROKEN_TAG, fix
from screenshots.stage import Stage

FILM = HERE / "demo.gif"
SIZE = (110, 32)
ZOOM = 0.7
#: The film runs at this many seconds a picture while something happens.
_TICK = 0.12
#: Seconds that an answer takes.
_LATENCY = 0.12
MOST_BYTES = 2_000_000


@asynccontextmanager
async def rolling(film: Film, stage: Stage) -> AsyncIterator[None]:
    """Take every picture that the screen shows meanwhile."""

    async def take() -> None:
        before = ""
        while True:
            await asyncio.sleep(0.03)
            now = stage.text()
            if now.strip() and now != before:  # between two screens there is an empty one
                before = now
                film.add(stage.app.export_screenshot(title="fanfold"), _TICK)

    camera = asyncio.create_task(take())
    try:
        yield
    finally:
        camera.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await camera


def hold(film: Film, stage: Stage, seconds: float, words: str = "") -> None:
    """Let what is shown stand for a while, with these words or those that stand there."""
    film.caption = words or film.caption
    film.add(stage.app.export_screenshot(title="fanfold"), seconds)


async def act(film: Film, stage: Stage) -> None:
    """What happens, and what is said of it."""
    film.caption = f"docker pull …/{BROKEN}:{BROKEN_TAG} fails. Why?"
    await stage.find(BROKEN_TAG)
    await stage.quiet()
    hold(film, stage, 2.0)
    hold(film, stage, 1.0, "x  check every object")
    await stage.press("x")
    await stage.quiet()
    hold(film, stage, 4.0)
    film.caption = "F  fix: find what is missing, plan how to bring it back"

    await fix(stage)
    film.caption = "Esc  back: all is checked again"
    await stage.press("escape")
    await stage.quiet()
    hold(film, stage, 5.0, "Complete again, on every platform; no digest changed")


async def record() -> Film:
    """Play it on a registry of its own."""
    from tui.demo import faults
    from tui.demo.gallery import build_gallery
    from tui.demo.serve import Served

    film = Film()

    def at(name: str, _: str) -> None:
        hold(film, stage, 4.0 if name == "plan" else 3.0)
        film.caption = "y  do it" if name == "plan" else film.caption

    served = await asyncio.to_thread(lambda: Served.start(build_gallery(), port=PORT))
    try:
        for name in (BROKEN, f"{BROKEN}/amd64", f"{BROKEN}/arm64"):
            served.call(lambda store, name=name: faults.slow_down(store, name, _LATENCY))  # type: ignore[misc]
        app = app_on(served, f"{BROKEN}:{BROKEN_TAG}")
        async with app.run_test(size=SIZE) as pilot:
            stage = Stage(app, pilot, at)
            while "linux/arm64" not in stage.text():  # the first picture is what people see who do not play it
                await pilot.pause(0.03)
            async with rolling(film, stage):
                await act(film, stage)
    finally:
        await asyncio.to_thread(served.stop)
    return film


def main(names: list[str]) -> int:
    """Record, write the film, and say what it weighs."""
    target = Path(names[0]) if names else FILM
    with nobody():
        film = asyncio.run(record())
    size = film.save(target, zoom=ZOOM)
    seconds = sum(frame.seconds for frame in film.frames)
    print(f"{target}: {len(film.frames)} pictures, {seconds:.0f} s, {size:,} bytes")
    if size >= MOST_BYTES:
        print(f"More than {MOST_BYTES:,} bytes: make it smaller.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
