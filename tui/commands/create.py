"""`fanfold create`: make a list and push it, for scripts. Stdout holds the digest alone; the rest goes to stderr."""

from __future__ import annotations

import asyncio
import json as json_values
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Any

from tui.commands.arguments import Options, UsageError
from tui.commands.output import err, out, say, write_what_fits
from tui.compose import edit as edits
from tui.compose.draft import Draft, TypeChoice
from tui.compose.edit import begin_new
from tui.compose.errors import ComposeError, ResolveError
from tui.compose.events import BytesMoved, Event, Notice, PushResult, StepDone, StepFailed, Waiting
from tui.compose.journal import Journal
from tui.compose.plan import Plan, to_json, to_text
from tui.compose.resolve import resolve_all
from tui.compose.service import DraftService
from tui.compose.validate import Problem, row_name
from tui.config import Settings
from tui.engine import open_engine
from tui.explore.inspector import Inspector
from tui.oci.errors import OciError
from tui.oci.platform import Platform
from tui.oci.reference import Reference
from tui.sources.location import ObjectLocation
from tui.sources.spec import SourceSpec, locate, parse_source
from tui.text import safe, size

DONE, REFUSED, WRONG, UNKNOWN = 0, 1, 2, 3
_USAGE = frozenset({"target-has-digest", "target-without-tag", "empty"})


class Stop(Exception):
    """Ends the command with sentences for stderr and an exit status; nothing was written."""

    def __init__(self, status: int, *sentences: str) -> None:
        super().__init__(*sentences)
        self.status = status
        self.sentences = sentences


def run(options: Options, settings: Settings) -> int:
    target, *sources = options.words or [""]
    if not target or not (sources or (options.amend and (options.remove or options.annotation or options.type))):
        raise UsageError("Name a TARGET and at least one SOURCE.")
    if settings.read_only and not options.dry_run:
        raise UsageError("--read-only forbids pushing; add --dry-run to see what would be done.")
    specs = [parse_source(word) for word in options.words]
    annotations: dict[str, str] = {}
    for text in options.annotation:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise UsageError(f"--annotation takes KEY=VALUE, not “{text}”.")
        annotations[key] = value
    write_what_fits(ascii_only=settings.ascii, json=options.json)
    work = run_create(
        settings,
        specs[0],
        specs[1:],
        amend=options.amend,
        remove=tuple(Platform.parse(text) for text in options.remove),
        annotations=annotations,
        type=options.type,
        dry_run=options.dry_run,
        json=options.json,
    )
    return asyncio.run(work)


async def run_create(settings: Settings, target: SourceSpec, sources: Sequence[SourceSpec], **options: Any) -> int:
    """`create` with an engine of its own."""
    async with aclosing(open_engine(settings)) as engine:
        engine.speak(say)
        for spec in (target, *sources):
            engine.heed(spec)
        return await create(engine.inspector, target.text, sources, **options)


async def create(
    inspector: Inspector,
    target: str,
    sources: Sequence[str | SourceSpec],
    *,
    amend: bool = False,
    remove: Sequence[Platform] = (),
    annotations: Mapping[str, str] | None = None,
    type: str | None = None,
    dry_run: bool = False,
    json: bool = False,
    journal: Journal | None = None,
) -> int:
    """Make the list and push it; gives the exit status: 0 done, 1 refused, 2 wrong usage, 3 could not be found out."""
    service = DraftService(inspector, journal=journal)
    try:
        reference = _target(target)
        draft = await _draft(service, reference, sources, amend, remove, dry_run)
        for name, value in (annotations or {}).items():
            draft = edits.annotate(draft, name, value)
        if type is not None:
            draft = edits.choose_type(draft, TypeChoice(type))
        for message in draft.messages:
            err(message)
        plan = await service.plan(draft, dry_run=dry_run, count_referrers=False)
        if dry_run:
            out(json_values.dumps(to_json(plan), indent=2, ensure_ascii=False) if json else to_text(plan))
        for problem in plan.problems:
            err(problem.message)
        if not plan.ready:
            status = _status(plan.problems)
            if json and not dry_run:
                _refused(str(reference), status, [problem.message for problem in plan.problems], plan)
            return status
        for warning in plan.warnings:
            err(warning)
        return DONE if dry_run else await _push(plan, service, json)
    except Stop as stop:
        status, sentences = stop.status, list(stop.sentences)
    except ResolveError as error:
        status, sentences = UNKNOWN if error.undetermined else REFUSED, [error.sentence]
    except ComposeError as error:
        status, sentences = REFUSED, [error.sentence]
    except OciError as error:
        status, sentences = WRONG, [str(error)]
    for sentence in sentences:
        err(sentence)
    if json and status != WRONG:
        _refused(safe(target), status, sentences)
    return status


