"""Reports and trees as text, for pipes and dumb terminals."""

from __future__ import annotations

from collections.abc import Iterator

from tui.explore.explorer import Explorer
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Load, Node
from tui.explore.objects import image_size
from tui.explore.report import Report
from tui.oci import media
from tui.sources.presence import Presence
from tui.text import plural, safe, shorten, size, to_ascii, with_keys


def glyph(presence: Presence, ascii_only: bool) -> str:
    """The symbol of a presence, as far as the terminal can draw it."""
    return to_ascii(presence.words.symbol) if ascii_only else presence.words.symbol


def report_lines(made: Report, ascii_only: bool = False) -> Iterator[str]:
    """What a check found, short: what is not there, the findings, how many objects, the verdict."""
    yield made.reference
    if made.digest is not None:
        yield f"  {made.digest}  {safe(media.describe(made.media_type or ''), limit=120)}"
    for part in made.objects:
        if part.seen.presence is Presence.PRESENT:
            continue
        needed = f" of {', '.join(part.platforms)}" if part.platforms else ""
        told = f"  ({part.seen.detail})" if part.seen.detail else ""
        mark = glyph(part.seen.presence, ascii_only)
        yield f"  {mark} {part.seen.presence.value:<11} {part.kind}{needed}  {size(part.size)}  {part.digest}{told}"
    for finding in made.findings:
        yield f"  {finding.severity.value}: {finding.code}: {finding.message}"
        yield f"    fix: {with_keys(finding.fix)}"
    counted = ", ".join(f"{count} {word}" for word, count in made.counts.items() if count)
    if made.tags is not None:
        yield f"  {made.verdict.sentence}"
        return
    held = f"{plural(len(made.objects), 'object')}: {counted}" if made.objects else "nothing was read"
    yield f"  {held}; {made.effort}" if made.effort else f"  {held}"
    yield f"  {made.verdict.sentence}"


def tree_lines(explorer: Explorer, node: Node, depth: int | None = None, *, ascii_only: bool = False) -> Iterator[str]:
    """The row and the rows below it, drawn with lines; `depth` is how many levels below it are shown."""
    tee, last, bar, blank = ("|-- ", "`-- ", "|   ", "    ") if ascii_only else ("├── ", "└── ", "│   ", "    ")
    yield _line(explorer, node, _full_name(node), 0, ascii_only)

    def below(parent: Node, prefix: str, level: int) -> Iterator[str]:
        if depth is not None and level > depth:
            return
        rows = [row for row in parent.children if row.kind is not Kind.REFERRERS or row.children]
        width = max((len(row.label) for row in rows), default=0)
        for position, row in enumerate(rows):
            ends = position == len(rows) - 1
            yield prefix + (last if ends else tee) + _line(explorer, row, row.label, min(width, 40), ascii_only)
            yield from below(row, prefix + (blank if ends else bar), level + 1)

    yield from below(node, "", 1)


def _full_name(node: Node) -> str:
    if node.kind in MANIFEST_KINDS:
        return safe(node.source.reference(node.repository or "", tag=node.tag, digest=node.digest), limit=600)
    if node.kind is Kind.REPOSITORY:
        return safe(node.source.reference(node.repository or ""), limit=600)
    return node.label


def _line(explorer: Explorer, node: Node, label: str, width: int, ascii_only: bool) -> str:
    cells = [f"{label:<{width}}"]
    if node.kind in MANIFEST_KINDS | BLOB_KINDS:
        seen = explorer.observation(node)
        total = explorer.rollup(node)
        if node.kind in BLOB_KINDS or node.kind is Kind.MANIFEST:
            cells.append(f"{_size(node):>8}")
        if seen.presence is not Presence.UNCHECKED or node.load is not Load.IDLE:
            word = total.label or ("" if total.worst is Presence.PRESENT else total.worst.value)
            cells.append(f"{glyph(total.worst, ascii_only)} {word}".rstrip())
        if node.kind is not Kind.TAG and node.digest is not None:
            cells.append(node.digest.short)
    elif node.kind in (Kind.REPOSITORY, Kind.SOURCE):
        cells.append(explorer.rollup(node).label)
    note = _NOT_PRINTED if node.kind is Kind.MORE else node.note  # nobody presses enter in a pipe
    if note:
        cells.append(shorten(note, 60))
    text = "  ".join(cell for cell in cells if cell.strip()).rstrip()
    return text if not ascii_only else to_ascii(text)


_NOT_PRINTED = "not printed here; check looks at all tags of a repository"


def _size(node: Node) -> str:
    """Of an image what it takes with all its parts, of everything else its own bytes."""
    manifest = node.image_manifest
    return size(node.size if node.kind is not Kind.MANIFEST or manifest is None else image_size(manifest))
