"""Long lists of names as data: orders, filters, and what of a list is shown.

Thousands of tags never become thousands of rows at once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import chain, islice
from typing import Any

#: The orders a reader can choose from, in the order that the key goes through them.
ORDERS = ("version", "newest", "name", "server", "age", "worst")
#: The orders that go by what is known of a row: what nothing is known of comes after, by version.
BY_WHAT_IS_KNOWN = frozenset({"age", "worst"})

_TOKEN = re.compile(r"\d+|[^\d]+")
_BEFORE = re.compile(r"^[-._+]?(alpha|beta|rc|pre|dev|snapshot|preview|a|b)(?![a-z])", re.IGNORECASE)

SortKey = tuple[Any, ...]


def version_key(name: str) -> SortKey:
    """A key that puts 1.9 before 1.10, 1.0-rc1 before 1.0, and 1.0 before 1.0.1 and 1.0-alpine.

    Digits are compared by length and text, never as integers: a hostile name may hold thousands of them.
    """
    key: list[tuple[int, int, str]] = []
    for position, token in enumerate(_TOKEN.findall(name)):
        if token[0].isdigit() and token.isascii():
            digits = token.lstrip("0")
            key.append((2, len(digits), digits))
        elif position and _BEFORE.match(token):
            key.append((0, 0, token.lower()))
        else:
            key.append((3, 0, token.lower()))
    key.append((1, 0, name))
    return tuple(key)


def name_key(name: str) -> SortKey:
    """A key for plain alphabetical order, capitals beside their small letters."""
    return (name.lower(), name)


Matcher = Callable[[str], bool]


def matcher(pattern: str) -> Matcher:
    """A test for names: a glob when the pattern has `*` or `?`, a subsequence after `~`, else its words.

    Capitals don't matter. An empty pattern lets everything through.
    """
    text = pattern.strip().lower()
    if not text:
        return lambda name: True
    if text.startswith("~"):
        return _subsequence(text[1:])
    if "*" in text or "?" in text:
        return _glob(text)
    words = text.split()
    if len(words) == 1:
        return lambda name: text in name.lower()
    return lambda name: all(word in name.lower() for word in words)


def select(names: Iterable[str], pattern: str) -> list[str]:
    """The names that the pattern lets through, in their order.

    When no name contains the plain words of the pattern, the letters in their order are enough ("edgarm" finds
    `edge-arm64`).
    """
    pool = names if isinstance(names, list) else list(names)
    test = matcher(pattern)
    found = [name for name in pool if test(name)]
    text = pattern.strip().lower()
    if not found and text and not any(mark in text for mark in "*?~"):
        loose = _subsequence(text.replace(" ", ""))
        found = [name for name in pool if loose(name)]
    return found


def _glob(text: str) -> Matcher:
    # Runs of stars are one star, so that no pattern can make the matching slow.
    text = re.sub(r"\*+", "*", text)
    expression = "".join(".*" if mark == "*" else "." if mark == "?" else re.escape(mark) for mark in text)
    if text.count("*") > 6:
        parts = [part for part in text.split("*") if part]
        return lambda name: _in_order(name.lower(), parts)
    compiled = re.compile(expression, re.IGNORECASE | re.DOTALL)
    return lambda name: compiled.fullmatch(name) is not None


def _in_order(name: str, parts: list[str]) -> bool:
    at = 0
    for part in parts:
        found = name.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return True


def _subsequence(letters: str) -> Matcher:
    def test(name: str) -> bool:
        at = 0
        lowered = name.lower()
        for letter in letters:
            at = lowered.find(letter, at) + 1
            if at == 0:
                return False
        return True

    return test


#: How many names of a list become rows at a time.
ROWS = 1000
#: Lists are cut here, visibly (docs/protocol-notes.md, K2).
NAME_LIMIT = 100_000

_DIGEST_TAG = re.compile(r"(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{64,128})(\.[A-Za-z0-9_.-]+)?")


def is_digest_tag(name: str) -> bool:
    """Whether a tag is made by a tool from a digest: a referrers fallback, or cosign's .sig, .att, .sbom."""
    return _DIGEST_TAG.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class View:
    """What of a list is shown."""

    names: list[str]
    """Those that get rows."""
    folded: list[str]
    """Those that go into the group of digest tags."""
    more: int
    """How many more there are."""


#: A run of so many names is not sorted together with another any more, which would hold up whoever types meanwhile.
_LONG_ENOUGH = 4_000


