"""The commands that are shown, run as shown against the embedded registry: they give the digests of the tree."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.support.peers import need
from tests.teach.conftest import Stand
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.explore.explorer import Explorer
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Node
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource
from tui.sources.storage import StorageSource
from tui.teach.commands import Command, commands
from tui.teach.world import ActResult

pytestmark = [pytest.mark.peer, pytest.mark.timeout(240)]

#: Installed everywhere that the tests are run in earnest; the others are tried where they are found.
_ALWAYS = ("curl", "skopeo", "docker")
_OPTIONAL = ("crane", "oras", "regctl")
_REFERENCES = (
    "library/hello:latest",
    "sandbox:0.16-edge-amd64",
    "dockerfun/amd64:6b972be0",
    "ocurrent/opam-staging:ubuntu-24.04-ocaml-5.4-riscv64",
    "gallery/mixed-types:latest",
    "gallery/nested:latest",
    "gallery/duplicate-platform:latest",
)


@pytest.fixture(scope="module")
def gallery() -> Iterator[Served]:
    with Served.start(build_gallery()) as served:
        yield served


@pytest_asyncio.fixture
async def stand(gallery: Served) -> AsyncIterator[Stand]:
    client = Client(ClientSettings(anonymous=True))
    explorer = Explorer()
    source = RegistrySource(client, gallery.address)
    explorer.add_source(source)
    yield Stand(gallery, client, source, explorer)
    await explorer.aclose()
    await client.aclose()


async def shell(line: str) -> subprocess.CompletedProcess[str]:
    """A line as a user would paste it."""
    return await asyncio.to_thread(
        subprocess.run, ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, timeout=60, check=False
    )


def program_of(command: Command) -> str:
    return command.line.split()[0]


def runnable(command: Command) -> bool:
    """Whether the line's program is here. `docker buildx` is a plug-in that need not come with docker."""
    if not command.line:
        return False
    if command.tool == "docker buildx imagetools":
        return buildx()
    return shutil.which(program_of(command)) is not None


def buildx() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    said = subprocess.run([docker, "buildx", "version"], capture_output=True, timeout=30, check=False)
    return said.returncode == 0


async def assert_gives(command: Command, node: Node) -> None:
    """Run the line; its output has the digest of the row, as hash or in words."""
    result = await shell(command.line)
    assert result.returncode == 0, f"{command.line}\n{result.stderr}"
    digest = node.digest
    if digest is None or node.kind not in MANIFEST_KINDS | BLOB_KINDS:
        assert result.stdout.strip(), command.line
        return
    output = result.stdout
    if output.strip().endswith(" -") or output.rstrip().endswith("  -"):
        assert output.split()[0] == digest.encoded, command.line
    elif command.tool == "docker manifest":
        _assert_docker(json.loads(output), node)
    else:
        assert str(digest) in output, f"{command.line}\n{output}"


def _assert_docker(document: dict[str, object], node: Node) -> None:
    """docker manifest inspect shows the document formatted anew: what it names must be what the tree shows."""
    text = json.dumps(document)
    named = [child.digest for child in node.children if child.kind in (Kind.MANIFEST, Kind.LAYER, Kind.STATEMENT)]
    if node.kind is Kind.CONFIG:
        named = [node.digest]
    assert named
    assert all(str(digest) in text for digest in named)


@pytest.mark.parametrize("tool", _ALWAYS)
def test_the_programs_that_the_tests_rely_on(tool: str) -> None:
    need(tool)


@pytest.mark.parametrize("reference", _REFERENCES)
async def test_every_line_of_an_image_runs_and_agrees_with_the_tree(stand: Stand, reference: str) -> None:
    tag = await stand.open_all(reference)
    tools: set[str] = set()
    rows = list(tag.walk())
    picked = [tag, *_one_of_each(rows)]
    for node in picked:
        found = commands(node, stand.client.settings)
        assert found
        for command in found:
            if runnable(command):
                await assert_gives(command, node)
                tools.add(command.tool)
    assert {"curl", "skopeo", "docker manifest"} <= tools


def _one_of_each(rows: list[Node]) -> list[Node]:
    """The first row of each kind, and a second platform: their lines differ in nothing but the digests."""
    seen: dict[Kind, int] = {}
    picked = []
    for row in rows[1:]:
        seen[row.kind] = seen.get(row.kind, 0) + 1
        if seen[row.kind] <= (2 if row.kind is Kind.MANIFEST else 1) and row.kind is not Kind.FAULT:
            picked.append(row)
    return picked


