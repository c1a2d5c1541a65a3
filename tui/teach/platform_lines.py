"""The same image as a client reaches it: through its index, by platform. The tools choose in different ways."""

from __future__ import annotations

from dataclasses import dataclass

from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.platform import Platform
from tui.teach.lines import CRANE, ORAS, REGCTL, Line, Target, crane, oras, regctl

#: What crane takes an entry for that names no platform.
_CRANES_DEFAULT = Platform("linux", "amd64")
_WHY = {
    CRANE: "Through the index, as a client chooses; it reads the manifest of the image too.",
    ORAS: "From the index alone: it does not ask whether the image is there.",
    REGCTL: "Through the index, then a HEAD request for the image.",
}


@dataclass(frozen=True, slots=True)
class Through:
    """The index, the platform to call the image by, its entry, and all the index's entries."""

    index: Target
    platform: Platform
    entry: Descriptor
    entries: tuple[Descriptor, ...]


def platform_lines(through: Through) -> list[Line]:
    """A line for each tool that can ask an index for a platform; none where it would find another entry."""
    title, named = f"print the digest for {through.platform}", through.entry.platform
    found = []
    for tool, why in _WHY.items():
        against = _against(tool, through)
        line = _line(tool, through.index, named) if named is not None and not against else ""
        found.append(Line(tool, title, line, against or why))
    return found


def _line(tool: str, index: Target, named: Platform) -> str:
    access, reference = index.access, index.reference
    text = "/".join(part for part in (named.os, named.architecture, named.variant) if part)
    version = named.os_version
    if tool == REGCTL:
        return regctl(access, "manifest head", "--platform", f"{text},osver={version}" if version else text, reference)
    asked = ("--platform", f"{text}:{version}" if version else text, reference)
    return crane(access, "digest", *asked) if tool == CRANE else oras(access, "resolve", *asked)


def _against(tool: str, through: Through) -> str:
    """Why this tool does not find the entry by its platform; "" when it does."""
    named = through.entry.platform
    if named is None:
        if tool == CRANE:
            return "crane takes an entry without a platform for linux/amd64, and then the first one that fits."
        return "The index does not say what this entry is for: it cannot be asked for by platform."
    if not (named.os and named.architecture):
        return "The index names only half of the platform."
    if _taken(tool, through.entries, named) != through.entry.digest:
        return f"{tool} takes the first entry that fits, and that is another one."
    return ""


def _taken(tool: str, entries: tuple[Descriptor, ...], wanted: Platform) -> Digest | None:
    """What a tool finds when it is asked for exactly this platform."""
    for entry in entries:
        given = entry.platform
        if given is None and tool == CRANE:
            given = _CRANES_DEFAULT
        if given is not None and _fits(tool, given, wanted):
            return entry.digest
    return None


def _fits(tool: str, given: Platform, wanted: Platform) -> bool:
    """crane and oras compare the words, and take as it comes what was not asked for. regctl knows that arm64 is
    arm64/v8, and prefers what is exactly the same to what would only run."""
    if tool == REGCTL:
        ours, theirs = given.normalised(), wanted.normalised()
        return (ours.os, ours.architecture, ours.variant, ours.os_version) == (
            *(theirs.os, theirs.architecture, theirs.variant, theirs.os_version),
        )
    return (
        (given.os, given.architecture) == (wanted.os, wanted.architecture)
        and wanted.variant in (None, given.variant)
        and wanted.os_version in (None, given.os_version)
    )
