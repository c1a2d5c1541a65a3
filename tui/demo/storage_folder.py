"""The embedded registry's content as a storage folder, laid out as distribution does it on disk.

Source: distribution, registry/storage/paths.go (v2 and v3 use the same layout). Links hold a digest and no newline.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tui.demo.store import Store


def write_storage(store: Store, folder: Path, names: Iterable[str]) -> Path:
    """Write the repositories `names` below `folder` (made if it is not there); the root that was written.

    Only bytes that one of these repositories uses are written. Raises OSError.
    """
    root = folder / "docker" / "registry" / "v2"
    for name in names:
        repository = store.repositories.get(name)
        if repository is None:
            continue
        place = root / "repositories" / name
        for digest in sorted(repository.blobs):
            _link(place / "_layers", digest)
            _data(root, digest, store.data.get(digest))
        for digest, stored in sorted(repository.manifests.items()):
            _link(place / "_manifests" / "revisions", digest)
            _data(root, digest, stored.raw)
        for tag, digest in sorted(repository.tags.items()):
            current = place / "_manifests" / "tags" / tag
            _write(current / "current" / "link", digest.encode())
            _link(current / "index", digest)
    return root


def _link(above: Path, digest: str) -> None:
    algorithm, _, encoded = digest.partition(":")
    _write(above / algorithm / encoded / "link", digest.encode())


def _data(root: Path, digest: str, data: bytes | None) -> None:
    algorithm, _, encoded = digest.partition(":")
    if data is not None:
        _write(root / "blobs" / algorithm / encoded[:2] / encoded / "data", data)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
