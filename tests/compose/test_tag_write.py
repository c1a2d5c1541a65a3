"""The last write when the registry, or a proxy before it, does not take it at once: nobody's push is overwritten, it
can be stopped while nothing was written, and at the end it is known which index the tag holds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.compose.fault_proxy import ProxiedRig
from tests.compose.fixtures import Rig, make
from tests.registry.server import Asked, Reply
from tui.compose.delete import plan_delete_manifest, plan_delete_tag
from tui.compose.events import Notice, Outcome, Waiting
from tui.compose.journal import NOT_WRITTEN, UNKNOWN
from tui.compose.plan import Plan
from tui.compose.push import Push
from tui.compose.retries import STEP_POLICY, Retries
from tui.compose.undo import last_push, plan_undo, undo_unavailable
from tui.oci.digest import Digest


@pytest.fixture
async def proxied(rig: Rig) -> AsyncIterator[ProxiedRig]:
    made = await ProxiedRig.of(rig)
    yield made
    await made.proxy.down()


async def planned(rig: Rig) -> Plan:
    """One step: the tag, which holds something old."""
    rig.put("app", make("new", "linux/amd64"), "amd64")
    rig.put_list("app", [make("old", "linux/amd64")], "1")
    return await rig.plan("app:1", "app:amd64")


def on_put(rig: ProxiedRig, *answers: Callable[[], Reply | Awaitable[Reply]]) -> None:
    """What the next PUTs of the tag are answered with; the ones after that get through."""
    left = list(answers)

    async def before(asked: Asked) -> Reply | None:
        if asked.method != "PUT" or not asked.path.endswith("/manifests/1") or not left:
            return None
        made = left.pop(0)()
        return made if isinstance(made, Reply) else await made

    rig.proxy.before = before
    rig.proxy.asked.clear()


def patient(rig: ProxiedRig, plan: Plan, **retries: Any) -> Push:
    """A push that really waits, as in the program."""
    return rig.push(plan, retries=Retries(rig.events.append, **retries))


async def soon(seconds: float) -> None:
    """The pauses of a push, a tenth as long."""
    await asyncio.sleep(seconds / 10)


async def until(true: Callable[[], object], seconds: float = 20.0) -> None:
    ends = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends, "it did not come"
        await asyncio.sleep(0.01)


def no(status: int, after: str | None = "0") -> Callable[[], Reply]:
    return lambda: Reply(status, [("Retry-After", after)] if after is not None else [])


STATUSES = [429, 408, 500, 502, 503, 504]


@pytest.mark.parametrize("status", STATUSES)
async def test_who_moved_the_tag_meanwhile_is_not_overwritten(proxied: ProxiedRig, status: int) -> None:
    """The proxy refuses the write, and before it is repeated somebody else pushes."""
    plan = await planned(proxied)
    theirs = ""

    def moved() -> Reply:
        nonlocal theirs
        theirs = str(proxied.put_list("app", [make("theirs", "linux/amd64")], "1"))
        return no(status)()

    on_put(proxied, moved)
    result = await proxied.push(plan).run()
    assert result.outcome is Outcome.CONFLICT
    assert proxied.holds("app", "1") == theirs == result.theirs
    assert (result.base, result.mine) == (plan.before, plan.digest)
    assert proxied.proxy.of_tag().count("PUT") == 1
    assert theirs.partition(":")[2][:12] in result.sentence and "not repeated" in result.sentence
    assert [record.outcome for record in proxied.journal.of(plan.target)] == [UNKNOWN]  # it may have been ours before


@pytest.mark.parametrize("status", STATUSES)
async def test_each_repetition_looks_first(proxied: ProxiedRig, status: int) -> None:
    plan = await planned(proxied)
    on_put(proxied, no(status), no(status))
    result = await proxied.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert proxied.holds("app", "1") == plan.digest
    asked = proxied.proxy.of_tag()
    assert asked.count("PUT") == 3 and asked[-1] == "GET"
    assert all(asked[at - 1] == "HEAD" for at, method in enumerate(asked) if method == "PUT")


async def test_an_error_after_the_work_was_done(proxied: ProxiedRig) -> None:
    """500, though the tag was moved: that is found out, and not done twice."""
    plan = await planned(proxied)
    raw = plan.raw or b""

    def done() -> Reply:
        proxied.change(lambda store: store.put_manifest("app", raw, plan.media_type, ("1",)))
        return Reply(500)

    on_put(proxied, done)
    result = await proxied.push(plan).run()
    assert result.outcome is Outcome.PUSHED
    assert result.verified_at is not None
    assert proxied.proxy.of_tag().count("PUT") == 1


REFUSALS = [400, 401, 403, 404, 405, 409, 412, 415, 422]


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refusal_after_the_work_was_done(proxied: ProxiedRig, status: int) -> None:
    """A proxy answers 4xx though the registry took the write: the tag is read, and it can be undone."""
    plan = await planned(proxied)
    raw = plan.raw or b""

    def done() -> Reply:
        proxied.change(lambda store: store.put_manifest("app", raw, plan.media_type, ("1",)))
        return Reply(status)

    on_put(proxied, done, done)
    result = await proxied.push(plan).run()
    assert (result.outcome, result.tag_holds) == (Outcome.PUSHED, plan.digest)
    record = last_push(proxied.journal, plan.target, plan.digest)
    assert record is not None and record.before == plan.before


@pytest.mark.parametrize("status", REFUSALS)
async def test_a_refusal_is_believed_only_after_the_tag_was_read(proxied: ProxiedRig, status: int) -> None:
    plan = await planned(proxied)
    on_put(proxied, *[no(status)] * 9)
    result = await proxied.push(plan).run()
    assert (result.outcome, result.tag_holds) == (Outcome.FAILED, plan.before)
    assert f"still holds {plan.before}" in result.sentence
    assert proxied.proxy.of_tag()[-1] in ("HEAD", "GET")
    assert [record.outcome for record in proxied.journal.of(plan.target)] == [NOT_WRITTEN]


async def test_a_refusal_while_somebody_else_moved_the_tag(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)
    theirs = ""

    def moved() -> Reply:
        nonlocal theirs
        theirs = str(proxied.put_list("app", [make("theirs", "linux/amd64")], "1"))
        return Reply(400)

    on_put(proxied, moved)
    result = await proxied.push(plan).run()
    assert (result.outcome, result.tag_holds) == (Outcome.CONFLICT, theirs)
    assert "Result of the last write unknown" in result.sentence
    assert plan.before is not None
    assert f"It was {plan.before.short} when planned and is" in result.sentence
    assert "still holds" not in result.sentence
    assert [record.outcome for record in proxied.journal.of(plan.target)] == [UNKNOWN]


async def test_a_refusal_after_which_the_tag_cannot_be_read(proxied: ProxiedRig) -> None:
    """Nothing is claimed, the journal says that it is not known, and undoing works when the tag holds what we sent."""
    plan = await planned(proxied)
    raw = plan.raw or b""
    over = False

    async def before(asked: Asked) -> Reply | None:
        nonlocal over
        if asked.method == "PUT" and asked.path.endswith("/manifests/1"):
            over = True
            proxied.change(lambda store: store.put_manifest("app", raw, plan.media_type, ("1",)))
            return Reply(400)
        return Reply(403) if over else None

    proxied.proxy.before = before
    result = await proxied.push(plan).run()
    assert (result.outcome, result.tag_known) == (Outcome.UNVERIFIED, False)
    assert str(plan.before) not in result.sentence and "either" not in result.sentence
    assert [record.outcome for record in proxied.journal.of(plan.target)] == [UNKNOWN]
    proxied.proxy.before = None
    assert undo_unavailable(proxied.journal, plan.target, plan.digest) == ""
    undo = await plan_undo(proxied.journal, plan.target, plan.digest, proxied.inspector)
    assert (await proxied.push(undo).run()).tag_holds == plan.before


async def test_what_could_not_be_read_is_not_claimed_when_a_copy_fails(proxied: ProxiedRig) -> None:
    proxied.put("staging", make("new", "linux/amd64"), "amd64")
    proxied.put_list("app", [make("old", "linux/amd64")], "1")
    plan = await proxied.plan("app:1", "staging:amd64")
    over = False

    async def before(asked: Asked) -> Reply | None:
        nonlocal over
        over = over or asked.method != "HEAD"
        return Reply(403) if over else None

    proxied.proxy.before = before
    result = await proxied.push(plan).run()
    assert (result.outcome, result.tag_known) == (Outcome.FAILED, False)
    assert "still holds" not in result.sentence and "when planned" in result.sentence
    assert "Nothing was written to it" in result.sentence


async def test_a_write_that_is_never_taken_ends(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)
    on_put(proxied, *[no(500, None)] * 99)
    result = await proxied.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert result.undetermined
    assert proxied.holds("app", "1") == plan.before == result.tag_holds
    assert 5 < proxied.proxy.of_tag().count("PUT") < 20


async def test_it_can_be_stopped_while_the_last_write_waits(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)
    on_put(proxied, no(429, "20"))
    run = patient(proxied, plan)
    work = asyncio.create_task(run.run())
    await until(lambda: [one for one in proxied.events if isinstance(one, Waiting) and 18 < one.seconds <= 20])
    began = time.monotonic()
    assert run.cancel() is True
    result = await work
    assert time.monotonic() - began < 10
    assert result.outcome is Outcome.CANCELLED
    assert proxied.holds("app", "1") == plan.before
    assert not result.tag_known and "was not read afterwards" in result.sentence
    assert proxied.proxy.of_tag() == ["HEAD", "PUT"]
    assert not [one for one in proxied.events if isinstance(one, Notice)]


async def test_the_countdown_of_the_last_write_is_told_once(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)
    on_put(proxied, no(429, "1"))
    result = await patient(proxied, plan).run()
    assert result.ok
    waits = [event for event in proxied.events if isinstance(event, Waiting) and event.seconds > 0]
    assert waits and all(event.step is plan.steps[-1] for event in waits)
    assert proxied.proxy.of_tag() == ["HEAD", "PUT", "HEAD", "PUT", "GET"]


def rest_after_look(rig: ProxiedRig, seconds: float) -> None:
    """Something else was told to wait, between our look at the tag and our write."""
    rig.proxy.asked.clear()
    told: list[float] = []

    async def after(asked: Asked, reply: Reply) -> Reply:
        if asked.path.endswith("/manifests/1") and asked.method == "HEAD" and not told:
            told.append(seconds)
            client = rig.client
            client._limiter.lane(client._endpoints.origin(rig.registry)).pause(seconds)
        return reply

    rig.proxy.after = after


async def test_it_can_be_stopped_while_the_host_rests(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)
    rest_after_look(proxied, 20)
    run = patient(proxied, plan)
    work = asyncio.create_task(run.run())
    await until(lambda: [one for one in proxied.events if isinstance(one, Waiting) and one.seconds > 18])
    assert run.cancel() is True
    result = await asyncio.wait_for(work, 10)
    assert result.outcome is Outcome.CANCELLED
    assert proxied.holds("app", "1") == plan.before
    assert proxied.proxy.of_tag() == ["HEAD"]
    assert not result.tag_known and "Nothing was written to it." in result.sentence


async def test_after_a_rest_of_the_host_the_tag_is_looked_at_again(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)
    rest_after_look(proxied, 0.3)
    assert (await patient(proxied, plan).run()).ok
    assert proxied.proxy.of_tag() == ["HEAD", "HEAD", "PUT", "GET"]


@pytest.mark.parametrize("arrived", [True, False])
async def test_killed_at_the_last_write_and_back(proxied: ProxiedRig, arrived: bool) -> None:
    """A while without anybody there: at the end it is known which of the two the tag holds."""
    plan = await planned(proxied)
    raw = plan.raw or b""

    async def killed() -> Reply:
        if arrived:
            proxied.change(lambda store: store.put_manifest("app", raw, plan.media_type, ("1",)))
        await proxied.proxy.away(0.1)
        return Reply(drop=True)

    on_put(proxied, killed)
    result = await patient(proxied, plan, sleep=soon).run()
    assert result.outcome is Outcome.PUSHED, result.sentence
    assert proxied.holds("app", "1") == plan.digest == result.tag_holds
    assert proxied.proxy.of_tag().count("PUT") == (1 if arrived else 2)
    assert [event for event in proxied.events if isinstance(event, Waiting) and event.seconds > 0]


async def test_killed_before_the_last_write_reached_it(proxied: ProxiedRig) -> None:
    """The connection is refused: nothing was written, and it is written when the registry is back."""
    plan = await planned(proxied)
    proxied.proxy.asked.clear()

    async def after(asked: Asked, reply: Reply) -> Reply:
        if asked.method == "HEAD" and asked.path.endswith("/manifests/1"):
            proxied.proxy.after = None
            asyncio.get_running_loop().call_later(0.05, go)
        return reply

    proxied.proxy.after = after
    away: list[asyncio.Task[None]] = []
    reached = asyncio.Event()

    def go() -> None:
        away.append(asyncio.create_task(gone()))

    async def gone() -> None:
        await proxied.proxy.away(0.2)
        reached.set()

    real = proxied.client.put_manifest

    async def held_up(*words: Any, **more: Any) -> Any:
        await reached.wait()
        return await real(*words, **more)

    proxied.client.put_manifest = held_up  # type: ignore[method-assign]
    result = await patient(proxied, plan, sleep=soon).run()
    assert result.outcome is Outcome.PUSHED, result.sentence
    assert proxied.proxy.of_tag() == ["HEAD", "HEAD", "PUT", "GET"]


async def test_killed_before_it_could_be_read_back(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)

    async def after(asked: Asked, reply: Reply) -> Reply:
        if asked.method == "PUT":
            asyncio.get_running_loop().call_soon(lambda: tasks.append(asyncio.create_task(proxied.proxy.away(0.1))))
            await asyncio.sleep(0.05)
        return reply

    tasks: list[asyncio.Task[None]] = []
    proxied.proxy.after = after
    result = await patient(proxied, plan, sleep=soon).run()
    assert result.outcome is Outcome.PUSHED, result.sentence
    assert proxied.holds("app", "1") == plan.digest


async def test_killed_for_good_nothing_is_claimed(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)

    async def killed() -> Reply:
        await proxied.proxy.down()
        return Reply(drop=True)

    on_put(proxied, killed)
    result = await patient(proxied, plan, policy=replace(STEP_POLICY, deadline=0.6), sleep=soon).run()
    assert result.outcome is Outcome.UNVERIFIED
    assert result.undetermined and not result.tag_known
    assert "Its digest is unknown" in result.sentence


async def test_asking_what_became_of_it_can_be_given_up(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)

    async def killed() -> Reply:
        await proxied.proxy.down()
        return Reply(drop=True)

    on_put(proxied, killed)
    run = patient(proxied, plan)
    work = asyncio.create_task(run.run())
    await until(lambda: [event for event in proxied.events if isinstance(event, Waiting) and event.seconds > 0])
    assert run.cancel() is True
    result = await asyncio.wait_for(work, 10)
    assert result.outcome is Outcome.UNVERIFIED
    assert result.undetermined and not result.tag_known
    assert "Its digest is unknown" in result.sentence and "was stopped" in result.sentence
    assert last_push(proxied.journal, plan.target, plan.digest), "what was there can be put back"


@pytest.mark.parametrize("seconds", [0.0, 20.0])
async def test_stopped_while_it_is_read_back(
    proxied: ProxiedRig, seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A registry that answers gets the moment that this takes; for one that hangs nobody has to stay."""
    monkeypatch.setattr("tui.compose.tag_write.GRACE", 0.2 if seconds else 20.0)
    plan = await planned(proxied)
    run = patient(proxied, plan)

    async def before(asked: Asked) -> Reply | None:
        if asked.method == "GET" and asked.path.endswith("/manifests/1"):
            assert run.cancel() is True
            await asyncio.sleep(seconds)
        return None

    proxied.proxy.before = before
    result = await asyncio.wait_for(run.run(), 15)
    assert proxied.holds("app", "1") == plan.digest
    assert result.outcome is (Outcome.UNVERIFIED if seconds else Outcome.PUSHED)
    assert "reading it back was stopped" in result.sentence if seconds else result.ok
    assert last_push(proxied.journal, plan.target, plan.digest)


