"""Archives as `docker save` writes them, with a layer replaced, moved, doubled or left out: fanfold says of each what
the real skopeo does with it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.commands import run_check
from tests.support.peers import run
from tui.config import Settings
from tui.oci import media

pytestmark = [pytest.mark.slow, pytest.mark.peer]

Files = dict[str, bytes]


def a_tar(files: Mapping[str, bytes]) -> bytes:
    tape = io.BytesIO()
    with tarfile.open(fileobj=tape, mode="w") as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return tape.getvalue()


LAYERS = [a_tar({f"file{number}": f"content {number}".encode() * 200}) for number in range(3)]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def config_of(layers: list[bytes]) -> bytes:
    return json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha(layer)}" for layer in layers]},
        }
    ).encode()


def legacy(layers: list[bytes] | None = None) -> Files:
    """What `docker save` wrote until version 24: a config, and a folder for each layer."""
    layers = LAYERS if layers is None else layers
    config = config_of(layers)
    listed = [
        {
            "Config": f"{sha(config)}.json",
            "RepoTags": ["app:1"],
            "Layers": [f"layer{number}/layer.tar" for number in range(len(layers))],
        }
    ]
    files = {f"layer{number}/layer.tar": layer for number, layer in enumerate(layers)}
    return {"manifest.json": json.dumps(listed).encode(), f"{sha(config)}.json": config, **files}


def layout() -> Files:
    """What it writes since: an OCI layout with a `manifest.json` beside it."""
    config = config_of(LAYERS)
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": {"mediaType": media.OCI_CONFIG, "digest": f"sha256:{sha(config)}", "size": len(config)},
            "layers": [
                {"mediaType": media.OCI_LAYER, "digest": f"sha256:{sha(layer)}", "size": len(layer)} for layer in LAYERS
            ],
        }
    ).encode()
    entry = {
        "mediaType": media.OCI_MANIFEST,
        "digest": f"sha256:{sha(manifest)}",
        "size": len(manifest),
        "annotations": {
            "io.containerd.image.name": "docker.io/library/app:1",
            "org.opencontainers.image.ref.name": "1",
        },
    }
    listed = [
        {
            "Config": f"blobs/sha256/{sha(config)}",
            "RepoTags": ["app:1"],
            "Layers": [f"blobs/sha256/{sha(layer)}" for layer in LAYERS],
        }
    ]
    return {
        "oci-layout": b'{"imageLayoutVersion": "1.0.0"}',
        "index.json": json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode(),
        "manifest.json": json.dumps(listed).encode(),
        **{f"blobs/sha256/{sha(data)}": data for data in (config, manifest, *LAYERS)},
    }


def replaced(files: Files) -> None:
    name = layer_names(files)[1]
    files[name] = a_tar({"evil": b"not what it was"})


def flipped(files: Files) -> None:
    name = layer_names(files)[1]
    data = bytearray(files[name])
    data[600] ^= 1
    files[name] = bytes(data)


def swapped(files: Files) -> None:
    first, second, *_ = layer_names(files)
    files[first], files[second] = files[second], files[first]


def named_the_other_way(files: Files) -> None:
    change(files, lambda names: [names[1], names[0], names[2]])


def left_out_of_the_list(files: Files) -> None:
    change(files, lambda names: [names[0], names[2]])


def last_left_out_of_the_list(files: Files) -> None:
    change(files, lambda names: names[:2])


def left_out_of_the_archive(files: Files) -> None:
    del files[layer_names(files)[1]]


def named_twice(files: Files) -> None:
    change(files, lambda names: [*names, names[2]])


def layer_names(files: Files) -> list[str]:
    names: list[str] = json.loads(files["manifest.json"])[0]["Layers"]
    return names


def change(files: Files, how: Callable[[list[str]], list[str]]) -> None:
    listed = json.loads(files["manifest.json"])
    listed[0]["Layers"] = how(listed[0]["Layers"])
    files["manifest.json"] = json.dumps(listed).encode()


def nothing(files: Files) -> None:
    pass


def compressed(files: Files) -> None:
    for name in layer_names(files):
        files[name] = gzip.compress(files[name], mtime=0)


FORMS = {"legacy": legacy, "layout": layout}
BAD = [
    replaced,
    flipped,
    swapped,
    named_the_other_way,
    left_out_of_the_list,
    last_left_out_of_the_list,
    left_out_of_the_archive,
    named_twice,
]


def skopeo_takes(path: Path, folder: Path) -> bool:
    done = run("skopeo", "copy", "--insecure-policy", f"docker-archive:{path}:app:1", f"dir:{folder / 'out'}")
    assert done.returncode == 0 or "level=fatal" in done.stderr, done.stderr
    return done.returncode == 0


def fanfold_takes(path: Path) -> bool:
    return run_check(Settings(), [f"docker-archive:{path}:app:1"]) == 0


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("spoil", [nothing, *BAD], ids=lambda spoil: spoil.__name__)
def test_fanfold_and_skopeo_agree(tmp_path: Path, form: str, spoil: Callable[[Files], None]) -> None:
    files = FORMS[form]()
    spoil(files)
    path = tmp_path / "save.tar"
    path.write_bytes(a_tar(files))
    assert skopeo_takes(path, tmp_path) is (spoil is nothing)
    assert fanfold_takes(path) is (spoil is nothing)


def test_layers_may_be_compressed(tmp_path: Path) -> None:
    files = legacy()
    compressed(files)
    path = tmp_path / "save.tar"
    path.write_bytes(a_tar(files))
    assert skopeo_takes(path, tmp_path) and fanfold_takes(path)
    replaced(files)
    path.write_bytes(a_tar(files))
    assert not fanfold_takes(path)


def test_one_digest_for_two_files_looks_at_both(tmp_path: Path) -> None:
    files = legacy([LAYERS[0], LAYERS[0]])
    path = tmp_path / "save.tar"
    path.write_bytes(a_tar(files))
    assert skopeo_takes(path, tmp_path) and fanfold_takes(path)
    for number in range(2):
        spoiled = {**files, f"layer{number}/layer.tar": LAYERS[1]}
        path.write_bytes(a_tar(spoiled))
        assert not fanfold_takes(path), number
