"""Parent and child repositories, for real: mounts in one registry, copies between two, a registry killed half-way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.peers import run
from tests.support.program import Piped
from tests.support.real_registry import RealRegistry
from tui.compose.edit import begin_new
from tui.compose.events import BytesMoved, Event, Outcome, StepDone, Waiting
from tui.compose.journal import Journal
from tui.compose.plan import How, Plan, StepKind
from tui.compose.planner import plan_draft
from tui.compose.push import Push
from tui.explore.inspector import Inspector
from tui.oci.digest import Digest
from tui.oci.reference import Reference
from tui.registry.client import Client

pytestmark = [pytest.mark.slow, pytest.mark.peer]


@pytest.fixture
def second(tmp_path: Path) -> Iterator[RealRegistry]:
    """Another registry."""
    registry = RealRegistry(tmp_path / "second")
    registry.start()
    yield registry
    registry.stop()


async def planned(inspector: Inspector, target: str, *sources: str) -> Plan:
    draft, failed = await begin_new(inspector, Reference.parse(target), sources)
    assert not failed
    plan = await plan_draft(draft, inspector)
    assert plan.ready, plan.problems
    return plan


async def test_mounted_from_the_children(real: RealRegistry, tmp_path: Path) -> None:
    images = [real.put_image(f"app/{name}", "1", f"linux/{name}", "app", layers=3) for name in ("amd64", "arm64")]
    client = Client()
    inspector = Inspector(client)
    plan = await planned(inspector, f"{real.address}/app:1", *(f"{real.address}/app/{n}:1" for n in ("amd64", "arm64")))
    assert plan.count(How.MOUNT) == 8
    assert plan.bytes_to_copy == 0
    result = await Push(plan, inspector, Journal(tmp_path / "journal")).run()
    assert result.outcome is Outcome.PUSHED
    # Two platforms, eight distinct blobs, all of them missing, two children.
    assert client.trace.count <= 2 * 2 + 8 + 4 + 8 + 2
    assert not [one for one in client.trace.exchanges if one.method == "PUT" and "/blobs/" in one.path]
    await client.aclose()
    for one in images:
        assert real.manifest("app", str(one.digest)) == one.raw
        for blob in (one.config, *one.layers):
            assert real.ask("HEAD", f"/v2/app/blobs/{blob}")[0] == 200
    config = {"DOCKER_CONFIG": str(tmp_path / "docker")}
    inspected = run("docker", "manifest", "inspect", "--insecure", f"{real.address}/app:1", env=config)
    assert inspected.returncode == 0, inspected.stderr


async def test_copied_from_another_registry(real: RealRegistry, second: RealRegistry, tmp_path: Path) -> None:
    images = [second.put_image("app", name, f"linux/{name}", "app", noise=300_000) for name in ("amd64", "arm64")]
    there = real.put_blob("app", second.ask("GET", f"/v2/app/blobs/{images[0].layers[0]}")[1])
    client = Client()
    inspector = Inspector(client)
    plan = await planned(inspector, f"{real.address}/app:1", *(f"{second.address}/app:{n}" for n in ("amd64", "arm64")))
    assert plan.count(How.COPY) == 5
    assert plan.count(How.PRESENT) == 1
    moved: list[BytesMoved] = []

    def on_event(event: Event) -> None:
        if isinstance(event, BytesMoved):
            moved.append(event)

    result = await Push(plan, inspector, Journal(tmp_path / "journal"), on_event=on_event).run()
    assert result.outcome is Outcome.PUSHED
    assert not [one for one in client.trace.exchanges if one.method == "GET" and str(there) in one.path]
    await client.aclose()
    assert max(event.done for event in moved) > 300_000
    assert all(event.done <= event.total for event in moved)
    for one in images:
        assert real.manifest("app", str(one.digest)) == one.raw
        for blob in (one.config, *one.layers):
            status, data, _ = real.ask("GET", f"/v2/app/blobs/{blob}")
            assert (status, Digest.of(data)) == (200, blob)


async def test_the_registry_is_killed_and_started_again(
    real: RealRegistry, second: RealRegistry, tmp_path: Path
) -> None:
    """Killed while blobs are copied; the push waits, visibly, and goes on when the registry is back."""
    for name in ("amd64", "arm64", "s390x"):
        second.put_image("app", name, f"linux/{name}", "app", noise=200_000)
    old = real.put_image("app", "1", "linux/amd64", "old")
    client = Client()
    inspector = Inspector(client)
    sources = [f"{second.address}/app:{name}" for name in ("amd64", "arm64", "s390x")]
    plan = await planned(inspector, f"{real.address}/app:1", *sources)
    assert plan.before == old.digest
    restarts: list[asyncio.Task[None]] = []
    events: list[Event] = []

    async def restart() -> None:
        await asyncio.to_thread(real.kill)
        await asyncio.sleep(1.0)
        await asyncio.to_thread(real.start)

    def on_event(event: Event) -> None:
        events.append(event)
        if isinstance(event, StepDone) and event.step.kind is StepKind.COPY and not restarts:
            restarts.append(asyncio.create_task(restart()))

    result = await Push(plan, inspector, Journal(tmp_path / "journal"), on_event=on_event).run()
    await asyncio.gather(*restarts)
    await client.aclose()
    assert restarts
    assert result.outcome is Outcome.PUSHED, result.sentence
    assert Digest.of(real.manifest("app", "1")) == plan.digest
    assert [event for event in events if isinstance(event, Waiting)] or client.trace.count > plan.requests


async def test_killed_for_good_the_old_index_stays(real: RealRegistry, second: RealRegistry, tmp_path: Path) -> None:
    from tui.compose.retries import STEP_POLICY, Retries

    second.put_image("app", "amd64", "linux/amd64", "app", noise=100_000)
    old = real.put_image("app", "1", "linux/amd64", "old")
    client = Client()
    inspector = Inspector(client)
    plan = await planned(inspector, f"{real.address}/app:1", f"{second.address}/app:amd64")

    def on_event(event: Event) -> None:
        if isinstance(event, StepDone):
            real.kill()

    push = Push(
        plan,
        inspector,
        Journal(tmp_path / "j"),
        on_event=on_event,
        retries=Retries(on_event, replace(STEP_POLICY, deadline=1.0)),
    )
    result = await push.run()
    await client.aclose()
    assert result.outcome is Outcome.FAILED
    assert result.undetermined
    assert (
        not result.tag_known and str(old.digest) in result.sentence and "Nothing was written to it." in result.sentence
    )
    real.start()
    assert Digest.of(real.manifest("app", "1")) == old.digest


async def test_a_large_blob_is_never_held_in_memory(real: RealRegistry, second: RealRegistry, tmp_path: Path) -> None:
    import tracemalloc

    size = 48_000_000
    second.put_image("app", "amd64", "linux/amd64", "app", noise=size)
    client = Client()
    inspector = Inspector(client)
    plan = await planned(inspector, f"{real.address}/app:1", f"{second.address}/app:amd64")
    assert plan.bytes_to_copy > size
    tracemalloc.start()
    result = await Push(plan, inspector, Journal(tmp_path / "journal")).run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    await client.aclose()
    assert result.outcome is Outcome.PUSHED
    assert peak < size / 4


def test_ctrl_c_in_the_middle_says_what_the_tag_holds(real: RealRegistry, second: RealRegistry, tmp_path: Path) -> None:
    """The whole program, interrupted while a large blob travels: the old index stays, and it says so."""
    import os
    import signal
    import time

    second.put_image("app", "amd64", "linux/amd64", "app", noise=120_000_000)
    old = real.put_image("app", "1", "linux/amd64", "old")
    command = ["create", f"{real.address}/app:1", f"{second.address}/app:amd64"]
    piped = Piped(command, {**os.environ, "NO_COLOR": "1"})
    process = piped.process
    uploads = real.root / "docker/registry/v2/repositories/app/_uploads"
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        if any(path.stat().st_size > 1_000_000 for path in uploads.glob("*/data")):
            break
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    out, err = piped.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    assert f"still holds {old.digest}" in err
    assert Digest.of(real.manifest("app", "1")) == old.digest
