"""The gallery, served on loopback, and an explorer over it: what the lessons and explanations are about."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource


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
