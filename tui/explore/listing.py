"""Long lists of names as data: thousands of tags never become thousands of rows at once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from tui.explore.filter import select
from tui.explore.sort import SortKey, name_key, version_key

#: How many names of a list become rows at a time.
ROWS = 1000
#: Lists are cut here, visibly (protocol.md K2).
NAME_LIMIT = 100_000

_DIGEST_TAG = re.compile(r"(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{64,128})(\.[A-Za-z0-9_.-]+)?")


def is_digest_tag(name: str) -> bool:
    """Whether a tag is made by a tool from a digest: a referrers fallback, or cosign's .sig, .att, .sbom."""
    return _DIGEST_TAG.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class View:
    """What of a list is shown: names for rows, names folded into the group, and how many more there are."""

    names: list[str]
    folded: list[str]
    more: int


@dataclass(slots=True)
class Listing:
    """A list of names, as far as it was read.

    `names` is in the server's order, each once; `complete` is set when the list was read to its end; `note`
    (safe) says why it was not. `limit` is how many rows are made at most; `matching` and `folded`
    count what the filter lets through: plain names, and digest tags. `blank` allows the empty name, which is what
    the only repository of a layout on disk is called.
    """

    names: list[str] = field(default_factory=list)
    complete: bool = False
    note: str = ""
    filter: str = ""
    order: str = "version"
    limit: int = ROWS
    matching: int = 0
    folded: int = 0
    fold: bool = True
    blank: bool = False
    _known: set[str] = field(default_factory=set)
    _sorted: dict[str, list[tuple[SortKey, str]]] = field(default_factory=dict)

    def add(self, names: Iterable[str]) -> int:
        """Add a page. Names that are known already or empty are left out; gives how many were new."""
        fresh: list[str] = []
        for name in names:
            if (name or self.blank) and name not in self._known and len(self._known) < NAME_LIMIT:
                self._known.add(name)
                fresh.append(name)
        self.names.extend(fresh)
        for order, known in self._sorted.items() if fresh else ():
            key = _KEYS[order]
            # Two sorted runs: sorting them together is linear, so that pages stay cheap however many came before.
            known.extend(sorted((key(name), name) for name in fresh))
            known.sort()
        return len(fresh)

    def view(self) -> View:
        """What to show now, by filter, order and limit."""
        ordered = self._in_order()
        if self.filter.strip():
            ordered = select(ordered, self.filter)
        folded: list[str] = []
        plain: list[str] = []
        if self.fold:
            for name in ordered:
                (folded if is_digest_tag(name) else plain).append(name)
        else:
            plain = ordered
        self.matching = len(plain)
        self.folded = len(folded)
        return View(plain[: self.limit], folded[: self.limit], max(0, len(plain) - self.limit))

    def ordered(self) -> list[str]:
        """All names, whatever filter and limit let through: plain ones by the order, then digest tags."""
        return sorted(self._in_order(), key=is_digest_tag) if self.fold else self._in_order()

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __len__(self) -> int:
        return len(self.names)

    def _in_order(self) -> list[str]:
        if self.order not in _KEYS:
            return list(self.names) if self.order == "server" else [name for _, name in self._by("version")][::-1]
        return [name for _, name in self._by(self.order)]

    def _by(self, order: str) -> list[tuple[SortKey, str]]:
        known = self._sorted.get(order)
        if known is None:
            key = _KEYS[order]
            known = self._sorted[order] = sorted((key(name), name) for name in self.names)
        return known


_KEYS = {"version": version_key, "name": name_key}
