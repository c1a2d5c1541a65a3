"""The commands that are shown, run as shown against the embedded registry: they give the digests of the tree."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator
from functools import cache
from typing import Any

import pytest
import pytest_asyncio

from tests.support.peers import need
from tests.support.tools import BUILDX, CRANE, CURL, DOCKER, ORAS, REGCTL, SKOPEO
from tests.teach.conftest import Stand
from tui.demo.gallery import build_gallery
from tui.demo.images import image, layer
from tui.demo.serve import Served
from tui.demo.store import Store
from tui.explore.explorer import Explorer
from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Node
from tui.oci.media import OCI_INDEX
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource
from tui.tools.looking import look_lines
from tui.tools.table import CommandLine

pytestmark = [pytest.mark.slow, pytest.mark.peer, pytest.mark.timeout(240)]

#: Installed everywhere that the tests are run in earnest; the others are tried where they are found.
_ALWAYS = ("curl", "skopeo", "docker")
_OPTIONAL = {
    CRANE: "crane is not installed: Debian 12 has no package of it, later releases have",
    ORAS: "oras is not installed: Debian 12 has no package of it, later releases have",
    REGCTL: "regctl is not installed",
    BUILDX: "the docker here has no buildx plug-in",
}
_REFERENCES = (
    "library/hello:latest",
    "sandbox:0.16-edge-amd64",
    "dockerfun/amd64:6b972be0",
    "ocurrent/opam-staging:ubuntu-24.04-ocaml-5.4-riscv64",
    "gallery/mixed-types:latest",
    "gallery/nested:latest",
    "gallery/duplicate-platform:latest",
    "gallery/no-platform:latest",
    "gallery/empty-index:latest",
)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


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


@cache
def installed(tool: str) -> bool:
    """Whether the tool is here. `docker buildx` is a plug-in that need not come with docker."""
    found = shutil.which(tool.split()[0])
    if tool != BUILDX or found is None:
        return found is not None
    return subprocess.run([found, "buildx", "version"], capture_output=True, timeout=30, check=False).returncode == 0


def runnable(node: Node, stand: Stand) -> list[CommandLine]:
    """The lines of a row whose tool is here."""
    return [each for each in look_lines(node, stand.client.settings) if each.line and installed(each.tool)]


async def run_all(node: Node, stand: Stand) -> list[tuple[CommandLine, str]]:
    """What every line of a row prints; none fails."""
    found = runnable(node, stand)
    results = await asyncio.gather(*(shell(command.line) for command in found))
    for command, result in zip(found, results, strict=True):
        assert result.returncode == 0, f"{command.line}\n{result.stderr}"
    return [(command, result.stdout) for command, result in zip(found, results, strict=True)]


def assert_gives(command: CommandLine, output: str, node: Node) -> None:
    """The output names the object of the row: by its digest, or by what is in it where its bytes are not kept."""
    digest, line = node.digest, command.line
    assert digest is not None
    if line.endswith("sum"):
        assert output.split()[0] == digest.encoded, line
    elif command.tool == DOCKER:
        _assert_docker(json.loads(output), node)
    elif "json .Image" in line:
        _assert_config(json.loads(output), node)
    elif command.title.startswith(("print", "only")):
        assert output.strip() == str(digest), line
    elif command.tool == BUILDX:
        assert re.findall(r"^Digest: +(\S+)$", output, re.MULTILINE) == [str(digest)], line
    elif command.tool == ORAS:
        found = json.loads(output)
        assert (found["digest"], found["size"]) == (str(digest), node.size), line
    else:
        headers = re.findall(r"^docker-content-digest: (\S+)$", output, re.MULTILINE | re.IGNORECASE)
        assert headers == [str(digest)], line


def _assert_docker(document: dict[str, Any], node: Node) -> None:
    """docker manifest inspect shows the document formatted anew: what it names must be what the tree shows."""
    named = [child.digest for child in node.children if child.kind in (Kind.MANIFEST, Kind.LAYER, Kind.STATEMENT)]
    if node.kind is Kind.CONFIG:
        assert document["config"]["digest"] == str(node.digest)
    else:
        assert named
        assert {str(digest) for digest in named} <= set(_DIGEST.findall(json.dumps(document)))


def _assert_config(document: dict[str, Any], node: Node) -> None:
    """imagetools shows the config formatted anew: each field that it shows is as in the config of the tree."""
    assert node.config is not None
    assert document["rootfs"] == node.config.document["rootfs"] and document["rootfs"]["diff_ids"]
    assert (document["architecture"], document["os"]) == (node.config.architecture, node.config.os)
    for name, value in document.items():
        assert value == node.config.document.get(name, {}), name


@pytest.mark.parametrize("tool", _ALWAYS)
def test_the_programs_that_the_tests_rely_on(tool: str) -> None:
    need(tool)


@pytest.mark.parametrize("reference", _REFERENCES)
async def test_every_line_of_an_image_runs_and_agrees_with_the_tree(stand: Stand, reference: str) -> None:
    tag = await stand.open_all(reference)
    tools: set[str] = set()
    for node in [tag, *_one_of_each(list(tag.walk()))]:
        for command, output in await run_all(node, stand):
            if node.kind in MANIFEST_KINDS | BLOB_KINDS:
                assert_gives(command, output, node)
            else:
                assert output.strip(), command.line
            tools.add(command.tool)
    assert tools >= {CURL, SKOPEO}
    assert (DOCKER in tools) == (reference != "gallery/empty-index:latest")
    assert tools >= {tool for tool in _OPTIONAL if installed(tool)}


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
    await stand.explorer.open(root)
    expected = {root: {child.repository for child in root.children if child.kind is Kind.REPOSITORY}}
    for name in ("library/hello", "gallery/digest-tags"):
        repository = stand.explorer.add_repository(stand.source, name)
        expected[repository] = set(stand.served.store.repositories[name].tags)
    for node, names in expected.items():
        ran = await run_all(node, stand)
        assert names and ran
        for command, output in ran:
            assert _names(output) == names, command.line


def _names(output: str) -> set[str]:
    """A list as the tools print it: one name on each line, or the registry's JSON."""
    if not output.startswith("{"):
        return set(output.split())
    document = json.loads(output)
    lists = [value for key, value in document.items() if key.lower() in ("tags", "repositories")]
    return set(lists[0])