async def test_a_wish_to_stop_during_the_write_ends_the_repetitions(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)
    run = patient(proxied, plan)

    def wish() -> Reply:
        assert run.cancel() is False
        return no(429, "20")()

    on_put(proxied, wish)
    result = await asyncio.wait_for(run.run(), 15)
    assert result.outcome is Outcome.CANCELLED
    assert proxied.holds("app", "1") == plan.before
    assert proxied.proxy.of_tag() == ["HEAD", "PUT"]


async def test_a_day_is_not_waited_for(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)
    on_put(proxied, *[no(429, "86400")] * 20)
    result = await proxied.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert result.undetermined
    assert proxied.holds("app", "1") == plan.before == result.tag_holds
    assert proxied.proxy.of_tag().count("PUT") == 1
    assert not [event for event in proxied.events if isinstance(event, Waiting) and event.seconds > 0]


async def test_all_waits_of_the_last_write_are_bounded_together(proxied: ProxiedRig) -> None:
    plan = await planned(proxied)
    on_put(proxied, *[no(429, "100")] * 20)

    async def soon(_seconds: float) -> None:
        return None

    result = await patient(proxied, plan, rate_limit_deadline=250.0, sleep=soon).run()
    assert result.outcome is Outcome.FAILED
    assert proxied.holds("app", "1") == plan.before
    assert len([event for event in proxied.events if isinstance(event, Waiting) and event.seconds > 99.5]) == 2


