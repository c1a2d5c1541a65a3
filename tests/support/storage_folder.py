"""A registry's storage folder made of the gallery, and what has to stay the same in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tui.oci.manifest import ImageManifest, Index
from tui.sources.storage import StorageSource

NAMES = ("sandbox", "dockerfun", "dockerfun/amd64", "dockerfun/arm64", "library/hello")


def picture(folder: Path) -> dict[str, tuple[int, int, int, str]]:
    """Everything that a write could change: type and mode, size, time of change, content."""
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() and not path.is_symlink() else ""
        found[str(path.relative_to(folder))] = (state.st_mode, state.st_size, state.st_mtime_ns, content)
    return found


def root_of(folder: Path) -> Path:
    return folder / "docker/registry/v2"


async def image_of(source: StorageSource, repository: str, tag: str) -> ImageManifest:
    manifest = await source.manifest(repository, tag)
    if isinstance(manifest, Index):
        manifest = await source.manifest(repository, str(manifest.entries[0].digest))
    assert isinstance(manifest, ImageManifest)
    return manifest


async def names(source: StorageSource) -> list[str]:
    return [name async for page in source.repositories() for name in page.names]


async def tags(source: StorageSource, repository: str) -> list[str]:
    return [name async for page in source.tags(repository) for name in page.names]
