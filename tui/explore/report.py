"""The report of a check, as data and as its JSON document; `tui/formats/` writes it in every other form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from tui.explore.choice import Answer, Choice
from tui.explore.finding import NOT_THERE, Finding, Severity, make
from tui.explore.findings import findings as all_findings
from tui.explore.inspector import FROM_DISK
from tui.explore.node import Node
from tui.explore.objects import (
    COUNTED,
    Object,
    Wanted,
    entry_name,
    is_nameless,
    objects,
    platform_text,
    presence_counts,
)
from tui.explore.observations import ObservationStore
from tui.explore.rollup import Pull, attestations_of, platforms_of, pull
from tui.explore.structure import nobody_asks, passed_over, refusing
from tui.explore.tree import observe
from tui.explore.verdict import Coverage, Verdict, coverage
from tui.explore.verdict import verdict as make_verdict
from tui.oci.digest import Digest
from tui.oci.manifest import OpaqueManifest
from tui.sources.base import SourceError
from tui.sources.presence import Observation, Presence
from tui.text import plural, safe, with_keys

#: The version of the JSON document; docs/changelog.md says what each of them changed.
SCHEMA = 2
#: Findings, and counts, that say that nobody knows.
_UNDETERMINED = ("denied", "limited", "unreachable")
#: The finding on what a deep check was asked to read and did not read to its end.
_NOT_READ = "not-unpacked"
#: The codes of what a source that cannot be opened lacks; the others are called as their presence.
_FAILED = {Presence.MISSING: "missing-manifest", Presence.MISMATCHED: "invalid-manifest"}


@dataclass(frozen=True, slots=True)
class PlatformLine:
    """A platform of the report."""

    platform: str
    digest: Digest | None
    pullable: bool | None
    """None when it was not determined."""
    attestations: int
    """How many it has."""
    node: Node
    taken: bool = True
    """Whether clients take it: False for a second entry for one platform."""
    refused_by: tuple[str, ...] = ()
    """The clients that refuse it though everything is there."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found."""

    reference: str
    digest: Digest | None
    media_type: str | None
    verdict: Verdict
    requests: int | None
    """How many it took; None when nobody counted."""
    searches: int
    """How many of the requests only looked for where missing things are."""
    objects: tuple[Object, ...]
    platforms: tuple[PlatformLine, ...]
    findings: tuple[Finding, ...]
    observation: Observation
    """What is known of the reference itself."""
    counts: dict[str, int]
    pulled_as: str = ""
    """The reference under which clients pull it; "" for what is in no registry."""
    answers: tuple[Answer, ...] = ()
    """What there is for each platform that was asked for, or expected."""
    tags: Coverage | None = None
    """Set where the reference is a list of tags that was not looked at whole."""

    @property
    def effort(self) -> str:
        """How many requests it took, in words, and how many documents came from the disk; "" when nobody counted."""
        if self.requests is None:
            return ""
        text = plural(self.requests, "request")
        if self.searches:
            text = f"{text} ({self.searches} to locate what is missing or moved)"
        kept = sum(part.observation.detail == FROM_DISK for part in self.objects)
        return f"{text}; {plural(kept, 'document')} from the cache on disk" if kept else text

    def to_json(self) -> dict[str, Any]:
        """The document of `fanfold check --json`.

        `digest` and `mediaType` are null when the reference itself could not be read, `pullable` is null when it
        was not determined; `requests` is null when nobody counted. `objects` holds each digest once. A list of
        which not everything was looked at has one key more, `tags`; `asked` has what clients take for each platform
        that was asked for, `expected` what there is for each that has to be there. `schema` counts up when a key
        changes its name or its meaning.
        """
        more: dict[str, Any] = {} if self.tags is None else {"tags": self.tags.to_json()}
        for key, expected in (("asked", False), ("expected", True)):
            answers = [answer.to_json() for answer in self.answers if answer.expected is expected]
            more |= {key: answers} if answers else {}
        return {
            "reference": self.reference,
            "digest": self.digest,
            "mediaType": self.media_type,
            "complete": self.verdict.complete,
            "verdict": self.verdict.sentence,
            "requests": self.requests,
            "counts": self.counts,
            "objects": [
                {
                    "digest": part.digest,
                    "kind": part.kind,
                    "mediaType": part.media_type,
                    "size": part.size,
                    "presence": part.observation.presence.still.value,
                    "detail": part.observation.detail,
                    "platforms": part.platforms,
                }
                for part in self.objects
            ],
            "platforms": [
                {
                    "platform": line.platform,
                    "digest": line.digest,
                    "pullable": line.pullable,
                    "attestations": line.attestations,
                    "taken": line.taken,
                    "refusedBy": list(line.refused_by),
                }
                for line in self.platforms
            ],
            "findings": [
                {
                    "code": finding.code,
                    "severity": finding.severity.value,
                    "digest": finding.digest,
                    "platform": finding.platform,
                    "message": finding.message,
                    "fix": with_keys(finding.fix),
                }
                for finding in self.findings
            ],
            "schema": SCHEMA,
            **more,
        }


