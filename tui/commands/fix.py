"""`fanfold fix`: bring back what is missing below an image, or below all tags of a repository, so that no digest
changes and no tag moves; then check again. The plan goes to stderr first; as with `create`, the command is the yes."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from tui.commands.arguments import Options, UsageError, read_each
from tui.commands.check_queue import check_node
from tui.commands.output import err, out
from tui.commands.progress import CheckLine
from tui.commands.writing import DONE, REFUSED, UNKNOWN, Console, Progress, begin, open_for, status_of
from tui.compose.fix import is_whole, places_in, search_is_open, tags_of, undetermined
from tui.compose.journal import Journal
from tui.compose.plan import LACKING, Plan, to_json
from tui.compose.service import DraftService
from tui.config import Settings
from tui.engine import Engine
from tui.explore.choice import Choice
from tui.explore.report import Report, exit_status, worst_exit_status
from tui.oci.canonical_json import json_text
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.reference import Reference
from tui.sources.base import SourceError
from tui.sources.location import RepositoryLocation
from tui.sources.spec import SourceSpec, parse_source
from tui.text import safe, with_keys

#: Of so many tags that stay broken it is found out whether recreating them would help.
_OUTLOOKS = 3


def run(options: Options, settings: Settings) -> int:
    if len(options.words) != 1:
        raise UsageError("Name one SOURCE: an image, or a repository for all its tags.")
    source = parse_source(options.words[0])
    if source.registry is None or source.repository is None:
        raise UsageError("Name an image or a repository in a registry: others cannot be fixed.")
    console = begin(options, settings)
    places = read_each("--from", parse_source, options.places)
    work = run_fix(
        settings,
        source,
        places,
        search_catalog=options.search_catalog,
        dry_run=options.dry_run,
        json=options.output == "json",
        console=console,
    )
    return asyncio.run(work)


async def run_fix(settings: Settings, source: SourceSpec, places: Sequence[SourceSpec], **options: Any) -> int:
    """`fix` with an engine of its own."""
    async with open_for(settings, (source, *places)) as engine:
        return await fix(engine, source, places, **options)


async def fix(
    engine: Engine,
    source: SourceSpec,
    places: Sequence[SourceSpec] = (),
    *,
    search_catalog: bool = False,
    dry_run: bool = False,
    json: bool = False,
    journal: Journal | None = None,
    console: Console | None = None,
) -> int:
    """Fix what a source names; gives the exit status: 0 all is there, 1 something stays missing, 3 undetermined."""
    service = DraftService(engine.inspector, journal=journal)
    console = console or Console()
    run = _Fix(engine, service, source, json, console)
    try:
        targets, note = await _targets(service, source)
        where, notes = await places_in(engine.inspector, places)
        catalog: list[RepositoryLocation] = []
        if search_catalog:
            catalog, more = await places_in(engine.inspector, [parse_source(f"{source.registry}/")])
            notes += more
        for text in (note, *notes):
            if text:
                run.say(text)
        run.searched = search_catalog
        plan = await service.plan_fix(targets, console.planning, places=where, catalog=catalog, dry_run=dry_run)
    except SourceError as error:
        run.say(error.sentence)
        return run.end(UNKNOWN if error.presence.undetermined else REFUSED)
    except OciError as error:
        run.say(str(error))
        return run.end(REFUSED)
    finally:
        console.line.hide()
    status = await (run.only_plan(plan) if dry_run else run.push(plan))
    return UNKNOWN if status == DONE and note else status


async def _targets(service: DraftService, source: SourceSpec) -> tuple[list[Reference], str]:
    """The image that was named, else every tag of the repository, and why those are not all."""
    reference = Reference.from_input(source.text)
    if source.explicit:
        return [reference], ""
    targets, note = await tags_of(service.inspector, reference)
    if not targets and not note:
        note = f"{safe(source.text)} has no tags."
    return targets or [reference], note


class _Fix:
    """One run of the command, and what its JSON document will hold."""

    def __init__(self, engine: Engine, service: DraftService, source: SourceSpec, json: bool, console: Console) -> None:
        self._engine, self._service, self._json, self._console = engine, service, json, console
        self._reference = safe(source.text, limit=600)
        self._messages: list[str] = []
        self._plan: Plan | None = None
        self._written: tuple[Digest, ...] = ()
        self._reports: list[Report] = []
        self.searched = False
        """Whether the whole catalog was looked in."""

    def say(self, text: str) -> None:
        self._messages.append(text)
        self._console.err((text, "plain"))

    async def only_plan(self, plan: Plan) -> int:
        out(json_text(to_json(plan), indent=2) if self._json else self._console.plan(plan, sys.stdout))
        await self._tell_problems(plan, said=not self._json)
        return _status(plan)

    async def push(self, plan: Plan) -> int:
        """Write what the plan says, check again, tell."""
        self._plan = plan
        if not plan.ready:
            for problem in plan.problems:
                self.say(problem.message)
            return self.end(status_of(plan.problems))
        if not plan.steps:
            self.say(plan.confirmation)
            await self._tell_problems(plan)
            return self.end(_status(plan))
        err(self._console.plan(plan, sys.stderr))
        push = self._service.push(plan, Progress(self._console, (plan,)))
        try:
            result = await push.run()
        except asyncio.CancelledError:
            if push.result is not None:
                self._console.err((push.result.sentence, "plain"))
            raise
        finally:
            self._console.line.hide()
        self._written = result.written
        self.say(result.sentence)
        self._messages += plan.warnings
        status = await self._check_again(plan)
        if not result.ok:
            status = worst_exit_status([status, UNKNOWN if result.undetermined else REFUSED])
        if status != DONE:
            await self._tell_problems(plan, said=True)
        return self.end(status)

    async def _check_again(self, plan: Plan) -> int:
        """Ask for everything below the tags that were broken, as if nothing were known."""
        inspector = self._engine.inspector
        inspector.forget_location(RepositoryLocation.of(plan.target))
        statuses = []
        for target in _targets_of(plan):
            try:
                node = await self._engine.open(parse_source(str(target)))
            except SourceError as error:
                self.say(error.sentence)
                statuses.append(UNKNOWN)
                continue
            progress = CheckLine(self._engine)
            try:
                report = await check_node(self._engine, node, Choice())
            finally:
                progress.close()
            self._reports.append(report)
            statuses.append(exit_status(report))
            self.say(f"{safe(str(target))}: {report.verdict.sentence}")
            if target == plan.target and target.digest is None and report.digest not in (None, plan.digest):
                self.say(f"{safe(str(target))} was changed by someone else; fixed {plan.digest}.")
        return worst_exit_status(statuses)

    async def _tell_problems(self, plan: Plan, *, said: bool = False) -> None:
        """Name what cannot be had, unless the plan that was printed `said` so, and what would help."""
        for problem in plan.problems:
            if said:
                self._messages.append(problem.message)
            else:
                self.say(problem.message)
        if search_is_open(plan) and not self.searched:
            self.say(f"--search-catalog searches every repository that {safe(plan.target.registry)} lists.")
        if is_whole(plan) or undetermined(plan):
            return
        for target in _targets_of(plan)[:_OUTLOOKS]:
            outlook = await self._service.recreate_outlook(target, plan.lacking)
            if outlook:
                self.say(with_keys(outlook))

    def end(self, status: int) -> int:
        if self._json:
            out(json_text(self._document(status), indent=2))
        return status

    def _document(self, status: int) -> dict[str, Any]:
        plan = self._plan
        words = {DONE: "whole", REFUSED: "incomplete"}
        return {
            "reference": self._reference,
            "digest": plan.digest if plan is not None else None,
            "outcome": words.get(status, "undetermined"),
            "tags": [target.selector for target in _targets_of(plan)] if plan is not None else [],
            "written": list(self._written),
            "lacking": [
                {"digest": each.digest, "kind": each.kind, "platforms": list(each.platforms), "detail": each.detail}
                for each in (plan.objects if plan is not None else ())
                if each.how in LACKING
            ],
            "checks": [report.to_json() for report in self._reports],
            "messages": self._messages,
        }


def _targets_of(plan: Plan) -> list[Reference]:
    first = plan.target
    return [first, *(first.with_tag(tag) for tag in plan.tags)]


def _status(plan: Plan) -> int:
    """How things stand once the plan has run, as far as planning can tell."""
    if is_whole(plan):
        return DONE
    return UNKNOWN if undetermined(plan) else REFUSED
