"""The commands for what lies on disk, run as shown on real layouts, archives, storage folders and Docker's lists."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.peers.test_commands import installed, shell
from tests.support.peers import need, run
from tests.support.tools import DOCKER, ORAS, SKOPEO
from tui.demo import faults
from tui.demo.gallery import build_gallery
from tui.demo.samples.stories import docker_manifests
from tui.demo.serve import Served
from tui.demo.storage_folder import write_storage
from tui.explore.explorer import Explorer
from tui.explore.node import Kind, Node
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.archive import open_archive
from tui.sources.base import Source
from tui.sources.disk import open_layout
from tui.sources.docker_manifests import DockerManifests
from tui.sources.registry import RegistrySource
from tui.sources.storage import StorageSource
from tui.teach.backend import ActResult
from tui.tools.looking import look_lines
from tui.tools.table import CommandLine

pytestmark = [pytest.mark.slow, pytest.mark.peer, pytest.mark.timeout(240)]


@pytest.fixture(scope="module")
def gallery() -> Iterator[Served]:
    with Served.start(build_gallery()) as served:
        yield served


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    client = Client(ClientSettings(anonymous=True))
    yield client
    await client.aclose()


async def rows(source: Source, tag: str, repository: str = "") -> list[Node]:
    """Every row of an image on disk, the source and its repository first."""
    explorer = Explorer()
    root = explorer.add_source(source)
    node = await explorer.add_reference(source, repository, tag)
    await explorer.check(node).wait()
    found = [root, *root.children[:1], *node.walk()]
    await explorer.aclose()
    return found


async def outputs(node: Node) -> list[tuple[CommandLine, str]]:
    """What each line of a row prints whose tool is here; none fails."""
    ran = []
    for command in look_lines(node):
        if command.line and installed(command.line.split()[0]):
            result = await shell(command.line)
            assert result.returncode == 0, f"{command.line}\n{result.stderr}"
            ran.append((command, result.stdout))
    return ran


@pytest.mark.parametrize("kind", ["oci-layout", "oci-archive"])
async def test_layouts_and_archives_of_layouts(gallery: Served, tmp_path: Path, kind: str) -> None:
    """Made by skopeo, with a blank in the path; read by oras and skopeo."""
    path = tmp_path / "an image"
    prefix = "oci" if kind == "oci-layout" else kind
    made = run(
        *("skopeo", "copy", "--all", "--src-tls-verify=false"),
        *(f"docker://{gallery.address}/library/hello:latest", f"{prefix}:{path}:v1.0"),
    )
    assert made.returncode == 0, made.stderr
    source = open_layout(path) if kind == "oci-layout" else open_archive("oci-archive", path)
    tools: set[tuple[str, Kind]] = set()
    found = await rows(source, "v1.0")
    whole = next(str(node.digest) for node in found if node.kind is Kind.TAG)
    for node in found:
        for command, output in await outputs(node):
            tools.add((command.tool, node.kind))
            if node.digest is None or node.kind is Kind.REFERRERS:
                assert "v1.0" in output or whole in output, command.line
            elif command.tool not in ("cat", "tar") or "sum" in command.line:
                assert node.digest.encoded in output, command.line
            else:
                assert output.strip(), command.line
    assert (SKOPEO, Kind.TAG) in tools
    if installed(ORAS):
        assert {(ORAS, kind) for kind in (Kind.SOURCE, Kind.TAG, Kind.MANIFEST, Kind.CONFIG, Kind.LAYER)} <= tools
    await source.aclose()


async def test_what_docker_save_writes(gallery: Served, tmp_path: Path) -> None:
    path = tmp_path / "saved.tar"
    image = f"{gallery.address}/sandbox:0.16-edge-amd64"
    made = run(
        *("skopeo", "copy", "--src-tls-verify=false", f"docker://{image}", f"docker-archive:{path}:example.com/app:1")
    )
    assert made.returncode == 0, made.stderr
    source = open_archive("docker-archive", path)
    for node in await rows(source, "1", "example.com/app"):
        ran = [(command, output) for command, output in await outputs(node) if command.tool == SKOPEO]
        assert ran
        for command, output in ran:
            if node.kind is Kind.CONFIG:
                assert node.digest is not None and output.split()[0] == node.digest.encoded, command.line
            else:
                layers = [str(row.digest) for row in node.walk() if row.kind is Kind.LAYER]
                assert json.loads(output)["Layers"] == layers or node.kind is not Kind.TAG, command.line
    await source.aclose()


async def test_dockers_stored_lists(gallery: Served, client: Client, tmp_path: Path) -> None:
    """Shown, pushed (which is refused: what it names is gone) and thrown away, in a config folder that is not
    Docker's own."""
    need("docker")
    for name, raw in docker_manifests(gallery.address).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    source = DockerManifests(tmp_path, client)
    tag = (await rows(source, "0.16-edge", f"{gallery.address}/sandbox"))[-1]
    while tag.kind is not Kind.TAG and tag.parent is not None:
        tag = tag.parent
    show, push, remove = [each for each in look_lines(tag, client.settings) if each.tool == DOCKER]
    shown = await shell(show.line)
    entries = [row.digest for row in tag.children if row.kind is Kind.MANIFEST]
    assert [entry["digest"] for entry in json.loads(shown.stdout)["manifests"]] == [str(each) for each in entries]
    pushed = await shell(push.line)
    assert pushed.returncode != 0 and "manifest blob unknown" in pushed.stderr
    assert (await shell(remove.line)).returncode == 0
    assert not list((tmp_path / "manifests").iterdir())


async def test_a_storage_folders_lines(gallery: Served, tmp_path: Path) -> None:
    need("sha256sum")
    folder = tmp_path / "a folder with blanks"
    gallery.call(lambda store: write_storage(store, folder, ("library/hello",)))
    source, ran = StorageSource(folder), 0
    for node in await rows(source, "latest", "library/hello"):
        for command, output in await outputs(node):
            if node.digest is not None and node.kind is not Kind.REFERRERS:
                assert node.digest.encoded in output, command.line
            ran += 1
    assert ran > 10


async def test_docker_really_prints_what_the_lesson_says_it_prints(
    gallery: Served, client: Client, tmp_path: Path
) -> None:
    """The stale list, pushed by the real docker: the same refusal, in the words that the lesson shows."""
    docker = need("docker")
    for name, raw in docker_manifests(gallery.address).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    reference = f"{gallery.address}/sandbox:0.16-edge"
    result = await asyncio.to_thread(
        subprocess.run,
        [docker, "--config", str(tmp_path), "manifest", "push", "--insecure", reference],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode != 0
    assert "manifest blob unknown: blob unknown to registry" in result.stderr
    acted = await _lesson_push(gallery, client, tmp_path)
    assert acted.message == "manifest blob unknown: blob unknown to registry"


async def _lesson_push(gallery: Served, client: Client, folder: Path) -> ActResult:
    """The lesson's own push of the same list."""
    from tests.teach.conftest import Lists
    from tui.teach.backend import LessonBackend

    lists = Lists(folder, gallery.address)
    backend = LessonBackend(
        gallery,
        faults,
        RegistrySource(client, gallery.address),
        client,
        stored=lists.stored,
        put_back=lists.put_back,
        export=write_storage,
        folder=folder / "storage",
    )
    return await backend.act("docker-push", {"list": "sandbox:0.16-edge"})
