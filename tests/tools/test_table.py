"""The table of command lines: every tool, operation, value and sentence in it is known, and is used."""

from __future__ import annotations

import ast
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tui.registry.access import Access
from tui.resources import FOLDER
from tui.resources.toml_lines import Lines, Place
from tui.tools import table as tables
from tui.tools.table import FILE, Shell, Value, line, quoted, says, table

TEXT = (FOLDER / FILE).read_text(encoding="utf-8")
FIELDS = {"title", "line", "note", "parts"}
TOOL_FIELDS = {"name", "plain_http", "insecure", "sides"}
PACKAGE = Path(tables.__file__).parent


def words_of_the_program() -> set[str]:
    """All texts in the code of the package, and what its sentences are given by name."""
    found = {"registry", "side"}
    for path in PACKAGE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            if isinstance(node, ast.Call):
                found |= {keyword.arg for keyword in node.keywords if keyword.arg}
    return found


def problems(text: str, known: set[str]) -> Iterator[str]:
    """What is wrong in a table, as "FILE:LINE: what": a compiler's words."""
    places = Lines(text)

    def wrong(what: str, *place: str) -> str:
        found: Place = place
        return f"{FILE}:{places.of(found)}: {what}"

    def texts(value: Any, *place: str) -> Iterator[str]:
        for name in tables._VALUE.findall(value):
            if name not in known:
                yield wrong(f"nothing gives a value <{name}>", *place)

    document = tomllib.loads(text)
    tools, notes = document.pop("tools"), document.pop("notes")
    for tool, fields in tools.items():
        yield from (wrong(f"there is no field “{key}”", "tools", tool, key) for key in fields.keys() - TOOL_FIELDS)
        if all(tool not in entries for entries in document.values()):
            yield wrong(f"“{tool}” does nothing", "tools", tool)
    for note, said in notes.items():
        yield from texts(said, "notes", note)
        if note not in known:
            yield wrong(f"nobody says “{note}”", "notes", note)
    for operation, entries in document.items():
        if operation not in known:
            yield wrong(f"there is no operation “{operation}”", operation)
        for tool, fields in entries.items():
            if tool == "title":
                yield from texts(fields, operation, tool)
                continue
            if tool not in tools:
                yield wrong(f"there is no tool “{tool}”", operation, tool)
            yield from (wrong(f"there is no field “{key}”", operation, tool, key) for key in fields.keys() - FIELDS)
            for key, value in fields.items():
                for each in value.values() if key == "parts" else [value]:
                    yield from texts(each, operation, tool, key)
            for part in fields.get("parts", {}):
                if f"<{part}>" not in shlex.split(fields.get("line", "")):
                    yield wrong(f"the line has no <{part}>", operation, tool, "parts")


def test_everything_in_the_table_is_known_and_used() -> None:
    assert list(problems(TEXT, words_of_the_program() | {"flags", "from_flags", "to_flags"})) == []


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('[sing]\ncrane.line = "crane"', "2: there is no operation “sing”"),
        ('[tags.cranne]\nline = "x"', "2: there is no tool “cranne”"),
        ('[tags.crane]\nlin = "x"', "3: there is no field “lin”"),
        ('[tags.crane]\n\nline = "crane ls <nmae>"', "4: nothing gives a value <nmae>"),
        ('[tags.crane]\nline = "crane ls"\nparts.name = "-x"', "4: the line has no <name>"),
        ('[tools.crab]\nname = "crab"', "2: “crab” does nothing"),
        ('[tools.oras]\nhttp = "x"', "3: there is no field “http”"),
        ('[notes]\nsong = "la"', "3: nobody says “song”"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(wrong: str, said: str) -> None:
    text = f"# A table.\n{wrong}\n"
    for header in ("[tools.crane]", "[notes]"):
        text += f"{header}\n" if header not in text else ""
    found = list(problems(text, {"tags", "name"}))
    assert f"{FILE}:{said}" in found


def test_a_tool_that_nobody_knows_is_no_line() -> None:
    with pytest.raises(KeyError):
        line("tags", "cranne", {})
    with pytest.raises(KeyError):
        line("sing", "crane", {})
    with pytest.raises(KeyError):
        line("tags", "crane", {})
    with pytest.raises(KeyError):
        says("cannot-read")


def test_values_are_quoted_and_not_read_again() -> None:
    values = {"name": "a <flags> | $(b)"}
    assert line("tags", "crane", values).line == "crane ls 'a <flags> | $(b)'"
    assert line("tags", "skopeo", values).line == "skopeo list-tags 'docker://a <flags> | $(b)'"
    assert quoted("a\x1b'\n") == "$'a\\033\\047\\012'"
    login: dict[str, Value] = {"login": Shell(""), "credentials": Shell('-u "$A"'), "login_note": ""}
    made = line("tags", "curl", {"url": "https://x", "repository": "r", **login}).line
    assert made.endswith("""'https://x/v2/r/tags/list?n=1000' -u "$A\"""")


@pytest.mark.parametrize("tool", ["crane", "oras", "skopeo"])
def test_flags_are_for_the_registries_of_the_line(tool: str) -> None:
    values: dict[str, Value] = {"source": "a", "target": "b", "referrers": False}
    http, tls, known = Access("a", plain_http=True), Access("b", insecure=True), Access("c")
    wanted = {
        "crane": ("--insecure", ""),
        "oras": ("--from-plain-http --to-insecure", ""),
        "skopeo": ("--src-tls-verify=false --dest-tls-verify=false", ""),
    }[tool]
    for accesses, flags in zip(((http, tls), (known, known)), wanted, strict=True):
        words = shlex.split(line("copy", tool, values, *accesses).line)
        assert [word for word in words if word.startswith("--") and word not in ("--all", "--preserve-digests")] == (
            flags.split()
        )
    assert {entry.tool.name for entry in table().operations["copy"].values()} >= {"crane", "oras", "skopeo"}
