"""The storage folder as a whole: surveyed, compared with a live registry, and hostile."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support.storage_folder import image_of, names, picture, tags
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.sources.storage import StorageSource
from tui.sources.storage_disk import blob_path, link_path, tag_link_path
from tui.sources.storage_survey import compare_with, survey

# Survey and comparison


async def test_the_survey_of_a_right_repository(folder: Path) -> None:
    found = await survey(StorageSource(folder), "dockerfun/amd64")
    assert [tag.name for tag in found.tags] == ["6b972be0"] and found.tags[0].readable
    assert found.unnamed == found.dangling == () and found.holes == ()


async def test_the_survey_names_every_trouble_and_the_history(folder: Path) -> None:
    source = StorageSource(folder)
    new = await source.manifest("sandbox", "0.16-edge-amd64")
    old = await source.manifest("sandbox", "0.16-edge")
    # A tag that was moved: distribution keeps what it was
    tag_link_path(source.path, "sandbox", "0.16-edge").write_text(str(new.digest))
    history = source.path / f"repositories/sandbox/_manifests/tags/0.16-edge/index/sha256/{new.digest.encoded}/link"
    history.parent.mkdir(parents=True)
    history.write_text(str(new.digest))
    found = await survey(source, "sandbox")
    assert found.unnamed == (old.digest,)
    assert len(found.holes) == 1 and found.holes[0][1].startswith("gone")
    edge = next(tag for tag in found.tags if tag.name == "0.16-edge")
    assert edge.digest == new.digest
    assert dict(edge.history) == {old.digest: True, new.digest: True}
    shutil.rmtree(blob_path(source.path, new.digest).parent)
    found = await survey(source, "sandbox")
    assert new.digest in found.dangling
    text = "\n".join(found.lines())
    for words in ("is not readable", "dangles", "no index names it", "pointed elsewhere before"):
        assert words in text


async def test_compared_with_itself_everything_agrees(folder: Path) -> None:
    rows = await compare_with(StorageSource(folder), StorageSource(folder), "sandbox")
    assert len(rows) > 10 and all(row.agrees for row in rows)


async def test_compared_with_a_registry_that_remembers_too_much(folder: Path, pattern: Path) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    link_path(source.path, "dockerfun/amd64", image.layers[0].digest, manifest=False).unlink()
    rows = await compare_with(source, StorageSource(pattern), "dockerfun/amd64")
    wrong = [row for row in rows if not row.agrees]
    assert [row.digest for row in wrong] == [image.layers[0].digest]
    assert "answers from memory" in wrong[0].meaning
    rows = await compare_with(StorageSource(pattern), source, "dockerfun/amd64")
    assert "does not serve it" in next(row for row in rows if not row.agrees).meaning


# Hostile folders


async def test_symbolic_links_are_not_followed(folder: Path, tmp_path: Path) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    secret = tmp_path / "secret"
    secret.write_text(str(image.layers[0].digest))
    link = link_path(source.path, "dockerfun/amd64", image.layers[0].digest, manifest=False)
    link.unlink()
    link.symlink_to(secret)
    seen = await source.probe("dockerfun/amd64", image.layers[0])
    assert seen.presence is Presence.DENIED
    link.unlink()
    shutil.move(link.parent, tmp_path / "moved")
    link.parent.symlink_to(tmp_path / "moved", target_is_directory=True)
    assert (await source.probe("dockerfun/amd64", image.layers[0])).presence is Presence.DENIED
    outside = tmp_path / "outside"
    (outside / "_manifests").mkdir(parents=True)
    (source.path / "repositories" / "linked").symlink_to(outside, target_is_directory=True)
    assert "linked" not in await names(source)


async def test_devices_and_pipes_are_not_read(folder: Path) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    link = link_path(source.path, "dockerfun/amd64", image.layers[0].digest, manifest=False)
    link.unlink()
    os.mkfifo(link)
    assert (await source.probe("dockerfun/amd64", image.layers[0])).presence is Presence.DENIED


@pytest.mark.parametrize("repository", ["..", "../../etc", "a/../../b", "", "Upper", "a//b", "_layers"])
async def test_names_that_lead_elsewhere_are_refused(folder: Path, repository: str) -> None:
    source = StorageSource(folder)
    descriptor = Descriptor("application/octet-stream", Digest.of(b"x"), 1)
    assert (await source.probe(repository, descriptor)).presence is Presence.MISSING
    with pytest.raises(SourceError):
        await source.manifest(repository, "latest")
    with pytest.raises(SourceError):
        await source.blob(repository, descriptor, limit=10)


async def test_a_folder_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = StorageSource(folder)

    def forbidden(*_: object) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(source.folder, "read", forbidden)
    with pytest.raises(SourceError) as caught:
        await source.manifest("sandbox", "0.16-edge")
    assert caught.value.presence is Presence.DENIED and "read permission" in caught.value.fix
    descriptor = Descriptor("application/octet-stream", Digest.of(b"x"), 1)
    assert (await source.probe("sandbox", descriptor)).presence is Presence.DENIED


async def test_a_disk_that_fails_is_not_a_missing_blob(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = StorageSource(folder)

    def broken(*_: object) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(source.folder, "read", broken)
    descriptor = Descriptor("application/octet-stream", Digest.of(b"x"), 1)
    assert (await source.probe("sandbox", descriptor)).presence is Presence.UNREACHABLE


async def test_reading_everything_changes_nothing(folder: Path) -> None:
    before = picture(folder)
    source = StorageSource(folder)
    for name in await names(source):
        await survey(source, name)
        for tag in await tags(source, name):
            await source.manifest(name, tag)
        await compare_with(source, source, name)
    assert picture(folder) == before
