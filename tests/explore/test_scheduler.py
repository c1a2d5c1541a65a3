"""Work in order: bounded, most urgent first, each once, dropped when nobody wants it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from tui.explore.scheduler import CALM, HELD, ROUND, Scheduler, Urgency


class Work:
    """Jobs that note their order and wait until they may go on."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.gate = asyncio.Event()

    def job(self, name: str) -> Callable[[], Awaitable[str]]:
        async def run() -> str:
            self.began.append(name)
            await self.gate.wait()
            return name.upper()

        return run


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_than_the_slots_run_and_all_end() -> None:
    work, scheduler = Work(), Scheduler(2)
    jobs = [scheduler.submit(n, "me", Urgency.OPENED, work.job(n)) for n in "abcde"]
    await settle()
    assert work.began == ["a", "b"]
    assert scheduler.running == 2
    assert scheduler.waiting == 3
    work.gate.set()
    for job in jobs:
        await asyncio.wait_for(job.wait(), 10)
    assert [job.result for job in jobs] == list("ABCDE")


async def test_the_most_urgent_goes_first_then_in_order() -> None:
    work, scheduler = Work(), Scheduler(1)
    for name, urgency in (("x", 2), ("deep1", 2), ("open1", 1), ("deep2", 2), ("open2", 1), ("focus", 0)):
        scheduler.submit(name, "me", Urgency(urgency), work.job(name))
    work.gate.set()
    await settle()
    await asyncio.sleep(0.01)
    assert work.began == ["x", "focus", "open1", "open2", "deep1", "deep2"]


async def test_focus_moves_what_waits_to_the_front_and_back() -> None:
    work, scheduler = Work(), Scheduler(1)
    for name in ("run", "a", "b", "c"):
        scheduler.submit(name, "me", Urgency.DEEP, work.job(name))
    scheduler.focus(["c", "not-there-yet"])
    scheduler.submit("not-there-yet", "me", Urgency.DEEP, work.job("not-there-yet"))
    scheduler.focus(["not-there-yet", "b"])
    work.gate.set()
    await asyncio.sleep(0.01)
    assert work.began[0] == "run"
    assert set(work.began[1:3]) == {"not-there-yet", "b"}
    assert work.began[3:] == ["a", "c"]


async def test_the_same_key_is_one_job_with_two_owners() -> None:
    work, scheduler = Work(), Scheduler(4)
    first = scheduler.submit("k", "one", Urgency.DEEP, work.job("k"))
    second = scheduler.submit("k", "two", Urgency.OPENED, work.job("k"))
    assert first is second
    await settle()
    states = [first.dropped]
    for owner in ("one", "two"):
        scheduler.withdraw(owner)
        states.append(first.dropped)
    assert states == [False, False, True]
    await settle()
    assert work.began == ["k"]
    assert scheduler.running == 0


async def test_what_waits_is_dropped_without_ever_running() -> None:
    work, scheduler = Work(), Scheduler(1)
    dropped: list[str] = []
    scheduler.submit("a", "stays", Urgency.DEEP, work.job("a"))
    job = scheduler.submit("b", "goes", Urgency.DEEP, work.job("b"), on_drop=lambda: dropped.append("b"))
    over: list[bool] = []
    job.when_over(lambda done: over.append(done.dropped))
    scheduler.withdraw("goes")
    assert dropped == ["b"]
    assert over == [True]
    work.gate.set()
    await asyncio.sleep(0.01)
    assert work.began == ["a"]


async def test_a_waiter_that_is_cancelled_cancels_nothing() -> None:
    work, scheduler = Work(), Scheduler(1)
    job = scheduler.submit("a", "me", Urgency.DEEP, work.job("a"))
    waiter = asyncio.create_task(job.wait())
    await settle()
    waiter.cancel()
    await settle()
    work.gate.set()
    await asyncio.wait_for(job.wait(), 10)
    assert job.result == "A"


async def test_closing_ends_everything() -> None:
    work, scheduler = Work(), Scheduler(1)
    jobs = [scheduler.submit(n, "me", Urgency.DEEP, work.job(n)) for n in "ab"]
    await settle()
    await scheduler.aclose()
    assert all(job.dropped for job in jobs)
    assert work.began == ["a"]


