"""The data in `tui/resources`: every name in it means something, every text is used, and mistakes name their line."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import get_args

import pytest

from tui import resources
from tui.app.keys import BY_ID, Keys
from tui.explore.cells import UNICODE
from tui.explore.finding import codes
from tui.explore.node import Kind
from tui.resources import FOLDER, ResourceError, fill, records, sections
from tui.resources.toml_lines import Lines, Place
from tui.sources.base import SourceKind
from tui.sources.presence import Presence, presence_words
from tui.teach.lesson_file import load
from tui.text import ASCII_SYMBOLS, USUAL_KEYS, with_keys

SOURCE = {path: path.read_text(encoding="utf-8") for path in sorted(FOLDER.parent.rglob("*.py"))}


def tables(name: str) -> dict[str, dict[str, object]]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def line(name: str, *place: str | int) -> str:
    """Where something stands, as compilers say it."""
    found: Place = place
    return f"{FOLDER / name}:{Lines((FOLDER / name).read_text(encoding='utf-8')).of(found)}"


def named(text: str) -> set[str]:
    """The actions whose keys a text names."""
    return set(re.findall(r"\{key:([a-zA-Z0-9_-]+)\}", text)) - {
        "ACTION"
    }  # which stands for any, in what explains the form


def quoted(word: str) -> bool:
    """Whether a word stands in quotes anywhere in the program."""
    return any(f'"{word}"' in source for source in SOURCE.values())


def test_every_action_that_a_text_names_is_there() -> None:
    files = [path for path in FOLDER.rglob("*") if path.suffix in (".toml", ".md")]
    wrong = [
        f"{path}:{number}: there is no action “{action}”"
        for path in (*files, *SOURCE)
        for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        for action in named(text)
        if action not in BY_ID
    ]
    wrong += [
        f"{line('findings.toml', code, 'action')}: there is no action “{row.action}”"
        for code, row in codes().items()
        if row.action is not None and row.action not in BY_ID
    ]
    assert not wrong


def test_every_action_that_a_lesson_shows_is_there() -> None:
    wrong = [
        f"{path}: there is no action “{show.what}”"
        for path in sorted((FOLDER / "lessons").glob("*.toml"))
        for step in load(path).steps
        for show in step.show
        if show.do == "action" and show.what not in BY_ID
    ]
    assert not wrong


def test_every_code_is_made_somewhere_and_every_code_that_is_made_is_there() -> None:
    wrong = [f"{line('findings.toml', code)}: “{code}” is never found" for code in codes() if not quoted(code)]
    wrong += [
        f"{path}:{source[: found.start()].count(chr(10)) + 1}: “{found[1]}” is not in findings.toml"
        for path, source in SOURCE.items()
        if path.is_relative_to(FOLDER.parent / "explore")
        for found in re.finditer(r'\bmake\(\s*"([^"]+)"', source)
        if found[1] not in codes()
    ]
    assert not wrong


def test_specs_are_those_that_are_named() -> None:
    wrong = []
    used = {"foreign"}  # by teach.kinds
    for name in ("findings.toml", "kinds.toml"):
        for key, table in tables(name).items():
            specs = table["specs"]
            assert isinstance(specs, list)
            used |= set(specs)
            unknown = set(specs) - tables("specs.toml").keys()
            wrong += [f"{line(name, key, 'specs')}: there is no “{each}”" for each in unknown]
    wrong += [f"{line('specs.toml', each)}: nothing names “{each}”" for each in tables("specs.toml").keys() - used]
    assert not wrong


def test_every_kind_has_its_words() -> None:
    names = {kind.value for kind in Kind if kind is not Kind.SOURCE}
    sources = {f"source-{kind}" for kind in get_args(SourceKind)}
    wrong = [f"kinds.toml has nothing about “{name}”" for name in names - tables("kinds.toml").keys()]
    wrong += [
        f"{line('kinds.toml', key)}: nothing uses “{key}”"
        for key in tables("kinds.toml")
        if key not in names | sources and not quoted(key)
    ]
    assert not wrong


def test_texts_outside_the_screen_name_the_usual_keys() -> None:
    assert {action: Keys().first(action) for action in USUAL_KEYS} == USUAL_KEYS
    for code, row in codes().items():
        assert "{" not in with_keys(row.fix), line("findings.toml", code, "fix")


class Grade(StrEnum):
    GOOD = "good"


@dataclass(frozen=True)
class Record:
    key: str
    grade: Grade
    text: str
    more: tuple[str, ...] = ()
    note: str | None = None


def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(resources, "FOLDER", tmp_path)
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")


def test_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(
        tmp_path,
        monkeypatch,
        '[b]\ngrade = "good"\ntext = """\none\ntwo\n"""\nmore = """\na\nb\n\nc\n"""\n'
        '[a]\ngrade = "good"\ntext = "t"\nmore = ["x"]\nnote = "n"\n',
    )
    assert list(records("x.toml", Record).values()) == [
        Record("b", Grade.GOOD, "one two", ("a b", "c")),
        Record("a", Grade.GOOD, "t", ("x",), "n"),
    ]


@pytest.mark.parametrize(
    ("text", "number", "problem"),
    [
        ('[a]\ngrade = "bad"\ntext = "t"\n', 2, "'bad' is not a valid Grade"),
        ('[a]\ngrade = "good"\n', 1, "“text” is missing"),
        ('[a]\ngrade = "good"\ntext = "t"\ntitel = "t"\n', 4, "“titel” is no field of a Record"),
        (
            '[b]\ngrade = "good"\ntext = "t"\n[a]\ngrade = "good"\ntext = 1\n',
            6,
            "this is text in quotes, and not empty",
        ),
        ('[a]\ngrade = "good"\ntext = ""\n', 3, "this is text in quotes, and not empty"),
        ('[a]\ngrade = "good"\ntext = "t"\nmore = 3\n', 4, "this is text in paragraphs, or a list of texts"),
    ],
)
def test_a_mistake_is_told_by_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, number: int, problem: str
) -> None:
    written(tmp_path, monkeypatch, text)
    with pytest.raises(ResourceError) as caught:
        records("x.toml", Record)
    assert str(caught.value) == f"{tmp_path / 'x.toml'}:{number}: {problem}"


def test_every_code_that_a_sample_names_is_there() -> None:
    wrong = []
    for name, table in tables("gallery.toml").items():
        for field in ("codes", "also"):
            named_codes = table.get(field, [])
            assert isinstance(named_codes, list)
            wrong += [
                f"{line('gallery.toml', name, field)}: there is no “{c}”" for c in named_codes if c not in codes()
            ]
    assert not wrong


@pytest.mark.parametrize("name", ["docker_messages.toml", "digests.toml"])
def test_every_record_is_used(name: str) -> None:
    assert not [f"{line(name, key)}: nothing uses “{key}”" for key in tables(name) if not quoted(key)]


def test_a_presence_has_one_name_everywhere() -> None:
    """The tree and the help say what JSON says."""
    for words in presence_words().values():
        assert words.status in ("", words.presence.value)
        name, colon, _ = words.help.partition(":")
        assert not colon or name == words.presence.value


def test_every_presence_has_its_words_and_every_section_of_the_help_is_shown() -> None:
    assert set(presence_words()) == set(Presence)
    wrong = [f"{FOLDER / 'help.md'}: nothing shows “{name}”" for name in sections("help.md") if not quoted(name)]
    assert not wrong
    assert all(symbol in ASCII_SYMBOLS or symbol.isascii() for symbol in UNICODE.presence.values())


def test_blanks() -> None:
    values = {"a": "{b}", "b": None, "c": "C"}
    assert fill("{a} [({c})][ of {b}] {key:json}", values) == "{b} (C) {key:json}"
    with pytest.raises(KeyError):
        fill("{nothing}", values)