async def test_lists_of_repositories_and_tags(stand: Stand) -> None:
    root = stand.explorer.roots[0]
    repository = stand.explorer.add_repository(stand.source, "library/hello")
    for node, words in ((root, '"library/hello"'), (repository, "latest")):
        ran = 0
        for command in commands(node, stand.client.settings):
            if runnable(command):
                result = await shell(command.line)
                assert result.returncode == 0, f"{command.line}\n{result.stderr}"
                assert words in result.stdout
                ran += 1
        assert ran


async def test_a_missing_blob_fails_in_the_same_words_as_shown(stand: Stand) -> None:
    tag = await stand.open_all("gallery/missing-layer:latest")
    gone = [n for n in tag.walk() if stand.explorer.observation(n).presence == "missing"]
    assert gone
    for node in gone:
        heads = [c for c in commands(node, stand.client.settings) if c.tool == "curl"]
        for command in heads:
            result = await shell(command.line)
            assert result.returncode != 0 and "404" in result.stderr, command.line


async def test_referrers(stand: Stand) -> None:
    tag = await stand.open_all("library/hello:latest")
    group = next(node for node in tag.children if node.kind is Kind.REFERRERS)
    await stand.explorer.open(group)
    assert group.children
    for command in commands(group, stand.client.settings):
        if runnable(command):
            result = await shell(command.line)
            assert result.returncode == 0, command.line
            assert str(group.children[0].digest) in result.stdout


@pytest.mark.parametrize("tool", _OPTIONAL)
async def test_the_optional_tools_print_the_digest(stand: Stand, tool: str) -> None:
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed, and Debian has no package of it")
    tag = await stand.open_all("library/hello:latest")
    for node in (tag, *(row for row in tag.children if row.kind is Kind.MANIFEST)):
        for command in commands(node, stand.client.settings):
            if command.tool == tool and command.line:
                await assert_gives(command, node)


async def test_buildx_imagetools(stand: Stand) -> None:
    if not buildx():
        pytest.skip("the docker here has no buildx plug-in")
    tag = await stand.open_all("library/hello:latest")
    for command in commands(tag, stand.client.settings):
        if command.tool == "docker buildx imagetools":
            await assert_gives(command, tag)


async def test_a_storage_folders_lines(stand: Stand, tmp_path: Path) -> None:
    from tui.demo.storage_folder import write_storage

    need("sha256sum")
    stand.served.call(lambda store: write_storage(store, tmp_path / "a folder with blanks", ("library/hello",)))
    source = StorageSource(tmp_path / "a folder with blanks")
    explorer = Explorer()
    tag = await explorer.add_reference(source, "library/hello", "latest")
    await explorer.check(tag).wait()
    ran = 0
    for node in [tag, *_one_of_each(list(tag.walk()))]:
        for command in commands(node):
            if command.line:
                result = await shell(command.line)
                assert result.returncode == 0, f"{command.line}\n{result.stderr}"
                if node.digest is not None and node.kind is not Kind.REFERRERS:
                    assert node.digest.encoded in result.stdout
                ran += 1
    assert ran > 10
    await explorer.aclose()


async def test_docker_really_prints_what_the_lesson_says_it_prints(stand: Stand, tmp_path: Path) -> None:
    """The stale list, pushed by the real docker: the same refusal, in the words that the lesson shows."""
    docker = need("docker")
    from tui.demo.gallery import docker_manifests

    for name, raw in docker_manifests(stand.served.address).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    reference = f"{stand.served.address}/sandbox:0.16-edge"
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
    acted = await _lesson_push(stand, tmp_path)
    assert acted.message == "manifest blob unknown: blob unknown to registry"


async def _lesson_push(stand: Stand, folder: Path) -> ActResult:
    """The lesson's own push of the same list."""
    from tests.teach.test_lesson_run import Lists
    from tui.demo import mishaps
    from tui.demo.storage_folder import write_storage
    from tui.teach.demo_world import DemoWorld

    lists = Lists(folder, stand.served.address)
    world = DemoWorld(
        stand.served,
        mishaps,
        stand.source,
        stand.client,
        stored=lists.stored,
        put_back=lists.put_back,
        export=write_storage,
        folder=folder / "storage",
    )
    return await world.act("docker-push", {"list": "sandbox:0.16-edge"})


def test_sha256sum_and_hashlib_agree_on_what_a_digest_is() -> None:
    line = f"printf %s fanfold | {need('sha256sum')}"
    said = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=20, check=True).stdout.split()[
        0
    ]
    assert said == hashlib.sha256(b"fanfold").hexdigest()
