"""`fanfold create`: make a list and push it, for scripts. Stdout holds the digest alone; the rest goes to stderr."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from tui.commands.arguments import Options, UsageError, read_each
from tui.commands.writing import REFUSED, UNKNOWN, WRONG, Console, Stop, begin, open_for, tag_target, write
from tui.compose import edit as edits
from tui.compose.draft import Draft, Entry, TypeChoice
from tui.compose.edit import begin_new
from tui.compose.errors import ResolveError
from tui.compose.journal import Journal
from tui.compose.plan import Plan
from tui.compose.resolve import resolve_all
from tui.compose.service import DraftService
from tui.compose.validate import row_name
from tui.config import Settings
from tui.explore.inspector import Inspector
from tui.oci.errors import OciError
from tui.oci.platform import Platform
from tui.oci.reference import Reference, is_tag
from tui.sources.location import ObjectLocation
from tui.sources.spec import SourceSpec, locate, parse_source
from tui.text import safe


def run(options: Options, settings: Settings) -> int:
    target, *sources = options.words or [""]
    if options.amend and target and not (sources or _changes(options)):
        ways = "--remove, --platform, --annotation, --entry-annotation or --type"
        raise UsageError(f"Name what to change: a SOURCE, {ways}.")
    if not target or not (sources or options.amend):
        raise UsageError("Name a TARGET and at least one SOURCE.")
    console = begin(options, settings)
    specs = [parse_source(word) for word in options.words]
    annotations = dict(_pair(text, "--annotation takes") for text in options.annotation)
    of_entries = [
        (*read_each("--entry-annotation", Platform.parse, [platform]), *_pair(text, "--entry-annotation takes P and"))
        for platform, text in options.entry_annotation
    ]
    for tag in options.tag:
        if not is_tag(tag):
            raise UsageError(f"--tag takes the name of a tag, not “{tag}”.")
    work = run_create(
        settings,
        specs[0],
        specs[1:],
        amend=options.amend,
        remove=read_each("--remove", Platform.parse, options.remove),
        annotations=annotations,
        platforms=read_each("--platform", Platform.parse, options.platform),
        entry_annotations=of_entries,
        tags=tuple(options.tag),
        type=options.type,
        dry_run=options.dry_run,
        json=options.output == "json",
        console=console,
    )
    return asyncio.run(work)


def _changes(options: Options) -> bool:
    """Whether an amended list would be another one without any SOURCE."""
    named = (options.remove, options.platform, options.annotation, options.entry_annotation, options.type)
    return any(named)


def _pair(text: str, takes: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise UsageError(f"{takes} KEY=VALUE, not “{text}”.")
    return key, value


async def run_create(settings: Settings, target: SourceSpec, sources: Sequence[SourceSpec], **options: Any) -> int:
    """`create` with an engine of its own."""
    async with open_for(settings, (target, *sources)) as engine:
        return await create(engine.inspector, target.text, sources, **options)


async def create(
    inspector: Inspector,
    target: str,
    sources: Sequence[str | SourceSpec],
    *,
    amend: bool = False,
    remove: Sequence[Platform] = (),
    annotations: Mapping[str, str] | None = None,
    platforms: Sequence[Platform] = (),
    entry_annotations: Sequence[tuple[Platform, str, str]] = (),
    tags: Sequence[str] = (),
    type: str | None = None,
    dry_run: bool = False,
    json: bool = False,
    journal: Journal | None = None,
    console: Console | None = None,
) -> int:
    """Make the list and push it; gives the exit status: 0 done, 1 refused, 2 wrong usage, 3 could not be found out."""
    service = DraftService(inspector, journal=journal)
    console = console or Console()
    also: list[Plan] = []

    async def plan() -> Plan:
        draft = await _draft(service, tag_target(target), sources, amend, remove, dry_run)
        draft = _kept(draft, platforms)
        for platform, name, value in entry_annotations:
            for row in _rows(draft, platform, "annotate"):
                draft = edits.annotate_entry(draft, row.key, name, value)
        for name, value in (annotations or {}).items():
            draft = edits.annotate(draft, name, value)
        if type is not None:
            draft = edits.choose_type(draft, TypeChoice(type))
        for message in draft.messages:
            console.err((message, "plain"))
        made = await service.plan(draft, console.planning, dry_run=dry_run, count_referrers=False)
        if made.ready:
            also.extend(await service.plan_tags_more(made, tags))
        return made

    return await write(service, target, plan, dry_run=dry_run, json=json, also=also, console=console)


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
        raise Stop(REFUSED, f"Cannot write to {safe(target.registry)}: {refusal}")
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


def _rows(draft: Draft, platform: Platform, what: str) -> tuple[Entry, ...]:
    """The rows of a platform. Raises Stop when there is none."""
    rows = edits.find(draft, platform)
    if not rows:
        held = ", ".join(row_name(entry) for entry in draft.images) or "nothing"
        raise Stop(REFUSED, f"No {platform} to {what}: the list holds {held}.")
    return rows


def _kept(draft: Draft, platforms: Sequence[Platform]) -> Draft:
    """Only these platforms, with their attestations; all when none is named."""
    wanted = {row.key for platform in platforms for row in _rows(draft, platform, "keep")}
    for row in draft.images if platforms else ():
        if row.key not in wanted:
            draft = edits.remove(draft, row.key)
    return draft


def _removed(draft: Draft, remove: Sequence[Platform]) -> Draft:
    for platform in remove:
        rows = _rows(draft, platform, "remove")
        if len(rows) > 1 and len({entry.platform for entry in rows}) > 1:
            several = ", ".join(row_name(entry) for entry in rows)
            raise Stop(REFUSED, f"Ambiguous platform {platform}: {several}. Write it in full.")
        for row in rows:
            draft = edits.remove(draft, row.key)
    return draft


def _stop_for(failed: Sequence[ResolveError]) -> None:
    """Every source that gave nothing is named at once; one that is certainly wrong decides the status."""
    if failed:
        status = UNKNOWN if all(error.undetermined for error in failed) else REFUSED
        raise Stop(status, *(error.sentence for error in failed))
