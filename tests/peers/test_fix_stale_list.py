"""The first story for real: a stale local list, `manifest blob unknown`, recreated from its references, pushed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.support import program
from tests.support.peers import need, run
from tests.support.real_registry import Pushed, RealRegistry
from tui.compose.draft import EntryVerdict
from tui.compose.events import Outcome
from tui.compose.journal import Journal
from tui.compose.local_lists import draft_of_local, plan_remove_local, recreate_local
from tui.compose.planner import plan_draft
from tui.compose.push import Push
from tui.explore.inspector import Inspector
from tui.oci.digest import Digest
from tui.registry.client import Client
from tui.sources.docker_manifests import DockerManifests

pytestmark = [pytest.mark.slow, pytest.mark.peer]

EDGE = "0.16-edge"


def docker(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`docker manifest …` with a config folder of its own."""
    need("docker")
    return run("docker", "manifest", *words, env={"DOCKER_CONFIG": str(folder)})


def story(real: RealRegistry, folder: Path) -> tuple[list[Pushed], list[Pushed]]:
    """Up to T6: images built with wrong input, listed, removed, built again, and `create --amend` once more."""
    wrong = [real.put_image("sandbox", f"{EDGE}-{name}", f"linux/{name}", "wrong input") for name in ("amd64", "arm64")]
    sources = [word for name in ("amd64", "arm64") for word in ("--amend", f"{real.address}/sandbox:{EDGE}-{name}")]
    created = docker(folder, "create", "--insecure", f"{real.address}/sandbox:{EDGE}", *sources)
    assert created.returncode == 0, created.stderr
    for one in wrong:
        real.delete_manifest("sandbox", one.digest)
    right = [real.put_image("sandbox", f"{EDGE}-{name}", f"linux/{name}", "right input") for name in ("amd64", "arm64")]
    created = docker(folder, "create", "--insecure", f"{real.address}/sandbox:{EDGE}", *sources)
    assert created.returncode == 0
    assert "Created manifest list" in created.stdout
    return wrong, right


async def test_the_stale_list(real: RealRegistry, tmp_path: Path) -> None:
    config = tmp_path / "docker"
    wrong, right = story(real, config)
    name = f"{real.address}/sandbox:{EDGE}"
    refused = docker(config, "push", "--insecure", name)
    assert refused.returncode != 0
    assert "manifest blob unknown" in refused.stderr

    client = Client()
    inspector, journal = Inspector(client), Journal(tmp_path / "journal")
    source = DockerManifests(config, client)
    stored = await source.stored(f"{real.address}/sandbox", EDGE)
    comparison = await source.compare(f"{real.address}/sandbox", EDGE)
    assert [entry.stale for entry in comparison.entries] == [True, True]
    assert [entry.now for entry in comparison.entries] == [one.digest for one in right]

    # Pushed as it is, the plan stops and names what is gone.
    plan = await plan_draft(draft_of_local(source.lists.folder, stored), inspector)
    assert not plan.ready
    assert {one.digest for one in wrong} == {each.digest for each in plan.objects if each.how == "nowhere"}

    draft = await recreate_local(inspector, source.lists.folder, stored)
    assert [entry.verdict for entry in draft.entries] == [EntryVerdict.MOVED, EntryVerdict.MOVED]
    assert [entry.was for entry in draft.entries] == [one.digest for one in wrong]
    assert [entry.now for entry in draft.entries] == [one.digest for one in right]
    plan = await plan_draft(draft, inspector)
    assert plan.ready, plan.problems
    result = await Push(plan, inspector, journal).run()
    assert result.outcome is Outcome.PUSHED
    await client.aclose()

    assert Digest.of(real.manifest("sandbox", EDGE)) == result.digest
    inspected = docker(config, "inspect", "--insecure", name)
    assert inspected.returncode == 0, inspected.stderr
    assert [entry["digest"] for entry in json.loads(inspected.stdout)["manifests"]] == [one.digest for one in right]
    need("skopeo")
    raw = run("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}")
    assert Digest.of(raw.stdout.encode()) == result.digest
    verbose = json.loads(docker(config, "inspect", "--insecure", "--verbose", name).stdout)
    assert [entry["Descriptor"]["digest"] for entry in verbose] == [one.digest for one in right]

    # Docker's own push of the fixed local list works, and docker removes what we wrote.
    pushed = docker(config, "push", "--insecure", name)
    assert pushed.returncode == 0, pushed.stderr
    stored = await DockerManifests(config).stored(f"{real.address}/sandbox", EDGE)
    assert pushed.stdout.split()[-1] == Digest.of(stored.pushed()[0])
    assert Digest.of(real.manifest("sandbox", EDGE)) == pushed.stdout.split()[-1]
    removed = docker(config, "rm", name)
    assert removed.returncode == 0, removed.stderr
    assert list((config / "manifests").iterdir()) == []


async def test_removing_a_local_list(real: RealRegistry, tmp_path: Path) -> None:
    config = tmp_path / "docker"
    story(real, config)
    client = Client()
    inspector = Inspector(client)
    source = DockerManifests(config, client)
    stored = await source.stored(f"{real.address}/sandbox", EDGE)
    plan = plan_remove_local(source.lists.folder, stored)
    assert plan.type_to_confirm == f"{real.address}/sandbox:{EDGE}"
    result = await Push(plan, inspector, Journal(tmp_path / "journal")).run()
    assert result.ok
    await client.aclose()
    assert list((config / "manifests").iterdir()) == []
    name = f"{real.address}/sandbox:{EDGE}"
    created = docker(config, "create", "--insecure", name, f"{name}-amd64", f"{name}-arm64")
    assert created.returncode == 0, created.stderr
    assert docker(config, "push", "--insecure", name).returncode == 0


