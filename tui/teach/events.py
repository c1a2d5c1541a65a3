"""What the screen tells a lesson: plain events about what the user has really done or seen.

The screen makes an `Event` at the moment when the thing is true on screen (a node *is* open, a digest *was* put on
the clipboard), never when a key is pressed. A lesson's steps match them by kind and facts; what can be asked of the
registry again (a pushed tag) is asked again before a step counts as done.

Facts are strings, numbers and booleans. Facts about a node come from `node_facts`, so that all events spell them alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tui.explore.node import Node

Fact = str | int | bool


class EventKind(StrEnum):
    """The vocabulary. In brackets: facts beside the node's (see `node_facts`)."""

    #: The cursor rests on a node. (node)
    SELECTED = "selected"
    #: A node has been opened and its children, if it has any, are loaded and on screen. (node)
    OPENED = "opened"
    #: A row shows the presence of its object. (node; presence)
    SHOWN = "shown"
    #: A detail tab is on screen for a node. (node; tab: summary, layers, config, json, findings, explain)
    TAB = "tab"
    #: A screen or panel is on screen. (node if it is about one; view: requests, digests, commands, rehearsal, help,
    #: copy, diff, draft, plan)
    VIEW = "view"
    #: Text was put on the clipboard. (node if it came from one; what: digest, reference, pull, curl, json, report,
    #: command, other; text; tool for a command)
    COPIED = "copied"
    #: A check of everything below a node has ended. (node; complete; present, hashed, missing, denied, limited,
    #: unreachable, foreign, mismatched as counts; requests)
    CHECKED = "checked"
    #: A finding is on screen: in the findings tab, the problems list or the verdict. (node; code; severity)
    FINDING = "finding"
    #: A row of the request log is on screen. (method, path, status, host)
    EXCHANGE = "exchange"
    #: A draft is on screen. (repository, tag of the target; action: recreate, amend, new, list; entries; stale; gone)
    DRAFT = "draft"
    #: A plan is on screen: the dry run. (repository, tag; action; blocked; mounts; copies; puts; requests; digest)
    PLAN = "plan"
    #: A push came to its end. (repository, tag; digest; action: recreate, amend, new, list, tag, copy, undo; outcome:
    #: pushed, refused, cancelled, conflict; code and message of a refusal)
    PUSHED = "pushed"
    #: Something was deleted. (repository; tag or digest; what: tag, manifest, list)
    DELETED = "deleted"
    #: A step of the pull rehearsal is on screen. (platform; step: token, tag, index, choose, manifest, config, layer,
    #: done, stopped; node)
    REHEARSAL = "rehearsal"
    #: The lesson itself did something for the user: see `Step.act`. (act; outcome; status, code and message if it
    #: asked a registry)
    ACTED = "acted"
    #: The user read the step and pressed the key for the next one. ()
    READ = "read"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `Event(EventKind.COPIED, {"what": "digest", "text": "sha256:…"})`."""

    kind: EventKind
    facts: Mapping[str, Fact] = field(default_factory=dict)


def node_facts(node: Node) -> dict[str, Fact]:
    """The facts of a node as every event spells them; a fact that a node does not have is "".

    node (its kind), source (registry, docker-manifests, storage, …), repository, tag (the nearest above it), digest,
    platform, media_type, size, key, form (what a manifest is: index, image, other, or "" when not read).
    """
    above = next((each for each in (node, *node.ancestors()) if each.tag), None)
    platform = next((each.platform for each in (node, *node.ancestors()) if each.platform is not None), None)
    return {
        "node": node.kind.value,
        "source": node.source.kind,
        "repository": node.repository or "",
        "tag": above.tag if above is not None and above.tag else "",
        "digest": str(node.digest or ""),
        "platform": str(platform or ""),
        "media_type": node.media_type,
        "size": node.size or 0,
        "key": node.key,
        "form": _form(node),
    }


def node_event(kind: EventKind, node: Node, /, **facts: Fact) -> Event:
    """An event about a node: its facts, and those given here, which win."""
    return Event(kind, {**node_facts(node), **facts})


def _form(node: Node) -> str:
    if node.is_index:
        return "index"
    if node.image_manifest is not None:
        return "image"
    return "other" if node.manifest is not None else ""


#: The facts of a node, beside those that its event adds.
NODE_FACTS = frozenset(
    {"node", "source", "repository", "tag", "digest", "platform", "media_type", "size", "key", "form", "presence"}
)
_COUNTS = {"present", "hashed", "missing", "denied", "limited", "unreachable", "foreign", "mismatched", "requests"}

#: Every fact that an event of a kind may have: what a lesson's conditions can name.
FACTS: Mapping[EventKind, frozenset[str]] = {
    EventKind.SELECTED: NODE_FACTS,
    EventKind.OPENED: NODE_FACTS,
    EventKind.SHOWN: NODE_FACTS,
    EventKind.TAB: NODE_FACTS | {"tab"},
    EventKind.VIEW: NODE_FACTS | {"view"},
    EventKind.COPIED: NODE_FACTS | {"what", "text", "tool"},
    EventKind.CHECKED: NODE_FACTS | {"complete"} | _COUNTS,
    EventKind.FINDING: NODE_FACTS | {"code", "severity"},
    EventKind.EXCHANGE: frozenset({"method", "path", "status", "host"}),
    EventKind.DRAFT: frozenset({"repository", "tag", "action", "entries", "stale", "gone"}),
    EventKind.PLAN: frozenset(
        {"repository", "tag", "action", "blocked", "mounts", "copies", "puts", "requests", "digest"}
    ),
    EventKind.PUSHED: frozenset({"repository", "tag", "digest", "action", "outcome", "code", "message"}),
    EventKind.DELETED: frozenset({"repository", "tag", "digest", "what"}),
    EventKind.REHEARSAL: NODE_FACTS | {"step", "outcome"},
    EventKind.ACTED: frozenset({"act", "outcome", "status", "code", "message"}),
    EventKind.READ: frozenset(),
}
