"""What a reader can do, declared where it is done: `@action(ID, keys=…)` decorates the method that does it.

Controllers are plain classes. `declared` reads the actions of their classes without making one (that is the static
table, `tui.app.keys.ACTIONS`); an `ActionSet` holds the controllers of one screen and carries their actions out.
An action that does not apply is shown greyed with its reason, never hidden.

Nothing of the engine is imported here: the table is needed before there is one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar, runtime_checkable

if TYPE_CHECKING:
    from tui.app.keys import Keys

#: The screens and kinds of dialog that have keys. On each of them a key belongs to one action.
Scope = Literal["main", "draft", "plan", "push", "choice", "confirm", "prompt", "start", "reader", "help", "busy"]

#: The groups, in the order of help and palette.
GROUPS = (
    "Move", "Panes", "Look", "Copy", "Fix", "Learn", "Lesson", "Program", "Draft", "Plan", "Push", "Dialog",
)  # fmt: skip

#: What carries an action out. What it awaits runs in a worker of the screen.
Handler = Callable[[], Awaitable[None] | None]

_DECLARED = "fanfold_action"


class Context(Protocol):
    """What the reasons of a screen's actions look at. Each screen has its own; all of them know this much."""

    @property
    def read_only(self) -> bool:
        """Whether `--read-only` is on."""
        ...


def always(_: Any) -> str:
    """No reason against it."""
    return ""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that can be done on one screen."""

    id: str
    """Unique over all screens: the name in `[keys]`, in findings, hints and lessons.

    An action of the main screen is named for what it does (`check`); one of another screen begins with its scope
    (`draft-add`, `plan-push`, `choice-take`); what several share begins with `screen-` (the draft, its plan, its push)
    or `dialog-`. Giving a shared action another key changes it in all of its scopes.
    """
    keys: str
    """Textual's names, comma-separated."""
    title: str
    """For the key bar."""
    words: str
    """For help and palette."""
    group: str
    """One of `GROUPS`."""
    scopes: tuple[Scope, ...] = ("main",)
    unavailable: Callable[[Any], str] = always
    """Takes the screen's context; gives "" when the action applies, else why it does not."""
    writes: bool = False
    """Whether it could change a registry or a file of Docker's: `--read-only` stops all of these in one place."""
    rank: int = 0
    """The place on the key bar, from 1; 0: not on it."""


_SHOWN = {
    "up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn", "home": "Home",
    "end": "End", "minus": "-", "equals_sign": "=", "backspace": "Backspace", "left_square_bracket": "[",
    "right_square_bracket": "]", "at": "@", "slash": "/", "escape": "Esc", "colon": ":", "exclamation_mark": "!",
    "question_mark": "?", "space": "Space", "enter": "Enter", "tab": "Tab", "shift+tab": "Shift+Tab", "f1": "F1",
    "f2": "F2", "f3": "F3", "f4": "F4",
    "f5": "F5", "alt+left": "Alt+←", "comma": ",", "full_stop": ".",
}  # fmt: skip


def show_key(key: str) -> str:
    """How a key is written for people: `ctrl+s`, `↑`, `?`."""
    return _SHOWN.get(key, key)


@runtime_checkable
class KnowsReasons(Protocol):
    """A controller with reasons of its own, which no context holds."""

    def unavailable(self, action_id: str) -> str:
        """Why an action does not apply now; "" when it does."""
        ...


_ON_A_LINE = {"ctrl+r": "^r"}


def line_key(key: str) -> str:
    """How a key is written on the last line of a screen besides the main one, and of a dialog: `Esc`, `^r`."""
    return _ON_A_LINE.get(key) or show_key(key)


F = TypeVar("F", bound=Callable[..., Awaitable[None] | None])


def action(
    id: str,
    *,
    keys: str,
    title: str,
    words: str,
    group: str,
    scope: Scope | tuple[Scope, ...] = "main",
    unavailable: Callable[[Any], str] = always,
    writes: bool = False,
    rank: int = 0,
) -> Callable[[F], F]:
    """Declare that a method of a controller carries out an action. The method takes no arguments."""
    scopes = (scope,) if isinstance(scope, str) else scope
    made = Action(id, keys, title, words, group, scopes, unavailable, writes, rank)

    def declare(method: F) -> F:
        setattr(method, _DECLARED, made)
        return method

    return declare


