"""A plan as lines on a terminal or in a pipe: what is written, what it changes, how every object gets there."""

from __future__ import annotations

from collections.abc import Iterator

from tui.compose.plan import MOUNTS, How, Plan, PlannedObject, StepKind
from tui.explore.cells import glyphs
from tui.explore.diff import Change
from tui.formats.paint import Piece, fitted, padded, painted, wrapped
from tui.formats.writer import Sheet
from tui.oci import media
from tui.sources.presence import Presence
from tui.text import plural, safe, size, width, with_keys

#: What each way is to the eye: a symbol of a presence, "+" for what is brought, and a role.
_HOW: dict[How, tuple[Presence | None, str]] = {
    How.PRESENT: (Presence.PRESENT, "good"),
    How.MOUNT: (None, "info"),
    How.COPY: (None, "info"),
    How.PUT: (None, "info"),
    How.FOREIGN: (Presence.FOREIGN, "dim"),
    How.NOWHERE: (Presence.MISSING, "bad"),
    How.WRONG: (Presence.MISMATCHED, "bad"),
    How.UNKNOWN: (Presence.UNCHECKED, "warn"),
}
_CHANGE = {Change.ADDED: "good", Change.REMOVED: "bad", Change.CHANGED: "warn", Change.SAME: "dim"}
_LABEL = 12
#: Columns that names may take before what comes after them is pushed to the right.
_NAMES = 32


def plan_text(plan: Plan, sheet: Sheet) -> str:
    """The plan for people. On a terminal long sentences are wrapped and rows of columns cut; digests stay whole."""
    lines = (painted(line, colour=sheet.colour, ascii_only=sheet.ascii_only) for line in _lines(plan, sheet))
    return "\n".join(lines)


def _lines(plan: Plan, sheet: Sheet) -> Iterator[list[Piece]]:
    yield [(f"{str(plan.action).capitalize()} {plan.title}", "title")]
    yield _fact("current", str(plan.before or plan.nothing_before))
    if plan.digest is not None:
        yield [*_fact("after push", str(plan.digest)), ("" if plan.changes_tag else "  (the same)", "dim")]
    if plan.media_type:
        yield _fact("type", safe(media.describe(plan.media_type)))
    if plan.diff:
        yield from _heading("What changes")
        widest = max(width(row.what) for row in plan.diff)
        for row in plan.diff:
            sign = (f"  {row.kind.sign} ", _CHANGE[row.kind])
            yield [
                sign,
                (f"{padded(row.what, min(widest, _NAMES))}  ", "plain"),
                (_values(row.before, row.after), "dim"),
            ]
    if plan.objects:
        sources = {safe(str(each.source)) for each in plan.objects if each.source is not None}
        only = next(iter(sources)) if len(sources) == 1 else ""
        yield from _heading("Objects", f"brought from {only}" if only else "")
        named = min(max(width(", ".join(each.platforms)) for each in plan.objects), _NAMES)
        for each in plan.objects:
            yield fitted(_object(each, named, sheet.ascii_only, told=bool(only)), sheet.width)
    if plan.steps:
        travels = f", {size(plan.bytes_to_copy)} to copy" if plan.bytes_to_copy else ""
        yield from _heading("Steps", f"{plural(plan.requests, 'request')}{travels}")
        for step in plan.steps:
            copied = f", {size(step.size)}" if step.kind is StepKind.COPY else ""
            yield [(f"  {step.number:>3}. ", "dim"), (step.title, "plain"), (copied, "dim")]
        if plan.mounts:
            yield from wrapped((MOUNTS, "dim"), sheet.width, "  ")
    stopping = [problem.message for problem in plan.problems if problem.stops]
    warnings = [problem.message for problem in plan.problems if not problem.stops]
    for heading, role, said in (
        ("Blocked", "bad", stopping),
        ("Warnings", "warn", [*warnings, *map(with_keys, plan.warnings)]),
    ):
        if said:
            yield from _heading(heading)
        mark = glyphs(sheet.ascii_only).still(Presence.MISSING) if role == "bad" else "!"
        for sentence in said:
            room = sheet.width - 4 if sheet.width is not None else None
            for number, part in enumerate(wrapped((sentence, "plain"), room)):
                yield [(f"  {'' if number else mark:<2}", role), *part]


def _heading(words: str, more: str = "") -> Iterator[list[Piece]]:
    yield []
    yield [(words, "heading"), (f"  {more}" if more else "", "dim")]


def _fact(label: str, value: str) -> list[Piece]:
    return [(f"  {label:<{_LABEL}}", "label"), (value, "plain")]


def _object(each: PlannedObject, named: int, ascii_only: bool, *, told: bool) -> list[Piece]:
    """`told` says that the heading has its source."""
    presence, role = _HOW[each.how]
    mark = glyphs(ascii_only).still(presence) if presence is not None else "+"
    platforms = ", ".join(each.platforms)
    source = f"  from {safe(str(each.source))}" if each.source is not None and not told else ""
    return [
        (f"  {mark} {each.how!s:<8} ", role),
        (f"{each.kind:<11} {size(each.size):>9}  {each.digest.short}  ", "plain"),
        (padded(platforms, named) if source or each.detail else platforms, "plain"),
        (source + (f"  ({each.detail})" if each.detail else ""), "dim"),
    ]


def _values(before: str, after: str) -> str:
    if before and after:
        return f"{before} → {after}" if before != after else after
    return before or after
