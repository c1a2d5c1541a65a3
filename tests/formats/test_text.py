"""Text: the matrix, columns, colours, and lines of a list."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.formats.reports import broken, every, hostile, of, two_platforms, whole, written
from tests.support import images
from tests.support.fake_source import FakeSource
from tui.explore.report import exit_status
from tui.explore.tally import Tally
from tui.formats.forms import open_writer
from tui.formats.writer import Sheet
from tui.text import width

_SGR = re.compile(r"\x1b\[[0-9;]*m")


async def test_the_matrix_of_a_broken_image() -> None:
    lines = written("text", [await broken()]).splitlines()
    assert lines[0] == "fake.test/app:1"
    head = next(place for place, line in enumerate(lines) if " mf cf " in line)
    assert lines[head] == "             mf cf  1  2  att      size"
    assert re.fullmatch(r"linux/amd64  ✓  ✓  ✓  ✓ {10}\d+ B", lines[head + 1])
    assert re.fullmatch(r"linux/arm64  ✓  ✓  ✓ \[✗\]  ✓ {6}\d+ B", lines[head + 2])
    assert lines[-1].startswith("The tag 1 cannot be pulled on linux/arm64: 1 layer is missing.")


async def test_on_a_terminal_the_heads_of_one_matrix_are_explained() -> None:
    made, said = await broken(), "mf manifest   cf config   att attestations"
    lines = written("text", [made], Sheet(width=80)).splitlines()
    assert lines[next(place for place, line in enumerate(lines) if line.startswith("linux/arm64")) + 1] == said
    assert said not in written("text", [made], Sheet(width=len(said) - 1))
    for text in (written("text", [made, made], Sheet(width=80)), written("text", [made]), written("plain", [made])):
        assert "cf config" not in text


async def test_long_names_of_platforms_leave_room_for_what_is_said_of_them() -> None:
    source, made = FakeSource(), [images.image(f"linux/{letter * 200}") for letter in "abcd"]
    source.put("app", images.index(*made), "1")
    for each in made:
        source.drop("app", each.blobs[2].digest)
    report = await of(source)
    assert len(report.verdict.sentence) < 350 and "1 layer is missing" in report.verdict.sentence
    assert all(len(finding.message) < 150 for finding in report.findings)


async def test_what_is_missing_is_named_whole() -> None:
    text = written("text", [await broken()])
    assert re.search(r"^✗ missing +layer 2 of linux/arm64  \d+ B", text, re.MULTILINE)
    assert re.search(r"^ +sha256:[0-9a-f]{64}$", text, re.MULTILINE)


async def test_a_fix_is_said_once_for_all_of_its_code() -> None:
    made = await broken()
    finding = next(each for each in made.findings if each.code == "missing-blob")
    other = replace(finding, digest=None, message="Another one.")
    text = written("text", [replace(made, findings=(finding, other))])
    assert text.count("Fix: ") == 1
    assert "Another one." in text


@pytest.mark.parametrize("form", ["text", "plain", "markdown", "html", "github"])
async def test_the_command_that_fixes_it_can_be_copied_from_what_people_read(form: str) -> None:
    made = await broken()
    command = f"fanfold create --amend host/app:1 {' '.join(f'host/app:1-{name}' for name in 'abcdefghijklmnopqrs')}"
    text = written(form, [replace(made, findings=(replace(made.findings[0], command=command),))], Sheet(width=60))
    assert command in text


async def test_what_an_object_s_line_said_is_not_said_again() -> None:
    made = await broken()
    (finding,) = [each for each in made.findings if each.code == "missing-blob"]
    text = written("text", [made])
    assert finding.message not in text and "✗ missing-blob\n  Fix: " in text
    assert text.count(str(finding.digest)[:19]) == 1


@pytest.mark.parametrize("columns", [60, 80, 120])
async def test_no_line_is_wider_than_the_terminal_but_a_name(columns: int) -> None:
    for made in await every():
        for line in written("text", [made], Sheet(width=columns)).splitlines():
            longest = max(map(width, line.split()), default=0)
            assert width(line) <= max(columns, longest + 16), line


async def test_colours_change_nothing_but_colours() -> None:
    for made in await every():
        plain, coloured = (written("text", [made], Sheet(colour=colour)) for colour in (False, True))
        assert "\x1b" not in plain
        stripped = "\n".join(line.rstrip() for line in _SGR.sub("", coloured).splitlines())
        assert stripped == plain.rstrip("\n").replace("[✗]", " ✗ ").replace("[≠]", " ≠ ")
        assert not re.search(r"\x1b(?!\[[0-9;]*m)", coloured)


async def test_a_fault_is_filled_and_its_row_red() -> None:
    text = written("text", [await broken()], Sheet(colour=True))
    assert "\x1b[91mlinux/arm64 \x1b[0m" in text
    assert "\x1b[1;7;91m ✗ \x1b[0m" in text


async def test_ascii_is_ascii() -> None:
    assert written("text", await every(), Sheet(ascii_only=True)).isascii()


async def test_where_there_is_no_room_layers_are_counted() -> None:
    made = await broken()
    text = written("text", [made], Sheet(width=32))
    assert "✓1 ✗1" in text


async def test_tags_have_a_line_each_and_a_strip_at_the_end() -> None:
    writer = open_writer("text", Sheet())
    writer.several = True
    tally = Tally()
    parts = [writer.group("host/app", ["1.0", "nightly"])]
    for tag, made in (("1.0", await whole()), ("nightly", await broken())):
        tally.add(exit_status(made))
        parts.append(writer.put(made, tag=tag))
    lines = "".join([*parts, *writer.end(tally)]).splitlines()
    assert lines[0] == "host/app"
    assert re.fullmatch(r"✓ 1\.0      2 platforms +\d+\.\d kB", lines[1])
    assert re.fullmatch(r"✗ nightly  2 platforms +\d+\.\d kB  linux/arm64: 1 layer missing", lines[2])
    assert lines[3:] == ["", "█▓  1 whole, 1 broken"]


async def test_a_line_says_which_expected_platform_is_not_there() -> None:
    source, arm = two_platforms()
    source.drop("app", arm.blobs[2].digest)
    text = written("text", [await of(source, expected=("linux/riscv64",))], Sheet(quiet=True))
    assert text == "✗ fake.test/app:1  linux/arm64: 1 layer missing; linux/riscv64: expected, not found\n"


async def test_quiet_says_only_what_is_not_whole() -> None:
    assert written("text", [await whole()], Sheet(quiet=True)) == ""
    text = written("text", [await whole(), await broken()], Sheet(quiet=True))
    assert text == "✗ fake.test/app:1  linux/arm64: 1 layer missing\n"


async def test_what_a_registry_says_is_no_line_of_its_own() -> None:
    made = await hostile()
    text = written("text", [made])
    assert not [line for line in text.splitlines() if line.startswith("::")]