def _methods(controller: type) -> list[tuple[Action, str]]:
    """The methods that one class declares itself, in the order of the file."""
    found = [(getattr(each, _DECLARED, None), name) for name, each in vars(controller).items()]
    return [(each, name) for each, name in found if each is not None]


def declared(controllers: Iterable[type]) -> tuple[Action, ...]:
    """The actions of these classes, by group; within a group in the order of the classes and of their files.

    Raises `ValueError` when an id is declared twice or a group is not one of `GROUPS`.
    """
    found = [action for controller in controllers for action, _ in _methods(controller)]
    ids = [action.id for action in found]
    if twice := sorted({each for each in ids if ids.count(each) > 1}):
        raise ValueError(f"declared twice: {', '.join(twice)}")
    if lost := [f"{action.id} in “{action.group}”" for action in found if action.group not in GROUPS]:
        raise ValueError(f"there is no such group: {', '.join(lost)}")
    return tuple(sorted(found, key=lambda action: GROUPS.index(action.group)))


C = TypeVar("C", bound=Context)


class ActionSet(Generic[C]):
    """The actions of one screen with what carries them out."""

    def __init__(
        self,
        keys: Keys,
        scope: Scope,
        context: Callable[[], C],
        *,
        start: Callable[[Coroutine[Any, Any, None], str], object],
        warn: Callable[[str], None],
    ) -> None:
        """`context` makes what reasons look at; `start` runs what a handler awaits, under a name; `warn` tells the
        reader why an action does not apply."""
        self.table = keys.actions(scope)
        self.scope: Scope = scope
        self.keys = keys
        self._by_id = {action.id: action for action in self.table}
        self._context = context
        self._start = start
        self._warn = warn
        self._handlers: dict[str, Handler] = {}
        self._owners: dict[str, object] = {}
        self._writing = False

    def add(self, controller: object) -> None:
        """Let a controller carry out what its class declares."""
        for each in type(controller).__mro__:
            for action, name in _methods(each):
                self._handlers[action.id] = getattr(controller, name)
                self._owners[action.id] = controller

    def __contains__(self, action_id: object) -> bool:
        """Whether it is an action of this screen."""
        return action_id in self._by_id

    def line(self, action_id: str) -> str:
        """The first key of an action here, as lines of keys write it; "" when it has none."""
        return self.keys.line(action_id, self.scope)

    def every_key(self, action_id: str) -> str:
        """All keys of an action here, as lines of keys write them."""
        return " ".join(line_key(key) for key in self.keys.of(action_id, self.scope))

    @property
    def ranked(self) -> list[Action]:
        """What is on the key line, in its order."""
        return sorted((action for action in self.table if action.rank), key=lambda action: action.rank)

    @property
    def handled(self) -> frozenset[str]:
        """The ids of the actions that some controller carries out."""
        return frozenset(self._handlers)

    def unavailable(self, action_id: str, context: C | None = None) -> str:
        """Why an action does not apply now; "" when it does. The one place where writing is stopped."""
        action = self._by_id[action_id]
        context = context if context is not None else self._context()
        if action.writes and context.read_only:
            return "--read-only is on"
        why = action.unavailable(context)
        if not why and action_id not in self._handlers:
            return "not available in this version"
        owner = self._owners.get(action_id)
        if not why and isinstance(owner, KnowsReasons):
            why = owner.unavailable(action_id)
        return self.keys.put_in(why)

    def reasons(self) -> dict[str, str]:
        """Why each action does not apply now, by id."""
        context = self._context()
        return {action.id: self.unavailable(action.id, context) for action in self.table}

    def run(self, action_id: str) -> bool:
        """Carry out an action, or say why not. True when it applied."""
        why = self.unavailable(action_id)
        if why:
            self._warn(f"{self.keys.first(action_id, self.scope)} {self._by_id[action_id].title}: {why}")
            return False
        writes = self._by_id[action_id].writes
        if writes and self._writing:
            return False  # its key came twice, faster than what it opens: two of these would lie over each other
        outcome = self._handlers[action_id]()
        if isinstance(outcome, Awaitable):
            self._writing = self._writing or writes
            self._start(self._awaited(outcome, writes), f"action:{action_id}")
        return True

    async def _awaited(self, outcome: Awaitable[None], writes: bool) -> None:
        try:
            await outcome
        finally:
            if writes:
                self._writing = False
