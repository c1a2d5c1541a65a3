"""The man page: made of the parsers, complete, and nothing in it but text and the requests that we write."""

from __future__ import annotations

import re

import pytest

from screenshots.manpage import PAGE, _text, page
from tests.commands.test_completion import COMMANDS, options_of


def plain(text: str) -> str:
    return re.sub(r"\\f[BIR]|\\&", "", text).replace("\\-", "-").replace("\\e", "\\")


def test_it_is_what_the_parsers_say() -> None:
    assert PAGE.read_text(encoding="ascii") == page(), "Run: python -m screenshots.manpage"


@pytest.mark.parametrize("command", ["", *COMMANDS, "completion"])
def test_it_names_each_command_and_its_options(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    said, common = plain(page()).split(".SH OPTIONS\n")
    section = said.split(f".SS {command}\n", 1)[1].split(".SS ", 1)[0] if command else ""
    for option in options_of(command, capsys):
        assert re.search(rf"^\.TP\n(-\w, )?{option}( |$)", section + common, re.MULTILINE), option
    assert f"fanfold {command}".strip() in (section or said)


def test_only_our_requests_are_in_it() -> None:
    lines = page().splitlines()
    assert {line.split()[0] for line in lines if line[:1] in (".", "'")} <= {
        *(".TH", ".SH", ".SS", ".TP", ".PP", ".br", ".nf", ".fi", ".ad", ".nh")
    }
    assert not [line for line in lines if re.search(r"\\(?!f[BIR]|-|&|e|\[u[0-9A-F]{4,6}\])", line)]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (".so /etc/passwd", r"\&.so /etc/passwd"),
        ("'br", r"\&'br"),
        (r"\fB--x", r"\efB\-\-x"),
        ("a…", r"a\[u2026]"),
        ("a\x1bb", r"a\[u001B]b"),
    ],
)
def test_text_is_text(text: str, written: str) -> None:
    assert _text(text) == written
