"""The command behind every row: how to see the same by hand, with seven tools.

A tool that cannot do it has an empty line, and its note says so: that too is worth knowing. The lines of the programs
that are installed are run by the tests (tests/peers/test_commands.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from tui.explore.node import BLOB_KINDS, MANIFEST_KINDS, Kind, Node
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.oci.reference import is_loopback
from tui.registry.access import Access, Hosts
from tui.registry.shell_login import ShellLogin
from tui.tools import on_disk
from tui.tools.table import SEVEN, CommandLine, Shell, Value, line, lines, says, table

#: How the last request for a repository of a registry logged in (`Trace.login`).
Logins = Callable[[str, str | None], ShellLogin | None]
Values = dict[str, Value]

#: What crane takes an entry for that names no platform.
_CRANES_DEFAULT = Platform("linux", "amd64")


def look_lines(node: Node, hosts: Hosts | None = None, logins: Logins | None = None) -> tuple[CommandLine, ...]:
    """The lines for a row, in a fixed order of tools. Asks nothing, raises nothing.

    `hosts` are the client's settings (`ClientSettings`), so that the flags fit how the registry is reached; `logins`
    say how curl gets in (the other tools see to that themselves).
    """
    if node.kind is Kind.FAULT and node.parent is not None:
        return look_lines(node.parent, hosts, logins)
    registry = node.source.registry
    if registry is None:
        found = on_disk.look_lines(node, hosts)
    else:
        access = Access.of(registry, hosts)
        login = logins(registry, node.repository) if logins is not None else None
        found = _readable(access, node.repository, _in_registry(node, access, login))
    order = [table().tools[tool].name for tool in SEVEN]
    return tuple(sorted(found, key=lambda one: order.index(one.tool) if one.tool in order else len(order)))


def registry_values(
    access: Access,
    repository: str | None,
    tag: str | None = None,
    digest: Digest | None = None,
    login: ShellLogin | None = None,
) -> Values:
    """What a line about an object in a repository of a registry may hold."""
    name = f"{access.registry}/{repository}"
    by_digest = f"{name}@{digest}" if digest is not None else name
    note = says("no-login")
    if login is not None:
        note = "".join(says("login-variables", variables=each) for each in login.notes)
    elif access.is_hub:
        note = ""
    return {
        "registry": access.registry,
        "url": access.url,
        "repository": repository or "",
        "name": name,
        "reference": f"{name}:{tag}" if tag else by_digest,
        "by_digest": by_digest,
        "digest": str(digest or ""),
        "selector": tag or str(digest or ""),
        "accept": ", ".join(media.ACCEPT),  # a registry knows several kinds of manifests, and 404 is said of the others
        "sum": f"{digest.algorithm if digest is not None else 'sha256'}sum",
        "login": Shell(login.before.rstrip() if login is not None else ""),
        "credentials": _credentials(access, repository, login),
        "login_note": note,
    }


def _credentials(access: Access, repository: str | None, login: ShellLogin | None) -> Shell:
    """The login that a request took before, if that is known. Of other registries Docker Hub alone is known to give a
    token to anybody who asks."""
    if login is not None:
        return Shell(login.words)
    if not access.is_hub:
        return Shell("")
    token = line("hub-token", "curl", {"repository": repository or ""}).line
    return Shell(f'--header "Authorization: Bearer $({token})"')


def _in_registry(node: Node, access: Access, login: ShellLogin | None) -> list[CommandLine]:
    repository, digest = node.repository, node.digest
    if repository is None:
        return _catalog(access, login)
    if node.kind is Kind.REFERRERS:
        image = node.image() or node.parent
        of = image.digest if image is not None else None
        return lines("referrers", registry_values(access, repository, None, of, login), access)
    tag = node.tag if node.kind is Kind.TAG else None
    values = registry_values(access, repository, tag, digest, login)
    if node.kind in MANIFEST_KINDS and (tag or digest is not None):
        return [*_manifest(node, access, values), *_through_index(node, access)]
    if node.kind in BLOB_KINDS and digest is not None:
        return _config(node, access, values) if node.kind is Kind.CONFIG else _blob(access, values)
    return lines("tags", values, access)


def _catalog(access: Access, login: ShellLogin | None) -> list[CommandLine]:
    values = registry_values(access, None, login=login)
    if login is None:
        values["login_note"] = ""
    found = lines("catalog", values, access)
    return [replace(one, line="", note=says("no-catalog")) for one in found] if access.is_hub else found


def _manifest(node: Node, access: Access, values: Values) -> list[CommandLine]:
    """The digest, and the bytes. `docker manifest` reads every entry and config, so that one which it cannot read makes
    it fail; imagetools with a format reads all there is below, whatever the format asks for."""
    shown = "show-image"
    if node.is_index:
        shown = "show-index"
        if node.index is not None and not node.index.entries:
            shown = "show-empty-index"
        elif node.index is not None and any(media.is_index(entry.media_type) for entry in node.index.entries):
            shown = "show-nested-index"
    values = {
        **values,
        "hub_pull": says("hub-pull") if access.is_hub else "",
        "buildkitd": _buildkitd(access),
        "shown": says("shown-index" if node.is_index else "shown-image"),
        "whole": "every entry and its config" if node.is_index else "the config",
    }
    return [found for operation in (shown, "show", "digest", "bytes") for found in lines(operation, values, access)]


def _buildkitd(access: Access) -> str:
    """What imagetools cannot be told with a flag."""
    if access.plain_http:
        return says("buildkitd", setting="http = true") if not is_loopback(access.registry) else ""
    return says("buildkitd", setting="insecure = true") if access.insecure else ""


def _blob(access: Access, values: Values) -> list[CommandLine]:
    return [*lines("blob", values, access), *lines("blob-bytes", values, access)]


def _config(node: Node, access: Access, values: Values) -> list[CommandLine]:
    """A config: as a blob, and through its manifest."""
    image = node.image()
    if image is None or image.digest is None:
        return _blob(access, values)
    of_image = not node.media_type or media.is_image_config(node.media_type)
    through = {**values, "image": f"{values['name']}@{image.digest}", "buildkitd": _buildkitd(access)}
    found = [*lines("config", through, access), *lines("image-config" if of_image else "other-config", through, access)]
    other = {one.tool for one in found} - {"crane"}
    return [*(one for one in _blob(access, values) if one.tool not in other), *found]


def _readable(access: Access, repository: str | None, lines: list[CommandLine]) -> list[CommandLine]:
    """The same lines, without those whose tool cannot even read the name."""
    reasons = {}
    if access.registry.startswith("["):
        reasons = {tool: says("no-ipv6", tool=tool) for tool in ("regctl", "skopeo")}
    if repository is not None and len(repository) == 1:
        reasons["crane"] = says("one-letter", tool="crane")
    return [replace(one, line="", note=reasons[one.tool]) if one.line and one.tool in reasons else one for one in lines]


# --- the same image as a client reaches it: through its index, by platform -------------------------------------------


def _through_index(node: Node, access: Access) -> list[CommandLine]:
    """The lines with --platform, for an image that was reached through an index."""
    if node.kind is not Kind.MANIFEST or node.platform is None or node.platform.is_unknown or node.repository is None:
        return []
    above = next((each for each in node.ancestors() if each.is_index), None)
    if above is None or above.index is None or node.descriptor is None:
        return []
    values = registry_values(access, node.repository, above.tag, above.digest)
    return platform_lines(access, values, node.platform, node.descriptor, above.index.entries)


def platform_lines(
    access: Access, index: Values, platform: Platform, entry: Descriptor, entries: Sequence[Descriptor]
) -> list[CommandLine]:
    """A line for each tool that can ask an index for a platform; none where it would find another of its entries.
    `platform` is what the image is called by."""
    return [
        line(
            "by-platform",
            tool,
            {**index, "platform": str(platform), "asked": _asked(tool, entry.platform or platform)},
            access,
            unless=_against(tool, entry, entries),
        )
        for tool in table().operations["by-platform"]
    ]


def _asked(tool: str, named: Platform) -> str:
    """A platform as a tool reads it."""
    text = "/".join(part for part in (named.os, named.architecture, named.variant) if part)
    mark = ",osver=" if tool == "regctl" else ":"
    return f"{text}{mark}{named.os_version}" if named.os_version else text


def _against(tool: str, entry: Descriptor, entries: Sequence[Descriptor]) -> str:
    """Why this tool does not find the entry by its platform; "" when it does."""
    named = entry.platform
    if named is None:
        return says("no-platform-for-crane" if tool == "crane" else "no-platform-in-index")
    if not (named.os and named.architecture):
        return says("half-a-platform")
    return "" if _taken(tool, entries, named) == entry.digest else says("another-entry-first", tool=tool)


def _taken(tool: str, entries: Sequence[Descriptor], wanted: Platform) -> Digest | None:
    """What a tool finds when it is asked for exactly this platform."""
    for entry in entries:
        given = entry.platform
        if given is None and tool == "crane":
            given = _CRANES_DEFAULT
        if given is not None and _fits(tool, given, wanted):
            return entry.digest
    return None


def _fits(tool: str, given: Platform, wanted: Platform) -> bool:
    """crane and oras compare the words, and take as it comes what was not asked for. regctl knows that arm64 is
    arm64/v8, and prefers what is exactly the same to what would only run."""
    if tool == "regctl":
        ours, theirs = given.normalised(), wanted.normalised()
        return (ours.os, ours.architecture, ours.variant, ours.os_version) == (
            *(theirs.os, theirs.architecture, theirs.variant, theirs.os_version),
        )
    return (
        (given.os, given.architecture) == (wanted.os, wanted.architecture)
        and wanted.variant in (None, given.variant)
        and wanted.os_version in (None, given.os_version)
    )
