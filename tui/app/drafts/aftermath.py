"""After a write: the tree shows what is there now, and the cursor goes to what was written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.compose.events import PushResult
from tui.compose.plan import Action, Plan
from tui.explore.node import Kind, Load, Node
from tui.sources.docker_manifests import DockerManifests

if TYPE_CHECKING:
    from tui.app.screens.explore import ExploreScreen

#: A written list with more objects below it is not checked by itself.
_CHECKED = 300


async def show_written(house: ExploreScreen, plan: Plan, result: PushResult) -> None:
    """Ask again for what may be different now. A plan that touches only Docker's folder changes no registry's rows."""
    explorer = house.explorer
    target = plan.target
    only_local = bool(plan.steps) and all(step.local_list is not None for step in plan.steps)
    shown: Node | None = None
    for root in list(explorer.roots):
        source = root.source
        if isinstance(source, DockerManifests):
            await explorer.refresh(root)
        if only_local or source.registry != target.registry:
            continue
        explorer.note_written(source, target.repository)
        for row in [each for each in root.walk() if each.kind is Kind.REPOSITORY]:
            if row.repository == target.repository:
                await _ask_again(house, row)
        if result.ok and plan.action is not Action.DELETE and target.tag is not None:
            shown = await explorer.add_reference(source, target.repository, target.tag)
    house.flush()
    if shown is not None:
        await house.highlight(shown)
        house.images.open_row(shown)
        if len(plan.objects) <= _CHECKED:
            explorer.check(shown)  # what was planned is looked at once more, as it is served now
    house.refresh_detail()
    house.refresh_verdict()


async def _ask_again(house: ExploreScreen, repository: Node) -> None:
    """The list of tags and those rows of it that were read: all of it may be different now."""
    if repository.load is Load.READY:
        await house.explorer.refresh(repository)
        return
    for row in list(repository.children):
        if row.load is not Load.IDLE:
            await house.explorer.refresh(row)
