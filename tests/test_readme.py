"""The README says what is true now: keys, options, commands, settings, codes, symbols, pictures."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from screenshots.make import COMPOSED
from screenshots.pages import PAGES
from screenshots.record import FILM
from screenshots.scenes import SCENES
from tui.app.actions import Action
from tui.app.keys import ACTIONS, Keys
from tui.cli import main
from tui.config import Settings
from tui.explore.cells import UNICODE
from tui.explore.finding import codes
from tui.registry.settings import HostSettings
from tui.sources.presence import Presence

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _table(heading: str) -> str:
    """The first table below a heading."""
    below = README.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    return "\n".join(line for line in below.splitlines() if line.startswith("|"))


def _line_of(text: str) -> int:
    return README[: README.index(text)].count("\n") + 1


def _tokens(text: str) -> set[str]:
    return {code or plain for code, plain in re.findall(r"`([^`]+)`|([^\s|,;`]+)", text)}


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.id)
def test_every_key_is_in_the_table_of_keys(action: Action) -> None:
    if not {"main", "draft", "plan", "push"} & set(action.scopes):
        return  # a dialog's last line names its own keys
    table = _table("Keys" if "main" in action.scopes else "In a draft, its plan and its push")
    key = Keys().all(action.id).split()[0]
    assert key in _tokens(table), f"README.md:{_line_of(table)}: {key} ({action.id}) is in no row of this table"


@pytest.mark.parametrize(
    "command",
    ["", "demo", "tree", "check", "create", "fix", "copy", "tag", "delete", "undo", "serve", "registry", "completion"],
)
def test_every_option_is_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"] if command else ["--help"])
    options = set(re.findall(r"(?<!\S)--[a-z][a-z-]+", capsys.readouterr().out)) - {"--help", "--version"}
    assert options
    assert not {option for option in options if option not in README}


def test_every_setting_is_named() -> None:
    names = {field.name for field in dataclasses.fields(Settings)} - {
        "browser",
        "file",
        "tls_on_loopback",
    }  # no keys of the file
    names |= {field.name for field in dataclasses.fields(HostSettings)}
    block = README.split("``toml", 1)[1].split("``", 1)[0]
    assert not {name for name in names if name not in block}


def test_every_code_is_named_under_its_severity() -> None:
    table = _table("Findings")
    for code, row in codes().items():
        line = next(line for line in table.splitlines() if line.startswith(f"| {row.severity} "))
        assert f"`{code}`" in line, f"README.md:{_line_of(line)}: `{code}` is not named in this row"


def test_every_presence_has_its_symbol() -> None:
    table = _table("What it tells apart")
    for presence, symbol in UNICODE.presence.items():
        assert f"| {symbol} | {presence} |" in table
    assert Presence.CHECKING not in UNICODE.presence


PICTURES = ROOT / "screenshots"


def _referenced() -> set[Path]:
    """Every picture, or folder of pictures, of ours that the README or a page of docs/ names."""
    found: set[Path] = set()
    for page in (ROOT / "README.md", *ROOT.glob("docs/**/*.md")):
        for target in re.findall(r"\]\(([^)\s#]+)\)", page.read_text(encoding="utf-8")):
            path = (page.parent / target).resolve()
            if PICTURES in path.parents:
                found.add(path)
    return found


def _made() -> set[str]:
    """The names below screenshots/ that the scripts write; of a tour its folder."""
    tours = {name.rpartition("-")[0] for name in (scene.name for scene in SCENES if scene.tour)}
    single = {scene.name for scene in SCENES if not scene.tour} | set(COMPOSED)
    return {f"{name}.{kind}" for name in single for kind in ("png", "svg")} | tours | {FILM.name}


def test_every_picture_that_a_page_names_is_there_and_made_by_the_script() -> None:
    pictures = _referenced()
    assert len(pictures) > 5
    assert not [path for path in pictures if not path.exists()], "run: python -m screenshots.make"
    assert not {path.name for path in pictures} - _made()


def test_no_picture_is_left_that_nothing_makes() -> None:
    kept = {path.name for path in PICTURES.iterdir() if path.suffix in (".png", ".svg", ".gif")}
    assert not kept - _made()


def test_every_page_can_be_drawn_by_its_name() -> None:
    names = [scene.name for scene in PAGES]
    assert len(set(names)) == len(names) > 30
    drawn = {
        "start",
        "tree",
        "matrix",
        "layers",
        "tags",
        "config",
        "json",
        "requests",
        "findings",
        "diff",
        "draft",
        "plan",
    }
    assert drawn | {"push", "fixed", "delete", "copy-menu", "help", "glossary", "palette", "lesson", "quit"} <= {*names}
