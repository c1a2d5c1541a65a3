"""Work in order of what the reader wants: a bounded number at once, most urgent first, each piece of work once.

Each place (a registry, a folder) has a line of its own, so that one which is slow or paused holds back no other.

A piece of work has owners (a row that was opened, a running check). When the last owner lets go, work that waits is
dropped and work that runs is cancelled; the registry's gate below sees to it that a begun exchange does no harm.

A place has a few workers, each a task that does one piece of work after the other: a task for each of thousands costs
more than many of them do.
"""

from __future__ import annotations

import asyncio
import functools
import heapq
import itertools
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

_log = logging.getLogger(__name__)


#: Seconds for which a key holds checks, and how many jobs of a place run at most while keys come.
HELD, CALM = 0.03, 4
#: Who was told of a free slot has so many seconds to ask for something; then the next is told.
SHY = 0.01
#: Jobs are dealt with for so many seconds in a round of the loop; then keys, and what those jobs lead to, have their
#: turn. Were all answers that come together dealt with first, the next questions would be asked that much later.
ROUND = 0.001


class Urgency(IntEnum):
    """Smaller goes first."""

    FOCUS = 0
    OPENED = 1
    DEEP = 2
    """What a check reads, for it leads to more."""
    LAST = 3
    """What it asks for that leads to nothing more."""


@dataclass(eq=False, slots=True)
class Job:
    """One piece of work."""

    key: Hashable
    run: Callable[[], Awaitable[object]]
    """Reports its own failures in its result, and raises nothing."""
    base: Urgency
    """As urgent as its owners want it; `urgency` is more while it is in focus."""
    urgency: Urgency
    line: Line
    on_drop: Callable[[], None] | None = None
    owners: set[Hashable] = field(default_factory=set)
    callbacks: list[Callable[[Job], None]] = field(default_factory=list)
    begun: bool = False
    """Whether a worker has it."""
    task: asyncio.Task[None] | None = None
    """The worker, while it runs."""
    dropped: bool = False
    """Whether it never ended, because nobody wanted it any more."""
    result: object = None
    """What `run` returned."""
    _done: asyncio.Event | None = None

    async def wait(self) -> None:
        """Until it is over, however it ended."""
        if self._done is None:
            self._done = asyncio.Event()
        await self._done.wait()

    def when_over(self, callback: Callable[[Job], None]) -> None:
        """Call back once, on the event loop, when the work has ended or was dropped."""
        self.callbacks.append(callback)

    def _over(self) -> None:
        if self._done is None:
            self._done = asyncio.Event()
        self._done.set()
        callbacks, self.callbacks = self.callbacks, []
        for callback in callbacks:
            callback(self)


@dataclass(eq=False, slots=True)
class Line:
    """The jobs of one place."""

    slots: Callable[[], int]
    running: int = 0
    """How many slots are taken."""
    heap: list[tuple[int, int, Job]] = field(default_factory=list)
    hoping: deque[asyncio.Future[None]] = field(default_factory=deque)
    """Who waits for a slot that no job waits for."""


@dataclass(eq=False, slots=True)
class _Worker:
    """A task that does jobs, and the one that it has now."""

    job: Job | None


