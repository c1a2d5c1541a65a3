"""httpx, imported without what nothing here needs. Whoever needs it imports it from here, and late: a check of a
registry that sends nobody elsewhere, and wants no token, does without.

Of httpx the URLs are used: to read an address that a server sent, and to resolve it as RFC 3986 says.
"""

from __future__ import annotations

from tui.registry.absent import without

__all__ = ["httpx"]

# Its own command line, for which it imports click and rich (81 modules) where it finds them.
with without("httpx._main"):
    import httpx
