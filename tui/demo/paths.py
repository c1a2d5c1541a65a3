"""What a request path asks for: the routes of the distribution specification, and the grammar of names in them.

Written on its own, not shared with the client, so that a mistake on one side shows on the other.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final, Literal

_PART: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", re.ASCII)
_DIGEST: Final = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[A-Za-z0-9=_-]+", re.ASCII)
_HEX_LENGTH: Final = {"sha256": 64, "sha384": 96, "sha512": 128}

Kind = Literal[
    "base", "catalog", "token", "tags", "manifest", "blob", "upload", "referrers", "storage", "page", "nothing"
]


@dataclass(frozen=True, slots=True)
class Route:
    """One parsed path. `reference` is a tag, a digest or an upload's id, as the kind has it; "" where there is none."""

    kind: Kind
    name: str = ""
    reference: str = ""


def parse_path(path: str) -> Route:
    """Split a request path (decoded) by the endpoints of the specification; unknown paths are `nothing`."""
    if path in {"/v2", "/v2/"}:
        return Route("base")
    if path.startswith("/storage/"):
        return Route("storage", *path.removeprefix("/storage/").rpartition("/")[::2])
    if not path.startswith("/v2/"):
        return Route({"/": "page", "/token": "token"}.get(path, "nothing"))  # type: ignore[arg-type]
    if path == "/v2/_catalog":
        return Route("catalog")
    parts = path[4:].split("/")
    if len(parts) >= 4 and parts[-3:-1] == ["blobs", "uploads"]:
        return Route("upload", "/".join(parts[:-3]), parts[-1])
    if len(parts) >= 3:
        name = "/".join(parts[:-2])
        match parts[-2:]:
            case ["blobs", "uploads"]:
                return Route("upload", name)
            case ["tags", "list"]:
                return Route("tags", name)
            case ["manifests", reference]:
                return Route("manifest", name, reference)
            case ["blobs", reference]:
                return Route("blob", name, reference)
            case ["referrers", reference]:
                return Route("referrers", name, reference)
    return Route("nothing")


def is_name(text: str) -> bool:
    """Whether `text` is a repository name: at most 255 characters, lower case, the specification's grammar."""
    return len(text) <= 255 and _NAME.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    return _TAG.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether `text` is a digest of an algorithm that this registry can verify (sha256, sha384, sha512)."""
    if len(text) > 256 or _DIGEST.fullmatch(text) is None:
        return False
    algorithm, _, encoded = text.partition(":")
    return _HEX_LENGTH.get(algorithm) == len(encoded) and not set(encoded) - set("0123456789abcdef")


def digest_of(data: bytes | bytearray, algorithm: str = "sha256") -> str:
    """The digest of `data`: "sha256:…"."""
    return f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}"
