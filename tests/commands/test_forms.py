"""`fanfold check` in its forms: what goes to stdout and to stderr, colours, what is left out, and the exit status."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support import images
from tests.support.commands import check, run_check, run_tree
from tests.support.fake_source import FakeSource
from tests.support.schemas import hold
from tui.cli import main
from tui.commands import output
from tui.commands import tree as listing
from tui.commands.arguments import FORMS, TREE_FORMS
from tui.commands.output import say
from tui.config import Settings
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.engine import open_engine
from tui.explore.tally import Tally
from tui.formats.forms import open_writer
from tui.formats.text import TextWriter
from tui.formats.writer import Sheet
from tui.registry.page import Page
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.sources.spec import parse_source


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served.start(build_gallery())
    yield served
    served.stop()


Capture = pytest.CaptureFixture[str]


def test_every_form_has_a_writer() -> None:
    writers = [open_writer(form, Sheet()) for form in FORMS]
    assert len({type(writer) for writer in writers}) == len(FORMS)
    assert any(isinstance(writer, TextWriter) for writer in writers)
    for writer in writers:
        list(writer.end(Tally()))


@pytest.mark.parametrize("form", FORMS)
def test_the_exit_status_is_the_same_in_every_form(served: Served, form: str, capsys: Capture) -> None:
    assert run_check(Settings(), [f"{served.address}/library/hello:1"], output=form) == 0
    assert run_check(Settings(), [f"{served.address}/sandbox"], output=form) == 1
    assert run_check(Settings(), [f"{served.address}/gallery/private"], output=form) == 3
    assert capsys.readouterr().out


def test_a_line_for_each_tag_of_a_repository(served: Served, capsys: Capture) -> None:
    assert run_check(Settings(), [f"{served.address}/sandbox"]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert lines[0] == f"{served.address}/sandbox"
    assert [line.split()[:2] for line in lines[1:4]] == [
        ["✗", "0.16-edge"],
        ["✓", "0.16-edge-amd64"],
        ["✓", "0.16-edge-arm64"],
    ]
    assert lines[1].endswith("linux/arm64: 1 layer missing; stale-entry ×2")
    assert len({re.search(r"\d kB", line).end() for line in lines[1:4] if re.search(r"\d kB", line)}) == 1  # type: ignore[union-attr]
    assert lines[4:] == ["", "██▓  2 whole, 1 broken"]
    assert [re.search(r"[\d.]+ kB", line).group() for line in lines[1:4]] == [  # type: ignore[union-attr]
        "128.9 kB",
        "62.9 kB",
        "66.0 kB",
    ], "the sizes that the screen shows, and the table of one image"
    assert err == ""


def test_a_picture_of_an_image_is_whole_however_it_was_named(served: Served, capsys: Capture) -> None:
    """A row of a repository's list is given back only when its report was drawn."""
    assert run_check(Settings(), [f"{served.address}/dockerfun"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert [line.split() for line in out[3:6]] == [
        ["mf", "cf", "1", "2", "size"],
        ["linux/amd64", "✓", "[✗][✗][✗]", "63.7", "kB"],
        ["linux/arm64", "✓", "[✗][✗][✗]", "63.7", "kB"],
    ]


class Guarded(FakeSource):
    """A registry whose repository `secret` lists no tags for us."""

    async def tags(self, repository: str) -> AsyncIterator[Page]:
        if repository == "secret":
            raise SourceError(Presence.DENIED, "The tags of secret may not be listed (401).")
        async for page in super().tags(repository):
            yield page


def test_a_line_for_each_tag_of_a_registry(capsys: Capture) -> None:
    source = Guarded()
    gone = images.image("linux/amd64", seed="gone")
    for repository, tag, image in (
        ("app", "1.0", images.image("linux/amd64")),
        ("app", "2.0", gone),
        ("secret", "1", gone),
        ("web/front", "1", images.image("linux/arm64")),
    ):
        source.put(repository, image, tag)
    source.drop("app", gone.blobs[2].digest)

    async def run() -> int:
        engine = open_engine(Settings())
        engine.inspector.adopt(source)
        async with aclosing(engine):
            return await check(engine, ["fake.test/"], (), "text")

    assert asyncio.run(run()) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines[:5]] == [
        ["fake.test/"],
        ["✓", "app:1.0"],
        ["✗", "app:2.0"],
        ["?", "secret"],
        ["✓", "web/front:1"],
    ]
    assert lines[2].endswith("linux/amd64: 1 layer missing; not-in-this-repository")
    assert lines[3].endswith("The tags of secret may not be listed (401).")
    assert lines[5:] == ["", "██▓░  2 whole, 1 broken, 1 unknown"]
    assert err == ""


def test_quiet_says_what_is_not_whole_and_nothing_else(served: Served, capsys: Capture) -> None:
    assert run_check(Settings(), [f"{served.address}/library/hello:1"], quiet=True) == 0
    assert capsys.readouterr() == ("", "")
    assert run_check(Settings(), [f"{served.address}/sandbox", f"{served.address}/gallery/private"], quiet=True) == 1
    out, err = capsys.readouterr()
    broken, unknown = out.splitlines()
    assert broken == f"✗ {served.address}/sandbox:0.16-edge  linux/arm64: 1 layer missing; stale-entry ×2"
    assert unknown.startswith(f"? {served.address}/gallery/private:latest  Could not check latest")
    assert err == ""


def test_only_what_is_broken_in_every_form(served: Served, capsys: Capture) -> None:
    def said(form: str, name: str = "sandbox") -> str:
        run_check(Settings(), [f"{served.address}/{name}"], output=form, only_broken=True)
        return capsys.readouterr().out

    text = said("text")
    assert "0.16-edge-amd64" not in text and text.endswith("██▓  2 whole, 1 broken\n")
    assert [each["reference"].rpartition(":")[2] for each in json.loads(said("json"))] == ["0.16-edge"]
    assert json.loads(said("json", "library/hello:1")) == []
    assert len(ElementTree.fromstring(said("junit"))) == 1
    assert 'id="image-1"' in said("html") and 'id="image-2"' not in said("html")


def test_colours_are_for_terminals_and_for_those_who_ask(
    served: Served, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{served.address}/sandbox:0.16-edge"
    for variable in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(variable, raising=False)

    def coloured(choice: str = "auto", form: str = "text") -> bool:
        run_check(Settings(), [name], colour=choice, output=form)
        return "\x1b[" in capsys.readouterr().out

    assert not coloured()
    assert coloured("always")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert coloured() and not coloured("never") and not coloured(form="json") and not coloured(form="html")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured() and coloured("always")
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert not coloured()
    monkeypatch.setenv("NO_COLOR", "")
    assert coloured()
    monkeypatch.setenv("TERM", "dumb")
    assert not coloured()


def test_the_tree_in_colour(served: Served, capsys: Capture) -> None:
    name = f"{served.address}/sandbox:0.16-edge"
    assert run_tree(Settings(), [name]) == 1
    plain = capsys.readouterr().out
    assert run_tree(Settings(), [name], colour="always") == 1
    coloured = capsys.readouterr().out
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain
    assert "\x1b[91mlinux/arm64\x1b[0m" in coloured
    assert re.search(r"\x1b\[91mlayer 2 *\x1b\[0m", coloured)
    assert "\x1b[1;91m0.16-edge cannot be pulled on linux/arm64" in coloured


def test_no_line_of_the_tree_is_wider_than_the_terminal(
    served: Served, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert run_tree(Settings(), [f"{served.address}/sandbox:0.16-edge"], colour="never") == 1
    first, *lines = capsys.readouterr().out.splitlines()
    assert "sha256:" in first
    assert max(map(len, lines)) == 60
    assert all(line.endswith("…") for line in lines if "ADD file" in line)


def test_what_a_server_says_is_no_command_of_a_job(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    say("a ##[add-mask]b")
    assert capsys.readouterr().err == "fanfold: a ##[add-mask]b\n"
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    say("a ##[add-mask]b")
    assert "##[" not in capsys.readouterr().err


def test_the_summary_of_a_job_is_appended(
    served: Served, capsys: Capture, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert main(["check", "--format", "github", f"{served.address}/sandbox:0.16-edge"]) == 1
    out, _ = capsys.readouterr()
    assert out.splitlines()[1].startswith("::error title=")
    assert summary.read_text().startswith(f"before\n## {served.address}/sandbox:0.16-edge\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path))
    assert main(["check", "--format", "github", f"{served.address}/sandbox:0.16-edge"]) == 1
    assert "the job's summary could not be written: Is a directory." in capsys.readouterr().err


def test_the_progress_of_many_tags_is_one_line_that_is_wiped(
    served: Served, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "60")
    assert run_check(Settings(), [f"{served.address}/sandbox"]) == 1
    err = capsys.readouterr().err
    assert re.search(r"\r[▘▝▗▖] \d+ of [\d,]+ tags  [\d,]+ objects?  ", err)
    assert "\n" not in err
    assert err.endswith("\r")
    assert max(map(len, err.split("\r"))) <= 59
    blank = "\r" + " " * 59 + "\r"
    assert err.count(blank) == 1, "it is wiped at the end only while results go elsewhere"
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert run_check(Settings(), [f"{served.address}/sandbox"]) == 1
    assert capsys.readouterr().err.endswith(blank)
    assert run_check(Settings(), [f"{served.address}/sandbox"], quiet=True) == 1
    assert capsys.readouterr().err == ""


def test_no_progress_is_drawn_over_what_the_other_end_of_a_pipe_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    there, here = os.pipe()
    with open(there), open(here, "w") as pipe:
        monkeypatch.setattr("sys.stdout", pipe)
        assert not output.shows_progress()
        monkeypatch.setattr("sys.stdout", io.StringIO())
        assert output.shows_progress()


async def test_the_progress_line_of_a_tree_is_wiped_also_when_it_breaks_off(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[bool] = []

    class Line:
        def __init__(self, _engine: object) -> None: ...
        def hide(self) -> None: ...
        def close(self) -> None:
            closed.append(True)

    async def broken(*_: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr(listing, "CheckLine", Line)
    async with aclosing(open_engine(Settings())) as engine:
        monkeypatch.setattr(type(engine), "open", broken)
        with pytest.raises(RuntimeError):
            await listing.tree(engine, [parse_source("127.0.0.1:1/app:1")], None)
    assert closed


def test_the_forms_of_a_tree(served: Served, capsys: Capture) -> None:
    name = f"{served.address}/gallery/missing-layer:latest"
    for form in TREE_FORMS:
        assert run_tree(Settings(), [name, f"{served.address}/library/hello:1"], form=form) == 1
        out = capsys.readouterr().out
        assert "missing" in out and "linux/arm64" in out
        if form == "json":
            made = json.loads(out)
            hold(made, "tree")
            assert [each["complete"] for each in made] == [False, True]
