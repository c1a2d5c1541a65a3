"""A report in one line: its state, for which platforms, how much, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tui.explore.finding import Finding, Severity
from tui.explore.objects import blob_sizes
from tui.explore.report import Report, exit_status
from tui.explore.rollup import Pull
from tui.oci.digest import Digest
from tui.sources.presence import Presence
from tui.text import plural, with_keys

#: A symbol with its role by exit status.
STATES = {0: ("✓", "good"), 1: ("✗", "bad"), 3: ("?", "warn")}
#: Findings that only say again what the objects say.
SAID_BY_OBJECTS = {"missing-blob", "missing-manifest", "denied", "limited", "unreachable"}
#: So many platforms are named.
_NAMED = 3


def grouped(findings: Iterable[Finding]) -> list[tuple[str, str, list[Finding]]]:
    """Findings of one code and with one fix together, as (code, fix, findings), in the order in which they come."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.code, with_keys(finding.fix)), []).append(finding)
    return [(code, fix, found) for (code, fix), found in groups.items()]


def state_of(report: Report) -> tuple[str, str]:
    """Symbol and role."""
    return STATES[exit_status(report)]


def platforms_of(report: Report) -> str:
    """ "linux/amd64", "5 platforms"; "" when none is known."""
    lines = report.platforms
    return lines[0].platform if len(lines) == 1 else plural(len(lines), "platform") if lines else ""


def bytes_of(report: Report) -> int:
    """Of the platforms' images as on the screen, their distinct configs and layers; of what has none of all distinct
    objects."""
    blobs: dict[Digest, int] = {}
    for line in report.platforms:
        if line.node.image_manifest is not None:
            blobs |= blob_sizes(line.node.image_manifest)
    parts = blobs or {part.digest: part.size or 0 for part in report.objects}
    return sum(parts.values())


def counted(report: Report) -> str:
    """ "9 objects: 8 present, 1 missing"; "" when nothing was read."""
    counts = ", ".join(f"{count:,} {word}" for word, count in report.counts.items() if count)
    return f"{plural(len(report.objects), 'object')}: {counts}" if report.objects else ""


def reason_of(report: Report) -> str:
    """What is wrong, short: "linux/arm64: 1 layer missing; stale-entry ×2"; "" when nothing is. Safe."""
    if report.tags is not None or (not report.platforms and exit_status(report)):
        return report.verdict.sentence
    expected = [answer for answer in report.answers if answer.expected and answer.row is None]
    absent = [f"{answer.platform}: expected, not found" for answer in expected if answer.state is Pull.NO]
    parts = [*_objects(report), *absent, *_codes(report)]
    if not parts and exit_status(report):
        return report.verdict.sentence
    return "; ".join(parts)


def _objects(report: Report) -> list[str]:
    """What is not there, together for all platforms that lack the same."""
    lacks: dict[str, Counter[str]] = {}
    for part in report.objects:
        presence = part.observation.presence
        if presence.is_there or presence is Presence.FOREIGN:
            continue
        still = presence.still
        for platform in part.platforms or [""]:
            lacks.setdefault(platform, Counter())[f"{part.kind} {still.value}"] += 1
    together: dict[str, list[str]] = {}
    for platform, counts in lacks.items():
        together.setdefault(", ".join(map(_in_words, counts.items())), []).append(platform)
    parts = []
    for what, platforms in together.items():
        named = [platform for platform in platforms if platform]
        shown = ", ".join(named[:_NAMED])
        more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
        parts.append(f"{shown}{more}: {what}" if named else what)
    return parts


def _in_words(item: tuple[str, int]) -> str:
    (kind, _, word), count = item[0].partition(" "), item[1]
    return f"{plural(count, kind, 'indexes' if kind == 'index' else None)} {word}"


def _codes(report: Report) -> list[str]:
    counts = Counter(
        finding.code
        for finding in report.findings
        if finding.severity is not Severity.INFO and finding.code not in SAID_BY_OBJECTS
    )
    return [f"{code} ×{count}" if count > 1 else code for code, count in counts.items()]
