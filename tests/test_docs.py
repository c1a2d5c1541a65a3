"""The documentation is true and whole: its tables are the program's, its command lines are command lines, its links
lead somewhere, and the site made of it loads nothing from another host."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, get_args
from urllib.parse import unquote, urlsplit

import pytest

from docs import reference
from tests.support.structure import ROOT
from tui.app.actions import Action, Scope
from tui.app.keys import ACTIONS
from tui.app.pages.glossary import words
from tui.cli import main
from tui.commands.arguments import all_parsers, read
from tui.config import Settings
from tui.demo.gallery import GALLERY
from tui.explore.cells import UNICODE
from tui.explore.finding import codes
from tui.registry.settings import HostSettings
from tui.sources.presence import Presence

DOCS = ROOT / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.glob("*.md")))
TEXTS = {page: page.read_text(encoding="utf-8") for page in PAGES}
#: Pages that speak of other programs, or of what was.
OF_OTHERS = {
    "comparison.md",
    "changelog.md",
    "protocol-notes.md",
    "architecture.md",
    "contributing.md",
    "benchmarks.md",
}
OURS = [page for page in PAGES if page.name not in OF_OTHERS]

COMMANDS = [
    "demo",
    "tree",
    "check",
    "create",
    "fix",
    "copy",
    "tag",
    "delete",
    "undo",
    "serve",
    "registry",
    "completion",
]


@cache
def part(name: str) -> str:
    return "\n".join(reference.PARTS[name]())


def section(name: str, anchor: str) -> str:
    """What stands below an anchor of a part, up to the next anchor."""
    _, found, below = part(name).partition(f"({anchor})=\n")
    assert found, anchor
    return re.split(r"^\([a-z0-9-]+\)=$", below, maxsplit=1, flags=re.MULTILINE)[0]


# What is made of the program's tables


def test_every_part_has_its_page_and_every_place_a_part() -> None:
    placed = [name for page in PAGES for name in reference.placed(TEXTS[page])]
    assert sorted(placed) == sorted(reference.PARTS)


def test_every_screen_with_keys_has_a_title() -> None:
    assert set(reference.SCOPES) == set(get_args(Scope)), "add it to SCOPES in docs/reference.py"


@pytest.mark.parametrize(
    ("action", "scope"),
    [(action, scope) for action in ACTIONS for scope in action.scopes],
    ids=lambda each: str(each)[:30],
)
def test_every_action_stands_with_its_keys_where_it_applies(action: Action, scope: Scope) -> None:
    (row,) = [line for line in section("keys", f"keys-{scope}").splitlines() if line.endswith(f"| `{action.id}` |")]
    keys = reference.KEYS.of(action.id, scope)
    assert keys
    assert row.partition(" | ")[0].count("`") == 2 * len(keys)
    assert f"`{reference.KEYS.first(action.id, scope)}`".replace("|", "\\|") in row


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_option_of_a_command_stands_with_it(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"] if command else ["--help"])
    options = set(re.findall(r"(?<!\S)--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help"}
    own = section("commands", f"command-{command or 'fanfold'}")
    assert not {option for option in options if f"`{option}" not in own + section("commands", "common-options")}
    named = set(re.findall(r"`(--[a-z-]+)", section("commands", "common-options")))
    assert "--version" in named and named - {"--help"} <= options, "it has what every command has"


def test_every_command_has_a_section() -> None:
    assert re.findall(r"^\(command-([a-z]+)\)=$", part("commands"), re.MULTILINE) == ["fanfold", *COMMANDS]


@pytest.mark.parametrize("code", codes().values(), ids=lambda code: code.code)
def test_every_finding_is_told_at_length(code: Any) -> None:
    row = next(line for line in part("findings").splitlines() if line.startswith(f"| [`{code.code}`]"))
    assert f"| {code.severity.value} |" in row
    assert not code.action or f"`{reference.KEYS.first(code.action)}`" in row
    told = section("findings", f"finding-{code.code}")
    for text in (code.cause, *code.what, code.why, code.fix):
        assert reference.as_markdown(text) in told
    assert all(client in told for client in (*code.refused_by, *code.taken_by))
    assert "{key:" not in told


def test_every_presence_has_its_symbol() -> None:
    for presence, symbol in UNICODE.presence.items():
        assert re.search(rf"^\| {re.escape(symbol)} \| . \| {presence} \|", part("presences"), re.MULTILINE)
    assert Presence.CHECKING not in UNICODE.presence


def test_every_word_sample_and_lesson_is_told() -> None:
    assert all(f"(word-{word.name})=" in part("glossary") for word in words())
    assert all(f"`{sample.references[0]}`" in part("gallery") for sample in GALLERY)
    assert part("lessons").count("`fanfold demo ") == len(list(reference.LESSONS.glob("*.toml"))) == 6


def described(schema: Any) -> Iterator[tuple[str, str]]:
    """Every field of a schema with its description, wherever it stands."""
    if isinstance(schema, list):
        for each in schema:
            yield from described(each)
    elif isinstance(schema, dict):
        for name, value in schema.get("properties", {}).items():
            yield name, value.get("description", "")
        for key, value in schema.items():
            if key != "properties":
                yield from described(value)
        for value in schema.get("properties", {}).values():
            yield from described(value)


@pytest.mark.parametrize("path", sorted(reference.SCHEMAS.glob("*.json")), ids=lambda path: path.name)
def test_every_field_of_a_schema_is_told(path: Path) -> None:
    text = part("schemas")
    told = text[text.index(f"(schema-{path.stem})=") :].split("\n## ", 2)[1]
    fields = list(described(json.loads(path.read_text(encoding="utf-8"))))
    assert fields
    for name, words_of_it in fields:
        rows = [line for line in told.splitlines() if re.match(rf"\| `([A-Za-z.\[\]]+\.)?{name}`", line)]
        assert any(reference.as_markdown(words_of_it).replace("|", "\\|") in row for row in rows), name


def test_a_part_that_there_is_none_of_is_an_error() -> None:
    with pytest.raises(KeyError, match="nothing-of-that-name"):
        reference.filled("<!-- reference: nothing-of-that-name -->")


def test_prose_becomes_text_and_code_stays_code() -> None:
    said = reference.as_markdown("`a|b_c` has *two* [x](y), {key:check} and {key:no-such-action}")
    assert said == "`a|b_c` has \\*two\\* \\[x\\](y), `x` and {key:no-such-action}"


# What people wrote


def test_every_setting_is_named() -> None:
    names = {field.name for field in dataclasses.fields(Settings)} - {
        "browser",
        "file",
        "tls_on_loopback",
    }  # no keys of the file
    names |= {field.name for field in dataclasses.fields(HostSettings)}
    block = TEXTS[DOCS / "configuration.md"].split("```toml", 1)[1].split("```", 1)[0]
    assert not {name for name in names if name not in block}


def test_the_two_commands_stand_in_the_readme() -> None:
    text = TEXTS[ROOT / "README.md"]
    assert "\n    python3 -m venv .venv && .venv/bin/pip install -e . && .venv/bin/fanfold demo\n" in text
    assert "\n    python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest\n" in text


def command_lines(page: Path) -> Iterator[str]:
    """The lines of code that call fanfold, without what stands for something."""
    for line in TEXTS[page].splitlines():
        if (found := re.match(r" {4}(?:\.venv/bin/)?(fanfold(?: |$).*)", line)) and "[" not in line:
            yield re.split(r" [>&|]", found[1])[0]
    for inline in re.findall(r"`(fanfold [a-z][^`]*)`", TEXTS[page]):
        if "[" not in inline:
            yield inline


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_command_line_is_one(page: Path) -> None:
    for line in command_lines(page):
        read(shlex.split(line)[1:])  # ends the program where it is wrong


def test_command_lines_are_found() -> None:
    found = [line for page in OURS for line in command_lines(page)]
    assert len(found) > 40
    assert "fanfold create --amend IMAGE IMAGE-arm64 --dry-run" in found
    with pytest.raises(SystemExit):
        read(["check", "--no-such-option"])


@pytest.mark.parametrize("page", OURS, ids=lambda page: page.name)
def test_every_option_that_is_named_is_one(page: Path) -> None:
    root = all_parsers()
    commands = root._subparsers._group_actions[0].choices.values()  # type: ignore[union-attr]
    known = {name for parser in (root, *commands) for action in parser._actions for name in action.option_strings}
    named = set(re.findall(r"`(--[a-z][a-z-]+)", TEXTS[page]))
    assert named <= known


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"^```.*?^```|`[^`\n]*`", "", TEXTS[page], flags=re.MULTILINE | re.DOTALL)
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_inside_the_repository_leads_to_a_file(page: Path) -> None:
    inside = [unquote(urlsplit(link).path) for link in links(page) if not urlsplit(link).scheme]
    lost = [path for path in inside if path and not (page.parent / path).exists()]
    assert not lost
    assert all((page.parent / path).resolve().is_relative_to(ROOT) for path in inside)


def test_every_page_is_named_by_the_readme_or_the_first_page() -> None:
    first = set(links(ROOT / "README.md")) | {f"docs/{link}" for link in links(DOCS / "index.md")}
    assert not {page.name for page in PAGES if page.parent == DOCS and f"docs/{page.name}" not in first} - {
        "index.md",
        "lesson-2.md",  # named by the lessons
    }


# The site

#: A build in which nobody is asked anything.
ALONE = """
import socket, sys
def refuse(*_): raise SystemExit("the build asked somebody")
socket.socket.connect = socket.socket.connect_ex = refuse
socket.getaddrinfo = refuse
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built once, with every warning an error; skipped with a reason where Sphinx is not installed."""
    for name in ("sphinx", "furo", "myst_parser"):
        if os.environ.get("FANFOLD_REQUIRE_PEERS"):
            __import__(name)
        pytest.importorskip(name, reason=f"{name} is not installed (the extra docs)")
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-c", ALONE, "-n", "-W", "--keep-going", "-q", "-d", str(target / "kept"), str(DOCS)]
    done = subprocess.run([*command, str(target / "html")], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return target / "html"


LOADS = {
    ("img", "src"),
    ("script", "src"),
    ("link", "href"),
    ("iframe", "src"),
    ("source", "src"),
    ("object", "data"),
}


class Page(HTMLParser):
    """What a page loads, what it links to, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: set[str] = set()
        self.links: set[str] = set()
        self.anchors: set[str] = set()
        self.text = ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if (tag, name) in LOADS or name in ("srcset", "poster"):
                self.loads.add(value or "")
            elif (tag, name) == ("a", "href"):
                self.links.add(value or "")
            elif name == "id":
                self.anchors.add(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.slow
def test_the_site_opens_from_the_disk(site: Path) -> None:
    """What it loads is beside it, its links lead somewhere, its options are whole; all of it with one build."""
    pages = {path: Page(path) for path in site.rglob("*.html")}
    assert len(pages) > 20
    wrong = []
    for path, page in pages.items():
        for link in page.loads | page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                wrong += [f"{path.name} loads {link}"] if link in page.loads else []
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                wrong.append(f"{path.name}: {link} leads nowhere")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                wrong.append(f"{path.name}: {link} has no such place")
    for path in (*site.rglob("*.css"), *site.rglob("*.svg")):
        for link in re.findall(r"""url\(["']?([^"')]+)|@import\s+["']([^"']+)""", path.read_text(encoding="utf-8")):
            if re.match(r"(https?:)?//", "".join(link)):
                wrong.append(f"{path.name} loads {''.join(link)}")
    assert not wrong, "\n".join(wrong)
    told = next(page.text for path, page in pages.items() if path.name == "commands.html")
    assert "--only-broken" in told and "<!-- reference" not in told
