"""The program as the pictures show it: the real app and engine on an embedded registry that runs already."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.app.main import FanfoldApp
    from tui.demo.serve import Served


def app_on(served: Served, source: str, *, lesson: str | None = None) -> FanfoldApp:
    """The app with `source` of the embedded registry opened ("" opens its whole catalog)."""
    from tui.app.main import FanfoldApp
    from tui.app.start import connect
    from tui.config import Settings

    settings = Settings(clipboard="osc52")
    where = f"{served.address}/{source}"
    return FanfoldApp(connect(settings), (where,), settings=settings, interval=0)
