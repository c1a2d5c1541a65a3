"""T: let another tag of the repository hold what a digest names, by a plan of the same shape as any push."""

from __future__ import annotations

from collections.abc import Callable

from tui.compose.bench import Bench
from tui.compose.home import Home
from tui.compose.plan import Action, Plan
from tui.compose.planner import Wanted, plan_manifest
from tui.compose.resolve import read
from tui.oci.digest import Digest
from tui.oci.reference import Reference
from tui.text import safe


async def plan_tag(
    bench: Bench,
    target: Reference,
    digest: Digest,
    *,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """The plan that makes `target` (with a tag) hold the manifest `digest` of its own repository, bytes unchanged.

    What is missing below it is said but does not stop: a tag changes nothing about that. Raises ResolveError when the
    manifest cannot be read, DraftError when the target names no tag.
    """
    home = Home.of(target)
    manifest = await read(bench, home, str(digest), safe(home.by_digest(digest)), fresh=False)
    wanted = Wanted(Action.TAG, target, manifest, home=home, incomplete_is_fine=True)
    return await plan_manifest(wanted, bench, progress=progress)
