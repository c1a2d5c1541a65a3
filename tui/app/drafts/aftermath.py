"""After a write: the tree shows what is there now, and the cursor goes to what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.compose.events import PushResult
from tui.compose.plan import Plan
from tui.compose.service import refresh_written

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen

#: A written list with more objects below it is not checked by itself.
_CHECKED = 300


async def show_written(house: MainScreen, plan: Plan, result: PushResult) -> None:
    """Ask again for what may be different now, and go to what was written."""
    explorer = house.explorer
    written = await refresh_written(explorer, plan, result)
    house.redraw.sync_tree()
    if written is not None:
        await house.navigation.highlight(written)
        house.images.open_row(written)
        if len(plan.objects) <= _CHECKED:
            explorer.check(written)  # what was planned is looked at once more, as it is served now
    house.detail.refresh()
    house.status.refresh_verdict()
