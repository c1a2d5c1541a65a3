"""Reports as JSON: one object when there is one report, an array when there are several."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent

from tui.explore.report import Report
from tui.explore.tally import Tally
from tui.formats.writer import Writer
from tui.oci.canonical_json import json_text


class JsonWriter(Writer):
    """Writes `Report.to_json()` of each."""

    def __init__(self) -> None:
        self._written = 0

    def put(self, report: Report, *, tag: str | None = None) -> str:
        text = json_text(report.to_json(), indent=2)
        self._written += 1
        if not self.several:
            return text + "\n"
        return ("[\n" if self._written == 1 else ",\n") + indent(text, "  ")

    def end(self, tally: Tally) -> Iterator[str]:
        if self.several:
            yield "\n]\n" if self._written else "[]\n"
