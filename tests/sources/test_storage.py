"""The storage folder: every state of a blob told apart, and nothing ever written."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.storage_folder import NAMES, image_of, names, picture, root_of, tags
from tui.explore.explorer import Explorer
from tui.explore.node import Kind
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import ImageManifest, Index
from tui.sources.base import Source, SourceError
from tui.sources.presence import Observation, Presence
from tui.sources.storage import StorageSource, parse_link
from tui.sources.storage_disk import blob_path, link_path, tag_link_path

# Finding and listing


@pytest.mark.parametrize("below", ["", "docker", "docker/registry", "docker/registry/v2"])
async def test_the_folder_is_found_from_any_of_its_roots(folder: Path, below: str) -> None:
    source = StorageSource(folder / below)
    assert await names(source) == sorted(NAMES)
    assert source.kind == "storage" and not source.can_write and source.why_read_only


def test_it_is_a_source(folder: Path) -> None:
    source: Source = StorageSource(folder)
    assert isinstance(source, Source)
    assert source.requests == 0
    digest = Digest.of(b"x")
    assert source.reference("app", tag="1") == f"storage:{folder}:app:1"
    assert source.reference("app", digest=digest) == f"storage:{folder}:app@{digest}"
    assert source.reference("app") == f"storage:{folder}:app"


def test_another_folder_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not a registry's storage folder") as caught:
        StorageSource(tmp_path)
    assert "rootdirectory" in caught.value.fix
    with pytest.raises(SourceError):
        StorageSource(tmp_path / "nowhere")


async def test_repositories_nest_and_metadata_is_not_one(folder: Path) -> None:
    odd = root_of(folder) / "repositories" / "_odd" / "_manifests"
    odd.mkdir(parents=True)
    (root_of(folder) / "repositories" / "Upper" / "_manifests").mkdir(parents=True)
    (root_of(folder) / "repositories" / "empty").mkdir()
    assert await names(StorageSource(folder)) == sorted(NAMES)


async def test_tags_and_a_folder_that_is_none(folder: Path) -> None:
    (root_of(folder) / "repositories/sandbox/_manifests/tags/-bad").mkdir()
    source = StorageSource(folder)
    assert await tags(source, "sandbox") == ["0.16-edge", "0.16-edge-amd64", "0.16-edge-arm64"]
    notes = [page.note async for page in source.tags("sandbox")]
    assert "left out" in notes[-1]
    assert await tags(source, "nothing") == []


# The tree


async def test_the_explorer_shows_it_like_any_source(folder: Path) -> None:
    before = picture(folder)
    source, explorer = StorageSource(folder), Explorer()
    tag = await explorer.add_reference(source, "library/hello", "latest")
    await explorer.check(tag).wait()
    assert tag.index is not None and len(tag.index.entries) == 10
    objects = [node for node in tag.walk() if node.digest is not None and node.kind is not Kind.REFERRERS]
    assert len(objects) > 30
    assert {explorer.observation(node).presence for node in objects if node is not tag} == {Presence.HASHED}
    referrers = next(node for node in tag.children if node.kind is Kind.REFERRERS)
    await explorer.open(referrers)
    assert [node.kind for node in referrers.children] == [Kind.REFERRER]
    await explorer.aclose()
    await source.aclose()
    assert picture(folder) == before


# Each state of a blob (docs/protocol-notes.md, I-03)


async def probe(source: StorageSource, repository: str, descriptor: Descriptor) -> Observation:
    return await source.probe(repository, descriptor)


async def test_linked_and_there(folder: Path) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    seen = await probe(source, "dockerfun/amd64", image.layers[0])
    assert (seen.presence, seen.size) == (Presence.PRESENT, image.layers[0].size)
    assert await source.blob("dockerfun/amd64", image.layers[0], limit=1 << 24)


async def test_in_the_store_but_not_linked_here_names_who_has_it(folder: Path) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun", "6b972be0")
    for part in image.layers:
        seen = await probe(source, "dockerfun", part)
        assert seen.presence is Presence.MISSING
        assert seen.detail == (
            "in the store, not linked into this repository: a mount from dockerfun/amd64 would fix it"
        )
        with pytest.raises(SourceError) as caught:
            await source.blob("dockerfun", part, limit=1 << 24)
        assert caught.value.code == "not-linked" and "Mount" in caught.value.fix
        assert caught.value.observation().detail == seen.detail
    assert source.linked_by(image.layers[0].digest) == ("dockerfun/amd64",)


async def test_in_the_store_and_linked_by_nobody(folder: Path) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    link_path(source.path, "dockerfun/amd64", image.layers[0].digest, manifest=False).unlink()
    seen = await probe(source, "dockerfun/amd64", image.layers[0])
    assert seen.presence is Presence.MISSING
    assert "no repository links it" in seen.detail and "empty folder" in seen.detail
    assert "only a manifest that names it keeps it" in seen.detail  # garbage collection follows manifests, not links


async def test_gone(folder: Path) -> None:
    source = StorageSource(folder)
    edge = await source.manifest("sandbox", "0.16-edge")
    assert isinstance(edge, Index)
    broken = await source.manifest("sandbox", str(edge.entries[1].digest))
    assert isinstance(broken, ImageManifest)
    seen = await probe(source, "sandbox", broken.layers[-1])
    assert (seen.presence, seen.detail) == (Presence.MISSING, "gone: neither linked nor in the store")


async def test_a_dangling_link(folder: Path) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    shutil.rmtree(blob_path(source.path, image.layers[0].digest).parent)
    seen = await probe(source, "dockerfun/amd64", image.layers[0])
    assert (seen.presence, seen.detail) == (Presence.MISSING, "linked, but its bytes are gone: the link dangles")
    with pytest.raises(SourceError) as caught:
        await source.blob("dockerfun/amd64", image.layers[0], limit=1 << 24)
    assert caught.value.code == "data-gone"


@pytest.mark.parametrize("content", [b"", b"not a digest", b"\xff\xfe", b"sha256:12", b"sha256:" + b"0" * 2000])
async def test_a_link_with_the_wrong_content(folder: Path, content: bytes) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    link_path(source.path, "dockerfun/amd64", image.layers[0].digest, manifest=False).write_bytes(content)
    seen = await probe(source, "dockerfun/amd64", image.layers[0])
    assert seen.presence is Presence.MISMATCHED and "holds no digest" in seen.detail


async def test_a_link_that_names_another_digest(folder: Path) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    link = link_path(source.path, "dockerfun/amd64", image.layers[0].digest, manifest=False)
    link.write_text(str(image.layers[1].digest))
    seen = await probe(source, "dockerfun/amd64", image.layers[0])
    assert seen.presence is Presence.MISMATCHED and str(image.layers[1].digest) in seen.detail


@pytest.mark.parametrize(("data", "words"), [(b"", "the file is empty"), (b"short", "5 bytes on the disk")])
async def test_a_size_that_is_not_the_descriptors(folder: Path, data: bytes, words: str) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    blob_path(source.path, image.layers[0].digest).write_bytes(data)
    seen = await probe(source, "dockerfun/amd64", image.layers[0])
    assert seen.presence is Presence.MISMATCHED and words in seen.detail and seen.size == len(data)


async def test_an_empty_blob_that_is_meant_to_be_empty(folder: Path) -> None:
    source = StorageSource(folder)
    nothing = Descriptor("application/octet-stream", Digest.of(b""), 0)
    path = blob_path(source.path, nothing.digest)
    path.parent.mkdir(parents=True)
    path.touch()
    link = link_path(source.path, "sandbox", nothing.digest, manifest=False)
    link.parent.mkdir(parents=True)
    link.write_text(str(nothing.digest))
    assert (await probe(source, "sandbox", nothing)).presence is Presence.PRESENT
    assert await source.blob("sandbox", nothing, limit=0) == b""


async def test_a_sha512_link_is_followed_to_what_it_holds(folder: Path) -> None:
    source = StorageSource(folder)
    data = b"pushed under sha512, stored under sha256"
    asked, kept = Digest.of(data, "sha512"), Digest.of(data)
    link = link_path(source.path, "sandbox", asked, manifest=False)
    link.parent.mkdir(parents=True)
    link.write_text(str(kept))
    path = blob_path(source.path, kept)
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    descriptor = Descriptor("application/octet-stream", asked, len(data))
    seen = await probe(source, "sandbox", descriptor)
    assert seen.presence is Presence.PRESENT and seen.digest == kept
    assert await source.blob("sandbox", descriptor, limit=100) == data


async def test_a_foreign_layer_need_not_be_here(folder: Path) -> None:
    foreign = Descriptor(media.DOCKER_FOREIGN_LAYER, Digest.of(b"far away"), 8, urls=("https://far.example/x",))
    assert (await probe(StorageSource(folder), "sandbox", foreign)).presence is Presence.FOREIGN


# Tags and manifests


async def test_a_tag_to_a_revision_that_is_missing(folder: Path) -> None:
    source = StorageSource(folder)
    digest = (await source.manifest("sandbox", "0.16-edge-amd64")).digest
    link_path(source.path, "sandbox", digest, manifest=True).unlink()
    with pytest.raises(SourceError) as caught:
        await source.manifest("sandbox", "0.16-edge-amd64")
    assert caught.value.presence is Presence.MISSING
    assert "0.16-edge-amd64" in caught.value.sentence and str(digest) in caught.value.sentence
    with pytest.raises(SourceError, match="has no tag"):
        await source.manifest("sandbox", "never")
    with pytest.raises(SourceError, match="cannot be a tag"):
        await source.manifest("sandbox", "../../x")


async def test_a_tag_whose_link_is_broken(folder: Path) -> None:
    source = StorageSource(folder)
    tag_link_path(source.path, "sandbox", "0.16-edge").write_text("hello\x1b[31m")
    with pytest.raises(SourceError) as caught:
        await source.manifest("sandbox", "0.16-edge")
    assert caught.value.presence is Presence.MISMATCHED and "\x1b" not in caught.value.sentence


async def test_a_flipped_byte_is_found_by_a_check_and_a_link_is_not_followed(folder: Path) -> None:
    source = StorageSource(folder)
    manifest = await image_of(source, "library/hello", "latest")
    layer = manifest.layers[0]
    path = blob_path(root_of(folder), layer.digest)
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])
    explorer = Explorer()
    tag = explorer.add_selector(source, "library/hello", "latest")
    await explorer.check(tag).wait()
    assert explorer.observations.get(source, "library/hello", layer.digest).presence is Presence.MISMATCHED
    path.rename(folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")
    await explorer.check(tag).wait()
    seen = explorer.observations.get(source, "library/hello", layer.digest)
    assert seen.presence is Presence.DENIED and "not" in seen.detail


async def test_damaged_bytes_are_never_shown_as_the_digest(folder: Path) -> None:
    source = StorageSource(folder)
    image = await image_of(source, "dockerfun/amd64", "6b972be0")
    digest = (await source.manifest("dockerfun/amd64", "6b972be0")).digest
    path = blob_path(source.path, digest)
    path.write_bytes(path.read_bytes().replace(b"schemaVersion", b"schemaVersiom"))
    with pytest.raises(SourceError) as caught:
        await source.manifest("dockerfun/amd64", "6b972be0")
    assert caught.value.presence is Presence.MISMATCHED and caught.value.code == "damaged"
    layer = image.layers[0]
    data = bytearray(blob_path(source.path, layer.digest).read_bytes())
    data[-1] ^= 1
    blob_path(source.path, layer.digest).write_bytes(data)
    with pytest.raises(SourceError, match="damaged"):
        await source.blob("dockerfun/amd64", layer, limit=1 << 24)
    with pytest.raises(SourceError, match="damaged"):
        async with source.stream("dockerfun/amd64", layer) as chunks:
            async for _chunk in chunks:
                pass


async def test_a_stream_gives_the_whole_blob(folder: Path) -> None:
    source = StorageSource(folder)
    layer = (await image_of(source, "dockerfun/amd64", "6b972be0")).layers[0]
    async with source.stream("dockerfun/amd64", layer) as chunks:
        data = b"".join([chunk async for chunk in chunks])
    assert layer.digest.matches(data)
    with pytest.raises(SourceError, match="larger than"):
        await source.blob("dockerfun/amd64", layer, limit=10)


def test_links_as_they_are_written() -> None:
    digest = Digest.of(b"x")
    assert parse_link(str(digest).encode()) == digest
    assert parse_link(f"{digest}\n".encode()) == digest
    assert parse_link(b"sha256:nothing") is None
