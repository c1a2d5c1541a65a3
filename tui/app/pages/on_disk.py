"""The part of the Summary page that tells of a repository in a storage folder."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app.pages.parts import blank, prose
from tui.app.styled_text import Line
from tui.explore.on_disk import Section
from tui.text import plural

_MOST = 500


def on_disk(sections: Sequence[Section] | None) -> list[Line]:
    """The lines below the summary; None while the disk is still read."""
    if sections is None:
        return [blank(), prose("Looking at what lies on the disk…", "dim")]
    lines: list[Line] = []
    for section in sections:
        lines += [blank(), Line(hang=2).put(section.title[:1].upper() + section.title[1:], "head")]
        lines += [prose(f"  {line}", "plain", hang=4) for line in section.lines[:_MOST]]
        if (more := len(section.lines) - _MOST) > 0:
            lines.append(prose(f"  and {plural(more, 'more line')}: `fanfold check` prints them all.", "dim", hang=4))
    return lines
