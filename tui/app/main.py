"""The app. What it imports at the top decides when the first frame appears: Textual's core and little else.

The main screen, the engine and everything that they need are imported in a thread once the first frame is drawn.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter

from tui.app.garbage import QuietCollector
from tui.app.shell import Shell
from tui.app.terminal import leave_at_once, patient
from tui.app.theme import THEMES, PlainDrawing, chosen_theme, variables_for
from tui.crash import CRASHED, crash_text

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.driver import Driver

    from tui.app.clipboard import Handed
    from tui.app.screens.main import MainScreen
    from tui.app.services import Connect, Services
    from tui.config import Settings
    from tui.sources.spec import SourceSpec

_log = logging.getLogger(__name__)

#: Signals that ask for an end, and how many seconds that may take.
_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT") if hasattr(signal, name))
_LONGEST_END = 4.0


def _actions() -> type[Provider]:
    from tui.app.palette import ActionProvider

    return ActionProvider


class FanfoldApp(App[int]):
    """`connect` makes the services (late); `sources` are opened with them, in their order. `interval` is the shortest
    time between two repaints by themselves, in seconds (tests use 0)."""

    TITLE = "fanfold"
    COMMANDS: ClassVar[set[Any]] = {_actions}
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "screen.act('quit')", "Quit", show=False, priority=False)
    ]

    def __init__(
        self,
        connect: Connect,
        sources: Sequence[str | SourceSpec] = (),
        *,
        settings: Settings | None = None,
        interval: float = 0.1,
        clipboard_native: Callable[[str], None] | None = None,
    ) -> None:
        from tui.config import Settings

        self.settings = settings or Settings()
        super().__init__()
        self._connect = connect
        self._sources = tuple(sources)
        self._interval = interval
        self._native = clipboard_native
        self._services: Services | None = None
        self._main_screen: MainScreen | None = None
        #: The lesson to begin with (id, number or path; None: none), and whether to offer the lessons otherwise.
        self.lesson: str | None = None
        self.offer_lessons = False
        #: Whether to ask where to begin, because nothing was named.
        self.offer_start = False
        #: Whether the cursor goes into a registry that is opened first, once its repositories are there.
        self.into_first = False
        #: Called with the main screen once the services are there.
        self.on_ready_hooks: list[Callable[[MainScreen, Services], None]] = []
        self.garbage = QuietCollector(self)
        self._own_context: Context | None = None
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = self._first_theme()
        if self.settings.ascii:
            self.add_class("-ascii")
        self._plain = PlainDrawing() if self.settings.ascii else None

    @property
    def main_screen(self) -> MainScreen:
        """The main screen. It is there a moment after the first frame."""
        assert self._main_screen is not None, "the main screen is not made"
        return self._main_screen

    @property
    def has_main_screen(self) -> bool:
        """Whether the main screen is there."""
        return self._main_screen is not None

    def _first_theme(self) -> str:
        name, self._problem = chosen_theme(
            self.settings.theme, os.environ.get("TEXTUAL_THEME", ""), self.available_themes
        )
        return name

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters (NO_COLOR), and ours for `--ascii`."""
        filters = list(super().get_line_filters())
        return [*filters, self._plain] if self._plain is not None else filters

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables, for whichever theme is on."""
        return {**super().get_theme_variable_defaults(), **variables_for(self.current_theme)}

    def get_default_screen(self) -> Shell:
        """The bottom screen, until the main one replaces it."""
        return Shell()

    def on_ready(self) -> None:
        """The first frame is on the screen: now what takes time."""
        self._own_context = copy_context()
        self.garbage.begin()
        self.run_worker(self._enter(), name="connect", exit_on_error=False)

    async def _enter(self) -> None:
        try:
            await self._furnish()
        except Exception as error:
            from tui.app.failure import failure

            _log.exception("the engine did not start")
            self.notify(failure(error), title="Could not start", severity="error", timeout=60, markup=False)

    async def _furnish(self) -> None:
        """The main screen, the engine, the sources; then, while those are being asked, what writes and teaches."""
        screen = await self._build()
        from tui.app.pages.start import DEMO  # the main screen brought it

        services = await self._use(self._connect)
        await self.open_sources([*services.first, *self._sources])
        begin = await self._begin() if self.offer_start else ""
        if begin == DEMO:
            from tui.app.services import demo_connect

            await services.close()
            services = await self._use(demo_connect(self.settings))
            await self.open_sources(services.first)
        drafting = await asyncio.to_thread(import_module, "tui.app.drafting")
        drafting.plug(screen, services)
        from tui.app.controllers.lessons import LessonController  # the main screen brought it

        lessons = LessonController(screen, services)
        screen.start(lessons.enter(self.lesson, self.offer_lessons or begin == DEMO), "lessons")
        for hook in self.on_ready_hooks:
            hook(screen, services)

    async def _use(self, connect: Connect) -> Services:
        """Make the services, and let the main screen show what they know."""
        services = self._services = await connect()
        if self.settings.browser and services.engine is not None:
            from tui.sources.spec import parse_source

            named = (parse_source(each) if isinstance(each, str) else each for each in self._sources)
            services.engine.inspector.disks.keep_to(named)
        self.main_screen.enter(services)
        return services

    async def _begin(self) -> str:
        """Ask where to begin, and open it; what was asked for, "" for nothing. What cannot be opened is asked again."""
        from tui.app.pages.start import DEMO

        navigation = self.main_screen.navigation
        while begin := await navigation.opened.ask("Start", alone=True):
            if begin == DEMO or await navigation.go_to(begin) is not None:
                return begin
        return ""

    async def _build(self) -> MainScreen:
        """Put the main screen before the shell, and give it the keys that were typed meanwhile."""
        await asyncio.to_thread(import_module, "tui.app.screens.main")
        from tui.app.keys import Keys
        from tui.app.screens.main import MainScreen
        from tui.explore.cells import glyphs
        from tui.text import safe

        keys = Keys(self.settings.keys)
        problems = "\n".join(([self._problem] if self._problem else []) + keys.problems)
        if problems:
            file = self.settings.file
            title = f"Configuration: {safe(str(file))}" if file is not None else "Configuration"
            words = safe(problems, limit=4000, multiline=True)
            self.notify(words, title=title, severity="warning", markup=False, timeout=20)
        settings = self.settings
        screen = MainScreen(keys, glyphs(settings.ascii), settings, self.hand_over, interval=self._interval)
        screen.redraw.throttle.stir = self.garbage.stir
        shell = self.screen
        await self.push_screen(screen)
        self._main_screen = screen
        for key in shell.typed if isinstance(shell, Shell) else ():
            self.simulate_key(key)
        return screen

    async def open_sources(self, sources: Sequence[str | SourceSpec]) -> None:
        """Open what was named on the command line; what fails is said, and the others are opened all the same."""
        assert self._services is not None
        for number, source in enumerate(sources):
            try:
                node = await self._services.open(source)
            except Exception as error:
                _log.info("could not open %r", source, exc_info=True)
                from tui.app.failure import failure

                self.notify(failure(error), title="Could not open", severity="error", timeout=30, markup=False)
                continue
            self.main_screen.navigation.opened.note(node)
            self.main_screen.redraw.sync_tree()
            if number == 0:
                self.main_screen.navigation.begins_at = node if self.into_first else None
                await self.main_screen.navigation.highlight(node)
            self.main_screen.images.unfold(node)
            if node.expandable:
                self.main_screen.images.open_row(node)

    def on_key(self, event: events.Key) -> None:
        """Before bindings are looked at: what is typed after `/` is text, however fast it comes."""
        main = self._main_screen
        if main is not None and self.screen is main and main.search.takes_as_text(event):
            event.prevent_default()

    def _give_way(self) -> None:
        """A key came: answers are dealt with when it is answered."""

        def stir() -> None:
            self.garbage.stir()
            if self._main_screen is not None and self._main_screen.ready:
                self._main_screen.explorer.give_way()

        # It is called with the context of the thread that reads the terminal: a timer that began in it would not know
        # the app.
        if self._own_context is not None:
            self._own_context.run(stir)

    async def on_unmount(self) -> None:
        self.garbage.end()
        if self._main_screen is not None:
            try:
                await self._main_screen.navigation.opened.save()
            except Exception:  # whatever is left to do is worth more
                _log.exception("what was opened was not kept")
        if self._services is not None:
            await self._services.close()

    def action_leave(self) -> None:
        """ctrl+q before the main screen is there (which asks first when something would be lost)."""
        self.exit(0)

    # --- the end -------------------------------------------------------------------------------------------------

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours. Textual would print every local variable of every frame, passwords among them."""
        if self._exit:  # on the way out what is half made is taken away under the feet of what makes it
            _log.error("while the screen was leaving", exc_info=error)
            self._close_messages_no_wait()
            return
        self._return_code = CRASHED
        if not self._exit_renderables:  # the first is what tests raise again, and what is told
            self._exit_renderables.append(Text(crash_text(error)))
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    def get_driver_class(self) -> type[Driver]:
        """Textual's for this terminal, made to leave when it is told to."""
        return patient(super().get_driver_class(), self._leave_now, self._leaving_keys, self._give_way)

    def _leaving_keys(self) -> frozenset[str]:
        quitting = self._main_screen.keys.of("quit") if self._main_screen is not None else ()
        return frozenset(key for key in ("ctrl+q", *quitting) if "+" in key)  # never what could be typed as text

    def _leave_now(self) -> None:
        self.call_later(self.run_action, "screen.act('quit')")

    def end_by(self, number: int) -> None:
        """A signal asks for the end. Nothing asks back; what hangs is left."""
        status = 128 + number
        self.exit(status)
        late = threading.Timer(_LONGEST_END, leave_at_once, (self._driver, status))
        late.daemon = True
        late.start()

    # --- services for the screens --------------------------------------------------------------------------------

    async def hand_over(self, text: str) -> Handed:
        """Hand a text to the clipboard."""
        from tui.app.clipboard import hand, native_copy

        native = self._native or native_copy
        return await hand(text, self._write, os.environ, mode=self.settings.clipboard, native=native)

    def _write(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    def copy_to_clipboard(self, text: str) -> None:
        """What ctrl+c on selected text calls: the same way as every other copy."""
        self._clipboard = text
        if self._main_screen is not None:
            self._main_screen.start(self._main_screen.clipboard.copy_text(text, "selection"), "copy")


def run_app(settings: Settings, sources: Sequence[SourceSpec], *, lesson: str | None = None, demo: bool = False) -> int:
    """Open the UI on these sources; with `demo` on the embedded registry. Gives the exit status.

    Raises ConfigError for a lesson that does not exist, before the screen starts.
    """
    from tui.app.services import connect, demo_connect

    if lesson is not None:
        _check_lesson(lesson)
    make = demo_connect(settings) if demo else connect(settings)
    app = FanfoldApp(make, sources, settings=settings)
    app.lesson, app.offer_lessons = lesson, demo and lesson is None
    app.offer_start = not sources and not demo
    app.into_first = True
    return asyncio.run(_until_it_ends(app))


async def _until_it_ends(app: FanfoldApp) -> int:
    """Run the app; its exit status. A signal ends it as its reader would, so that the terminal is given back."""
    loop = asyncio.get_running_loop()
    for number in _ENDING:
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, app.end_by, number)
    left = await app.run_async()
    return left if left is not None else app.return_code or 0


def _check_lesson(name: str) -> None:
    """Say now, and not on the screen, that there is no such lesson or what is wrong with its file."""
    from tui.config import ConfigError
    from tui.teach.lesson_file import LessonError, find_lesson

    try:
        find_lesson(name)
    except LessonError as error:
        raise ConfigError(str(error)) from None
