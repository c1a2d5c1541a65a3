"""Hashing a blob from a registry that breaks off, goes on for ever, or is left in the middle; and from files that
change."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.oci.test_layer import a_tar, zstd_frame
from tests.registry.server import Asked, Reply, Server, serving
from tests.sources.test_layout import files_of, folder
from tests.support import images
from tests.support.connections import in_use
from tui.explore.explorer import Explorer
from tui.explore.report import exit_status, report
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.layer import LayerReader, Unpacked
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.archive import open_archive
from tui.sources.base import Source
from tui.sources.disk import open_layout
from tui.sources.hashing import hash_blob
from tui.sources.presence import Observation, Presence
from tui.sources.registry import RegistrySource

DATA = os.urandom(300_000)
BLOB = Descriptor("application/octet-stream", Digest.of(DATA), len(DATA))


async def hashed(
    source: Source,
    descriptor: Descriptor = BLOB,
    known: Observation | None = None,
    room: asyncio.Lock | None = None,
) -> Observation:
    return await hash_blob(
        source, "app", descriptor, progress=lambda count: None, room=room or asyncio.Lock(), known=known
    )


def client() -> Client:
    return Client(ClientSettings(anonymous=True))


async def from_registry(answer: Reply) -> tuple[Observation, Server, Client]:
    def handler(asked: Asked) -> Reply:
        if asked.method == "HEAD":
            return Reply(headers=[("Docker-Content-Digest", str(BLOB.digest))], length=BLOB.size)
        return answer

    made = client()
    async with serving(handler) as server:
        seen = await hashed(RegistrySource(made, server.address))
        await made.aclose()
    return seen, server, made


async def test_a_blob_that_is_what_its_digest_says() -> None:
    seen, server, _ = await from_registry(Reply(body=DATA))
    assert (seen.presence, seen.size, server.count("GET"), server.count("HEAD")) == (Presence.HASHED, len(DATA), 1, 0)


async def test_a_connection_that_breaks_says_nothing_about_the_blob() -> None:
    seen, server, _ = await from_registry(Reply(body=DATA[:1000], length=len(DATA)))
    assert seen.presence is Presence.UNREACHABLE
    assert "1,000" in seen.detail
    assert server.count("GET") == 3


async def test_other_bytes_of_the_same_size_and_of_another() -> None:
    flipped = bytes([DATA[0] ^ 1]) + DATA[1:]
    seen, server, _ = await from_registry(Reply(body=flipped))
    assert (seen.presence, seen.digest, server.count("GET")) == (Presence.MISMATCHED, Digest.of(flipped), 1)
    seen, _, _ = await from_registry(Reply(body=DATA[:-1]))
    assert (seen.presence, seen.size) == (Presence.MISMATCHED, len(DATA) - 1)


async def test_a_body_without_an_end_is_left_after_the_size_that_was_promised() -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield bytes(65536)

    seen, server, _ = await from_registry(Reply(chunks=endless()))
    assert (seen.presence, seen.code) == (Presence.MISMATCHED, "size-mismatch")
    assert server.sent < 64 << 20


async def test_stopping_in_the_middle_leaves_no_connection_hanging() -> None:
    image = images.image(layers=tuple(images.layer(f"n{number}", os.urandom(400).hex()) for number in range(8)))
    parts = {str(part.digest): part.data for part in image.blobs}
    began = asyncio.Event()
    held = asyncio.Event()
    slow = True

    async def drip(data: bytes) -> AsyncIterator[bytes]:
        yield data[:50]
        began.set()
        await held.wait()
        yield data[50:]

    def handler(asked: Asked) -> Reply:
        name = asked.path.rpartition("/")[2]
        if "/manifests/" in asked.path:
            return Reply(headers=[("Content-Type", media.OCI_MANIFEST)], body=image.raw)
        data = parts[name]
        if slow and name != str(image.blobs[0].digest):
            return Reply(chunks=drip(data), length=len(data))
        return Reply(body=data)

    made = client()
    async with serving(handler) as server:
        explorer = Explorer()
        node = explorer.add_selector(RegistrySource(made, server.address), "app", "1")
        run = explorer.check(node, deep=True)
        await asyncio.wait_for(began.wait(), 10)
        run.stop()
        await run.wait()
        for _ in range(200):
            if in_use(made) == 0:
                break
            await asyncio.sleep(0.01)
        assert in_use(made) == 0
        assert report(node, explorer.observations).counts["mismatched"] == 0
        held.set()
        slow = False
        await explorer.check(node, deep=True).wait()
        again = report(node, explorer.observations)
        assert (exit_status(again), again.counts["hashed"]) == (0, 10)
        await explorer.aclose()
        await made.aclose()


async def test_a_file_is_hashed_again_only_when_it_may_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = images.image()
    place = folder(tmp_path, files_of(image))
    source = open_layout(place)
    explorer = Explorer()
    node = explorer.add_selector(source, "", "1.0")
    await explorer.check(node).wait()
    assert report(node, explorer.observations).counts["hashed"] == 4

    reads: list[str] = []
    chunks = source._files.chunks

    def noted(name: str) -> Iterator[bytes]:
        reads.append(name)
        return chunks(name)

    monkeypatch.setattr(source._files, "chunks", noted)
    await explorer.check(node).wait()
    documents = [f"blobs/sha256/{digest.encoded}" for digest in (image.digest, image.blobs[0].digest)]
    assert reads == documents, "which had been read in one piece"
    await explorer.check(node).wait()
    assert len(reads) == 2
    reads.clear()

    part = image.blobs[2]
    path = place / f"blobs/sha256/{part.digest.encoded}"
    times = path.stat()
    path.write_bytes(bytes([part.data[0] ^ 1]) + part.data[1:])
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    await explorer.check(node).wait()
    assert reads == [f"blobs/sha256/{part.digest.encoded}"]
    made = report(node, explorer.observations)
    assert (made.counts["hashed"], made.counts["mismatched"], exit_status(made)) == (3, 1, 1)


@pytest.mark.parametrize("change", ["flipped", "gone"])
@pytest.mark.parametrize("which", ["manifest", "config", "layer"])
async def test_whatever_changes_on_disk_between_two_checks_is_read_again(
    which: str, change: str, tmp_path: Path
) -> None:
    image = images.image()
    index = images.index(image)
    place = folder(tmp_path, files_of(index))
    explorer = Explorer()
    node = explorer.add_selector(open_layout(place), "", "1.0")
    await explorer.check(node).wait()
    await explorer.check(node).wait()
    assert exit_status(report(node, explorer.observations)) == 0
    digest = {"manifest": image.digest, "config": image.blobs[0].digest, "layer": image.blobs[1].digest}[which]
    path = place / f"blobs/sha256/{digest.encoded}"
    data = path.read_bytes()
    path.unlink()
    if change == "flipped":
        path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    await explorer.check(node).wait()
    made = report(node, explorer.observations)
    assert exit_status(made) == 1
    assert made.counts["mismatched" if change == "flipped" else "missing"] == 1
    path.write_bytes(data)
    await explorer.check(node).wait()
    assert exit_status(report(node, explorer.observations)) == 0, "it was put back"


async def test_a_docker_archive_can_be_checked_twice_though_its_manifest_is_made_up(tmp_path: Path) -> None:
    layer = a_tar(("a", b"x" * 1000))
    config = b'{"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": ["%s"]}}' % (
        str(Digest.of(layer)).encode()
    )
    listed = b'[{"Config": "c.json", "RepoTags": ["app:1"], "Layers": ["layer.tar"]}]'
    path = tmp_path / "saved.tar"
    path.write_bytes(a_tar(("manifest.json", listed), ("c.json", config), ("layer.tar", layer)))
    source = open_archive("docker-archive", path)
    explorer = Explorer()
    node = explorer.add_selector(source, "app", "1")
    for _ in range(3):
        await explorer.check(node).wait()
        assert exit_status(report(node, explorer.observations)) == 0
    await explorer.aclose()
    await source.aclose()


async def test_a_fast_check_of_a_layout_reads_no_layer(tmp_path: Path) -> None:
    image = images.image()
    files = files_of(image)
    part = image.blobs[2]
    files[f"blobs/sha256/{part.digest.encoded}"] = bytes(len(part.data))
    explorer = Explorer()
    node = explorer.add_selector(open_layout(folder(tmp_path, files)), "", "1.0")
    await explorer.check(node, deep=False).wait()
    assert report(node, explorer.observations).counts["hashed"] == 0
    await explorer.check(node).wait()
    assert report(node, explorer.observations).counts["mismatched"] == 1


async def test_a_blob_behind_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    image = images.image()
    place = folder(tmp_path / "layout", files_of(image))
    part = image.blobs[2]
    path = place / f"blobs/sha256/{part.digest.encoded}"
    path.rename(tmp_path / "outside")
    path.symlink_to(tmp_path / "outside")
    for deep in (True, False):
        explorer = Explorer()
        node = explorer.add_selector(open_layout(place), "", "1.0")
        await explorer.check(node, deep=deep).wait()
        made = report(node, explorer.observations)
        assert (made.counts["denied"], exit_status(made)) == (1, 3)
        assert any("behind a symbolic link that leaves the folder: refused" in each.message for each in made.findings)


async def test_large_zstd_windows_are_in_memory_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = [zstd_frame(a_tar(("a", bytes([number]) * 300_000)), 27) for number in range(16)]
    descriptors = [Descriptor(media.OCI_LAYER_ZSTD, Digest.of(blob), len(blob)) for blob in blobs]
    by_path = {str(descriptor.digest): blob for descriptor, blob in zip(descriptors, blobs, strict=True)}
    made = client()
    room = asyncio.Lock()
    inside: set[int] = set()
    most = 0
    admit, finish = LayerReader.admit, LayerReader.finish

    def admitted(reader: LayerReader) -> None:
        nonlocal most
        assert room.locked()
        inside.add(id(reader))
        most = max(most, len(inside))
        admit(reader)

    def finished(reader: LayerReader) -> Unpacked:
        found = finish(reader)
        inside.discard(id(reader))
        return found

    monkeypatch.setattr(LayerReader, "admit", admitted)
    monkeypatch.setattr(LayerReader, "finish", finished)
    async with serving(lambda asked: Reply(body=by_path[asked.path.rpartition("/")[2]])) as server:
        source = RegistrySource(made, server.address)
        seen = await asyncio.gather(*(hashed(source, descriptor, room=room) for descriptor in descriptors))
        await made.aclose()
    assert [each.presence for each in seen] == [Presence.HASHED] * 16
    assert all(each.unpacked is not None and each.unpacked.diff_id is not None for each in seen)
    assert most == 1
    assert not room.locked()


async def test_whoever_is_stopped_while_a_large_window_waits_leaves_the_room_free() -> None:
    blob = zstd_frame(a_tar(("a", bytes(300_000))), 27)
    descriptor = Descriptor(media.OCI_LAYER_ZSTD, Digest.of(blob), len(blob))
    made = client()
    room = asyncio.Lock()
    await room.acquire()
    async with serving(lambda asked: Reply(body=blob)) as server:
        source = RegistrySource(made, server.address)
        waiting = asyncio.create_task(hashed(source, descriptor, room=room))
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        room.release()
        assert (await hashed(source, descriptor, room=room)).presence is Presence.HASHED
        await made.aclose()
    assert not room.locked()