@pytest.mark.parametrize("status", [429, 503])
async def test_a_tag_that_was_moved_is_not_deleted_either(proxied: ProxiedRig, status: int) -> None:
    await planned(proxied)
    plan = await plan_delete_tag(proxied.inspector, proxied.ref("app:1"))
    theirs: list[str] = []

    async def before(asked: Asked) -> Reply | None:
        if asked.method != "DELETE" or theirs:
            return None
        theirs.append(str(proxied.put_list("app", [make("theirs", "linux/amd64")], "1")))
        return no(status)()

    proxied.proxy.before = before
    result = await proxied.push(plan).run()
    assert result.outcome is Outcome.FAILED
    assert proxied.holds("app", "1") == theirs[0]
    assert "changed" in result.sentence


@pytest.mark.parametrize("by_tag", [True, False])
async def test_a_deletion_that_is_stopped_on_its_way_can_be_undone(proxied: ProxiedRig, by_tag: bool) -> None:
    await planned(proxied)
    held = proxied.holds("app", "1")
    if by_tag:
        plan = await plan_delete_tag(proxied.inspector, proxied.ref("app:1"))
    else:
        plan = await plan_delete_manifest(proxied.inspector, proxied.ref(f"app@{held}"))
    run = proxied.push(plan)

    async def before(asked: Asked) -> Reply | None:
        if asked.method == "DELETE":
            assert run.cancel()
        return None

    proxied.proxy.before = before
    result = await run.run()
    assert proxied.holds("app", "1") is None
    assert result.outcome is Outcome.CANCELLED and result.tag_holds is None
    assert "is gone, as planned" in result.sentence and "someone else" not in result.sentence
    assert proxied.journal.records()[0].outcome == UNKNOWN
    assert not undo_unavailable(proxied.journal, proxied.ref("app:1"), None)


