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
from tests.support.tools import BUILDX, TOOLS
from tests.teach.conftest import Stand
from tui.demo.samples.stories import docker_manifests
from tui.demo.storage_folder import write_storage
from tui.explore.explorer import Explorer
from tui.explore.node import Kind, Node
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.media import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from tui.oci.platform import Platform
from tui.registry.access import Access
from tui.registry.settings import ClientSettings, HostSettings
from tui.resources import FOLDER
from tui.sources.archive import open_archive
from tui.sources.disk import open_layout
from tui.sources.docker_manifests import DockerManifests
from tui.sources.storage import StorageSource
from tui.tools.looking import look_lines, platform_lines, registry_values
from tui.tools.pulling import pull_line
from tui.tools.table import CommandLine


def registry_row(host: str, kind: Kind = Kind.TAG, tag: str | None = "1") -> Node:
    source = FakeSource()
    source.registry = host
    source.title = host
    digest = Digest.of(b"x")
    descriptor = Descriptor(OCI_INDEX, digest, 10)
    return Node("k", kind, source, "team/app", tag=tag, descriptor=descriptor, platform=Platform("linux", "arm64"))


def by_tool(found: tuple[CommandLine, ...]) -> dict[str, str]:
    """All the lines of each tool, joined."""
    return {tool: "\n".join(command.line for command in found if command.tool == tool) for tool in TOOLS}


def assert_pasteable(command: CommandLine) -> None:
    assert command.title and command.note
    if command.line:
        assert "None" not in command.line and "\n" not in command.line
        assert shlex.split(command.line.replace("|", " ").replace("$(", "").replace(")", ""))


async def test_every_row_of_a_registry_has_all_seven_tools(stand: Stand) -> None:
    tag = await stand.open_all("library/hello:latest")
    root = stand.explorer.roots[0]
    repository = stand.explorer.add_repository(stand.source, "library/hello")
    for node in (root, repository, *tag.walk()):
        found = look_lines(node, stand.client.settings)
        assert {command.tool for command in found} >= set(TOOLS), node
        for command in found:
            assert_pasteable(command)
            if command.line and node.kind in (Kind.TAG, Kind.MANIFEST, Kind.LAYER):
                assert stand.served.address in command.line
        shown = [TOOLS.index(command.tool) for command in found]
        assert shown == sorted(shown)


def test_plain_http_on_loopback() -> None:
    lines = by_tool(look_lines(registry_row("127.0.0.1:5005"), ClientSettings()))
    assert "http://127.0.0.1:5005/v2/team/app/manifests/1" in lines["curl"]
    assert "--insecure" in lines["docker manifest"] and "--insecure" in lines["crane"]
    assert "--plain-http" in lines["oras"]
    assert "--host reg=127.0.0.1:5005,tls=disabled" in lines["regctl"]
    assert "--tls-verify=false" in lines["skopeo"]


def test_a_registry_with_tls_needs_no_flag() -> None:
    lines = by_tool(look_lines(registry_row("ghcr.io"), ClientSettings()))
    assert "https://ghcr.io/v2/team/app/manifests/1" in lines["curl"]
    for flag in ("--insecure", "--plain-http", "tls=", "--tls-verify"):
        assert all(flag not in line for line in lines.values())


def test_a_registry_whose_certificate_is_not_verified() -> None:
    settings = ClientSettings(hosts={"reg.corp": HostSettings(insecure=True)})
    lines = by_tool(look_lines(registry_row("reg.corp"), settings))
    assert "https://reg.corp" in lines["curl"] and "--insecure" in lines["curl"]
    assert "--insecure" in lines["oras"] and "tls=insecure" in lines["regctl"]


def test_plain_http_elsewhere_is_as_set() -> None:
    settings = ClientSettings(hosts={"reg.corp": HostSettings(plain_http=True)})
    lines = by_tool(look_lines(registry_row("reg.corp"), settings))
    assert "http://reg.corp" in lines["curl"] and "--plain-http" in lines["oras"]


def test_docker_hub_is_asked_where_its_interface_is_and_with_a_token() -> None:
    lines = by_tool(look_lines(registry_row("docker.io"), ClientSettings()))
    assert "https://registry-1.docker.io/v2/team/app/manifests/1" in lines["curl"]
    assert "auth.docker.io/token" in lines["curl"] and "repository:team/app:pull" in lines["curl"]
    assert "docker.io/team/app:1" in lines["skopeo"]
    blob = registry_row("docker.io", Kind.LAYER, None)
    group = registry_row("docker.io", Kind.REFERRERS, None)
    for node in (registry_row("docker.io", Kind.REPOSITORY, None), blob, group):
        line = by_tool(look_lines(node))["curl"].splitlines()[0]
        assert "scope=repository:team/app:pull'" in line, "the token is for the repository, whatever is asked of it"


def test_docker_hub_has_no_catalog() -> None:
    node = registry_row("docker.io", Kind.SOURCE, None)
    node.repository = None
    assert {(command.tool, command.line) for command in look_lines(node)} == {(tool, "") for tool in TOOLS}


