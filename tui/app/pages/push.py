"""A push as a page: its steps ticking, what is waited for, and how it ended. Plain data, fed with events."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from tui.app.pages.parts import blank, digest_value, heading, prose, value
from tui.app.pages.plan import difference
from tui.app.styled_text import Line, Lines, Role
from tui.compose.draft import LocalList
from tui.compose.events import (
    BytesMoved,
    Event,
    Notice,
    Outcome,
    PushResult,
    StepDone,
    StepFailed,
    StepStarted,
    Waiting,
)
from tui.compose.plan import DiffRow, Plan, Step, StepKind
from tui.text import duration, plural, safe, size


class State(StrEnum):
    """How far a step is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


_MARK: dict[State, tuple[str, Role]] = {
    State.WAITING: ("·", "dim"),
    State.RUNNING: ("", "checking"),
    State.DONE: ("✓", "good"),
    State.FAILED: ("✗", "bad"),
}
_BAR = 16


@dataclass(slots=True)
class Progress:
    """Everything that a push has said so far."""

    plan: Plan
    states: dict[int, State] = field(default_factory=dict)
    words: dict[int, str] = field(default_factory=dict)
    moved: dict[int, tuple[int, int]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    waits: dict[int, Waiting] = field(default_factory=dict)
    result: PushResult | None = None
    stopping: bool = False

    def take(self, event: Event) -> None:
        """One more event."""
        match event:
            case StepStarted(step):
                self.states[step.number] = State.RUNNING
            case StepDone(step, how):
                self.states[step.number] = State.DONE
                self.words[step.number] = how
                self.waits.pop(step.number, None)
            case StepFailed(step, sentence):
                self.states[step.number] = State.FAILED
                self.words[step.number] = sentence
            case BytesMoved(step, done, total):
                self.moved[step.number] = (done, total)
            case Waiting(step, seconds, _):
                number = step.number if step is not None else 0
                if seconds > 0:
                    self.waits[number] = event
                else:
                    self.waits.pop(number, None)
            case Notice(text, _):
                self.said.append(text)

    @property
    def done(self) -> int:
        """How many steps are done."""
        return sum(state is State.DONE for state in self.states.values())

    @property
    def bytes_done(self) -> int:
        """How many bytes of the copies have been sent."""
        return sum(done for done, _total in self.moved.values())

    def state(self, step: Step) -> State:
        """How far a step is."""
        return self.states.get(step.number, State.WAITING)


def progress_page(progress: Progress, spinner: str) -> Lines:
    """The page while it runs. `spinner` is the turning symbol of now."""
    plan = progress.plan
    lines = [_head(progress), blank()]
    for wait in progress.waits.values():
        left = duration(wait.seconds) if wait.seconds >= 1 else f"{wait.seconds:.1f} s"
        where = f" (step {wait.step.number})" if wait.step is not None else ""
        lines.append(Line(hang=2).put("◔ ", "warn").put(f"waiting {left}{where}: {wait.reason}", "warn"))
    if progress.waits:
        lines.append(blank())
    lines += [_step(progress, step, spinner) for step in plan.steps]
    if progress.said:
        lines += [blank(), heading("Log")]
        lines += [Line(hang=2).put("· ", "dim").put(text) for text in progress.said[-50:]]
    return Lines(lines)


def _head(progress: Progress) -> Line:
    plan = progress.plan
    line = Line(hang=2).put(f"{progress.done} of {plural(len(plan.steps), 'step')}", "title")
    if plan.bytes_to_copy:
        line.put(f"   {size(progress.bytes_done)} of {size(plan.bytes_to_copy)}", "label")
    if progress.stopping:
        line.put("   stopping…", "warn")
    return line


def _step(progress: Progress, step: Step, spinner: str, *, said: str = "") -> Line:
    """A step; what `said` tells already is not told again."""
    state = progress.state(step)
    mark, role = _MARK[state]
    line = Line(hang=7).put(f"{mark or spinner} ", role).put(f"{step.number:>3}. ", "number")
    line.put(step.title, "dim" if state is State.WAITING else "plain")
    done, total = progress.moved.get(step.number, (0, 0))
    if step.kind is StepKind.COPY and state is State.RUNNING and total:
        full = done * _BAR // total
        line.put("  ").put("━" * full, "good").put("·" * (_BAR - full), "dim").put(f" {size(done)} of {size(total)}")
    elif step.kind is StepKind.COPY:
        line.put(f", {size(step.size)}", "label")
    word = progress.words.get(step.number, "")
    if word and word.rstrip(".") not in said:
        line.put(f"  {word}", "bad" if state is State.FAILED else "dim")
    return line


_TITLES: dict[Outcome, tuple[str, Role]] = {
    Outcome.PUSHED: ("Done.", "good"),
    Outcome.DELETED: ("Done.", "good"),
    Outcome.UNCHANGED: ("Done.", "good"),
    Outcome.CONFLICT: ("Tag changed by someone else. Not pushed.", "warn"),
    Outcome.FAILED: ("Failed.", "bad"),
    Outcome.CANCELLED: ("Stopped.", "warn"),
    Outcome.UNVERIFIED: ("Sent, but not verified.", "warn"),
}


def result_page(
    progress: Progress,
    result: PushResult,
    *,
    theirs: tuple[DiffRow, ...] = (),
    mine: tuple[DiffRow, ...] = (),
    undo: str = "",
) -> Lines:
    """How it ended: the tag's digest, whole. `theirs` and `mine` are the two differences of a conflict, `undo` is the
    key that undoes a push."""
    title, role = _TITLES[result.outcome]
    place = _only_local(progress.plan)
    said = result.sentence.removeprefix(title).strip() if place is None or result.ok else _failures(progress)
    lines = [heading(title) if role == "good" else Line().put(title, role), blank()]
    lines += [prose(said), blank()] if said else []
    if place is None:
        lines.append(value("tag", safe(str(result.target)), "title"))
    if place is not None:  # nothing was asked of the registry: what its tag holds is not known
        lines.append(value("list", safe(place.name), "title"))
        lines.append(value("", "only in Docker's folder; registry not asked", "dim"))
    elif result.outcome is Outcome.CONFLICT:
        lines += _three(result)
    elif result.digest is not None and result.ok:
        lines.append(digest_value("holds", result.digest))
        if result.verified_at is not None:
            lines.append(value("", f"verified at {result.verified_at:%H:%M:%S}: read again and hashed", "dim"))
    elif not result.tag_known:
        lines.append(value("holds", "unknown: could not be read", "warn"))
    elif result.tag_holds is not None:
        lines.append(digest_value("holds", result.tag_holds))
    else:
        lines.append(value("holds", "no such tag"))
    if result.copyable:
        lines += [blank(), Line(fold="char").put(result.copyable, "digest")]
    if undo and result.outcome is Outcome.PUSHED and result.record and result.base not in (None, result.digest):
        lines += [blank(), Line().put(undo, "key-cap").put(" on the tag puts the old digest back.", "label")]
    if result.missing:
        lines += [blank(), heading("Missing in registry")]
        lines += [Line(hang=4, fold="char").put("  ").put(safe(each), "bad") for each in result.missing]
    lines += difference(theirs, "Changed by someone else")
    lines += difference(mine, "Conflicts with theirs")
    lines += [blank(), heading("Result")]
    lines += [_step(progress, step, "·", said=result.sentence) for step in progress.plan.steps]
    lines += [Line(hang=2).put("· ", "dim").put(text) for text in progress.said[-50:]]
    return Lines(lines)


def _only_local(plan: Plan) -> LocalList | None:
    """The list that a plan writes or removes, if it does nothing else."""
    places = [step.local_list for step in plan.steps]
    return places[0] if places and all(places) else None


def _failures(progress: Progress) -> str:
    """Why steps failed, without a word about a tag."""
    return " ".join(word for number, word in progress.words.items() if progress.states.get(number) is State.FAILED)


def _three(result: PushResult) -> list[Line]:
    lines = []
    for label, digest in (("planned on", result.base), ("theirs", result.theirs), ("yours", result.mine)):
        lines.append(digest_value(label, digest) if digest is not None else value(label, "no such tag"))
    return lines