def _target(text: str) -> Reference:
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


async def _draft(
    service: DraftService,
    target: Reference,
    named: Sequence[str | SourceSpec],
    amend: bool,
    remove: Sequence[Platform],
    dry_run: bool,
) -> Draft:
    try:
        sources = [ObjectLocation(*locate(each), each if isinstance(each, str) else each.text) for each in named]
    except OciError as error:
        raise Stop(WRONG, str(error)) from None
    refusal = service.inspector.why_read_only(target.registry)
    if refusal and not dry_run:  # a dry run writes nothing: its plan says the same, and all else
        raise Stop(REFUSED, f"Nothing can be written to {safe(target.registry)}: {refusal}")
    if amend:
        draft = await service.amend_tag(target)
        draft = _removed(draft, remove)
        found = await resolve_all(service.inspector, sources)
        _stop_for([each for each in found if isinstance(each, ResolveError)])
        good = [each for each in found if not isinstance(each, ResolveError)]
        draft = edits.add(draft, [entry for each in good for entry in each.entries])
        return draft.with_messages(*(note for each in good for note in each.notes))
    draft, failed = await begin_new(service.inspector, target, sources)
    _stop_for(failed)
    return _removed(draft, remove)


def _removed(draft: Draft, remove: Sequence[Platform]) -> Draft:
    for platform in remove:
        rows = edits.find(draft, str(platform))
        if not rows:
            held = ", ".join(row_name(entry) for entry in draft.images) or "nothing"
            raise Stop(REFUSED, f"There is no {platform} to remove: the list holds {held}.")
        if len(rows) > 1 and len({entry.platform for entry in rows}) > 1:
            several = ", ".join(row_name(entry) for entry in rows)
            raise Stop(REFUSED, f"{platform} is ambiguous: it could be {several}. Write the one that is meant, whole.")
        for row in rows:
            draft = edits.remove(draft, row.key)
    return draft


def _stop_for(failed: Sequence[ResolveError]) -> None:
    """Every source that gave nothing is named at once; one that is certainly wrong decides the status."""
    if failed:
        status = UNKNOWN if all(error.undetermined for error in failed) else REFUSED
        raise Stop(status, *(error.sentence for error in failed))


def _status(problems: Sequence[Problem]) -> int:
    stopping = [problem for problem in problems if problem.stops]
    if all(problem.undetermined for problem in stopping):
        return UNKNOWN
    return WRONG if any(problem.code in _USAGE for problem in stopping) else REFUSED


async def _push(plan: Plan, service: DraftService, json: bool) -> int:
    run = service.push(plan, _Progress())
    try:
        result = await run.run()
    except asyncio.CancelledError:
        if run.result is not None:
            err(run.result.sentence)
        raise
    err(result.sentence)
    if not result.ok:
        status = UNKNOWN if result.undetermined else REFUSED
        if json:
            _refused(str(result.target), status, [result.sentence], plan, str(result.outcome))
        return status
    if json:
        out(json_values.dumps(_result(plan, result), indent=2, ensure_ascii=False))
    else:
        out(str(result.digest))
    return DONE


def _refused(reference: str, status: int, messages: Sequence[str], plan: Plan | None = None, outcome: str = "") -> None:
    """The document of a create that did not end as it should: no digest, and why. The keys that it shares with the
    outcome of one that did come in the same order."""
    document = {
        "reference": reference,
        "digest": None,
        "mediaType": plan.media_type if plan is not None else None,
        "before": plan.before if plan is not None else None,
        "outcome": outcome or ("undetermined" if status == UNKNOWN else "refused"),
        "messages": list(messages),
    }
    out(json_values.dumps(document, indent=2, ensure_ascii=False))


def _result(plan: Plan, result: PushResult) -> dict[str, Any]:
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


class _Progress:
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