def test_what_buildx_cannot_be_told_with_a_flag() -> None:
    def why(host: str, settings: HostSettings) -> set[str]:
        found = look_lines(registry_row(host), ClientSettings(hosts={host: settings}))
        return {command.note.partition("must say ")[2] for command in found if command.tool == BUILDX}

    assert why("reg.corp", HostSettings(plain_http=True)) == {"http = true."}
    assert why("reg.corp", HostSettings(insecure=True)) == {"insecure = true."}
    assert why("reg.corp", HostSettings()) == why("127.0.0.1:5000", HostSettings()) == {""}


def test_names_that_a_tool_cannot_read_have_no_line() -> None:
    for tool, line in by_tool(look_lines(registry_row("[::1]:5000"))).items():
        assert bool(line.strip()) is (tool not in ("skopeo", "regctl")), tool
    short = registry_row("ghcr.io")
    short.repository = "x"
    for tool, line in by_tool(look_lines(short)).items():
        assert bool(line.strip()) is (tool != "crane"), tool


def test_bytes_are_hashed_as_their_digest_says() -> None:
    node = registry_row("ghcr.io", Kind.LAYER, None)
    node.descriptor = Descriptor(OCI_INDEX, Digest.parse("sha512:" + "a" * 128), 10)
    lines = by_tool(look_lines(node))
    assert "| sha512sum" in lines["curl"] and "| sha512sum" in lines["crane"]
    assert "sha256sum" not in "".join(lines.values())


def test_a_config_that_is_not_of_an_image_is_not_shown_as_one() -> None:
    image = registry_row("ghcr.io", Kind.MANIFEST, None)
    for media_type, shown in ((OCI_CONFIG, True), ("application/vnd.oci.empty.v1+json", False)):
        config = Node("c", Kind.CONFIG, image.source, "team/app", parent=image)
        config.descriptor = Descriptor(media_type, Digest.of(b"c"), 10)
        found = look_lines(config)
        assert [bool(command.line) for command in found if command.tool == BUILDX] == [shown]
        assert any("image ID" in command.note for command in found) is shown


def test_by_tag_where_there_is_one_and_by_digest_where_there_is_none() -> None:
    node = registry_row("ghcr.io", Kind.MANIFEST, None)
    lines = by_tool(look_lines(node))
    assert f"ghcr.io/team/app@{node.digest}" in lines["crane"]
    assert f"/manifests/{node.digest}" in lines["curl"]
    tagged = by_tool(look_lines(registry_row("ghcr.io")))
    assert "ghcr.io/team/app:1" in tagged["crane"]


async def test_a_platform_is_also_reached_through_its_index(stand: Stand) -> None:
    tag = await stand.open_all("gallery/duplicate-platform:latest")
    first, _arm, again = (node for node in tag.children if node.kind is Kind.MANIFEST)
    lines = by_tool(look_lines(first, stand.client.settings))
    for tool in ("crane", "oras", "regctl"):
        assert "--platform linux/amd64" in lines[tool]
    second = look_lines(again, stand.client.settings)
    assert all("--platform" not in command.line for command in second), "the tools would take the first of the two"
    assert sum("takes the first entry that fits" in command.note for command in second) == 3


def platform_lines_of(wanted: Platform | None, *others: Platform | None) -> dict[str, str]:
    """The lines with --platform for the last entry of an index, by tool; "" where there is none."""
    images_ = [Descriptor(OCI_MANIFEST, Digest.of(bytes([place])), 10, each) for place, each in enumerate(others)]
    mine = Descriptor(OCI_MANIFEST, Digest.of(b"mine"), 10, wanted)
    access = Access.of("127.0.0.1:5000", None)
    index = registry_values(access, "team/app", "1")
    shown = wanted or Platform("linux", "amd64")
    return {line.tool: line.line for line in platform_lines(access, index, shown, mine, (*images_, mine))}


@pytest.mark.parametrize(
    ("wanted", "others", "without"),
    [
        (Platform("linux", "arm", "v7"), [Platform("linux", "arm", "v6")], set()),
        (Platform("linux", "arm64"), [Platform("linux", "arm64", "v8")], {"crane", "oras", "regctl"}),
        (Platform("linux", "arm64", "v8"), [Platform("linux", "arm64")], {"regctl"}),
        (Platform("linux", "amd64"), [Platform("linux", "amd64", "v3")], {"crane", "oras"}),
        (Platform("linux", "amd64"), [None], {"crane"}),
        (Platform("windows", "amd64", None, "10.0.2.1"), [Platform("windows", "amd64", None, "10.0.1.1")], set()),
        (Platform("windows", "amd64"), [Platform("windows", "amd64", None, "10.0.1.1")], {"crane", "oras"}),
        (Platform("linux", ""), [], {"crane", "oras", "regctl"}),
        (None, [], {"crane", "oras", "regctl"}),
    ],
)
def test_a_line_by_platform_only_where_the_tool_finds_that_entry(
    wanted: Platform | None, others: list[Platform | None], without: set[str]
) -> None:
    lines = platform_lines_of(wanted, *others)
    assert set(lines) == {"crane", "oras", "regctl"}
    assert {tool for tool, line in lines.items() if not line} == without


