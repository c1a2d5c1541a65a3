"""The plan of the draft on the screen, worked out beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from textual.worker import Worker

from tui.app.failure import failure
from tui.compose.draft import Draft
from tui.compose.plan import Plan
from tui.compose.service import DraftService

#: Seconds without an edit before a plan is worked out: edits come in rows.
_PAUSE = 0.3


class Planning:
    """A moment after each edit the plan is made anew, as long as that takes few requests and no registry counts them.
    Nothing is written."""

    def __init__(
        self,
        service: DraftService,
        run: Callable[[Coroutine[Any, Any, None]], Worker[None]],
        changed: Callable[[], None],
    ) -> None:
        """`run` starts a worker that ends with the screen; `changed` is called when there is something else to show."""
        self._service = service
        self._run = run
        self._changed = changed
        self._worker: Worker[None] | None = None
        self.plan: Plan | None = None
        self.failure = ""
        self.why_not = ""
        """Why the plan is made only when somebody asks for it."""

    def begin(self, draft: Draft) -> None:
        """The draft is another now: what was planned no longer holds."""
        if self._worker is not None:
            self._worker.cancel()
        self.plan, self.failure, self._worker = None, "", None
        self.why_not = self._service.why_not_planned(draft)
        if not self.why_not:
            self._worker = self._run(self._work(draft))

    async def _work(self, draft: Draft) -> None:
        await asyncio.sleep(_PAUSE)
        try:
            self.plan = await self._service.plan(draft)
        except Exception as error:  # told on the screen: nothing was written
            self.failure = failure(error)
        self._changed()
