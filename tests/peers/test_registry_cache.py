"""A real docker-registry that keeps blob descriptors in memory says that a blob is there after its file is gone: 200 to
HEAD, and 206 to a GET of which not a byte comes. Asked for that byte, it is not called present."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import images
from tests.support.bare_registry import BareRegistry
from tui.registry.client import Client
from tui.registry.settings import ClientSettings, HostSettings
from tui.sources.presence import Presence
from tui.sources.registry import RegistrySource

pytestmark = [pytest.mark.peer, pytest.mark.slow]


@pytest.fixture
def remembering(tmp_path: Path) -> Iterator[BareRegistry]:
    registry = BareRegistry(tmp_path / "registry", cache=True)
    registry.start()
    yield registry
    registry.stop()


async def test_a_file_that_is_gone_behind_the_cache(remembering: BareRegistry) -> None:
    image = images.image()
    gone, here = (part.descriptor for part in image.blobs[:2])
    remembering.push("app", image, "latest")
    for part in (gone, here):  # once, so that the registry remembers both
        assert remembering.ask("HEAD", f"/v2/app/blobs/{part.digest}")[0] == 200
    remembering.delete_data(gone.digest)
    found = {}
    for head in (True, False):
        client = Client(ClientSettings(anonymous=True, hosts={remembering.address: HostSettings(head=head)}))
        source = RegistrySource(client, remembering.address)
        found[head] = [(await source.probe("app", part)).presence for part in (gone, here)]
        await client.aclose()
    assert found[True] == [Presence.PRESENT, Presence.PRESENT], "HEAD cannot know: the README says so"
    assert found[False] == [Presence.UNREACHABLE, Presence.PRESENT]
