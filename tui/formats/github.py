"""A report for a job of GitHub Actions: annotations on stdout, and Markdown for the job's summary.

Workflow commands are lines that begin with `::`; `%`, CR and LF of their text are escaped, in properties `:` and `,`,
too (docs.github.com, "Workflow commands for GitHub Actions"). The runner also obeys `##[…]` anywhere in a line,
so that no line of ours may hold it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tui.explore.finding import Severity
from tui.explore.report import Report, exit_status
from tui.explore.tally import Tally, strip
from tui.formats.brief import grouped, reason_of, state_of
from tui.formats.markdown import escaped, markdown
from tui.formats.writer import Writer

if TYPE_CHECKING:
    from tui.explore.on_disk import Section

#: GitHub takes a summary of 1 MiB for a step, and drops a longer one whole.
SUMMARY_LIMIT = 1_000_000
#: An annotation shows little; the log has everything.
_MESSAGE_LIMIT = 4000
_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
_CUT = "\n\nCut: GitHub takes 1 MiB for a summary. The log has every line.\n"


class GithubWriter(Writer):
    """Writes a line for each report, with its annotations, of which GitHub shows ten of a kind for a step: so there is
    one of a kind for each report. `summary` is what to append to the file `GITHUB_STEP_SUMMARY`."""

    def __init__(self) -> None:
        self._rows: list[str] = []
        self._details: list[str] = []
        self._taken = 0

    def put(self, report: Report, *, tag: str | None = None) -> str:
        symbol, _ = state_of(report)
        reason = reason_of(report)
        self._keep(self._rows, f"| {symbol} | {escaped(report.reference)} | {escaped(reason)} |\n")
        if exit_status(report) or not self.several:
            self._keep(self._details, markdown(report).replace("\n## ", "\n### ") + "\n")
        lines = [_neutral(f"{symbol} {report.reference}  {report.verdict.sentence}"), *annotated(report)]
        return "\n".join(lines) + "\n"

    def section(self, section: Section) -> str:
        return "".join(f"{_neutral(line)}\n" for line in (section.title, *section.lines))

    def end(self, tally: Tally) -> Iterator[str]:
        parts = []
        if self.several:
            bar = "".join(text for text, _ in strip(tally))
            parts = [f"## fanfold check: {tally.words}\n\n`{bar}`\n\n| | reference | |\n| --- | --- | --- |\n"]
            parts += [*self._rows, "\n"]
        self.summary = "".join([*parts, *self._details])
        if self._taken > SUMMARY_LIMIT:
            self.summary += _CUT
        if self.several:
            yield _neutral(tally.words) + "\n"

    def _keep(self, where: list[str], text: str) -> None:
        """Add a part while there is room."""
        self._taken += len(text.encode())
        if self._taken <= SUMMARY_LIMIT:
            where.append(text)


def annotated(report: Report) -> Iterator[str]:
    """At most one of each kind: the findings of that severity; what nobody found anything about gets its verdict."""
    status = exit_status(report)
    told = False
    for severity, command in _COMMANDS.items():
        lines = []
        for code, fix, found in grouped(each for each in report.findings if each.severity is severity):
            lines += [f"{code}: {finding.message}" for finding in found]
            lines += filter(None, (f"Fix: {fix}", found[0].command))
        if status and severity is (Severity.ERROR if status == 1 else Severity.WARNING):
            lines.insert(0, report.verdict.sentence)
            told = True
        if lines:
            yield _command(command, report.reference, "\n".join(lines))
    assert told or not status, "what fails a job is always annotated"


def _command(command: str, title: str, message: str) -> str:
    title = _data(title).replace(":", "%3A").replace(",", "%2C")
    return f"::{command} title={title}::{_data(message[:_MESSAGE_LIMIT])}"


def _data(text: str) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return _neutral(text)


def _neutral(line: str) -> str:
    """A line that is no workflow command, whatever a registry put into it."""
    line = line.replace("##[", "## [")
    return f" · {line.lstrip()}" if line.lstrip().startswith("::") else line
