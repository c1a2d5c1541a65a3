"""T: let another tag of the repository hold what a digest names, by a plan of the same shape as any push."""

from __future__ import annotations

from collections.abc import Callable

from tui.compose.bench import Bench
from tui.compose.errors import ResolveError
from tui.compose.home import Home
from tui.compose.plan import Action, Plan
from tui.compose.planner import Wanted, plan_manifest
from tui.compose.resolve import refused
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.text import safe


async def plan_tag(
    bench: Bench,
    target: Reference,
    digest: Digest,
    *,
    progress: Callable[[str], None] | None = None,
) -> Plan:
    """The plan that makes ``target`` (with a tag) hold the manifest ``digest`` of its own repository, bytes unchanged.

    What is missing below it is said but does not stop: a tag changes nothing about that. Raises ResolveError when the
    manifest cannot be read, DraftError when the target names no tag.
    """
    home = Home.of(target)
    shown = safe(home.by_digest(digest))
    try:
        manifest = await bench.manifest(home, str(digest))
    except SourceError as error:
        raise refused(shown, error) from None
    except OciError as error:
        raise ResolveError(f"{shown} cannot be read: {error}", Presence.MISMATCHED) from None
    wanted = Wanted(Action.TAG, target, manifest, home=home, incomplete_is_fine=True)
    return await plan_manifest(wanted, bench, progress=progress)