async def test_a_missing_blob_fails_in_the_same_words_as_shown(stand: Stand) -> None:
    tag = await stand.open_all("gallery/missing-layer:latest")
    gone = [n for n in tag.walk() if stand.explorer.observation(n).presence == "missing"]
    assert gone
    for node in gone:
        for command in runnable(node, stand):
            result = await shell(command.line)
            assert result.returncode != 0, command.line
            assert re.search("404|BLOB_UNKNOWN|not found", result.stderr), command.line


@pytest.mark.parametrize("sample", ["missing-config", "missing-platform", "not-json"])
async def test_what_fails_where_something_below_is_broken_and_what_does_not(stand: Stand, sample: str) -> None:
    """The texts say which tool reads what is below; the others give the digest of the index all the same."""
    tag = await stand.open_all(f"gallery/{sample}:latest")
    told = {"missing-config": "unknown blob", "missing-platform": f"no such manifest: {stand.source.registry}"}
    for command in runnable(tag, stand):
        result = await shell(command.line)
        if command.tool == DOCKER:
            assert result.returncode != 0 and told.get(sample, "") in result.stderr
        elif command.title == "only the digest":
            assert result.returncode != 0 and "fails where one is missing" in command.note
        else:
            assert result.returncode == 0, command.line
            assert_gives(command, result.stdout, tag)


async def test_referrers(stand: Stand) -> None:
    tag = await stand.open_all("library/hello:latest")
    group = next(node for node in tag.children if node.kind is Kind.REFERRERS)
    await stand.explorer.open(group)
    assert group.children
    for command, output in await run_all(group, stand):
        assert {str(child.digest) for child in group.children} <= set(_DIGEST.findall(output)), command.line
    referrer = group.children[0]
    await stand.explorer.check(referrer).wait()
    config = next(child for child in referrer.children if child.kind is Kind.CONFIG)
    assert all(each.line == "" for each in look_lines(config) if each.tool == BUILDX), (
        "it is not the config of an image"
    )
    for node in (referrer, config):
        for command, output in await run_all(node, stand):
            assert_gives(command, output, node)


