"""A real docker-registry's storage folder: unlinked, half-deleted and collected blobs, told apart one by one."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.peers import need
from tui.demo.gallery import build_gallery
from tui.demo.store import Store
from tui.oci.digest import Digest
from tui.oci.manifest import ImageManifest, Index
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.presence import Presence
from tui.sources.registry import RegistrySource
from tui.sources.storage import StorageSource
from tui.sources.storage_disk import blob_path, link_path
from tui.sources.storage_survey import compare_with, survey

pytestmark = [pytest.mark.slow, pytest.mark.peer, pytest.mark.timeout(120)]

_CONFIG = """\
version: 0.1
storage:
  filesystem:
    rootdirectory: {root}
  delete:
    enabled: true
  cache:
    blobdescriptor: inmemory
http:
  addr: 127.0.0.1:{port}
log:
  level: error
"""


class Real:
    """A docker-registry on loopback with a folder of its own."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.address = f"127.0.0.1:{self.port}"
        self.root = folder / "registry"
        self.root.mkdir()
        self.config = folder / "config.yml"
        self.config.write_text(_CONFIG.format(root=self.root, port=self.port))
        self.program = need("docker-registry")
        said = subprocess.run([self.program, "--version"], capture_output=True, text=True, timeout=20, check=True)
        self.version = said.stdout.split()[-1].removeprefix("v")

    @contextmanager
    def running(self) -> Iterator[None]:
        process = subprocess.Popen(
            [self.program, "serve", str(self.config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            self._wait()
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def collect_garbage(self, *flags: str) -> None:
        subprocess.run(
            [self.program, "garbage-collect", *flags, str(self.config)], check=True, capture_output=True, timeout=60
        )

    def _wait(self) -> None:
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.05)
        pytest.fail("docker-registry did not start")


async def fill(real: Real, store: Store, *names: str) -> None:
    """Push repositories of the gallery into the real registry: blobs, images, then indexes and tags."""
    client = Client(ClientSettings(anonymous=True))
    try:
        for name in names:
            repository = store.repositories[name]
            for digest in sorted(repository.blobs):
                data = store.data[digest]

                async def chunks(data: bytes = data) -> AsyncIterator[bytes]:
                    yield data

                await client.put_blob(real.address, name, Digest(digest), len(data), chunks)
            ordered = sorted(repository.manifests.items(), key=lambda item: b'"manifests"' in item[1].raw)
            for digest, stored in ordered:
                tags = [tag for tag, target in repository.tags.items() if target == digest]
                for selector in tags or [digest]:
                    await client.put_manifest(real.address, name, selector, stored.raw, stored.media_type)
    finally:
        await client.aclose()


def delete(url: str) -> int:
    """DELETE, as somebody with curl would; the status."""
    with urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=10) as answer:
        return int(answer.status)


def picture(folder: Path) -> dict[str, tuple[int, int, int, str]]:
    found = {}
    for path in sorted(folder.rglob("*")):
        state = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[str(path.relative_to(folder))] = (state.st_mode, state.st_size, state.st_mtime_ns, content)
    return found


async def first_image(source: StorageSource, repository: str, tag: str) -> ImageManifest:
    manifest = await source.manifest(repository, tag)
    if isinstance(manifest, Index):
        manifest = await source.manifest(repository, str(manifest.entries[0].digest))
    assert isinstance(manifest, ImageManifest)
    return manifest


@pytest.fixture
def real(tmp_path: Path) -> Real:
    return Real(tmp_path)


async def test_what_a_real_registry_wrote_is_read_right(real: Real) -> None:
    store = build_gallery()
    with real.running():
        await fill(real, store, "library/hello", "dockerfun/amd64")
        before = picture(real.root)
        source = StorageSource(real.root)
        names = [name async for page in source.repositories() for name in page.names]
        assert names == ["dockerfun/amd64", "library/hello"]
        client = Client(ClientSettings(anonymous=True))
        live = RegistrySource(client, real.address)
        rows = await compare_with(source, live, "library/hello")
        await client.aclose()
        assert len(rows) > 40
        assert [row for row in rows if not row.agrees] == []
        assert {row.disk.presence for row in rows} == {Presence.PRESENT}
        found = await survey(source, "library/hello")
        assert {tag.name for tag in found.tags} == {"1.0", "1.1", "1", "latest"}
        assert found.dangling == () and found.holes == ()
        assert picture(real.root) == before


async def test_unlinked_half_deleted_and_gone_are_told_apart_blob_by_blob(real: Real) -> None:
    store = build_gallery()
    with real.running():
        await fill(real, store, "dockerfun/amd64", "dockerfun/arm64")
        client = Client(ClientSettings(anonymous=True))
        source = StorageSource(real.root)
        image = await first_image(source, "dockerfun/amd64", "6b972be0")
        assert image.config is not None
        unlinked, half = image.layers
        # Another repository uses one of the layers, through a mount
        await client.mount(real.address, "borrower", unlinked.digest, "dockerfun/amd64")
        # 1: deleted over HTTP, so that the registry unlinks it; 2: the bytes are lost; 3: both
        path = f"/v2/dockerfun/amd64/blobs/{unlinked.digest}"
        assert await asyncio.to_thread(delete, f"http://{real.address}{path}") == 202
        await client.aclose()
    shutil.rmtree(blob_path(source.path, half.digest).parent)
    shutil.rmtree(link_path(source.path, "dockerfun/amd64", image.config.digest, manifest=False).parent)
    shutil.rmtree(blob_path(source.path, image.config.digest).parent)
    before = picture(real.root)
    seen = {part.digest: await source.probe("dockerfun/amd64", part) for part in (image.config, *image.layers)}
    assert {one.presence for one in seen.values()} == {Presence.MISSING}
    assert "in the store, not linked" in seen[unlinked.digest].detail
    assert "a mount from borrower would fix it" in seen[unlinked.digest].detail
    assert seen[half.digest].detail.startswith("linked, but its bytes are gone")
    assert seen[image.config.digest].detail.startswith("gone: neither linked nor in the store")
    assert picture(real.root) == before

    # A registry that starts on this folder says 404 to all three: over HTTP they cannot be told apart
    with real.running():
        client = Client(ClientSettings(anonymous=True))
        live = RegistrySource(client, real.address)
        for part in (image.config, *image.layers):
            assert (await live.probe("dockerfun/amd64", part, fresh=True)).presence is Presence.MISSING
        # What was said of the unlinked one is true: a mount fixes it, without a byte sent
        assert await client.mount(real.address, "dockerfun/amd64", unlinked.digest, "borrower") is None
        await client.aclose()
    assert (await source.probe("dockerfun/amd64", unlinked)).presence is Presence.PRESENT


async def test_after_a_garbage_collection_of_untagged_manifests(real: Real) -> None:
    store = build_gallery()
    with real.running():
        await fill(real, store, "library/hello")
    source = StorageSource(real.root)
    healthy = await survey(source, "library/hello")
    assert healthy.holes == ()
    index = await source.manifest("library/hello", "latest")
    assert isinstance(index, Index)
    await asyncio.to_thread(real.collect_garbage, "-m")
    before = picture(real.root)
    left = await source.manifest("library/hello", "latest")
    assert left.digest == index.digest, "the tag still answers"
    lost = {entry.digest for entry in index.entries}
    seen = {entry.digest: await source.probe("library/hello", entry) for entry in index.entries}
    found = await survey(source, "library/hello")
    assert picture(real.root) == before
    # distribution 2.8 forgets the children of an index, which have no tags; 3.0 walks from the index and keeps them
    gone = {digest for digest, one in seen.items() if one.presence is Presence.MISSING}
    assert gone == (lost if real.version.startswith("2.") else set())
    assert {digest for digest, _why in found.holes} & lost == gone
    with real.running():
        client = Client(ClientSettings(anonymous=True))
        rows = await compare_with(source, RegistrySource(client, real.address), "library/hello")
        await client.aclose()
    assert [row for row in rows if not row.agrees] == [], "disk and registry agree once it was started anew"


async def test_a_running_registry_that_remembers_what_is_gone_is_found_out(real: Real) -> None:
    store = build_gallery()
    with real.running():
        await fill(real, store, "dockerfun/amd64")
        client = Client(ClientSettings(anonymous=True))
        live = RegistrySource(client, real.address)
        source = StorageSource(real.root)
        image = await first_image(source, "dockerfun/amd64", "6b972be0")
        lost = image.layers[0]
        assert (await live.probe("dockerfun/amd64", lost, fresh=True)).presence is Presence.PRESENT
        shutil.rmtree(blob_path(source.path, lost.digest).parent)
        rows = await compare_with(source, live, "dockerfun/amd64")
        await client.aclose()
    wrong = [row for row in rows if not row.agrees]
    served = next(row for row in rows if row.digest == lost.digest)
    assert served.disk.presence is Presence.MISSING
    if served.live.presence is Presence.PRESENT:  # 2.8 answers from its cache of descriptors
        assert [row.digest for row in wrong] == [lost.digest]
        assert "answers from memory" in wrong[0].meaning
    else:
        assert wrong == []
