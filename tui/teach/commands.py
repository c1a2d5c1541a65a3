"""The command behind every row: how to get the same by hand, with seven tools.

Lines are quoted for a POSIX shell and can be pasted as they are. A tool that cannot do it has an empty line, and `why`
says so: that too is worth knowing. Flags after each tool's own manual; those that are installed are run by the tests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Node
from tui.oci import media
from tui.registry.access import Access, Hosts
from tui.registry.shell_login import ShellLogin
from tui.teach import local_lines
from tui.teach.lines import (
    TOOLS,
    Line,
    Target,
    blob_lines,
    config_lines,
    list_lines,
    manifest_lines,
    referrer_lines,
    refused,
    registry_lines,
)
from tui.teach.platform_lines import Through, platform_lines


@dataclass(frozen=True, slots=True)
class Command:
    """One line of one tool.

    `tool` is curl, docker manifest, docker buildx imagetools, crane, oras, regctl or skopeo, or a plain tool for what
    lies on disk; `line` is "" where the tool cannot do it; `why` says what it does, or why not.
    """

    tool: str
    title: str
    line: str
    why: str


#: How the last request for a repository of a registry logged in (`Trace.login`).
Logins = Callable[[str, str | None], ShellLogin | None]


def commands(node: Node, hosts: Hosts | None = None, logins: Logins | None = None) -> tuple[Command, ...]:
    """The equivalent commands of a row, in a fixed order of tools. Asks nothing, raises nothing.

    `hosts` are the client's settings (`ClientSettings`), so that the flags fit how the registry is reached; `logins`
    say how curl gets in (the other tools see to that themselves).
    """
    if node.kind is Kind.FAULT and node.parent is not None:
        return commands(node.parent, hosts, logins)
    registry = node.source.registry
    if registry is None:
        found = local_lines.lines(node, hosts)
    else:
        access = Access.of(registry, hosts)
        login = logins(registry, node.repository) if logins is not None else None
        found = refused(access, node.repository, _remote(node, access, login))
    order = {tool: place for place, tool in enumerate(TOOLS)}
    ordered = sorted(found, key=lambda line: order.get(line.tool, len(order)))
    return tuple(Command(line.tool, line.title, line.line, line.why) for line in ordered)


def _remote(node: Node, access: Access, login: ShellLogin | None) -> list[Line]:
    repository = node.repository
    if repository is None:
        return registry_lines(access, login)
    digest = node.digest
    target = Target(access, repository, node.tag if node.kind is Kind.TAG else None, digest, login)
    if node.kind is Kind.REFERRERS:
        image = node.image() or node.parent
        return referrer_lines(Target(access, repository, None, image.digest if image is not None else None, login))
    if node.kind in MANIFEST_KINDS and (target.tag or digest is not None):
        through = _through(node, access)
        return [*manifest_lines(target, form=_form(node)), *(platform_lines(through) if through is not None else ())]
    if node.kind in BLOB_KINDS and digest is not None:
        return _BLOBS[node.kind](node, target)
    return list_lines(target)


def _form(node: Node) -> str:
    if not node.is_index:
        return "image"
    if node.index is None:
        return "index"
    if not node.index.entries:
        return "empty"
    return "nested" if any(media.is_index(entry.media_type) for entry in node.index.entries) else "index"


def _through(node: Node, access: Access) -> Through | None:
    """The tag or index to name with --platform, for an image that was reached through one."""
    if node.kind is not Kind.MANIFEST or node.platform is None or node.platform.is_unknown or node.repository is None:
        return None
    above = next((each for each in node.ancestors() if each.is_index), None)
    if above is None or above.index is None or node.descriptor is None:
        return None
    index = Target(access, node.repository, above.tag, above.digest)
    return Through(index, node.platform, node.descriptor, above.index.entries)


def _config(node: Node, target: Target) -> list[Line]:
    image = node.image()
    if image is None or image.digest is None:
        return blob_lines(target)
    of_image = not node.media_type or media.is_image_config(node.media_type)
    return config_lines(target, Target(target.access, target.repository, None, image.digest), of_image=of_image)


_BLOBS: dict[Kind, Callable[[Node, Target], list[Line]]] = {
    Kind.CONFIG: _config,
    Kind.LAYER: lambda _node, target: blob_lines(target),
    Kind.STATEMENT: lambda _node, target: blob_lines(target),
}
