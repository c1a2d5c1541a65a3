"""What all commands that write share: a plan is made, printed or run, and its end is told. Stdout holds the result
alone, the digest or a JSON document; the rest goes to stderr.

The command is the yes: nothing is asked. `--dry-run` prints the plan and writes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from tui.commands.output import err, out
from tui.compose.errors import ComposeError, ResolveError
from tui.compose.events import BytesMoved, Event, Notice, PushResult, StepDone, StepFailed, Waiting
from tui.compose.plan import Plan, to_json, to_text
from tui.compose.service import DraftService
from tui.compose.validate import Problem
from tui.oci.canonical_json import json_text
from tui.oci.errors import OciError
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.text import safe, size

DONE, REFUSED, WRONG, UNKNOWN = 0, 1, 2, 3
_USAGE = frozenset({"target-has-digest", "target-without-tag", "empty"})


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
) -> int:
    """Make a plan and run it, and with it those of further tags, which `make` may put into `also`; gives the exit
    status: 0 done, 1 refused, 2 wrong usage, 3 could not be found out."""
    try:
        plan = await make()
        if dry_run:
            tags = {"tags": [_planned(each) for each in also]} if also else {}
            out(json_text({**to_json(plan), **tags}, indent=2) if json else to_text(plan))
        problems = [problem for each in (plan, *also) for problem in each.problems]
        for problem in problems:
            err(problem.message)
        if not all(each.ready for each in (plan, *also)):
            status = status_of(problems)
            if json and not dry_run:
                refused(str(plan.target), status, [problem.message for problem in problems], plan)
            return status
        for warning in dict.fromkeys(warning for each in (plan, *also) for warning in each.warnings):
            err(warning)
        for each in also if dry_run else ():
            err(f"Also pushes to {safe(str(each.target))}.")
        return DONE if dry_run else await push(plan, service, json, also)
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


async def push(plan: Plan, service: DraftService, json: bool, also: Sequence[Plan] = ()) -> int:
    """Run a plan, tell how it goes on stderr, and give the exit status. What is printed comes once, at the end."""
    run = service.push(plan, Progress(), also)
    try:
        result = await run.run()
    except asyncio.CancelledError:
        if run.result is not None:
            err(run.result.sentence)
        raise
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


class Progress:
    """Events as lines on stderr; a wait and a long copy are told now and then, not each second."""

    def __init__(self) -> None:
        self._waited = 0.0
        self._told: dict[int, int] = {}

    def __call__(self, event: Event) -> None:
        match event:
            case StepDone(step, how):
                err(f"{step.number:>3}. {step.title}: {how}")
            case StepFailed(step, sentence):
                err(f"{step.number:>3}. {step.title}: {sentence}")
            case Notice(text, _):
                err(f"     {text}")
            case Waiting(_, seconds, reason) if seconds > 0.0:
                if seconds > self._waited or self._waited - seconds >= 10:
                    err(f"     waiting {seconds:.0f} s: {reason}")
                    self._waited = seconds
            case Waiting():
                self._waited = 0.0
            case BytesMoved(step, done, total):
                tenth = done * 10 // total if total else 10
                if total > 10_000_000 and tenth > self._told.get(step.number, -1):
                    self._told[step.number] = tenth
                    err(f"     {step.title}: {size(done)} of {size(total)}")
            case _:
                pass
