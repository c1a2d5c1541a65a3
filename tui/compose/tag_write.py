"""The last write of a push: the tag. Guarded before, resolved if the answer is lost, read back and hashed after.

Nothing here writes twice: who wants to try again looks at the tag first, for it may be somebody else's by then. There
is no compare-and-swap in the protocol (distribution-spec #251): between the look and the write somebody can still slip
in. Reading back afterwards tells if that happened.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum, auto

from tui.compose.events import Notice, OnEvent, Outcome, PushResult
from tui.compose.plan import Plan, Step
from tui.compose.retries import Retries, can_pass
from tui.explore.inspector import Inspector
from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest
from tui.registry import errors
from tui.text import safe

#: A registry with replicas may show the old tag for a moment: it is read again after these pauses, in seconds.
LAG = (0.5, 1.0, 2.0)
#: Seconds that a question after the write still gets when somebody asked to stop and the registry is not away.
GRACE = 2.0


class Stage(Enum):
    """How far the last write is, which decides what a wish to stop can do.

    `OPEN`: nothing is under way, and nothing was written. `WRITING`: the exchange has begun and is finished.
    `ASKING`: what became of it is being asked, which can be given up. `SETTLED`: the result is known.
    """

    OPEN = auto()
    WRITING = auto()
    ASKING = auto()
    SETTLED = auto()


class Retry(Exception):
    """The write did not happen, and waiting may fix what stopped it: look at the tag again, then try again."""

    def __init__(self, cause: errors.RegistryError) -> None:
        super().__init__(cause.sentence)
        self.cause = cause


@dataclass(slots=True)
class TagWrite:
    """Moves one tag, guarded."""

    inspector: Inspector
    plan: Plan
    on_event: OnEvent
    retries: Retries
    stage: Stage = Stage.OPEN
    stopping: bool = False
    """Set from outside: somebody asked to stop."""
    waiting: bool = False
    """Set from outside: a countdown is running."""
    _sent: bool = False
    """Whether a write was sent, ever."""
    _unread: bool = False
    """Whether nobody has read the tag since the last write was sent."""
    _seen: Digest | None = None
    """What the tag held when it was read last."""

    @property
    def certainly_not_written(self) -> bool:
        """Whether the tag was read after the last write was sent, and held what it held before; or none was sent."""
        return not self._sent or (not self._unread and self._seen == self.plan.before)

    async def run(self, step: Step) -> PushResult:
        """Look at the tag, write it, read it back; again, with another look, when the write did not happen. Raises
        RegistryError when it did not and waiting is no use, or took too long: the tag was read after it then."""
        state = self.retries.policy.start()
        tried = self._sent  # with other tags, in one request that does not count as made
        while True:
            holds = await self.retries.insist(step, self._look)
            if holds == self.plan.digest:
                if tried:  # it happened after all
                    return await self._settle(step)
                sentence = f"{safe(str(self.plan.target))} is {holds} already."
                return PushResult.of(self.plan, Outcome.PUSHED, sentence, holds)
            if holds != self.plan.before:
                return self.conflict(holds, tried=tried)
            if self.stopping:  # before it was its turn: one request with other tags did not make it
                held = f"still holds {holds}" if holds is not None else "still does not exist"
                sentence = f"Stopped. {safe(str(self.plan.target))} {held}."
                return PushResult.of(self.plan, Outcome.CANCELLED, sentence, holds)
            tried = True
            try:
                try:
                    return await self._put(step)
                except Retry as retry:
                    cause = retry.cause
                if self.stopping:
                    raise asyncio.CancelledError
                await self.retries.pause(state, step, cause)
            except errors.RegistryError as error:
                if self.certainly_not_written:
                    raise
                return await self._after_refusal(step, error)

    async def _after_refusal(self, step: Step, error: errors.RegistryError) -> PushResult:
        """A refusal proves nothing: a proxy may have given it after the work was done. Raises `error` again when the
        tag was read since and holds what it held before."""
        try:
            return await self._settle(step, error)
        except Retry:
            raise error from None

    async def _look(self) -> Digest | None:
        """What the tag holds just before the write: the login is got first, so that nothing comes between the two."""
        target = self.plan.target
        await self.inspector.client.ready_to_put(target.registry, target.repository, target.tag or "latest")
        return await self.now()

    async def now(self) -> Digest | None:
        """What the tag holds at this moment; None when there is no such tag. Raises RegistryError.

        Where there was no tag and the registry says so again, that is believed without a second question.
        """
        target, confirm = self.plan.target, self.plan.before is not None
        head: Digest | None = None
        with contextlib.suppress(errors.NotFound):
            found = await self.inspector.client.head_manifest(
                target.registry, target.repository, target.selector, confirm=confirm
            )
            head = found.digest
        self._seen, self._unread = head, False
        return head

    def conflict(self, theirs: Digest | None, *, tried: bool = False, lost: bool = False) -> PushResult:
        """Somebody moved the tag since the plan was made. Nothing is put there (again, if it was `tried`; where its
        answer was `lost`, ours may have been there in between)."""
        start = "The last write failed and is not repeated" if tried else "Stopped before the last write"
        if lost:
            start = "Result of the last write unknown; not repeated"
        name, before = safe(str(self.plan.target)), self.plan.before
        was = f"It was {before.short} when planned" if before else "It did not exist when planned"
        now = f"is {theirs.short} now" if theirs is not None else "is gone now"
        sentence = f"{start}: {name} was changed by someone else. {was} and {now}; left unchanged. Plan again."
        return replace(PushResult.of(self.plan, Outcome.CONFLICT, sentence, theirs), theirs=theirs)

    async def _put(self, step: Step) -> PushResult:
        """PUT the tag, once, and read it back. Raises Retry when it certainly did not happen and may be tried again,
        and RegistryError when it certainly did not and cannot be fixed by waiting."""
        target, raw = self.plan.target, step.raw or b""
        lost: errors.RegistryError | None = None
        try:
            await self.inspector.client.put_manifest(
                target.registry, target.repository, step.selector, raw, step.media_type, begun=self.begun
            )
        except (errors.Corrupt, errors.TooLarge) as error:
            if error.status is None or error.status >= 300:
                self.stage = Stage.OPEN
                raise
            # It took the bytes and says that it made others of them, or too much: what the tag holds now decides.
            self.on_event(Notice(error.sentence, step))
        except errors.RegistryError as error:
            if isinstance(error, errors.UnknownOutcome) or (_failed_there(error) and self.stage is Stage.WRITING):
                lost = error
            else:
                self.stage = Stage.OPEN
                if can_pass(error):
                    raise Retry(error) from error
                raise
        return await self._settle(step, lost)

    async def made(self, step: Step) -> PushResult:
        """The end when the write was done in one request with other tags, and the answer named this one: it is read
        back as any other."""
        try:
            return await self._settle(step)
        except Retry as retry:  # pragma: no cover - only a lost answer makes one
            raise retry.cause from None

    def begun(self) -> None:
        """A write is under way."""
        self.stage = Stage.WRITING
        self.sent()

    def sent(self) -> None:
        """Until somebody reads the tag it is not known what it holds."""
        self._sent = self._unread = True

    async def _settle(self, step: Step, lost: errors.RegistryError | None = None) -> PushResult:
        """Ask what became of the write, however long the registry is away; whoever stops that gets what is known.

        Raises Retry when the answer was `lost` and the tag holds what it held before.
        """
        self.stage = Stage.ASKING
        asking = asyncio.ensure_future(self._verify(step) if lost is None else self._find_out(step, lost))
        patient = not self.stopping
        while not asking.done():
            try:
                await asyncio.wait((asking,), timeout=None if patient else GRACE)
                if not patient:
                    break
            except asyncio.CancelledError:
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()  # it is heard: the result is still to be told
                if not patient or self.waiting:
                    break
                patient = False
        self.stage = Stage.SETTLED
        if not asking.done():
            asking.cancel()
            await asyncio.wait((asking,))
        if asking.cancelled():
            return self._unknown(lost, "")
        try:
            return asking.result()
        except Retry:
            self.stage = Stage.OPEN
            raise

    async def _find_out(self, step: Step, lost: errors.RegistryError) -> PushResult:
        """After a lost answer: ours, it happened; as before, Retry; anything else, a conflict, or nobody can say."""
        self.on_event(Notice(f"{_how(lost)}; reading the tag.", step))
        try:
            holds = await self.retries.insist(step, self.now)
        except errors.RegistryError as error:
            return self._unknown(lost, error.sentence)
        if holds == self.plan.before:
            raise Retry(lost)
        if holds != self.plan.digest:
            return self.conflict(holds, lost=True)
        return await self._verify(step)

    def _unknown(self, lost: errors.RegistryError | None, trouble: str) -> PushResult:
        """Nobody can say what the tag holds now; without `trouble` because asking was stopped."""
        name = safe(str(self.plan.target))
        if lost is not None:
            why = f"{name} cannot be read ({trouble})" if trouble else f"reading {name} was stopped"
            sentence = f"{_how(lost)} ({lost.sentence}), and {why}. Its digest is unknown: refresh to see."
        else:
            why = f"could not be read back: {trouble}" if trouble else "reading it back was stopped."
            sentence = f"{name} was written, but {why} Refresh to see its digest."
        return self._unverified(sentence, known=False)

    async def _verify(self, step: Step) -> PushResult:
        """Read the tag back, hash the bytes, compare."""
        target, wanted = self.plan.target, self.plan.digest
        name = safe(str(target))
        holds: Digest | None = None
        trouble = ""

        async def read() -> AnyManifest:
            return await self.inspector.client.get_manifest(
                target.registry, target.repository, step.selector, fresh=True
            )

        for pause in (0.0, *LAG):
            if pause:
                await self.retries.sleep(pause)
            try:
                manifest = await self.retries.insist(step, read)
            except errors.RegistryError as error:
                trouble = error.sentence
                if can_pass(error):
                    break  # it was waited for already
                continue
            holds, trouble = manifest.digest, ""
            self._seen, self._unread = holds, False
            if holds == wanted and manifest.raw == step.raw:
                sentence = f"{name} is {wanted}, verified."
                result = PushResult.of(self.plan, Outcome.PUSHED, sentence, holds)
                return replace(result, verified_at=datetime.now(UTC))
            if holds != self.plan.before:
                break
        if trouble:
            return self._unknown(None, trouble)
        if holds == self.plan.before:
            sentence = f"{name} was written, but the registry still shows the old digest. Refresh in a moment."
            return self._unverified(sentence, holds)
        return self._unverified(
            f"{name} was written, but holds {holds} instead of {wanted}: overwritten at the same moment, "
            "or rewritten by the registry.",
            holds,
        )

    def _unverified(self, sentence: str, holds: Digest | None = None, *, known: bool = True) -> PushResult:
        theirs = holds if holds not in (self.plan.digest, self.plan.before) else None
        result = PushResult.of(self.plan, Outcome.UNVERIFIED, sentence, holds)
        return replace(result, tag_known=known, theirs=theirs, undetermined=True)


def _failed_there(error: errors.RegistryError) -> bool:
    """Whether the registry answered that it failed: it may have done its work before it did."""
    return isinstance(error, errors.Unreachable) and error.status is not None and can_pass(error)


def _how(lost: errors.RegistryError) -> str:
    if isinstance(lost, errors.UnknownOutcome):
        return "The answer to the last write was lost"
    return "The last write got an error"