def test_it_needs_a_slot() -> None:
    with pytest.raises(ValueError, match="at least one slot"):
        Scheduler(0)


async def test_it_gives_way_for_a_while_and_then_goes_on_by_itself() -> None:
    work, scheduler = Work(), Scheduler(8)
    scheduler.give_way(0.05)
    jobs = [scheduler.submit(n, "me", Urgency.OPENED, work.job(n)) for n in "abcdef"]
    await settle()
    assert scheduler.running == 2
    scheduler.give_way(0.1)
    await asyncio.sleep(0.06)
    assert scheduler.running == 2, "asked again meanwhile"
    for _ in range(500):
        if scheduler.running == 6:
            break
        await asyncio.sleep(0.01)
    assert scheduler.running == 6
    work.gate.set()
    await asyncio.gather(*(job.wait() for job in jobs))


async def test_a_key_holds_checks_and_not_what_somebody_looks_at() -> None:
    work, scheduler = Work(), Scheduler(64)
    scheduler.give_way(60)
    for name in "abcdefgh":
        scheduler.submit(name, "me", Urgency.DEEP, work.job(name))
    scheduler.submit("z", "me", Urgency.OPENED, work.job("z"))
    await settle()
    assert work.began == ["z"]
    scheduler.give_way(60)  # a second key: checks are held again, and not for as long as few of them run
    for _ in range(500):
        if scheduler.running == CALM:
            break
        await asyncio.sleep(0.01)
    await settle()
    assert scheduler.running == CALM and work.began == ["z", "a", "b", "c"]
    await scheduler.aclose()


async def test_giving_way_leaves_nothing_behind_at_the_end() -> None:
    scheduler = Scheduler(1)
    scheduler.give_way(60)
    await scheduler.aclose()
    scheduler.give_way(60)
    assert scheduler._calm is None or scheduler._calm.cancelled()


async def test_a_place_that_stands_still_holds_back_no_other() -> None:
    work, quick, scheduler = Work(), Work(), Scheduler(2)
    for name in "abcdef":
        scheduler.submit(name, "me", Urgency.FOCUS, work.job(name), place="paused")
    quick.gate.set()
    jobs = [scheduler.submit(n, "me", Urgency.DEEP, quick.job(n), place="other") for n in "uvwxyz"]
    await asyncio.wait_for(asyncio.gather(*(job.wait() for job in jobs)), 10)
    assert sorted(quick.began) == list("uvwxyz") and work.began == ["a", "b"]
    await scheduler.aclose()


async def test_the_slots_of_a_place_may_grow_and_shrink() -> None:
    now = {"host": 1}
    work, scheduler = Work(), Scheduler(now.__getitem__)
    jobs = [scheduler.submit(n, "me", Urgency.DEEP, work.job(n), place="host") for n in "abcdef"]
    await settle()
    assert work.began == ["a"]
    now["host"] = 4
    scheduler.withdraw("nobody")
    await settle()
    assert work.began == list("abcd")
    now["host"] = 1
    work.gate.set()
    await asyncio.wait_for(asyncio.gather(*(job.wait() for job in jobs)), 10)


async def test_there_is_room_when_a_slot_is_free_that_nobody_waits_for() -> None:
    work, scheduler = Work(), Scheduler(2)
    await asyncio.wait_for(scheduler.room("here"), 10)
    jobs = [scheduler.submit(n, "me", Urgency.DEEP, work.job(n), place="here") for n in "abc"]
    gone, hoping = (asyncio.create_task(scheduler.room("here")) for _ in range(2))
    await settle()
    gone.cancel()
    await asyncio.wait_for(scheduler.room("there"), 10)
    assert not hoping.done()
    work.gate.set()
    await asyncio.wait_for(hoping, 10)
    await asyncio.gather(*(job.wait() for job in jobs))


async def test_who_finds_room_and_asks_for_nothing_lets_the_next_in() -> None:
    work, scheduler = Work(), Scheduler(1)
    job = scheduler.submit("a", "me", Urgency.DEEP, work.job("a"), place="here")
    hoping = [asyncio.create_task(scheduler.room("here")) for _ in range(3)]
    await settle()
    work.gate.set()
    await job.wait()
    await asyncio.wait_for(asyncio.gather(*hoping), 10)


