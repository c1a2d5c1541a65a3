"""`fanfold copy`, `tag`, `delete` and `undo`: the plans of the screen's capitals, for scripts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tui.commands.arguments import Options, UsageError
from tui.commands.writing import REFUSED, Console, Stop, begin, open_for, tag_target, write
from tui.compose.journal import Journal
from tui.compose.plan import Plan
from tui.compose.service import DraftService
from tui.config import Settings
from tui.explore.inspector import Inspector
from tui.oci.reference import Reference
from tui.sources.spec import SourceSpec, parse_source
from tui.text import safe


def run(command: str, options: Options, settings: Settings) -> int:
    """Read the words of one of the four, and carry it out."""
    words: list[str] = options.words
    wanted = {"copy": "a SOURCE and a TARGET", "tag": "a SOURCE and a TAG"}.get(command, "one TARGET")
    if len(words) != 1 + wanted.count(" and "):
        raise UsageError(f"Name {wanted}.")
    console = begin(options, settings)
    specs = [parse_source(word) for word in (words[:1] if command == "tag" else words)]
    if specs[-1].registry is None or (command != "copy" and not specs[0].explicit):
        what = "a tag" if command in ("copy", "undo") else "a tag or a digest"
        raise UsageError(f"{safe(specs[-1].text, limit=200)}: name {what} in a registry.")
    if command == "tag":
        Reference.from_input(words[0]).with_tag(words[1])  # what is no tag is refused before anything is asked
    if command == "delete" and not (options.yes or options.dry_run):
        raise UsageError("Deleting may be final: --dry-run previews what breaks, --yes deletes.")
    return asyncio.run(_run(command, settings, specs, words, options, console))


async def _run(
    command: str,
    settings: Settings,
    specs: Sequence[SourceSpec],
    words: Sequence[str],
    options: Options,
    console: Console,
) -> int:
    async with open_for(settings, specs) as engine:
        referrers = command == "copy" and options.referrers
        return await carry_out(
            engine.inspector,
            command,
            words,
            referrers=referrers,
            dry_run=options.dry_run,
            json=options.output == "json",
            console=console,
        )


async def carry_out(
    inspector: Inspector,
    command: str,
    words: Sequence[str],
    *,
    referrers: bool = False,
    dry_run: bool = False,
    json: bool = False,
    journal: Journal | None = None,
    console: Console | None = None,
) -> int:
    """Plan it and run it; gives the exit status: 0 done, 1 refused, 2 wrong usage, 3 could not be found out."""
    service = DraftService(inspector, journal=journal)
    console = console or Console()
    planning = console.planning

    async def copy() -> Plan:
        return await service.plan_copy(words[0], tag_target(words[1]), referrers, planning)

    async def tag() -> Plan:
        source = Reference.from_input(words[0])
        digest = source.digest or await service.tag_holds(source)
        if digest is None:
            raise Stop(REFUSED, f"Not found: {safe(str(source))}.")
        return await service.plan_tag(source.with_tag(words[1]), digest, planning)

    async def delete() -> Plan:
        return await service.plan_delete(Reference.from_input(words[0]), planning)

    async def undo() -> Plan:
        return await service.plan_undo(tag_target(words[0]), planning)

    makers: dict[str, Callable[[], Awaitable[Plan]]] = {"copy": copy, "tag": tag, "delete": delete, "undo": undo}
    target = words[-1] if command == "copy" else words[0]
    return await write(service, target, makers[command], dry_run=dry_run, json=json, console=console)
