"""A plan as a page: what would be written, how every object gets there, and what it would change. No Textual."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from tui.app.pages.diff import change
from tui.app.pages.parts import blank, digest_value, heading, prose, value
from tui.app.styled_text import Line, Lines, Role, Target
from tui.compose.plan import LACKING, MOUNTS, DiffRow, How, Plan, PlannedObject, Step, StepKind
from tui.explore.diff import Change
from tui.oci import media
from tui.text import plural, safe, size, with_keys
from tui.tools.table import CommandLine

_ROLES: dict[How, Role] = {
    How.PRESENT: "good",
    How.MOUNT: "info",
    How.COPY: "info",
    How.PUT: "info",
    How.FOREIGN: "dim",
    How.NOWHERE: "bad",
    How.WRONG: "bad",
    How.UNKNOWN: "warn",
}
#: Objects that are listed one by one before they are only counted.
_LISTED = 60
#: So much of a command is shown, lines and characters of each; all of it is copied.
_MOST_LINES, _MOST_CHARACTERS = 12, 800


def plan_page(
    plan: Plan, commands: Sequence[CommandLine] = (), *, put_in: Callable[[str], str] = with_keys, every: bool = False
) -> Lines:
    """The whole plan; `every` lists what is present too, one by one. `put_in` puts the reader's keys into a text."""
    lines = [*_problems(plan, put_in), prose(plan.confirmation, "title" if plan.ready else "plain")]
    lines += _facts(plan)
    if plan.warnings:
        lines += [blank(), *(Line(hang=2).put("! ", "warn").put(put_in(warning)) for warning in plan.warnings)]
    lines += difference(plan.diff)
    lines += _steps(plan.steps)
    lines += [Line(hang=2).put(f"  {MOUNTS}", "dim")] if plan.mounts else []
    lines += _objects(plan, put_in, every)
    lines += _commands(commands, put_in)
    return Lines(lines)


def plan_brief(plan: Plan) -> list[Line]:
    """What would be written, in a few lines: the steps, and what is there already. What stops a plan and what it warns
    of stand elsewhere."""
    lines = _steps(plan.steps)[2:]
    there = plan.count(How.PRESENT)
    if there:
        rest = "" if plan.bytes_to_copy else ": nothing to upload"
        words = f"{plural(there, 'object')} already in {safe(plan.target.repository)}{rest}"
        lines.append(Line(hang=5).put(f"     {words}", "dim"))
    return lines


def plan_line(plan: Plan, put_in: Callable[[str], str]) -> Line:
    """What a plan comes to, in a line: "Ready: 3 requests, nothing to upload; U puts the old digest back". Its problems
    stand above it."""
    line = Line(fold="cut")
    if not plan.ready:
        count = sum(problem.stops for problem in plan.problems)
        line.put("✗ ", "bad").put(f"Blocked: {plural(count, 'problem')} above", "bad")
        if plan.lacking:
            ways = "{key:draft-source} changes a source, {key:draft-remove} removes a row"
            line.put(put_in(f". {{key:draft-plan}} lists all; {ways}"))
        return line
    if not plan.steps:
        done = plan.state == "nothing to do"
        return line.put("· " if done else "✗ ", "dim" if done else "bad").put(plan.confirmation)
    travels = f"{size(plan.bytes_to_copy)} to upload" if plan.bytes_to_copy else "nothing to upload"
    line.put("✓ ", "good").put(f"Ready: {plural(plan.requests, 'request')}, {travels}")
    if plan.changes_tag:
        back = "{key:undo} puts the old digest back" if plan.before is not None else "the tag is new"
        line.put(f"; {put_in(back)}", "plain")
    return line


def _problems(plan: Plan, put_in: Callable[[str], str]) -> list[Line]:
    lines: list[Line] = []
    stopping = [problem for problem in plan.problems if problem.stops]
    if stopping:
        lines += [heading("Blocked")]
    for problem in sorted(plan.problems, key=lambda problem: not problem.stops):
        role: Role = "bad" if problem.stops else "warn"
        line = Line(hang=2).put("✗ " if problem.stops else "! ", role).put(put_in(problem.text))
        if problem.offer == "accept-tag":
            line.put(put_in("  {key:plan-accept}"), "key-cap").put(" replan against the current tag", "label")
        lines.append(line)
    return [*lines, blank()] if lines else []


def _facts(plan: Plan) -> list[Line]:
    lines = [blank(), value("target", plan.title, "title")]
    if plan.before is not None:
        lines.append(digest_value("current", plan.before))
    elif plan.digest is not None:
        lines.append(value("current", plan.nothing_before))
    if plan.digest is not None:
        same = "" if plan.changes_tag else "  (the same)"
        lines.append(digest_value("after push", plan.digest).put(same, "dim"))
    if plan.media_type:
        size_of = f", {len(plan.raw):,} bytes" if plan.raw is not None else ""
        lines.append(value("type", media.describe(plan.media_type) + size_of))
    counts = ", ".join(f"{count} {how}" for how in How if (count := plan.count(how)))
    if counts:
        lines.append(value("objects", counts))
    travels = f", {size(plan.bytes_to_copy)} to transfer" if plan.bytes_to_copy else ""
    requests = f"{plural(plan.requests, 'request')}{travels}"
    lines.append(value("requests", f"{requests}; planning took {plan.asked}" if plan.asked else requests))
    return lines


