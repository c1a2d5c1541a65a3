"""Fixtures of the sources: a storage folder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.storage_folder import NAMES
from tui.demo.gallery import build_gallery
from tui.demo.storage_folder import write_storage


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pattern")
    write_storage(build_gallery(), folder, NAMES)
    return folder


@pytest.fixture
def folder(pattern: Path, tmp_path: Path) -> Iterator[Path]:
    """A storage folder; when the test is over it must be as it was before anything read it (see `frozen`)."""
    place = tmp_path / "registry"
    shutil.copytree(pattern, place)
    yield place