@pytest.mark.parametrize("tool", _OPTIONAL)
async def test_the_optional_tools_have_lines_for_every_platform(stand: Stand, tool: str) -> None:
    if not installed(tool):
        pytest.skip(_OPTIONAL[tool])
    tag = await stand.open_all("library/hello:latest")
    for node in (tag, *(row for row in tag.children if row.kind is Kind.MANIFEST)):
        ran = [(command, output) for command, output in await run_all(node, stand) if command.tool == tool]
        assert ran
        for command, output in ran:
            assert_gives(command, output, node)


#: An index in which it matters how a tool understands a platform. The first entry names none.
_PLATFORMS = (
    ("linux/s390x", None),
    ("linux/arm/v6", None),
    ("linux/arm/v7", None),
    ("linux/arm64/v8", None),
    ("linux/arm64", None),
    ("linux/amd64", None),
    ("windows/amd64", "10.0.17763.1"),
    ("windows/amd64", "10.0.20348.5"),
)


def _platforms(store: Store) -> None:
    entries: list[dict[str, Any]] = []
    for text, version in _PLATFORMS:
        one = image(text, [layer("COPY", {"a": f"{text} {version}".encode()})], os_version=version)
        for piece in one.blobs:
            store.put_blob("test/platforms", piece.raw)
        store.put_manifest("test/platforms", one.manifest.raw, one.manifest.media_type)
        entries.append(one.entry() if entries else one.manifest.descriptor())
    document = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    store.put_manifest("test/platforms", json.dumps(document).encode(), OCI_INDEX, ["1"])


async def test_variants_and_versions_of_the_system(stand: Stand) -> None:
    """What a tool would take for another entry has no line; the lines that there are find their own."""
    stand.served.call(_platforms)
    tag = await stand.open_all("test/platforms:1")
    without: dict[str, set[str]] = {CRANE: set(), ORAS: set(), REGCTL: set()}
    for node in tag.children:
        if node.kind is not Kind.MANIFEST:
            continue
        for command in look_lines(node, stand.client.settings):
            if command.title.startswith("print the digest for") and not command.line:
                without[command.tool].add(str(node.platform))
        for command, output in await run_all(node, stand):
            assert_gives(command, output, node)
    unnamed = "linux/s390x"
    assert without[CRANE] == {unnamed, "linux/arm64", "linux/amd64"}
    assert without[ORAS] == {unnamed, "linux/arm64"}
    assert without[REGCTL] == {unnamed, "linux/arm64"}


async def test_the_lines_ask_for_what_their_texts_say(stand: Stand) -> None:
    """HEAD where it says HEAD, the index alone where it says so: by the registry's own record."""
    tag = await stand.open_all("library/hello:latest")
    platform = next(node for node in tag.children if node.kind is Kind.MANIFEST)
    blob = next(node for node in platform.children if node.kind is Kind.LAYER)
    index, child, layers = str(tag.digest), str(platform.digest), [str(blob.digest)]
    seen = set()
    for node in (tag, platform, blob):
        for command in runnable(node, stand):
            stand.served.call(lambda store: store.requests.clear())
            assert (await shell(command.line)).returncode == 0
            asked = [r for r in stand.served.call(lambda store: list(store.requests)) if "/library/" in r.path]
            methods, objects = {r.method for r in asked}, {r.path.rpartition("/")[2] for r in asked}
            seen.add(command.note)
            if "HEAD request" in command.note or command.note.startswith("HEAD"):
                assert methods == {"HEAD"}, command.line
            if command.note.startswith("From the index alone"):
                assert objects <= {"latest", index}, command.line
            if "it reads the manifest of the image too" in command.note:
                assert objects == {"latest", child}, command.line
            if "of this object alone" in command.note or "does not ask for anything below" in command.note:
                assert objects <= {"latest", str(node.digest)}, command.line
            if "config too" in command.note:
                assert any("/blobs/" in r.path for r in asked), command.line
            if command.tool == DOCKER:
                assert not objects & set(layers), command.line
    assert any(why.startswith("HEAD") for why in seen)


def test_sha256sum_and_hashlib_agree_on_what_a_digest_is() -> None:
    line = f"printf %s fanfold | {need('sha256sum')}"
    said = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=20, check=True).stdout.split()[
        0
    ]
    assert said == hashlib.sha256(b"fanfold").hexdigest()