def test_a_version_of_windows_is_written_as_each_tool_reads_it() -> None:
    lines = platform_lines_of(Platform("windows", "amd64", None, "10.0.17763.1"))
    assert "--platform windows/amd64:10.0.17763.1 " in lines["crane"]
    assert "--platform windows/amd64:10.0.17763.1 " in lines["oras"]
    assert "--platform windows/amd64,osver=10.0.17763.1 " in lines["regctl"]
    assert "--platform linux/arm/v7 " in platform_lines_of(Platform("linux", "arm", "v7"))["regctl"]


def test_names_are_quoted() -> None:
    settings = ClientSettings()
    node = registry_row("127.0.0.1:5005")
    node.tag = "a;rm -rf $HOME"  # no tag can be this, but nothing here relies on that
    for command in look_lines(node, settings):
        if command.line:
            assert any("a;rm -rf $HOME" in word for word in shlex.split(command.line))


async def test_a_nested_index_and_an_empty_one_are_beyond_docker_manifest(stand: Stand) -> None:
    tag = await stand.open_all("gallery/nested:latest")
    docker = next(c for c in look_lines(tag, stand.client.settings) if c.tool == "docker manifest")
    assert docker.line == "" and "unsupported manifest type" in docker.note
    tag = await stand.open_all("gallery/empty-index:latest")
    docker = next(c for c in look_lines(tag, stand.client.settings) if c.tool == "docker manifest")
    assert docker.line == "" and "no such manifest" in docker.note


async def test_storage_folders(stand: Stand, tmp_path: Path) -> None:
    stand.served.call(lambda store: write_storage(store, tmp_path, ("library/hello",)))
    source, explorer = StorageSource(tmp_path), Explorer()
    tag = await explorer.add_reference(source, "library/hello", "latest")
    await explorer.check(tag).wait()
    for node in (explorer.roots[0], *tag.walk()):
        found = look_lines(node)
        assert any(command.line for command in found)
        for command in found:
            assert_pasteable(command)
    assert any("current/link" in command.line for command in look_lines(tag))
    await explorer.aclose()


async def test_dockers_stored_lists(stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    reference = f"{stand.served.address}/sandbox:0.16-edge"

    def docker_lines() -> list[str]:
        return [command.line for command in look_lines(tag) if command.tool == "docker manifest"]

    # A config folder that is not Docker's own has to be named, and plain HTTP too.
    docker = f"docker --config {tmp_path} manifest"
    assert docker_lines() == [
        f"{docker} inspect {reference}",
        f"{docker} push --insecure {reference}",
        f"{docker} rm {reference}",
    ]
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert f"docker manifest rm {reference}" in docker_lines()
    for node in (root, repository, tag):
        for command in look_lines(node):
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
    assert look_lines(fault) == look_lines(parent)


@pytest.mark.slow
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
    for source in (open_layout(layout), open_archive("oci-archive", packed)):
        explorer = Explorer()
        root = explorer.add_source(source)
        tag = await explorer.add_reference(source, "", "v1")
        await explorer.check(tag).wait()
        assert tag.digest == image.digest
        for node in (root, *tag.walk()):
            found = look_lines(node)
            assert any(command.line for command in found)
            assert {command.tool for command in found} >= set(TOOLS)
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


async def test_names_on_disk_that_a_tool_cannot_read(tmp_path: Path) -> None:
    layout = tmp_path / "a:layout"
    layout.mkdir()
    (layout / "index.json").write_text('{"schemaVersion": 2, "manifests": []}')
    (layout / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    image = images.image("linux/amd64")
    tag = Node("k", Kind.TAG, open_layout(layout), "", tag="example.com/app:1", descriptor=image.descriptor)
    found = {command.tool: command for command in look_lines(tag)}
    assert found["oras"].line == shlex.join(["oras", "resolve", "--oci-layout", f"{layout}@{image.digest}"])
    assert found["skopeo"].line == "" and "colon" in found["skopeo"].note
    assert found["regctl"].line == "" and "path" in found["regctl"].note


def test_a_stored_list_whose_name_nobody_can_tell(tmp_path: Path) -> None:
    source = DockerManifests(tmp_path / "manifests")
    node = Node("k", Kind.TAG, source, "example.com_app-1", tag="stored")
    docker = [command for command in look_lines(node) if command.tool == "docker manifest"]
    assert [command.line for command in docker] == [""] and "cannot be told" in docker[0].note


def test_there_is_one_home_for_the_line_that_pulls() -> None:
    digest = f"h/app@sha256:{'a' * 64}"
    assert pull_line("h/app:1") == "docker pull h/app:1"
    assert pull_line(digest, Platform.parse("linux/arm/v7")) == f"docker pull --platform linux/arm/v7 {digest}"
    assert pull_line(digest, Platform.parse("unknown/unknown")) == f"docker pull {digest}"
    assert pull_line("h/a b") == "docker pull 'h/a b'"
    written = [path for path in FOLDER.parent.rglob("*.py") if "docker pull {" in path.read_text(encoding="utf-8")]
    assert not written, "docker pull lines are made by tui.tools.pulling"
