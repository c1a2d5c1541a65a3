"""The command lines: for every row of every source, quoted, with the flags that fit the registry."""

from __future__ import annotations

import asyncio
import json
import shlex
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.support import images
from tests.support.fake_source import FakeSource
from tests.teach.conftest import Stand
from tui.demo.gallery import docker_manifests
from tui.demo.storage_folder import write_storage
from tui.explore.explorer import Explorer
from tui.explore.node import Kind, Node
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.media import OCI_INDEX
from tui.oci.platform import Platform
from tui.registry.access import Access
from tui.registry.settings import ClientSettings, HostSettings
from tui.sources.archive import open_archive
from tui.sources.docker_manifests import DockerManifests
from tui.sources.layout import OciLayout
from tui.sources.storage import StorageSource
from tui.teach.commands import Command, commands
from tui.teach.lines import TOOLS


def registry_row(host: str, kind: Kind = Kind.TAG, tag: str | None = "1") -> Node:
    source = FakeSource()
    source.registry = host
    source.title = host
    digest = Digest.of(b"x")
    descriptor = Descriptor(OCI_INDEX, digest, 10)
    return Node("k", kind, source, "team/app", tag=tag, descriptor=descriptor, platform=Platform("linux", "arm64"))


def by_tool(found: tuple[Command, ...]) -> dict[str, str]:
    """All the lines of each tool, joined."""
    return {tool: "\n".join(command.line for command in found if command.tool == tool) for tool in TOOLS}


def assert_pasteable(command: Command) -> None:
    assert command.title and command.why
    if command.line:
        assert "None" not in command.line and "\n" not in command.line
        assert shlex.split(command.line.replace("|", " ").replace("$(", "").replace(")", ""))


async def test_every_row_of_a_registry_has_all_seven_tools(stand: Stand) -> None:
    tag = await stand.open_all("library/hello:latest")
    root = stand.explorer.roots[0]
    repository = stand.explorer.add_repository(stand.source, "library/hello")
    for node in (root, repository, *tag.walk()):
        found = commands(node, stand.client.settings)
        assert {command.tool for command in found} >= set(TOOLS), node
        for command in found:
            assert_pasteable(command)
            if command.line and node.kind in (Kind.TAG, Kind.MANIFEST, Kind.LAYER):
                assert stand.served.address in command.line
        shown = [TOOLS.index(command.tool) for command in found]
        assert shown == sorted(shown)


def test_plain_http_on_loopback() -> None:
    lines = by_tool(commands(registry_row("127.0.0.1:5005"), ClientSettings()))
    assert "http://127.0.0.1:5005/v2/team/app/manifests/1" in lines["curl"]
    assert "--insecure" in lines["docker manifest"] and "--insecure" in lines["crane"]
    assert "--plain-http" in lines["oras"]
    assert "--host reg=127.0.0.1:5005,tls=disabled" in lines["regctl"]
    assert "--tls-verify=false" in lines["skopeo"]


def test_a_registry_with_tls_needs_no_flag() -> None:
    lines = by_tool(commands(registry_row("ghcr.io"), ClientSettings()))
    assert "https://ghcr.io/v2/team/app/manifests/1" in lines["curl"]
    for flag in ("--insecure", "--plain-http", "tls=", "--tls-verify"):
        assert all(flag not in line for line in lines.values())


def test_a_registry_whose_certificate_is_not_verified() -> None:
    settings = ClientSettings(hosts={"reg.corp": HostSettings(insecure=True)})
    lines = by_tool(commands(registry_row("reg.corp"), settings))
    assert "https://reg.corp" in lines["curl"] and "--insecure" in lines["curl"]
    assert "--insecure" in lines["oras"] and "tls=insecure" in lines["regctl"]


def test_plain_http_elsewhere_is_as_set() -> None:
    settings = ClientSettings(hosts={"reg.corp": HostSettings(plain_http=True)})
    lines = by_tool(commands(registry_row("reg.corp"), settings))
    assert "http://reg.corp" in lines["curl"] and "--plain-http" in lines["oras"]


def test_docker_hub_is_asked_where_its_interface_is_and_with_a_token() -> None:
    lines = by_tool(commands(registry_row("docker.io"), ClientSettings()))
    assert "https://registry-1.docker.io/v2/team/app/manifests/1" in lines["curl"]
    assert "auth.docker.io/token" in lines["curl"] and "repository:team/app:pull" in lines["curl"]
    assert "docker.io/team/app:1" in lines["skopeo"]


def test_by_tag_where_there_is_one_and_by_digest_where_there_is_none() -> None:
    node = registry_row("ghcr.io", Kind.MANIFEST, None)
    lines = by_tool(commands(node))
    assert f"ghcr.io/team/app@{node.digest}" in lines["crane"]
    assert f"/manifests/{node.digest}" in lines["curl"]
    tagged = by_tool(commands(registry_row("ghcr.io")))
    assert "ghcr.io/team/app:1" in tagged["crane"]