def difference(rows: Iterable[DiffRow], title: str = "Changes") -> list[Line]:
    """Rows of a difference, digests whole."""
    lines: list[Line] = []
    for row in rows:
        line = change(row.kind).put(row.what, "plain" if row.kind is not Change.SAME else "dim")
        if row.kind is Change.SAME:
            line.put("  " + _digest_short(row.after or row.before), "dim")
            lines.append(line)
            continue
        both = row.before and row.after and row.before != row.after
        if both and len(row.before) + len(row.after) < 60:
            lines.append(line.put(f"  {row.before}", "dim").put(" → ", "dim").put(row.after))
            continue
        lines.append(line)
        if row.before:
            lines.append(Line(hang=6, fold="char").put("    - ", "bad").put(row.before, "digest"))
        if row.after:
            lines.append(Line(hang=6, fold="char").put("    + ", "good").put(row.after, "digest"))
    return [blank(), heading(title), *lines] if lines else []


def _digest_short(text: str) -> str:
    algorithm, colon, encoded = text.partition(":")
    return f"{algorithm}:{encoded[:12]}…" if colon and len(encoded) >= 32 else text


def _steps(steps: Sequence[Step]) -> list[Line]:
    if not steps:
        return []
    lines = [blank(), heading("Steps")]
    for step in steps:
        line = Line(hang=5).put(f"{step.number:>3}. ", "number").put(step.title)
        if step.kind is StepKind.COPY:
            line.put(f", {size(step.size)}", "label")
        if step.digest is not None and step.digest.short not in step.title:
            line.put(f"  {step.digest.short}", "dim")
        lines.append(line)
    return lines


def _objects(plan: Plan, put_in: Callable[[str], str], every: bool) -> list[Line]:
    if not plan.objects:
        return []
    lines = [blank(), heading("Objects")]
    how = put_in("({key:plan-objects} lists every one)")
    shown = [each for each in plan.objects if every or each.how is not How.PRESENT]
    shown.sort(key=lambda each: each.how not in LACKING)
    for each in shown[:_LISTED] if not every else shown:
        lines += _object(each)
    if len(shown) > _LISTED and not every:
        lines.append(Line().put(f"  … and {len(shown) - _LISTED} more {how}", "dim"))
    if not every:
        present = Counter(each.kind for each in plan.objects if each.how is How.PRESENT)
        if present:
            words = ", ".join(plural(count, kind) for kind, count in present.items())
            line = Line(hang=11).put("  present  ", "good").put(f"{words}: already in the repository")
            lines.append(line.put(f"  {how}", "dim"))
    return lines


def _object(each: PlannedObject) -> list[Line]:
    line = Line(hang=11).put(f"  {each.how:<8} ", _ROLES[each.how]).put(f"{each.kind:<12}")
    line.put(f"{size(each.size):>9}  ", "number")
    whole = each.how in LACKING
    if each.platforms:
        line.put(", ".join(each.platforms), "label")
    if each.source is not None and each.how in (How.MOUNT, How.COPY, How.PUT):
        line.put(f"  from {safe(str(each.source))}", "dim")
    if whole:
        under = Line(hang=11, fold="char").put(" " * 11).put(str(each.digest), "digest", _copy(str(each.digest)))
        return [line.put(f"  {each.detail}", "dim"), under]
    return [line.put(f"  {each.digest.short}", "dim")]


def _commands(commands: Sequence[CommandLine], put_in: Callable[[str], str]) -> list[Line]:
    if not commands:
        return []
    how = put_in("{key:plan-next-link} chooses one, Enter copies it; {key:plan-commands} lists them")
    lines = [blank(), heading("Commands"), Line().put(how, "dim")]
    for command in commands:
        lines += [blank(), Line(hang=2).put(f"  {command.tool}", "title").put(f"  {command.title}", "dim")]
        if command.line:
            first, *more = _shown(command.line)
            lines.append(Line(hang=4, fold="char").put("  ").put(first, "string", _copy(command.line)))
            lines += [Line(hang=4, fold="char").put("  ").put(part, "string") for part in more]
        if command.note:
            lines.append(Line(hang=2).put(f"  {command.note}", "dim"))
    return lines


def _shown(command: str) -> list[str]:
    """A command to read: what writes a whole index into a line hides what is around it."""
    parts = command.split("\n")
    left_out = len(parts) - _MOST_LINES
    if left_out > 1:
        parts[_MOST_LINES - 1 : -1] = [f"… {left_out} more lines, copied too …"]
    half = _MOST_CHARACTERS // 2
    return [part if len(part) <= _MOST_CHARACTERS else f"{part[:half]} … {part[-half:]}" for part in parts]


def _copy(text: str) -> Target:
    return Target("copy", text)
