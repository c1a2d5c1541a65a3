"""Targets of "show me": a row by name, and opening everything above it.

library/hello                           a repository
library/hello:latest                    a tag
library/hello:latest linux/arm64        a platform (the first of that platform)
library/hello:latest linux/arm64 config     config, layer N, attestation, statement N
docker-manifests                        Docker's stored lists
docker-manifests sandbox:0.16-edge      one of them
"""

from __future__ import annotations

import difflib

from tui.explore.explorer import Explorer
from tui.explore.node import Kind, Node
from tui.oci.errors import OciError
from tui.oci.platform import Platform
from tui.oci.reference import split_selector
from tui.sources.presence import Presence
from tui.text import safe


class Unreachable(Exception):
    """A target that is not there; `str()` is a safe sentence and names how far it went."""


async def reach(explorer: Explorer, target: str) -> Node:
    """The row of a target, with every row above it opened. Raises Unreachable."""
    words = target.split()
    local = bool(words) and words[0] == "docker-manifests"
    sources = [(root, root.source) for root in explorer.roots]
    fitting = (row for row, each in sources if (each.capabilities.stored_lists if local else each.registry) is not None)
    root = next(fitting, None)
    if root is None:
        raise Unreachable(f"There is no {words[0] if local else 'registry'} source in the tree.")
    if local:
        words = words[1:]
        await explorer.open(root)
        if not words:
            return root
        return await _stored(explorer, root, words[0])
    reference, *rest = words or [""]
    repository, tag = split_selector(reference)
    node = explorer.add_repository(root.source, repository)
    await explorer.open(node)  # the other tags beside it are part of the picture
    if not tag:
        return node
    node = await explorer.add_reference(root.source, repository, tag)
    if node.error is not None and (rest or node.error.presence is Presence.MISSING):
        # What is denied, limited or unreachable is a row to look at; only what is not there is nowhere.
        raise Unreachable(f"{reference} could not be opened: {node.error.sentence}")
    if rest and "/" in rest[0]:
        node = await _platform(explorer, node, rest.pop(0))
    if rest:
        node = await _part(explorer, node, rest)
    return node


def why_no_target(text: str) -> str:
    """Why a text cannot be a target, whatever is in the tree: a sentence; "" when it can."""
    words = text.split()
    if words and words[0] == "docker-manifests":
        return f"“{safe(' '.join(words[2:]))}” is too much: docker-manifests REPOSITORY:TAG." if len(words) > 2 else ""
    reference, *rest = words or [""]
    repository, tag = split_selector(reference)
    if rest and not (repository and tag):
        return f"“{safe(reference)}” has no tag, so nothing below it can be named: REPOSITORY:TAG."
    if rest and "/" in rest[0]:
        try:
            Platform.parse(rest.pop(0))
        except OciError as error:
            return str(error)
    part = rest.pop(0) if rest else ""
    if part and part not in _PARTS:
        near = difflib.get_close_matches(part, _PARTS, n=1)
        hint = f"Did you mean “{near[0]}”?" if near else f"One of: {', '.join(_PARTS)}."
        return f"“{safe(part)}” is no part of an image. {hint}"
    if rest and rest[0].isdigit():
        rest.pop(0)
    return f"“{safe(' '.join(rest))}” in “{safe(text)}” is too much." if rest else ""


async def _stored(explorer: Explorer, root: Node, name: str) -> Node:
    repository, tag = split_selector(name)
    for row in list(root.walk()):
        if row.kind is Kind.REPOSITORY and (row.repository or "").endswith(repository):
            await explorer.open(row)
    for row in root.walk():
        if row.kind is Kind.TAG and row.tag == tag and (row.repository or "").endswith(repository):
            await explorer.open(row)
            return row
    raise Unreachable(f"Docker has no stored list {name}.")


async def _platform(explorer: Explorer, node: Node, text: str) -> Node:
    try:
        wanted = Platform.parse(text)
    except OciError as error:
        raise Unreachable(str(error)) from error
    for row in node.walk():
        if row.kind is Kind.MANIFEST and row.platform is not None and row.platform.matches(wanted):
            await explorer.open(row)
            return row
    raise Unreachable(f"{node.label} has no platform {wanted}.")


_PARTS = {
    "config": Kind.CONFIG,
    "layer": Kind.LAYER,
    "attestation": Kind.ATTESTATION,
    "statement": Kind.STATEMENT,
    "index": Kind.INDEX,
    "referrers": Kind.REFERRERS,
}


async def _part(explorer: Explorer, node: Node, words: list[str]) -> Node:
    kind = _PARTS.get(words[0])
    if kind is None:
        raise Unreachable(f"“{words[0]}” is no part of an image: {', '.join(_PARTS)}.")
    number = int(words[1]) if len(words) > 1 and words[1].isdigit() else 1
    found = [row for row in node.children if row.kind is kind]
    if not 0 < number <= len(found):
        raise Unreachable(f"{node.label} has no {words[0]} {number}.")
    row = found[number - 1]
    if row.expandable:
        await explorer.open(row)
    return row
