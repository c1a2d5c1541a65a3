"""Drafts, plans and pushes as events, for whoever follows along (lessons do)."""

from __future__ import annotations

from tui.compose.draft import Draft, DraftKind, EntryVerdict
from tui.compose.events import Outcome, PushResult
from tui.compose.plan import Action, Plan, StepKind
from tui.teach.events import Event, EventKind, Fact

#: The words of teach's events for what a draft or a plan is for.
DRAFT_ACTION = {
    DraftKind.RECREATE: "recreate",
    DraftKind.AMEND: "amend",
    DraftKind.NEW: "new",
    DraftKind.LOCAL: "list",
}
_OUTCOME = {
    Outcome.PUSHED: "pushed",
    Outcome.DELETED: "pushed",
    Outcome.UNCHANGED: "pushed",
    Outcome.CONFLICT: "conflict",
    Outcome.FAILED: "refused",
    Outcome.CANCELLED: "cancelled",
    Outcome.UNVERIFIED: "refused",
}


def draft_event(draft: Draft) -> Event:
    """A draft is on the screen."""
    images = [entry for entry in draft.entries if not entry.is_attestation]
    return Event(
        EventKind.DRAFT,
        {
            "repository": draft.target.repository,
            "tag": draft.target.tag or "",
            "action": DRAFT_ACTION[draft.kind],
            "entries": len(draft.kept),
            "stale": sum(entry.verdict is EntryVerdict.MOVED for entry in images),
            "gone": sum(entry.verdict is EntryVerdict.GONE for entry in images),
        },
    )


def plan_event(plan: Plan, action: str) -> Event:
    """A plan is on the screen."""
    kinds = [step.kind for step in plan.steps]
    return Event(
        EventKind.PLAN,
        {
            **_target(plan),
            "action": action,
            "blocked": not plan.ready,
            "mounts": kinds.count(StepKind.MOUNT),
            "copies": kinds.count(StepKind.COPY),
            "puts": kinds.count(StepKind.MANIFEST),
            "requests": plan.requests,
            "digest": str(plan.digest or ""),
        },
    )


def push_event(plan: Plan, result: PushResult, action: str) -> Event:
    """A write came to its end: a push, or a deletion."""
    if plan.action is Action.DELETE and result.ok:
        removed = any(step.kind is StepKind.REMOVE_LOCAL_LIST for step in plan.steps)
        by_tag = any(step.kind is StepKind.DELETE_TAG for step in plan.steps)
        what = "list" if removed else "tag" if by_tag else "manifest"
        return Event(EventKind.DELETED, {**_target(plan), "digest": str(plan.before or ""), "what": what})
    return Event(
        EventKind.PUSHED,
        {
            **_target(plan),
            "digest": str(result.digest or ""),
            "action": action,
            "outcome": _OUTCOME[result.outcome],
            "code": "",
            "message": result.sentence,
        },
    )


def _target(plan: Plan) -> dict[str, Fact]:
    return {"repository": plan.target.repository, "tag": plan.target.tag or ""}
