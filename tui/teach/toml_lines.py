"""Which line of a TOML file a value stands on: `tomllib` does not say, and a teacher needs to know."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\s]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+|\"[^\"]*\")\s*(?:\.[^=]*)?=")

Place = tuple[str | int, ...]


class Lines:
    """Finds lines by place: `("step", 2, "done", "event")` is `event` of the `[step.done]` of the third `[[step]]`."""

    def __init__(self, text: str) -> None:
        self._lines: dict[Place, int] = {}
        self._read(text)

    def of(self, place: Place) -> int:
        """The line of a place, from 1; that of the nearest table above it when the place itself is not written."""
        while place:
            line = self._lines.get(place)
            if line is not None:
                return line
            place = place[:-1]
        return 1

    def _read(self, text: str) -> None:
        counts: dict[Place, int] = {}
        table: Place = ()
        quote = ""
        array: Place = ()
        items = 0
        for number, line in enumerate(text.splitlines(), start=1):
            if quote:
                if quote in line:
                    quote = ""
                continue
            if array:
                # Tables of a list that is written over several lines: one a line, each has a place of its own.
                if line.lstrip().startswith("{"):
                    self._lines.setdefault((*array, items), number)
                    items += 1
                elif line.lstrip().startswith("]"):
                    array = ()
                continue
            header = _HEADER.match(line)
            if header is not None:
                table = self._table(header, counts)
                self._lines.setdefault(table, number)
                continue
            key = _KEY.match(line)
            if key is not None:
                name = key.group(1).strip('"')
                self._lines.setdefault((*table, name), number)
                rest = line[key.end() :]
                if rest.strip() == "[":
                    array, items = (*table, name), 0
                    continue
                for mark in ('"""', "'''"):
                    if rest.count(mark) == 1:
                        quote = mark

    def _table(self, header: re.Match[str], counts: dict[Place, int]) -> Place:
        place: Place = ()
        names = [name.strip() for name in header.group(2).split(".")]
        for position, name in enumerate(names):
            place = (*place, name)
            last = position == len(names) - 1
            if last and header.group(1) == "[[":
                counts[place] = counts.get(place, -1) + 1
                place = (*place, counts[place])
            elif place in counts:
                place = (*place, counts[place])
        return place
