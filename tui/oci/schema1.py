"""Docker's schema 1 manifests: only enough to verify their digest (distribution, deprecated-schema-v1.md).

A signed one carries its signatures inside the JSON; its digest is that of the document before they were put in. Each
signature says how to get that back: the first `formatLength` bytes, then `formatTail`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from tui.oci import strict_json
from tui.oci.errors import MalformedDocument


def signed_payload(raw: bytes, document: Mapping[str, Any]) -> bytes | None:
    """The bytes that the digest of this signed manifest covers; None when it is not signed, or not well."""
    signatures = document.get("signatures")
    first = signatures[0] if isinstance(signatures, list) and signatures else None
    protected = first.get("protected") if isinstance(first, dict) else None
    header = _decode(protected)
    if header is None:
        return None
    try:
        fields = strict_json.loads(header, limit=64 * 1024)
    except MalformedDocument:
        return None
    if not isinstance(fields, dict):
        return None
    length, tail = fields.get("formatLength"), _decode(fields.get("formatTail"))
    if type(length) is not int or not 0 <= length <= len(raw) or tail is None:
        return None
    return raw[:length] + tail


def _decode(text: Any) -> bytes | None:
    """base64url without padding, as JSON Web Signatures write it."""
    if not isinstance(text, str):
        return None
    try:
        return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        return None
