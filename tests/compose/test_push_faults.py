"""What goes wrong in the middle of a push: the tag holds the old index or the new one, and the result says which."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.compose.fixtures import Rig, make
from tui.compose.copy import plan_copy
from tui.compose.errors import JournalError
from tui.compose.events import Event, Outcome, StepDone, StepStarted, Waiting
from tui.compose.journal import Journal
from tui.compose.plan import Plan, Step, StepKind
from tui.compose.push import Push
from tui.demo.faults import lose_blob, lose_manifest
from tui.demo.quirks import Quirks
from tui.demo.serve import Served
from tui.demo.store import Store
from tui.explore.inspector import Inspector


def quirks(rig: Rig, repository: str, **changes: Any) -> None:
    rig.change(lambda store: setattr(store.repository(repository), "quirks", Quirks(**changes)))


async def cross(rig: Rig, *, layers: int = 3) -> Plan:
    """A plan that has to bring two images from another repository; the tag holds something old."""
    for name in ("amd64", "arm64"):
        rig.put("staging", make("new", f"linux/{name}", layers=layers), name)
    rig.put_list("app", [make("old", "linux/amd64")], "1")
    return await rig.plan("app:1", "staging:amd64", "staging:arm64")


@pytest.mark.parametrize("mount", ["session", "refused", "denied"])
async def test_where_the_registry_does_not_mount_it_is_copied(rig: Rig, mount: str) -> None:
    plan = await cross(rig)
    quirks(rig, "app", mount=mount)
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert rig.holds("app", "1") == plan.digest
    hows = {event.how for event in rig.events if isinstance(event, StepDone) and event.step.kind is StepKind.MOUNT}
    assert hows == {"copied"}
    assert rig.change(lambda store: len(store.uploads)) == 0


@pytest.mark.parametrize("mount", ["session", "refused"])
async def test_no_blob_travels_that_is_there(rig: Rig, mount: str) -> None:
    """The second layer is in the target already, above one that is not; nobody asked about it when planning."""
    new = make("new", "linux/amd64", layers=4)
    rig.put("staging", new, "t")
    rig.change(lambda store: store.put_blob("app", new.layers[2].raw))
    plan = await rig.plan("app:1", "staging:t")
    quirks(rig, "app", mount=mount)
    rig.forget_requests()
    assert (await rig.push(plan).run()).ok
    uploads = [one for one in rig.asked("PUT", "/blobs/uploads/") if new.layers[2].digest.split(":")[1] in one.query]
    assert not uploads
    assert not rig.asked("GET", f"/v2/staging/blobs/{new.layers[2].digest}")
    assert rig.change(lambda store: len(store.uploads)) == 0


async def test_429_in_the_middle_is_waited_out_in_sight(rig: Rig) -> None:
    plan = await cross(rig)
    quirks(rig, "app", limit_every=8, limited=frozenset({"all"}), retry_after="1")
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert rig.holds("app", "1") == plan.digest
    assert rig.asked(status=429)
    assert any(isinstance(event, Waiting) and event.seconds > 0 for event in rig.events)
    assert [event for event in rig.events if isinstance(event, Waiting)][-1].seconds == 0.0


async def test_a_moved_tag_stops_before_the_last_write(rig: Rig) -> None:
    plan = await cross(rig)
    theirs = rig.put_list("app", [make("theirs", "linux/amd64")], "1")
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.CONFLICT
    assert (result.base, result.theirs, result.mine) == (plan.before, theirs, plan.digest)
    assert rig.holds("app", "1") == theirs == result.tag_holds
    assert not [one for one in rig.asked("PUT") if one.path.endswith("/manifests/1")]


async def test_a_tag_that_appeared_or_vanished_stops_too(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "amd64")
    plan = await rig.plan("app:1", "app:amd64")
    assert plan.before is None
    theirs = rig.put_list("app", [make("theirs", "linux/amd64")], "1")
    assert (await rig.push(plan).run()).theirs == theirs
    plan = await rig.plan("app:1", "app:amd64")
    rig.change(lambda store: store.repository("app").untag("1"))
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.CONFLICT
    assert result.theirs is None
    assert rig.holds("app", "1") is None


async def test_somebody_put_the_same_meanwhile(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "amd64")
    plan = await rig.plan("app:1", "app:amd64")
    raw = plan.raw or b""
    rig.change(lambda store: store.put_manifest("app", raw, plan.media_type, ("1",)))
    rig.forget_requests()
    result = await rig.push(plan).run()
    assert result.ok
    assert not rig.asked("PUT")


@pytest.mark.parametrize("checked", [True, False])
async def test_a_child_deleted_between_plan_and_push(rig: Rig, checked: bool) -> None:
    """Where the registry checks it refuses; where it does not, we look once more before the last write."""
    one = rig.put("app", make("a", "linux/amd64"), "amd64")
    old = rig.put_list("app", [make("old", "linux/amd64")], "1")
    plan = await rig.plan("app:1", "app:amd64")
    rig.change(lambda store: lose_manifest(store, "app", one.manifest.digest))
    quirks(rig, "app", child_check=checked)
    result = await rig.push(plan, recheck_after=1e9 if checked else 0.0).run()
    assert result.outcome is Outcome.FAILED
    assert one.manifest.digest in result.missing
    assert one.manifest.digest in result.sentence
    assert rig.holds("app", "1") == old == result.tag_holds


@pytest.mark.parametrize(("seconds", "asked"), [(4.0, 0), (6.0, 1)])
async def test_children_seen_a_few_seconds_ago_are_looked_at_again_before_the_tag(
    rig: Rig, seconds: float, asked: int
) -> None:
    """A plan believes what was seen a minute ago; the tag's PUT does not."""
    now = [1000.0]
    rig.inspector = Inspector(rig.client, clock=lambda: now[0])
    one = rig.put("app", make("a", "linux/amd64"), "amd64")
    plan = await rig.plan("app:1", "app:amd64")
    now[0] += seconds
    rig.forget_requests()
    assert (await rig.push(plan).run()).outcome is Outcome.PUSHED
    assert len(rig.asked("HEAD", str(one.manifest.digest))) == asked
    await rig.inspector.aclose()


