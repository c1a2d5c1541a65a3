"""What is known to be missing below the entries of a draft, of what was looked at already. Asks nothing."""

from __future__ import annotations

from collections.abc import Iterator

from tui.compose.draft import Draft, Entry
from tui.compose.validate import Problem, row_name
from tui.explore.inspector import Inspector
from tui.oci.descriptor import Descriptor
from tui.oci.manifest import ImageManifest
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence
from tui.text import plural, safe


def known_gaps(draft: Draft, inspector: Inspector) -> tuple[Problem, ...]:
    """One problem for each entry of which something was seen to be missing not long ago. None of them stops a push by
    itself: the plan looks whether the object is elsewhere."""
    target = RepositoryLocation.of(draft.target)
    return tuple(problem for entry in draft.kept for problem in _of(entry, entry.home or target, inspector))


def _of(entry: Entry, home: RepositoryLocation, inspector: Inspector) -> Iterator[Problem]:
    manifest = inspector.known_manifest(home, entry.descriptor.digest)
    parts: list[tuple[str, Descriptor]] = [("manifest", entry.descriptor)]
    if isinstance(manifest, ImageManifest):
        parts += [("config", manifest.config)] if manifest.config is not None else []
        parts += [("layer", layer) for layer in manifest.layers]
    gone: dict[str, list[Descriptor]] = {}
    for kind, part in {part.digest: (kind, part) for kind, part in parts}.values():
        seen = inspector.recent(home, part.digest)
        if seen is not None and seen.presence is Presence.MISSING:
            gone.setdefault(kind, []).append(part)
    if not gone:
        return
    what = " and ".join(
        "its manifest" if kind == "manifest" else plural(len(each), kind) for kind, each in gone.items()
    )
    count = sum(map(len, gone.values()))
    first = next(iter(gone.values()))[0].digest.short
    yield Problem(
        "missing-object",
        f"{row_name(entry)}: {what} {'is' if count == 1 else 'are'} missing in {safe(str(home))} ({first}"
        f"{', …' if count > 1 else ''}). The plan searches other places.",
        stops=False,
        keys=(entry.key,),
    )
