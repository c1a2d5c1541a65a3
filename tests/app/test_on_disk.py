"""The Summary page of a repository in a storage folder: what the disk says, and how the registry compares."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.app.stage import staged
from tests.support.storage_folder import NAMES, image_of
from tui.demo.gallery import build_gallery
from tui.demo.storage_folder import write_storage
from tui.oci.descriptor import Descriptor
from tui.sources.presence import Observation
from tui.sources.storage import StorageSource
from tui.sources.storage_disk import link_path

pytestmark = pytest.mark.slow

REPOSITORY = "dockerfun/amd64"
LIVE = "Storage folder against the live registry"


class Live(StorageSource):
    """A registry whose answers are an undamaged folder's, and which counts how often it is asked for objects."""

    registry = "live.test"
    asked = 0

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.title = "live.test"

    async def probe(
        self, repository: str, descriptor: Descriptor, *, fresh: bool = False, confirm: bool = True
    ) -> Observation:
        self.asked += 1
        return await super().probe(repository, descriptor, fresh=fresh, confirm=confirm)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_storage(build_gallery(), tmp_path / "disk", NAMES)
    return tmp_path / "disk"


async def test_the_disk_is_surveyed_when_selected_and_compared_when_open(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "live")
    live = Live(tmp_path / "live")
    source = StorageSource(folder)
    layer = (await image_of(source, REPOSITORY, "6b972be0")).layers[0]
    link = link_path(source.path, REPOSITORY, layer.digest, manifest=False)
    link.unlink()
    async with staged(sources=()) as stage:
        main = stage.main
        await stage.until(lambda: main.ready)
        main.explorer.add_repository(live, REPOSITORY)
        row = main.explorer.add_repository(source, REPOSITORY)
        await stage.until(lambda: main.images.children_of(None))
        await main.navigation.highlight(row)
        await stage.until(lambda: f"{layer.digest} cannot be read: in the store" in stage.page, "the survey")
        assert LIVE not in stage.page and live.asked == 0  # going past a row asks the registry for nothing
        await main.explorer.open(row)
        await stage.until(lambda: "answers from memory" in stage.page, "the comparison")
        assert f"{LIVE}: {REPOSITORY} in live.test" in stage.page
        asked = live.asked
        await main.navigation.highlight(main.explorer.roots[0])
        await main.navigation.highlight(row)
        await stage.quiet()
        assert "answers from memory" in stage.page and live.asked == asked  # remembered
        link.write_text(str(layer.digest))
        await stage.press("r")
        await stage.until(lambda: "the same in both" in stage.page, "the comparison after a refresh")
        assert live.asked > asked and "cannot be read" not in stage.page
