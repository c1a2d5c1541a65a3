"""A report as sentences, for who listens to it: the verdict first, then what is wrong, then each platform.

No columns, no drawing, no colours, and a word for every symbol; a line is as long as its sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from tui.explore.finding import Severity
from tui.explore.matrix import MatrixRow, matrix
from tui.explore.node import Load
from tui.explore.objects import Object
from tui.explore.report import Report, exit_status
from tui.explore.tally import Tally
from tui.formats.brief import bytes_of, counted, grouped, platforms_of, reason_of
from tui.formats.writer import Sheet, Writer
from tui.oci import media
from tui.text import capital, plural, safe, size

if TYPE_CHECKING:
    from tui.explore.on_disk import Section

_STATES = {0: "whole", 1: "broken", 3: "not known"}
_GRADES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
_PULLED = {True: "can be pulled", False: "cannot be pulled", None: "not known whether it can be pulled"}


class PlainWriter(Writer):
    """Writes for a screen reader, or for a terminal that draws nothing."""

    def __init__(self, sheet: Sheet) -> None:
        self._quiet = sheet.quiet
        self._parts = 0

    def group(self, name: str, tags: Sequence[str]) -> str:
        return "" if self._quiet else self._block([f"{name}: {plural(len(tags), 'tag')}"])

    def put(self, report: Report, *, tag: str | None = None) -> str:
        if self._quiet or tag is not None or report.tags is not None:
            whole = self._quiet and not exit_status(report)
            return "" if whole else f"{_brief(report, tag or report.reference)}\n"
        return self._block(sentences(report))

    def section(self, section: Section) -> str:
        return "" if self._quiet else self._block([section.title, *section.lines])

    def end(self, tally: Tally) -> Iterator[str]:
        if self.several and not self._quiet:
            yield self._block([f"In all: {tally.words}"])

    def _block(self, lines: Iterable[str]) -> str:
        """Lines with a blank one before them, unless they are the first."""
        self._parts += 1
        return ("\n" if self._parts > 1 else "") + "".join(f"{line}\n" for line in lines)


def _brief(report: Report, name: str) -> str:
    """ "1.4: broken. linux/arm64: 1 layer missing. 2 platforms, 128.9 kB"."""
    reason = reason_of(report).replace(" ×", " times ").rstrip(".")
    weight = ", ".join(filter(None, (platforms_of(report), size(bytes_of(report)) if report.objects else "")))
    return f"{name}: {'. '.join(filter(None, (_STATES[exit_status(report)], reason, weight)))}"


def sentences(report: Report) -> Iterator[str]:
    """What a check of an image found."""
    yield f"{report.reference}: {_STATES[exit_status(report)]}"
    yield report.verdict.sentence
    yield from (_absent(part) for part in report.objects if not part.observation.presence.is_there)
    for code, fix, found in grouped(report.findings):
        grade = capital(_GRADES[found[0].severity])
        yield f"{grade} {code}: {' '.join(finding.message for finding in found)} Fix: {fix}"
        if found[0].command:
            yield f"Command: {found[0].command}"
    yield from (answer.line() for answer in report.answers)
    rows = sorted(matrix(report), key=lambda row: {False: 0, None: 1, True: 2}[row.line.pullable])
    yield from map(_platform, rows)
    if report.digest is not None:
        yield f"{capital(safe(media.describe(report.media_type or ''), limit=120))}, {report.digest}"
    found_of = counted(report) or "Nothing was read"
    yield f"{found_of}; {report.effort}" if report.effort else found_of


def _absent(part: Object) -> str:
    """ "linux/arm64 layer 2: missing, 202 B, 404 BLOB_UNKNOWN, sha256:…"."""
    places = {node.position for node in part.nodes}
    called = f"{part.kind} {places.pop() + 1}" if part.kind == "layer" and len(places) == 1 else part.kind
    name = f"{', '.join(part.platforms)} {called}".strip()
    said = (part.observation.presence.value, size(part.size), part.observation.detail, str(part.digest))
    return f"{name}: {', '.join(filter(None, said))}"


def _platform(row: MatrixRow) -> str:
    """ "linux/arm64: cannot be pulled; manifest, config and layer 1 present; layer 2 missing; 66.0 kB"."""
    said = [_PULLED[row.line.pullable] if row.line.taken else "skipped by clients"]
    node = row.line.node
    if node.load is Load.READY and node.manifest is None and node.note:
        return f"{row.line.platform}: {said[0]}; {node.note}"  # no manifest is there: it is of another kind
    for word, alike in groupby((cell for cell in row.cells if cell.presence is not None), key=lambda cell: cell.word):
        said.append(f"{_joined([cell.name for cell in alike])} {word}")
    said.append(size(row.size))
    return f"{row.line.platform}: {'; '.join(filter(None, said))}"


def _joined(names: Sequence[str]) -> str:
    """ "manifest, config and layers 1 to 3": of places that follow one another the first and the last."""
    parts: list[str] = []
    for kind, alike in groupby(names, key=lambda name: name.rstrip("0123456789").rstrip()):
        of_kind = list(alike)
        first, last = (of_kind[place].removeprefix(kind).strip() for place in (0, -1))
        parts += [f"{kind}s {first} to {last}"] if len(of_kind) > 2 and first and last else of_kind
    return " and ".join(filter(None, (", ".join(parts[:-1]), parts[-1])))