class Scheduler:
    """At most `slots` jobs of each place run at once, the most urgent first, in the order they came. `slots` may be
    another number each time it is asked for; it is asked for whenever a job of that place ends or comes."""

    def __init__(self, slots: int | Callable[[Any], int]) -> None:
        if isinstance(slots, int) and slots < 1:
            raise ValueError(f"a scheduler needs at least one slot, not {slots}")
        self._slots = slots
        self._lines: dict[object, Line] = {}
        self._jobs: dict[Hashable, Job] = {}
        self._by_owner: dict[Hashable, set[Job]] = {}
        self._order = itertools.count()
        self._focus: set[Hashable] = set()
        self._closed = False
        self._workers: set[asyncio.Task[None]] = set()
        self._calm_until = self._held_until = 0.0
        self._calm: asyncio.TimerHandle | None = None
        self._round: float | None = None
        """When the first job of this round of the loop was dealt with."""

    def give_way(self, seconds: float) -> None:
        """Use only few of the slots for so long, and begin no check of what nobody looks at for `HELD` seconds. Every
        answer that is dealt with between a key and what it draws delays the drawing, so whoever draws asks for this
        while keys come."""
        loop = asyncio.get_running_loop()
        self._held_until = loop.time() + HELD
        self._calm_until = loop.time() + seconds
        if self._calm is not None:
            self._calm.cancel()
        if not self._closed:
            self._calm = loop.call_at(min(self._held_until, self._calm_until), self._calmed, loop)

    def go_on(self, work: Callable[[], None]) -> None:
        """Do the next piece of something long: soon, or after the time for which a key holds checks."""
        loop = asyncio.get_running_loop()
        if loop.time() < self._held_until:
            loop.call_at(self._held_until, work)
        else:
            loop.call_soon(work)

    def _calmed(self, loop: asyncio.AbstractEventLoop) -> None:
        self._calm = None
        if loop.time() < self._calm_until:
            self._calm = loop.call_at(self._calm_until, self._calmed, loop)
        self._start_all()

    def submit(
        self,
        key: Hashable,
        owner: Hashable,
        urgency: Urgency,
        run: Callable[[], Awaitable[object]],
        *,
        place: object = None,
        on_drop: Callable[[], None] | None = None,
    ) -> Job:
        """Ask for work in a place. The same key, while it waits or runs, is the same job: it gains an owner, perhaps
        urgency."""
        job = self._jobs.get(key)
        if job is None:
            job = Job(key, run, urgency, urgency, self._line(place), on_drop)
            self._jobs[key] = job
            if key in self._focus:
                job.urgency = Urgency.FOCUS
            self._push(job)
        elif urgency < job.base:
            job.base = urgency
            if urgency < job.urgency:
                job.urgency = urgency
                self._push(job)
        job.owners.add(owner)
        self._by_owner.setdefault(owner, set()).add(job)
        self._start(job.line)
        return job

    def withdraw(self, owner: Hashable) -> None:
        """The owner wants nothing any more."""
        for job in self._by_owner.pop(owner, set()):
            job.owners.discard(owner)
            if not job.owners:
                self._drop(job)
        self._start_all()

    def focus(self, keys: Iterable[Hashable]) -> None:
        """These go first from now on (what is on the screen); what had been in focus goes back to its own urgency."""
        fresh = set(keys)
        for key in self._focus - fresh:
            if (job := self._jobs.get(key)) is not None and not job.begun:
                job.urgency = job.base
                self._push(job)
        for key in fresh - self._focus:
            if (job := self._jobs.get(key)) is not None and not job.begun:
                job.urgency = Urgency.FOCUS
                self._push(job)
        self._focus = fresh

    async def room(self, place: object) -> None:
        """Until there is a slot in this place that no job waits for: for beginning with more only when all that was
        begun is under way."""
        line = self._line(place)
        if line.heap or line.running >= self._slots_of(line):
            hope: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            line.hoping.append(hope)
            try:
                await hope
            except asyncio.CancelledError:
                self._start(line)  # should it have been woken already, somebody else is
                raise

    def has(self, key: Hashable) -> bool:
        """Whether this work waits or runs."""
        return key in self._jobs

    @property
    def running(self) -> int:
        """How many jobs run, in all places."""
        return sum(line.running for line in self._lines.values())

    @property
    def waiting(self) -> int:
        """How many jobs wait for a slot."""
        return sum(not job.begun for job in self._jobs.values())

    async def aclose(self) -> None:
        """Drop everything and wait until what ran has ended."""
        self._closed = True
        if self._calm is not None:
            self._calm.cancel()
        for job in list(self._jobs.values()):
            self._drop(job)
        workers = list(self._workers)
        for worker in workers:
            worker.cancel()  # nothing that is asked is waited for any more
        await asyncio.gather(*workers, return_exceptions=True)

    def _push(self, job: Job) -> None:
        if not job.begun:
            heapq.heappush(job.line.heap, (int(job.urgency), next(self._order), job))

    def _line(self, place: object) -> Line:
        line = self._lines.get(place)
        if line is None:
            slots = self._slots
            line = Line((lambda: slots) if isinstance(slots, int) else functools.partial(slots, place))
            self._lines[place] = line
        return line

    def _start_all(self) -> None:
        for line in list(self._lines.values()):
            self._start(line)

    def _start(self, line: Line) -> None:
        """Have a worker more for each slot that is free and can be used."""
        if self._closed or not (line.heap or line.hoping):
            return
        slots = self._slots_of(line)
        while line.running < slots and (job := self._next(line)) is not None:
            line.running += 1
            worker = _Worker(job)
            task = asyncio.create_task(self._work(line, worker))
            self._workers.add(task)
            # Not a `finally` in the task: a task that is cancelled before its first step never gets into its `try`.
            task.add_done_callback(functools.partial(self._stopped, line, worker))
        if line.running < slots and not line.heap:
            while line.hoping and (hope := line.hoping.popleft()):
                if not hope.done():
                    hope.set_result(None)
                    asyncio.get_running_loop().call_later(SHY, self._start, line)
                    break

    def _next(self, line: Line) -> Job | None:
        """The most urgent job that waits; None: there is none, or it is held."""
        heap = line.heap
        held = self._calm is not None and asyncio.get_running_loop().time() < self._held_until
        while heap and not (held and heap[0][0] >= Urgency.DEEP):
            urgency, _, job = heapq.heappop(heap)
            if not (job.dropped or job.begun or urgency != job.urgency):  # else of before its urgency changed
                job.begun = True
                return job
        return None

    async def _work(self, line: Line, worker: _Worker) -> None:
        """One job after the other, as long as there is a slot for them."""
        if worker.job is not None and worker.job.dropped:
            return
        while (job := worker.job) is not None:
            job.task = asyncio.current_task()
            self._busy_for()
            try:
                job.result = await job.run()
            except Exception:
                _log.exception("the job %s raised, which it must not", job.key)
            while self._busy_for() > ROUND:  # noqa: ASYNC110 -- for rounds of the loop there is no event
                await asyncio.sleep(0)
            job.task = None
            if job.dropped:
                return  # its slot is somebody else's by now
            worker.job = None
            self._forget(job)
            try:
                job._over()
            except Exception as error:
                about = {"message": f"what waits for the job {job.key} raised", "exception": error}
                asyncio.get_running_loop().call_exception_handler(about)
            slots = self._slots_of(line)
            if not self._closed and line.running <= slots:
                worker.job = self._next(line)
            if worker.job is None:
                line.running -= 1
            if line.running < slots:
                self._start(line)

    def _busy_for(self) -> float:
        """For how many seconds jobs have been dealt with in this round of the loop."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._round is None:
            self._round = now
            loop.call_soon(self._next_round)
        return now - self._round

    def _next_round(self) -> None:
        self._round = None

    def _stopped(self, line: Line, worker: _Worker, task: asyncio.Task[None]) -> None:
        self._workers.discard(task)
        if not task.cancelled() or (worker.job is not None and worker.job.dropped):
            return
        # Cancelled from outside: the loop is being shut down, where no new task may begin. Should it be otherwise,
        # the work goes on in a moment.
        if worker.job is not None:
            self._drop(worker.job)
        else:
            line.running -= 1
        task.get_loop().call_later(0.2, self._start_all)

    def _slots_of(self, line: Line) -> int:
        slots = line.slots()
        return slots if self._calm is None else min(-(-slots // 4), CALM)

    def _drop(self, job: Job) -> None:
        if job.dropped:
            return
        job.dropped = True
        self._forget(job)
        if job.begun:
            job.line.running -= 1
        if job.task is not None:
            job.task.cancel()
        if job.on_drop is not None:
            job.on_drop()
        job._over()

    def _forget(self, job: Job) -> None:
        self._jobs.pop(job.key, None)
        for owner in job.owners:
            owned = self._by_owner.get(owner)
            if owned is not None:
                owned.discard(job)
                if not owned:
                    del self._by_owner[owner]
