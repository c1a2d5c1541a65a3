"""What can be copied from a row: the copy menu, as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.compose.events import PushResult
from tui.compose.plan import Action, Plan
from tui.explore.node import MANIFEST_KINDS, Kind, Node
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.registry.shell_login import comment_on
from tui.tools.pulling import pull_line, pull_line_of

if TYPE_CHECKING:
    from tui.registry.trace import Exchange
    from tui.tools.table import CommandLine

#: A digest, with a name before it or not.
_NAMED = re.compile(r"(?:[^\s@]+@)?(?P<digest>[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,})")


def named_digest(text: str) -> str:
    """The digest that a text is or ends in (`app@sha256:…`); "" for every other text."""
    named = _NAMED.fullmatch(text)
    return named["digest"] if named is not None else ""


PULL = "docker pull line"


@dataclass(frozen=True, slots=True)
class CopyItem:
    """One line of the menu. `text` is raw; "" when it is made later (JSON, report) or cannot be (then `reason`)."""

    key: str
    what: str
    title: str
    text: str = ""
    reason: str = ""


def copy_menu(node: Node, commands: Sequence[CommandLine]) -> list[CopyItem]:
    """The menu for a row. Every text is whole: a digest is never cut."""
    digest = node.digest
    no_digest = "" if digest else "digest unknown"
    tag_holder = next((row for row in (node, *node.ancestors()) if row.tag is not None), None)
    made = [CopyItem("d", "digest", "digest", str(digest or ""), no_digest)]
    where = node.repository
    if where is None:
        made.append(CopyItem("r", "reference", "repository@digest", reason="select something in a repository"))
    else:
        text = node.source.reference(where, digest=digest) if digest else node.source.reference(where)
        made.append(CopyItem("r", "reference", "repository@digest" if digest else "repository", text))
    if where is None or tag_holder is None or tag_holder.tag is None:
        made.append(CopyItem("t", "reference", "repository:tag", reason="no tag above this row"))
    else:
        text = node.source.reference(where, tag=tag_holder.tag)
        made.append(CopyItem("t", "reference", "repository:tag", text))
    pull, why = pull_line_of(node)
    made.append(CopyItem("p", "pull", PULL, pull, why))
    curl = next((command.line for command in commands if command.tool == "curl"), "")
    curl += comment_on(curl)
    made.append(CopyItem("u", "curl", "curl line", curl, "" if curl else "no request for this row"))
    made.append(CopyItem("j", "json", "JSON as served", reason="" if has_json(node) else "no JSON document"))
    about = node.top()
    no_report = "" if about is not None else "reports need a tag or an image"
    made.append(CopyItem("m", "markdown", "Markdown report", reason=no_report))
    made.append(CopyItem("J", "report", "JSON report", reason=no_report))
    return made


def digest_menu(near: Node, digest: str) -> list[CopyItem]:
    """The menu for an object that no row stands for; `near` is the row of the page that names it."""
    made = [CopyItem("d", "digest", "digest", digest)]
    if near.repository is None:
        made.append(CopyItem("r", "reference", "repository@digest", reason="select something in a repository"))
    else:
        try:
            text = near.source.reference(near.repository, digest=Digest.parse(digest))
            made.append(CopyItem("r", "reference", "repository@digest", text))
        except OciError:
            made.append(CopyItem("r", "reference", "repository@digest", reason="malformed digest"))
    return made


def request_menu(exchange: Exchange) -> list[CopyItem]:
    """The menu for one request."""
    said = (text for name, text in exchange.response_headers if name.lower() == "docker-content-digest")
    digest = named_digest(exchange.path.rpartition("/")[2]) or named_digest(next(said, ""))
    no_digest = "" if digest else "no digest in the request or its answer"
    return [
        CopyItem("d", "digest", "digest", digest, no_digest),
        CopyItem("u", "curl", "curl line", exchange.curl()),
        CopyItem("a", "address", "address", exchange.url),
    ]


def pushed_menu(plan: Plan, result: PushResult) -> list[CopyItem]:
    """The menu for what a push put there."""
    local = plan.action is Action.LOCAL
    reason = "in Docker's own store: nothing to pull" if local else ""
    pull = CopyItem("p", "pull", PULL, "" if local else pull_line(result.copyable), reason)
    return [
        CopyItem("d", "digest", "digest", str(result.digest)),
        CopyItem("r", "reference", "repository@digest", result.copyable),
        pull,
    ]


def has_json(node: Node) -> bool:
    """Whether a row stands for a document that is JSON."""
    return node.kind in MANIFEST_KINDS or node.kind in (Kind.CONFIG, Kind.STATEMENT)
