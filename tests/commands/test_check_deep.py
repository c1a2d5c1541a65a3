"""`fanfold check --deep` and `--fast`, from the command line to the report."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.sources.test_layout import files_of, folder
from tests.support import images
from tests.support.fake_source import FakeSource
from tui import cli
from tui.commands import output, progress
from tui.config import Settings
from tui.engine import open_engine
from tui.explore.explorer import Explorer
from tui.explore.tree import CheckProgress
from tui.text import width


@pytest.fixture
def spoiled(tmp_path: Path) -> Path:
    """A layout with a layer one byte of which is flipped."""
    image = images.image()
    files = files_of(image)
    part = image.blobs[2]
    files[f"blobs/sha256/{part.digest.encoded}"] = part.data[:-1] + bytes([part.data[-1] ^ 1])
    return folder(tmp_path, files)


def test_what_lies_on_disk_is_hashed_unless_it_has_to_be_fast(
    spoiled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["check", f"oci:{spoiled}"]) == 1
    text = capsys.readouterr().out
    assert "digest-mismatch" in text and "3 hashed, 1 mismatched" in text
    assert cli.main(["check", "--fast", f"oci:{spoiled}"]) == 0
    assert "4 present" in capsys.readouterr().out
    assert cli.main(["check", "--deep", "--json", f"oci:{spoiled}"]) == 1
    made = json.loads(capsys.readouterr().out)
    assert made["counts"]["hashed"] == 3
    assert [part["presence"] for part in made["objects"]] == ["hashed", "hashed", "hashed", "mismatched"]


def test_deep_and_fast_exclude_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(["check", "--deep", "--fast", "oci:x"])
    assert caught.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_ascii_has_a_symbol_for_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = folder(tmp_path, files_of(images.image()))
    assert cli.main(["check", "--markdown", "--ascii", f"oci:{place}"]) == 0
    assert "# present, read and hashed" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
@pytest.mark.parametrize("tag", ["latest", "a-very-long-tag-" * 7], ids=["short", "long"])
async def test_bytes_and_time_stay_in_the_line_of_progress(
    columns: int, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "terminal_width", lambda stream: columns)
    node = Explorer().add_selector(FakeSource(), "app", tag)
    far = "57 of 127 objects, 16.5 MB of 38.6 MB, 2.8 s left"
    engine = open_engine(Settings())
    line = progress.CheckLine(engine)
    text = line.words(CheckProgress(node, 57, 127, True, lambda: far), time.monotonic() + 83)
    assert text.startswith("checking ")
    if columns > 70:
        assert far in text and width(text) <= output.progress_cells() - 2
    assert ("1:23" in text) is (tag == "latest" and columns >= 80)
    assert ("req/s" in text) is (tag == "latest" and columns >= 120)
    await engine.aclose()
