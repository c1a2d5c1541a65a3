"""The program as the pictures show it: the real app and engine on the embedded registry, at a fixed port."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.app.main import FanfoldApp
    from tui.demo.serve import Served


def app_on(served: Served, source: str, *, lesson: str | None = None) -> FanfoldApp:
    """The app with `source` of the embedded registry opened, or, with a lesson, as `fanfold demo LESSON` shows it."""
    from tui.app.main import FanfoldApp
    from tui.app.services import connect, demo_connect
    from tui.config import Settings

    settings = Settings(clipboard="osc52")
    if lesson is None:
        return FanfoldApp(connect(settings), (f"{served.address}/{source}",), settings=settings, interval=0)
    app = FanfoldApp(demo_connect(settings), (), settings=settings, interval=0)
    app.lesson = lesson
    return app
