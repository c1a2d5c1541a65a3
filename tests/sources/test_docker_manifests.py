"""Docker's local lists: read with suspicion, written so that only docker's own files are ever seen there."""

from __future__ import annotations

import base64
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import Index
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.sources import docker_lists
from tui.sources.base import SourceError
from tui.sources.docker_lists import DockerLists, StoredList, default_folder, entry_file, stored_name
from tui.sources.docker_manifests import DockerManifests
from tui.sources.presence import Presence

RAW = b'{\n   "schemaVersion": 2,\n   "mediaType": "%s",\n   "config": %s, "layers": []}' % (
    media.DOCKER_MANIFEST.encode(),
    json.dumps({"mediaType": media.DOCKER_CONFIG, "size": 2, "digest": Digest.of(b"{}")}).encode(),
)


def descriptor(raw: bytes = RAW, where: str = "linux/amd64") -> Descriptor:
    return Descriptor(media.DOCKER_MANIFEST, Digest.of(raw), len(raw), Platform.parse(where))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "docker" / "manifests"


Put = Callable[..., Path]


@pytest.fixture
def put(folder: Path) -> Put:
    def put(listed: str, reference: str, raw: bytes = RAW, where: str = "linux/amd64") -> Path:
        place = folder / listed
        place.mkdir(parents=True, exist_ok=True)
        path = place / stored_name(reference)
        path.write_bytes(entry_file(Reference.parse(reference), descriptor(raw, where), raw))
        return path

    return put


class TestNames:
    @pytest.mark.parametrize(
        ("stored", "entry", "name"),
        [
            ("h.io-5000_app-1", "h.io:5000/app:1-amd64", "h.io:5000/app:1"),
            ("h.io_app-1-2", "h.io/app:1-2-amd64", "h.io/app:1-2"),
            ("h.io_app-1-2", "h.io/app-1:2-amd64", "h.io/app-1:2"),
            ("h.io_a_b_c-1", "h.io/a/b_c:1-arm", "h.io/a/b_c:1"),
            ("docker.io_library_app-latest", "docker.io/library/app:latest-amd64", "docker.io/library/app:latest"),
            ("h.io_only-1", "h.io/elsewhere:x", "h.io/only:1"),
            ("h.io_app-1-2", "h.io/other:1", None),
            ("other.io_app-1", "h.io/app:1-amd64", None),
        ],
    )
    def test_recovered_where_the_entries_prove_it(
        self, folder: Path, put: Put, stored: str, entry: str, name: str | None
    ) -> None:
        put(stored, entry)
        found = DockerLists(folder).read(stored)
        assert (str(found.name) if found.name else None) == name
        assert all(stored_name(str(each)) == stored for each in found.candidates)

    def test_two_names_one_folder(self, folder: Path, put: Put) -> None:
        put("h.io_app-1-2", "h.io/app:1-2-amd64")
        lists = DockerLists(folder)
        assert stored_name("h.io/app:1-2") == stored_name("h.io/app-1:2") == lists.names()[0]
        assert len(lists.read("h.io_app-1-2").candidates) == 2

    def test_where_docker_keeps_them(self, tmp_path: Path) -> None:
        assert default_folder({"DOCKER_CONFIG": "/x"}) == Path("/x/manifests")
        assert default_folder({}) == Path.home() / ".docker/manifests"


