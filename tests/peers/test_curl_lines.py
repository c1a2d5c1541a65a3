"""The curl lines that are copied, pasted as they are: for everybody, for everybody with a token, and with a login."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.peers import need
from tui.app.copy_menu import copy_menu
from tui.demo.access import PASSWORD, USER
from tui.demo.gallery import build_gallery
from tui.demo.serve import Served
from tui.demo.store import Store
from tui.explore.explorer import Explorer
from tui.explore.node import Node
from tui.registry.client import Client
from tui.registry.settings import ClientSettings
from tui.sources.registry import RegistrySource
from tui.tools.looking import look_lines

pytestmark = [pytest.mark.slow, pytest.mark.peer, pytest.mark.timeout(120)]

#: What a login's variables hold; HOME keeps curl from reading somebody's .netrc.
_AUTH = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_LOGIN = {"REGISTRY_USER": USER, "REGISTRY_PASSWORD": PASSWORD}


def _tokens(store: Store) -> None:
    store.rules = replace(store.rules, required=True)


def _basic(store: Store) -> None:
    store.rules = replace(store.rules, required=True, scheme="basic")


@asynccontextmanager
async def opened(served: Served, reference: str, config: Path) -> AsyncIterator[tuple[Client, Node]]:
    """A tag with everything below it, asked with the login of that folder."""
    client, explorer = Client(ClientSettings(docker_config=config)), Explorer()
    source = RegistrySource(client, served.address)
    explorer.add_source(source)
    repository, _, tag = reference.rpartition(":")
    node = await explorer.add_reference(source, repository, tag)
    try:
        await explorer.check(node).wait()
        assert node.children
        yield client, node
    finally:
        await explorer.aclose()
        await client.aclose()


def login_folder(folder: Path, address: str) -> Path:
    path = folder / "config.json"
    path.write_text(json.dumps({"auths": {address: {"auth": _AUTH}}}))
    return folder


async def status(line: str, **variables: str) -> int:
    """What the registry answers to a line that is pasted."""
    need("curl")
    known = {name: value for name, value in os.environ.items() if not name.startswith("REGISTRY_")}
    done = await asyncio.to_thread(
        subprocess.run,
        ["sh", "-c", line],
        capture_output=True,
        timeout=30,
        check=False,
        env={**known, "HOME": "/nonexistent", "USER": "nobody-at-all", "NO_PROXY": "*", **variables},
    )
    found = [part.split()[1] for part in done.stdout.splitlines() if part.startswith(b"HTTP/")]
    assert found, f"{line}\n{done.stderr.decode()}"
    return int(found[-1])


def copied(client: Client, node: Node) -> str:
    """What `y` `u` copies."""
    return next(
        item.text for item in copy_menu(node, look_lines(node, client.settings, client.trace.login)) if item.key == "u"
    )


async def assert_work(client: Client, node: Node, **variables: str) -> None:
    """Every line of the requests answers as the request was answered, and the menu's lines find what is there."""
    lines = {each.curl(): each.status for each in client.trace.exchanges}
    assert any("Authorization" in line or " -u " in line for line in lines)
    for line, was in lines.items():
        assert f"{USER}:{PASSWORD}" not in line and _AUTH not in line
        assert await status(line, **variables) == was, line
    for row in [each for each in node.walk() if each.digest is not None][:6]:
        line = copied(client, row)
        assert await status(line, **variables) == 200, line


async def test_a_token_that_everybody_gets_is_fetched_by_the_line(tmp_path: Path) -> None:
    with Served.start(build_gallery()) as served:
        served.call(_tokens)
        async with opened(served, "library/hello:latest", tmp_path) as (client, node):
            assert "TOKEN=$(" in copied(client, node) and "#" not in copied(client, node)
            await assert_work(client, node)


@pytest.mark.parametrize("scheme", ["token", "basic"])
async def test_a_private_repository_takes_the_login_from_clear_variables(tmp_path: Path, scheme: str) -> None:
    with Served.start(build_gallery()) as served:
        if scheme == "basic":
            served.call(_basic)
        async with opened(served, "gallery/private:latest", login_folder(tmp_path, served.address)) as (client, node):
            line = copied(client, node)
            assert "$REGISTRY_USER:$REGISTRY_PASSWORD" in line and "$USER" not in line and "  # REGISTRY_USER" in line
            await assert_work(client, node, **_LOGIN)
            assert await status(line) == 401
