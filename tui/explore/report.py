"""The report of a check: as JSON, as lines of text, and as Markdown to paste into an issue or onto a slide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from tui import __version__
from tui.explore.choice import Answer, Choice
from tui.explore.finding import NOT_THERE, Finding, Severity, make
from tui.explore.findings import findings as all_findings
from tui.explore.node import Kind, Load, Node
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
from tui.explore.rollup import Pull, attestations_of, blobs_of, platforms_of, pull
from tui.explore.structure import all_shadowed, nobody_asks, refusing
from tui.explore.tree import observe
from tui.explore.verdict import Coverage, Verdict, coverage
from tui.explore.verdict import verdict as make_verdict
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.manifest import OpaqueManifest
from tui.sources.base import SourceError
from tui.sources.presence import Observation, Presence
from tui.text import plural, safe, size, to_ascii, with_keys

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
    pull_line: str = ""
    answers: tuple[Answer, ...] = ()
    """What there is for each platform that was asked for, or expected."""
    tags: Coverage | None = None
    """Set where the reference is a list of tags that was not looked at whole."""

    @property
    def effort(self) -> str:
        """How many requests it took, in words; "" when nobody counted."""
        if self.requests is None:
            return ""
        text = plural(self.requests, "request")
        if not self.searches:
            return text
        return f"{text}, {self.searches} of them to look for what is missing or moved"

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
                    "presence": _word(part.observation.presence),
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

    def to_markdown(self) -> str:
        """Verdict, presence table (platforms by objects), findings with fixes, every digest whole, versions."""
        lines = [f"## {escaped(self.reference)}", "", f"**{escaped(self.verdict.sentence)}**", ""]
        if self.tags is not None:
            return "\n".join(lines[:-1]) + "\n"
        lines.append(f"- digest: {_code(self.digest or 'not known')}")
        lines.append(f"- type: {_code(self.media_type or 'not known')}")
        counts = ", ".join(f"{count} {word}" for word, count in self.counts.items() if count)
        lines.append(f"- objects: {counts or 'none'}{f'; {self.effort}' if self.effort else ''}")
        lines += ["", *self._table(), *self._finding_lines(), *self._digest_lines()]
        lines += ["", f"Checked with fanfold {__version__} on {self.observation.at:%Y-%m-%d %H:%M} UTC."]
        return "\n".join(lines) + "\n"

    def to_lines(self, ascii_only: bool = False) -> Iterator[str]:
        """What a check found, short: what is not there, the findings, how many objects, the verdict."""
        yield self.reference
        if self.digest is not None:
            yield f"  {self.digest}  {safe(media.describe(self.media_type or ''), limit=120)}"
        for part in self.objects:
            if part.observation.presence.is_there:
                continue
            needed = f" of {', '.join(part.platforms)}" if part.platforms else ""
            presence = part.observation.presence
            detail = f"  ({part.observation.detail})" if part.observation.detail else ""
            mark = to_ascii(presence.words.symbol) if ascii_only else presence.words.symbol
            yield f"  {mark} {presence.value:<11} {part.kind}{needed}  {size(part.size)}  {part.digest}{detail}"
        for finding in self.findings:
            yield f"  {finding.severity.value}: {finding.code}: {finding.message}"
            yield f"    fix: {with_keys(finding.fix)}"
        counted = ", ".join(f"{count} {word}" for word, count in self.counts.items() if count)
        if self.tags is not None:
            yield f"  {self.verdict.sentence}"
            return
        for answer in self.answers:
            yield f"  {answer.line()}"
        objects = f"{plural(len(self.objects), 'object')}: {counted}" if self.objects else "nothing was read"
        yield f"  {objects}; {self.effort}" if self.effort else f"  {objects}"
        yield f"  {self.verdict.sentence}"

    def _table(self) -> list[str]:
        if not self.platforms:
            return []
        observations = {part.digest: part.observation for part in self.objects}
        widest = max((len(_layers(line.node)) for line in self.platforms), default=0)
        heads = ["platform", "manifest", "config", *(f"layer {n + 1}" for n in range(widest)), "attestations"]
        rows = ["| " + " | ".join(heads) + " |", "|" + " --- |" * len(heads)]
        for line in self.platforms:
            cells = [escaped(line.platform), _mark(line.digest, observations)]
            config = next((child for child in blobs_of(line.node) if child.kind is Kind.CONFIG), None)
            cells.append(_mark(config.digest, observations) if config is not None else "")
            layers = _layers(line.node)
            cells.extend(_mark(layer.digest, observations) for layer in layers)
            cells.extend("" for _ in range(widest - len(layers)))
            cells.append(", ".join(_mark_all(row, observations) for row in attestations_of(line.node)) or "none")
            rows.append("| " + " | ".join(cells) + " |")
        legend = ", ".join(f"{presence.words.symbol} {presence.words.legend}" for presence in COUNTED)
        return ["### Presence", "", *rows, "", legend, "", *self._platform_lines()]

    def _platform_lines(self) -> list[str]:
        lines = ["### Platforms", ""]
        for line in self.platforms:
            can = {True: "can be pulled", False: "cannot be pulled", None: "not determined"}[line.pullable]
            lines.append(f"- {escaped(line.platform)}: {can}, {_code(line.digest or 'no digest')}")
        if self.pull_line and any(line.pullable for line in self.platforms):
            lines += ["", f"Pull it with {_code(self.pull_line)}"]
        return [*lines, ""]

    def _finding_lines(self) -> list[str]:
        if not self.findings:
            return ["### Findings", "", "None.", ""]
        lines = ["### Findings", ""]
        for finding in self.findings:
            digest = f" {_code(finding.digest)}" if finding.digest else ""
            lines.append(f"- {finding.severity.value} `{finding.code}`: {escaped(finding.message)}{digest}")
            # The sentence shortens digests; somebody who reads a hand-out may want to look them up.
            facts = [fact for fact in finding.facts if fact and fact not in finding.message]
            if facts:
                lines.append(f"  - facts: {'; '.join(escaped(fact) for fact in facts)}")
            lines.append(f"  - fix: {escaped(with_keys(finding.fix))}")
        return [*lines, ""]

    def _digest_lines(self) -> list[str]:
        if not self.objects:
            return []
        lines = [
            "### Objects",
            "",
            "| kind | size | presence | needed by | digest |",
            "| --- | --- | --- | --- | --- |",
        ]
        for part in self.objects:
            needed = ", ".join(part.platforms)
            mark = _marked(part.observation.presence)
            lines.append(f"| {part.kind} | {size(part.size)} | {mark} | {escaped(needed)} | {_code(part.digest)} |")
        return lines


def report(
    node: Node,
    observations: ObservationStore,
    *,
    requests: int | None = None,
    searches: int = 0,
    wanted: Wanted | None = None,
    choice: Choice | None = None,
    reference: str | None = None,
) -> Report:
    """The report over a row. `wanted` restricts it to some platforms' rows, `choice` to what is taken for
    the platforms that somebody asked for; `requests` is what the check took,
    if that is known."""
    answers = choice.answers(node, observations) if choice is not None else ()
    if choice is not None and choice.platforms:
        wanted = choice
    rows = platforms_of(node) if node.is_index else [node] if node.image_manifest is not None else []
    rows = [row for row in rows if wanted is None or wanted(row)]
    passed_over, unasked = all_shadowed(rows), nobody_asks(rows)
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
        counts[Presence(_word(observation.presence))] += 1  # the reference itself, of which no digest is known
    return Report(
        reference=reference or reference_of(node),
        digest=node.digest,
        media_type=node.media_type or None,
        verdict=make_verdict(node, findings, observations, wanted=wanted, answers=answers),
        requests=requests,
        searches=searches,
        objects=tuple(parts),
        platforms=tuple(_line(row, observations, taken=row not in passed_over, unasked=unasked) for row in rows),
        findings=tuple(findings),
        observation=observation,
        counts={presence.value: counts[presence] for presence in COUNTED},
        answers=answers,
        pull_line=f"docker pull {reference_of(node)}" if node.source.registry is not None else "",
    )


def failed_report(reference: str, error: SourceError) -> Report:
    """The report on a source that could not even be opened: the same shape, with the reason as its verdict."""
    presence = error.presence if error.presence in COUNTED else Presence.UNREACHABLE
    code = _FAILED.get(presence, presence.value)
    fix = error.fix or (NOT_THERE if presence is Presence.MISSING else None)
    finding = make(code, "", error.sentence, fix=fix, verbatim=True)
    return Report(
        reference=reference,
        digest=None,
        media_type=None,
        verdict=Verdict(error.sentence, False, severity=finding.severity),
        requests=0,
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


def _line(row: Node, observations: ObservationStore, *, taken: bool, unasked: bool) -> PlatformLine:
    state = pull(row, lambda part: observe(part, observations))
    answer = {Pull.YES: True, Pull.NO: False, Pull.UNKNOWN: None}[state]
    if isinstance(row.manifest, OpaqueManifest) or unasked:
        answer = False
    called = entry_name(row) if is_nameless(row) else platform_text(row) or row.label
    return PlatformLine(called, row.digest, answer, len(attestations_of(row)), row, taken, refusing(row))


def _word(presence: Presence) -> str:
    return (Presence.UNCHECKED if presence is Presence.CHECKING else presence).value


def _marked(presence: Presence) -> str:
    """The symbol with its word; what is there needs none."""
    return presence.words.symbol if presence.is_there else f"{presence.words.symbol} {_word(presence)}"


def _layers(row: Node) -> list[Node]:
    return [child for child in row.children if child.kind is Kind.LAYER] if row.load is Load.READY else []


def _mark(digest: Digest | None, observations: dict[Digest, Observation]) -> str:
    return _marked(observations[digest].presence) if digest in observations else ""


def _mark_all(row: Node, observations: dict[Digest, Observation]) -> str:
    marks = [_mark(part.digest, observations) for part in (row, *blobs_of(row))]
    there = {each.words.symbol for each in Presence if each.is_there}
    return next((mark for mark in marks if mark and mark not in there), marks[0])


def escaped(text: str) -> str:
    """Safe text as Markdown: what could be markup is escaped, so that a label cannot forge a table or a link."""
    return "".join(f"\\{mark}" if mark in "\\`*_{}[]<>|#" else mark for mark in text)


def _code(text: str) -> str:
    return f"`{safe(text, limit=200).replace('`', ' ')}`"
