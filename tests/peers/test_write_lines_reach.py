"""The lines of writes against registries that are reached in other ways, and those that write Docker's local lists."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.compose.fixtures import Rig, make
from tests.support.real_registry import RealRegistry
from tests.support.shell import OTHER, Hand, here
from tests.support.tls_front import tls_front
from tui.compose.copy import plan_copy, plan_tag
from tui.compose.delete import plan_delete_manifest, plan_delete_tag
from tui.compose.edit import begin_new
from tui.compose.journal import Journal
from tui.compose.local_lists import plan_local_write, plan_remove_local, recreate_local
from tui.compose.plan import Plan
from tui.compose.planner import plan_draft
from tui.demo.serve import Served
from tui.demo.store import Store
from tui.explore.inspector import Inspector
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.reference import Reference, is_loopback
from tui.registry.client import Client
from tui.registry.settings import ClientSettings, HostSettings
from tui.sources.docker_manifests import DockerManifests
from tui.tools.table import CommandLine
from tui.tools.writing import write_lines

pytestmark = [pytest.mark.slow, pytest.mark.peer, pytest.mark.timeout(240)]


@pytest.fixture
def hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hand:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "home" / ".docker"))
    return Hand(tmp_path / "home")


@pytest.fixture
def served() -> Iterator[Served]:
    with Served.start(Store(), host="0.0.0.0") as served:
        yield served
        assert not served.store.errors


def address() -> str:
    """An address of this machine that is not loopback. Nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        found: str = probe.getsockname()[0]
        return found


async def every_line(hand: Hand, rig: Rig, plan: Plan, settings: ClientSettings) -> set[str]:
    """Run each line; those of buildx and docker fail exactly where their notes say so. Gives the tools that ran."""
    before = rig.change(lambda store: store.snapshot())
    tools = set()
    for command in write_lines(plan, settings):
        if not command.line or not here(command):
            continue
        done = await hand.shell(command.line)
        cannot = "buildkitd.toml" in command.note
        assert (done.returncode != 0) == cannot, f"{command.line}\n{command.note}\n{done.stdout}\n{done.stderr}"
        rig.change(lambda store: store.restore(before))
        tools.add(command.tool)
    return tools


@pytest.mark.parametrize("loopback", [True, False], ids=["loopback", "elsewhere"])
@pytest.mark.parametrize("tls", [True, False], ids=["tls", "http"])
async def test_the_flags_fit_the_registry(
    served: Served, hand: Hand, tmp_path: Path, tls: bool, loopback: bool
) -> None:
    host = "127.0.0.1" if loopback else address()
    async with tls_front(tmp_path, served.port) if tls else contextlib.nullcontext(served.port) as port:
        await fit(served, hand, tmp_path, f"{host}:{port}", tls)


async def fit(served: Served, hand: Hand, tmp_path: Path, registry: str, tls: bool) -> None:
    loopback = is_loopback(registry)
    other = f"127.0.0.1:{served.port}"
    settings = ClientSettings(
        anonymous=True, hosts={registry: HostSettings(insecure=tls, plain_http=not tls and not loopback)}
    )
    client = Client(settings)
    inspector = Inspector(client)
    rig = Rig(served, client, inspector, Journal(tmp_path / "journal"))
    one = rig.put("app", make("a", "linux/amd64"), "a")
    rig.put("app", make("b", "linux/arm64"), "b")
    digest = Digest.parse(one.manifest.digest)

    def ref(text: str, where: str = registry) -> Reference:
        return Reference.parse(f"{where}/{text}")

    try:
        draft, failed = await begin_new(inspector, ref("app:1"), [str(ref("app:a")), str(ref("app:b"))])
        assert not failed
        made = await plan_draft(draft, inspector)
        tools = await every_line(hand, rig, made, settings)
        assert "curl" in tools and ("docker manifest" in tools) == (not (tls and loopback))
        for plan in (
            await plan_copy(inspector, str(ref("app:a")), ref("copy:1")),
            await plan_tag(inspector, ref("app:2"), digest),
            await plan_delete_manifest(inspector, ref(f"app@{digest}")),
            # Two registries, each with its own flags, in both directions
            await plan_copy(inspector, str(ref("app:a")), ref("copy:2", other)),
            await plan_copy(inspector, str(ref("app:a", other)), ref("copy:3")),
        ):
            assert plan.ready, plan.problems
            assert "skopeo" in await every_line(hand, rig, plan, settings)
        if tls and loopback:
            # What is said of docker there is so: even the list that was made is not pushed.
            (docker,) = (each for each in write_lines(made, settings) if each.tool == "docker manifest")
            assert docker.note == "Pushes to loopback by plain HTTP only."
            where, source = ref("app:1"), ref("app:a")
            for flag in ("", "--insecure"):
                line = f"docker manifest rm {where}; docker manifest create --insecure {where} {source}"
                assert (await hand.shell(line)).returncode == 0
                assert (await hand.shell(f"docker manifest push {flag} {where}")).returncode != 0
    finally:
        await inspector.aclose()
        await client.aclose()


