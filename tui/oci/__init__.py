"""Pure data of container images: references, digests, platforms, descriptors, manifests, configs, statements.

Nothing here does input or output, and nothing raises anything but an OciError, whatever the input.
"""

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
