"""A report as lines of text: for an image its matrix, what is not there, the findings and the verdict; for the tags of
a repository a line each, and a strip of all. The sentence that matters comes last, where a terminal leaves the eye."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from tui.explore.finding import Severity
from tui.explore.matrix import HEADS, Cell, MatrixRow, matrix
from tui.explore.objects import Object
from tui.explore.report import Report, exit_status
from tui.explore.tally import Tally, strip
from tui.formats.brief import SAID_BY_OBJECTS, bytes_of, counted, grouped, platforms_of, reason_of, state_of
from tui.formats.paint import VERDICT_ROLES, Piece, padded, painted, wrapped
from tui.formats.writer import Sheet, Writer
from tui.oci import media
from tui.sources.presence import Presence
from tui.text import cut, safe, shorten, size, width

if TYPE_CHECKING:
    from tui.explore.on_disk import Section

#: Names of tags are given so many cells, or half of a wide terminal, at most, before what is said of them.
_NAME_CELLS = 40
_GRADES = {Severity.ERROR: ("✗", "bad"), Severity.WARNING: ("!", "warn"), Severity.INFO: ("·", "dim")}
#: What stands beside the name of a platform, at least: manifest, config, some layers, attestations and the size.
_BESIDE = 40
_FAULTS = (Presence.MISSING, Presence.MISMATCHED)
Line = Sequence[Piece]


class TextWriter(Writer):
    """Writes onto a terminal or into a pipe."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._parts = 0
        self._names = 0

    def group(self, name: str, tags: Sequence[str]) -> str:
        most = _NAME_CELLS if self._sheet.width is None else max(_NAME_CELLS, self._sheet.width // 2)
        self._names = min(max(map(width, tags), default=0), most)
        if self._sheet.quiet:
            return ""
        return self._block([[(name, "title")]])

    def put(self, report: Report, *, tag: str | None = None) -> str:
        if self._sheet.quiet:
            return self._written([_quiet_line(report, self._sheet)]) if exit_status(report) else ""
        if report.tags is not None:
            said = f"{report.reference}: {report.verdict.sentence}"
            return self._block(wrapped((said, "warn"), self._sheet.width))
        if tag is not None:
            return self._written([_tag_line(report, tag, self._names, self._sheet)])
        return self._block(lines(report, self._sheet, heads=not self.several))

    def section(self, section: Section) -> str:
        if self._sheet.quiet:
            return ""
        return self._block([[(section.title, "title")], *([(f"  {line}", "plain")] for line in section.lines)])

    def end(self, tally: Tally) -> Iterator[str]:
        if self._sheet.quiet or not self.several:
            return
        bar = strip(tally, ascii_only=self._sheet.ascii_only)
        yield self._block([[*bar, (f"  {tally.words}" if bar else tally.words, "title")]])

    def _block(self, lines: Iterable[Line]) -> str:
        """Lines with a blank one before them, unless they are the first."""
        self._parts += 1
        return ("\n" if self._parts > 1 else "") + self._written(lines)

    def _written(self, lines: Iterable[Line]) -> str:
        sheet = self._sheet
        self._parts = max(self._parts, 1)
        return "".join(painted(line, colour=sheet.colour, ascii_only=sheet.ascii_only) + "\n" for line in lines)


def _tag_line(report: Report, tag: str, names: int, sheet: Sheet) -> Line:
    """A tag of a repository in columns: state, name, platforms, size, what is wrong."""
    symbol, role = state_of(report)
    name = padded(shorten(tag, names) if sheet.width else tag, names)
    weight = size(bytes_of(report)) if report.objects else ""
    line: list[Piece] = [
        (f"{symbol} ", role),
        (name, "bad" if role == "bad" else "plain"),
        (f"  {shorten(platforms_of(report), 14):<14} {weight:>8}", "dim"),
    ]
    reason = reason_of(report)
    if not reason:
        return line
    room = max(20, sheet.width - sum(width(text) for text, _ in line) - 2) if sheet.width else None
    line.append((f"  {reason if room is None else cut(reason, room)}", role if role != "good" else "warn"))
    return line


def _quiet_line(report: Report, sheet: Sheet) -> Line:
    symbol, role = state_of(report)
    line: list[Piece] = [(f"{symbol} ", role), (report.reference, role), (f"  {reason_of(report)}", "plain")]
    return line


def lines(report: Report, sheet: Sheet, *, heads: bool) -> Iterator[Line]:
    """What a check of an image found; with `heads`, on a terminal, what those of the matrix stand for."""
    yield [(report.reference, "title")]
    if report.digest is not None:
        kind = safe(media.describe(report.media_type or ""), limit=120)
        yield from _beside([(report.digest, "dim")], (kind, "dim"), "", sheet.width)
    blocks: list[list[Line]] = [
        list(_picture(matrix(report), sheet, heads)),
        list(_absent(report.objects, sheet.width)),
        list(_findings(report, sheet.width)),
        [line for answer in report.answers for line in wrapped((answer.line(), "plain"), sheet.width)],
    ]
    for block in blocks:
        if block:
            yield []
            yield from block
    yield []
    found = counted(report) or "nothing read"
    yield from wrapped((f"{found}; {report.effort}" if report.effort else found, "dim"), sheet.width)
    yield from wrapped((report.verdict.sentence, VERDICT_ROLES[exit_status(report)]), sheet.width)


# the matrix


def _picture(rows: Sequence[MatrixRow], sheet: Sheet, heads: bool) -> Iterator[Line]:
    if not any(row.cells[1:] or len(rows) > 1 for row in rows):
        return
    names = max(width(row.line.platform) for row in rows)
    if sheet.width is not None:
        names = min(names, max(12, sheet.width - _BESIDE))
    layers = max(len(row.layers) for row in rows)
    attested = any(row.attestations for row in rows)
    folded = sheet.width is not None and names + 6 + 3 * layers + 3 * attested + 11 > sheet.width
    runs = [_runs(row.layers) for row in rows] if folded else []
    room = max((sum(width(text) for text, _ in run) for run in runs), default=0)
    numbers = "layers".ljust(room) if folded else "".join(f"{place:^3}" for place in range(1, layers + 1))
    yield [(f"{'':<{names}}  mf cf {numbers}{' att' if attested else ''}  {'size':>8}", "dim")]
    for place, row in enumerate(rows):
        pieces: list[Piece] = [(padded(shorten(row.line.platform, names), names) + " ", row.role)]
        pieces += [_square(row.manifest, sheet), _square(row.config, sheet)]
        if folded:
            pieces += [*runs[place], (" " * (room - sum(width(text) for text, _ in runs[place])), "plain")]
        else:
            pieces += [_square(cell, sheet) for cell in row.layers]
            pieces.append((" " * (3 * (layers - len(row.layers))), "plain"))
        if attested:
            pieces += [(" ", "plain"), _square(_worst(row.attestations), sheet)]
        pieces.append((f"  {size(row.size):>8}", "dim"))
        if not row.line.taken:
            pieces.append(("  not taken", "dim"))
        yield pieces
    said = "   ".join(f"{name} {HEADS[name]}" for name in ("mf", "cf", *(["att"] if attested else [])))
    if heads and sheet.width is not None and width(said) <= sheet.width:
        yield [(said, "dim")]


def _square(cell: Cell | None, sheet: Sheet) -> Piece:
    """Three columns. A fault is filled; without colours it stands in brackets."""
    if cell is None or cell.presence is None:
        return ("   ", "plain")
    if cell.presence in _FAULTS:
        return (f" {cell.symbol} " if sheet.colour else f"[{cell.symbol}]", "fault")
    if cell.role == "warn":
        return (f" {cell.symbol} ", "doubt")
    return (f" {cell.symbol} ", cell.role)


def _runs(cells: Sequence[Cell]) -> list[Piece]:
    """Where there is no room for a column each: how many of what, in order: "✓15 ✗2 ✓13"."""
    pieces: list[Piece] = []
    for (symbol, role), run in groupby(cells, key=lambda cell: (cell.symbol, cell.role)):
        pieces += [(f"{symbol}{len(list(run))}", "fault" if role == "bad" else role), (" ", "plain")]
    return pieces


def _worst(cells: Sequence[Cell]) -> Cell | None:
    return next((cell for cell in cells if cell.presence is not None and not cell.presence.is_there), None) or next(
        iter(cells), None
    )


# what is not there, and what is wrong


def _absent(objects: Sequence[Object], room: int | None) -> Iterator[Line]:
    for part in objects:
        presence = part.observation.presence
        if presence.is_there:
            continue
        role = presence.words.role
        needed = f" of {', '.join(part.platforms)}" if part.platforms else ""
        mark = f"{presence.words.symbol} {presence.value:<11} "
        indent = " " * width(mark)
        name = f"{_called(part)}{needed}"
        facts = "  ".join(filter(None, (size(part.size), part.observation.detail)))
        shown = name if room is None else cut(name, max(20, room - len(indent)))
        yield from _beside([(mark, role), (shown, "plain")], (facts, "dim"), indent, room)
        yield [(f"{indent}{part.digest}", "dim")]


def _beside(pieces: Line, more: Piece, indent: str, room: int | None) -> Iterator[Line]:
    """A line, and `more` at its end, or below it where there is no room."""
    text, role = more
    if not text:
        yield pieces
    elif room is None or sum(width(piece) for piece, _ in pieces) + 2 + width(text) <= room:
        yield [*pieces, (f"  {text}", role)]
    else:
        yield pieces
        yield [(indent + cut(text, max(20, room - len(indent))), role)]


def _called(part: Object) -> str:
    """ "layer 2" where it has the same place in every image, else its kind."""
    places = {node.position for node in part.nodes}
    return f"{part.kind} {places.pop() + 1}" if part.kind == "layer" and len(places) == 1 else part.kind


def _findings(report: Report, room: int | None) -> Iterator[Line]:
    """Those of one code together, with what fixes them once; what `_absent` said of an object is not said again."""
    absent = {part.digest for part in report.objects if not part.observation.presence.is_there}
    for code, fix, found in grouped(report.findings):
        symbol, role = _GRADES[found[0].severity]
        yield [(f"{symbol} {code}", role)]
        for finding in found:
            if code in SAID_BY_OBJECTS and finding.digest in absent:
                continue
            yield from wrapped((finding.message, "plain"), room, "  ")
        yield from wrapped((f"Fix: {fix}", "label"), room, "  ")
        if found[0].command:
            yield [("       ", "plain"), (found[0].command, "plain")]  # whole: it is there to be copied
