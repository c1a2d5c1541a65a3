"""The table of the benchmarks: every benchmark is in it, what did not run is no pass, their page has a place for it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.benchmarks import all as every
from tests.benchmarks.table import Row, markdown, text


class Process:
    """A benchmark that was started."""

    pid = 4_000_000

    def __init__(self, status: int, said: str, wrong: str, *, late: bool = False) -> None:
        self.returncode, self.said, self.late = status, (said, wrong), late

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        if self.late and timeout is not None:
            raise subprocess.TimeoutExpired("deep", timeout)
        return self.said


def test_every_benchmark_is_in_the_table() -> None:
    folder = Path(every.__file__).parent
    with_rows = {path.stem for path in folder.glob("*.py") if "\ndef rows(" in path.read_text()}
    assert with_rows == set(every.NAMES)
    for path in folder.glob("*.py"):
        assert "-m tui" not in path.read_text() or "own_home" in path.read_text(), f"{path.name} uses a user's cache"


def test_what_did_not_run_is_no_pass() -> None:
    assert Row("a", why="crane is not on PATH").failed and Row("a", bar="1x", met=False).failed
    assert not Row("a", met=True).failed and not Row("a").failed
    assert text([Row("a", why="no | crane")]).endswith("did not run: no | crane")
    assert markdown([Row("a", why="no | crane")]).endswith("| did not run: no \\| crane |")


@pytest.mark.parametrize(
    ("status", "said", "wrong", "expected"),
    [
        (0, [Row("a", met=True)], "", [Row("a", met=True)]),
        (1, [Row("a", met=True)], "Boom\nNameError: x", [Row("a", met=True), Row("deep", why="NameError: x")]),
        (0, [], "", [Row("deep", why="it gave nothing")]),
    ],
)
def test_a_benchmark_that_fails_says_why(
    status: int, said: list[Row], wrong: str, expected: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = "".join(json.dumps(vars(row)) + "\n" for row in said)
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: Process(status, lines, wrong))
    assert list(every.run("deep", 5)) == expected


def test_one_that_takes_too_long_keeps_what_it_gave(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    lines = json.dumps(vars(Row("a", met=True))) + "\n"
    monkeypatch.setattr(subprocess, "Popen", lambda *_, **__: Process(-9, lines, "", late=True))
    monkeypatch.setattr(os, "killpg", lambda group, _: killed.append(group))
    kept, reason = every.run("deep", 5)
    assert kept == Row("a", met=True) and reason.failed and "300 s" in reason.why
    assert killed == [Process.pid], "its servers are left over"


def test_their_pages_have_a_place_for_the_table(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"before\n{every.BEGIN}\nold\n{every.END}\nafter\n")
    every.into_page(page, "new")
    assert page.read_text() == f"before\n{every.BEGIN}\nnew\n{every.END}\nafter\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="marks"):
        every.into_page(page, "new")
    for held in (every.PAGE.read_text(), every.README.read_text()):
        assert every.BEGIN in held and every.END in held
