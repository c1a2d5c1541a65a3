"""Where and how a report is printed: its form, colours or not, how wide, and what is left out."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from tui.commands.output import err, is_terminal, out, terminal_width
from tui.commands.progress import CheckLine
from tui.explore.report import Report, exit_status
from tui.explore.tally import Tally
from tui.formats.forms import READ, open_writer
from tui.formats.writer import Sheet

if TYPE_CHECKING:
    from tui.explore.on_disk import Section


@dataclass(frozen=True, slots=True)
class Display:
    """What somebody asked for of what is printed."""

    form: str = "text"
    colour: str = "auto"
    """ "auto", "always" or "never"."""
    quiet: bool = False
    """Print a line for what is not whole, and nothing else."""
    only_broken: bool = False
    """Leave out what is whole, in every form."""
    ascii_only: bool = False


def wants_colour(choice: str, stream: TextIO | None = None) -> bool:
    """Whether a stream, stdout if none is named, gets colours.

    Unless somebody chose, NO_COLOR and FORCE_COLOR decide (each when it is not empty), then whether a terminal reads
    it."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream or sys.stdout) and os.environ.get("TERM") != "dumb"


class Printed:
    """What goes to stdout, part by part. `several` has to be known before the first; the progress line is wiped before
    each."""

    def __init__(self, display: Display, several: bool, progress: CheckLine) -> None:
        sheet = Sheet(terminal_width(sys.stdout), wants_colour(display.colour), display.ascii_only, display.quiet)
        self.progress = progress
        self._on_terminal = is_terminal(sys.stdout)
        self.tally = Tally()
        self._display = display
        self._writer = open_writer(display.form, sheet)
        self.several = several

    @property
    def several(self) -> bool:
        """Whether there is more than one report; where some are left out it is always a list."""
        return self._writer.several

    @several.setter
    def several(self, several: bool) -> None:
        self._writer.several = several or self._left_out

    @property
    def _left_out(self) -> bool:
        return self._display.only_broken or (self._display.quiet and self._display.form not in READ)

    def group(self, name: str, tags: Sequence[str]) -> None:
        """Reports on these tags of a repository follow."""
        self._out(self._writer.group(name, tags))

    def put(self, report: Report, tag: str | None = None) -> None:
        status = exit_status(report)
        if report.tags is None:
            self.tally.add(status)
        if status or not self._left_out:
            self._out(self._writer.put(report, tag=tag))

    def put_section(self, section: Section) -> None:
        self._out(self._writer.section(section))

    def say(self, text: str) -> None:
        """A sentence for whoever looks on, unless the form tells the same, or nothing is to be said."""
        if self._display.form not in READ and not self._display.quiet:
            self.progress.hide()
            err(f"fanfold: {text}")

    def end(self) -> None:
        for part in self._writer.end(self.tally):
            self._out(part)
        if self._writer.summary:
            _append_summary(self._writer.summary)

    def _out(self, text: str) -> None:
        if not text:
            return
        if self._on_terminal:  # elsewhere it disturbs nobody, and would only flicker
            self.progress.hide()
        out(text, end="")


def _append_summary(text: str) -> None:
    """To the file that GitHub shows when the job is over, if there is one."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path:
        return
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        err(f"fanfold: the job's summary could not be written: {error.strerror}.")
