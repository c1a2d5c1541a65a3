"""aiohttp, imported without what nothing here needs. Whoever needs it imports it from here."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from tui.registry.absent import without

__all__ = ["aiohttp"]


@contextmanager
def _without_authorities() -> Iterator[None]:
    """aiohttp makes two TLS contexts when it is imported and reads the system's certificates for each (80 ms), also
    where nothing will be asked by TLS. They stay without any authority here, so that they trust nobody: whatever speaks
    TLS brings a context of `tls.py`."""
    name = "set_default_verify_paths"
    setattr(ssl.SSLContext, name, lambda self: None)
    try:
        yield
    finally:
        delattr(ssl.SSLContext, name)  # uncovers the method of the class below


# Compressed answers are refused, and names are looked up as the system does.
with without("brotli", "brotlicffi", "backports.zstd", "aiodns"), _without_authorities():
    import aiohttp
