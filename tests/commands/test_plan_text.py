"""Plans and pushes on the command line: columns and symbols, colours and a line of status where somebody looks."""

from __future__ import annotations

import io
import re
import sys

import pytest

from tests.app.test_write_pages import plan as made
from tui.commands.plan_text import plan_text
from tui.commands.writing import Console, Progress
from tui.compose.events import BytesMoved, StepDone, StepFailed
from tui.compose.plan import How, Plan
from tui.formats.writer import Sheet
from tui.text import width

ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def rows_of(text: str, heading: str) -> list[str]:
    """The lines below a heading, up to the next blank one."""
    below = text.partition(f"\n{heading}")[2].partition("\n")[2]
    return below.partition("\n\n")[0].splitlines()


def test_each_object_has_its_symbol_and_the_columns_line_up() -> None:
    plan = made()
    rows = rows_of(plan_text(plan, Sheet()), "Objects")
    assert len(rows) == len(plan.objects)
    marks = {How.PRESENT: "✓", How.NOWHERE: "✗", How.WRONG: "≠", How.UNKNOWN: "·", How.FOREIGN: "↗"}
    for row, each in zip(rows, plan.objects, strict=True):
        assert row.startswith(f"  {marks.get(each.how, '+')} {each.how}")
    assert len({row.index(each.digest.short) for row, each in zip(rows, plan.objects, strict=True)}) == 1
    assert len({row.index("  from ") for row in rows if "  from " in row}) <= 1


def test_the_words_are_those_of_the_screen() -> None:
    text = plan_text(made(), Sheet())
    assert "  current     " in text and "  after push  " in text
    assert "Blocked" in text and "Stops it" not in text and "To know" not in text


def test_what_a_mount_is_stands_below_the_steps_that_mount() -> None:
    text = plan_text(made(), Sheet(width=60))
    assert "A mount links a blob" in text.partition("\nSteps")[2]
    assert "A mount" not in plan_text(made(steps=made().steps[1:]), Sheet())


def test_without_colours_no_escape_and_in_ascii_nothing_else() -> None:
    plan = made()
    assert not ESCAPE.search(plan_text(plan, Sheet()))
    assert plan_text(plan, Sheet(ascii_only=True)).isascii()
    painted = plan_text(plan, Sheet(colour=True))
    assert ESCAPE.search(painted) and ESCAPE.sub("", painted).split() == plan_text(plan, Sheet()).split()


def test_on_a_terminal_columns_are_cut_and_digests_are_not() -> None:
    plan = made()
    text = plan_text(plan, Sheet(width=60))
    assert all(width(row) <= 60 for row in rows_of(text, "Objects"))
    assert str(plan.digest) in text and str(plan.before) in text


def events(plan: Plan) -> list[StepDone | StepFailed | BytesMoved]:
    first, last = plan.steps[0], plan.steps[-1]
    return [BytesMoved(first, 500, 1000), StepDone(first, "copied"), StepFailed(last, "No answer.")]


def test_steps_on_a_terminal_have_marks_and_a_line_that_goes_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stderr", stream := Terminal())
    plan, console = made(problems=()), Console()
    progress = Progress(console, (plan,))
    for event in events(plan):
        progress(event)
    console.line.hide()
    text = ESCAPE.sub("", stream.getvalue())
    total = len(plan.steps)
    assert f"0 of {total} step" in text and f"1 of {total} step" in text
    assert "✓   1. " in text and ": copied\n" in text and "✗ " in text and ": No answer.\n" in text
    assert not text.rpartition("\n")[2].split("\r")[-2].strip(), "the line is wiped"


def test_steps_in_a_pipe_are_lines_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", stream := io.StringIO())
    plan, console = made(problems=()), Console()
    progress = Progress(console, (plan,))
    console.planning("reading")
    for event in events(plan):
        progress(event)
    console.line.hide()
    first, last = plan.steps[0], plan.steps[-1]
    assert stream.getvalue().splitlines() == [
        f"{first.number:>3}. {first.title}: copied",
        f"{last.number:>3}. {last.title}: No answer.",
    ]
