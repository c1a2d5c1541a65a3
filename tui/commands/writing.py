"""What all commands that write share: a plan is made, printed or run, and its end is told. Stdout holds the result
alone, the digest or a JSON document; the rest goes to stderr.

The command is the yes: nothing is asked. `--dry-run` prints the plan and writes nothing.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any, TextIO

from tui.commands.arguments import Options, UsageError
from tui.commands.output import can_draw, err, is_terminal, out, say, terminal_width, write_what_fits
from tui.commands.plan_text import plan_text
from tui.commands.printing import wants_colour
from tui.commands.progress import StatusLine
from tui.compose.errors import ComposeError, ResolveError
from tui.compose.events import BytesMoved, Event, Notice, PushResult, StepDone, StepFailed, Waiting
from tui.compose.plan import Plan, Step, to_json
from tui.compose.service import DraftService
from tui.compose.validate import Problem
from tui.config import Settings
from tui.engine import Engine, open_engine
from tui.explore.cells import glyphs
from tui.formats.paint import Piece, painted
from tui.formats.writer import Sheet
from tui.oci.canonical_json import json_text
from tui.oci.errors import OciError
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.sources.presence import Presence
from tui.sources.spec import SourceSpec
from tui.text import plural, safe, size

DONE, REFUSED, WRONG, UNKNOWN = 0, 1, 2, 3
_USAGE = frozenset({"target-has-digest", "target-without-tag", "empty"})


def begin(options: Options, settings: Settings) -> Console:
    """What each of them does first. Raises UsageError where nothing may be written."""
    if settings.read_only and not options.dry_run:
        raise UsageError("--read-only forbids writing; --dry-run shows the plan.")
    write_what_fits(ascii_only=settings.ascii, form=options.output)
    return Console(options.color, ascii_only=settings.ascii)


@asynccontextmanager
async def open_for(settings: Settings, specs: Iterable[SourceSpec]) -> AsyncIterator[Engine]:
    """An engine that asks these sources as they were typed; what it has to say goes to stderr."""
    async with aclosing(open_engine(settings)) as engine:
        engine.speak(say)
        for spec in specs:
            engine.heed(spec)
        yield engine


class Stop(Exception):
    """Ends the command with sentences for stderr and an exit status; nothing was written."""

    def __init__(self, status: int, *sentences: str) -> None:
        super().__init__(*sentences)
        self.status = status
        self.sentences = sentences


def tag_target(text: str) -> Reference:
    """The tag that somebody names to write to. Raises Stop."""
    try:
        reference = Reference.from_input(text)
    except OciError as error:
        raise Stop(WRONG, f"The target: {error}") from None
    if reference.digest is not None:
        raise Stop(
            WRONG,
            f"The target {safe(text)} names a digest, and what a digest names can never change. Name a tag.",
        )
    return reference


async def write(
    service: DraftService,
    target: str,
    make: Callable[[], Awaitable[Plan]],
    *,
    dry_run: bool,
    json: bool,
    also: Sequence[Plan] = (),
    console: Console | None = None,
) -> int:
    """Make a plan and run it, and with it those of further tags, which `make` may put into `also`; gives the exit
    status: 0 done, 1 refused, 2 wrong usage, 3 could not be found out."""
    console = console or Console()
    try:
        try:
            plan = await make()
        finally:
            console.line.hide()
        if dry_run:
            tags = {"tags": [_planned(each) for each in also]} if also else {}
            out(json_text({**to_json(plan), **tags}, indent=2) if json else console.plan(plan, sys.stdout))
        problems = [problem for each in (plan, *also) for problem in each.problems]
        # Whoever reads the plan on a terminal has read there what is wrong with it.
        told = (plan,) if dry_run and not json and is_terminal(sys.stdout) else ()
        for problem in problems:
            if not any(problem in each.problems for each in told):
                err(problem.message)
        if not all(each.ready for each in (plan, *also)):
            status = status_of(problems)
            if json and not dry_run:
                refused(str(plan.target), status, [problem.message for problem in problems], plan)
            return status
        for warning in dict.fromkeys(warning for each in (plan, *also) for warning in each.warnings):
            if not any(warning in each.warnings for each in told):
                err(warning)
        for each in also if dry_run else ():
            err(f"Also pushes to {safe(str(each.target))}.")
        return DONE if dry_run else await push(plan, service, console, json, also)
    except Stop as stop:
        status, sentences = stop.status, list(stop.sentences)
    except ResolveError as error:
        status, sentences = UNKNOWN if error.undetermined else REFUSED, [error.sentence]
    except SourceError as error:
        status, sentences = UNKNOWN if error.presence.undetermined else REFUSED, [error.sentence]
    except ComposeError as error:
        status, sentences = REFUSED, [error.sentence]
    except OciError as error:
        status, sentences = WRONG, [str(error)]
    for sentence in sentences:
        err(sentence)
    if json and status != WRONG:
        refused(safe(target), status, sentences)
    return status


def status_of(problems: Sequence[Problem]) -> int:
    stopping = [problem for problem in problems if problem.stops]
    if all(problem.undetermined for problem in stopping):
        return UNKNOWN
    return WRONG if any(problem.code in _USAGE for problem in stopping) else REFUSED


async def push(plan: Plan, service: DraftService, console: Console, json: bool, also: Sequence[Plan] = ()) -> int:
    """Run a plan, tell how it goes on stderr, and give the exit status. What is printed comes once, at the end."""
    run = service.push(plan, Progress(console, (plan, *also)), also)
    try:
        result = await run.run()
    except asyncio.CancelledError:
        if run.result is not None:
            console.err((run.result.sentence, "plain"))
        raise
    finally:
        console.line.hide()
    for each in (result, *result.others):
        err(each.sentence)
    tags = _tags(also, result.others)
    if not result.ok:
        status = UNKNOWN if result.undetermined else REFUSED
        if json:
            refused(str(result.target), status, [result.sentence], plan, str(result.outcome), tags)
        return status
    if json:
        out(json_text({**result_document(plan, result), **tags}, indent=2))
    elif result.digest is not None:
        out(str(result.digest))
    bad = [each for each in result.others if not each.ok]
    if not bad and len(result.others) == len(also):
        return DONE
    return UNKNOWN if bad and all(each.undetermined for each in bad) else REFUSED


def _planned(plan: Plan) -> dict[str, Any]:
    return {"reference": str(plan.target), "before": plan.before}


def _tags(plans: Sequence[Plan], results: Sequence[PushResult]) -> dict[str, Any]:
    """How it went with every further tag; nothing where there was none."""
    ends = {result.target: result for result in results}

    def one(plan: Plan) -> dict[str, Any]:
        end = ends.get(plan.target)
        return {
            **_planned(plan),
            "digest": end.digest if end is not None and end.ok else None,
            "outcome": str(end.outcome) if end is not None else "not started",
            "message": end.sentence if end is not None else "",
        }

    return {"tags": [one(plan) for plan in plans]} if plans else {}


def refused(
    reference: str,
    status: int,
    messages: Sequence[str],
    plan: Plan | None = None,
    outcome: str = "",
    more: Mapping[str, Any] | None = None,
) -> None:
    """The document of a write that did not end as it should: no digest, and why. The keys that it shares with the
    outcome of one that did come in the same order."""
    document = {
        "reference": reference,
        "digest": None,
        "mediaType": plan.media_type if plan is not None else None,
        "before": plan.before if plan is not None else None,
        "outcome": outcome or ("undetermined" if status == UNKNOWN else "refused"),
        "messages": list(messages),
        **(more or {}),
    }
    out(json_text(document, indent=2))


def result_document(plan: Plan, result: PushResult) -> dict[str, Any]:
    return {
        "reference": str(result.target),
        "digest": result.digest,
        "mediaType": plan.media_type,
        "before": plan.before,
        "outcome": str(result.outcome),
        "platforms": list(dict.fromkeys(name for each in plan.objects for name in each.platforms)),
        "mounted": sum(step.kind == "mount" for step in plan.steps),
        "copied": sum(step.kind == "copy" for step in plan.steps),
        "bytesToCopy": plan.bytes_to_copy,
        "requests": {"planning": plan.asked, "push": plan.requests},
        "warnings": list(plan.warnings),
    }


class Console:
    """What the commands that write show of their work: the plan, each step, and one line that tells how far it is."""

    def __init__(self, colour: str = "auto", *, ascii_only: bool = False) -> None:
        self._colour, self.ascii_only = colour, ascii_only
        self.line = StatusLine(ascii_only=ascii_only)

    def plan(self, plan: Plan, stream: TextIO) -> str:
        """The plan, for whoever reads this stream."""
        ascii_only = self.ascii_only or not can_draw(stream)
        return plan_text(plan, Sheet(terminal_width(stream), wants_colour(self._colour, stream), ascii_only))

    def planning(self, text: str) -> None:
        """What planning is at; only the line tells it."""
        self.line.show(f"planning: {text}")

    def err(self, *pieces: Piece) -> None:
        """A line on stderr, in colours where somebody looks."""
        self.line.hide()
        err(painted(pieces, colour=wants_colour(self._colour, sys.stderr), ascii_only=self.ascii_only))


class Progress:
    """Events as lines on stderr; a wait and a long copy are told now and then, not each second. On a terminal each step
    has a mark, and a line below them says how many of `steps`, and of how many bytes, are done."""

    def __init__(self, console: Console, plans: Sequence[Plan]) -> None:
        self._console = console
        self._steps = sum(len(plan.steps) for plan in plans)
        self._bytes = sum(plan.bytes_to_copy for plan in plans)
        self._done = 0
        self._moved: dict[int, int] = {}
        self._waited = 0.0
        self._told: dict[int, int] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case StepDone(step, how):
                self._done += 1
                self._step(step, how, Presence.PRESENT, "good")
            case StepFailed(step, sentence):
                self._step(step, sentence, Presence.MISSING, "bad")
            case Notice(text, _):
                self._console.err((f"     {text}", "plain"))
            case Waiting(_, seconds, reason) if seconds > 0.0:
                if seconds > self._waited or self._waited - seconds >= 10:
                    self._console.err((f"     waiting {seconds:.0f} s: {reason}", "warn"))
                    self._waited = seconds
            case Waiting():
                self._waited = 0.0
            case BytesMoved(step, done, total):
                self._moved[step.number] = done
                tenth = done * 10 // total if total else 10
                if not self._console.line.on and total > 10_000_000 and tenth > self._told.get(step.number, -1):
                    self._told[step.number] = tenth
                    err(f"     {step.title}: {size(done)} of {size(total)}")
            case _:
                pass
        self._console.line.show(self._words())

    def _step(self, step: Step, how: str, presence: Presence, role: str) -> None:
        mark = f"{glyphs(self._console.ascii_only).still(presence)} " if self._console.line.on else ""
        self._console.err((mark, role), (f"{step.number:>3}. ", "dim"), (f"{step.title}: ", "plain"), (how, role))

    def _words(self) -> str:
        moved = f"  {size(sum(self._moved.values()))} of {size(self._bytes)}" if self._bytes else ""
        return f"{self._done:,} of {plural(self._steps, 'step')}{moved}"