async def test_a_real_registry(real: RealRegistry, hand: Hand, tmp_path: Path) -> None:
    """docker-registry 2.8: a list made by each tool, a copy, a tag; it deletes manifests, but no tag alone."""
    real.put_image("app", "amd64", "linux/amd64", "a", oci=True)
    real.put_image("app", "arm64", "linux/arm64", "b", oci=True)
    client = Client(ClientSettings(anonymous=True))
    inspector = Inspector(client)

    def ref(text: str) -> Reference:
        return Reference.parse(f"{real.address}/{text}")

    async def lines(plan: Plan, check: Any) -> None:
        for command in write_lines(plan, client.settings):
            if command.line and here(command):
                done = await hand.shell(command.line)
                assert done.returncode == 0, f"{command.line}\n{done.stderr}"
                check(command)

    draft, _failed = await begin_new(inspector, ref("app:1"), [str(ref("app:arm64")), str(ref("app:amd64"))])
    plan = await plan_draft(draft, inspector)

    def same(command: CommandLine) -> None:
        raw = real.manifest(plan.target.repository, plan.target.tag or "")
        assert (Digest.of(raw) == plan.digest) == (OTHER not in command.note), command
        real.delete_manifest(plan.target.repository, Digest.of(raw))

    await lines(plan, same)
    made = real.put_manifest("app", "1", plan.raw or b"", plan.media_type)
    plan = await plan_copy(inspector, str(ref("app:1")), ref("copy:1"))
    await lines(plan, same)
    plan = await plan_tag(inspector, ref("app:2"), made)
    await lines(plan, lambda command: real.manifest("app", "2"))

    plan = await plan_delete_tag(inspector, ref("app:1"))
    for command in write_lines(plan, client.settings):
        if command.tool in ("curl", "crane") and here(command):
            assert "refuse it (docker-registry before 3)" in command.note
            assert (await hand.shell(command.line)).returncode != 0
            assert Digest.of(real.manifest("app", "1")) == made
    plan = await plan_delete_manifest(inspector, ref(f"app@{made}"))

    def gone(command: CommandLine) -> None:
        accept = {"Accept": media.OCI_INDEX}
        assert real.ask("GET", "/v2/app/manifests/1", headers=accept)[0] == 404, command.line
        real.put_manifest("app", "1", raw, media.OCI_INDEX)

    raw = plan.before_raw or b""
    await lines(plan, gone)
    await client.aclose()


# --- Docker's local lists --------------------------------------------------------------------------------------------


@pytest_asyncio.fixture
async def rig(served: Served, tmp_path: Path) -> AsyncIterator[Rig]:
    client = Client(ClientSettings(anonymous=True))
    inspector = Inspector(client)
    yield Rig(served, client, inspector, Journal(tmp_path / "journal"))
    await inspector.aclose()
    await client.aclose()


def entries(folder: Path) -> dict[str, object]:
    """What each file of a local list says of its entry."""
    return {path.name: json.loads(path.read_text())["Descriptor"] for path in folder.iterdir()}


@pytest.mark.parametrize("own", [True, False], ids=["docker's folder", "another folder"])
async def test_a_local_list(served: Served, rig: Rig, hand: Hand, tmp_path: Path, own: bool) -> None:
    """Written anew, pushed, and removed, by docker as by us, in whatever config folder it is."""
    registry = f"127.0.0.1:{served.port}"
    config = Path(hand.env["DOCKER_CONFIG"]) if own else tmp_path / "another config"
    for name, tag in (("linux/amd64", "1-amd64"), ("linux/arm/v7", "1-arm")):
        rig.put("app", make("old", name), tag)
    target = f"{registry}/app:1"
    created = await hand.shell(
        f"docker --config '{config}' manifest create --insecure {target} {target}-amd64 {target}-arm"
    )
    assert created.returncode == 0, created.stderr
    for name, tag in (("linux/amd64", "1-amd64"), ("linux/arm/v7", "1-arm")):
        rig.put("app", make("new", name), tag)
    source = DockerManifests(config, rig.client)
    stored = await source.stored(f"{registry}/app", "1")
    draft = await recreate_local(rig.inspector, source.lists.folder, stored)
    pushing = await plan_draft(draft, rig.inspector)
    raws = {each.digest: each.raw for each in pushing.objects if each.raw is not None}
    plan = plan_local_write(draft, raws)
    (docker,) = write_lines(plan)
    assert ("--config" in docker.line) == (not own)
    done = await hand.shell(docker.line)
    assert done.returncode == 0, done.stderr
    folder = config / "manifests" / stored.folder
    theirs = entries(folder)
    assert not (await rig.push(plan).run()).ok, "docker changed the list since the plan"
    stored = await source.stored(f"{registry}/app", "1")
    draft = await recreate_local(rig.inspector, source.lists.folder, stored)
    assert (await rig.push(plan_local_write(draft, raws)).run()).ok
    assert theirs == entries(folder)

    # Pushed: the line replaces the local list, and it stays, as the note says.
    (docker,) = (each for each in write_lines(pushing) if each.tool == "docker manifest")
    done = await hand.shell(docker.line)
    assert done.returncode == 0, done.stderr
    assert "is replaced, and stays there" in docker.note
    assert {json.dumps(each) for each in entries(folder).values()} == {json.dumps(each) for each in theirs.values()}
    held = rig.change(lambda store: store.repository("app").manifests[store.repository("app").tags["1"]].raw)
    assert {entry["digest"] for entry in json.loads(held)["manifests"]} == {
        str(entry.descriptor.digest) for entry in draft.kept
    }

    stored = await source.stored(f"{registry}/app", "1")
    (removed,) = write_lines(plan_remove_local(source.lists.folder, stored))
    assert removed.line
    assert (await hand.shell(removed.line)).returncode == 0
    assert not folder.exists()


async def test_a_local_list_whose_name_nobody_can_tell(rig: Rig, hand: Hand, tmp_path: Path) -> None:
    folder = Path(hand.env["DOCKER_CONFIG"]) / "manifests" / "what is this"
    folder.mkdir(parents=True)
    source = DockerManifests(folder.parent.parent, rig.client)
    (stored,) = source.lists.every()
    docker, remove = write_lines(plan_remove_local(source.lists.folder, stored))
    assert docker.line == "" and "does not tell" in docker.note
    assert (await hand.shell(remove.line)).returncode == 0
    assert not folder.exists()
