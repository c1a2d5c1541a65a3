"""httpx and aiohttp, imported without what nothing here needs: half of the time that a command takes to start.

Whoever needs one of them imports it from here.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["aiohttp", "httpx"]


@contextmanager
def _without_command_line() -> Iterator[None]:
    """httpx imports its own command line where it finds click and rich (81 modules). None in `sys.modules` is Python's
    documented way to say that a module is not there; httpx does without it, as where they are not installed."""
    modules: dict[str, Any] = sys.modules
    name = "httpx._main"
    absent = name not in modules
    if absent:
        modules[name] = None
    try:
        yield
    finally:
        if absent:
            modules.pop(name, None)


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


with _without_command_line():
    import httpx
with _without_authorities():
    import aiohttp