def report(
    node: Node,
    observations: ObservationStore,
    *,
    requests: int | None = None,
    searches: int = 0,
    wanted: Wanted | None = None,
    choice: Choice | None = None,
    pulls: Callable[[Node], Pull] | None = None,
) -> Report:
    """The report over a row. `wanted` restricts it to some platforms' rows, `choice` to what is taken for the platforms
    that somebody asked for; `requests` is what the check took, if that is known. `pulls` is `Tree.pull`, for who has
    the tree."""
    pulls = pulls or partial(pull, look=partial(observe, observations=observations))
    answers = choice.answers(node, observations) if choice is not None else ()
    if choice is not None and choice.platforms:
        wanted = choice
    rows = platforms_of(node) if node.is_index else [node] if node.image_manifest is not None else []
    rows = [row for row in rows if wanted is None or wanted(row)]
    over, unasked = passed_over(rows), nobody_asks(rows)
    parts = objects(node, observations, wanted)
    findings = all_findings(node, observations)
    if wanted is not None:
        names = {platform_text(row) for row in rows}
        findings = [finding for finding in findings if finding.platform is None or finding.platform in names]
    observation = observe(node, observations)
    if requests is None and not node.source.requests:
        requests = 0  # it was never asked anything: what lies on disk is only read
    counts = presence_counts(parts)
    if not parts:
        counts[observation.presence.still] += 1  # the reference itself, of which no digest is known
    return Report(
        reference=reference_of(node),
        digest=node.digest,
        media_type=node.media_type or None,
        verdict=make_verdict(node, findings, observations, wanted=wanted, answers=answers, pulls=pulls),
        requests=requests,
        searches=searches,
        objects=tuple(parts),
        platforms=tuple(
            platform_line(
                row,
                pulls(row),
                taken=row not in over,
                unasked=unasked,
            )
            for row in rows
        ),
        findings=tuple(findings),
        observation=observation,
        counts={presence.value: counts[presence] for presence in COUNTED},
        answers=answers,
        pulled_as=reference_of(node) if node.source.registry is not None else "",
    )


def failed_report(reference: str, error: SourceError, requests: int = 0) -> Report:
    """The report on a source that could not even be opened: the same shape, with the reason as its verdict; so many
    requests were made to find that out."""
    presence = error.presence if error.presence in COUNTED else Presence.UNREACHABLE
    code = _FAILED.get(presence, presence.value)
    fix = error.fix or (NOT_THERE if presence is Presence.MISSING else None)
    finding = make(code, "", error.sentence, fix=fix, verbatim=True)
    return Report(
        reference=reference,
        digest=None,
        media_type=None,
        verdict=Verdict(error.sentence, False, severity=finding.severity),
        requests=requests,
        searches=0,
        objects=(),
        platforms=(),
        findings=(finding,),
        observation=Observation(presence, detail=error.sentence),
        counts={each.value: int(each is presence) for each in COUNTED},
    )


def partial_report(reference: str, looked: Coverage) -> Report:
    """That of a list only a part was looked at: the same shape, with what was not looked at as its verdict."""
    return Report(
        reference=reference,
        digest=None,
        media_type=None,
        verdict=Verdict(looked.sentence, False, severity=Severity.WARNING),
        requests=None,
        searches=0,
        objects=(),
        platforms=(),
        findings=(),
        observation=Observation(Presence.UNCHECKED),
        counts={each.value: 0 for each in COUNTED},
        tags=looked,
    )


def exit_status(checked: Report) -> int:
    """0: complete; 1: something is missing or not what it should be; 3: could not be determined.

    What was followed no further (too-deep) is an error for those who pull with other limits, but nobody knows that
    anything is missing there.
    """
    if checked.counts["missing"] or checked.counts["mismatched"] or checked.verdict.broken:
        return 1
    errors = {finding.code for finding in checked.findings if finding.severity is Severity.ERROR}
    if errors - {"too-deep"} or (checked.verdict.severity is Severity.ERROR and not errors):
        return 1
    undetermined = any(checked.counts[word] for word in (*_UNDETERMINED, "unchecked"))
    not_read = any(finding.code == _NOT_READ for finding in checked.findings)
    if errors or checked.tags is not None or undetermined or not_read or checked.verdict.unknown:
        return 3
    return 0


def list_exit_status(node: Node, observations: ObservationStore) -> tuple[int, str]:
    """That of what is known below a row that holds a list, and what is not known of the list, in words ("" if nothing).

    Of a list in a registry nothing is known below it, of what lies on disk everything.
    """
    if node.error is not None:
        return (1 if node.error.presence is Presence.MISSING else 3), ""
    findings = all_findings(node, observations)
    if any(finding.severity is Severity.ERROR for finding in findings):
        return 1, ""
    if any(finding.code in (*_UNDETERMINED, _NOT_READ) for finding in findings):
        return 3, ""
    looked, remote = coverage(node), node.source.capabilities.remote
    if not looked.whole or (not remote and not looked.complete):
        return 3, (looked.why or "The list is incomplete.") if remote else looked.sentence
    return 0, ""


def worst_exit_status(statuses: Iterable[int]) -> int:
    """Missing before undetermined before complete."""
    found = set(statuses)
    return next((status for status in (1, 3) if status in found), 0)


def reference_of(node: Node) -> str:
    """How people write what a row stands for."""
    return safe(
        node.source.reference(node.repository or "", tag=node.tag, digest=None if node.tag else node.digest), limit=600
    )


def platform_line(row: Node, state: Pull, *, taken: bool, unasked: bool) -> PlatformLine:
    """A platform's line, when so much is known of its pull; `unasked` when no client asks for an entry of its index."""
    answer = {Pull.YES: True, Pull.NO: False, Pull.UNKNOWN: None}[state]
    if isinstance(row.manifest, OpaqueManifest) or unasked:
        answer = False
    called = entry_name(row) if is_nameless(row) else platform_text(row) or row.label
    return PlatformLine(called, row.digest, answer, len(attestations_of(row)), row, taken, refusing(row))
