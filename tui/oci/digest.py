"""Digests, `algorithm:encoded` (OCI image-spec, descriptor.md "Digests")."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Self

from tui.oci.errors import MalformedDigest
from tui.text import safe

if TYPE_CHECKING:
    from hashlib import _Hash

_GRAMMAR = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):([A-Za-z0-9=_-]+)", re.ASCII)
#: What nearly all are: nothing is wrong with it, so that there is nothing to find words for.
_COMMON = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_HEX_LENGTH = {"sha256": 64, "sha512": 128}
_LOWER_HEX = re.compile(r"[0-9a-f]+", re.ASCII)
_LONGEST = 512


class Digest(str):
    """A digest, always well-formed: a `str`, so that it is a dict key and JSON as it is.

    sha256 and sha512 are strict (lower-case hex of the right length) and can be verified. Another algorithm that fits
    the grammar is kept and shown, and `can_verify` is False. Raises MalformedDigest.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        if not isinstance(text, str):
            raise MalformedDigest("A digest is text such as sha256:0e32bf6b….")
        if type(text) is cls:
            return text
        if _COMMON.fullmatch(text) is None:
            _check(text)
        return super().__new__(cls, text)

    @classmethod
    def parse(cls, text: str) -> Digest:
        return cls(text)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Digest:
        """The digest of these bytes, with sha256 or sha512."""
        if algorithm not in _HEX_LENGTH:
            raise MalformedDigest(f"{algorithm} is not a supported algorithm; use sha256 or sha512.")
        return cls(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")

    @property
    def algorithm(self) -> str:
        return self.partition(":")[0]

    @property
    def encoded(self) -> str:
        return self.partition(":")[2]

    @property
    def short(self) -> str:
        """The algorithm and twelve digits: enough to tell two apart on a screen, never enough to ask with."""
        encoded = self.encoded
        return f"{self.algorithm}:{encoded[:12]}…" if len(encoded) > 12 else str(self)

    @property
    def can_verify(self) -> bool:
        return self.algorithm in _HEX_LENGTH

    def hasher(self) -> _Hash:
        """A fresh hash object of this digest's algorithm. Raises MalformedDigest when it is not sha256 or sha512."""
        if not self.can_verify:
            raise MalformedDigest(f"{self.short} uses {self.algorithm}, which fanfold cannot verify.")
        return hashlib.new(self.algorithm)

    def matches(self, data: bytes) -> bool:
        """Whether these bytes hash to this digest. Raises MalformedDigest when that cannot be computed."""
        hasher = self.hasher()
        hasher.update(data)
        return hasher.hexdigest() == self.encoded


def digest_in(selector: str) -> Digest | None:
    """The digest that a selector is; None for a tag, which cannot hold a colon. Raises MalformedDigest."""
    return Digest(selector) if ":" in selector else None


def digest_or_name(selector: str) -> Digest | None:
    """The digest that a selector is; None for whatever is none: a tag, or a layout's name, which may hold colons."""
    try:
        return digest_in(selector)
    except MalformedDigest:
        return None


def _check(text: str) -> None:
    shown = safe(text, limit=100)
    if len(text) > _LONGEST:
        raise MalformedDigest(f"{shown} is too long for a digest.")
    match = _GRAMMAR.fullmatch(text)
    if match is None:
        raise MalformedDigest(f"“{shown}” is not a digest; one looks like sha256: and 64 hexadecimal digits.")
    algorithm, encoded = match.groups()
    length = _HEX_LENGTH.get(algorithm)
    if length is None:
        return
    if len(encoded) < length:
        raise MalformedDigest(f"{shown} is a short digest: {algorithm} takes {length} digits, found {len(encoded)}.")
    if len(encoded) > length:
        raise MalformedDigest(f"{shown} is too long: {algorithm} takes {length} digits, found {len(encoded)}.")
    if _LOWER_HEX.fullmatch(encoded) is None:
        raise MalformedDigest(f"{shown} must be lower-case hexadecimal digits after {algorithm}:.")
