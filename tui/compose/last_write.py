"""The last write of a push: the tag. Guarded before, resolved if the answer is lost, read back and hashed after.

There is no compare-and-swap in the protocol (distribution-spec #251): between the look and the write somebody can still
slip in. Reading back afterwards tells if that happened.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from tui.compose.bench import Bench
from tui.compose.events import OnEvent, Outcome, PushResult, Said
from tui.compose.plan import Plan, Step
from tui.oci.digest import Digest
from tui.registry import errors
from tui.text import safe

#: A registry with replicas may show the old tag for a moment: it is read again after these pauses, in seconds.
LAG = (0.5, 1.0, 2.0)


class Retry(Exception):
    """The write did not happen and may be tried again, after ``pause`` seconds (None: as usual)."""

    def __init__(self, cause: errors.RegistryError) -> None:
        super().__init__(cause.sentence)
        self.cause = cause


@dataclass(slots=True)
class LastWrite:
    """Moves one tag. ``sleep`` is for tests."""

    bench: Bench
    plan: Plan
    on_event: OnEvent
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def now(self) -> Digest | None:
        """What the tag holds at this moment; None when there is no such tag. Raises RegistryError.

        Where there was no tag and the registry says so again, that is believed without a second question.
        """
        target, tag = self.plan.target, self.plan.target.tag or "latest"
        confirm = self.plan.before is not None
        try:
            head = await self.bench.client.head_manifest(target.registry, target.repository, tag, confirm=confirm)
        except errors.NotFound:
            return None
        return head.digest

    def conflict(self, theirs: Digest | None) -> PushResult:
        """Somebody moved the tag since the plan was made. Nothing was put there."""
        name = safe(str(self.plan.target))
        was = self.plan.before.short if self.plan.before is not None else "no such tag"
        now = theirs.short if theirs is not None else "gone"
        return PushResult(
            Outcome.CONFLICT,
            self.plan.target,
            f"Stopped before the last write: somebody moved {name} meanwhile. It was {was} when this was planned, "
            f"it is {now} now, and was left so. Plan again from what it holds now.",
            digest=self.plan.digest,
            tag_holds=theirs,
            base=self.plan.before,
            theirs=theirs,
        )

    async def put(self, step: Step) -> PushResult:
        """PUT the tag and read it back. Raises Retry when it certainly did not happen and may be tried again, and
        RegistryError when it certainly did not and cannot be mended by waiting."""
        target, raw = self.plan.target, step.raw or b""
        try:
            await self.bench.client.put_manifest(
                target.registry, target.repository, step.selector, raw, step.media_type
            )
        except errors.RateLimited as error:
            raise Retry(error) from error
        except errors.Corrupt as error:
            # It took the bytes and says that it made others of them: what the tag holds now decides.
            self.on_event(Said(error.sentence, step))
        except (errors.UnknownOutcome, errors.Unreachable) as error:
            self.on_event(Said("The answer to the last write was lost; the tag is asked what became of it.", step))
            asked = await self._ask_after(error)
            if asked is not None:
                return asked
        return await self._verify(step)

    async def _ask_after(self, error: errors.RegistryError) -> PushResult | None:
        """Ours: None, it happened. As before: Retry. Anything else: a conflict, or nobody can say."""
        try:
            theirs = await self.now()
        except errors.RegistryError as second:
            name = safe(str(self.plan.target))
            return PushResult(
                Outcome.UNVERIFIED,
                self.plan.target,
                f"The answer to the last write was lost ({error.sentence}), and {name} cannot be asked now "
                f"({second.sentence}). It holds either the old or the new index, whole. Refresh it to see which.",
                digest=self.plan.digest,
                tag_known=False,
                base=self.plan.before,
                undetermined=True,
            )
        if theirs == self.plan.digest:
            return None
        if theirs == self.plan.before:
            raise Retry(error)
        return self.conflict(theirs)

    async def _verify(self, step: Step) -> PushResult:
        """Read the tag back, hash the bytes, compare."""
        target, wanted = self.plan.target, self.plan.digest
        name = safe(str(target))
        held: Digest | None = None
        trouble = ""
        for pause in (0.0, *LAG):
            if pause:
                await self.sleep(pause)
            try:
                manifest = await self.bench.client.get_manifest(
                    target.registry, target.repository, step.selector, fresh=True
                )
            except errors.RegistryError as error:
                trouble = error.sentence
                continue
            held, trouble = manifest.digest, ""
            if held == wanted and manifest.raw == step.raw:
                return PushResult(
                    Outcome.PUSHED,
                    target,
                    f"{name} is {wanted} now, read back and compared.",
                    digest=wanted,
                    tag_holds=held,
                    base=self.plan.before,
                    verified_at=datetime.now(UTC),
                )
            if held != self.plan.before:
                break
        if trouble:
            said = f"{name} was written, but could not be read back: {trouble} Refresh it to see what it holds."
        elif held == self.plan.before:
            said = f"{name} was written, but the registry still shows the old digest. Refresh it in a moment."
        else:
            said = (
                f"{name} was written, but holds {held} now instead of {wanted}: somebody overwrote it at the same "
                "moment, or the registry changed what it was given."
            )
        return PushResult(
            Outcome.UNVERIFIED,
            target,
            said,
            digest=wanted,
            tag_known=not trouble,
            tag_holds=held,
            base=self.plan.before,
            theirs=held if held not in (wanted, self.plan.before) else None,
            undetermined=True,
        )