async def test_a_lost_answer_is_resolved_by_asking(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "amd64")
    rig.put_list("app", [make("old", "linux/amd64")], "1")
    plan = await rig.plan("app:1", "app:amd64")
    quirks(rig, "app", drop_put=1)
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert rig.holds("app", "1") == plan.digest
    assert len([one for one in rig.asked("PUT") if one.path.endswith("/manifests/1")]) == 1


async def test_a_write_that_never_arrived_is_made_again(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.put("app", make("a", "linux/amd64"), "amd64")
    plan = await rig.plan("app:1", "app:amd64")
    from tui.registry.errors import UnknownOutcome

    real, calls = rig.client.put_manifest, 0

    async def lost(*words: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise UnknownOutcome("The answer was lost.")
        return await real(*words, **more)

    monkeypatch.setattr(rig.client, "put_manifest", lost)
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert calls == 2


async def test_a_replica_that_lags_is_no_failure(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "amd64")
    rig.put_list("app", [make("old", "linux/amd64")], "1")
    plan = await rig.plan("app:1", "app:amd64")
    quirks(rig, "app", lag=2)
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.PUSHED


async def test_an_immutable_tag(rig: Rig) -> None:
    rig.put("app", make("a", "linux/amd64"), "amd64")
    old = rig.put_list("app", [make("old", "linux/amd64")], "1")
    plan = await rig.plan("app:1", "app:amd64")
    quirks(rig, "app", immutable=True)
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert rig.holds("app", "1") == old == result.tag_holds
    assert "still holds" in result.sentence


async def test_the_journal_is_full(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = await cross(rig)
    old = plan.before

    def full(_self: Journal, _plan: Plan) -> str:
        raise JournalError("The journal in /full cannot be written (No space left on device).")

    monkeypatch.setattr(Journal, "begin", full)
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert "No space left" in result.sentence
    assert rig.holds("app", "1") == old == result.tag_holds
    assert not [one for one in rig.asked("PUT") if one.path.endswith("/manifests/1")]


async def test_a_journal_that_cannot_be_made(rig: Rig, tmp_path: Path) -> None:
    plan = await cross(rig)
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    push = Push(plan, rig.inspector, Journal(blocked / "journal"), on_event=rig.events.append)
    result = await push.run()
    assert result.outcome is Outcome.FAILED
    assert rig.holds("app", "1") == plan.before


def steps_of(count: int) -> list[int]:
    return list(range(count))


@pytest.mark.parametrize("at", steps_of(9))
async def test_cancelled_at_every_step(rig: Rig, at: int) -> None:
    """Two images of two layers: six mounts (copied, as the registry does not mount), two manifests, the tag."""
    plan = await cross(rig, layers=2)
    assert len(plan.steps) == 9
    quirks(rig, "app", mount="session", latency=0.02)
    started = 0
    run: Push

    def on_event(event: Event) -> None:
        nonlocal started
        rig.events.append(event)
        if isinstance(event, StepStarted):
            started += 1
            if started == at + 1:
                run.cancel()

    run = Push(plan, rig.inspector, rig.journal, on_event=on_event)
    result = await run.run()
    held = rig.holds("app", "1")
    assert result.outcome is Outcome.CANCELLED
    assert held == plan.before == result.tag_holds
    assert str(plan.before) in result.sentence
    assert rig.change(lambda store: len(store.uploads)) == 0


@pytest.mark.parametrize("how", ["mount", "begin"])
async def test_stopped_while_a_session_is_being_opened_it_is_closed(rig: Rig, how: str) -> None:
    blob = rig.put("staging", make("new", "linux/amd64"), "amd64").blobs[0]
    rig.put_list("app", [make("old", "linux/amd64")], "1")
    quirks(rig, "app", mount="session", latency=0.2)
    begun = asyncio.Event()
    rig.client.trace.subscribe(lambda sent: begun.set() if sent.method == "POST" and sent.state == "running" else None)
    opening = asyncio.create_task(
        rig.client.mount(rig.registry, "app", blob.digest, "staging")
        if how == "mount"
        else rig.client.begin_upload(rig.registry, "app")
    )
    await begun.wait()
    await asyncio.sleep(0.02)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert rig.change(lambda store: len(store.uploads)) == 0
    assert [ask.status for ask in rig.asked("DELETE")] == [204]


def in_the_last_write(rig: Rig, monkeypatch: pytest.MonkeyPatch, then: Callable[[], object]) -> None:
    """Let something happen when the tag's PUT has begun."""
    real = rig.client.put_manifest

    async def slow(
        registry: str, repository: str, selector: str, raw: bytes, media_type: str, *, begun: Any = None
    ) -> Any:
        if selector == "1":
            begun()
            then()
            await asyncio.sleep(0.02)
        return await real(registry, repository, selector, raw, media_type)

    monkeypatch.setattr(rig.client, "put_manifest", slow)


async def test_cancelled_in_the_last_write_it_is_finished(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = await cross(rig)
    run = rig.push(plan)
    accepted: list[bool] = []
    in_the_last_write(rig, monkeypatch, lambda: accepted.append(run.cancel()))
    result = await run.run()
    assert accepted == [False] and result.outcome is Outcome.PUSHED
    assert rig.holds("app", "1") == plan.digest


async def test_the_caller_is_cancelled_in_the_last_write(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = await cross(rig)
    run = rig.push(plan)
    in_the_last_write(rig, monkeypatch, lambda: task.cancel())
    task = asyncio.create_task(run.run())
    with pytest.raises(asyncio.CancelledError):
        await task
    assert run.result is not None
    assert run.result.outcome is Outcome.PUSHED
    assert rig.holds("app", "1") == plan.digest


async def test_the_registry_restarts_in_the_middle(rig: Rig, tmp_path: Path) -> None:
    """It is gone when the second step starts and back, with its content, a moment later."""
    plan = await cross(rig)
    port, store = rig.served.port, rig.served.store
    again: list[Served] = []

    async def restart() -> None:
        await asyncio.to_thread(rig.served.stop)
        await asyncio.sleep(0.3)
        again.append(await asyncio.to_thread(Served.start, store, port))

    pending: list[asyncio.Task[None]] = []

    def on_event(event: Event) -> None:
        rig.events.append(event)
        if isinstance(event, StepDone) and not pending:
            pending.append(asyncio.create_task(restart()))

    result = await Push(plan, rig.inspector, rig.journal, on_event=on_event).run()
    await asyncio.gather(*pending)
    try:
        assert result.outcome is Outcome.PUSHED
        assert store.repository("app").tags["1"] == plan.digest
    finally:
        again[0].stop()


async def test_a_source_that_lies_is_not_uploaded(rig: Rig, served: Served, tmp_path: Path) -> None:
    """Copying from another registry that serves other bytes under a digest: the push fails, the tag stays."""
    one = make("a", "linux/amd64")
    other = Served.start(Store())
    try:
        from tui.demo.images import put_image

        other.call(lambda store: put_image(store, "app", one, ("t",)))
        old = rig.put_list("app", [make("old", "linux/amd64")], "1")
        from tui.compose.edit import begin_new
        from tui.compose.planner import plan_draft

        draft, failed = await begin_new(rig.inspector, rig.ref("app:1"), [f"{other.address}/app:t"])
        assert not failed
        plan = await plan_draft(draft, rig.inspector)
        assert plan.ready
        digest = one.layers[1].digest
        other.call(lambda store: store.data.update({digest: b"x" * len(store.data[digest])}))
        result = await rig.push(plan).run()
        assert result.outcome is Outcome.FAILED
        assert rig.holds("app", "1") == old
        assert not rig.change(lambda store: store.has_blob("app", digest))
        assert rig.change(lambda store: len(store.uploads)) == 0
    finally:
        other.stop()


async def test_a_plan_with_problems_is_not_run(rig: Rig) -> None:
    plan = await cross(rig)
    from tui.compose.errors import ComposeError
    from tui.compose.validate import Problem

    with pytest.raises(ComposeError):
        await rig.push(replace(plan, problems=(Problem("x", "No."),))).run()


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


async def test_a_tag_that_only_got_back_what_it_lacked_may_be_somebody_else_s_by_then(rig: Rig) -> None:
    lost = make("a", "linux/amd64")
    rig.put_list("staging", [lost], "1")
    rig.put_list("app", [lost], "1")
    rig.change(lambda store: lose_blob(store, "app", lost.layers[1].digest))
    plan = await plan_copy(rig.inspector, rig.at("staging:1"), rig.ref("app:1"))
    assert plan.ready and StepKind.MOUNT in [step.kind for step in plan.steps] and plan.before == plan.digest
    theirs = rig.put_list("app", [make("b", "linux/amd64")], "1")
    result = await rig.push(plan).run()
    assert result.outcome is Outcome.CONFLICT and result.theirs == theirs