async def test_a_deletion_of_which_nobody_knows_the_end_can_be_undone(proxied: ProxiedRig) -> None:
    await planned(proxied)
    plan = await plan_delete_tag(proxied.inspector, proxied.ref("app:1"))

    async def after(asked: Asked, reply: Reply) -> Reply:
        if asked.method == "DELETE":
            await proxied.proxy.down()
        return reply

    proxied.proxy.after = after
    result = await proxied.push(
        plan, retries=Retries(proxied.events.append, policy=replace(STEP_POLICY, tries=1))
    ).run()
    assert not result.ok and not result.tag_known
    assert proxied.holds("app", "1") is None
    assert "Nothing was written" not in result.sentence
    assert not undo_unavailable(proxied.journal, proxied.ref("app:1"), None)


async def test_a_deletion_that_is_stopped_before_it_began_changed_nothing(proxied: ProxiedRig) -> None:
    await planned(proxied)
    plan = await plan_delete_tag(proxied.inspector, proxied.ref("app:1"))
    run = proxied.push(plan)

    async def before(asked: Asked) -> Reply | None:
        assert asked.method != "DELETE"
        run.cancel()
        return None

    proxied.proxy.before = before
    result = await run.run()
    assert result.outcome is Outcome.CANCELLED and proxied.holds("app", "1") == plan.before
    assert proxied.journal.records()[0].outcome == NOT_WRITTEN


async def test_a_registry_that_names_tags_by_another_algorithm(proxied: ProxiedRig) -> None:
    """What a HEAD says is held against the digest of the bytes that were read."""
    await planned(proxied)

    async def after(asked: Asked, reply: Reply) -> Reply:
        tag = asked.path.rpartition("/manifests/")[2]
        if reply.status != 200 or ":" in tag or asked.method not in ("GET", "HEAD"):
            return reply
        held = proxied.holds("app", tag)
        raw = proxied.change(lambda store: store.repository("app").manifests[str(held)].raw)
        named = [(name, value) for name, value in reply.headers if name.lower() != "docker-content-digest"]
        named.append(("Docker-Content-Digest", str(Digest.of(raw, "sha512"))))
        return replace(reply, headers=named)

    proxied.proxy.after = after
    plan = await proxied.plan("app:1", "app:amd64")
    result = await proxied.push(plan).run()
    assert result.outcome is Outcome.PUSHED, result.sentence
    plan = await plan_delete_tag(proxied.inspector, proxied.ref("app:1"))
    assert (await proxied.push(plan).run()).ok
