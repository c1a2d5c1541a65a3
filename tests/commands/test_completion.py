"""`fanfold completion`: every command and option is completed, and bash does it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tui.cli import main
from tui.commands.arguments import SHELLS
from tui.commands.completion import script

# By hand: what is made of the parsers is not compared with the parsers.
COMMANDS = ("demo", "tree", "check", "create", "fix", "copy", "tag", "delete", "undo", "serve", "registry")


def options_of(command: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The long options that the help of a command names."""
    with pytest.raises(SystemExit):
        main([command, "--help"] if command else ["--help"])
    return set(re.findall(r"^  (?:-\w, )?(--[a-z][a-z-]+)", capsys.readouterr().out, re.MULTILINE))


@pytest.mark.parametrize("shell", SHELLS)
def test_each_command_and_its_options_are_completed(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = script(shell)
    for command in (*COMMANDS, "completion"):
        options = options_of(command, capsys)
        assert {"--ca", "--help"} < options
        if shell == "fish":
            lines = [line for line in text.splitlines() if f"_using {command}'" in line]
            missing = {option for option in options if not any(f" -l {option[2:]} " in f"{line} " for line in lines)}
        else:
            name = f"_shtab_fanfold_{command}_option{'_strings' if shell == 'bash' else 's'}"
            block = text.split(f"{name}=(", 1)[1].split("\n)" if shell == "zsh" else ")", 1)[0]
            missing = {option for option in options if not re.search(rf"{option}(?![a-z-])", block)}
        assert not missing, command


def test_it_is_printed_and_needs_one_shell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "bash"]) == 0
    assert capsys.readouterr().out == script("bash")
    for wrong in ([], ["csh"], ["bash", "zsh"]):
        with pytest.raises(SystemExit) as caught:
            main(["completion", *wrong])
        assert caught.value.code == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "Name one shell: bash, zsh, fish." in captured.err


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    with pytest.raises(SystemExit) as caught:
        main(["completion", "bash"])
    assert caught.value.code == 2
    assert f"{sys.executable} -m pip install shtab" in capsys.readouterr().err


_ASK = """
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _shtab_fanfold; echo "${COMPREPLY[*]}"; }
ask fanfold ''
ask fanfold --ascii ch
ask fanfold check --f
ask fanfold check --format s
ask fanfold create --type ''
ask fanfold completion ''
ask fanfold check --config there
"""


@pytest.mark.slow
def test_bash_completes(tmp_path: Path) -> None:
    (tmp_path / "there.toml").touch()
    made = subprocess.run(
        ["bash", "--norc", "-c", script("bash") + _ASK], cwd=tmp_path, capture_output=True, text=True, timeout=20
    )
    assert (made.stderr, made.returncode) == ("", 0)
    assert made.stdout.splitlines() == [
        " ".join((*COMMANDS, "completion")),
        "check",
        "--fast --format",
        "sarif",
        "oci docker",
        "bash zsh fish",
        "there.toml",
    ]
