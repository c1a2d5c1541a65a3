"""Several tags that shall hold the same: what a wish to stop does to those that come after the first, and that nothing
is said of one tag that was read from another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.compose.fault_proxy import ProxiedRig
from tests.compose.fixtures import Rig, make
from tests.registry.server import Asked, Reply
from tui.compose.events import Outcome
from tui.compose.journal import NOT_WRITTEN
from tui.compose.plan import Plan
from tui.compose.planner import plan_tag_more
from tui.compose.push import Push
from tui.demo.quirks import Quirks


@pytest.fixture
async def proxied(rig: Rig) -> AsyncIterator[ProxiedRig]:
    made = await ProxiedRig.of(rig)
    yield made
    await made.proxy.down()


async def several(rig: ProxiedRig, *tags: str, together: bool = False) -> tuple[Plan, Push]:
    """A push of `app:1`, which holds something old, and of these tags, in one request or one by one."""
    rig.put("app", make("new", "linux/amd64"), "amd64")
    rig.put_list("app", [make("old", "linux/amd64")], "1")
    rig.change(lambda store: setattr(store.repository("app"), "quirks", Quirks(tags_in_one=9 if together else 0)))
    plan = await rig.plan("app:1", "app:amd64")
    also = [await plan_tag_more(rig.inspector, plan, plan.target.with_tag(tag)) for tag in tags]
    return plan, rig.push(plan, also=also)


def stopped_at(proxied: ProxiedRig, run: Push, when: Callable[[Asked], bool]) -> list[bool]:
    """Ask the push to stop before each request that is meant; what it said to that."""
    heard: list[bool] = []

    async def before(asked: Asked) -> Reply | None:
        if when(asked):
            heard.append(run.cancel())
        return None

    proxied.proxy.before = before
    return heard


async def test_a_wish_to_stop_while_the_first_is_read_back_leaves_the_others(proxied: ProxiedRig) -> None:
    plan, run = await several(proxied, "2", "3")
    heard = stopped_at(proxied, run, lambda asked: asked.method == "GET" and asked.path.endswith("/manifests/1"))
    result = await asyncio.wait_for(run.run(), 15)
    assert heard == [True]
    assert result.ok and proxied.holds("app", "1") == plan.digest
    assert [each.outcome for each in result.others] == [Outcome.CANCELLED] * 2
    assert result.others[0].sentence == f"Stopped. {plan.target.with_tag('2')} still does not exist."
    assert proxied.holds("app", "2") is proxied.holds("app", "3") is None
    assert [record.outcome for record in proxied.journal.records()].count(NOT_WRITTEN) == 2


async def test_a_wish_to_stop_during_the_one_request_begins_no_other(proxied: ProxiedRig) -> None:
    _, run = await several(proxied, "2", "3")
    heard = stopped_at(proxied, run, lambda asked: asked.method == "PUT" and "tag=" in asked.target)
    await asyncio.wait_for(run.run(), 15)
    assert heard == [False], "the last write is finished"
    puts = [line for line in proxied.proxy.asked if line.startswith("PUT") and "sha256:" not in line]
    assert puts == [] and proxied.holds("app", "2") is proxied.holds("app", "3") is None


async def test_the_one_request_for_further_tags_alone_is_finished(proxied: ProxiedRig) -> None:
    proxied.put("app", make("new", "linux/amd64"), "amd64")
    first = await proxied.pushed("app:1", "app:amd64")
    plan = await proxied.plan("app:1", "app:amd64")
    assert plan.digest == first.digest and not plan.steps
    also = [await plan_tag_more(proxied.inspector, plan, plan.target.with_tag(tag)) for tag in ("2", "3")]
    run = proxied.push(plan, also=also)
    heard = stopped_at(proxied, run, lambda asked: asked.method == "PUT" and "tag=" in asked.target)
    result = await asyncio.wait_for(run.run(), 15)
    assert heard == [False], "the last write is finished"
    assert [each.outcome for each in result.others] == [Outcome.PUSHED] * 2
    assert proxied.holds("app", "2") == proxied.holds("app", "3") == plan.digest


async def test_what_is_said_of_the_first_is_not_read_from_another(proxied: ProxiedRig) -> None:
    plan, run = await several(proxied, "2")
    heard = list[bool]()

    async def before(asked: Asked) -> Reply | None:
        if asked.path.endswith("/manifests/2") and asked.method == "HEAD" and proxied.holds("app", "1") == plan.digest:
            heard.append(run.cancel())
        return None

    proxied.proxy.before = before
    result = await asyncio.wait_for(run.run(), 15)
    assert heard == [True]
    assert proxied.holds("app", "1") == plan.digest and proxied.holds("app", "2") is None
    assert result.outcome is Outcome.CANCELLED
    assert result.tag_holds == plan.digest and "holds" in result.sentence and "someone else" not in result.sentence
