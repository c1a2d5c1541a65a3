"""Reading JSON that somebody else wrote, without the traps of `json.loads`.

Bytes must be UTF-8 without a byte order mark; NaN, infinities, numbers too large, nesting too deep and keys written
twice are refused. Go, and so Docker, matches field names without regard to case: a document with "Manifests" beside
(or instead of) "manifests" means one thing there and another here, and `variants` finds such keys.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from tui.oci.errors import MalformedDocument
from tui.text import safe

MANIFEST_LIMIT = 4 * 1024 * 1024  # distribution-spec: registries should accept manifests of at least this size
DEPTH_LIMIT = 64
_DIGITS = 40


class AmbiguousDocument(MalformedDocument):
    """A key is there twice: two readers of the document may each see something else. `document` is what the last
    one of them gives."""

    def __init__(self, field: str, problem: str, document: Any) -> None:
        super().__init__(field, problem)
        self.document = document


def loads(raw: bytes, *, limit: int = MANIFEST_LIMIT) -> Any:
    """The JSON value of these bytes, at most `limit` of them.

    Raises MalformedDocument, or AmbiguousDocument when a key stands twice in one object.
    """
    if len(raw) > limit:
        raise MalformedDocument("", f"The document has {len(raw):,} bytes; more than {limit:,} are not read.")
    if not raw.strip():
        raise MalformedDocument("", "The document is empty.")
    if raw.startswith(b"\xef\xbb\xbf"):
        raise MalformedDocument("", "The document begins with a byte order mark, which JSON does not allow.")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedDocument("", f"The document is not UTF-8 text (byte {error.start:,}).") from None
    twice: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        document = dict(pairs)
        if len(document) != len(pairs):
            seen: set[str] = set()
            for key, _ in pairs:
                if key in seen:
                    twice.append(key)
                seen.add(key)
        return document

    try:
        value = json.loads(
            text, object_pairs_hook=collect, parse_constant=_constant, parse_int=_integer, parse_float=_real
        )
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise MalformedDocument("", f"The document is not JSON: {error.msg.rstrip('.')} ({place}).") from None
    _check_depth(value)
    if twice:
        key = safe(twice[0], limit=60)
        raise AmbiguousDocument(key, "duplicate key: readers may disagree", value)
    return value


def variants(document: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """Keys of this object that Go would read as one of the known ones although they are spelt otherwise."""
    folded = {key.casefold(): key for key in known}
    return [key for key in document if folded.get(key.casefold(), key) != key]


def _constant(name: str) -> Any:
    raise MalformedDocument("", f"The document has the number {name}, which JSON does not know.")


def _integer(text: str) -> int:
    if len(text) > _DIGITS:
        raise MalformedDocument("", f"The document has a number of {len(text):,} digits.")
    return int(text)


def _real(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise MalformedDocument("", "The document has a number that is too large.")
    return number


def _too_deep() -> MalformedDocument:
    return MalformedDocument("", f"The document nests deeper than {DEPTH_LIMIT} levels.")


def _check_depth(value: Any) -> None:
    level: list[Any] = [value]
    depth = 0
    while level:
        depth += 1
        if depth > DEPTH_LIMIT:
            raise _too_deep()
        below: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                below.extend(child for child in item.values() if isinstance(child, dict | list))
            elif isinstance(item, list):
                below.extend(child for child in item if isinstance(child, dict | list))
        level = below