class TestReading:
    async def test_as_a_source(self, folder: Path, put: Put) -> None:
        put("h.io_app-1", "h.io/app:1-amd64")
        put("h.io_app-2", "h.io/app:2-amd64")
        put("strange", "h.io/app:3-amd64")
        source = DockerManifests(folder.parent)
        assert [page.names async for page in source.repositories()] == [("h.io/app", "strange")]
        assert [page.names async for page in source.tags("h.io/app")] == [("1", "2")]
        assert [page.names async for page in source.tags("strange")] == [("stored",)]
        index = await source.manifest("h.io/app", "1")
        assert isinstance(index, Index)
        assert index.media_type == media.DOCKER_LIST
        child = await source.manifest("h.io/app", str(index.entries[0].digest))
        assert child.raw == RAW
        with pytest.raises(SourceError) as raised:
            await source.manifest("h.io/app", "9")
        assert raised.value.presence is Presence.MISSING

    async def test_an_absent_folder_is_empty(self, tmp_path: Path) -> None:
        source = DockerManifests(tmp_path / "none")
        assert [page.names async for page in source.repositories()] == [()]

    def test_hostile_files_are_strays(self, folder: Path, put: Put, tmp_path: Path) -> None:
        good = put("h.io_app-1", "h.io/app:1-amd64")
        place = good.parent
        (place / "0-binary").write_bytes(b"\xff\xfe\x00")
        (place / "1-array").write_text("[]")
        (place / "2-deep").write_text("[" * 100_000)
        (place / "3-ref").write_text(json.dumps({"Ref": "UPPER", "Descriptor": {}}))
        (place / "4-twice").write_text('{"Ref":"h.io/a:1","ref":"h.io/b:1"}')
        (place / "5-link").symlink_to("/etc/passwd")
        os.mkfifo(place / "6-pipe")
        (place / "7-folder").mkdir()
        (place / "8-esc\x1b[31m").write_text("{}")
        found = DockerLists(folder).read("h.io_app-1")
        assert [entry.file for entry in found.entries] == [good.name]
        assert [name[0] for name, _why in found.strays] == list("012345678")
        assert all(why and "\x1b" not in why for _name, why in found.strays)

    async def test_a_list_that_cannot_be_read_hides_no_other(
        self, folder: Path, put: Put, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put("h.io_app-1", "h.io/app:1-amd64")
        put("h.io_shut-1", "h.io/shut:1-amd64")
        (folder / "h.io_gone-1").mkdir()
        read = DockerLists.read

        def refuse(lists: DockerLists, name: str) -> StoredList:
            if name == "h.io_shut-1":
                raise PermissionError(errno.EACCES, "Permission denied")
            if name == "h.io_gone-1":
                raise FileNotFoundError(errno.ENOENT, "removed just now")
            return read(lists, name)

        monkeypatch.setattr(DockerLists, "read", refuse)
        source = DockerManifests(folder)
        assert [page.names async for page in source.repositories()] == [("h.io/app", "h.io_shut-1")]
        assert (await source.stored("h.io/app", "1")).entries
        with pytest.raises(SourceError) as raised:
            await source.manifest("h.io_shut-1", "stored")
        assert raised.value.presence is Presence.DENIED
        seen = await source.probe("h.io_shut-1", descriptor())
        assert seen.presence is Presence.DENIED, "what an unreadable list names is not known, and not missing"

    def test_it_is_bounded(self, folder: Path, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
        path = put("h.io_app-1", "h.io/app:1-amd64")
        monkeypatch.setattr(docker_lists, "FILE_LIMIT", path.stat().st_size - 1)
        assert DockerLists(folder).read("h.io_app-1").entries == ()
        monkeypatch.undo()
        monkeypatch.setattr(docker_lists, "ENTRIES", 2)
        for number in range(4):
            put("h.io_app-1", f"h.io/app:x{number}")
        found = DockerLists(folder).read("h.io_app-1")
        assert len(found.entries) == 2
        assert "more than 2" in found.strays[-1][1]

    def test_a_list_is_no_way_out_of_the_folder(self, folder: Path, tmp_path: Path) -> None:
        folder.mkdir(parents=True)
        (tmp_path / "outside").mkdir()
        (folder / "link").symlink_to(tmp_path / "outside")
        lists = DockerLists(folder)
        assert lists.names() == []
        for name in ("link", "..", ".", "", "a/b", "../../outside"):
            with pytest.raises(FileNotFoundError):
                lists.read(name)
            with pytest.raises((FileNotFoundError, OSError)):
                lists.remove(name)

    async def test_a_manifest_that_is_not_what_it_says(self, folder: Path, put: Put) -> None:
        path = put("h.io_app-1", "h.io/app:1-amd64")
        document = json.loads(path.read_bytes())
        document["Raw"] = base64.b64encode(RAW + b" ").decode()
        path.write_text(json.dumps(document))
        source = DockerManifests(folder)
        await source.manifest("h.io/app", "1")
        with pytest.raises(SourceError) as raised:
            await source.manifest("h.io/app", str(Digest.of(RAW)))
        assert raised.value.presence is Presence.MISMATCHED

    async def test_without_a_client_nothing_is_called_missing(self, folder: Path, put: Put) -> None:
        put("h.io_app-1", "h.io/app:1-amd64")
        source = DockerManifests(folder)
        assert (await source.probe("h.io/app", descriptor())).presence is Presence.UNREACHABLE
        compared = await source.compare("h.io/app", "1")
        assert compared.entries[0].presence is Presence.UNREACHABLE
        assert not compared.stale


class TestWriting:
    def test_only_what_was_meant(self, folder: Path, put: Put) -> None:
        old = put("h.io_app-1", "h.io/app:1-amd64")
        stray = old.parent / "notes.txt"
        stray.write_text("mine")
        other = put("h.io_app-2", "h.io/app:2-amd64").read_bytes()
        lists = DockerLists(folder)
        lists.write("h.io_app-1", {"h.io_app-1-arm64": b"{}"})
        assert sorted(os.listdir(old.parent)) == ["h.io_app-1-arm64", "notes.txt"]
        assert stray.read_text() == "mine"
        assert (folder / "h.io_app-2" / "h.io_app-2-amd64").read_bytes() == other
        assert sorted(os.listdir(folder)) == ["h.io_app-1", "h.io_app-2"]

    def test_a_failure_leaves_no_half_file(self, folder: Path, put: Put, monkeypatch: pytest.MonkeyPatch) -> None:
        old = put("h.io_app-1", "h.io/app:1-amd64")
        before = old.read_bytes()

        def full(*_words: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(OSError, match="No space"):
            DockerLists(folder).write("h.io_app-1", {old.name: b"{}"})
        assert os.listdir(old.parent) == [old.name]
        assert old.read_bytes() == before
        assert os.listdir(folder) == ["h.io_app-1"]

    def test_names_that_would_leave_the_folder(self, folder: Path) -> None:
        lists = DockerLists(folder)
        for name in ("..", "a/b", "", "\0", ".fanfold-x"):
            with pytest.raises(FileNotFoundError):
                lists.write("h.io_app-1", {name: b"{}"})
            with pytest.raises(FileNotFoundError):
                lists.write(name, {"x": b"{}"})
        assert not folder.exists()

    def test_removing_leaves_what_is_not_ours(self, folder: Path, put: Put) -> None:
        put("h.io_app-1", "h.io/app:1-amd64")
        path = put("h.io_app-2", "h.io/app:2-amd64")
        (path.parent / "notes.txt").write_text("mine")
        lists = DockerLists(folder)
        assert lists.remove("h.io_app-1") == ()
        assert lists.remove("h.io_app-2") == ("notes.txt",)
        assert os.listdir(folder) == ["h.io_app-2"]
        assert os.listdir(path.parent) == ["notes.txt"]
        with pytest.raises(FileNotFoundError):
            lists.remove("h.io_app-1")

    def test_the_file_is_compacted_as_go_does(self) -> None:
        raw = b'{ "mediaType" : "x<y>&z \\" {}", "n": 1.50e1,\n\t"e": "\xe2\x80\xa8" }'
        text = entry_file(Reference.parse("h.io/a:1"), descriptor(raw), raw).decode()
        assert text.endswith(
            '"SchemaV2Manifest":{"mediaType":"x\\u003cy\\u003e\\u0026z \\" {}","n":1.50e1,"e":"\\u2028"}}'
        )
        assert json.loads(text)["Raw"] == base64.b64encode(raw).decode()
