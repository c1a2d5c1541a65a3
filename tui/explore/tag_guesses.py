"""How people name the tags of one platform: from `0.16-edge` and linux/amd64 to `0.16-edge-amd64`. Pure."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tui.oci.platform import Platform

_SEPARATORS = ("-", "_", ".")
#: Characters of a tag at most.
_TAG_LENGTH = 128

#: Other names of architectures, the usual one first.
_MACHINES: dict[tuple[str, str | None], tuple[str, ...]] = {
    ("amd64", None): ("amd64", "x86_64", "x86-64", "x64"),
    ("386", None): ("386", "i386", "x86"),
    ("arm64", None): ("arm64", "arm64v8", "arm64-v8", "arm64_v8", "arm64.v8", "aarch64"),
    ("arm", "v5"): ("armv5", "arm-v5", "arm_v5", "arm.v5", "arm32v5", "armel"),
    ("arm", "v6"): ("armv6", "arm-v6", "arm_v6", "arm.v6", "arm32v6", "armhf"),
    ("arm", "v7"): ("armv7", "arm-v7", "arm_v7", "arm.v7", "arm32v7", "armhf", "arm"),
    ("arm", "v8"): ("armv8", "arm-v8", "arm_v8", "arm.v8"),
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A tag that may be the source of a platform: in the list's own repository, or in one beside it."""

    repository: str
    tag: str
    exact: bool = True
    """False for a tag in another repository: whether that repository has such a tag is not known."""


def machine_names(platform: Platform) -> tuple[str, ...]:
    """What people call this architecture in tags and repositories, the most usual first, in lower case."""
    plain = platform.normalised()
    architecture, variant = plain.architecture.lower(), plain.variant
    known = _MACHINES.get((architecture, variant.lower() if variant else None))
    if known is not None:
        return known
    names = [architecture]
    if variant:
        names = [f"{architecture}{joint}{variant.lower()}" for joint in ("", "-", "_", ".")]
        names.extend(_MACHINES.get((architecture, None), (architecture,)))
    return tuple(dict.fromkeys(names))


def suffixes(platform: Platform) -> Iterator[str]:
    """The endings that name a platform, without the separator before them: `amd64`, `linux-amd64` …"""
    for machine in machine_names(platform):
        yield machine
        for separator in _SEPARATORS:
            yield f"{platform.os.lower()}{separator}{machine}"


def proposals(
    tag: str,
    platform: Platform,
    tags: Iterable[str],
    repositories: Sequence[str] = (),
    *,
    repository: str = "",
) -> list[Proposal]:
    """The tags that may hold one platform of the list `tag`, most likely first.

    Only tags in `tags` (of `repository` itself) are proposed, and only repositories in `repositories`, there with
    the list's own tag. Capitals don't matter. Unknown platforms have no spelling.
    """
    if platform.is_unknown:
        return []
    here = _lowered(tags if isinstance(tags, tuple) else tuple(tags))
    found: dict[Proposal, None] = {}
    for candidate in _tag_spellings(tag.lower(), platform):
        name = here.get(candidate)
        if name is not None and name != tag:
            found[Proposal(repository, name)] = None
    there = _lowered(tuple(repositories))
    for candidate in repository_spellings(repository, platform) if there else ():
        name = there.get(candidate.lower())
        if name is not None and name != repository:
            found[Proposal(name, tag, exact=False)] = None
    return list(found)


@functools.lru_cache(maxsize=2)
def _lowered(names: tuple[str, ...]) -> Mapping[str, str]:
    """The names by their spelling without capitals: many tags of one repository are compared with the same list."""
    return {name.lower(): name for name in names}


def _tag_spellings(tag: str, platform: Platform) -> list[str]:
    if len(f"{platform.os}{platform.architecture}{platform.variant or ''}") > _TAG_LENGTH:
        return []  # no tag can hold it, and the spellings are remembered
    after, before, alone = _around(platform)
    spellings = [tag + end for end in after]
    spellings += [begin + tag for begin in before]
    return [*spellings, *alone] if tag == "latest" else spellings


@functools.lru_cache(maxsize=64)
def _around(platform: Platform) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """What stands after a tag and before it, separators and all, and what names a platform alone: the same for every
    tag of a repository."""
    endings = tuple(suffixes(platform))
    after = tuple(f"{separator}{ending}" for ending in endings for separator in _SEPARATORS)
    before = tuple(f"{ending}{separator}" for ending in endings for separator in _SEPARATORS)
    return after, before, endings


def repository_spellings(repository: str, platform: Platform) -> Iterator[str]:
    """Repositories beside this one that may hold one platform: `app/amd64`, `app-amd64`, `amd64/app`."""
    if platform.is_unknown or not repository:
        return
    path, _, name = repository.rpartition("/")
    for machine in machine_names(platform):
        yield f"{repository}/{machine}"
        yield f"{repository}-{machine}"
        yield f"{repository}_{machine}"
        yield f"{path}/{machine}/{name}" if path else f"{machine}/{name}"
    for machine in machine_names(platform)[:1]:
        yield f"{repository}/{platform.os.lower()}-{machine}"
        yield f"{repository}-{platform.os.lower()}-{machine}"
