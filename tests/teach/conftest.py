"""The gallery, served on loopback, and an explorer over it: what the lessons and explanations are about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tui.demo import faults
from tui.demo.gallery import build_gallery
from tui.demo.samples.stories import docker_manifests
from tui.demo.serve import Served
from tui.demo.storage_folder import write_storage
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.docker_manifests import DockerManifests
from tui.sources.registry import RegistrySource
from tui.teach.backend import LessonBackend


@dataclass
class Stand:
    """A client and an explorer on the served gallery."""

    served: Served
    client: Client
    source: RegistrySource
    explorer: Explorer

    async def open(self, reference: str) -> Node:
        """ "library/hello:latest" as a row, loaded."""
        repository, _, tag = reference.rpartition(":")
        return await self.explorer.add_reference(self.source, repository, tag)

    async def open_all(self, reference: str) -> Node:
        """The same, with everything below it checked and every platform loaded."""
        node = await self.open(reference)
        await self.explorer.check(node).wait()
        return node


@pytest.fixture(scope="module")
def gallery() -> Iterator[Served]:
    with Served.start(build_gallery()) as served:
        yield served


@pytest_asyncio.fixture
async def stand(gallery: Served) -> AsyncIterator[Stand]:
    gallery.reset()
    client = Client(ClientSettings(anonymous=True, tries=2))
    explorer = Explorer()
    source = RegistrySource(client, gallery.address)
    explorer.add_source(source)
    yield Stand(gallery, client, source, explorer)
    await explorer.aclose()
    await client.aclose()


class Lists:
    """Docker's stored lists of the gallery, on disk."""

    def __init__(self, folder: Path, address: str) -> None:
        self.folder, self.address = folder, address
        self.put_back()
        self.source = DockerManifests(folder)

    def put_back(self) -> None:
        for name, raw in docker_manifests(self.address).items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(raw)

    def stored(self, reference: str) -> tuple[bytes, str]:
        for name in self.source.lists.names():
            found = self.source.lists.read(name)
            if found.name is not None and found.name.familiar.endswith(f"/{reference}"):
                return found.pushed()
        raise ValueError("no such list")


@pytest_asyncio.fixture
async def backend(stand: Stand, tmp_path: Path) -> LessonBackend:
    lists = Lists(tmp_path / "docker", stand.served.address)
    return LessonBackend(
        stand.served,
        faults,
        stand.source,
        stand.client,
        stored=lists.stored,
        put_back=lists.put_back,
        export=write_storage,
        folder=tmp_path / "storage",
    )