@pytest.mark.parametrize("types", ["docker", "oci", "mixed"])
async def test_what_docker_would_push_is_known_byte_for_byte(real: RealRegistry, tmp_path: Path, types: str) -> None:
    config = tmp_path / "docker"
    real.put_image("app", "a", "linux/amd64", "a", oci=types == "oci")
    real.put_image("app", "b", "linux/arm64/v8", "b", oci=types != "docker")
    real.put_image("app", "w", "windows/amd64", "w", oci=types == "oci", os_version="10.0.17763.1")
    name = f"{real.address}/app:{types}"
    created = docker(config, "create", "--insecure", name, *(f"{real.address}/app:{tag}" for tag in "abw"))
    assert created.returncode == 0, created.stderr
    annotated = docker(config, "annotate", "--variant", "v9", "--os-features", "x", name, f"{real.address}/app:b")
    assert annotated.returncode == 0, annotated.stderr
    stored = await DockerManifests(config).stored(f"{real.address}/app", types)
    pushed = docker(config, "push", "--insecure", name)
    assert pushed.returncode == 0, pushed.stderr
    assert real.manifest("app", types) == stored.pushed()[0]


async def test_what_we_write_is_what_docker_writes(real: RealRegistry, tmp_path: Path) -> None:
    """Recreating a list whose sources did not move gives docker's own files, byte for byte."""
    config = tmp_path / "docker"
    for name, oci in (("amd64", False), ("arm64", True)):
        real.put_image("app", f"1-{name}", f"linux/{name}", "x", oci=oci)
    name = f"{real.address}/app:1"
    created = docker(config, "create", "--insecure", name, f"{name}-amd64", f"{name}-arm64")
    assert created.returncode == 0, created.stderr
    files = {path.name: path.read_bytes() for path in (config / "manifests").glob("*/*")}
    assert len(files) == 2
    client = Client()
    source = DockerManifests(config, client)
    stored = await source.stored(f"{real.address}/app", "1")
    inspector = Inspector(client)
    plan = await plan_draft(await recreate_local(inspector, source.lists.folder, stored), inspector)
    assert plan.steps[-1].files == files
    assert (await Push(plan, inspector, Journal(tmp_path / "journal")).run()).ok
    await client.aclose()
    assert {path.name: path.read_bytes() for path in (config / "manifests").glob("*/*")} == files
    assert real.manifest("app", "1") == stored.pushed()[0]


async def test_a_stale_list_is_pushed_with_a_warning_and_as_docker_pushes_it(
    real: RealRegistry, tmp_path: Path
) -> None:
    """The old images are still there by their digests: docker pushes the list without a word, and so can we, with
    one."""
    config = tmp_path / "docker"
    old = {name: real.put_image("app", f"1-{name}", f"linux/{name}", "old") for name in ("amd64", "arm64")}
    name = f"{real.address}/app:1"
    created = docker(config, "create", "--insecure", name, f"{name}-amd64", f"{name}-arm64")
    assert created.returncode == 0, created.stderr
    new = real.put_image("app", "1-arm64", "linux/arm64", "new")
    client = Client()
    inspector, source = Inspector(client), DockerManifests(config, client)
    stored = await source.stored(f"{real.address}/app", "1")
    compared = await source.compare(f"{real.address}/app", "1")
    draft = draft_of_local(source.lists.folder, stored, None, compared)
    assert [entry.verdict for entry in draft.entries] == [EntryVerdict.UNCHANGED, EntryVerdict.MOVED]
    assert (draft.entries[1].was, draft.entries[1].now) == (old["arm64"].digest, new.digest)
    plan = await plan_draft(draft, inspector)
    assert plan.ready
    assert [problem.code for problem in plan.problems] == ["stale"]
    result = await Push(plan, inspector, Journal(tmp_path / "journal")).run()
    await client.aclose()
    pushed = docker(config, "push", "--insecure", name)
    assert pushed.returncode == 0, pushed.stderr
    assert pushed.stdout.split()[-1] == result.digest


async def test_what_was_recreated_from_an_attested_tag_is_not_stale_afterwards(
    real: RealRegistry, tmp_path: Path
) -> None:
    config = tmp_path / "docker"
    real.put_image("app", "1-amd64", "linux/amd64", "old", oci=True)
    name = f"{real.address}/app:1"
    created = docker(config, "create", "--insecure", name, f"{name}-amd64")
    assert created.returncode == 0, created.stderr
    new, _proof, _index = real.put_attested("app", "1-amd64", "linux/amd64", "new")
    client = Client()
    inspector, source = Inspector(client), DockerManifests(config, client)
    draft = await recreate_local(inspector, source.lists.folder, await source.stored(f"{real.address}/app", "1"))
    assert (await Push(await plan_draft(draft, inspector), inspector, Journal(tmp_path / "journal")).run()).ok
    compared = await source.compare(f"{real.address}/app", "1")
    await client.aclose()
    assert [(entry.was, entry.stale) for entry in compared.entries] == [(new.digest, False)]
    checked = program.run("check", f"docker-manifests:{config}")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "stale" not in checked.stdout
