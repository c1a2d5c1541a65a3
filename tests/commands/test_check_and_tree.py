"""`fanfold check` and `fanfold tree` against the embedded registry: what is printed, where, and the exit status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import run_check, run_tree
from tui.cli import main
from tui.config import Settings
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.platform import Platform


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served.start(build_gallery())
    yield served
    served.stop()


Capture = pytest.CaptureFixture[str]


def test_check_names_what_is_missing_and_why(served: Served, capsys: Capture) -> None:
    status = run_check(Settings(), [f"{served.address}/sandbox:0.16-edge"])
    out, err = capsys.readouterr()
    assert status == 1
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == f"{served.address}/sandbox:0.16-edge"
    (gone,) = [place for place, line in enumerate(lines) if line.startswith("✗ missing ")]
    assert "layer 2 of linux/arm64" in lines[gone]
    assert "404 BLOB_UNKNOWN" in lines[gone]
    assert lines[gone + 1].strip().startswith("sha256:")
    assert any("stale-entry" in line for line in lines)
    assert "to locate what is missing or moved" in out
    assert lines[-1].strip().startswith("0.16-edge cannot be pulled on linux/arm64: 1 layer is missing.")


def test_check_of_what_is_well_is_short(served: Served, capsys: Capture) -> None:
    assert run_check(Settings(), [f"{served.address}/library/hello"]) == 0
    out, _ = capsys.readouterr()
    assert out.count("✓") == 5 * 6
    assert out.splitlines()[-2:] == [
        "42 objects: 42 present; 42 requests",
        "latest can be pulled on all 5 platforms.",
    ]


def test_json_is_one_object_or_an_array(served: Served, capsys: Capture) -> None:
    name = f"{served.address}/gallery/missing-layer:latest"
    assert run_check(Settings(), [name], output="json") == 1
    one = json.loads(capsys.readouterr().out)
    assert one["reference"] == name
    assert run_check(Settings(), [f"{served.address}/library/hello:1", name], output="json") == 1
    two = json.loads(capsys.readouterr().out)
    assert [document["complete"] for document in two] == [True, False]


def test_markdown(served: Served, capsys: Capture) -> None:
    assert run_check(Settings(), [f"{served.address}/gallery/missing-layer"], output="markdown") == 1
    out = capsys.readouterr().out
    assert out.startswith("## ")
    assert "| linux/arm64 | ✓ | ✓ |" in out


def test_a_platform_alone(served: Served, capsys: Capture) -> None:
    name = f"{served.address}/gallery/missing-layer:latest"
    assert run_check(Settings(), [name], platforms=[Platform.parse("amd64")]) == 0
    assert run_check(Settings(), [name], platforms=[Platform.parse("linux/arm64")]) == 1
    assert run_check(Settings(), [name], platforms=[Platform.parse("linux/riscv64")]) == 1
    assert "latest has no image for linux/riscv64." in capsys.readouterr().out


def test_the_worst_status_of_several_wins(served: Served, capsys: Capture) -> None:
    missing, denied = (f"{served.address}/gallery/{name}" for name in ("missing-layer", "private"))
    assert run_check(Settings(), [denied]) == 3
    assert run_check(Settings(), [denied, missing, f"{served.address}/library/hello"]) == 1
    assert capsys.readouterr().err == ""


def test_a_repository_without_latest_is_checked_tag_by_tag(served: Served, capsys: Capture) -> None:
    assert run_check(Settings(), [f"{served.address}/sandbox"], output="json") == 1
    found = json.loads(capsys.readouterr().out)
    assert [document["reference"].rpartition(":")[2] for document in found] == [
        "0.16-edge",
        "0.16-edge-amd64",
        "0.16-edge-arm64",
    ]


def test_with_a_slash_behind_it_a_repository_is_all_of_its_tags(served: Served, capsys: Capture) -> None:
    name = f"{served.address}/library/hello"
    assert run_check(Settings(), [name]) == 0
    assert f"{name}:latest\n" in capsys.readouterr().out
    assert run_check(Settings(), [f"{name}/"]) == 0
    title, *lines, _, summary = capsys.readouterr().out.splitlines()
    assert title == name and {line.split()[1] for line in lines} == {"latest", "1", "1.0", "1.1"}
    assert summary.endswith("4 whole")


def test_a_tag_that_is_not_there(served: Served, capsys: Capture) -> None:
    assert run_check(Settings(), [f"{served.address}/library/hello:nope"]) == 1
    assert "Tag not found: library/hello:nope" in capsys.readouterr().out


def test_a_place_that_is_not_there_is_reported_like_the_others(served: Served, capsys: Capture, tmp_path: Path) -> None:
    status = run_check(Settings(), [f"oci:{tmp_path}/none:1", f"{served.address}/library/hello:1"], output="json")
    found = json.loads(capsys.readouterr().out)
    assert status == 3
    assert [document["complete"] for document in found] == [False, True]
    assert "cannot be read" in found[0]["verdict"]


@pytest.mark.parametrize("kind", ["oci", "oci-archive", "docker-archive", "storage"])
def test_a_path_that_is_not_there_is_called_so_whatever_was_expected_in_it(
    kind: str, capsys: Capture, tmp_path: Path
) -> None:
    assert run_check(Settings(), [f"{kind}:{tmp_path}/none"]) == 3
    assert f"{tmp_path}/none cannot be read: No such file or directory." in capsys.readouterr().out


def test_a_folder_that_holds_something_else_is_not_a_missing_image(capsys: Capture, tmp_path: Path) -> None:
    for kind in ("oci", "storage"):
        assert run_check(Settings(), [f"{kind}:{tmp_path}"]) == 3
    assert "missing-manifest" not in capsys.readouterr().out


def test_the_tree_of_an_image(served: Served, capsys: Capture) -> None:
    assert run_tree(Settings(), [f"{served.address}/sandbox:0.16-edge"]) == 1
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert err == ""
    assert lines[0].startswith(f"{served.address}/sandbox:0.16-edge@sha256:")
    assert lines[1].startswith("├── linux/amd64 ")
    assert "✓ 3/3" in lines[1]
    assert "│   ├── config " in lines[2]
    assert "✗ 2/3" in next(line for line in lines if "└── linux/arm64" in line)
    assert "✗ missing" in next(line for line in lines if "    └── layer 2" in line)


def test_the_tree_in_ascii_is_ascii(served: Served, capsys: Capture) -> None:
    run_tree(Settings(ascii=True), [f"{served.address}/library/hello:latest"])
    out = capsys.readouterr().out
    assert out.isascii()
    assert "|-- linux/amd64" in out


def test_the_tree_of_a_repository_and_of_a_registry(served: Served, capsys: Capture) -> None:
    assert run_tree(Settings(), [f"{served.address}/library/hello", f"{served.address}/"]) == 0
    out = capsys.readouterr().out
    assert "├── 1.0" in out
    assert "├── library/hello" in out


def test_the_tree_of_a_layout_with_a_hole(tmp_path: Path, capsys: Capture) -> None:
    """What lies on disk is checked whole, so its status says what was found."""
    config = Descriptor(media.OCI_CONFIG, Digest.of(b"{}"), 2).to_document()
    raw = json.dumps({"schemaVersion": 2, "mediaType": media.OCI_MANIFEST, "config": config, "layers": []}).encode()
    manifest = Descriptor(media.OCI_MANIFEST, Digest.of(raw), len(raw)).to_document()
    (tmp_path / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (tmp_path / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [manifest]}))
    blobs = tmp_path / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    (blobs / Digest.of(raw).encoded).write_bytes(raw)
    assert run_tree(Settings(), [f"oci:{tmp_path}"]) == 1
    (blobs / Digest.of(b"{}").encoded).write_bytes(b"{}")
    assert run_tree(Settings(), [f"oci:{tmp_path}"]) == 0
    assert "✗" in capsys.readouterr().out


def test_the_depth_of_the_tree(served: Served, capsys: Capture) -> None:
    run_tree(Settings(), [f"{served.address}/library/hello:latest"], depth=1)
    out = capsys.readouterr().out
    assert "linux/amd64" in out
    assert "config" not in out


def test_the_depth_is_an_option(served: Served, capsys: Capture) -> None:
    assert main(["tree", "--depth", "1", f"{served.address}/library/hello:latest"]) == 0
    assert "config" not in capsys.readouterr().out


def test_hostile_names_reach_no_terminal(served: Served, capsys: Capture) -> None:
    name = f"{served.address}/gallery/hostile:latest"
    run_tree(Settings(), [name])
    for output in ("text", "markdown", "json"):
        run_check(Settings(), [name], output=output)
    out = capsys.readouterr().out
    assert all(mark.isprintable() or mark == "\n" for mark in out)


def test_progress_is_for_somebody_who_looks(served: Served, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run_check(Settings(), [f"{served.address}/gallery/many-platforms"]) == 0
    out, err = capsys.readouterr()
    assert "checking latest: " in err
    assert err.endswith("\r")
    assert "checking" not in out
