"""`fanfold check` of a storage folder: what is not in order on the disk, and how the running registry compares."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import run_check
from tests.support.storage_folder import NAMES, image_of, root_of
from tui.config import Settings
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.demo.storage_folder import write_storage
from tui.sources.storage import StorageSource
from tui.sources.storage_disk import link_path

Capture = pytest.CaptureFixture[str]
AGAINST = "storage folder against the live registry"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served.start(build_gallery())
    yield served
    served.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_storage(build_gallery(), tmp_path, NAMES)
    return tmp_path


async def unlinked(folder: Path) -> str:
    """Take the link of a layer of dockerfun/amd64 away; the bytes stay. Its digest."""
    source = StorageSource(folder)
    layer = (await image_of(source, "dockerfun/amd64", "6b972be0")).layers[0]
    link_path(source.path, "dockerfun/amd64", layer.digest, manifest=False).unlink()
    return str(layer.digest)


def sections(out: str) -> dict[str, list[str]]:
    """The parts after the reports, by their titles."""
    parts = [part.splitlines() for part in out.strip().split("\n\n") if part.startswith("storage folder")]
    return {part[0]: [line.strip() for line in part[1:]] for part in parts}


def test_both_are_compared_and_agree(served: Served, folder: Path, capsys: Capture) -> None:
    run_check(Settings(), [f"storage:{folder}", f"{served.address}/library/hello:latest"])
    found = sections(capsys.readouterr().out)
    title = f"{AGAINST}: library/hello in {served.address}"
    assert [name for name in found if name.startswith(AGAINST)] == [title]
    assert len(found[title]) == 1 and found[title][0].endswith("tags and objects, the same in both.")


def test_what_only_the_registry_still_serves(served: Served, folder: Path, capsys: Capture) -> None:
    digest = asyncio.run(unlinked(folder))
    sources = [f"storage:{folder}", f"{served.address}/dockerfun/amd64:6b972be0"]
    assert run_check(Settings(), sources) == 1
    found = sections(capsys.readouterr().out)
    lines = found[f"{AGAINST}: dockerfun/amd64 in {served.address}"]
    assert "are the same in both" in lines[0]
    assert len(lines) == 2 and lines[1].startswith(f"blob {digest}: ") and "answers from memory" in lines[1]
    assert any(f"{digest} cannot be read: in the store" in line for line in found["storage folder: dockerfun/amd64"])

    run_check(Settings(), sources, output="markdown")
    out = capsys.readouterr().out
    assert f"### {AGAINST}: dockerfun/amd64 in {served.address}\n\n- " in out
    assert f"- blob {digest}: Present by the registry, missing on disk" in out


def test_a_folder_alone_says_only_what_is_not_in_order(folder: Path, capsys: Capture) -> None:
    link = root_of(folder) / "repositories/dockerfun/amd64/_manifests/tags/6b972be0"
    (link / "current/link").unlink()
    (link / "current").rmdir()
    run_check(Settings(), [f"storage:{folder}"])
    found = sections(capsys.readouterr().out)
    assert "storage folder: dockerfun/arm64" not in found and not any(AGAINST in title for title in found)
    assert any("which is not readable" in line for line in found["storage folder: dockerfun/amd64"])


def test_a_registry_that_does_not_answer_is_said_once(folder: Path, capsys: Capture) -> None:
    gone = Served.start(build_gallery())
    gone.stop()
    run_check(Settings(), [f"storage:{folder}", f"{gone.address}/library/hello:latest"])
    lines = sections(capsys.readouterr().out)[f"{AGAINST}: library/hello in {gone.address}"]
    assert lines[0].startswith("0 of ") and len(lines) < 5
    assert all("not compared: No usable answer from the registry" in line for line in lines[1:])


def test_json_keeps_its_shape(served: Served, folder: Path, capsys: Capture) -> None:
    run_check(Settings(), [f"storage:{folder}", f"{served.address}/library/hello:latest"], output="json")
    documents = json.loads(capsys.readouterr().out)
    assert {frozenset(document) for document in documents} == {frozenset(documents[-1])}
    assert not any("storage folder" in key for key in documents[-1])
