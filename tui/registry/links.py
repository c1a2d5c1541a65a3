"""`Link` headers (RFC 8288) as registries really send them, and where the next page is.

Met in the wild: relative and absolute targets, `prev` and `next` in one header, an unquoted or many-valued `rel`, the
wrong path behind a reverse proxy, http behind TLS.  A target on another host is never followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tui.registry.origin import Address, UnusableUrl, resolve

MAX_LINE = 16_384
_PARAMETER = re.compile(
    r"""\s*;\s*([A-Za-z0-9!#$&+.^_`|~*-]{1,64})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,;"]*))""", re.ASCII
)


def next_target(lines: Iterable[str]) -> str | None:
    """The target of the first link whose relation is `next`; never raises."""
    for line in lines:
        for target, relations in _links(line[:MAX_LINE]):
            if "next" in relations:
                return target
    return None


def next_page(asked: Address, lines: Iterable[str]) -> tuple[Address | None, str]:
    """The next page's address and a note (safe text, "" when there is nothing to say).

    Same origin and same path: as sent. Another path, or http where we asked by https: only its query, on our own
    path. Another host: not followed, and said so.
    """
    target = next_target(lines)
    if target is None:
        return None, ""
    try:
        there = resolve(asked, target)
    except UnusableUrl as error:
        return None, f"The list may go on: the link to its next page cannot be used, {error}."
    if there.origin.host != asked.origin.host:
        return None, "The list may go on: the link to its next page points to another host and was not followed."
    if there.origin == asked.origin and there.path == asked.path:
        return there, ""
    if not there.query:
        return None, "The list may go on: the link to its next page leads nowhere that can be used."
    return Address(asked.origin, f"{asked.path}?{there.query}"), ""


def _links(text: str) -> Iterable[tuple[str, set[str]]]:
    at = 0
    while True:
        start = text.find("<", at)
        end = text.find(">", start + 1)
        if start < 0 or end < 0:
            return
        target, at = text[start + 1 : end].strip(), end + 1
        relations: set[str] = set()
        while (found := _PARAMETER.match(text, at)) is not None:
            at = found.end()
            if found.group(1).lower() == "rel":
                value = found.group(2) if found.group(2) is not None else found.group(3)
                relations |= set(value.lower().split())
        yield target, relations
