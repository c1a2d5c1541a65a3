"""A registry as a source: five kinds of ignorance, none taken for another."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator

import pytest

from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import ImageManifest, Index
from tui.registry import errors
from tui.registry.client import Client
from tui.registry.settings import ClientSettings, HostSettings
from tui.sources.base import Source, SourceError
from tui.sources.presence import Presence
from tui.sources.registry import RegistrySource, source_error


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    served = Served.start(build_gallery())
    yield served
    served.stop()


@pytest.fixture
async def source(served: Served) -> AsyncIterator[RegistrySource]:
    client = Client(ClientSettings(anonymous=True, longest_wait=0.5, deadline=10.0, connect_timeout=2.0, tries=2))
    yield RegistrySource(client, served.address)
    await client.aclose()


@pytest.mark.parametrize(
    ("error", "presence"),
    [
        (errors.NotFound("x", status=404, code="BLOB_UNKNOWN"), Presence.MISSING),
        (errors.Denied("x", status=401), Presence.DENIED),
        (errors.Policy("x", status=412), Presence.DENIED),
        (errors.RateLimited("x", retry_after=30.0), Presence.LIMITED),
        (errors.Unreachable("x"), Presence.UNREACHABLE),
        (errors.TimedOut("x"), Presence.UNREACHABLE),
        (errors.TlsFailure("x"), Presence.UNREACHABLE),
        (errors.NotARegistry("x"), Presence.UNREACHABLE),
        (errors.TooLarge("x"), Presence.UNREACHABLE),
        (errors.Unsupported("x", status=400), Presence.UNREACHABLE),
        (errors.Conflict("x", status=409), Presence.UNREACHABLE),
        (errors.Corrupt("x"), Presence.MISMATCHED),
        (errors.InvalidManifest("x", raw=b"{"), Presence.MISMATCHED),
    ],
)
def test_each_error_means_one_thing(error: errors.RegistryError, presence: Presence) -> None:
    found = source_error(error)
    assert found.presence is presence
    assert found.observation().presence is presence
    assert found.sentence == "x"


def test_only_a_confirmed_not_found_is_ever_missing() -> None:
    def tree(kind: type[errors.RegistryError]) -> set[type[errors.RegistryError]]:
        return {kind}.union(*(tree(below) for below in kind.__subclasses__()))

    missing = {kind for kind in tree(errors.RegistryError) if source_error(kind("x")).presence is Presence.MISSING}
    assert missing == {errors.NotFound}


def test_the_wait_of_a_rate_limit_is_a_moment_to_ask_again() -> None:
    retry_at = source_error(errors.RateLimited("x", retry_after=30.0)).retry_at
    assert retry_at is not None
    assert 25 < retry_at - time.monotonic() <= 30


async def layers(source: RegistrySource, repository: str, tag: str = "latest") -> list[Descriptor]:
    index = await source.manifest(repository, tag)
    assert isinstance(index, Index)
    found: list[Descriptor] = []
    for entry in index.entries:
        try:
            manifest = await source.manifest(repository, str(entry.digest))
        except SourceError:
            continue
        assert isinstance(manifest, ImageManifest)
        found.extend(manifest.layers)
    return found


async def test_it_is_a_source(source: RegistrySource, served: Served) -> None:
    assert isinstance(source, Source)
    assert source.registry == source.title == served.address
    assert source.reference("app", tag="1") == f"{served.address}/app:1"
    digest = Digest.of(b"x")
    assert source.reference("app", digest=digest) == f"{served.address}/app@{digest}"
    names = [name async for page in source.repositories() for name in page.names]
    assert "library/hello" in names
    tags = [name async for page in source.tags("library/hello") for name in page.names]
    assert set(tags) == {"1", "1.0", "1.1", "latest"}


async def test_present_missing_and_mismatched(source: RegistrySource) -> None:
    probed = [
        await source.probe("gallery/missing-layer", part) for part in await layers(source, "gallery/missing-layer")
    ]
    assert {seen.presence for seen in probed} == {Presence.PRESENT, Presence.MISSING}
    lost = next(seen for seen in probed if seen.presence is Presence.MISSING)
    assert (lost.status, lost.detail, lost.confirmed) == (404, "404 BLOB_UNKNOWN", True)
    wrong = [await source.probe("gallery/wrong-size", part) for part in await layers(source, "gallery/wrong-size")]
    assert [seen.presence for seen in wrong].count(Presence.MISMATCHED) == 1
    assert "the descriptor says" in next(s.detail for s in wrong if s.presence is Presence.MISMATCHED)


async def test_a_quick_question_is_not_confirmed(source: RegistrySource) -> None:
    nothing = Descriptor(media.OCI_LAYER_GZIP, Digest.of(b"nothing"), 7)
    before = source.requests
    seen = await source.probe("library/hello", nothing, confirm=False)
    assert (seen.presence, seen.confirmed, source.requests - before) == (Presence.MISSING, False, 1)
    seen = await source.probe("library/hello", nothing)
    assert (seen.presence, seen.confirmed, source.requests - before) == (Presence.MISSING, True, 3)


async def test_a_foreign_layer_is_asked_for_and_not_called_missing(source: RegistrySource) -> None:
    parts = await layers(source, "gallery/foreign-layer")
    seen = {part.media_type: (await source.probe("gallery/foreign-layer", part)).presence for part in parts}
    assert Presence.FOREIGN in seen.values()
    assert Presence.MISSING not in seen.values()


async def test_denied_and_limited(source: RegistrySource) -> None:
    with pytest.raises(SourceError) as caught:
        await source.manifest("gallery/private", "latest")
    assert caught.value.presence is Presence.DENIED
    assert "docker login" in caught.value.fix
    index = await source.manifest("gallery/limited", "latest")
    assert isinstance(index, Index)
    with pytest.raises(SourceError) as caught:
        await source.manifest("gallery/limited", str(index.entries[0].digest))
    assert caught.value.presence is Presence.LIMITED
    assert caught.value.retry_at is not None


async def test_a_registry_that_is_not_there(served: Served) -> None:
    client = Client(ClientSettings(anonymous=True, tries=1, connect_timeout=1.0))
    source = RegistrySource(client, "127.0.0.1:1")
    seen = await source.probe("app", Descriptor(media.OCI_LAYER_GZIP, Digest.of(b"x"), 1))
    assert seen.presence is Presence.UNREACHABLE
    with pytest.raises(SourceError) as caught:
        await source.resolve("app", "1")
    assert caught.value.presence is Presence.UNREACHABLE
    await client.aclose()


async def test_an_unknown_repository_is_asked_about_once(served: Served) -> None:
    client = Client(ClientSettings(anonymous=True))
    source = RegistrySource(client, served.address)
    found = source._noted("gone", errors.NotFound("no such repository", repo_unknown=True, status=404))
    assert found.repository_unknown
    before = client.trace.count
    for text in ("a", "b", "c"):
        seen = await source.probe("gone", Descriptor(media.OCI_LAYER_GZIP, Digest.of(text.encode()), 1))
        assert (seen.presence, seen.detail) == (Presence.MISSING, "404 NAME_UNKNOWN")
    assert client.trace.count == before
    await source.probe("gone", Descriptor(media.OCI_LAYER_GZIP, Digest.of(b"a"), 1), fresh=True)
    assert client.trace.count > before
    await client.aclose()


async def test_resolving_is_cheap_and_says_what_a_tag_is(source: RegistrySource) -> None:
    before = source.requests
    found = await source.resolve("library/hello", "latest")
    assert source.requests - before <= 2  # and a token
    manifest = await source.manifest("library/hello", "latest")
    assert (found.digest, found.size, found.media_type) == (manifest.digest, manifest.size, manifest.media_type)


async def test_content_is_read_whole_and_streamed(source: RegistrySource) -> None:
    part = (await layers(source, "sandbox", "0.16-edge"))[0]
    data = await source.blob("sandbox", part, limit=1 << 22)
    assert Digest.of(data) == part.digest
    async with source.stream("sandbox", part) as chunks:
        assert b"".join([piece async for piece in chunks]) == data
    with pytest.raises(SourceError):
        await source.blob("sandbox", part, limit=10)
    found = await source.referrers("library/hello", (await source.resolve("library/hello", "latest")).digest)
    assert len(found) == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (ClientSettings(read_only=True), "--read-only"),
        (ClientSettings(hosts={"reg.test": HostSettings(read_only=True)}), "set read-only in the configuration"),
        (ClientSettings(), ""),
    ],
)
async def test_why_it_is_read_only(settings: ClientSettings, words: str) -> None:
    client = Client(settings)
    source = RegistrySource(client, "reg.test")
    assert words in source.why_read_only
    assert source.can_write == (words == "")
    await client.aclose()
