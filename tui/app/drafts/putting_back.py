"""U: what can be put back, as a choice, and how to get back what was deleted. It asks nothing and draws nothing."""

from __future__ import annotations

from collections.abc import Sequence

from tui.app.drafts.workshop import target_of
from tui.app.screens.dialogs import Item
from tui.compose.plan import Plan
from tui.compose.undo import PutBack
from tui.explore.node import Kind, Node
from tui.oci.digest import Digest
from tui.oci.reference import Reference
from tui.sources.location import RepositoryLocation
from tui.text import age, plural, safe

#: So many tags are named in one sentence.
_NAMED = 5


def tag_at(node: Node | None) -> Reference | None:
    """The tag that a row is in."""
    while node is not None and node.kind is not Kind.TAG:
        node = node.parent
    return target_of(node) if node is not None else None


def home_at(node: Node | None) -> RepositoryLocation | None:
    """The repository of a registry that a row is in, or whose tag one of Docker's local lists is for."""
    tag = tag_at(node)
    if tag is not None:
        return RepositoryLocation.of(tag)
    if node is None or not node.repository or node.source.kind != "registry":
        return None
    return RepositoryLocation.of(Reference.parse(node.source.reference(node.repository, tag="latest")))


def offers(found: Sequence[PutBack]) -> list[Item[Reference]]:
    """A line for each: the tag, when it was changed, what it holds and what it would hold."""
    return [
        Item(
            str(number) if number < 10 else "",
            f":{safe(each.target.tag or '')}",
            each.target,
            f"{_what(each)} {age(each.when)}: {_short(each.now)} → {each.then.short}",
            each.reason,
        )
        for number, each in enumerate(found, 1)
    ]


def how_back(plan: Plan, key: str) -> str:
    """After a deletion: what brings it back, and what does not. `key` is the key of undoing."""
    where = f"{key} on {safe(plan.target.repository)}"
    held = "what is below it is still in the registry"
    if plan.target.digest is None:
        return f":{safe(plan.target.tag or 'latest')} is deleted. {where} puts it back while {held}."
    digest = plan.target.digest.short
    if not plan.tags:
        return f"{digest} is deleted. No tag is known to have held it, so there is none that {key} could put back."
    names = ", ".join(f":{safe(tag)}" for tag in plan.tags[:_NAMED])
    more = f" and {len(plan.tags) - _NAMED} more" if len(plan.tags) > _NAMED else ""
    tags = plural(len(plan.tags), "tag")
    return f"{digest} is deleted, with {tags}: {names}{more}. {where} puts each back while {held}."


def _what(found: PutBack) -> str:
    return "changed" if found.now is not None else "deleted"


def _short(digest: Digest | None) -> str:
    return digest.short if digest is not None else "no such tag"
