"""What goes wrong in the middle of a push: the tag holds the old index or the new one, and the result says which."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.compose.yard import Yard, make
from tui.compose.errors import JournalError
from tui.compose.events import Event, Outcome, StepDone, StepStarted, Waiting
from tui.compose.journal import Journal
from tui.compose.plan import Plan, Step, StepKind
from tui.compose.push import Push
from tui.demo.faults import lose_manifest
from tui.demo.quirks import Quirks
from tui.demo.serve import Served
from tui.demo.store import Store


def quirks(yard: Yard, repository: str, **changes: Any) -> None:
    yard.change(lambda store: setattr(store.repository(repository), "quirks", Quirks(**changes)))


async def cross(yard: Yard, *, layers: int = 3) -> Plan:
    """A plan that has to bring two images from another repository; the tag holds something old."""
    for name in ("amd64", "arm64"):
        yard.put("staging", make("new", f"linux/{name}", layers=layers), name)
    yard.put_list("app", [make("old", "linux/amd64")], "1")
    return await yard.plan("app:1", "staging:amd64", "staging:arm64")


@pytest.mark.parametrize("mount", ["session", "refused", "denied"])
async def test_where_the_registry_does_not_mount_it_is_copied(yard: Yard, mount: str) -> None:
    plan = await cross(yard)
    quirks(yard, "app", mount=mount)
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert yard.holds("app", "1") == plan.digest
    hows = {event.how for event in yard.events if isinstance(event, StepDone) and event.step.kind is StepKind.MOUNT}
    assert hows == {"copied"}
    assert yard.change(lambda store: len(store.uploads)) == 0


@pytest.mark.parametrize("mount", ["session", "refused"])
async def test_no_blob_travels_that_is_there(yard: Yard, mount: str) -> None:
    """The second layer is in the target already, above one that is not; nobody asked about it when planning."""
    new = make("new", "linux/amd64", layers=4)
    yard.put("staging", new, "t")
    yard.change(lambda store: store.put_blob("app", new.layers[2].raw))
    plan = await yard.plan("app:1", "staging:t")
    quirks(yard, "app", mount=mount)
    yard.forget_requests()
    assert (await yard.push(plan).run()).ok
    uploads = [one for one in yard.asked("PUT", "/blobs/uploads/") if new.layers[2].digest.split(":")[1] in one.query]
    assert not uploads
    assert not yard.asked("GET", f"/v2/staging/blobs/{new.layers[2].digest}")
    assert yard.change(lambda store: len(store.uploads)) == 0


async def test_429_in_the_middle_is_waited_out_in_sight(yard: Yard) -> None:
    plan = await cross(yard)
    quirks(yard, "app", limit_every=4, limited=frozenset({"all"}), retry_after="1")
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert yard.holds("app", "1") == plan.digest
    assert yard.asked(status=429)
    assert any(isinstance(event, Waiting) and event.seconds > 0 for event in yard.events)
    assert [event for event in yard.events if isinstance(event, Waiting)][-1].seconds == 0.0


async def test_a_moved_tag_stops_before_the_last_write(yard: Yard) -> None:
    plan = await cross(yard)
    theirs = yard.put_list("app", [make("theirs", "linux/amd64")], "1")
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.CONFLICT
    assert (result.base, result.theirs, result.mine) == (plan.before, theirs, plan.digest)
    assert yard.holds("app", "1") == theirs == result.tag_holds
    assert not [one for one in yard.asked("PUT") if one.path.endswith("/manifests/1")]


async def test_a_tag_that_appeared_or_vanished_stops_too(yard: Yard) -> None:
    yard.put("app", make("a", "linux/amd64"), "amd64")
    plan = await yard.plan("app:1", "app:amd64")
    assert plan.before is None
    theirs = yard.put_list("app", [make("theirs", "linux/amd64")], "1")
    assert (await yard.push(plan).run()).theirs == theirs
    plan = await yard.plan("app:1", "app:amd64")
    yard.change(lambda store: store.repository("app").untag("1"))
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.CONFLICT
    assert result.theirs is None
    assert yard.holds("app", "1") is None


async def test_somebody_put_the_same_meanwhile(yard: Yard) -> None:
    yard.put("app", make("a", "linux/amd64"), "amd64")
    plan = await yard.plan("app:1", "app:amd64")
    raw = plan.raw or b""
    yard.change(lambda store: store.put_manifest("app", raw, plan.media_type, ("1",)))
    yard.forget_requests()
    result = await yard.push(plan).run()
    assert result.ok
    assert not yard.asked("PUT")


@pytest.mark.parametrize("checked", [True, False])
async def test_a_child_deleted_between_plan_and_push(yard: Yard, checked: bool) -> None:
    """Where the registry checks it refuses; where it does not, we look once more before the last write."""
    one = yard.put("app", make("a", "linux/amd64"), "amd64")
    old = yard.put_list("app", [make("old", "linux/amd64")], "1")
    plan = await yard.plan("app:1", "app:amd64")
    yard.change(lambda store: lose_manifest(store, "app", one.manifest.digest))
    quirks(yard, "app", child_check=checked)
    result = await yard.push(plan, recheck_after=1e9 if checked else 0.0).run()
    assert result.outcome is Outcome.FAILED
    assert one.manifest.digest in result.missing
    assert one.manifest.digest in result.sentence
    assert yard.holds("app", "1") == old == result.tag_holds


async def test_a_lost_answer_is_resolved_by_asking(yard: Yard) -> None:
    yard.put("app", make("a", "linux/amd64"), "amd64")
    yard.put_list("app", [make("old", "linux/amd64")], "1")
    plan = await yard.plan("app:1", "app:amd64")
    quirks(yard, "app", drop_put=1)
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert yard.holds("app", "1") == plan.digest
    assert len([one for one in yard.asked("PUT") if one.path.endswith("/manifests/1")]) == 1


async def test_a_write_that_never_arrived_is_made_again(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.put("app", make("a", "linux/amd64"), "amd64")
    plan = await yard.plan("app:1", "app:amd64")
    from tui.registry.errors import UnknownOutcome

    real, calls = yard.client.put_manifest, 0

    async def lost(*words: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise UnknownOutcome("The answer was lost.")
        return await real(*words, **more)

    monkeypatch.setattr(yard.client, "put_manifest", lost)
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert calls == 2


async def test_a_replica_that_lags_is_no_failure(yard: Yard) -> None:
    yard.put("app", make("a", "linux/amd64"), "amd64")
    yard.put_list("app", [make("old", "linux/amd64")], "1")
    plan = await yard.plan("app:1", "app:amd64")
    quirks(yard, "app", lag=2)
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.PUSHED


async def test_an_immutable_tag(yard: Yard) -> None:
    yard.put("app", make("a", "linux/amd64"), "amd64")
    old = yard.put_list("app", [make("old", "linux/amd64")], "1")
    plan = await yard.plan("app:1", "app:amd64")
    quirks(yard, "app", immutable=True)
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert yard.holds("app", "1") == old == result.tag_holds
    assert "still holds" in result.sentence


async def test_the_journal_is_full(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = await cross(yard)
    old = plan.before

    def full(_self: Journal, _plan: Plan) -> str:
        raise JournalError("The journal in /full cannot be written (No space left on device).")

    monkeypatch.setattr(Journal, "begin", full)
    result = await yard.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert "No space left" in result.sentence
    assert yard.holds("app", "1") == old == result.tag_holds
    assert not [one for one in yard.asked("PUT") if one.path.endswith("/manifests/1")]


async def test_a_journal_that_cannot_be_made(yard: Yard, tmp_path: Path) -> None:
    plan = await cross(yard)
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    push = Push(plan, yard.inspector, Journal(blocked / "journal"), on_event=yard.events.append)
    result = await push.run()
    assert result.outcome is Outcome.FAILED
    assert yard.holds("app", "1") == plan.before


def steps_of(count: int) -> list[int]:
    return list(range(count))


@pytest.mark.parametrize("at", steps_of(9))
async def test_cancelled_at_every_step(yard: Yard, at: int) -> None:
    """Two images of two layers: six mounts (copied, as the registry does not mount), two manifests, the tag."""
    plan = await cross(yard, layers=2)
    assert len(plan.steps) == 9
    quirks(yard, "app", mount="session", latency=0.02)
    started = 0
    run: Push

    def on_event(event: Event) -> None:
        nonlocal started
        yard.events.append(event)
        if isinstance(event, StepStarted):
            started += 1
            if started == at + 1:
                run.cancel()

    run = Push(plan, yard.inspector, yard.journal, on_event=on_event)
    result = await run.run()
    held = yard.holds("app", "1")
    assert result.outcome is Outcome.CANCELLED
    assert held == plan.before == result.tag_holds
    assert str(plan.before) in result.sentence
    assert yard.change(lambda store: len(store.uploads)) == 0


@pytest.mark.parametrize("how", ["mount", "begin"])
async def test_stopped_while_a_session_is_being_opened_it_is_closed(yard: Yard, how: str) -> None:
    blob = yard.put("staging", make("new", "linux/amd64"), "amd64").blobs[0]
    yard.put_list("app", [make("old", "linux/amd64")], "1")
    quirks(yard, "app", mount="session", latency=0.2)
    begun = asyncio.Event()
    yard.client.trace.subscribe(lambda sent: begun.set() if sent.method == "POST" and sent.state == "running" else None)
    opening = asyncio.create_task(
        yard.client.mount(yard.registry, "app", blob.digest, "staging")
        if how == "mount"
        else yard.client.begin_upload(yard.registry, "app")
    )
    await begun.wait()
    await asyncio.sleep(0.02)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert yard.change(lambda store: len(store.uploads)) == 0
    assert [ask.status for ask in yard.asked("DELETE")] == [204]


async def test_cancelled_in_the_last_write_it_is_finished(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = await cross(yard)
    real = yard.client.put_manifest
    run = yard.push(plan)

    async def slow(
        registry: str, repository: str, selector: str, raw: bytes, media_type: str, *, begun: Any = None
    ) -> Any:
        if selector == "1":
            begun()
            assert run.cancel() is False
            await asyncio.sleep(0.02)
        return await real(registry, repository, selector, raw, media_type)

    monkeypatch.setattr(yard.client, "put_manifest", slow)
    result = await run.run()
    assert result.outcome is Outcome.PUSHED
    assert yard.holds("app", "1") == plan.digest


async def test_the_caller_is_cancelled_in_the_last_write(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = await cross(yard)
    real = yard.client.put_manifest
    run = yard.push(plan)

    async def slow(
        registry: str, repository: str, selector: str, raw: bytes, media_type: str, *, begun: Any = None
    ) -> Any:
        if selector == "1":
            begun()
            task.cancel()
            await asyncio.sleep(0.02)
        return await real(registry, repository, selector, raw, media_type)

    monkeypatch.setattr(yard.client, "put_manifest", slow)
    task = asyncio.create_task(run.run())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.result is not None
    assert run.result.outcome is Outcome.PUSHED
    assert yard.holds("app", "1") == plan.digest


async def test_the_registry_restarts_in_the_middle(yard: Yard, tmp_path: Path) -> None:
    """It is gone when the second step starts and back, with its content, a moment later."""
    plan = await cross(yard)
    port, store = yard.served.port, yard.served.store
    again: list[Served] = []

    async def restart() -> None:
        await asyncio.to_thread(yard.served.stop)
        await asyncio.sleep(0.3)
        again.append(await asyncio.to_thread(Served.start, store, port))

    pending: list[asyncio.Task[None]] = []

    def on_event(event: Event) -> None:
        yard.events.append(event)
        if isinstance(event, StepDone) and not pending:
            pending.append(asyncio.create_task(restart()))

    result = await Push(plan, yard.inspector, yard.journal, on_event=on_event).run()
    await asyncio.gather(*pending)
    try:
        assert result.outcome is Outcome.PUSHED
        assert store.repository("app").tags["1"] == plan.digest
    finally:
        again[0].stop()


async def test_a_source_that_lies_is_not_uploaded(yard: Yard, served: Served, tmp_path: Path) -> None:
    """Copying from another registry that serves other bytes under a digest: the push fails, the tag stays."""
    one = make("a", "linux/amd64")
    other = Served.start(Store())
    try:
        from tui.demo.images import put_image

        other.call(lambda store: put_image(store, "app", one, ("t",)))
        old = yard.put_list("app", [make("old", "linux/amd64")], "1")
        from tui.compose.edit import begin_new
        from tui.compose.planner import plan_draft

        draft, failed = await begin_new(yard.inspector, yard.ref("app:1"), [f"{other.address}/app:t"])
        assert not failed
        plan = await plan_draft(draft, yard.inspector)
        assert plan.ready
        digest = one.layers[1].digest
        other.call(lambda store: store.data.update({digest: b"x" * len(store.data[digest])}))
        result = await yard.push(plan).run()
        assert result.outcome is Outcome.FAILED
        assert yard.holds("app", "1") == old
        assert not yard.change(lambda store: store.has_blob("app", digest))
        assert yard.change(lambda store: len(store.uploads)) == 0
    finally:
        other.stop()


async def test_a_plan_with_problems_is_not_run(yard: Yard) -> None:
    plan = await cross(yard)
    from tui.compose.errors import ComposeError
    from tui.compose.validate import Problem

    with pytest.raises(ComposeError):
        await yard.push(replace(plan, problems=(Problem("x", "No."),))).run()


def test_every_step_kind_has_a_price() -> None:
    from tui.compose.plan import STEP_REQUESTS

    assert set(STEP_REQUESTS) == set(StepKind)
    assert Plan(plan_action(), make_ref(), (Step(1, StepKind.MOUNT, ""),)).requests == 1


def plan_action() -> Any:
    from tui.compose.plan import Action

    return Action.PUSH


def make_ref() -> Any:
    from tui.oci.reference import Reference

    return Reference.parse("localhost/x:1")
