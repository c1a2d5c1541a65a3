"""Reading a lesson from its file. A teacher writes these: every mistake names the file, the line, and what to do.

The format is described in `lessons/FORMAT.md`; the lessons that come with the program are the best examples.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NoReturn, get_args

from tui.explore.finding import Severity, codes
from tui.explore.node import Kind
from tui.resources import FOLDER
from tui.resources.toml_lines import Lines, Place, headers
from tui.sources.base import SourceKind
from tui.sources.presence import Presence
from tui.teach.address import Address, BackendError
from tui.teach.backend import ACTS
from tui.teach.events import FACTS, EventKind, Fact
from tui.teach.lesson import Act, Condition, Done, Holds, Lesson, Matcher, Show, Step
from tui.teach.rehearsal_steps import StepKind
from tui.teach.target import why_no_target
from tui.text import safe

#: Where those that come with the program are.
LESSONS = FOLDER / "lessons"

_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
_LIMIT = 256 * 1024
_LESSON = ("id", "title", "summary", "minutes", "opens", "local_lists", "start", "closing", "step")
_STEP = ("title", "text", "hint", "done", "show", "act")
_DONE = ("event", "all", "any", "holds", "fresh")
_MATCHER = ("one_of", "like", "at_least", "at_most", "other_than", "digest_of")
STATES = ("complete", "index", "image", "absent", "moved")
SHOWS = ("open", "select", "tab", "view", "action", "key", "type")

# The words that a file may use where there are only so many: a step that waits for a word which nothing ever says could
# never tick, so it is refused.
TABS = ("summary", "layers", "config", "json", "findings", "explain")
#: What "show me" can bring up.
VIEWS = ("requests", "digests", "commands", "rehearsal", "help", "problems", "copy", "diff")

_ACTIONS = ("fix", "recreate", "amend", "new", "list", "tag", "copy", "undo", "delete")
_NODE: Mapping[str, tuple[str, ...]] = {
    "node": tuple(kind.value for kind in Kind),
    "source": get_args(SourceKind),
    "form": ("index", "image", "other"),
    "presence": tuple(each.value for each in Presence if each not in (Presence.UNCHECKED, Presence.CHECKING)),
}
#: The words of a fact, by event; a fact that is not here takes any text.
_WORDS: Mapping[EventKind, Mapping[str, tuple[str, ...]]] = {
    EventKind.TAB: {"tab": TABS},
    EventKind.VIEW: {"view": ("requests", "digests", "commands", "rehearsal", "help", "copy", "diff", "draft", "plan")},
    EventKind.COPIED: {
        "what": ("digest", "reference", "pull", "curl", "json", "markdown", "report", "command", "text", "selection")
    },
    EventKind.FINDING: {"code": tuple(codes()), "severity": tuple(each.value for each in Severity)},
    EventKind.DRAFT: {"action": _ACTIONS},
    EventKind.PLAN: {"action": _ACTIONS},
    EventKind.PUSHED: {"action": _ACTIONS, "outcome": ("pushed", "refused", "cancelled", "conflict")},
    EventKind.DELETED: {"what": ("tag", "manifest", "list")},
    EventKind.REHEARSAL: {"step": tuple(each.value for each in StepKind), "outcome": ("done", "stopped")},
    EventKind.ACTED: {"act": tuple(ACTS), "outcome": ("done", "pushed", "refused", "failed")},
    EventKind.EXCHANGE: {"method": ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")},
}
_BOOLEANS = frozenset({"complete", "blocked"})
_NUMBERS = frozenset(
    {
        "present", "hashed", "missing", "denied", "limited", "unreachable", "foreign", "mismatched", "requests", "size",
        "status", "entries", "stale", "gone", "mounts", "copies", "puts",
    }
)  # fmt: skip


class LessonError(ValueError):
    """A lesson file that cannot be used. `str()` is "FILE, line N: what is wrong. What to do." and is safe to show."""

    def __init__(self, name: str, line: int, problem: str) -> None:
        where = f"{safe(name)}, line {line}" if line else safe(name)
        super().__init__(f"{where}: {problem}")
        self.name, self.line, self.problem = name, line, problem


def all_lessons() -> tuple[Lesson, ...]:
    """Every lesson that comes with the program, in the order in which to take them."""
    paths = sorted(LESSONS.glob("*.toml"))
    return tuple(parse(path.read_text(encoding="utf-8"), path.name) for path in paths)


def find_lesson(name: str) -> Lesson:
    """A lesson by its id ("stale-list"), its number ("2"), or the path of a file. Raises LessonError."""
    if name.endswith(".toml") or "/" in name or "\\" in name:
        return load(Path(name))
    lessons = all_lessons()
    for number, lesson in enumerate(lessons, start=1):
        if name in (lesson.id, str(number)):
            return lesson
    known = ", ".join(lesson.id for lesson in lessons)
    raise LessonError(name, 1, f"Unknown lesson “{safe(name)}”. Lessons: {known}; or give the path of a file.")


def load(path: Path) -> Lesson:
    """A lesson from a file. Raises LessonError, also for a file that cannot be read."""
    try:
        with path.open("rb") as file:
            raw = file.read(_LIMIT + 1)
    except OSError as error:
        raise LessonError(str(path), 0, f"The file cannot be read: {safe(error.strerror or str(error))}.") from error
    if len(raw) > _LIMIT:
        raise LessonError(
            str(path), 0, f"The file is larger than {_LIMIT // 1024} kB. A lesson is a few pages of text."
        )
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise LessonError(str(path), line, "The text is not UTF-8. Save the file as UTF-8.") from error
    return parse(text, str(path), path)


def parse(text: str, name: str, path: Path | None = None) -> Lesson:
    """A lesson from its text. `name` is what errors call the file."""
    reader = _Reader(name, Lines(text))
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # A header with a typing error makes the lines below it wrong, not itself: it is the one to name.
        reader.known_headers(text)
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        problem = safe(re.sub(r" \(at .*\)$", "", str(error)))
        raise LessonError(name, line, f"This is not valid TOML: {problem}.") from error
    except RecursionError:
        raise LessonError(name, 1, "The file nests too deep. A lesson needs two levels.") from None
    return reader.lesson(document, path)


@dataclass(frozen=True, slots=True)
class _Reader:
    name: str
    lines: Lines

    def fail(self, place: Place, problem: str) -> NoReturn:
        raise LessonError(self.name, self.lines.of(place), problem)

    def known_headers(self, text: str) -> None:
        """Say which header of a file is none of a lesson's, if one is."""
        for line, doubled, names in headers(text):
            known = [("name", _LESSON), ("name", _STEP if names[0] == "step" else ()), ("name", _DONE)]
            for depth, (name, (what, words)) in enumerate(zip(names, known, strict=False)):
                if depth == 2 and names[1] != "done":
                    break
                if words and name not in words and not (depth == 2 and not doubled):
                    raise LessonError(self.name, line, self.unknown(what, name, words))
            if names in (("step",), ("start",)) and not doubled:
                problem = f"There can be several: write [[{names[0]}]], with two brackets on each side."
                raise LessonError(self.name, line, problem)

    def lesson(self, document: Mapping[str, Any], path: Path | None) -> Lesson:
        self.known(document, _LESSON, ())
        identity = self.text(document, "id", ())
        if _ID.fullmatch(identity) is None:
            self.fail(
                ("id",), f"“{safe(identity)}” is not an id. Use lower-case words joined by dashes: my-first-lesson."
            )
        steps = document.get("step")
        if not isinstance(steps, list) or not steps:
            self.fail(("step",), "There is no step. Add at least one, beginning with a line [[step]].")
        minutes = document.get("minutes", 5)
        if not isinstance(minutes, int) or isinstance(minutes, bool) or minutes < 1:
            self.fail(("minutes",), "“minutes” is a whole number, such as 5.")
        opens = self.texts(document.get("opens", []), ("opens",))
        local = document.get("local_lists", False)
        if not isinstance(local, bool):
            self.fail(("local_lists",), "“local_lists” is true or false.")
        start = document.get("start", [])
        if not isinstance(start, list):
            self.fail(("start",), "“start” is a list of tables: begin each with a line [[start]].")
        return Lesson(
            id=identity,
            title=self.text(document, "title", ()),
            summary=self.text(document, "summary", ()),
            steps=tuple(self.step(step, ("step", number)) for number, step in enumerate(steps)),
            minutes=minutes,
            opens=opens,
            local_lists=local,
            start=tuple(self.act(act, ("start", number)) for number, act in enumerate(start)),
            closing=self.text(document, "closing", (), needed=False),
            path=path,
        )

    def step(self, step: Any, place: Place) -> Step:
        table = self.table(step, place)
        self.known(table, _STEP, place)
        if "done" not in table:
            self.fail(place, 'This step has no “done”: say what the user must have done, or event = "read".')
        shows = table.get("show", [])
        if not isinstance(shows, list):
            self.fail((*place, "show"), '“show” is a list: show = ["open library/hello:latest"].')
        return Step(
            text=self.text(table, "text", place),
            done=self.done(table["done"], (*place, "done")),
            hint=self.text(table, "hint", place, needed=False),
            title=self.text(table, "title", place, needed=False),
            show=tuple(self.show(show, (*place, "show", number)) for number, show in enumerate(shows)),
            act=self.act(table["act"], (*place, "act")) if "act" in table else None,
        )

    def done(self, done: Any, place: Place) -> Done:
        table = self.table(done, place)
        fresh = table.get("fresh", False)
        if not isinstance(fresh, bool):
            self.fail((*place, "fresh"), "“fresh” is true or false.")
        holds = self.tables(table.get("holds", []), (*place, "holds"))
        grouped = [key for key in ("all", "any") if key in table]
        if "event" in table:
            if grouped:
                self.fail(place, "Give either “event” or a list in “all” or “any”, not both.")
            one = {key: value for key, value in table.items() if key not in ("fresh", "holds")}
            all_of: tuple[Condition, ...] = (self.condition(one, place),)
            any_of: tuple[Condition, ...] = ()
        else:
            self.known(table, _DONE, place)
            all_of = self.conditions(table.get("all", []), (*place, "all"))
            any_of = self.conditions(table.get("any", []), (*place, "any"))
        if not all_of and not any_of and not holds:
            self.fail(place, '“done” says nothing. Name an event, such as event = "opened".')
        return Done(all_of, any_of, tuple(self.hold(hold, (*place, "holds", n)) for n, hold in enumerate(holds)), fresh)

    def conditions(self, found: Any, place: Place) -> tuple[Condition, ...]:
        tables = self.tables(found, place)
        return tuple(self.condition(each, (*place, number)) for number, each in enumerate(tables))

    def condition(self, found: Mapping[str, Any], place: Place) -> Condition:
        kind = found.get("event")
        kinds = [each.value for each in EventKind]
        if not isinstance(kind, str) or kind not in kinds:
            self.fail((*place, "event"), self.unknown("event", kind, kinds))
        event = EventKind(kind)
        facts = {}
        for key, value in found.items():
            if key == "event":
                continue
            if key not in FACTS[event]:
                self.fail((*place, key), self.unknown(f"fact of “{kind}”", key, sorted(FACTS[event])))
            facts[key] = self.matcher(value, (*place, key))
            self.sayable(event, key, facts[key], (*place, key))
        return Condition(event, facts)

    def sayable(self, event: EventKind, fact: str, matcher: Matcher, place: Place) -> None:
        """Whether an event can ever have such a fact: of its kind, and one of its words where they are few."""
        if matcher.digest_of is not None:
            self.address(matcher.digest_of, place)
            return
        if matcher.at_least is not None or matcher.at_most is not None:
            if why := why_not_of_its_kind(fact, 0):
                self.fail(place, why)
            return
        words = words_of_fact(event, fact)
        if matcher.like is not None:
            if why := why_not_of_its_kind(fact, matcher.like):
                self.fail(place, why)
            if words and not any(fnmatchcase(word, matcher.like) for word in words):
                self.fail(place, self.unknown(fact, matcher.like, words))
            return
        for value in (matcher.equal, matcher.other_than, *matcher.one_of):
            if value is None:
                continue
            if why := why_not_of_its_kind(fact, value):
                self.fail(place, why)
            if words and value not in words:
                self.fail(place, self.unknown(fact, value, words))

    def address(self, text: str, place: Place) -> None:
        """Whether a text names an object, as far as that can be said without asking."""
        try:
            Address.parse(text)
        except BackendError as error:
            self.fail(place, str(error))

    def matcher(self, value: Any, place: Place) -> Matcher:
        if isinstance(value, str | int | bool):
            return Matcher(equal=value)
        table = self.table(value, place)
        if len(table) != 1:
            self.fail(place, f"A fact is a value, or a table with one of: {', '.join(_MATCHER)}.")
        self.known(table, _MATCHER, place)
        key, wanted = next(iter(table.items()))
        if key in ("at_least", "at_most"):
            if not isinstance(wanted, int) or isinstance(wanted, bool):
                self.fail(place, f"“{key}” takes a whole number.")
            return Matcher(at_least=wanted) if key == "at_least" else Matcher(at_most=wanted)
        if key == "one_of":
            if not isinstance(wanted, list) or not wanted or not all(isinstance(each, str | int) for each in wanted):
                self.fail(place, "“one_of” takes a list of values.")
            return Matcher(one_of=tuple(wanted))
        if key == "other_than":
            if not isinstance(wanted, str | int | bool):
                self.fail(place, "“other_than” takes a value.")
            return Matcher(other_than=wanted)
        if not isinstance(wanted, str):
            self.fail(place, f"“{key}” takes text.")
        return Matcher(like=wanted) if key == "like" else Matcher(digest_of=wanted)

    def hold(self, found: Mapping[str, Any], place: Place) -> Holds:
        self.known(found, ("reference", "is"), place)
        state = self.text(found, "is", place)
        if state not in STATES:
            self.fail(place, self.unknown("state", state, STATES))
        reference = self.text(found, "reference", place)
        self.address(reference, place)
        return Holds(reference, state)

    def show(self, show: Any, place: Place) -> Show:
        if not isinstance(show, str) or " " not in show:
            self.fail(place, f"Each entry of “show” is text, a verb and what: {', '.join(SHOWS)}.")
        do, what = show.split(" ", 1)
        if do not in SHOWS:
            self.fail(place, self.unknown("verb", do, SHOWS))
        what = what.strip()
        words = {"tab": TABS, "view": VIEWS}.get(do)
        if words is not None and what not in words:
            self.fail(place, self.unknown(do, what, words))
        if do in ("open", "select") and (why := why_no_target(what)):
            self.fail(place, why)
        return Show(do, what)

    def act(self, act: Any, place: Place) -> Act:
        table = self.table(act, place)
        do = self.text(table, "do", place)
        if do not in ACTS:
            self.fail((*place, "do"), self.unknown("act", do, ACTS))
        arguments: dict[str, Fact] = {}
        for key, value in table.items():
            if key in ("do", "label"):
                continue
            if key not in ACTS[do]:
                self.fail((*place, key), self.unknown(f"argument of “{do}”", key, ACTS[do]))
            if not isinstance(value, str | int | bool):
                self.fail((*place, key), f"“{key}” takes text, a number, true or false.")
            arguments[key] = value
        if isinstance(of := arguments.get("of"), str):
            self.address(of, (*place, "of"))
        missing = [key for key, needed in ACTS[do].items() if needed and key not in arguments]
        if missing:
            self.fail(place, f"“{do}” needs {', '.join(missing)}.")
        return Act(do, arguments, self.text(table, "label", place, needed=False))

    def text(self, table: Mapping[str, Any], key: str, place: Place, *, needed: bool = True) -> str:
        """Text of a lesson is its author's, and safe to show; line breaks are joined, empty lines kept."""
        value = table.get(key)
        if value is None and not needed:
            return ""
        if value is None:
            self.fail((*place, key), f"“{key}” is missing.")
        if not isinstance(value, str) or not value.strip():
            self.fail((*place, key), f"“{key}” is text in quotes, and not empty.")
        paragraphs = re.split(r"\n\s*\n", value.strip())
        return "\n\n".join(safe(" ".join(paragraph.split())) for paragraph in paragraphs)

    def texts(self, value: Any, place: Place) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.fail(place, f'“{place[-1]}” is a list of text: ["library/hello"].')
        return tuple(value)

    def table(self, value: Any, place: Place) -> Mapping[str, Any]:
        if not isinstance(value, dict):
            name = next(part for part in reversed(place) if isinstance(part, str))
            self.fail(place, f"“{name}” is a table: name = value pairs in braces, or below a line in brackets.")
        return value

    def tables(self, value: Any, place: Place) -> list[Mapping[str, Any]]:
        if not isinstance(value, list):
            self.fail(place, f"“{place[-1]}” is a list of tables.")
        return [self.table(each, (*place, number)) for number, each in enumerate(value)]

    def known(self, table: Mapping[str, Any], names: Iterable[str], place: Place) -> None:
        names = tuple(names)
        for key in table:
            if key not in names:
                self.fail((*place, key), self.unknown("name", key, names))

    def unknown(self, what: str, found: Any, names: Iterable[str]) -> str:
        """A sentence about a word that is not in the vocabulary, with the nearest one that is."""
        names = tuple(names)
        if found is None:
            return f"The {what} is missing. One of: {', '.join(names)}."
        near = difflib.get_close_matches(str(found), names, n=1)
        hint = f" Did you mean “{near[0]}”?" if near else f" One of: {', '.join(names)}."
        return f"Unknown {what} “{safe(str(found))}”.{hint}"


def words_of_fact(event: EventKind, fact: str) -> tuple[str, ...]:
    """The words that a fact of an event can be; none when it takes any text."""
    return _WORDS.get(event, {}).get(fact) or _NODE.get(fact, ())


def why_not_of_its_kind(fact: str, value: Any) -> str:
    """Why a value is not of the kind that a fact is: a sentence; "" when it is."""
    if fact in _BOOLEANS:
        return "" if isinstance(value, bool) else f"“{fact}” is true or false."
    if fact in _NUMBERS:
        return "" if isinstance(value, int) and not isinstance(value, bool) else f"“{fact}” is a whole number."
    return "" if isinstance(value, str) else f"“{fact}” is text in quotes."
