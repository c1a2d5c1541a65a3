"""The registry client against a real registry (distribution 2.8): what the scripted servers of tests/registry claim."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from tests.support.real_registry import RealRegistry
from tui.oci import media
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.registry.errors import NotFound, Refused, Unsupported

pytestmark = pytest.mark.slow

DATA = b"0123456789abcdef" * 40_000


async def opened() -> AsyncIterator[bytes]:
    for at in range(0, len(DATA), 65_536):
        yield DATA[at : at + 65_536]


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    made = Client()
    yield made
    await made.aclose()


async def test_a_blobs_whole_life(real: RealRegistry, client: Client) -> None:
    host, digest = real.address, Digest.of(DATA)
    with pytest.raises(NotFound):
        await client.head_blob(host, "app", digest)
    await client.put_blob(host, "app", digest, len(DATA), opened)
    head = await client.head_blob(host, "app", digest, expected_size=len(DATA))
    assert head.size == len(DATA) and head.digest == digest
    assert await client.read_blob(host, "app", digest, limit=len(DATA)) == DATA
    assert await client.read_range(host, "app", digest, 10, 20) == DATA[10:30]
    async with client.stream_blob(host, "app", digest) as stream:
        assert b"".join([chunk async for chunk in stream.chunks]) == DATA
    assert await client.mount(host, "other", digest, "app") is None
    assert (await client.head_blob(host, "other", digest)).size == len(DATA)
    upload = await client.mount(host, "third", Digest.of(b"nowhere"), "app")
    assert upload is not None, "distribution opens a session when it cannot mount"
    await client.cancel_upload(upload)
    upload = await client.begin_upload(host, "third")
    await client.put_blob(host, "third", digest, len(DATA), opened, upload=upload)


async def test_manifests(real: RealRegistry, client: Client) -> None:
    host = real.address
    image = real.put_image("app", "v1", "linux/arm64", "hello")
    found = await client.get_manifest(host, "app", "v1")
    assert found.digest == image.digest and found.raw == image.raw
    head = await client.head_manifest(host, "app", "v1")
    assert (head.digest, head.size, head.method) == (image.digest, len(image.raw), "HEAD")
    index = json.dumps({"schemaVersion": 2, "mediaType": media.DOCKER_LIST, "manifests": [image.entry()]}).encode()
    digest = await client.put_manifest(host, "app", "multi", index, media.DOCKER_LIST)
    assert digest == Digest.of(index) and real.manifest("app", "multi") == index
    pages = [page async for page in client.tags(host, "app")]
    assert sorted(name for page in pages for name in page.names) == ["multi", "v1"] and pages[-1].complete
    assert [page.names async for page in client.catalog(host)] == [("app",)]
    found_referrers = await client.referrers(host, "app", image.digest)
    assert found_referrers.via == "none" and not found_referrers.note
    with pytest.raises(Unsupported, match="does not delete by tag"):
        await client.delete_manifest(host, "app", "multi")
    await client.delete_manifest(host, "app", digest)
    with pytest.raises(NotFound):
        await client.head_manifest(host, "app", "multi")


async def test_what_is_missing_is_named(real: RealRegistry, client: Client) -> None:
    """The story's `manifest blob unknown`, with the digests, and what to do."""
    image = real.put_image("app", "v1", "linux/amd64", "hello")
    with pytest.raises(Refused) as caught:
        await client.put_manifest(real.address, "parent", "v1", image.raw, image.media_type)
    assert set(caught.value.details) == {image.config, *image.layers} and caught.value.code == "MANIFEST_BLOB_UNKNOWN"
    assert "Mount or copy" in caught.value.sentence
    index = json.dumps({"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": [image.entry()]}).encode()
    with pytest.raises(Refused) as caught:
        await client.put_manifest(real.address, "parent", "multi", index, media.OCI_INDEX)
    assert caught.value.details == (image.digest,)


async def test_one_request_for_each_question(real: RealRegistry, client: Client) -> None:
    image = real.put_image("app", "v1", "linux/amd64", "hello")
    await client.get_manifest(real.address, "app", "v1")
    for digest in (image.config, *image.layers):
        await client.head_blob(real.address, "app", digest)
    assert client.trace.count == 1 + 1 + len(image.layers)
