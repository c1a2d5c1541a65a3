"""A lesson that is under way: it takes events, ticks steps off when they are really done, and starts over."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tui.oci.digest import Digest
from tui.oci.reference import split_selector
from tui.teach.address import Address, BackendError, digest_at, state_of
from tui.teach.backend import ActResult, LessonBackend
from tui.teach.events import Event, EventKind, Fact
from tui.teach.lesson import Condition, Done, Holds, Lesson, Matcher, Show, Step

#: How many events are remembered: far more than a lesson has steps.
_MEMORY = 5_000


@dataclass(frozen=True, slots=True)
class Moment:
    """An event with its place in the order of all events since the start."""

    number: int
    event: Event


class LessonRun:
    """One lesson, one user. `backend` is the registry that it plays in.

    `feed` takes the events, in order; it is quick unless a step has to ask the registry. `current` is the index of
    the step to do next (the count of steps when all are done). `note` is a sentence about why the current step is not
    done yet, where the registry was asked and disagreed ("" otherwise).
    """

    def __init__(self, lesson: Lesson, backend: LessonBackend) -> None:
        self.lesson = lesson
        self.note = ""
        self._backend = backend
        self._moments: deque[Moment] = deque(maxlen=_MEMORY)
        self._count = 0
        self._since = 0
        self._done = 0
        self._first: dict[str, Digest | None] = {}
        self._lock = asyncio.Lock()

    @property
    def current(self) -> int:
        return self._done

    @property
    def step(self) -> Step | None:
        """The step to do next; None when the lesson is over."""
        return self.lesson.steps[self._done] if self._done < len(self.lesson.steps) else None

    @property
    def finished(self) -> bool:
        return self._done == len(self.lesson.steps)

    async def begin(self) -> tuple[str, ...]:
        """Put the registry into the lesson's first state, and forget what happened. Also "start over".

        Gives sentences about what could not be prepared (none when all is well).
        """
        async with self._lock:
            self._moments.clear()
            self._count = self._since = self._done = 0
            self.note = ""
            problems = []
            try:
                await self._backend.reset()
                for act in self.lesson.start:
                    await self._backend.act(act.do, act.arguments)
            except BackendError as error:
                problems.append(str(error))
            self._first = {}
            for reference in sorted(self._watched()):
                try:
                    _, self._first[reference], _ = await state_of(self._backend.source, *split_selector(reference))
                except BackendError as error:
                    problems.append(str(error))
            return tuple(problems)

    async def feed(self, event: Event) -> bool:
        """Take one event. True when a step was ticked off."""
        async with self._lock:
            self._count += 1
            self._moments.append(Moment(self._count, event))
            step = self.step
            if step is None or not _concerns(step.done, event):
                return False
            return await self._advance()

    def show(self) -> tuple[Show, ...]:
        """What the program should do to show the current step."""
        step = self.step
        return step.show if step is not None else ()

    async def act(self) -> ActResult | None:
        """Do the current step's act, if it has one, and take the event that says so."""
        step = self.step
        if step is None or step.act is None:
            return None
        try:
            result = await self._backend.act(step.act.do, step.act.arguments)
        except BackendError as error:
            result = ActResult("failed", (str(error),), message=str(error))
        facts: dict[str, Fact] = {"act": step.act.do, "outcome": result.outcome}
        facts |= {"status": result.status, "code": result.code, "message": result.message}
        await self.feed(Event(EventKind.ACTED, facts))
        return result

    async def _advance(self) -> bool:
        moved = False
        while (step := self.step) is not None and await self._is_done(step.done):
            self._done += 1
            self._since = self._count
            self.note = ""
            moved = True
        return moved

    async def _is_done(self, done: Done) -> bool:
        for condition in done.all_of:
            if not await self._happened(condition, done):
                return False
        if done.any_of:
            for condition in done.any_of:
                if await self._happened(condition, done):
                    break
            else:
                return False
        for holds in done.holds:
            if not await self._holds(holds):
                return False
        return True

    async def _happened(self, condition: Condition, done: Done) -> bool:
        # "I have read this" is always about the step that is on screen.
        fresh = done.fresh or condition.event in (EventKind.READ, EventKind.ACTED)
        for moment in self._moments:
            counts = moment.event.kind is condition.event and (not fresh or moment.number > self._since)
            if counts and await self._matches(condition, moment.event):
                return True
        return False

    async def _matches(self, condition: Condition, event: Event) -> bool:
        asking: list[tuple[str, Fact]] = []
        for name, matcher in condition.facts.items():
            value = event.facts.get(name)
            if value is None:
                return False
            if matcher.digest_of is not None:
                asking.append((matcher.digest_of, value))
            elif not fits(matcher, value):
                return False
        # Only what fits in every other way is worth a question to the registry.
        for address, value in asking:
            try:
                wanted = await digest_at(self._backend.source, Address.parse(address))
            except BackendError as error:
                self.note = str(error)
                return False
            if str(wanted) not in str(value):
                return False
        return True

    async def _holds(self, holds: Holds) -> bool:
        try:
            kind, digest, complete = await state_of(self._backend.source, *split_selector(holds.reference))
        except BackendError as error:
            self.note = f"No usable answer from the registry: {error}"
            return False
        match holds.state:
            case "complete":
                true, why = complete, "is not complete"
            case "moved":
                true, why = digest != self._first.get(holds.reference), "points to the same digest as before"
            case state:
                true, why = kind == state, f"is not {state} but {kind}"
        self.note = "" if true else f"{holds.reference} {why}."
        return true

    def _watched(self) -> set[str]:
        return {holds.reference for step in self.lesson.steps for holds in step.done.holds if holds.state == "moved"}


def fits(matcher: Matcher, value: Fact) -> bool:
    """Whether a fact is what a matcher wants; `digest_of` is not decided here, because it asks the registry."""
    if matcher.equal is not None:
        return value == matcher.equal and isinstance(value, bool) == isinstance(matcher.equal, bool)
    if matcher.one_of:
        return value in matcher.one_of
    if matcher.like is not None:
        return fnmatchcase(str(value), matcher.like)
    if matcher.at_least is not None:
        return isinstance(value, int) and value >= matcher.at_least
    if matcher.at_most is not None:
        return isinstance(value, int) and value <= matcher.at_most
    return value != matcher.other_than


def _concerns(done: Done, event: Event) -> bool:
    """Whether an event can change anything for a step: the registry is not asked for every key that is pressed."""
    return any(condition.event is event.kind for condition in done.conditions)