class _Runs:
    """Names in an order, as sorted runs of which each is more than twice as long as the next or long enough: a page
    costs what it holds, however many came before, and the first names are there without sorting the others."""

    def __init__(self, key: Callable[[str], SortKey]) -> None:
        self._key = key
        self._runs: list[list[tuple[SortKey, str]]] = []

    def add(self, names: Iterable[str]) -> None:
        """Add names, in any order."""
        key = self._key
        run = sorted((key(name), name) for name in names)
        while run and self._runs and len(self._runs[-1]) <= min(2 * len(run), _LONG_ENOUGH):
            run = self._runs.pop() + run
            run.sort()  # two sorted runs: linear
        if run:
            self._runs.append(run)

    def first(self, most: int, last_first: bool) -> list[str]:
        """So many names from the beginning, or backwards from the end."""
        if most > _LONG_ENOUGH and len(self._runs) > 1:
            self._runs = [sorted(chain.from_iterable(self._runs))]  # asked for again for every letter of a filter
        if len(self._runs) == 1:
            run = self._runs[0]
            return [name for _, name in (run[: -most - 1 : -1] if last_first else run[:most])]
        runs = [reversed(run) for run in self._runs] if last_first else self._runs
        return [name for _, name in islice(merge(*runs, reverse=last_first), most)]


@dataclass(slots=True)
class Listing:
    """A list of names, as far as it was read."""

    names: list[str] = field(default_factory=list)
    """In the server's order, each once."""
    complete: bool = False
    """Whether the list was read to its end."""
    note: str = ""
    """Why it was not; safe."""
    filter: str = ""
    order: str = "version"
    order_chosen: bool = False
    """Whether somebody chose the order."""
    limit: int = ROWS
    """So many rows are made at most."""
    kept: str | None = None
    """The name that gets one all the same, where the filter lets it through."""
    matching: int = 0
    """How many plain names the filter lets through."""
    folded: int = 0
    """How many digest tags the filter lets through."""
    fold: bool = True
    """Whether digest tags go into a group of their own."""
    blank: bool = False
    """Whether a name may be empty, which is what the only repository of a layout on disk is called."""
    _known: set[str] = field(default_factory=set)
    _plain: list[str] = field(default_factory=list)
    _made: list[str] = field(default_factory=list)
    """`names` in two parts, in the server's order: those with rows of their own, and digest tags where those are folded
    (a page is looked through once, when it comes)."""
    _sorted: dict[str, tuple[_Runs, _Runs]] = field(default_factory=dict)
    """Both parts, for each order that was asked for."""

    def add(self, names: Iterable[str]) -> int:
        """Add a page. Names that are known already or empty are left out; gives how many were new."""
        fresh: list[str] = []
        for name in names:
            if (name or self.blank) and name not in self._known and len(self._known) < NAME_LIMIT:
                self._known.add(name)
                fresh.append(name)
        plain = [name for name in fresh if not self.fold or not is_digest_tag(name)] if fresh else []
        made = [name for name in fresh if is_digest_tag(name)] if len(plain) < len(fresh) else []
        self.names.extend(fresh)
        self._plain.extend(plain)
        self._made.extend(made)
        for of_plain, of_made in self._sorted.values():
            of_plain.add(plain)
            of_made.add(made)
        return len(fresh)

    def view(self, first: Sequence[str] = ()) -> View:
        """What to show now, by filter, order and limit; `first` are names that come before all others."""
        if self.filter.strip():
            chosen = select(self.ordered(), self.filter)
            plain = [name for name in chosen if not self.fold or not is_digest_tag(name)]
            made = [name for name in chosen if is_digest_tag(name)] if len(plain) < len(chosen) else []
            self.matching, self.folded = len(plain), len(made)
            made = made[: self.limit]
        else:
            self.matching, self.folded = len(self._plain), len(self._made)
            plain, made = self._in_order(self.limit + len(first))
            made = made[: self.limit]
        kept = self._through(() if self.kept is None else (self.kept,), plain)
        plain = self._led(first, plain)[: self.limit]
        plain += [name for name in kept if name not in plain]
        return View(plain, made, max(0, self.matching - len(plain)))

    def _led(self, first: Sequence[str], plain: list[str]) -> list[str]:
        leading = dict.fromkeys(self._through(first, plain))
        return [*leading, *(name for name in plain if name not in leading)] if leading else plain

    def _through(self, names: Sequence[str], plain: list[str]) -> list[str]:
        """Those of these names that get rows of their own, by the filter, of which `plain` are all or the first."""
        through = (set(plain) if names else ()) if self.filter.strip() else self._known
        return [name for name in names if name in through and not (self.fold and is_digest_tag(name))]

    def ordered(self) -> list[str]:
        """All names, whatever filter and limit let through: plain ones by the order, then digest tags."""
        plain, made = self._in_order(len(self.names))
        return [*plain, *made]

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __len__(self) -> int:
        return len(self.names)

    def _in_order(self, most: int) -> tuple[list[str], list[str]]:
        """The first names of both parts."""
        if self.order == "server":
            return self._plain[:most], self._made[:most]
        order = "name" if self.order == "name" else "version"
        if order not in self._sorted:
            of_plain, of_made = _Runs(_KEYS[order]), _Runs(_KEYS[order])
            of_plain.add(self._plain)
            of_made.add(self._made)
            self._sorted[order] = of_plain, of_made
        of_plain, of_made = self._sorted[order]
        last_first = self.order == "newest"
        return of_plain.first(most, last_first), of_made.first(most, last_first)


_KEYS = {"version": version_key, "name": name_key}