async def test_a_place_needs_no_more_tasks_than_slots() -> None:
    work, scheduler, tasks = Work(), Scheduler(2), set[object]()

    def job(name: str) -> Callable[[], Awaitable[str]]:
        async def run() -> str:
            tasks.add(asyncio.current_task())
            return await work.job(name)()

        return run

    jobs = [scheduler.submit(n, "me", Urgency.DEEP, job(n)) for n in "abcdefgh"]
    await settle()
    work.gate.set()
    await asyncio.gather(*(each.wait() for each in jobs))
    await settle()
    assert len(tasks) == 2 and scheduler.running == 0


async def test_work_that_waits_for_nothing_lets_others_have_their_turn() -> None:
    scheduler, order = Scheduler(1), list[str]()

    async def busy() -> None:
        order.append("job")
        time.sleep(2 * ROUND)  # noqa: ASYNC251 -- it waits for nothing

    for number in range(3):
        scheduler.submit(number, "me", Urgency.DEEP, busy)
    for _ in range(3):
        await asyncio.sleep(0)
        order.append("other")
    await settle()
    assert order == ["job", "other"] * 3


async def test_what_is_dropped_while_it_waits_for_its_round_takes_no_slot_along() -> None:
    work, scheduler = Work(), Scheduler(2)

    async def busy() -> None:
        await work.gate.wait()
        time.sleep(2 * ROUND)  # noqa: ASYNC251 -- both answers came together, and dealing with the first took long

    first, second = (scheduler.submit(name, name, Urgency.DEEP, busy) for name in "ab")
    third, fourth = (scheduler.submit(name, "me", Urgency.DEEP, work.job(name)) for name in "cd")
    await settle()
    work.gate.set()
    await asyncio.sleep(0)
    assert not scheduler.has("a") and scheduler.has("b"), "the second waits for its round"
    scheduler.withdraw("b")
    assert second.dropped and not first.dropped
    await asyncio.wait_for(asyncio.gather(third.wait(), fourth.wait()), 10)
    await settle()
    assert (scheduler.running, scheduler.waiting) == (0, 0)


async def test_the_slot_of_what_was_dropped_is_free_at_once() -> None:
    scheduler, slow, work = Scheduler(1), Work(), Work()
    work.gate.set()
    scheduler.submit("slow", "goes", Urgency.DEEP, slow.job("slow"))
    after = scheduler.submit("after", "stays", Urgency.DEEP, work.job("after"))
    await settle()
    assert slow.began == ["slow"] and work.began == []
    scheduler.withdraw("goes")
    await asyncio.wait_for(after.wait(), 10)
    await settle()
    assert after.result == "AFTER" and scheduler.running == 0


async def test_a_worker_that_is_cancelled_from_outside_drops_its_job_and_others_go_on() -> None:
    work, scheduler = Work(), Scheduler(1)
    jobs = [scheduler.submit(n, "me", Urgency.DEEP, work.job(n)) for n in "ab"]
    await settle()
    for task in asyncio.all_tasks() - {asyncio.current_task()}:
        task.cancel()
    await settle()
    assert jobs[0].dropped
    work.gate.set()
    await asyncio.wait_for(jobs[1].wait(), 5)
    await settle()
    assert jobs[1].result == "B" and scheduler.running == 0


async def test_what_raises_when_it_is_told_of_the_end_costs_no_slot() -> None:
    work, scheduler, told = Work(), Scheduler(1), list[dict[str, object]]()
    asyncio.get_running_loop().set_exception_handler(lambda _, about: told.append(about))
    first, second = (scheduler.submit(n, "me", Urgency.DEEP, work.job(n)) for n in "ab")
    first.when_over(lambda _: [][0])
    work.gate.set()
    await asyncio.wait_for(second.wait(), 10)
    assert isinstance(told[0]["exception"], IndexError)


async def test_a_long_walk_goes_on_when_the_key_that_came_is_answered() -> None:
    scheduler, done = Scheduler(2), []
    scheduler.go_on(lambda: done.append("before"))
    await settle()
    assert done == ["before"], "no key came"
    scheduler.give_way(60)
    scheduler.go_on(lambda: done.append("after"))
    await settle()
    assert done == ["before"]
    await asyncio.sleep(2 * HELD)
    assert done == ["before", "after"], "and not as late as few jobs run"
    await scheduler.aclose()
