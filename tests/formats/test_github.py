"""GitHub: annotations that hold what they should, a summary that is taken, and no command of somebody else's."""

from __future__ import annotations

import re

from tests.formats.reports import broken, every, hostile, of, two_platforms, whole, written
from tui.explore.report import exit_status
from tui.explore.tally import Tally
from tui.formats import github
from tui.formats.github import GithubWriter, annotated
from tui.formats.markdown import markdown

_COMMAND = re.compile(r"::(error|warning|notice) title=([^:,\r\n]*)::(.*)")


def unescaped(text: str) -> str:
    for code, mark in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, mark)
    return text


async def test_a_broken_image_is_an_error_with_what_to_do() -> None:
    made = await broken()
    line = next(annotated(made))
    found = _COMMAND.fullmatch(line)
    assert found is not None
    assert (found[1], unescaped(found[2])) == ("error", made.reference)
    message = unescaped(found[3])
    assert message.startswith(made.verdict.sentence)
    assert "missing-blob: Layer 2 of linux/arm64 is missing" in message
    assert "Fix: " in message


async def test_whatever_fails_the_job_is_annotated() -> None:
    for made in await every():
        kinds = [found[1] for line in annotated(made) if (found := _COMMAND.fullmatch(line))]
        assert (kinds[:1] == ["error"]) == (exit_status(made) == 1)
        assert exit_status(made) == 0 or kinds


async def test_a_platform_that_was_expected_is_an_error() -> None:
    source, _ = two_platforms()
    lines = list(annotated(await of(source, expected=("linux/riscv64",))))
    assert lines[0].startswith("::error ")
    assert "Expected linux/riscv64" in lines[0]


async def test_no_line_is_a_command_of_somebody_else() -> None:
    for made in (await hostile(), *await every()):
        text = written("github", [made, made])
        ours = [line for line in text.splitlines() if line.startswith("::")]
        assert all(_COMMAND.fullmatch(line) for line in ours)
        assert "##[" not in text
    assert github._neutral("  ::add-mask::x") == " · ::add-mask::x"


async def test_the_summary_is_the_markdown_of_what_is_broken() -> None:
    writer = GithubWriter()
    made = await broken()
    writer.put(made)
    assert list(writer.end(Tally(0, 1))) == []
    assert writer.summary == markdown(made) + "\n"


async def test_the_summary_of_several_has_a_row_for_each() -> None:
    writer = GithubWriter()
    writer.several = True
    for made in (await whole(), await broken()):
        writer.put(made)
    assert list(writer.end(Tally(1, 1))) == ["1 whole, 1 broken\n"]
    assert writer.summary.startswith("## fanfold check: 1 whole, 1 broken\n")
    assert len(re.findall(r"^\| [✓✗] \| ", writer.summary, re.MULTILINE)) == 2
    assert writer.summary.count("### Presence") == 1


async def test_a_summary_is_never_longer_than_github_takes() -> None:
    writer = GithubWriter()
    writer.several = True
    made = await broken()
    count = github.SUMMARY_LIMIT // len(markdown(made).encode()) + 50
    for _ in range(count):
        writer.put(made)
    list(writer.end(Tally(0, count)))
    assert 900_000 < len(writer.summary.encode()) < 1 << 20
    assert "GitHub takes 1 MiB" in writer.summary
