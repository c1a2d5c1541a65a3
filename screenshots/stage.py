"""The program on stage: what a scene is, and the keys and waits it is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.pilot import Pilot

    from tui.app.main import FanfoldApp

_KEYS = {"/": "slash", ":": "colon", "-": "minus", ".": "full_stop", "_": "underscore", "@": "at", " ": "space"}


Act = Callable[["Stage"], Awaitable[None]]
"""Presses the keys of a scene."""


@dataclass(frozen=True)
class Scene:
    """`act` presses the keys; `source` is what is opened first, in the embedded registry ("": its whole catalog; None:
    nothing, so that the start page asks).

    What stands in `before` is opened and left first, once its words are seen; then the program is started on nothing.
    With a `lesson` it is started as `fanfold demo LESSON` does. A scene that takes its pictures itself, on the way, is
    a `tour`; of the others the last screen is the picture.
    """

    name: str
    source: str | None
    act: Act
    size: tuple[int, int] = (120, 40)
    lesson: str | None = None
    tour: bool = False
    before: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Look:
    """How a scene is drawn: in cells, in which theme, with which characters; `colour` off is NO_COLOR."""

    size: tuple[int, int]
    theme: str = "dark"
    ascii: bool = False
    colour: bool = True


class Stage:
    """Press keys, and wait until what is asked for is on the screen."""

    def __init__(self, app: FanfoldApp, pilot: Pilot[int], save: Callable[[str, str], None]) -> None:
        self.app = app
        self.pilot = pilot
        self._save = save

    async def picture(self, name: str, *, title: str = "fanfold") -> None:
        """Save what is on the screen now as a picture of its own."""
        await self.quiet()
        self._save(name, self.app.export_screenshot(title=title))

    async def press(self, *keys: str) -> None:
        """One key after the other, each drawn."""
        for key in keys:
            await self.pilot.press(key)
        await self.quiet()

    async def write(self, text: str) -> None:
        """Type a text."""
        await self.press(*(_KEYS.get(char, char) for char in text))

    async def quiet(self) -> None:
        """Until the picture no longer changes."""
        before = ""
        for _ in range(60):
            await self.pilot.pause(0.12)
            now = self.text()
            if now == before:
                return
            before = now

    async def see(self, words: str) -> None:
        """Until these words are on the screen; RuntimeError with the screen when they do not come."""
        for _ in range(100):
            if words in self.text():
                await self.quiet()
                return
            await self.pilot.pause(0.1)
        raise RuntimeError(f"{words!r} did not appear:\n{self.text()}")

    def text(self) -> str:
        """The screen as text, line by line."""
        strips = self.app.screen._compositor.render_strips(self.app.size)
        return "\n".join(strip.text for strip in strips)

    async def find(self, words: str) -> None:
        """Move down until the row under the cursor begins with these words."""
        for _ in range(60):
            node = self.app.main_screen.current if self.app.has_main_screen else None
            if node is not None and node.label.startswith(words):
                await self.quiet()
                return
            await self.pilot.press("down")
        raise RuntimeError(f"no row {words!r}:\n{self.text()}")


def after(begin: Act, *keys: str) -> Act:
    """A scene, and these keys, each when the picture no longer changes."""

    async def act(stage: Stage) -> None:
        await begin(stage)
        for key in keys:
            await stage.press(key)

    return act