async def test_a_platform_is_also_reached_through_its_index(stand: Stand) -> None:
    tag = await stand.open_all("gallery/duplicate-platform:latest")
    first, _arm, again = (node for node in tag.children if node.kind is Kind.MANIFEST)
    lines = by_tool(commands(first, stand.client.settings))
    for tool in ("crane", "oras", "regctl"):
        assert "--platform linux/amd64" in lines[tool]
    second = by_tool(commands(again, stand.client.settings))
    assert all("--platform" not in line for line in second.values()), "the tools would take the first of the two"


def test_names_are_quoted() -> None:
    settings = ClientSettings()
    node = registry_row("127.0.0.1:5005")
    node.tag = "a;rm -rf $HOME"  # no tag can be this, but nothing here relies on that
    for command in commands(node, settings):
        if command.line:
            assert any("a;rm -rf $HOME" in word for word in shlex.split(command.line))


async def test_a_nested_index_is_beyond_docker_manifest(stand: Stand) -> None:
    tag = await stand.open_all("gallery/nested:latest")
    docker = next(c for c in commands(tag, stand.client.settings) if c.tool == "docker manifest")
    assert docker.line == "" and "unsupported manifest type" in docker.why


async def test_storage_folders(stand: Stand, tmp_path: Path) -> None:
    stand.served.call(lambda store: write_storage(store, tmp_path, ("library/hello",)))
    source, explorer = StorageSource(tmp_path), Explorer()
    tag = await explorer.add_reference(source, "library/hello", "latest")
    await explorer.check(tag).wait()
    for node in (explorer.roots[0], *tag.walk()):
        found = commands(node)
        assert any(command.line for command in found)
        for command in found:
            assert_pasteable(command)
    assert any("current/link" in command.line for command in commands(tag))
    await explorer.aclose()


async def test_dockers_stored_lists(stand: Stand, tmp_path: Path) -> None:
    for name, raw in docker_manifests(stand.served.address).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(raw)
    source, explorer = DockerManifests(tmp_path, stand.client), Explorer()
    root = explorer.add_source(source)
    await explorer.open(root)
    repository = root.children[0]
    await explorer.open(repository)
    tag = repository.children[0]
    lines = [command.line for command in commands(tag) if command.tool == "docker manifest"]
    reference = f"{stand.served.address}/sandbox:0.16-edge"
    assert f"docker manifest push {reference}" in lines and f"docker manifest rm {reference}" in lines
    for node in (root, repository, tag):
        for command in commands(node):
            assert_pasteable(command)
    await explorer.aclose()


@pytest.mark.parametrize(
    ("host", "settings", "plain"),
    [
        ("localhost:5000", None, True),
        ("[::1]:5000", None, True),
        ("example.com", None, False),
        ("127.0.0.1:5000", ClientSettings(hosts={"127.0.0.1:5000": HostSettings(insecure=True)}), False),
        ("127.0.0.1:5000", ClientSettings(hosts={"127.0.0.1:5000": HostSettings(ca=Path("ca.pem"))}), False),
    ],
)
def test_how_a_registry_is_reached(host: str, settings: ClientSettings | None, plain: bool) -> None:
    access = Access.of(host, settings)
    assert access.plain_http is plain
    assert access.url.startswith("http://" if plain else "https://")


def test_a_fault_has_the_commands_of_what_it_is_about() -> None:
    parent = registry_row("ghcr.io")
    fault = Node("f", Kind.FAULT, parent.source, "team/app", label="stopped", parent=parent)
    assert commands(fault) == commands(parent)


async def test_layouts_and_archives(tmp_path: Path) -> None:
    layout = tmp_path / "a layout"
    (layout / "blobs/sha256").mkdir(parents=True)
    image = images.image("linux/amd64")
    for part in image.blobs:
        (layout / "blobs/sha256" / part.digest.encoded).write_bytes(part.data)
    (layout / "blobs/sha256" / image.digest.encoded).write_bytes(image.raw)
    entry = image.descriptor.to_document() | {"annotations": {"org.opencontainers.image.ref.name": "v1"}}
    (layout / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    packed = tmp_path / "image.tar"
    with tarfile.open(packed, "w") as archive:
        for path in sorted(layout.iterdir()):
            archive.add(path, path.name)
    for source in (OciLayout(layout), open_archive("oci-archive", packed)):
        explorer = Explorer()
        root = explorer.add_source(source)
        tag = await explorer.add_reference(source, "", "v1")
        await explorer.check(tag).wait()
        assert tag.digest == image.digest
        for node in (root, *tag.walk()):
            found = commands(node)
            assert any(command.line for command in found)
            for command in found:
                assert_pasteable(command)
                if command.tool in ("sha256sum", "cat", "tar") and command.line:
                    said = await asyncio.to_thread(
                        subprocess.run, ["sh", "-c", command.line], capture_output=True, text=True, check=True
                    )
                    assert said.stdout
                    if node.digest is not None and "sha256sum" in command.line:
                        assert node.digest.encoded in said.stdout
        await explorer.aclose()
        await source.aclose()
