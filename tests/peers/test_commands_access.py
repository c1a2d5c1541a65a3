"""The commands for registries that are reached in another way, run as shown: TLS that is not verified, IPv6."""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from tests.peers.test_commands import assert_gives, installed, shell
from tests.support.peers import need
from tests.support.tools import BUILDX, CRANE, CURL, DOCKER, ORAS, REGCTL, SKOPEO
from tui.demo.gallery import build_gallery
from tui.demo.registry_app import EmbeddedRegistry
from tui.demo.serve import CannotServe, Served
from tui.explore.explorer import Explorer
from tui.explore.node import Kind, Node
from tui.registry.client import Client
from tui.registry.settings import ClientSettings, HostSettings
from tui.sources.registry import RegistrySource
from tui.tools.looking import look_lines
from tui.tools.table import CommandLine

pytestmark = [pytest.mark.slow, pytest.mark.peer, pytest.mark.timeout(120)]


@pytest.fixture
def behind_tls(tmp_path: Path) -> Iterator[str]:
    """The gallery with a certificate that nobody trusts."""
    need("openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=nobody", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(
            EmbeddedRegistry(build_gallery()),
            ssl_keyfile=str(key),
            ssl_certfile=str(certificate),
            log_level="critical",
            lifespan="off",
        )
    )
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.02)
    yield f"127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = server.force_exit = True
    thread.join(10)
    listening.close()


@asynccontextmanager
async def rows(address: str, settings: ClientSettings) -> AsyncIterator[list[Node]]:
    """One row of each kind that has a digest."""
    client, explorer = Client(settings), Explorer()
    source = RegistrySource(client, address)
    explorer.add_source(source)
    tag = await explorer.add_reference(source, "library/hello", "latest")
    await explorer.check(tag).wait()
    found: dict[Kind, Node] = {}
    for node in tag.walk():
        if node.digest is not None:
            found.setdefault(node.kind, node)
    yield list(found.values())
    await explorer.aclose()
    await client.aclose()


async def ran(node: Node, settings: ClientSettings, *but: str) -> list[CommandLine]:
    """Every line of a row whose tool is here gives its digest."""
    found = [each for each in look_lines(node, settings) if each.line and installed(each.tool) and each.tool not in but]
    for command in found:
        result = await shell(command.line)
        assert result.returncode == 0, f"{command.line}\n{result.stderr}"
        assert_gives(command, result.stdout, node)
    return found


async def test_tls_that_is_not_verified(behind_tls: str) -> None:
    settings = ClientSettings(anonymous=True, hosts={behind_tls: HostSettings(insecure=True)})
    tools: set[str] = set()
    async with rows(behind_tls, settings) as found:
        for node in found:
            tools |= {command.tool for command in await ran(node, settings, BUILDX)}
            for command in look_lines(node, settings):
                if command.tool == BUILDX and command.line:
                    assert "buildkitd.toml must say insecure = true" in command.note
                    assert not installed(BUILDX) or (await shell(command.line)).returncode != 0
    assert tools >= {tool for tool in (CURL, DOCKER, CRANE, ORAS, SKOPEO) if installed(tool)}


async def test_an_ipv6_address() -> None:
    try:
        served = Served.start(build_gallery(), host="::1")
    except CannotServe:
        pytest.skip("this machine has no IPv6 loopback")
    address = f"[::1]:{served.port}"
    settings = ClientSettings(anonymous=True)
    with served:
        async with rows(address, settings) as found:
            for node in found:
                assert await ran(node, settings)
                for command in look_lines(node, settings):
                    if command.tool in (SKOPEO, REGCTL):
                        assert command.line == "" and command.note
        if installed(SKOPEO):
            said = await shell(f"skopeo inspect --raw --tls-verify=false 'docker://{address}/library/hello:latest'")
            assert "invalid reference format" in said.stderr
