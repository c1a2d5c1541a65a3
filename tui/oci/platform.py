"""Platforms: operating system, architecture, variant (OCI image-spec image-index.md, containerd's normalisation)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tui.oci.errors import MalformedDocument, MalformedPlatform
from tui.text import safe

_PART = r"[A-Za-z0-9_.-]+"
# What stands in brackets, or after a space: the version of the system, and features that it must have.
_OPTIONS = r"[^()\s/+]*(?:\+[^()\s/+]+)*"
_GRAMMAR = re.compile(
    rf"(?P<os>{_PART})(?:\((?P<inner>(?!\)){_OPTIONS})\))?/(?P<architecture>{_PART})(?:/(?P<variant>{_PART}))?"
    rf"(?: (?P<outer>(?=\S){_OPTIONS}))?",
    re.ASCII,
)
#: So many characters of a platform are shown: real ones have half as many, and a sentence names several.
_SHOWN = 64
_ALONE = re.compile(_PART, re.ASCII)
_OSES = {"macos": "darwin"}
_KNOWN_OSES = frozenset({"linux", "windows", "darwin", "freebsd", "wasip1", "wasi", "unknown"})


class _Machine(NamedTuple):
    architecture: str
    variant: str | None


_ALIASES = {
    "i386": _Machine("386", None),
    "x86_64": _Machine("amd64", None),
    "x86-64": _Machine("amd64", None),
    "aarch64": _Machine("arm64", None),
    "armhf": _Machine("arm", "v7"),
    "armel": _Machine("arm", "v6"),
}
# What containerd leaves out (None) or adds: a variant that says no more than the architecture alone.
_VARIANTS: dict[str, dict[str | None, str | None]] = {
    "amd64": {"v1": None, "1": None},
    "arm64": {"v8": None, "8": None, "v8.0": None, "v9.0": "v9", "9": "v9"},
    "arm": {None: "v7", "5": "v5", "6": "v6", "7": "v7", "8": "v8"},
}


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on. `extra` keeps fields that are not known here (Docker's `features`, say)."""

    os: str
    architecture: str
    variant: str | None = None
    os_version: str | None = None
    os_features: tuple[str, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def parse(cls, text: str) -> Platform:
        """`linux/arm64/v8`, `windows(10.0.17763+win32k)/amd64`, or what `str` gives. One word is an architecture of
        Linux (`arm64`), as people write it. Raises MalformedPlatform."""
        match = _GRAMMAR.fullmatch(text)
        if match is not None:
            os_version, *features = (match["inner"] or match["outer"] or "").split("+")
            return cls(
                match["os"].lower(),
                match["architecture"].lower(),
                _lower(match["variant"]),
                os_version or None,
                tuple(features),
            )
        shown = safe(text, limit=60)
        if _ALONE.fullmatch(text) and text.lower() not in _KNOWN_OSES:
            return cls("linux", text.lower())
        raise MalformedPlatform(f"“{shown}” is not a platform; write it as os/architecture, such as linux/arm64.")

    @classmethod
    def from_document(cls, document: Any, field: str = "platform") -> Platform:
        """From a `platform` object of an index. Missing parts are empty, as in Go. Raises MalformedDocument."""
        if not isinstance(document, Mapping):
            raise MalformedDocument(field, "must be an object")
        known = ("os", "architecture", "variant", "os.version", "os.features")
        words = {}
        for key in known[:4]:
            value = document.get(key)
            if value is not None and not isinstance(value, str):
                raise MalformedDocument(f"{field}.{key}", "must be text")
            words[key] = value or ""
        features = document.get("os.features") or ()
        if not isinstance(features, list | tuple) or not all(isinstance(item, str) for item in features):
            raise MalformedDocument(f"{field}.os.features", "must be a list of text")
        return cls(
            words["os"],
            words["architecture"],
            words["variant"] or None,
            words["os.version"] or None,
            tuple(features),
            {key: value for key, value in document.items() if key not in known},
        )

    def to_document(self) -> dict[str, Any]:
        """The `platform` object, in the order of the specification's own implementation."""
        document: dict[str, Any] = {"architecture": self.architecture, "os": self.os}
        if self.os_version:
            document["os.version"] = self.os_version
        if self.os_features:
            document["os.features"] = list(self.os_features)
        if self.variant:
            document["variant"] = self.variant
        return document | dict(self.extra)

    def __str__(self) -> str:
        """`linux/arm64/v8`; with the version and the features of Windows, `windows/amd64 10.0.17763.1+win32k`. Safe."""
        text = f"{self.os or 'unknown'}/{self.architecture or 'unknown'}"
        if self.variant:
            text += f"/{self.variant}"
        options = "".join([self.os_version or "", *(f"+{feature}" for feature in self.os_features)])
        return safe(f"{text} {options}" if options else text, limit=_SHOWN)

    @property
    def is_unknown(self) -> bool:
        """`unknown/unknown`, which BuildKit gives its attestation manifests, or nothing at all."""
        return self.os in ("", "unknown") and self.architecture in ("", "unknown")

    def normalised(self) -> Platform:
        """As containerd normalises it: aliases resolved, and a variant that adds nothing left out."""
        os = self.os.lower()
        machine = _ALIASES.get(self.architecture.lower(), _Machine(self.architecture.lower(), None))
        variant = machine.variant if machine.variant is not None else _lower(self.variant)
        variant = _VARIANTS.get(machine.architecture, {}).get(variant, variant)
        os = _OSES.get(os, os)
        features = tuple(sorted(set(self.os_features))) if self.os_features else ()
        if (os, machine.architecture, variant, features) == (
            self.os,
            self.architecture,
            self.variant,
            self.os_features,
        ):
            return self  # nearly every one, and this is asked for each row again and again
        return Platform(os, machine.architecture, variant, self.os_version, features, self.extra)

    def same_as(self, other: Platform) -> bool:
        """Whether both mean the same machine: arm64 is arm64/v8, x86_64 is amd64."""
        return self.normalised() == other.normalised()

    def matches(self, wanted: Platform) -> bool:
        """Whether this is the platform that was asked for; a version that was not asked for does not matter, and of
        Windows the build decides: 10.0.17763 is 10.0.17763.1879."""
        ours, theirs = self.normalised(), wanted.normalised()
        if (ours.os, ours.architecture, ours.variant) != (theirs.os, theirs.architecture, theirs.variant):
            return False
        if theirs.os_version is None or theirs.os_version == ours.os_version:
            return True
        build = _build(theirs.os_version)
        return ours.os == "windows" and build is not None and build == _build(ours.os_version or "")

    @property
    def is_partial(self) -> bool:
        """Whether the system or the architecture is not named, so that no client can ask for it."""
        return not self.is_unknown and (
            "unknown" in (self.os, self.architecture) or not (self.os and self.architecture)
        )


# From this build of Windows Server on, hosts run the images of older builds too, down to this one.
_STABLE_BUILD = 20348


class _Build(NamedTuple):
    major: int
    minor: int
    build: int


def _build(version: str) -> _Build | None:
    """The numbers of a version of Windows that say which build it is; None when it names none."""
    parts = version.split(".")[:3]
    if len(parts) < 3 or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        return None
    return _Build(*map(int, parts))


def _runs(asked: str | None, offered: str | None) -> bool:
    """Whether a Windows host of version `asked` runs an image made for `offered`."""
    host = _build(asked or "")
    if host is None or not offered:
        return True
    image = _build(offered)
    if image is None or host[:2] != image[:2]:
        return False
    if host.build < _STABLE_BUILD:
        return host.build == image.build
    return _STABLE_BUILD <= image.build <= host.build


def fallbacks(wanted: Platform) -> tuple[Platform, ...]:
    """What containerd takes for a machine, the best first: the platform itself, then those that it runs as well."""
    own = wanted.normalised()
    others = [
        replace(own, architecture=machine.architecture, variant=machine.variant)
        for machine in _weaker(own.architecture, own.variant)
    ]
    return tuple(dict.fromkeys([own, *(other.normalised() for other in others)]))


def _weaker(architecture: str, variant: str | None) -> list[_Machine]:
    """The machines whose programs one runs too, the nearest first."""
    level = _level(variant)
    if architecture == "amd64":
        lower = [_Machine("amd64", f"v{number}") for number in range(level.major - 1, 0, -1)]
        return [*lower, _Machine("386", None)]
    if architecture == "arm":
        return [_Machine("arm", f"v{number}") for number in range(level.major - 1, 4, -1)]
    if architecture != "arm64":
        return []
    major, minor = level if variant else _Level(8, 0)
    lower = []
    if major == 9:  # 9.0 came out of 8.5: a machine of 9.x runs what is for 8.(x+5)
        lower += [_Machine("arm64", _dotted(9, number)) for number in range(minor - 1, -1, -1)]
        major, minor = 8, minor + 6
    if major == 8:
        lower += [_Machine("arm64", _dotted(8, number)) for number in range(minor - 1, -1, -1)]
    if variant and major not in (8, 9):
        return [_Machine("arm", variant)]
    return [*lower, *(_Machine("arm", f"v{number}") for number in range(8, 4, -1))]


class _Level(NamedTuple):
    major: int
    minor: int


def _level(variant: str | None) -> _Level:
    """v8.2 as numbers; 0 for what is no such level, and no level is so high that a list of those below were long."""
    match = re.fullmatch(r"v?([0-9]{1,2})(?:\.([0-9]))?", variant or "", re.ASCII)
    return _Level(int(match[1]), int(match[2] or 0)) if match is not None else _Level(0, 0)


def _dotted(major: int, minor: int) -> str:
    return f"v{major}.{minor}" if minor else f"v{major}"


# A feature that Windows Server images name, and that containerd does not hold against a host.
_UNCOMPARED = frozenset({"win32k"})


def _takes(wanted: Platform, offer: Platform) -> bool:
    """Whether containerd takes this offer for exactly the platform `wanted`; both normalised. An offer that names no
    system is for the host's own."""
    return (
        (wanted.os, wanted.architecture, wanted.variant) == (offer.os or wanted.os, offer.architecture, offer.variant)
        and (wanted.os != "windows" or _runs(wanted.os_version, offer.os_version))
        and set(offer.os_features) - (_UNCOMPARED if wanted.os == "windows" else frozenset()) <= set(wanted.os_features)
    )


def choose(wanted: Platform, offers: Sequence[Platform | None]) -> int | None:
    """Which entry of an index containerd and Docker take for `wanted`: the nearest platform, the first of equals (of
    Windows, that of the highest version; else that of the most features that the machine has); else the first entry
    that names none. None when none fits."""
    plain = [offer.normalised() if offer is not None else None for offer in offers]
    for platform in fallbacks(wanted):
        fitting = [place for place, offer in enumerate(plain) if offer is not None and _takes(platform, offer)]
        if fitting and platform.os == "windows":
            return max(fitting, key=lambda place: (_text_of(plain[place]), -place))
        if fitting:
            return max(fitting, key=lambda place: (_features_of(plain[place]), -place))
    return next((place for place, offer in enumerate(offers) if offer is None), None)


def _features_of(offer: Platform | None) -> int:
    return len(offer.os_features) if offer is not None else 0


def _text_of(offer: Platform | None) -> str:
    return (offer.os_version or "") if offer is not None else ""  # containerd compares versions as text


# The variants that the containers library (skopeo, buildah, podman) knows, from the most able to the least.
_LIBRARY_VARIANTS = {"arm": ("v8", "v7", "v6", "v5"), "arm64": ("v8",)}


def choose_exactly(wanted: Platform, offers: Sequence[Platform | None]) -> int | None:
    """Which entry skopeo, buildah and podman take: no other architecture, of variants only arm's are ordered, and
    versions of a system are not looked at. None when none fits."""
    known = _LIBRARY_VARIANTS.get(wanted.architecture, ())
    variants: tuple[str | None, ...]
    if wanted.variant is None:
        variants = (None, *known)
    else:
        lower = known[known.index(wanted.variant) :] if wanted.variant in known else (wanted.variant,)
        variants = (*lower, None)
    for variant in variants:
        for place, offer in enumerate(offers):
            if offer is not None and (offer.os, offer.architecture, offer.variant) == (
                wanted.os,
                wanted.architecture,
                variant,
            ):
                return place
    return next((place for place, offer in enumerate(offers) if offer is None), None)


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None
