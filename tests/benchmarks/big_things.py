"""Big things, each in two sizes: the time and the memory that they take may grow with what is distinct, not faster.

    python -m tests.benchmarks.big_things [WORDS…]      only those cases whose names have one of these words

Each is the program in a process of its own, with a registry that answers at once; processor time and memory are beyond
what its start takes. Growth is how many times as much the larger one takes, by how many times it is as large: 1 is
linear, and up to 1.3 is what caches and allocators make of it.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.document_server import ARCHITECTURES, Documents, document_server
from tests.benchmarks.measured import Took, fanfold
from tests.benchmarks.table import Row, show
from tui.oci import media

GROWTH = 1.3
#: What a start takes is only known to so many seconds and megabytes.
CPU_NOISE, MEGABYTES_NOISE = 0.03, 3.0

Arguments = list[str]


@dataclass(frozen=True)
class Case:
    """Something big: what it is called with its size, and how a registry or a folder comes to hold it."""

    name: str
    small: int
    large: int
    build: Callable[[Documents, Path, int], tuple[Arguments, int]]
    """The arguments ("{}" is the registry), and how many distinct things there are."""
    status: int = 0
    """How the program ends."""


def wide_index(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """An index of so many platforms of three layers."""
    return ["check", "{}/big"], documents.platforms("big", size, 3)


def broken_index(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """The same, and each platform lacks a layer."""
    return ["check", "{}/big"], documents.platforms("big", size, 3, lacks=True)


def shared_children(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """An index of so many indexes of ten images each, all the same ten, each index with an annotation of its own."""
    images = [
        documents.image("big", str(number), ARCHITECTURES[number % 5], 2, f"os{number // 5}") for number in range(10)
    ]
    nested = []
    for number in range(size):
        document = {
            "schemaVersion": 2,
            "mediaType": media.OCI_INDEX,
            "manifests": images,
            "annotations": {"n": str(number)},
        }
        nested.append(documents.manifest("big", document))
    documents.index("big", nested, "latest")
    documents.tags("big", ["latest"])
    return ["check", "{}/big"], documents.objects


def same_index(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """An index that names one index of 20 images so many times."""
    images = [
        documents.image("big", str(number), ARCHITECTURES[number % 5], 2, f"os{number // 5}") for number in range(20)
    ]
    documents.index("big", [documents.index("big", images)] * size, "latest")
    documents.tags("big", ["latest"])
    return ["check", "{}/big"], size


def large_manifest(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """An image manifest of so many bytes, all of them layers with annotations, and each layer is there."""
    layers: list[dict[str, object]] = []
    written = 0
    while written < size:
        layer = documents.blob("big", str(len(layers)).encode(), media.OCI_LAYER_GZIP)
        layers.append({**layer, "annotations": {"note": "x" * 600}})
        written += len(json.dumps(layers[-1])) + 2
    ids = [f"sha256:{number:064x}" for number in range(len(layers))]
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": ids}}
    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": documents.blob("big", json.dumps(config).encode(), media.OCI_CONFIG),
        "layers": layers,
    }
    documents.manifest("big", document, "latest")
    documents.tags("big", ["latest"])
    return ["check", "{}/big"], documents.objects


def moved_tags(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """An index of so many platforms, each made of a tag that holds another image now, and one layer is missing."""
    entries, tags = [], ["1.0"]
    for number in range(size):
        machine = f"machine{number}"
        entries.append(documents.image("big", f"old {number}", machine, 1, lacks=not number))
        tags.append(f"1.0-{machine}")
        now = documents.image("big", f"new {number}", machine, 1)
        for path in (f"/v2/big/manifests/{now['digest']}",):
            documents.answers[f"/v2/big/manifests/{tags[-1]}".encode()] = documents.answers[path.encode()]
    documents.index("big", entries, "1.0")
    documents.tags("big", tags)
    return ["check", "{}/big:1.0"], documents.objects


def tag_list(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """A repository of so many tags, listed."""
    documents.tags("big", [f"v{number // 1000}.{number % 1000}" for number in range(size)])
    return ["tree", "--depth", "1", "{}/big"], size


def tags_checked(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """A repository of so many tags of one image each, checked."""
    documents.repository("big", size, 1, ("amd64",))
    return ["check", "--no-cache", "{}/big"], documents.objects


def tags_of_one_image(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """A repository of so many tags for one index, checked."""
    names = [f"v{number}" for number in range(size)]
    images = [documents.image("big", "one", machine, 3) for machine in ARCHITECTURES]
    documents.index("big", images, *names)
    documents.tags("big", names)
    return ["check", "{}/big"], size


def layer_of_files(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """A layout whose only layer is a tar of so many files."""
    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as archive:
        _put_members(archive, size)
    _layout(folder, layer.getvalue())
    return ["check", f"oci:{folder}"], size


def archive_of_files(documents: Documents, folder: Path, size: int) -> tuple[Arguments, int]:
    """An archive of so many files beside those of its image."""
    _layout(folder / "layout", b"")
    with tarfile.open(folder / "image.tar", mode="w") as archive:
        archive.add(folder / "layout", arcname=".")
        _put_members(archive, size)
    return ["check", f"oci-archive:{folder / 'image.tar'}"], size


def _put_members(archive: tarfile.TarFile, count: int) -> None:
    for number in range(count):
        member = tarfile.TarInfo(f"usr/share/{number // 1000}/{number}")
        member.size = 8
        archive.addfile(member, io.BytesIO(b"%08d" % number))


def _layout(folder: Path, layer: bytes) -> None:
    """An image layout of one image of one layer, a tar; "" for one that is empty."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    content = layer or bytes(10240)

    def put(data: bytes, media_type: str) -> dict[str, object]:
        digest = hashlib.sha256(data).hexdigest()
        (blobs / digest).write_bytes(data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def document(content: dict[str, object]) -> dict[str, object]:
        return put(json.dumps(content).encode(), str(content["mediaType"]))

    packed = put(content, media.OCI_LAYER)
    ids = {"type": "layers", "diff_ids": [packed["digest"]]}
    config = {"os": "linux", "architecture": "amd64", "rootfs": ids}
    image = document(
        {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": put(json.dumps(config).encode(), media.OCI_CONFIG),
            "layers": [packed],
        }
    )
    named = {**image, "annotations": {"org.opencontainers.image.ref.name": "latest"}}
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [named]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


CASES = (
    Case("an index of {:,} platforms", 500, 1_000, wide_index),
    Case("an index of {:,} platforms, each lacks a layer", 400, 800, broken_index, 1),
    Case("an index of {:,} indexes of the same ten images", 100, 200, shared_children),
    Case("an index that names one index {:,} times", 500, 1_000, same_index),
    Case("a manifest of {:,} bytes", 2_000_000, 3_900_000, large_manifest),
    Case("an index of {:,} platforms, all of their tags moved", 400, 800, moved_tags, 1),
    Case("{:,} tags, listed", 25_000, 50_000, tag_list),
    Case("{:,} tags, checked", 300, 600, tags_checked),
    Case("{:,} tags of one index, checked", 300, 600, tags_of_one_image),
    Case("a layer of {:,} files, read", 50_000, 100_000, layer_of_files),
    Case("an archive of {:,} files", 50_000, 100_000, archive_of_files),
)


def measure(case: Case, size: int) -> tuple[Took, int]:
    """What it took, and how many things were distinct."""
    documents = Documents()
    with tempfile.TemporaryDirectory() as folder:
        arguments, distinct = case.build(documents, Path(folder), size)
        with document_server(documents, 0.0) as address:
            took = fanfold(*(each.replace("{}", address) for each in arguments), statuses=(case.status,))
    return took, distinct


def rows(words: tuple[str, ...] = ()) -> Iterator[Row]:
    documents = Documents()
    documents.platforms("small", 1, 1)
    with document_server(documents, 0.0) as address:
        starts = [fanfold("check", f"{address}/small") for _ in range(3)]
    start_cpu, start_size = min(took.cpu for took in starts), min(took.megabytes for took in starts)
    for case in CASES:
        if words and not any(word in case.name for word in words):
            continue
        name = case.name.format(case.large)
        try:
            (small, few), (large, many) = measure(case, case.small), measure(case, case.large)
        except RuntimeError as error:
            yield Row(name, why=str(error))
            continue
        times = many / few
        cpu = max(large.cpu - start_cpu, 0) / (max(small.cpu - start_cpu, 0) + CPU_NOISE) / times
        space = max(large.megabytes - start_size, 0) / (max(small.megabytes - start_size, 0) + MEGABYTES_NOISE) / times
        yield Row(
            name,
            f"{large.cpu:.2f} s CPU, {large.megabytes:.0f} MB",
            floor=f"half: {small.cpu:.2f} s, {small.megabytes:.0f} MB",
            ratio=f"growth {cpu:.2f}x, {space:.2f}x",
            bar=f"at most {GROWTH}x",
            met=max(cpu, space) <= GROWTH,
        )


if __name__ == "__main__":
    sys.exit(show(rows(tuple(word for word in sys.argv[1:] if word != "--json"))))
