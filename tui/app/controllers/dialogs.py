"""What the keys do in a question in front of the screen. What an item of a choice has as its own key comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tui.app.actions import Scope, action

if TYPE_CHECKING:
    from tui.app.screens.dialogs import Choice, Confirm, Dialog, Prompt, Reader
    from tui.app.screens.start import Start

_EVERY: tuple[Scope, ...] = ("choice", "confirm", "prompt", "start", "reader", "help", "busy")
_MOVING: tuple[Scope, ...] = ("choice", "confirm", "reader", "help")
#: Those in which `g` goes to the first line: in help it opens the glossary.
_LISTS: tuple[Scope, ...] = ("choice", "confirm", "reader")
#: A page to read, and help as one of them.
_PAGES: tuple[Scope, ...] = ("reader", "help")


def nothing_to_copy(dialog: Reader) -> str:
    """Why a page has nothing that is copied whole."""
    return "" if dialog.copy else "select text with the mouse to copy it"


def no_menu(dialog: Reader) -> str:
    """Why a page has no choice of what to copy."""
    return "" if dialog.menu else nothing_to_copy(dialog) or "only one thing to copy"


class DialogController:
    """What all of them share."""

    def __init__(self, dialog: Dialog[Any]) -> None:
        self.dialog = dialog

    @action("dialog-up", keys="up,k", title="up", words="Move up", group="Move", scope=_MOVING)
    def up(self) -> None:
        self.dialog.move("up")

    @action("dialog-down", keys="down,j", title="down", words="Move down", group="Move", scope=_MOVING)
    def down(self) -> None:
        self.dialog.move("down")

    @action("dialog-page-up", keys="pageup,ctrl+u", title="page up", words="One page up", group="Move", scope=_MOVING)
    def page_up(self) -> None:
        self.dialog.move("page-up")

    @action(
        "dialog-page-down",
        keys="pagedown,ctrl+d",
        title="page down",
        words="One page down",
        group="Move",
        scope=_MOVING,
    )
    def page_down(self) -> None:
        self.dialog.move("page-down")

    @action("dialog-top", keys="home,g", title="top", words="Go to the first line", group="Move", scope=_LISTS)
    def top(self) -> None:
        self.dialog.move("top")

    @action("dialog-bottom", keys="end,G", title="bottom", words="Go to the last line", group="Move", scope=_MOVING)
    def bottom(self) -> None:
        self.dialog.move("bottom")

    @action("dialog-leave", keys="escape", title="close", words="Cancel", group="Dialog", scope=_EVERY)
    def leave(self) -> None:
        self.dialog.dismiss(None)

    @action(
        "dialog-palette",
        keys="ctrl+p",
        title="palette",
        words="Search actions and keys of this dialog",
        group="Program",
        scope=_EVERY,
    )
    def palette(self) -> None:
        self.dialog.app.action_command_palette()

    @action(
        "dialog-help",
        keys="question_mark,f1",
        title="help",
        words="The keys of this dialog",
        group="Program",
        scope=("choice", "confirm", "reader", "busy"),
    )
    async def help(self) -> None:
        await self.dialog.show_keys()


class ChoiceController:
    """Choose one of some items."""

    def __init__(self, dialog: Choice[Any]) -> None:
        self.dialog = dialog

    @action(
        "choice-take",
        keys="enter",
        title="select",
        words="Select this line",
        group="Dialog",
        scope="choice",
    )
    def take(self) -> None:
        self.dialog.take_current()


class ConfirmController:
    """Yes or no."""

    def __init__(self, dialog: Confirm) -> None:
        self.dialog = dialog

    @action("confirm-yes", keys="y", title="yes", words="Yes, do it", group="Dialog", scope="confirm")
    def yes(self) -> None:
        self.dialog.dismiss(True)

    @action("confirm-no", keys="n,q", title="no", words="No, cancel", group="Dialog", scope="confirm")
    def no(self) -> None:
        self.dialog.dismiss(False)


class PromptController:
    """A line of text. What can be typed is typed, so `?` is no key here."""

    def __init__(self, dialog: Prompt) -> None:
        self.dialog = dialog

    @action("prompt-accept", keys="enter", title="accept", words="Accept the text", group="Dialog", scope="prompt")
    def accept(self) -> None:
        self.dialog.accept()

    @action("prompt-help", keys="f1", title="help", words="The keys of this dialog", group="Program", scope="prompt")
    async def help(self) -> None:
        await self.dialog.show_keys()


class StartController:
    """A field, and rows below it. Letters are typed: only keys that are no text move."""

    def __init__(self, dialog: Start) -> None:
        self.dialog = dialog

    @action(
        "start-accept",
        keys="enter",
        title="open",
        words="Open the row, or the typed text",
        group="Dialog",
        scope="start",
    )
    def accept(self) -> None:
        self.dialog.accept()

    @action("start-up", keys="up", title="up", words="The row above, or the field", group="Move", scope="start")
    def up(self) -> None:
        self.dialog.move("up")

    @action("start-down", keys="down", title="down", words="The row below", group="Move", scope="start")
    def down(self) -> None:
        self.dialog.move("down")

    @action("start-help", keys="f1", title="help", words="The keys of this dialog", group="Program", scope="start")
    async def help(self) -> None:
        await self.dialog.show_keys()


class ReaderController:
    """A page to read."""

    def __init__(self, dialog: Reader) -> None:
        self.dialog = dialog

    @action("reader-follow", keys="enter", title="follow", words="Follow the link", group="Dialog", scope=_PAGES)
    def follow(self) -> None:
        self.dialog.view.follow()

    @action("reader-next-link", keys="tab", title="link", words="Next link", group="Dialog", scope=_PAGES)
    def next_link(self) -> None:
        self.dialog.view.step_link(1)

    @action("reader-previous-link", keys="shift+tab", title="link", words="Previous link", group="Dialog", scope=_PAGES)
    def previous_link(self) -> None:
        self.dialog.view.step_link(-1)

    @action(
        "reader-copy",
        keys="c",
        title="copy",
        words="Copy this page's main line",
        group="Dialog",
        scope="reader",
        unavailable=nothing_to_copy,
    )
    def copy(self) -> None:
        self.dialog.dismiss(self.dialog.copied())

    @action(
        "reader-copy-menu",
        keys="y",
        title="copy…",
        words="Copy a part of the page",
        group="Dialog",
        scope="reader",
        unavailable=no_menu,
    )
    def copy_menu(self) -> None:
        self.dialog.dismiss("menu")

    @action("reader-close", keys="q", title="close", words="Close the page", group="Dialog", scope=_PAGES)
    def close(self) -> None:
        self.dialog.dismiss(None)

    @action("help-top", keys="home", title="top", words="Go to the first line", group="Move", scope="help")
    def top(self) -> None:
        self.dialog.move("top")

    @action("help-glossary", keys="g", title="glossary", words="Glossary: tag, index …", group="Dialog", scope="help")
    def glossary(self) -> None:
        self.dialog.dismiss("glossary:")

    @action("help-close", keys="question_mark", title="close", words="Close the help", group="Dialog", scope="help")
    def close_help(self) -> None:
        self.dialog.dismiss(None)
