"""Which line of a TOML file a value stands on: `tomllib` does not say, and a teacher needs to know."""

from __future__ import annotations

import re
from collections.abc import Iterator

_HEADER = re.compile(r"^\s*(\[\[?)\s*([A-Za-z0-9_.\-\s]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_\-]+|\"[^\"]*\")\s*(?:\.[^=]*)?=")

_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'")
_QUOTES = ('"""', "'''")

Place = tuple[str | int, ...]


def headers(text: str) -> Iterator[tuple[int, bool, tuple[str, ...]]]:
    """The headers of a file that need not be valid: line, whether the brackets are doubled, and the names in them."""
    quote = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if quote:
            if quote in line:
                quote = ""
            continue
        header = _HEADER.match(line)
        if header is not None:
            yield number, header.group(1) == "[[", tuple(name.strip() for name in header.group(2).split("."))
            continue
        quote = next((mark for mark in _QUOTES if line.count(mark) == 1), "")


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
                # A list that is written over several lines: tables one a line, each has a place of its own; texts too.
                if line.lstrip().startswith("]"):
                    array = ()
                    continue
                found = 1 if line.lstrip().startswith("{") else len(_TEXT.findall(line))
                for _ in range(found):
                    self._lines.setdefault((*array, items), number)
                    items += 1
                if not line.lstrip().startswith("{") and _TEXT.sub("", line).partition("#")[0].rstrip().endswith("]"):
                    array = ()
                continue
            header = _HEADER.match(line)
            if header is not None:
                table = self._table(header, counts, number)
                self._lines.setdefault(table, number)
                continue
            key = _KEY.match(line)
            if key is not None:
                name = key.group(1).strip('"')
                self._lines.setdefault((*table, name), number)
                rest = line[key.end() :]
                bare = _TEXT.sub("", rest).partition("#")[0].strip()
                if bare.startswith("[") and "{" not in bare and not bare.endswith("]"):
                    array, items = (*table, name), len(_TEXT.findall(rest))
                    for place in range(items):
                        self._lines.setdefault((*array, place), number)
                    continue
                for mark in _QUOTES:
                    if rest.count(mark) == 1:
                        quote = mark

    def _table(self, header: re.Match[str], counts: dict[Place, int], number: int) -> Place:
        place: Place = ()
        names = [name.strip() for name in header.group(2).split(".")]
        for position, name in enumerate(names):
            place = (*place, name)
            self._lines.setdefault(place, number)
            last = position == len(names) - 1
            if last and header.group(1) == "[[":
                counts[place] = counts.get(place, -1) + 1
                place = (*place, counts[place])
            elif place in counts:
                place = (*place, counts[place])
        return place
