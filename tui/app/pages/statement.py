"""A statement (SBOM, provenance) in brief: what stands above its JSON."""

from __future__ import annotations

from tui.app.pages.parts import heading, value
from tui.app.styled_text import Line
from tui.oci.statement import Statement, summary
from tui.text import safe


def statement_head(statement: Statement) -> list[Line]:
    """The lines of the brief."""
    lines = [heading("Statement")]
    for label, text in summary(statement):
        shown = safe(label, limit=60)
        line = value(shown, safe(text, limit=2000)) if len(shown) < 11 else Line(hang=11).put(f"{shown} ", "label").put(
            safe(text, limit=2000)
        )  # fmt: skip
        lines.append(line)
    return lines
