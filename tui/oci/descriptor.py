"""Descriptors: media type, digest and size of another object (OCI image-spec, descriptor.md)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest, MalformedDocument
from tui.oci.platform import Platform

KNOWN = ("mediaType", "digest", "size", "urls", "annotations", "data", "platform", "artifactType")
_SIZE_LIMIT = 2**63


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What one object says of another.

    `data` is the embedded content, only when its length and hash agree; a `data` that does not stays in `extra`, with
    every field that is not known here, so that nothing is lost when it is written again. `annotations` are raw.
    """

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    urls: tuple[str, ...] = ()
    artifact_type: str | None = None
    data: bytes | None = field(default=None, repr=False)
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)

    @classmethod
    def from_document(cls, document: Any, field: str = "") -> Descriptor:
        """From the JSON object at `field` of a document. Raises MalformedDocument naming the part that is wrong."""
        if not isinstance(document, Mapping):
            raise MalformedDocument(field, "must be an object (a descriptor)")
        media_type = _media_type(document.get("mediaType"), f"{field}.mediaType".lstrip("."))
        digest = _digest(document, field)
        size = _size(document, field)
        platform = document.get("platform")
        artifact_type = document.get("artifactType")
        if artifact_type is not None and not isinstance(artifact_type, str):
            raise MalformedDocument(f"{field}.artifactType".lstrip("."), "must be text")
        extra = {key: value for key, value in document.items() if key not in KNOWN}
        data = _data(document.get("data"), digest, size)
        if data is None and document.get("data") is not None:
            extra["data"] = document["data"]
        return cls(
            media_type=media_type,
            digest=digest,
            size=size,
            platform=None if platform is None else Platform.from_document(platform, f"{field}.platform".lstrip(".")),
            annotations=read_annotations(document.get("annotations"), f"{field}.annotations".lstrip(".")),
            urls=_urls(document.get("urls"), f"{field}.urls".lstrip(".")),
            artifact_type=artifact_type or None,
            data=data,
            extra=extra,
        )

    def to_document(self) -> dict[str, Any]:
        """The JSON object, its keys in the order of the specification's own implementation."""
        document: dict[str, Any] = {"mediaType": self.media_type, "digest": str(self.digest), "size": self.size}
        if self.urls:
            document["urls"] = list(self.urls)
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        if self.data is not None:
            document["data"] = base64.b64encode(self.data).decode("ascii")
        if self.platform is not None:
            document["platform"] = self.platform.to_document()
        if self.artifact_type:
            document["artifactType"] = self.artifact_type
        return document | dict(self.extra)

    @property
    def is_foreign(self) -> bool:
        """Whether registries need not hold it: it has `urls`, or a type that says so."""
        return bool(self.urls) or media.is_foreign_layer(self.media_type)


def read_annotations(value: Any, field: str) -> dict[str, str]:
    """An `annotations` object: text to text; null and absent are none. Raises MalformedDocument."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise MalformedDocument(field, "must be an object of text")
    for key, text in value.items():
        if not isinstance(text, str):
            raise MalformedDocument(f"{field}.{key}", "must be text")
    return dict(value)


def _media_type(value: Any, field: str) -> str:
    if value is None or value == "":
        return ""  # Go reads a missing type as empty, and registries accept it: say "unknown type", go on
    if not isinstance(value, str) or not media.is_media_type(value):
        raise MalformedDocument(field, "must be a media type")
    return value


def _digest(document: Mapping[str, Any], field: str) -> Digest:
    where = f"{field}.digest".lstrip(".")
    value = document.get("digest")
    if value is None:
        raise MalformedDocument(where, "is missing")
    if not isinstance(value, str):
        raise MalformedDocument(where, "must be text")
    try:
        return Digest.parse(value)
    except MalformedDigest as error:
        raise MalformedDocument(where, str(error)) from None


def _size(document: Mapping[str, Any], field: str) -> int:
    where = f"{field}.size".lstrip(".")
    value = document.get("size")
    if value is None:
        raise MalformedDocument(where, "is missing")
    if type(value) is not int:  # not isinstance: true is an int to Python
        raise MalformedDocument(where, "must be a whole number")
    if not 0 <= value < _SIZE_LIMIT:
        raise MalformedDocument(where, f"{value} is not a size in bytes")
    return value


def _urls(value: Any, field: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise MalformedDocument(field, "must be a list of text")
    return tuple(value)


def _data(value: Any, digest: Digest, size: int) -> bytes | None:
    """The embedded content if it is what the descriptor says and is written the one canonical way, else None."""
    if not isinstance(value, str) or not digest.can_verify:
        return None
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return None
    good = len(data) == size and digest.matches(data) and base64.b64encode(data).decode("ascii") == value
    return data if good else None
