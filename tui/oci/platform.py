"""Platforms: operating system, architecture, variant (OCI image-spec image-index.md, containerd's normalisation)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from tui.oci.errors import MalformedDocument, MalformedPlatform
from tui.text import safe

_PART = r"[A-Za-z0-9_.-]+"
_GRAMMAR = re.compile(
    rf"(?P<os>{_PART})(?:\((?P<inner>[^()\s/]+)\))?/(?P<architecture>{_PART})(?:/(?P<variant>{_PART}))?"
    r"(?: (?P<outer>[^()\s/]+))?",
    re.ASCII,
)
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
        """`linux/arm64/v8`, `windows(10.0.17763)/amd64`, or what `str` gives. One word is an architecture of
        Linux (`arm64`), as people write it. Raises MalformedPlatform."""
        match = _GRAMMAR.fullmatch(text)
        if match is not None:
            os_version = match["inner"] or match["outer"]
            return cls(match["os"].lower(), match["architecture"].lower(), _lower(match["variant"]), os_version)
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
        """`linux/arm64/v8`; with the version of Windows, `windows/amd64 10.0.17763.1`. Safe text."""
        text = f"{self.os or 'unknown'}/{self.architecture or 'unknown'}"
        if self.variant:
            text += f"/{self.variant}"
        if self.os_version:
            text += f" {self.os_version}"
        return safe(text, limit=200)

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
        return replace(self, os=_OSES.get(os, os), architecture=machine.architecture, variant=variant)

    def same_as(self, other: Platform) -> bool:
        """Whether both mean the same machine: arm64 is arm64/v8, x86_64 is amd64."""
        return self.normalised() == other.normalised()

    def matches(self, wanted: Platform) -> bool:
        """Whether this is the platform that was asked for; a version that was not asked for does not matter."""
        ours, theirs = self.normalised(), wanted.normalised()
        return (ours.os, ours.architecture, ours.variant) == (theirs.os, theirs.architecture, theirs.variant) and (
            theirs.os_version in (None, ours.os_version)
        )


def _lower(text: str | None) -> str | None:
    return text.lower() if text else None
