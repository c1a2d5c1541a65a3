"""The second look at an image: documents come from the disk, and whether they are there from the registry, by HEAD."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from tests.registry.images import CONFIG, LAYER, RegistryStub, index, manifest
from tests.registry.server import Asked, Reply, Server, error, serving
from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore.inspector import FROM_DISK
from tui.explore.node import Node
from tui.explore.report import Report, report
from tui.oci import media
from tui.oci.digest import Digest
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Presence

CHILDREN = (manifest(), manifest((LAYER, b"")))
INDEX = index(*CHILDREN)


class Stub(RegistryStub):
    """An index of two images under the tag `list`; `refuse` answers instead where it gives an answer."""

    def __init__(self) -> None:
        super().__init__()
        for number, child in enumerate(CHILDREN):
            self.keep(f"child{number}", child, media.OCI_MANIFEST)
        self.keep("list", INDEX, media.OCI_INDEX)
        self.denied = False
        self.no_head = False

    def __call__(self, asked: Asked) -> Reply:
        if self.denied:
            return error(403, "DENIED")
        if self.no_head and asked.method == "HEAD":
            return error(405, "UNSUPPORTED")
        return super().__call__(asked)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving(Stub()) as server:
        yield server


def stub(server: Server) -> Stub:
    assert isinstance(server.handler, Stub)
    return server.handler


@asynccontextmanager
async def run(settings: Settings | None = None) -> AsyncIterator[Engine]:
    async with aclosing(open_engine(settings or Settings())) as engine:
        yield engine


async def look(engine: Engine, name: str, *, deep: bool | None = None) -> Node:
    node = await engine.open(name)
    check = engine.explorer.check(node, deep=deep)
    await check.wait()
    return node


async def checked(
    server: Server, tag: str = "list", *, settings: Settings | None = None, deep: bool | None = None
) -> tuple[Report, list[str]]:
    """A check in a program of its own; and the requests for manifests that it took, as METHOD NAME."""
    before = len(server.asked)
    async with run(settings) as engine:
        node = await look(engine, f"{server.address}/app:{tag}", deep=deep)
        made = report(node, engine.explorer.observations, requests=engine.trace.count)
    asked = [each for each in server.asked[before:] if "/manifests/" in each.target]
    return made, [f"{each.method} {each.path.rpartition('/')[2]}" for each in asked]


def gets(asked: list[str]) -> list[str]:
    return [line for line in asked if line.startswith("GET")]


async def test_the_second_look_gets_no_manifest(server: Server) -> None:
    first, asked = await checked(server)
    assert len(gets(asked)) == len(asked) == 3
    second, again = await checked(server)
    assert gets(again) == []
    assert sorted(again) == sorted(["HEAD list", *(f"HEAD {Digest.of(child)}" for child in CHILDREN)])
    assert second.verdict == first.verdict and second.counts == first.counts
    assert second.requests == first.requests
    assert [(each.digest, each.platforms) for each in second.objects] == [
        (each.digest, each.platforms) for each in first.objects
    ]


async def test_the_config_is_asked_for_by_head_too(server: Server) -> None:
    await checked(server)
    before = len(server.asked)
    await checked(server)
    blobs = {each.method for each in server.asked[before:] if "/blobs/" in each.target}
    assert blobs == {"HEAD"}


async def test_it_is_said_where_the_bytes_come_from(server: Server) -> None:
    first, _ = await checked(server)
    second, _ = await checked(server)
    assert "cache" not in first.effort
    assert second.effort.endswith("; 4 documents from the cache on disk")
    kinds = {each.kind: each.observation.detail for each in second.objects}
    assert kinds["manifest"] == kinds["config"] == FROM_DISK
    assert kinds["layer"] == ""
    assert {each.observation.presence for each in second.objects} == {Presence.PRESENT}


async def test_no_cache_neither_takes_nor_keeps(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    _, asked = await checked(server, settings=Settings(cache=False, cache_folder=folder))
    assert not folder.exists()
    await checked(server, settings=Settings(cache_folder=folder))
    assert folder.exists()
    _, asked = await checked(server, settings=Settings(cache=False, cache_folder=folder))
    assert len(gets(asked)) == 3


async def test_what_is_gone_is_missing_whatever_is_on_disk(server: Server) -> None:
    await checked(server)
    gone = Digest.of(CHILDREN[0])
    del stub(server).manifests[gone]
    made, _ = await checked(server)
    assert made.counts["missing"] == 1
    assert [each.digest for each in made.objects if each.observation.presence is Presence.MISSING] == [gone]


async def test_a_tag_that_moved_is_read(server: Server) -> None:
    await checked(server)
    stub(server).keep("list", CHILDREN[0], media.OCI_MANIFEST)
    made, asked = await checked(server)
    assert made.digest == Digest.of(CHILDREN[0])
    assert gets(asked) == [], "this manifest was read before, below the index"
    other = index(CHILDREN[1])
    stub(server).keep("list", other, media.OCI_INDEX)
    made, asked = await checked(server)
    assert made.digest == Digest.of(other)
    assert gets(asked) == ["GET list"]


async def test_who_may_not_look_is_shown_nothing(server: Server) -> None:
    await checked(server)
    stub(server).denied = True
    made, _ = await checked(server)
    assert made.observation.presence is Presence.DENIED
    assert made.digest is None and made.objects == ()


async def test_another_repository_is_shown_nothing_of_it(server: Server) -> None:
    """Also where a registry says yes to a digest that it never had."""
    await checked(server)
    child = Digest.of(CHILDREN[0])
    async with run() as engine:
        before = len(server.asked)
        await look(engine, f"{server.address}/app/other@{child}")
        assert "GET" in {each.method for each in server.asked[before:]}
        assert engine.inspector.saved == 0


async def test_a_registry_that_refuses_head_is_read_as_ever(server: Server) -> None:
    stub(server).no_head = True
    first, _ = await checked(server)
    second, _ = await checked(server)
    assert first.verdict == second.verdict


async def test_a_deep_check_has_every_byte_sent(server: Server) -> None:
    await checked(server)
    made, asked = await checked(server, deep=True)
    assert len(gets(asked)) == 3
    assert {each.observation.presence for each in made.objects if each.kind != "layer"} == {Presence.HASHED}
    assert not [each for each in made.objects if each.observation.detail == FROM_DISK]


async def test_a_deep_check_after_a_look_does_not_call_the_disk_hashed(server: Server) -> None:
    await checked(server)
    async with run() as engine:
        node = await look(engine, f"{server.address}/app:list")
        assert engine.inspector.saved
        before = len(server.asked)
        check = engine.explorer.check(node, deep=True)
        await check.wait()
        read = {each.path.rpartition("/")[2] for each in server.asked[before:] if each.method == "GET"}
        assert {"list", *map(Digest.of, CHILDREN), Digest.of(CONFIG)} <= read
        made = report(node, engine.explorer.observations)
    assert {each.observation.presence for each in made.objects if each.kind != "layer"} == {Presence.HASHED}


async def test_a_deep_check_that_joins_a_look_does_not_call_the_disk_hashed(server: Server) -> None:
    await checked(server)
    async with run() as engine:
        node = await engine.open(f"{server.address}/app:list")
        opening = asyncio.create_task(engine.explorer.open(node))
        await asyncio.sleep(0)
        check = engine.explorer.check(node, deep=True)
        await asyncio.gather(opening, check.wait())
        assert engine.inspector.saved, "the look took something from the disk"
        made = report(node, engine.explorer.observations)
    assert {each.observation.presence for each in made.objects if each.kind != "layer"} == {Presence.HASHED}


async def test_refresh_asks_past_the_disk(server: Server) -> None:
    await checked(server)
    async with run() as engine:
        node = await look(engine, f"{server.address}/app:list")
        before = len(server.asked)
        await engine.explorer.refresh(node)
        read = [each for each in server.asked[before:] if each.method == "GET" and "/manifests/" in each.target]
        assert read[0].path.endswith("/list")


async def test_what_a_plan_rests_on_and_what_is_read_back_is_asked(server: Server) -> None:
    await checked(server)
    home = RepositoryLocation("app", server.address)
    async with run() as engine:
        before = len(server.asked)
        await engine.inspector.manifest(home, "list")
        await engine.inspector.manifest(home, str(Digest.of(CHILDREN[0])))
        await engine.client.get_manifest(server.address, "app", "list", fresh=True)
        assert [each.method for each in server.asked[before:]] == ["GET"] * 3
        assert engine.inspector.saved == 0


async def test_a_spoilt_document_is_read_again(server: Server, tmp_path: Path) -> None:
    settings = Settings(cache_folder=tmp_path / "kept")
    first, _ = await checked(server, settings=settings)
    for path in (tmp_path / "kept").rglob("*"):
        if path.is_file() and path.stat().st_size:
            path.write_bytes(b'{"schemaVersion": 2, "manifests": []}')
    made, asked = await checked(server, settings=settings)
    assert made.digest == Digest.of(INDEX) and made.verdict == first.verdict
    assert len(gets(asked)) == 3
    made, asked = await checked(server, settings=settings)
    assert gets(asked) == []
