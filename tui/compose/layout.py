"""The byte layout of the indexes that fanfold writes. It never changes: the same draft has the same digest for ever.

Fields come in the order of image-spec's `image-index.md` and `descriptor.md`, maps are sorted by key, unknown
fields follow sorted, two spaces of indentation, no newline at the end, and `<`, `>`, `&`, U+2028, U+2029
escaped as Go's encoder does. Other tools indent otherwise, so that the same entries have another digest there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tui.oci.canonical_json import go_escaped, json_text

_DESCRIPTOR = ("mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType")
_PLATFORM = ("architecture", "os", "os.version", "os.features", "variant")
_INDEX = ("schemaVersion", "mediaType", "artifactType", "manifests", "subject", "annotations")


def dump(document: Mapping[str, Any]) -> bytes:
    """The bytes of an index document. Raises UnicodeEncodeError for a lone surrogate (validation refuses it before)."""
    return text_of(document).encode("utf-8")


def text_of(document: Mapping[str, Any]) -> str:
    """The same as text, also of what cannot be encoded: for comparing."""
    return go_escaped(json_text(_index(document), indent=2))


def _index(document: Mapping[str, Any]) -> dict[str, Any]:
    ordered = _ordered(document, _INDEX)
    ordered["manifests"] = [_descriptor(entry) for entry in _sequence(document.get("manifests"))]
    if isinstance(ordered.get("subject"), Mapping):
        ordered["subject"] = _descriptor(ordered["subject"])
    return ordered


def _descriptor(document: Any) -> Any:
    if not isinstance(document, Mapping):
        return _sorted(document)
    ordered = _ordered(document, _DESCRIPTOR)
    if isinstance(ordered.get("platform"), Mapping):
        ordered["platform"] = _ordered(ordered["platform"], _PLATFORM)
    return ordered


def _ordered(document: Mapping[str, Any], known: tuple[str, ...]) -> dict[str, Any]:
    names = [name for name in known if name in document]
    names += sorted(name for name in document if name not in known)
    return {name: _sorted(document[name]) for name in names}


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()
