"""How a command line is made: from the table `tui/resources/tools.toml`, with quotes where a shell needs them.

What is decided by a condition is decided in the other modules of this package; what a line looks like, which flags a
tool needs for a registry, and what is said of it, stands in the table alone.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tui.registry.access import Access
from tui.resources import FOLDER

FILE = "tools.toml"
#: What a registry is looked at with, in the order in which it is shown.
SEVEN = ("curl", "docker-manifest", "imagetools", "crane", "oras", "regctl", "skopeo")

_VALUE = re.compile(r"<([a-z_]+)>")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class CommandLine:
    """One tool's way. `line` is safe to paste into a shell, may hold several lines, and is "" where the tool cannot.

    `note` (safe) says what the line does, what is lost or not checked; or why there is none.
    """

    tool: str
    title: str
    line: str
    note: str = ""


# --- words for a shell -----------------------------------------------------------------------------------------------


class Shell(str):
    """A value that a shell is to read as it stands: it is not quoted, and nothing is written where it is empty."""


#: One word, several, a part that is written or not, or the items of a part that is written for each.
Value = str | bool | Sequence[str] | Sequence[Mapping[str, str]]


def quoted(text: str) -> str:
    """One word. One that holds control characters is written as bash, zsh and ksh write it: `$'…'`."""
    if not _CONTROL.search(text):
        return shlex.quote(text)
    escaped = text.replace("\\", "\\\\").replace("'", "\\047")
    return "$'" + _CONTROL.sub(lambda found: "".join(f"\\{byte:03o}" for byte in found[0].encode()), escaped) + "'"


def block(lines: Iterable[str]) -> str:
    """Lines of which each is run only if those before it worked."""
    return " &&\n".join(lines)


def piped(raw: bytes) -> Shell:
    """What hands exactly these bytes to the command behind it. Any POSIX shell has printf and its %b."""
    text = raw.decode("latin-1").replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")
    text = "".join(each if " " <= each <= "~" else f"\\0{ord(each):03o}" for each in text)
    return Shell(f"printf %b {shlex.quote(text)} |")


def _write(words: Sequence[str], values: Mapping[str, Value], parts: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """The words of a line with their values, quoted."""
    for word in words:
        alone = _VALUE.fullmatch(word)
        value = values[alone[1]] if alone else ""
        if word == "|":
            yield word
        elif alone and alone[1] in parts:
            items = [{}] * value if isinstance(value, bool) else value
            for item in items:
                assert isinstance(item, Mapping)
                yield from _write(parts[alone[1]], item, {})
        elif isinstance(value, Shell):
            yield from [value] if value else []
        elif alone and not isinstance(value, str | bool):
            yield from (quoted(str(each)) for each in value)
        else:
            yield quoted(_fill(word, values))


def _fill(text: str, values: Mapping[str, Any]) -> str:
    return _VALUE.sub(lambda found: str(values[found[1]]), text)


# --- the table -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Tool:
    """A program, and the words with which it is told how a registry is reached."""

    name: str
    plain_http: tuple[str, ...] = ()
    insecure: tuple[str, ...] = ()
    sides: tuple[str, ...] = ("", "")
    """What the flags for the first and the second registry of a line begin with."""

    def flags(self, accesses: Sequence[Access], side: str = "") -> list[str]:
        """Those for all these registries, each once."""
        of_each = dict.fromkeys(
            tuple(_fill(word, {"registry": access.registry, "side": side}) for word in self._words(access))
            for access in accesses
        )
        return [word for words in of_each for word in words]

    def _words(self, access: Access) -> tuple[str, ...]:
        return self.plain_http if access.plain_http else self.insecure if access.insecure else ()


@dataclass(frozen=True, slots=True)
class Entry:
    """How a tool does something; without words it cannot."""

    tool: Tool
    title: str
    words: tuple[str, ...] = ()
    note: str = ""
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def line(self, values: Mapping[str, Value], accesses: Sequence[Access]) -> str:
        first, last = self.tool.sides
        flags: dict[str, Value] = {
            "flags": self.tool.flags(accesses),
            "from_flags": self.tool.flags(accesses[:1], first),
            "to_flags": self.tool.flags(accesses[-1:], last),
        }
        return " ".join(_write(self.words, {**values, **flags}, self.parts))


@dataclass(frozen=True, slots=True)
class Table:
    """All tools, all operations (the entries of each by the id of the tool), all sentences."""

    tools: Mapping[str, Tool]
    operations: Mapping[str, Mapping[str, Entry]]
    notes: Mapping[str, str]


@cache
def table() -> Table:
    """The table as it is in the file (tests/tools/test_table.py shows that everything in it is known and used)."""
    document: dict[str, Any] = tomllib.loads((FOLDER / FILE).read_text(encoding="utf-8"))
    tools = {name: _tool(name, **fields) for name, fields in document.pop("tools").items()}
    notes: dict[str, str] = document.pop("notes")
    operations = {
        operation: {name: _entry(tools[name], title, **fields) for name, fields in entries.items()}
        for operation, entries in document.items()
        for title in [entries.pop("title", "")]
    }
    return Table(tools, operations, notes)


def _tool(
    id: str, *, name: str = "", plain_http: str = "", insecure: str = "", sides: Sequence[str] = ("", "")
) -> Tool:
    return Tool(name or id, tuple(shlex.split(plain_http)), tuple(shlex.split(insecure)), tuple(sides))


def _entry(
    tool: Tool, usual: str, *, title: str = "", line: str = "", note: str = "", parts: Mapping[str, str] | None = None
) -> Entry:
    split = {name: tuple(shlex.split(part)) for name, part in (parts or {}).items()}
    return Entry(tool, title or usual, tuple(shlex.split(line)), note, split)


def says(name: str, **values: object) -> str:
    """A sentence of the table."""
    return _fill(table().notes[name], values)


def notes(*sentences: str) -> str:
    """What there is to say, as one text."""
    return " ".join(each for each in sentences if each)


def line(
    operation: str,
    tool: str,
    values: Mapping[str, Value],
    *accesses: Access,
    note: str | None = None,
    unless: str = "",
) -> CommandLine:
    """How a tool does something with these values and registries; or that it cannot, when `unless` says why.

    `note` is said of it in place of what the table says.
    """
    entry = table().operations[operation][tool]
    title = _fill(entry.title, values)
    if unless or not entry.words:
        return CommandLine(entry.tool.name, title, "", unless or _fill(entry.note, values))
    said = _fill(entry.note, values) if note is None else note
    return CommandLine(entry.tool.name, title, entry.line(values, accesses), said)


def lines(operation: str, values: Mapping[str, Value], *accesses: Access) -> list[CommandLine]:
    """`line` of every tool that has an entry."""
    return [line(operation, tool, values, *accesses) for tool in table().operations[operation]]
