"""Choosing from an index as a client does: which entry fits a machine best, and why the others do not.

After containerd's platform matching (containerd/platforms, compare.go), which Docker uses too: exact architecture and
variant first, then what the machine can also run, in order; the first of several equal entries wins.
"""

from __future__ import annotations

import platform as machine
import sys
from dataclasses import dataclass

from tui.oci import media
from tui.oci.attestation import is_attestation
from tui.oci.descriptor import Descriptor
from tui.oci.manifest import Index
from tui.oci.platform import Platform


@dataclass(frozen=True, slots=True)
class PassedOver:
    """An entry that was not chosen, by its place in the index, and the reason in plain words."""

    position: int
    entry: Descriptor
    label: str
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """`position` of the chosen entry in the index (None: nothing fits), `reason` in plain words, and all the others."""

    position: int | None
    reason: str
    passed_over: tuple[PassedOver, ...]


def this_machine() -> Platform:
    """The platform that this machine would pull for: Docker runs Linux images on every desktop system."""
    os = "windows" if sys.platform == "win32" else "linux"
    return Platform.parse(f"{os}/{machine.machine().lower() or 'amd64'}").normalised()


def acceptable(wanted: Platform) -> tuple[Platform, ...]:
    """What a machine of that platform accepts, best first."""
    first = wanted.normalised()
    found = [first]
    if first.architecture == "arm64":
        newer = first.variant is not None  # v9 and later also run what plain arm64 (v8) runs
        found += [Platform(first.os, "arm64")] if newer else []
        found += [Platform(first.os, "arm", f"v{number}") for number in (8, 7, 6, 5)]
    elif first.architecture == "arm":
        number = _number(first.variant, 7)
        found += [Platform(first.os, "arm", f"v{older}") for older in range(number - 1, 4, -1)]
    elif first.architecture == "amd64":
        number = _number(first.variant, 1)
        found += [Platform(first.os, "amd64", f"v{older}" if older > 1 else None) for older in range(number - 1, 0, -1)]
        found.append(Platform(first.os, "386"))
    return tuple(found)


def choose(index: Index, wanted: Platform) -> Choice:
    """The entry that a client for `wanted` takes from an index."""
    best: tuple[int, int] | None = None
    for position, entry in enumerate(index.entries):
        rank = _rank(entry, wanted)
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, position)
    if best is None:
        # Without a platform nothing can be compared: a client has to look inside.
        unnamed = [
            place for place, entry in enumerate(index.entries) if entry.platform is None and not is_attestation(entry)
        ]
        if not unnamed:
            return Choice(None, f"No entry for {wanted}.", _others(index, None, wanted, None))
        return Choice(
            unnamed[0],
            "No entry names this platform, so a client tries the first one that names none.",
            _others(index, unnamed[0], wanted, None),
        )
    rank, position = best
    platform = index.entries[position].platform
    reason = (
        f"It is for {platform}, the exact match."
        if rank == 0
        else f"No entry for {wanted}; {platform} is the best fallback."
    )
    return Choice(position, reason, _others(index, position, wanted, rank))


def _others(index: Index, chosen: int | None, wanted: Platform, rank: int | None) -> tuple[PassedOver, ...]:
    return tuple(
        PassedOver(position, entry, _label(entry), _reason(entry, position, chosen, wanted, rank))
        for position, entry in enumerate(index.entries)
        if position != chosen
    )


def _reason(entry: Descriptor, position: int, chosen: int | None, wanted: Platform, rank: int | None) -> str:
    platform = entry.platform
    if is_attestation(entry):
        return "an attestation: unknown/unknown on purpose, so that no machine matches it"
    if platform is None:
        return "it names no platform, and another entry fits by name"
    own = _rank(entry, wanted)
    if own is not None and own == rank:
        return "a second entry for the same platform: the first one wins"
    if own is not None:
        return "it would run, but another entry fits better"
    if platform.is_unknown:
        return "its platform is unknown/unknown, which no machine matches"
    ours, theirs = platform.normalised(), wanted.normalised()
    if ours.os != theirs.os:
        return f"another operating system: {ours.os or 'none'} and not {theirs.os}"
    if ours.architecture != theirs.architecture:
        return f"another architecture: {ours.architecture or 'none'} and not {theirs.architecture}"
    if ours.variant != theirs.variant:
        return f"a variant that such a machine cannot run: {ours.variant or 'none'}"
    return f"another version of the system: {ours.os_version or 'none'}"


def _rank(entry: Descriptor, wanted: Platform) -> int | None:
    """0 for the exact platform, more for what is only acceptable, None for what does not run there."""
    if entry.platform is None or is_attestation(entry) or entry.platform.is_unknown:
        return None
    own = entry.platform.normalised()
    for rank, accepted in enumerate(acceptable(wanted)):
        if (own.os, own.architecture, own.variant) == (accepted.os, accepted.architecture, accepted.variant):
            version = wanted.os_version
            if version and own.os_version and own.os_version.split(".")[:3] != version.split(".")[:3]:
                return None
            return rank
    return None


def _label(entry: Descriptor) -> str:
    if is_attestation(entry):
        return "attestation"
    if entry.platform is not None:
        return str(entry.platform)
    return "an index" if media.is_index(entry.media_type) else "no platform"


def _number(variant: str | None, default: int) -> int:
    digits = (variant or "").removeprefix("v")
    return int(digits) if digits.isdigit() and len(digits) < 3 else default
