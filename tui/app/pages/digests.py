"""The four digests side by side: each with what it is, who prints it, and its whole value."""

from __future__ import annotations

from tui.app.pages.parts import blank, prose
from tui.app.styled_text import Line, Lines, Target
from tui.teach.digests import DigestRow, FourDigests


def digests_page(four: FourDigests) -> Lines:
    """The page; each value is a link that copies it, and 1 to 4 do so too."""
    keys = [str(number) for number, row in enumerate(four.rows, 1) if row.value]
    lines = [prose(four.introduction)]
    if keys:
        lines += [blank(), Line().put(" ".join(keys), "key-cap").put("  copies one of them, whole", "dim")]
    if four.platform:
        lines += [blank(), prose(f"Platform and config are those of {four.platform}.", "dim")]
    for number, row in enumerate(four.rows, 1):
        lines += [blank(), Line().put(f"{number} ", "key-cap" if row.value else "dim").put(row.name, "head")]
        lines += digest_lines(row)
    return Lines(lines)


def digest_lines(row: DigestRow) -> list[Line]:
    """One of the four, below its name: its value, what it is, who prints it and what it is for."""
    lines = []
    if row.value:
        lines.append(Line(hang=2, fold="char").put("  ").put(row.value, "digest", Target("copy", row.value)))
    lines.append(Line(hang=2).put("  ").put(row.what))
    if row.printed_by:
        lines.append(Line(hang=14).put("  printed by  ", "label").put("; ".join(row.printed_by), "dim"))
    if row.use:
        lines.append(Line(hang=14).put("  use         ", "label").put(row.use, "dim"))
    return lines
