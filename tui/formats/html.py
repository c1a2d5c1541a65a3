"""Reports as one HTML file that needs no network: the matrix of each image, whose rows unfold to its objects, light or
dark as the reader's system is, and printable. The templates are in `resources/report/`.

Everything that a registry said reaches the page through the template library, which escapes it; the page's own policy
(Content-Security-Policy) forbids every request, and every script but the one that it carries, named by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tui import __version__
from tui.explore.matrix import Cell, MatrixRow, matrix
from tui.explore.report import Report, exit_status
from tui.explore.tally import Tally, strip
from tui.formats.brief import bytes_of, counted, grouped, platforms_of, reason_of, state_of
from tui.formats.writer import Writer
from tui.oci import media
from tui.oci.canonical_json import json_text
from tui.resources import FOLDER
from tui.sources.presence import Presence
from tui.text import safe, size, width

if TYPE_CHECKING:
    from tui.explore.on_disk import Section

#: What was rendered is kept in memory up to so many characters, then in a file: there may be many thousand tags.
_IN_MEMORY = 8_000_000
_PIECE = 1 << 16
#: The name of a platform is given so many characters at most.
_NAME_CELLS = 40


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the list at the top of a page with several images."""

    anchor: str
    symbol: str
    role: str
    name: str
    platforms: str
    size: str
    reason: str


class HtmlWriter(Writer):
    """Writes the whole page at the end: its top says how many of all are broken."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(FOLDER / "report"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["bytes"] = size
        self._parts: IO[str] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 (till the end)
            max_size=_IN_MEMORY, mode="w+", encoding="utf-8", newline=""
        )
        self._entries: list[_Entry] = []
        self._count = 0

    def put(self, report: Report, *, tag: str | None = None) -> str:
        self._count += 1
        anchor = f"image-{self._count}"
        symbol, role = state_of(report)
        rows = matrix(report)
        self._entries.append(
            _Entry(
                anchor,
                symbol,
                role,
                report.reference,
                platforms_of(report),
                size(bytes_of(report)) if report.objects else "",
                reason_of(report),
            )
        )
        self._render(
            "image.html",
            report=report,
            anchor=anchor,
            symbol=symbol,
            role=role,
            unfolded=not self.several or bool(exit_status(report)),
            rows=rows,
            layers=max((len(row.layers) for row in rows), default=0),
            attested=any(row.attestations for row in rows),
            shared=any(cell.share for row in rows for cell in row.layers),
            kind=safe(media.describe(report.media_type or ""), limit=120),
            name_cells=min(_NAME_CELLS, max((width(row.line.platform) for row in rows), default=0)),
            bar=_bar(report),
            counted=counted(report) or "nothing read",
            json=json_text(report.to_json(), indent=2) if not self.several else "",
        )
        return ""

    def section(self, section: Section) -> str:
        self._render("section.html", section=section)
        return ""

    def end(self, tally: Tally) -> Iterator[str]:
        script = (FOLDER / "report" / "page.js").read_text(encoding="utf-8")
        title = self._entries[0].name if len(self._entries) == 1 else f"fanfold check: {tally.words}"
        page = self._environment.get_template("page.html")
        try:
            yield from page.generate(
                title=title,
                several=self.several,
                tally=tally,
                strip=strip(tally, 60),
                entries=self._entries,
                parts=self._rendered(),
                style=Markup((FOLDER / "report" / "page.css").read_text(encoding="utf-8")),
                script=Markup(script),
                script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
                version=__version__,
                now=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
            )
        finally:
            self._parts.close()

    def _render(self, template: str, **values: object) -> None:
        helpers = {"command": _command, "fault": _is_fault, "grouped": grouped, "cells": _cells}
        text = self._environment.get_template(template).render(**values, **helpers)
        self._parts.write(text)

    def _rendered(self) -> Iterator[Markup]:
        """What was rendered before, escaped as it is."""
        self._parts.seek(0)
        while piece := self._parts.read(_PIECE):
            yield Markup(piece)


def _bar(report: Report) -> list[tuple[str, int]]:
    """Its objects as parts of a bar: "good", "bad" or "warn", and how many."""
    parts = Counter[str]()
    for word, count in report.counts.items():
        presence = Presence(word)
        parts["good" if presence.is_there else "bad" if presence.words.role == "bad" else "warn"] += count
    return [(role, parts[role]) for role in ("good", "bad", "warn") if parts[role]]


def _cells(row: MatrixRow, layers: int) -> list[Cell | None]:
    """Those of the matrix: manifest, config, and a place for every layer that any platform has."""
    return [row.manifest, row.config, *row.layers, *([None] * (layers - len(row.layers)))]


def _command(cell: Cell) -> str:
    """The line of the Dockerfile that made a layer, or what else its row says; safe."""
    return cell.node.note


def _is_fault(cell: Cell) -> bool:
    return cell.presence is not None and cell.role == "bad"
