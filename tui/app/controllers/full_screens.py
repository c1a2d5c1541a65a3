"""What the draft, its plan and its push share: moving, the lesson at the side, help and palette."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from tui.app.actions import ActionSet, Scope, action
from tui.app.screens.dialogs import show_keys

if TYPE_CHECKING:
    from textual.app import App

    from tui.app.screens.main import MainScreen
    from tui.app.widgets.frame import ScreenFrame

_SCOPES: tuple[Scope, ...] = ("draft", "plan", "push")


class FullScreen(Protocol):
    """A screen in front of the main one, as its controllers see it. It is what the reasons of its actions look at."""

    main: MainScreen
    frame: ScreenFrame
    actions: ActionSet[Any]

    @property
    def app(self) -> App[Any]: ...

    @property
    def read_only(self) -> bool: ...

    def move(self, where: str) -> None:
        """`up`, `down`, `page-up`, `page-down`, `top`, `bottom`."""

    def redraw(self) -> None: ...

    def call_after_refresh(self, callback: Callable[[], None]) -> bool: ...


def no_lesson(screen: FullScreen) -> str:
    """Why there is no lesson to show or hide."""
    return "" if screen.frame.has_side else "no lesson is under way"


def nothing_more(screen: FullScreen) -> str:
    """Why the lesson's panel cannot be scrolled."""
    return screen.main.actions.unavailable("lesson-more")


class FullScreenController:
    """One for each such screen. Their own actions are in `draft_edits`, `plan` and `push`."""

    def __init__(self, screen: FullScreen) -> None:
        self.screen = screen

    @action("screen-up", keys="up,k", title="up", words="Move up", group="Move", scope=_SCOPES)
    def up(self) -> None:
        self.screen.move("up")

    @action("screen-down", keys="down,j", title="down", words="Move down", group="Move", scope=_SCOPES)
    def down(self) -> None:
        self.screen.move("down")

    @action("screen-page-up", keys="pageup,ctrl+u", title="page up", words="One page up", group="Move", scope=_SCOPES)
    def page_up(self) -> None:
        self.screen.move("page-up")

    @action(
        "screen-page-down",
        keys="pagedown,ctrl+d",
        title="page down",
        words="One page down",
        group="Move",
        scope=_SCOPES,
    )
    def page_down(self) -> None:
        self.screen.move("page-down")

    @action("screen-top", keys="home", title="top", words="Go to the first line", group="Move", scope=_SCOPES)
    def top(self) -> None:
        self.screen.move("top")

    @action("screen-bottom", keys="end", title="bottom", words="Go to the last line", group="Move", scope=_SCOPES)
    def bottom(self) -> None:
        self.screen.move("bottom")

    @action(
        "screen-lesson",
        keys="f2",
        title="lesson",
        words="Lesson: hide or show the panel",
        group="Lesson",
        scope=_SCOPES,
        unavailable=no_lesson,
    )
    def lesson(self) -> None:
        self.screen.frame.toggle_side()
        self.screen.call_after_refresh(self.screen.redraw)

    @action(
        "screen-lesson-more",
        keys="full_stop",
        title="more",
        words="Lesson: scroll the panel",
        group="Lesson",
        scope=_SCOPES,
        unavailable=nothing_more,
    )
    def lesson_more(self) -> None:
        self.screen.main.action_act("lesson-more")

    @action(
        "screen-palette",
        keys="ctrl+p",
        title="palette",
        words="Every action of this screen and its key, to search in",
        group="Program",
        scope=_SCOPES,
    )
    def palette(self) -> None:
        self.screen.app.action_command_palette()

    @action(
        "screen-help",
        keys="question_mark,f1",
        title="help",
        words="The keys of this screen",
        group="Program",
        scope=_SCOPES,
    )
    async def help(self) -> None:
        await show_keys(self.screen.app, self.screen.actions)
