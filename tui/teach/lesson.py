"""What a lesson is: data. `lesson_file` reads it from TOML; `lesson_run` runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tui.teach.events import EventKind, Fact


@dataclass(frozen=True, slots=True)
class Matcher:
    """What one fact of an event must be. Exactly one of the fields is used.

    `equal` to one value; `one_of` several; `like` a pattern with * and ?; `at_least`, `at_most` a number; `other_than`
    a value; `digest_of` the digest that a reference has in the registry now (a platform or "config" may be added, as in
    `library/hello:latest linux/arm64 config`).
    """

    equal: Fact | None = None
    one_of: tuple[Fact, ...] = ()
    like: str | None = None
    at_least: int | None = None
    at_most: int | None = None
    other_than: Fact | None = None
    digest_of: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One event that must have happened, with these facts."""

    event: EventKind
    facts: Mapping[str, Matcher] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Holds:
    """Something that must be true in the registry, asked there at that moment.

    `reference` is "sandbox:0.16-edge". `state` is "complete" (everything below is there), "index", "image", "absent",
    or "moved" (another digest than when the lesson began).
    """

    reference: str
    state: str


@dataclass(frozen=True, slots=True)
class Done:
    """When a step is done: every condition of `all_of`, or one of `any_of`, has happened, and `holds` is true.

    With `fresh` only what happens after the step became the current one counts.
    """

    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()
    holds: tuple[Holds, ...] = ()
    fresh: bool = False

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """All of either kind."""
        return self.all_of + self.any_of


@dataclass(frozen=True, slots=True)
class Show:
    """One thing that the program can do for the user.

    `do` is open (a target, with everything above it), select (a target), tab, view, action (by its id), key, or type;
    `what` says which.
    """

    do: str
    what: str


@dataclass(frozen=True, slots=True)
class Act:
    """Something that the lesson does to the embedded registry, as somebody else would: see `backend.ACTS`."""

    do: str
    arguments: Mapping[str, Fact] = field(default_factory=dict)
    label: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what to do (`text`), what helps (`hint`), when it is done, and how the program shows it."""

    text: str
    done: Done
    hint: str = ""
    title: str = ""
    show: tuple[Show, ...] = ()
    act: Act | None = None

    @property
    def is_read(self) -> bool:
        """Whether the reader goes on from it with a key."""
        return any(condition.event is EventKind.READ for condition in self.done.conditions)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson. `start` is done to the fresh gallery before the first step; `opens` are repositories of the tree."""

    id: str
    title: str
    summary: str
    steps: tuple[Step, ...]
    minutes: int = 5
    opens: tuple[str, ...] = ()
    local_lists: bool = False
    start: tuple[Act, ...] = ()
    closing: str = ""
    path: Path | None = None
