"""The JSON tab: the bytes as they were served, laid out without touching a token, with every digest a link.

Parsing and printing again would lose what matters when something is odd (order, doubled keys, escapes, numbers), so the
text is only cut into tokens and given line breaks. Lines are coloured when they are drawn, not before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from tui.app.styled_text import Line, Link, Role, Target
from tui.text import safe

#: Characters shown at most; the whole can always be saved.
LIMIT = 2_000_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+|"', re.DOTALL)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_COLOUR = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*")(?=\s*:)|(?P<string>"(?:[^"\\]|\\.)*")'
    r"|(?P<number>-?\b[0-9][0-9.eE+-]*)|(?P<literal>\btrue\b|\bfalse\b|\bnull\b)"
)
_STEP = "  "


def reindent(text: str) -> list[str]:
    """The lines of a JSON text with one member or element a line. Text that is no JSON keeps all its tokens too."""
    lines: list[str] = []
    depth = 0
    current = ""
    previous = ""
    for token in _TOKEN.findall(text):
        if token in "}]":
            depth = max(0, depth - 1)
            if previous in ("{", "["):
                current += token
            else:
                lines.append(current)
                current = _STEP * depth + token
        elif token == ",":
            current += ","
        elif token == ":":
            current += ": "
        else:
            if previous in ("{", "[", ","):
                lines.append(current)
                current = _STEP * depth
            elif previous and previous != ":":
                current += " "
            current += token
            if token in "{[":
                depth += 1
        previous = token
    lines.append(current)
    return lines


class JsonPage:
    """`head` are lines above the document (a statement's summary); `pretty` is off for the bytes as they came; `rest`
    is said below a document that is too long to be shown whole."""

    unfolded = range(0)

    def __init__(self, raw: bytes, *, pretty: bool = True, head: Sequence[Line] = (), rest: str = "") -> None:
        text = raw.decode("utf-8", errors="backslashreplace")
        cut = len(text) > LIMIT
        text = text[:LIMIT]
        lines = reindent(text) if pretty else text.split("\n")
        self._head = list(head)
        self._lines = [safe(line, limit=10 * LIMIT) for line in lines]
        self._tail: list[Line] = []
        if cut:
            words = f"… the first {LIMIT:,} of {len(raw):,} bytes are shown{rest}"
            self._tail.append(Line().put(words, "warn"))
        self.make = lru_cache(maxsize=256)(self._make)

    def __len__(self) -> int:
        return len(self._head) + len(self._lines) + len(self._tail)

    def plain(self, number: int) -> str:
        """The text of a line."""
        place = number - len(self._head)
        return self._lines[place] if 0 <= place < len(self._lines) else self.line(number).plain

    def line(self, number: int) -> Line:
        """A line, coloured."""
        return self.make(number)

    def _make(self, number: int) -> Line:
        place = number - len(self._head)
        if place < 0:
            return self._head[number]
        if place >= len(self._lines):
            return self._tail[place - len(self._lines)]
        text = self._lines[place]
        indent = len(text) - len(text.lstrip(" "))
        line = Line(text, hang=min(indent + 2, 24), fold="char")
        for match in _COLOUR.finditer(text):
            role = match.lastgroup or "plain"
            line.spans.append((match.start(), match.end(), _role(role)))
        line.links = [Link(m.start(), m.end(), Target("digest", m.group())) for m in _DIGEST.finditer(text)]
        return line

    def links(self) -> Sequence[tuple[int, Link]]:
        """Every digest of the head and the document."""
        found = [(number, link) for number, line in enumerate(self._head) for link in line.links]
        for place, text in enumerate(self._lines):
            if ":" in text and "sha" in text:
                for match in _DIGEST.finditer(text):
                    link = Link(match.start(), match.end(), Target("digest", match.group()))
                    found.append((place + len(self._head), link))
        return found


def _role(name: str) -> Role:
    return {"key": "key", "string": "string", "number": "number", "literal": "literal"}.get(name, "plain")  # type: ignore[return-value]
