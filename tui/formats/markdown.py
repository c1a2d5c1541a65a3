"""A report as Markdown, to paste into an issue or onto a slide."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tui import __version__
from tui.explore.matrix import Cell, MatrixRow, matrix
from tui.explore.objects import COUNTED
from tui.explore.report import Report
from tui.formats.writer import Writer
from tui.sources.presence import Presence
from tui.text import safe, size, with_keys
from tui.tools.pulling import pull_line

if TYPE_CHECKING:
    from tui.explore.on_disk import Section


_MARKUP = re.compile(r"[\\`*_{}\[\]<>|#&~]")
#: Where forges see names of people, numbers of issues and addresses in what Markdown became: escaping does not help
#: there, a space of no width does.
_LIVE = re.compile(
    r"(?<=@)(?<![A-Za-z0-9_]@)(?=[A-Za-z0-9])|(?<=#)(?=[0-9])|(?<=GH-)(?=[0-9])|(?<=:)(?=//)|(?<=www)(?=\.)",
    re.IGNORECASE,
)


class MarkdownWriter(Writer):
    """Writes one report after the other, each with headings of its own."""

    def __init__(self) -> None:
        self._written = 0

    def put(self, report: Report, *, tag: str | None = None) -> str:
        return self._part(markdown(report))

    def section(self, section: Section) -> str:
        listed = "\n".join(f"- {escaped(line)}" for line in section.lines)
        return self._part(f"### {escaped(section.title)}\n\n{listed}\n")

    def _part(self, text: str) -> str:
        self._written += 1
        return text if self._written == 1 else "\n" + text


def markdown(report: Report) -> str:
    """Verdict, presence table (platforms by objects), findings with fixes, every digest whole, versions."""
    lines = [f"## {escaped(report.reference)}", "", f"**{escaped(report.verdict.sentence)}**", ""]
    if report.tags is not None:
        return "\n".join(lines[:-1]) + "\n"
    lines.append(f"- digest: {code(report.digest or 'unknown')}")
    lines.append(f"- type: {code(report.media_type or 'unknown')}")
    counts = ", ".join(f"{count:,} {word}" for word, count in report.counts.items() if count)
    lines.append(f"- objects: {counts or 'none'}{f'; {report.effort}' if report.effort else ''}")
    lines += ["", *_table(report), *_finding_lines(report), *_object_lines(report)]
    lines += ["", f"Checked with fanfold {__version__} on {report.observation.at:%Y-%m-%d %H:%M} UTC."]
    return "\n".join(lines) + "\n"


def _table(report: Report) -> list[str]:
    if not report.platforms:
        return []
    picture = matrix(report)
    widest = max((len(row.layers) for row in picture), default=0)
    heads = ["platform", "manifest", "config", *(f"layer {n + 1}" for n in range(widest)), "attestations"]
    rows = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
    rows.extend(_row(row, widest) for row in picture)
    legend = ", ".join(f"{presence.words.symbol} {presence.words.legend}" for presence in COUNTED)
    return ["### Presence", "", *rows, "", legend, "", *_platform_lines(report)]


def _row(row: MatrixRow, widest: int) -> str:
    cells = [escaped(row.line.platform), _mark(row.manifest), _mark(row.config) if row.config is not None else ""]
    cells.extend(_mark(layer) for layer in row.layers)
    cells.extend("" for _ in range(widest - len(row.layers)))
    cells.append(", ".join(_mark(each) for each in row.attestations) or "none")
    return "| " + " | ".join(cells) + " |"


def _platform_lines(report: Report) -> list[str]:
    lines = ["### Platforms", ""]
    for line in report.platforms:
        can = {True: "can be pulled", False: "cannot be pulled", None: "not determined"}[line.pullable]
        lines.append(f"- {escaped(line.platform)}: {can}, {code(line.digest or 'no digest')}")
    if report.pulled_as and any(line.pullable for line in report.platforms):
        lines += ["", f"Pull it with {code(pull_line(report.pulled_as))}"]
    return [*lines, ""]


def _finding_lines(report: Report) -> list[str]:
    if not report.findings:
        return ["### Findings", "", "None.", ""]
    lines = ["### Findings", ""]
    for finding in report.findings:
        digest = f" {code(finding.digest)}" if finding.digest else ""
        lines.append(f"- {finding.severity.value} `{finding.code}`: {escaped(finding.message)}{digest}")
        # The sentence shortens digests; somebody who reads a hand-out may want to look them up.
        facts = [fact for fact in finding.facts if fact and fact not in finding.message]
        if facts:
            lines.append(f"  - facts: {'; '.join(escaped(fact) for fact in facts)}")
        command = f" `{finding.command}`" if finding.command else ""
        lines.append(f"  - fix: {escaped(with_keys(finding.fix))}{command}")
    return [*lines, ""]


def _object_lines(report: Report) -> list[str]:
    if not report.objects:
        return []
    lines = [
        "### Objects",
        "",
        "| kind | size | presence | needed by | digest |",
        "| --- | --- | --- | --- | --- |",
    ]
    for part in report.objects:
        needed = ", ".join(part.platforms)
        mark = marked(part.observation.presence)
        lines.append(f"| {part.kind} | {size(part.size)} | {mark} | {escaped(needed)} | {code(part.digest)} |")
    return lines


def marked(presence: Presence) -> str:
    """The symbol with its word; what is there needs none."""
    still = presence.still
    return presence.words.symbol if presence.is_there else f"{presence.words.symbol} {still.value}"


def _mark(cell: Cell) -> str:
    return marked(cell.presence) if cell.presence is not None else ""


def escaped(text: str) -> str:
    """Safe text as Markdown: what could be markup is escaped, so that a label cannot forge a table or a link, nor call
    somebody where it is pasted (`@name`, `#12`, a bare address). A reference stays as it is."""
    return "&#8203;".join(_MARKUP.sub(r"\\\g<0>", part) for part in _LIVE.split(text))


def code(text: str) -> str:
    """Safe text as it is, in a fixed font."""
    return f"`{safe(text, limit=200).replace('`', ' ')}`"
