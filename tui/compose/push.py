"""The push: runs exactly the steps of a confirmed plan. Blobs first, then child manifests, the tag last.

Nothing is asked of the user between the first write and the tag: some registries drop what is not tagged soon
(docs/protocol-notes.md, F-13). Everything before the tag may be repeated and does no harm if the push ends early.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from tui.compose.errors import ComposeError, JournalError
from tui.compose.events import (
    BytesMoved,
    Event,
    Notice,
    OnEvent,
    Outcome,
    PushResult,
    StepDone,
    StepFailed,
    StepStarted,
    Waiting,
)
from tui.compose.journal import NOT_WRITTEN, UNKNOWN, Journal
from tui.compose.plan import Action, How, Plan, Step, StepKind
from tui.compose.post_steps import PostSteps
from tui.compose.retries import Retries, can_pass
from tui.compose.tag_write import Stage, TagWrite
from tui.explore.inspector import Inspector
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.registry import errors
from tui.registry.uploads import Upload
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.presence import Observation, Presence
from tui.text import plural, safe

#: Cancelling an upload session is a courtesy: it gets this long, in seconds.
COURTESY = 5.0
#: Children that were seen longer ago than so many seconds are looked at once more just before the tag. Planning may
#: believe more (`inspector.FRESH_SECONDS`): what it overlooks is asked for here, and nothing is lost.
RECHECK_SECONDS = 5.0
#: So many tags are put in one request: as many as every registry that takes several shall take (distribution-spec).
TOGETHER = 10
_REFUSALS = (errors.Refused, errors.Denied, errors.Unsupported, errors.Policy, errors.NotFound, errors.Conflict)
_BLOBS = (StepKind.MOUNT, StepKind.COPY)
_DELETIONS = (StepKind.DELETE_TAG, StepKind.DELETE_MANIFEST)
#: How many mounts, copies and child manifests are under way at once; the client's gate bounds requests further.
_MOUNTS, _COPIES = 8, 3
Failure = errors.RegistryError | SourceError | ComposeError


class Transfer:
    """Moves objects to one repository. Sessions that a mount left open are cancelled by `tidy`."""

    def __init__(self, inspector: Inspector, target: RepositoryLocation, on_event: OnEvent) -> None:
        self._inspector = inspector
        self._client = inspector.client
        self._target = target
        self._registry = target.registry or ""
        self._tell = on_event
        self._open: list[Upload] = []

    async def mount(self, step: Step) -> str:
        """Mount a blob from another repository of the registry; copy it where the registry does not mount.

        Gives how it went. Raises RegistryError or SourceError. May be repeated.
        """
        digest, source = _digest(step), step.source
        if source is None:
            raise ComposeError(f"Step {step.number} does not say where to mount {digest.short} from.")
        upload: Upload | None = None
        try:
            upload = await self._client.mount(self._registry, self._target.repository, digest, source.repository)
            if upload is None:
                self._there(step)
                return "mounted"
            self._open.append(upload)
            self._tell(Notice("Not mounted by the registry; copying instead.", step))
        except _REFUSALS as error:
            self._tell(Notice(f"Mount refused ({error.sentence}); copying instead.", step))
        return await self._copy(step, upload, ask=not step.asked)

    async def copy(self, step: Step) -> str:
        """Copy a blob, streaming, verified on the way. Gives how it went. May be repeated."""
        return await self._copy(step, None, ask=not step.asked)

    async def again(self, step: Step) -> str:
        """The same after a failure: the answer may have been lost, so the target is asked first."""
        return await self._copy(step, None, ask=True)

    async def _copy(self, step: Step, upload: Upload | None, *, ask: bool) -> str:
        digest = _digest(step)
        descriptor = Descriptor(step.media_type, digest, step.size)
        if ask:
            observation = await self._inspector.source(self._target).probe(
                self._target.repository, descriptor, fresh=True
            )
            if observation.presence.is_there:
                if upload is not None:
                    await self._cancel(upload)
                self._inspector.note(self._target, digest, observation)
                return "already present"
        if upload is not None and upload in self._open:
            self._open.remove(upload)  # from here on the client sees to it
        await self._client.put_blob(
            self._registry,
            self._target.repository,
            digest,
            step.size,
            self._opener(step, descriptor),
            upload=upload,
            progress=lambda count: self._tell(BytesMoved(step, count, step.size)),
        )
        self._there(step)
        return "copied"

    def _opener(self, step: Step, descriptor: Descriptor) -> Callable[[], AsyncIterator[bytes]]:
        """What opens the bytes from the beginning, each time anew, so that an upload can be repeated."""
        raw, home = step.raw, step.source

        async def embedded() -> AsyncIterator[bytes]:
            yield raw or b""

        async def streamed() -> AsyncIterator[bytes]:
            if home is None:
                raise ComposeError(f"Step {step.number} does not say where to copy {descriptor.digest.short} from.")
            async with self._inspector.source(home).stream(home.repository, descriptor) as chunks:
                async for chunk in chunks:
                    yield chunk

        return embedded if raw is not None else streamed

    async def put(self, step: Step) -> str:
        """PUT a child manifest by its digest. May be repeated: the same bytes make the same object."""
        raw, selector = step.raw or b"", str(_digest(step))
        await self._client.put_manifest(self._registry, self._target.repository, selector, raw, step.media_type)
        self._there(step)
        return "put"

    def _there(self, step: Step) -> None:
        self._inspector.note(self._target, _digest(step), Observation(Presence.PRESENT, size=step.size, confirmed=True))

    async def _cancel(self, upload: Upload) -> None:
        if upload in self._open:
            self._open.remove(upload)
        with contextlib.suppress(errors.RegistryError, TimeoutError):
            async with asyncio.timeout(COURTESY):
                await self._client.cancel_upload(upload)

    async def tidy(self) -> None:
        """Cancel the sessions that are still open; failing to is no error (registries drop them in time)."""
        await asyncio.gather(*(self._cancel(upload) for upload in list(self._open)))


def _digest(step: Step) -> Digest:
    if step.digest is None:
        raise ComposeError(f"Step {step.number} names no object.")
    return step.digest


@dataclass(slots=True)
class _Further:
    """One tag more that shall hold the same."""

    plan: Plan
    write: TagWrite
    record: str = ""
    closed: bool = False
    result: PushResult | None = None

    @property
    def begun(self) -> bool:
        """Whether something may have been written to it."""
        return bool(self.record) and not self.write.certainly_not_written


def _tag_step(plan: Plan) -> Step | None:
    return next((step for step in plan.steps if step.kind is StepKind.TAG), None)


class Push:
    """One run of one plan. `run` gives the result and raises nothing but CancelledError of its own task.

    `cancel` stops it: up to the last write the tag stays as it was; a last write that is under way is finished and
    read back, and only the wait for a registry that is away then can be given up. `recheck_after` (seconds): children
    seen longer ago than this are asked for once more just before the tag. `also` are plans of nothing but a tag
    more that shall hold the same: all in one request where the registry takes that, else one after the other."""

    def __init__(
        self,
        plan: Plan,
        inspector: Inspector,
        journal: Journal,
        *,
        also: Sequence[Plan] = (),
        on_event: OnEvent | None = None,
        retries: Retries | None = None,
        recheck_after: float = RECHECK_SECONDS,
        watch_every: float = 0.25,
    ) -> None:
        self.plan = plan
        self.result: PushResult | None = None
        self._inspector = inspector
        self._journal = journal
        self._on_event = on_event or (lambda _event: None)
        self._retries = retries or Retries(self._tell)
        self._retries.on_event = self._tell
        self._recheck_after = recheck_after
        self._watch_every = watch_every
        self._target = RepositoryLocation.of(plan.target)
        self._transfer = Transfer(inspector, self._target, self._tell)
        self._tag = TagWrite(inspector, plan, self._tell, self._retries)
        self._current = self._tag
        """The write that stopping has to wait for now: that of the plan, then those of further tags."""
        self._stopping = False
        self._side = PostSteps(inspector, plan, self._tag.sent)
        self._work: asyncio.Task[PushResult] | None = None
        self._counting = self._resting = 0.0
        self._written: list[Digest] = []
        self._record = ""
        self._moved = False
        self._further = [_Further(each, TagWrite(inspector, each, self._tell, self._retries)) for each in also]

    def cancel(self) -> bool:
        """Ask it to stop. False when the last write is under way, which is finished first (or when it is over)."""
        if self._work is None or self._work.done():
            return False
        self._stopping = self._current.stopping = True
        if self._current.stage in (Stage.WRITING, Stage.SETTLED):
            self._tell(Notice("Too late to stop: finishing the last write."))
            return False
        self._work.cancel()
        return True

    async def run(self) -> PushResult:
        """Run the plan. Whatever happens, the result says which index the tag holds, as far as is known."""
        if not self.plan.ready:
            raise ComposeError("Plan blocked: " + self.plan.problems[0].message)
        self._work = asyncio.create_task(self._run())
        watch = asyncio.create_task(self._watch())
        try:
            await asyncio.wait((self._work,))
        except asyncio.CancelledError:
            self.cancel()
            await asyncio.wait((self._work,))
            self.result = await self._settled(self._work)
            raise
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        self.result = await self._settled(self._work)
        return self.result

    async def _settled(self, work: asyncio.Task[PushResult]) -> PushResult:
        result = await self._as_it_was(Outcome.CANCELLED, "Stopped.") if work.cancelled() else work.result()
        others = tuple(each.result for each in self._further if each.result is not None)
        return replace(result, written=tuple(dict.fromkeys(self._written)), record=self._record, others=others)

    async def _as_it_was(self, outcome: Outcome, sentence: str) -> PushResult:
        """The end of a push that did not reach the tag, or not its end: what the tag holds is read before it is
        said."""
        plan, name = self.plan, safe(str(self.plan.target))
        if plan.action is Action.FIX:
            put = plural(len(self._written), "object")
            return PushResult.of(plan, outcome, f"{sentence} Restored {put} before it ended; no tag was touched.", None)
        if all(step.local_list is not None for step in plan.steps):
            return replace(PushResult.of(plan, outcome, sentence, None), tag_known=False)
        now: Digest | None = None
        until = self._inspector.client.paused_until(plan.target.registry)
        known = until is None or until <= self._retries.clock()  # who stops does not stay until the host has rested
        if known:
            try:
                async with asyncio.timeout(COURTESY):
                    now = await self._tag.now()
            except (errors.RegistryError, TimeoutError):
                known = False
        if not known:
            was = f"held {plan.before}" if plan.before is not None else "did not exist"
            sentence += f" {name} was not read afterwards; it {was} when planned."
            if self._tag.certainly_not_written:
                sentence += " Nothing was written to it."
            return replace(PushResult.of(plan, outcome, sentence, None), tag_known=False)
        if now == plan.before:
            sentence += f" {name} still holds {now}." if now is not None else f" {name} still does not exist."
        elif now == plan.digest:
            sentence += f" {name} " + (f"holds {now}, as planned." if now is not None else "is gone, as planned.")
        else:
            sentence += f" {name} was changed by someone else: " + (f"it holds {now}." if now else "it is gone.")
        if self._written and not self._moved:
            sentence += f" {plural(len(self._written), 'object')} pushed before are harmless without a tag."
        return PushResult.of(plan, outcome, sentence, now)

    # the run

    async def _run(self) -> PushResult:
        try:
            return await self._steps()
        except JournalError as error:
            return await self._as_it_was(Outcome.FAILED, error.sentence)
        except (errors.RegistryError, SourceError, ComposeError) as error:
            return await self._failed(error)
        finally:
            # Cancelled or not, the sessions are closed; that is bounded, so it may hold a cancellation up.
            await asyncio.shield(self._transfer.tidy())
            if self._record and not self._moved:
                end = NOT_WRITTEN if self._tag.certainly_not_written else UNKNOWN
                await asyncio.to_thread(self._journal.finish, self._record, end)
            for each in self._further:
                await self._close_record(each)

    async def _failed(self, error: Failure) -> PushResult:
        missing = error.details if isinstance(error, errors.Refused) else ()
        sentence = error.sentence
        if missing:
            sentence += f" Missing: {', '.join(safe(each) for each in missing)}. Plan again."
        undetermined = isinstance(error, errors.RegistryError | SourceError) and (
            can_pass(error) or isinstance(error, errors.Denied)
        )
        result = await self._as_it_was(Outcome.FAILED, sentence)
        return replace(result, missing=tuple(missing), undetermined=undetermined)

    async def _steps(self) -> PushResult:
        steps = self.plan.steps
        await self._several([step for step in steps if step.kind is StepKind.MOUNT], self._transfer.mount, _MOUNTS)
        await self._several([step for step in steps if step.kind is StepKind.COPY], self._transfer.copy, _COPIES)
        children = [step for step in steps if step.kind is StepKind.MANIFEST]
        leaves = [step for step in children if not media.is_index(step.media_type)]
        await self._several(leaves, self._transfer.put, _MOUNTS)
        for step in children:
            if media.is_index(step.media_type):  # after what they name, which the plan's order sees to
                await self._one(step, self._transfer.put)
        result = await self._move_tag([step for step in steps if step.kind is StepKind.TAG])
        if not result.ok:
            return result
        for step in steps:
            if step.kind in (*_BLOBS, StepKind.MANIFEST, StepKind.TAG):
                continue
            how = await self._one(step, self._side.run)
            if step.kind in _DELETIONS:
                self._moved = True
                await asyncio.to_thread(self._journal.finish, self._record, "deleted")
                result = replace(result, outcome=Outcome.DELETED, sentence=how, tag_holds=None)
            elif self.plan.digest is None:
                result = replace(result, sentence=f"{step.title}: {how}.")
        return result

    async def _several(self, steps: Sequence[Step], action: Callable[[Step], Awaitable[str]], at_once: int) -> None:
        """Run these at most so many at a time; the first that fails for good stops the others."""
        slots = asyncio.Semaphore(at_once)

        async def one(step: Step) -> None:
            async with slots:
                await self._one(step, action)

        try:
            async with asyncio.TaskGroup() as group:
                for step in steps:
                    group.create_task(one(step))
        except* (errors.RegistryError, SourceError, ComposeError) as failures:
            raise _first(failures) from None

    async def _one(self, step: Step, action: Callable[[Step], Awaitable[str]]) -> str:
        state = self._retries.policy.start()
        how: str | None = None
        try:
            while how is None:
                self._tell(StepStarted(step))
                try:
                    how = await action(step)
                except (errors.RegistryError, SourceError) as error:
                    await self._retries.pause(state, step, error)
                    if step.kind in _BLOBS:
                        action = self._transfer.again
        except OciError as error:
            self._tell(StepFailed(step, str(error)))
            raise ComposeError(str(error)) from error
        except (errors.RegistryError, SourceError, ComposeError) as error:
            self._tell(StepFailed(step, error.sentence))
            raise
        if step.digest is not None and how not in ("already present",) and step.kind in (*_BLOBS, StepKind.MANIFEST):
            self._written.append(step.digest)
        self._tell(StepDone(step, how))
        return how

    # the tag

    async def _move_tag(self, steps: Sequence[Step]) -> PushResult:
        name = safe(str(self.plan.target))
        if not steps and self.plan.action is Action.FIX:
            put = plural(len(self._written), "object")
            outcome = Outcome.PUSHED if self._written else Outcome.UNCHANGED
            return PushResult.of(self.plan, outcome, f"Restored {put}; no tag was touched.", self.plan.before)
        if not steps:
            if self.plan.digest is not None and self.plan.steps:  # it lacked something, and may be another by now
                now = await self._retries.insist(self.plan.steps[0], self._tag.now)
                if now != self.plan.digest:
                    return self._tag.conflict(now)
            sentence = f"{name} is {self.plan.digest} already." if self.plan.digest else f"{name}: done."
            if any(step.kind in _DELETIONS for step in self.plan.steps):
                await self._begin_record()
            await self._move_all_further()
            return PushResult.of(self.plan, Outcome.UNCHANGED, sentence, self.plan.before)
        step = steps[0]
        self._tell(StepStarted(step))
        await self._recheck(step)
        await self._begin_record()
        made = await self._put_together(step) if self._further else frozenset[str]()
        try:
            result = await (self._tag.made(step) if step.selector in made else self._tag.run(step))
        except (errors.RegistryError, SourceError) as error:
            self._tell(StepFailed(step, error.sentence))
            raise
        if result.ok or result.outcome is Outcome.UNVERIFIED:
            self._moved = True
            self._tag.stage = Stage.SETTLED
            end = str(result.outcome) if result.tag_known else UNKNOWN
            await asyncio.to_thread(self._journal.finish, self._record, end)
        self._tag.stage = Stage.OPEN
        if result.ok:
            self._tell(StepDone(step, "pushed, verified"))
        else:
            self._tell(StepFailed(step, result.sentence))
        await self._move_further(made, only_begun=not result.ok)
        return result

    async def _move_all_further(self) -> None:
        """The further tags alone, where the first holds it already."""
        steps = [each.plan.steps[0] for each in self._further if each.plan.steps]
        made = await self._put_together(steps[0]) if steps else frozenset[str]()
        await self._move_further(made)

    async def _put_together(self, step: Step) -> frozenset[str]:
        """Put the tags that hold what was planned on in one request; those that the registry says it made. Whatever
        comes of it, each tag is looked at afterwards, and what was not made is put alone."""
        tag = self._tag
        every = [tag, *(each.write for each in self._further)]
        writes = {write.plan.target.tag or "latest": write for write in every if _tag_step(write.plan) is not None}
        writes = dict(list(writes.items())[:TOGETHER])
        if len(writes) < 2:
            return frozenset()
        try:
            for each in self._further:
                if each.write in writes.values():
                    await self._open_record(each)
            await self._inspector.client.ready_to_put(
                self.plan.target.registry, self._target.repository, str(self.plan.digest)
            )
            # All at once, so that as little time as can be is between the looks and the write.
            held = await self._looks(step, list(writes.values()))
            writes = {
                name: write for (name, write), now in zip(writes.items(), held, strict=True) if now == write.plan.before
            }
            if len(writes) < 2:
                return frozenset()

            def begun() -> None:
                tag.stage = Stage.WRITING  # what stopping waits for, also where it is not among them
                for write in writes.values():
                    write.begun()

            made = await self._inspector.client.put_tags(
                self.plan.target.registry,
                self._target.repository,
                _digest(step),
                tuple(writes),
                step.raw or b"",
                step.media_type,
                begun=begun,
            )
        except errors.RegistryError as error:
            self._tell(Notice(f"{error.sentence} Pushing the tags one by one.", step))
            return frozenset()
        finally:
            for write in every:
                write.stage = Stage.OPEN
        if made:
            self._tell(Notice(f"Pushed {plural(len(made), 'tag')} in one request: {', '.join(map(safe, made))}", step))
        return made

    async def _looks(self, step: Step, writes: Sequence[TagWrite]) -> list[Digest | None]:
        """What these tags hold now."""
        try:
            async with asyncio.TaskGroup() as group:
                looks = [group.create_task(self._retries.insist(step, write.now)) for write in writes]
        except* errors.RegistryError as failures:
            raise _first(failures) from None
        return [look.result() for look in looks]

    async def _move_further(self, made: frozenset[str], *, only_begun: bool = False) -> None:
        """The further tags, one after the other. After a wish to stop none is begun."""
        for each in self._further:
            if each.begun or not (only_begun or self._stopping):
                await self._move_one_further(each, made)

    async def _move_one_further(self, each: _Further, made: frozenset[str]) -> None:
        """Let one tag more hold it, and say how that went: it does not undo the others."""
        plan, name = each.plan, safe(str(each.plan.target))
        if not plan.steps:
            each.result = PushResult.of(plan, Outcome.UNCHANGED, f"{name} is {plan.digest} already.", plan.before)
            return
        step = plan.steps[0]
        self._current = each.write
        self._current.stopping = self._stopping
        self._tell(StepStarted(step))
        try:
            await self._open_record(each)
            result = await (each.write.made(step) if step.selector in made else each.write.run(step))
        except (errors.RegistryError, SourceError, ComposeError) as error:
            undetermined = not isinstance(error, ComposeError) and can_pass(error)
            failed = PushResult.of(plan, Outcome.FAILED, f"{name}: {error.sentence}", None)
            result = replace(failed, tag_known=False, undetermined=undetermined)
        each.result = result
        each.write.stage = Stage.OPEN
        self._tell(StepDone(step, "pushed, verified") if result.ok else StepFailed(step, result.sentence))
        await self._close_record(each)

    async def _open_record(self, each: _Further) -> None:
        if not each.record:
            each.record = await asyncio.to_thread(self._journal.begin, each.plan)

    async def _close_record(self, each: _Further) -> None:
        """Write down how it ended, once."""
        if not each.record or each.closed:
            return
        each.closed = True
        result = each.result
        if result is not None and (result.ok or result.outcome is Outcome.UNVERIFIED):
            end = str(result.outcome) if result.tag_known else UNKNOWN
        else:
            end = NOT_WRITTEN if each.write.certainly_not_written else UNKNOWN
        await asyncio.to_thread(self._journal.finish, each.record, end)

    async def _begin_record(self) -> None:
        """What is replaced is on disk before it is replaced."""
        if self.plan.before is not None or self.plan.digest is not None:
            self._record = await asyncio.to_thread(self._journal.begin, self.plan)

    async def _recheck(self, step: Step) -> None:
        """Children that were seen too long ago are asked for once more: a registry may take an index with holes."""
        old = [
            each
            for each in self.plan.objects
            if each.how is How.PRESENT
            and each.kind in ("manifest", "attestation", "index")
            and self._inspector.age(self._target, each.digest) > self._recheck_after
        ]
        source = self._inspector.source(self._target)
        observations = await asyncio.gather(
            *(
                source.probe(self._target.repository, Descriptor(each.media_type, each.digest, each.size), fresh=True)
                for each in old
            )
        )
        gone = [
            each
            for each, observation in zip(old, observations, strict=True)
            if observation.presence is Presence.MISSING
        ]
        if gone:
            names = tuple(str(each.digest) for each in gone)
            raise errors.Refused(
                f"{plural(len(gone), 'manifest')} below {step.digest} disappeared after planning.", details=names
            )

    # telling

    async def _watch(self) -> None:
        """The client pauses a host by itself after a 429: say so while it lasts."""
        registry = self.plan.target.registry
        announced = False
        while True:
            until = self._inspector.client.paused_until(registry)
            left = until - self._retries.clock() if until is not None else 0.0
            counted = self._counting > 0 and left <= self._counting + 1.0  # by a step, which waits for the same
            if left > 0.05 and not counted:
                announced = True
                self._tell(Waiting(None, left, f"{safe(registry)} limits the rate of requests"))
            elif announced:
                announced = False
                self._tell(Waiting(None, 0.0, ""))
            await asyncio.sleep(self._watch_every)

    def _tell(self, event: Event) -> None:
        if isinstance(event, Waiting):
            if event.step is not None:
                self._counting = event.seconds
            else:
                self._resting = event.seconds
            self._current.waiting = self._counting > 0 or self._resting > 0
        self._on_event(event)


def _first(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """The first single failure of a group."""
    for each in failures.exceptions:
        return _first(each) if isinstance(each, BaseExceptionGroup) else each
    return failures
