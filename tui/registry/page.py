"""One page of a list of tags or repositories; every source gives its lists as these."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """New names in the order given, raw: not every one need be a legal tag.

    `complete` is True on the last page of a list that ended by itself; `note` (safe) says what is odd, why the list
    was cut, or that a page failed.
    """

    names: tuple[str, ...]
    complete: bool
    note: str = ""
