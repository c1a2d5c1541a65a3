"""The program itself: palette, theme, help, quit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.app.actions import action
from tui.app.pages.glossary import glossary_page
from tui.app.pages.help import help_page
from tui.app.pages.parts import prose
from tui.app.screens.dialogs import Confirm, Reader
from tui.app.styled_text import Lines
from tui.app.theme import following_theme

if TYPE_CHECKING:
    from tui.app.screens.main import MainScreen


class Program:
    """What is about no row."""

    def __init__(self, screen: MainScreen) -> None:
        self.screen = screen
        self._first = ""
        """The theme that the program began with, once another was chosen."""

    @action("palette", keys="ctrl+p", title="palette", words="Search actions and keys", group="Program")
    async def palette(self) -> None:
        self.screen.app.action_command_palette()

    @action("theme", keys="t", title="theme", words="Dark, light, or the configured theme", group="Program")
    def theme(self) -> None:
        app = self.screen.app
        self._first = self._first or app.theme
        app.theme = following_theme(app.theme, self._first)

    @action("help", keys="question_mark,f1", title="help", words="Help", group="Program", rank=15)
    async def help(self) -> None:
        """Help for the pane that has the keys, then all keys."""
        self.screen.observer.publish_view("help")
        actions = self.screen.actions
        page = help_page(self.screen.pane, actions.table, actions.keys, actions.reasons(), self.screen.glyphs)
        answer = await self.screen.ask(Reader("Help", page, scope="help"))
        what, _, value = (answer or "").partition(":")
        if what == "action":
            self.screen.action_act(value)
        elif what == "glossary":
            await self.screen.ask(Reader("Glossary", glossary_page()))

    @action(
        "quit",
        keys="q,ctrl+q",
        title="quit",
        words="Quit (asks when a draft was not pushed)",
        group="Program",
        rank=16,
    )
    async def quit(self) -> None:
        """Leave; asks when a draft is open that was not pushed."""
        drafts = self.screen.services.drafts if self.screen.services is not None else None
        why = self.screen.keys.put_in(drafts.unsaved) if drafts is not None else ""
        if why and not await self.screen.ask(
            Confirm("Quit and discard drafts?", Lines([prose(why)]), yes="quit", no="stay")
        ):
            return
        self.screen.app.exit(0)
