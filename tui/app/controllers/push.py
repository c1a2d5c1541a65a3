"""What the keys do while a plan is pushed, and after that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.app.copy_menu import pushed_menu

if TYPE_CHECKING:
    from tui.app.screens.push import PushScreen

_UNDER_WAY = "the push is under way"


def not_ended(screen: PushScreen) -> str:
    """Why it cannot be left as if it were over."""
    return "" if screen.ended else _UNDER_WAY


def no_digest(screen: PushScreen) -> str:
    """Why there is no digest of what was pushed."""
    result = screen.result
    if result is None:
        return _UNDER_WAY
    return "" if result.digest is not None and result.ok else "nothing was pushed"


def no_other_plan(screen: PushScreen) -> str:
    """Why there is nothing to plan again."""
    if screen.result is None:
        return _UNDER_WAY
    return "the push has ended" if screen.result.ok else ""


def no_conflict(screen: PushScreen) -> str:
    """Why there is nothing of somebody else's to begin from."""
    if screen.result is None:
        return _UNDER_WAY
    return "" if screen.conflict else "the tag has not changed"


class PushController:
    """One for each push on the screen."""

    def __init__(self, screen: PushScreen) -> None:
        self.screen = screen

    @action(
        "push-copy",
        keys="c",
        title="copy digest",
        words="Copy the pushed digest",
        group="Push",
        scope="push",
        unavailable=no_digest,
        rank=1,
    )
    async def copy(self) -> None:
        result = self.screen.result
        if result is not None:
            await self.screen.main.clipboard.copy_text(str(result.digest), "digest")

    @action(
        "push-copy-menu",
        keys="y",
        title="copy…",
        words="Copy menu: the digest, the reference with it, the pull line",
        group="Push",
        scope="push",
        unavailable=no_digest,
        rank=2,
    )
    async def copy_menu(self) -> None:
        result = self.screen.result
        if result is not None:
            made = pushed_menu(self.screen.plan, result)
            await self.screen.main.clipboard.copy_one_of("Copy what was pushed", made)

    @action(
        "push-again",
        keys="r",
        title="plan again",
        words="Replan against the current tag",
        group="Push",
        scope="push",
        unavailable=no_other_plan,
        rank=3,
    )
    def again(self) -> None:
        self.screen.leave("again")

    @action(
        "push-theirs",
        keys="a",
        title="start from theirs",
        words="Start a draft from theirs",
        group="Push",
        scope="push",
        unavailable=no_conflict,
        rank=4,
    )
    def theirs(self) -> None:
        self.screen.leave("theirs")

    @action(
        "push-close",
        keys="enter,q",
        title="close",
        words="Close",
        group="Push",
        scope="push",
        unavailable=not_ended,
    )
    def close(self) -> None:
        self.screen.leave()

    @action(
        "push-stop",
        keys="escape",
        title="stop",
        words="Stop at the next step; close when ended",
        group="Push",
        scope="push",
        rank=5,
    )
    def stop(self) -> None:
        if self.screen.ended:
            self.screen.leave()
        else:
            self.screen.stop()
