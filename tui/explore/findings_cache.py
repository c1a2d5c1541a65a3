"""Findings and verdicts as a screen needs them: made anew when something changed, but never so often that it takes more
than a small share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tui.explore.finding import Finding, Severity
from tui.explore.node import Kind, Load, Node
from tui.explore.verdict import Coverage, Verdict, coverage
from tui.text import safe

if TYPE_CHECKING:
    from tui.explore.explorer import Explorer

#: Old findings are shown for so many times as long as making them took; longer while a check runs, which changes
#: them all the time and says how far it is instead.
PATIENCE = 20.0
PATIENCE_WHILE_CHECKING = 80.0
#: Findings that are made faster than this (seconds) are always made anew.
CHEAP = 0.004

#: Findings that say that nobody knows.
_OPEN = frozenset({"denied", "limited", "unreachable", "too-deep"})
#: Findings that sum up several objects of one image.
_SUMS = frozenset({"denied", "limited", "unreachable", "not-in-this-repository"})


@dataclass(slots=True)
class _Known:
    """Findings that were made before."""

    findings: tuple[Finding, ...]
    epoch: int
    """After how many changes."""
    at: float
    """When: seconds of `time.monotonic`."""
    cost: float
    """How many seconds it took."""


@dataclass(slots=True)
class Looked:
    """How much below a list was looked at; `epoch`, `at` and `cost` as for findings."""

    opened: int
    """So many images were asked for."""
    broken: tuple[Node, ...]
    """Those that are broken."""
    unknown: int
    """Of so many of the others nobody could determine it."""
    coverage: Coverage
    epoch: int
    at: float
    cost: float


def _in_tags(findings: Iterable[Finding], tags: tuple[str, ...]) -> list[Finding]:
    return [replace(finding, tags=tags) for finding in findings]


def _of_repository(node: Node, findings: Iterable[Finding]) -> list[Finding]:
    """Findings of a repository as those of its registry: its name stands before those of its tags."""
    name = safe(node.repository or "", limit=255)
    return [replace(each, tags=tuple(f"{name}:{tag}" if name else tag for tag in each.tags)) for each in findings]


def _by_object(findings: Iterable[Finding]) -> list[Finding]:
    """What is wrong with one object once, with all the tags that have it: a missing layer that four tags share is one
    thing to put back."""
    groups: dict[Hashable, Finding] = {}
    for finding in findings:
        what = finding.digest if finding.digest is not None else finding.node_key
        # One that sums up several objects of an image is only the same when it says the same.
        said = finding.message if finding.code in _SUMS else finding.facts[1]
        key = (finding.code, what, finding.platform, said)
        first = groups.get(key)
        groups[key] = finding if first is None else replace(first, tags=_both(first.tags, finding.tags))
    return list(groups.values())


def _both(tags: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*tags, *more)))


class FindingsCache:
    """Remembers findings and verdicts. `forget` marks them as old; `stale` says that an old one was given out.

    `wake` is called when one is, so that it does not stay on the screen though nothing more happens. Old ones are
    never given out when `patient` is False.
    """

    def __init__(self, wake: Callable[[], None], *, patient: bool = True) -> None:
        self.stale = False
        self._wake = wake
        self._patient = patient
        self._epoch = 0
        self._known: dict[Node, _Known] = {}
        self._lists: dict[Node, Looked] = {}
        self._verdicts: dict[Node, tuple[tuple[Finding, ...], int, Verdict]] = {}

    def forget(self) -> None:
        """Something changed."""
        self._epoch += 1
        self.stale = False

    def findings(self, node: Node, explorer: Explorer) -> tuple[Finding, ...]:
        """All findings at and below a row, worst first."""
        known = self._known.get(node)
        began = time.monotonic()
        if known is not None:
            if known.epoch == self._epoch:
                return known.findings
            if self._may_be_old(known, began, explorer):
                self._gave_old()
                return known.findings
        findings = tuple(sorted(self._collect(node, explorer), key=lambda finding: finding.severity.rank))
        ended = time.monotonic()
        if len(self._known) > 2_000:
            self._known.clear()
            self._verdicts.clear()
        self._known[node] = _Known(findings, self._epoch, ended, ended - began)
        return findings

    def _collect(self, node: Node, explorer: Explorer) -> list[Finding]:
        top = node.top()
        if top is None:
            found: list[Finding] = []
            for child in node.parts:
                if child.top() is not None:
                    if child.children or child.error is not None:
                        found += _in_tags(self.findings(child, explorer), (child.label,))
                elif child.kind in (Kind.REPOSITORY, Kind.GROUP, Kind.SOURCE) and child.parts:
                    inside = self.findings(child, explorer)
                    found += _of_repository(child, inside) if child.kind is Kind.REPOSITORY else inside
            return found if node.kind is Kind.SOURCE else _by_object(found)
        from tui.explore.findings import findings

        if top is node or any(row.kind is Kind.REFERRERS for row in (node, *node.ancestors())):
            # What refers to an image is not told of with it.
            return findings(node, explorer.observations, explorer.tree.standing)
        below = {row.key for row in node.walk()}
        return [finding for finding in self.findings(top, explorer) if finding.node_key in below]

    def looked_at(self, node: Node, explorer: Explorer) -> Looked:
        """How much below a list was looked at, and what of it is broken.

        After a check of a thousand tags this takes a second, and any event makes it old: it is asked no more often
        than it is cheap, as findings are.
        """
        known = self._lists.get(node)
        began = time.monotonic()
        if known is not None:
            if known.epoch == self._epoch:
                return known
            if self._may_be_old(known, began, explorer):
                self._gave_old()
                return known
        opened = [row for row in node.walk() if row.top() is row and row.load in (Load.READY, Load.FAILED)]
        broken = tuple(row for row in opened if self._is_broken(row, explorer))
        others = set(opened).difference(broken)
        unknown = sum(any(each.code in _OPEN for each in self.findings(row, explorer)) for row in others)
        ended = time.monotonic()
        if len(self._lists) > 200:
            self._lists.clear()
        looked = Looked(len(opened), broken, unknown, coverage(node), self._epoch, ended, ended - began)
        self._lists[node] = looked
        return looked

    def _is_broken(self, row: Node, explorer: Explorer) -> bool:
        verdict = self.verdict(row, explorer)
        if verdict.broken or verdict.severity is not Severity.ERROR:
            return bool(verdict.broken)
        errors = {each.code for each in self.findings(row, explorer) if each.severity is Severity.ERROR}
        return errors != {"too-deep"}  # what was not followed further is not known to be broken

    def _may_be_old(self, known: _Known | Looked, now: float, explorer: Explorer) -> bool:
        patience = PATIENCE_WHILE_CHECKING if explorer.running() else PATIENCE
        return self._patient and known.cost > CHEAP and now < known.at + known.cost * patience

    def _gave_old(self) -> None:
        self.stale = True
        self._wake()

    def verdict(self, node: Node, explorer: Explorer) -> Verdict:
        """The verdict on a tag, index or image."""
        found = self.findings(node, explorer)
        known = self._verdicts.get(node)
        if known is not None and known[0] is found and (known[1] == self._epoch or self.stale):
            return known[2]
        from tui.explore.verdict import verdict

        result = verdict(node, found, explorer.observations, pulls=explorer.tree.pull, known=explorer.tree.standing)
        self._verdicts[node] = (found, self._epoch, result)
        return result
