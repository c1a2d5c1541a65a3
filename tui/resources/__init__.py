"""Texts and tables that are data: TOML and Markdown beside this module, read when they are first needed.

One file for each concern, because a program that only prints a verdict must not parse the explanations. Whoever needs a
file turns it into records and keeps them; nothing is kept here. The files are found by path and not with
`importlib.resources`, whose import takes longer (15 ms) than reading any of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from enum import Enum
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

FOLDER = Path(__file__).parent

_Record = TypeVar("_Record")
_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
_BLANK = re.compile(r"\{([a-z_]+)\}")


class ResourceError(ValueError):
    """A file of ours that is wrong; `str()` is "FILE:LINE: what is wrong"."""

    def __init__(self, name: str, line: int, problem: str) -> None:
        super().__init__(f"{FOLDER / name}:{line}: {problem}")


def records(name: str, kind: type[_Record]) -> Mapping[str, _Record]:
    """The tables of a TOML file as records of a dataclass, in the order of the file; the first field is the header.

    A field is text (line breaks count as blanks), a word of an enumeration or of a `Literal`, or a tuple of
    texts: a list, or one text with an empty line between the paragraphs. Fields without a default must be there.
    Raises ResourceError.
    """
    import tomllib  # late: the first frame and a check that finds nothing wrong need no file

    text = (FOLDER / name).read_text(encoding="utf-8")
    hints = get_type_hints(kind)
    first, *others = fields(kind)  # type: ignore[arg-type]
    needed = {field.name for field in others if field.default is MISSING}
    found = {}
    for key, table in tomllib.loads(text).items():
        values: dict[str, Any] = {first.name: _value(hints[first.name], key) if first.name in hints else key}
        for word in table.keys() - {field.name for field in others}:
            raise _error(name, text, (key, word), f"“{word}” is no field of a {kind.__name__}")
        for word in needed - table.keys():
            raise _error(name, text, (key,), f"“{word}” is missing")
        for word, value in table.items():
            try:
                values[word] = _value(hints[word], value)
            except ValueError as error:
                raise _error(name, text, (key, word), str(error)) from error
        found[key] = kind(**values)
    return found


def sections(name: str) -> Mapping[str, str]:
    """The parts of a Markdown file by their headings (`## tree`); line breaks in them count as blanks."""
    _, *parts = re.split(r"^## ", (FOLDER / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = (part.partition("\n") for part in parts)
    return {heading.strip(): " ".join(text.split()) for heading, _, text in found}


def fill(text: str, values: Mapping[str, object]) -> str:
    """A text with values in place of its blanks, `{name}`; what stands in brackets is left out where a value in it is
    None. A key, `{key:ACTION}`, stays for whoever draws the text.

    What was put in is not looked at again, so foreign text may hold braces. Raises KeyError for a blank without value.
    """

    def known(part: re.Match[str]) -> str:
        return part[1] if all(values[name] is not None for name in _BLANK.findall(part[1])) else ""

    return _BLANK.sub(lambda blank: str(values[blank[1]]), _OPTIONAL.sub(known, text))


def _value(hint: Any, value: object) -> object:
    if isinstance(hint, type) and issubclass(hint, Enum):
        return hint(value)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ValueError(f"this is one of: {', '.join(get_args(hint))}")
        return value
    if hint == tuple[str, ...]:
        parts = re.split(r"\n\s*\n", value.strip()) if isinstance(value, str) else value
        if not isinstance(parts, list) or not parts:
            raise ValueError("this is text in paragraphs, or a list of texts")
        return tuple(_value(str, part) for part in parts)
    if not isinstance(value, str) or not value.strip():
        raise ValueError("this is text in quotes, and not empty")
    return " ".join(value.split())


def _error(name: str, text: str, place: tuple[str, ...], problem: str) -> ResourceError:
    from tui.resources.toml_lines import Lines  # late: only what is wrong needs its line

    return ResourceError(name, Lines(text).of(place), problem)
