"""What teaches: the keys of lessons, rehearsal and digests, and who carries them out.

Only the declarations are needed before the first source is open; what carries them out is imported later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.explore.availability import unavailable_rehearse

if TYPE_CHECKING:
    from tui.app.lessons import Lessons


class LessonController:
    """Lessons, the pull rehearsal, the four digests."""

    def __init__(self, lessons: Lessons) -> None:
        self.lessons = lessons

    def unavailable(self, action_id: str) -> str:
        """What only the lesson that is under way knows."""
        return "" if action_id in ("rehearse", "digests") else self.lessons.reason(action_id)

    @action(
        "rehearse",
        keys="f3",
        title="rehearse",
        words="Pull rehearsal: step through what a client does when it pulls this",
        group="Learn",
        unavailable=unavailable_rehearse,
    )
    async def rehearse(self) -> None:
        await self.lessons.rehearse()

    @action(
        "digests",
        keys="f4",
        title="digests",
        words="Why are there four digests? All of them side by side",
        group="Learn",
        unavailable=unavailable_rehearse,
    )
    async def digests(self) -> None:
        await self.lessons.digests()

    @action("lessons", keys="f2", title="lessons", words="Lessons: choose one", group="Lesson")
    async def choose(self) -> None:
        await self.lessons.choose()

    @action(
        "lesson-act",
        keys="a",
        title="do it",
        words="Lesson: have it done, go on; the next step of a rehearsal",
        group="Lesson",
    )
    async def act(self) -> None:
        await self.lessons.act()

    @action("lesson-hint", keys="b", title="hint", words="Lesson: a hint", group="Lesson")
    def hint(self) -> None:
        self.lessons.hint()

    @action("lesson-show", keys="e", title="show me", words="Lesson: have the step shown", group="Lesson")
    async def show_me(self) -> None:
        await self.lessons.show_me()

    @action(
        "lesson-panel",
        keys="p",
        title="lesson",
        words="Lesson: hide or show the panel; end a rehearsal",
        group="Lesson",
    )
    async def toggle(self) -> None:
        await self.lessons.toggle()

    @action("lesson-more", keys="full_stop", title="more", words="Lesson: scroll the panel", group="Lesson")
    def more(self) -> None:
        self.lessons.more()

    @action(
        "lesson-over",
        keys="z",
        title="start over",
        words="Lesson: start over, with the registry as it was",
        group="Lesson",
    )
    async def start_over(self) -> None:
        await self.lessons.start_over()
