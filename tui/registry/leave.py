"""How a task that asks registries is told to leave, without cancelling what is on the wire."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType

_leaves: dict[asyncio.Task[object], Leave] = {}


class Leave:
    """For whoever has tasks of his own that ask one question after the other: the task holds one of these, and is
    ended by `now` instead of by `cancel`. In return its exchanges need no tasks of their own (limiter.py), which would
    take a tenth of the time that a check takes. A task that is cancelled all the same cancels what is on the wire.
    """

    __slots__ = ("_on_leave", "_task", "left")

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[object] = task
        self._on_leave: Callable[[], None] | None = None
        self.left = False
        """Whether the task has to leave now that the exchange is over."""

    def __enter__(self) -> Leave:
        _leaves[self._task] = self
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        del _leaves[self._task]

    def now(self) -> None:
        """Nobody wants any more what the task does: cancel it, but not before an exchange that has begun is over."""
        if self._on_leave is None:
            self._task.cancel()
        elif not self.left:
            self.left = True
            self._on_leave()

    def begin(self, on_leave: Callable[[], None]) -> None:
        """An exchange begins in the task. `on_leave` is called when nobody wants it any more."""
        self._on_leave, self.left = on_leave, False

    def end(self) -> None:
        """The exchange is over."""
        self._on_leave = None


def leave_of(task: asyncio.Task[object] | None) -> Leave | None:
    """What this task holds; None: it may be cancelled at any time."""
    return _leaves.get(task) if task is not None else None
