"""Pure data of container images: references, digests, platforms, descriptors, manifests, configs, statements.

Nothing here does input or output, and nothing raises anything but an OciError, whatever the input. The names below
are imported when they are first used, so that whoever needs a digest does not wait for statements.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tui.oci.config import HistoryEntry, ImageConfig, decode_config
    from tui.oci.descriptor import Descriptor
    from tui.oci.digest import Digest
    from tui.oci.errors import (
        DigestMismatch,
        MalformedDigest,
        MalformedDocument,
        MalformedPlatform,
        MalformedReference,
        OciError,
    )
    from tui.oci.manifest import ImageManifest, Index, Manifest, OpaqueManifest, decode
    from tui.oci.platform import Platform
    from tui.oci.reference import (
        Reference,
        api_host,
        credential_key,
        fallback_tag,
        is_loopback,
        is_repository,
        is_tag,
        parse_registry,
    )
    from tui.oci.statement import Statement, decode_statement, summary

_HOMES = {
    "config": ("HistoryEntry", "ImageConfig", "decode_config"),
    "descriptor": ("Descriptor",),
    "digest": ("Digest",),
    "errors": (
        "DigestMismatch",
        "MalformedDigest",
        "MalformedDocument",
        "MalformedPlatform",
        "MalformedReference",
        "OciError",
    ),
    "manifest": ("ImageManifest", "Index", "Manifest", "OpaqueManifest", "decode"),
    "platform": ("Platform",),
    "reference": (
        "Reference",
        "api_host",
        "credential_key",
        "fallback_tag",
        "is_loopback",
        "is_repository",
        "is_tag",
        "parse_registry",
    ),
    "statement": ("Statement", "decode_statement", "summary"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Descriptor",
    "Digest",
    "DigestMismatch",
    "HistoryEntry",
    "ImageConfig",
    "ImageManifest",
    "Index",
    "MalformedDigest",
    "MalformedDocument",
    "MalformedPlatform",
    "MalformedReference",
    "Manifest",
    "OciError",
    "OpaqueManifest",
    "Platform",
    "Reference",
    "Statement",
    "api_host",
    "credential_key",
    "decode",
    "decode_config",
    "decode_statement",
    "fallback_tag",
    "is_loopback",
    "is_repository",
    "is_tag",
    "parse_registry",
    "summary",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
