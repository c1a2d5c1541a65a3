"""What a row of the tree is to a write: the tag it is for, what it holds, and names to suggest for where to."""

from __future__ import annotations

from collections.abc import Sequence

from tui.compose.edit import Mark
from tui.explore.explorer import Explorer
from tui.explore.node import Kind, Node
from tui.oci.errors import OciError
from tui.oci.platform import Platform
from tui.oci.reference import Reference, is_tag, split_selector
from tui.sources.location import ObjectLocation, RepositoryLocation


def target_of(node: Node) -> Reference | None:
    """The reference of a registry's tag row, or that one of Docker's local lists is for; None for a row without a tag,
    or where nothing tells it."""
    if node.tag is None or node.repository is None:
        return None
    return node.source.pushed_as(node.repository, node.tag)


def mark_of(node: Node) -> Mark:
    """A marked row for a new list: a platform of an index keeps what that index says of it, attestations included."""
    by_tag = node.tag if node.kind is Kind.TAG else None
    reference = ObjectLocation.of(node.source, node.repository or "", tag=by_tag, digest=node.digest)
    parent = node.parent
    if node.kind is Kind.MANIFEST and parent is not None and parent.index is not None:
        return Mark(reference, parent.index, node.digest, reference.location)
    return Mark(reference)


def seen_in(node: Node) -> ObjectLocation:
    """What a row shows, by its digest; one of Docker's local lists by its name, for it is under its digest nowhere."""
    local = node.kind is Kind.TAG and node.source.capabilities.stored_lists is not None
    return ObjectLocation.of(node.source, node.repository or "", tag=node.tag if local else None, digest=node.digest)


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
    if node is None or not node.repository or node.source.registry is None:
        return None
    return RepositoryLocation.of(Reference.parse(node.source.reference(node.repository, tag="latest")))


def complete_reference(text: str, near: Reference | None, explorer: Explorer) -> str:
    """A reference as it was meant: `:tag` and `@sha256:…` of the repository `near`, `/repository:tag` of its
    registry, or the name of a repository that this registry is known to have (else it would mean Docker Hub's)."""
    text = text.strip()
    if near is None:
        return text
    if text[:1] in (":", "@"):
        return f"{near.registry}/{near.repository}{text}"
    if text.startswith("/"):
        return f"{near.registry}{text}"
    name = split_selector(text)[0]
    for root in explorer.roots:
        if root.source.registry == near.registry and name in explorer.observations.repositories(root.source):
            return f"{near.registry}/{text}"
    return text


def unusable_target(text: str) -> str:
    """Why a text is no tag to push to; "" when it is."""
    try:
        target = Reference.from_input(text)
    except OciError as error:
        return str(error)
    if target.digest is not None:
        return "a digest cannot be pushed to: name a tag"
    return "" if target.explicit else "name a tag: repository:tag"


def unusable_tag(text: str) -> str:
    """Why a text is no tag."""
    return "" if is_tag(text.strip()) else "a tag has letters, digits, . _ - and at most 128 of them"


def suggested_targets(explorer: Explorer, node: Node, tag: str) -> list[str]:
    """References with this tag in the repositories of the tree that could be written to, nearest first: those of the
    same registry, then of others."""
    found: list[str] = []
    roots = sorted(explorer.roots, key=lambda root: root.source is not node.source)
    for root in roots:
        if root.source.registry is None or not root.source.can_write:
            continue
        names = [row.repository for row in root.walk() if row.kind is Kind.REPOSITORY and row.repository]
        if root.listing is not None:
            names += list(root.listing.names)[:500]
        own = node.repository if root.source is node.source else None
        found += [root.source.reference(name, tag=tag) for name in dict.fromkeys(names) if name != own]
    return found


def common_tag(marks: Sequence[Node]) -> str:
    """A tag for a list of these images: what their tags have in common, without a platform's name at the end."""
    tags = [mark.tag for mark in marks if mark.tag]
    if not tags:
        return ""
    common = _beginning(tags)
    for mark in marks:
        platform = mark.platform
        if platform is not None and len(tags) == 1:
            common = _without(common, platform)
    return common.rstrip("-_.") or ""


def _beginning(texts: Sequence[str]) -> str:
    """What all of them begin with, character by character."""
    first, last = min(texts), max(texts)
    same = next((place for place, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)
    return first if same is None else first[:same]


def _without(tag: str, platform: Platform) -> str:
    for ending in (f"{platform.os}-{platform.architecture}", platform.architecture):
        if tag.endswith(ending):
            return tag[: -len(ending)]
    return tag
