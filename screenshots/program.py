"""The program as the pictures show it: the real app and engine on the embedded registry, at a fixed port."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screenshots.stage import Look
    from tui.app.main import FanfoldApp
    from tui.demo.serve import Served


def app_on(served: Served, source: str | None, *, lesson: str | None = None, look: Look | None = None) -> FanfoldApp:
    """The app with `source` of the embedded registry opened (None: nothing, as bare `fanfold` starts), or, with a
    lesson, as `fanfold demo LESSON` shows it."""
    from tui.app.main import FanfoldApp
    from tui.app.services import connect, demo_connect
    from tui.config import Settings

    settings = Settings(clipboard="osc52")
    if look is not None:
        settings = replace(settings, theme=look.theme, ascii=look.ascii)
    if source is None:
        app = FanfoldApp(connect(settings), (), settings=settings, interval=0)
        app.offer_start = True
        return app
    if lesson is None:
        return FanfoldApp(connect(settings), (f"{served.address}/{source}",), settings=settings, interval=0)
    app = FanfoldApp(demo_connect(settings), (), settings=settings, interval=0)
    app.lesson = lesson
    return app
