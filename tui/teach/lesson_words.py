"""The words that a lesson file may use where there are only so many: the values of facts, and what can be shown.

A step that waits for a word which nothing ever says can never tick, so `lesson_file` refuses it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from tui.explore.codes import Severity, codes
from tui.explore.node import Kind
from tui.sources.base import SourceKind
from tui.sources.presence import Presence
from tui.teach.events import EventKind
from tui.teach.rehearsal_steps import StepKind
from tui.teach.world import ACTS

TABS = ("summary", "layers", "config", "json", "findings", "explain")
#: What "show me" can bring up.
VIEWS = ("requests", "digests", "commands", "rehearsal", "help", "problems", "copy", "diff")

_ACTIONS = ("recreate", "amend", "new", "list", "tag", "copy", "undo", "delete")
_NODE: Mapping[str, tuple[str, ...]] = {
    "node": tuple(kind.value for kind in Kind),
    "source": get_args(SourceKind),
    "form": ("index", "image", "other"),
    "presence": tuple(each.value for each in Presence if each not in (Presence.UNCHECKED, Presence.CHECKING)),
}
#: The words of a fact, by event; a fact that is not here takes any text.
_WORDS: Mapping[EventKind, Mapping[str, tuple[str, ...]]] = {
    EventKind.TAB: {"tab": TABS},
    EventKind.VIEW: {"view": ("requests", "digests", "commands", "rehearsal", "help", "copy", "diff", "draft", "plan")},
    EventKind.COPIED: {
        "what": ("digest", "reference", "pull", "curl", "json", "markdown", "report", "command", "text", "selection")
    },
    EventKind.FINDING: {"code": tuple(codes()), "severity": tuple(each.value for each in Severity)},
    EventKind.DRAFT: {"action": _ACTIONS},
    EventKind.PLAN: {"action": _ACTIONS},
    EventKind.PUSHED: {"action": _ACTIONS, "outcome": ("pushed", "refused", "cancelled", "conflict")},
    EventKind.DELETED: {"what": ("tag", "manifest", "list")},
    EventKind.REHEARSAL: {"step": tuple(each.value for each in StepKind), "outcome": ("done", "stopped")},
    EventKind.ACTED: {"act": tuple(ACTS), "outcome": ("done", "pushed", "refused", "failed")},
    EventKind.EXCHANGE: {"method": ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")},
}
_BOOLEANS = frozenset({"complete", "blocked"})
_NUMBERS = frozenset(
    {
        "present", "missing", "denied", "limited", "unreachable", "foreign", "mismatched", "requests", "size", "status",
        "entries", "stale", "gone", "mounts", "copies", "puts",
    }
)  # fmt: skip


def words_of(event: EventKind, fact: str) -> tuple[str, ...]:
    """The words that a fact of an event can be; none when it takes any text."""
    return _WORDS.get(event, {}).get(fact) or _NODE.get(fact, ())


def why_not_of_its_kind(fact: str, value: Any) -> str:
    """Why a value is not of the kind that a fact is: a sentence; "" when it is."""
    if fact in _BOOLEANS:
        return "" if isinstance(value, bool) else f"“{fact}” is true or false."
    if fact in _NUMBERS:
        return "" if isinstance(value, int) and not isinstance(value, bool) else f"“{fact}” is a whole number."
    return "" if isinstance(value, str) else f"“{fact}” is text in quotes."
