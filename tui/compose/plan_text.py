"""A plan as JSON (`--json`, saving) and as text (`--dry-run`, a pipe). Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tui.compose.plan import How, Plan, StepKind
from tui.text import plural, safe, size


def to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values. Keys are stable; `bytes` is the index exactly as it would be pushed."""
    return {
        "action": str(plan.action),
        "target": str(plan.target),
        "ready": plan.ready,
        "before": plan.before,
        "digest": plan.digest,
        "mediaType": plan.media_type,
        "bytes": plan.raw.decode("utf-8", "replace") if plan.raw is not None else None,
        "requests": {"planning": plan.asked, "push": plan.requests},
        "bytesToCopy": plan.bytes_to_copy,
        "counts": {str(how): plan.count(how) for how in How},
        "objects": [
            {
                "digest": each.digest,
                "kind": each.kind,
                "mediaType": each.media_type,
                "size": each.size,
                "how": str(each.how),
                "from": str(each.source) if each.source is not None else None,
                "platforms": list(each.platforms),
                "detail": each.detail,
            }
            for each in plan.objects
        ],
        "steps": [
            {
                "number": step.number,
                "kind": str(step.kind),
                "title": step.title,
                "digest": step.digest,
                "size": step.size,
                "from": str(step.source) if step.source is not None else None,
                "selector": step.selector or None,
            }
            for step in plan.steps
        ],
        "diff": [
            {"kind": str(row.kind), "what": row.what, "before": row.before, "after": row.after} for row in plan.diff
        ],
        "problems": [
            {"code": problem.code, "message": problem.message, "stops": problem.stops} for problem in plan.problems
        ],
        "warnings": list(plan.warnings),
    }


def to_text(plan: Plan) -> str:
    """The plan for people, as lines of safe text."""
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    yield f"{str(plan.action).capitalize()} {safe(str(plan.target))}"
    yield f"  now     {plan.before or 'no such tag'}"
    if plan.digest is not None:
        yield f"  then    {plan.digest}" + ("" if plan.changes_tag else "  (the same)")
    if plan.media_type:
        yield f"  type    {safe(plan.media_type)}"
    if plan.diff:
        yield ""
        yield "Difference"
        for row in plan.diff:
            yield f"  {row.kind.sign} {row.what}  {_values(row.before, row.after)}".rstrip()
    if plan.objects:
        yield ""
        yield "Below it"
        for each in plan.objects:
            source = f" from {safe(str(each.source))}" if each.source is not None else ""
            platforms = f"  {', '.join(each.platforms)}" if each.platforms else ""
            detail = f"  ({each.detail})" if each.detail else ""
            columns = f"  {each.how!s:<8}{each.kind:<12}{size(each.size):>9}  {each.digest.short}"
            yield columns + source + platforms + detail
    if plan.steps:
        yield ""
        yield f"Steps ({plural(plan.requests, 'request')}, {size(plan.bytes_to_copy)} to copy)"
        for step in plan.steps:
            travels = f", {size(step.size)}" if step.kind is StepKind.COPY else ""
            yield f"  {step.number:>3}. {step.title}{travels}"
    for heading, lines in (
        ("Stops it", [problem.message for problem in plan.problems if problem.stops]),
        ("To know", [*(problem.message for problem in plan.problems if not problem.stops), *plan.warnings]),
    ):
        if lines:
            yield ""
            yield heading
            yield from (f"  {line}" for line in lines)


def _values(before: str, after: str) -> str:
    if before and after:
        return f"{before} → {after}" if before != after else after
    return before or after
