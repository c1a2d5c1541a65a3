"""Which places on this machine's disks may be opened: all, or where somebody else looks on, those named first."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.sources.spec import SourceSpec
from tui.text import safe


class Disks:
    """All are open until `keep_to` names those that are."""

    def __init__(self) -> None:
        self._named: set[tuple[str, str]] | None = None
        self._folders: list[Path] = []

    def keep_to(self, named: Iterable[SourceSpec]) -> None:
        """From now on open these and no others."""
        self._named = {spec.key for spec in named}

    def allow_below(self, folder: Path) -> None:
        """Open whatever lies in this folder of our own, too."""
        self._folders.append(Path(os.path.realpath(folder)))

    def check(self, spec: SourceSpec) -> None:
        """Raises SourceError for a place on a disk that is closed."""
        if self._named is None or spec.registry is not None or spec.key in self._named:
            return
        if spec.path is not None:
            real = Path(os.path.realpath(spec.path))
            if any(real.is_relative_to(folder) for folder in self._folders):
                return
        raise SourceError(
            Presence.DENIED,
            f"{safe(spec.text, limit=200) or 'This'} is on the machine that serves this page. Its disks are closed.",
            code="closed",
            fix="Name it when serving: fanfold serve SOURCE.",
        )
