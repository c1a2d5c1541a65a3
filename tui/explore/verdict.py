"""The verdict: one sentence over all findings."""

from __future__ import annotations

from dataclasses import dataclass

from tui.explore.codes import Severity


@dataclass(frozen=True, slots=True)
class Verdict:
    """Can this be pulled, on which platforms, and if not, why.

    ``complete``: every object is known to be there. ``pullable``, ``broken`` and ``unknown`` are platforms as text,
    each in the order of the index. ``severity`` is None when all is well.
    """

    sentence: str
    complete: bool
    pullable: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    severity: Severity | None = None
