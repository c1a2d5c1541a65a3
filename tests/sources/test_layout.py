"""Image layouts and archives: read in place, never trusted."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import images
from tui.explore.explorer import Explorer
from tui.explore.node import Load
from tui.explore.report import report
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.sources.archive import open_archive
from tui.sources.base import Source, SourceError, SourceKind
from tui.sources.disk import DiskSource, open_layout
from tui.sources.presence import Presence


def files_of(image: images.Image, names: dict[str, images.Image] | None = None) -> dict[str, bytes]:
    """The files of an OCI layout."""
    found: dict[str, bytes] = {"oci-layout": b'{"imageLayoutVersion": "1.0.0"}'}

    def add(part: images.Image) -> None:
        found[f"blobs/sha256/{part.digest.encoded}"] = part.raw
        for blob in part.blobs:
            found[f"blobs/sha256/{blob.digest.encoded}"] = blob.data
        for child in part.children:
            add(child)

    entries = []
    for name, named in (names or {"1.0": image}).items():
        add(named)
        entry = named.descriptor.to_document()
        if name:
            entry["annotations"] = {"org.opencontainers.image.ref.name": name}
        entries.append(entry)
    found["index.json"] = images.as_json({"schemaVersion": 2, "manifests": entries})
    return found


def folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return path


def archive(path: Path, files: dict[str, bytes], **links: str) -> Path:
    with tarfile.open(path, "w") as tape:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tape.addfile(info, io.BytesIO(data))
        for name, target in links.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            tape.addfile(info)
    return path


def sample() -> images.Image:
    amd, arm = images.image("linux/amd64"), images.image("linux/arm64")
    return images.index(amd, arm, images.attestation(amd), images.attestation(arm))


@pytest.fixture
def tape() -> Iterator[Callable[[SourceKind, Path], Source]]:
    """Opens archives, and closes their files at the end."""
    opened: list[DiskSource] = []

    def open_one(kind: SourceKind, path: Path) -> Source:
        opened.append(open_archive(kind, path))
        return opened[-1]

    yield open_one
    for source in opened:
        source._files.close()


Tape = Callable[[SourceKind, Path], Source]


async def check(source: Source, tag: str = "1.0", repository: str = "") -> dict[str, Any]:
    explorer = Explorer()
    node = explorer.add_selector(source, repository, tag)
    await explorer.check(node).wait()
    return report(node, explorer.observations).to_json()


async def names(source: Source) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    async for page in source.repositories():
        for repository in page.names:
            found[repository] = [name async for tags in source.tags(repository) for name in tags.names]
    return found


async def test_a_layout_is_shown_and_checked_like_any_image(tmp_path: Path) -> None:
    image = sample()
    source = open_layout(folder(tmp_path, files_of(image)))
    assert await names(source) == {"": ["1.0"]}
    assert not source.can_write
    said = await check(source)
    assert said["complete"] is True
    assert said["digest"] == str(image.digest)
    assert said["requests"] == 0
    assert said["reference"] == f"oci:{tmp_path}:1.0"


@pytest.mark.parametrize("name", ["example.com/app:1", "sha256:short"])
async def test_a_name_with_a_colon_is_a_name(tmp_path: Path, name: str) -> None:
    """Layouts name their images as they like, whole references being common."""
    image = sample()
    explorer = Explorer()
    tag = await explorer.add_reference(open_layout(folder(tmp_path, files_of(image, {name: image}))), "", name)
    assert (tag.load, tag.label, tag.digest) == (Load.READY, name, image.digest)


async def test_a_file_that_is_missing_and_one_that_is_too_short(tmp_path: Path) -> None:
    image = sample()
    files = files_of(image)
    gone, short = image.children[0].blobs[2], image.children[1].blobs[2]
    del files[f"blobs/sha256/{gone.digest.encoded}"]
    files[f"blobs/sha256/{short.digest.encoded}"] = short.data[:-1]
    said = await check(open_layout(folder(tmp_path, files)))
    assert {part["digest"]: part["presence"] for part in said["objects"] if part["presence"] != "hashed"} == {
        str(gone.digest): "missing",
        str(short.digest): "mismatched",
    }


async def test_content_that_is_other_content_is_seen_when_it_is_read(tmp_path: Path) -> None:
    image = sample()
    files = files_of(image)
    config, layer = image.children[0].blobs[0], image.children[0].blobs[2]
    for blob in (config, layer):
        files[f"blobs/sha256/{blob.digest.encoded}"] = b"x" * len(blob.data)
    source = open_layout(folder(tmp_path, files))
    said = await check(source)
    assert [f["code"] for f in said["findings"]] == ["digest-mismatch"] * 2, "the layer, too: on disk all is hashed"
    with pytest.raises(SourceError, match="does not match its digest"):
        async with source.stream("", layer.descriptor) as chunks:
            _ = [piece async for piece in chunks]


async def test_untagged_and_doubly_named_entries_are_named_by_digest(tmp_path: Path) -> None:
    one, two = images.image("linux/amd64"), images.image("linux/arm64")
    files = files_of(one, {"": one, "x": two})
    index = json.loads(files["index.json"])
    index["manifests"].append(
        images.image("linux/arm64", seed="2").descriptor.to_document()
        | {"annotations": {"org.opencontainers.image.ref.name": "x"}}
    )
    files["index.json"] = images.as_json(index)
    source = open_layout(folder(tmp_path, files))
    found = (await names(source))[""]
    assert found == [str(one.digest), "x", str(images.image("linux/arm64", seed="2").digest)]
    explorer = Explorer()
    repository = explorer.add_repository(source, "")
    await explorer.open(repository)
    assert next(row.label for row in repository.children if row.kind.value == "manifest").startswith("sha256:")
    await explorer.check(repository).wait()
    assert explorer.get(f"{repository.key}:{one.digest}") is not None


async def test_referrers_in_a_layout(tmp_path: Path) -> None:
    image = images.image("linux/amd64")
    signature = images.image("linux/amd64", (images.layer("sig"),), subject=image.descriptor.to_document())
    source = open_layout(folder(tmp_path, files_of(image, {"1.0": image, "": signature})))
    assert [entry.digest for entry in await source.referrers("", image.digest)] == [signature.digest]


async def test_an_archive_is_the_same_without_unpacking(tmp_path: Path, tape: Tape) -> None:
    image = sample()
    source = tape("oci-archive", archive(tmp_path / "a.tar", files_of(image)))
    before = sorted(os.listdir(tmp_path))
    said = await check(source)
    assert said["complete"] is True
    assert sorted(os.listdir(tmp_path)) == before
    blob = image.children[0].blobs[2]
    async with source.stream("", blob.descriptor) as chunks:
        assert b"".join([piece async for piece in chunks]) == blob.data
    await source.aclose()
    with pytest.raises(SourceError, match="cannot be read"):
        await source.blob("", blob.descriptor, limit=1 << 20)


def legacy(image: images.Image, tags: list[str]) -> dict[str, bytes]:
    config, *layers = image.blobs
    listed = [
        {
            "Config": f"{config.digest.encoded}.json",
            "RepoTags": tags,
            "Layers": [f"layer{number}/layer.tar" for number in range(len(layers))],
        }
    ]
    return {
        "manifest.json": json.dumps(listed).encode(),
        f"{config.digest.encoded}.json": config.data,
        **{f"layer{number}/layer.tar": layer.data for number, layer in enumerate(layers)},
    }


async def test_docker_save_of_old(tmp_path: Path, tape: Tape) -> None:
    image = images.image("linux/arm64", docker=True)
    path = archive(tmp_path / "save.tar", legacy(image, ["app:1", "127.0.0.1:5000/team/app:2"]))
    source = tape("docker-archive", path)
    assert await names(source) == {"app": ["1"], "127.0.0.1:5000/team/app": ["2"]}
    said = await check(source, "1", "app")
    assert said["complete"] is True
    assert said["platforms"][0]["platform"] == "linux/arm64"


async def test_docker_save_with_links_for_equal_layers(tmp_path: Path, tape: Tape) -> None:
    image = images.image("linux/arm64", docker=True)
    files = legacy(image, ["app:1"])
    files["shared/layer.tar"] = files.pop("layer0/layer.tar")
    path = archive(tmp_path / "save.tar", files, **{"layer0/layer.tar": "../shared/layer.tar"})
    assert (await check(tape("docker-archive", path), "1", "app"))["complete"] is True


async def test_docker_save_of_today_has_the_real_manifests(tmp_path: Path, tape: Tape) -> None:
    image = sample()
    files = files_of(image) | {
        "manifest.json": json.dumps([{"Config": "blobs/sha256/x", "RepoTags": ["app:1.0"], "Layers": []}]).encode()
    }
    source = tape("docker-archive", archive(tmp_path / "save.tar", files))
    assert await names(source) == {"app": ["1.0"]}
    assert (await check(source, "1.0", "app"))["digest"] == str(image.digest)


async def test_links_and_paths_that_lead_outside_are_not_followed(tmp_path: Path, tape: Tape) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    digest = Digest.of(b"secret")
    descriptor = Descriptor(media.OCI_LAYER, digest, 6)
    image = images.image("linux/amd64")
    inside = folder(tmp_path / "layout", files_of(image))
    (inside / "blobs/sha256" / digest.encoded).symlink_to(secret)
    refused = await open_layout(inside).probe("", descriptor)
    assert refused.presence is Presence.DENIED
    assert refused.detail == "behind a symbolic link that leaves the folder: refused"
    path = archive(
        tmp_path / "a.tar",
        files_of(image) | {"../outside": b"x", "/etc/passwd": b"x"},
        **{f"blobs/sha256/{digest.encoded}": "../../../secret"},
    )
    source = tape("oci-archive", path)
    assert (await source.probe("", descriptor)).presence is Presence.MISSING
    await source.aclose()


def _cut(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2 + 100])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.unlink(), "No such file"),
        (lambda path: path.write_bytes(b""), "no tar archive"),
        (lambda path: path.write_bytes(b"not a tar at all" * 100), "no tar archive"),
        (lambda path: path.write_bytes(b"\x1f\x8b\x08" + b"x" * 600), "compressed"),
        (lambda path: archive(path, {"index.json": b"{}"}), "no file oci-layout"),
        (lambda path: archive(path, {"oci-layout": b"{}"}), "layout version is not 1.x"),
        (lambda path: archive(path, {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}'}), "no index.json"),
        (
            lambda path: archive(path, {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}', "index.json": b"[]"}),
            "index.json",
        ),
        (_cut, "cut off"),
    ],
)
def test_a_bad_archive_says_what_is_wrong(tmp_path: Path, spoil: Any, words: str) -> None:
    path = archive(tmp_path / "a.tar", files_of(sample()))
    spoil(path)
    with pytest.raises(SourceError) as caught:
        open_archive("oci-archive", path)
    assert words in caught.value.sentence
    assert caught.value.presence is Presence.UNREACHABLE


@pytest.mark.parametrize(
    "document",
    [b"{}", b"[1]", b"[{}]", b'[{"Config": 1, "Layers": []}]', b'[{"Config": "no.json", "Layers": []}]', b"x"],
)
def test_a_bad_manifest_json_says_what_is_wrong(tmp_path: Path, document: bytes) -> None:
    with pytest.raises(SourceError, match="not a docker save archive"):
        open_archive("docker-archive", archive(tmp_path / "a.tar", {"manifest.json": document}))


def test_a_folder_that_is_no_layout(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="not an OCI layout"):
        open_layout(tmp_path)
    with pytest.raises(SourceError, match="cannot be read"):
        open_layout(tmp_path / "nothing")


async def test_a_huge_file_is_not_read_into_memory(tmp_path: Path) -> None:
    image = images.image("linux/amd64")
    source = open_layout(folder(tmp_path, files_of(image)))
    config = image.blobs[0].descriptor
    with pytest.raises(SourceError, match="more than 10 are not read"):
        await source.blob("", config, limit=10)
