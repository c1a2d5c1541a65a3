"""What every form of a report has in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tui.explore.report import Report
from tui.explore.tally import Tally

if TYPE_CHECKING:
    from tui.explore.on_disk import Section


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a form is written on."""

    width: int | None = None
    """Columns of the terminal; None where nobody counts them, as in a pipe: then nothing is wrapped or cut."""
    colour: bool = False
    ascii_only: bool = False
    quiet: bool = False
    """Whether only a line for what is not whole is wanted."""


class Writer(Protocol):
    """Writes reports one after the other. Each call gives the text that may be printed now, "" when there is none yet.
    What a form has no use for it leaves as it is here.

    `several` says whether there is more than one report; it is set before the first one is put.
    """

    several: bool = False
    summary: str = ""
    """What belongs on the page of a build server's job, once it has ended; "" for most forms."""

    def group(self, name: str, tags: Sequence[str]) -> str:
        """What follows are reports on the tags of a repository; both safe."""
        return ""

    def put(self, report: Report, *, tag: str | None = None) -> str:
        """A report; `tag` is set for one of the group's tags."""
        ...

    def section(self, section: Section) -> str:
        """What a storage folder says beyond single objects: sentences for people, which are in no document for
        programs."""
        return ""

    def end(self, tally: Tally) -> Iterator[str]:
        """What comes at the end; `tally` counts every report, those that were not put here among them."""
        yield from ()
