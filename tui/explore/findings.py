"""Findings: named things that are wrong or worth knowing, each with its cause and its fix.

Pure over what is known; asks nothing. One small function for each code, or for a family that differs in a word.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from tui.explore.advice import MISSING, OTHER_DIGEST, SAME_DIGEST, advice, command_line, moved_sources, nowhere
from tui.explore.digest_tags import made_by_a_tool
from tui.explore.finding import ATTACH_AGAIN, LOOK_OR_ATTACH, Finding, make
from tui.explore.likely_places import MovedTag, comparison_of, moved_tags
from tui.explore.node import MANIFEST_KINDS, Kind, Load, Node
from tui.explore.objects import detail_of, name_of, platform_text, short
from tui.explore.observations import ObservationStore
from tui.explore.rollup import attestations_of, platforms_of
from tui.explore.standing import Standings, harmless, standings
from tui.explore.structure import flaws, nobody_asks, shadowed
from tui.explore.tree import key_of, observe
from tui.oci import attestation, media
from tui.oci.digest import Digest
from tui.oci.manifest import OpaqueManifest
from tui.oci.platform import Platform
from tui.sources.presence import Observation, Presence, disagreement
from tui.text import plural, safe

if TYPE_CHECKING:
    from tui.sources.docker_manifests import Compared

#: Rows on which there is something to say, with what is known of them.
Troubled = Sequence[tuple[Node, Observation]]


def _each_once(rows: Iterable[Node], observations: ObservationStore) -> Troubled:
    """Each object once for each platform that needs it."""
    first: dict[object, Node] = {}
    for row in rows:
        first.setdefault((row.repository, row.digest or row.key, platform_text(row)), row)
    return [(row, observe(row, observations)) for row in first.values()]


def _with(rows: Troubled, *presences: Presence) -> Iterator[tuple[Node, Observation]]:
    return ((row, observation) for row, observation in rows if observation.presence in presences)


def missing(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """missing-blob, missing-manifest."""
    helps: dict[str, bool] = {}
    for row, observation in _with(rows, Presence.MISSING):
        manifest = row.kind in MANIFEST_KINDS
        place = safe(row.repository or "", limit=255) or row.source.title
        if row.digest is None:
            reason = f"{name_of(row)} is not in {place}: {detail_of(observation)}"
        else:
            reason = f"{name_of(row)} is missing: {short(row.digest)} is not in {place}"
        top = row.top()
        if top is not None and top.key not in helps and nowhere(row, observations):
            helps[top.key] = bool(moved_sources(top, observations))
        way = advice(row, observations, recreates=top is not None and helps.get(top.key, False))
        finding = make(
            "missing-manifest" if manifest else "missing-blob",
            row.key,
            f"{reason}.",
            digest=row.digest,
            platform=platform_text(row),
            facts=(f"named by {_namer(row)}", detail_of(observation)),
            fix=way.fix,
        )
        command = command_line("fix", top) if top is not None and way.effect == SAME_DIGEST else ""
        yield replace(finding, action=way.action, effect=way.effect, command=command)


def _namer(row: Node) -> str:
    parent = row.parent
    return name_of(parent) if parent is not None and parent.kind in MANIFEST_KINDS else "the tag list"


#: What differs (`presence.disagreement`), and the code for it.
_DISAGREEMENTS = {"digest": "digest-mismatch", "size": "size-mismatch", "media type": "media-type-mismatch"}


def mismatched(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """size-mismatch, digest-mismatch, media-type-mismatch, invalid-manifest: there, but not what was promised."""
    for row, observation in _with(rows, Presence.MISMATCHED):
        code = row.error.code if row.error is not None else ""
        quarrel = disagreement(row.descriptor, observation) if row.descriptor is not None else None
        if code == "invalid-manifest" and row.error is not None:
            text, facts = f"{name_of(row)} is not a manifest: {row.error.sentence}", ("", "")
        elif quarrel is not None:
            what, there, declared = quarrel
            code = _DISAGREEMENTS[what]
            text, facts = (
                f"{name_of(row)} has the wrong {what}: {there}, its descriptor says {declared}.",
                (f"there: {there}", f"descriptor: {declared}"),
            )
        elif observation.code:
            code = observation.code
            text, facts = f"{name_of(row)}: {detail_of(observation)}.", ("", "")
        else:
            code = "digest-mismatch"
            reason = row.error.sentence if row.error is not None else detail_of(observation)
            text, facts = f"{name_of(row)} does not match its digest: {reason}", ("", "")
        yield make(code, row.key, text, digest=row.digest, platform=platform_text(row), facts=facts)


def not_unpacked(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """A layer whose bytes are right, and which was not inflated to its end."""
    for row, observation in rows:
        if observation.code == "not-unpacked" and made_by_a_tool(row) is None:
            yield make(
                "not-unpacked",
                row.key,
                f"{name_of(row)} was not fully read: {detail_of(observation)}.",
                digest=row.digest,
                platform=platform_text(row),
            )


_IGNORANCE = {
    Presence.DENIED: ("denied", "could not be read, access denied"),
    Presence.LIMITED: ("limited", "could not be checked, rate limit reached"),
    Presence.UNREACHABLE: ("unreachable", "could not be checked"),
}


def ignorance(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """denied, limited, unreachable: nobody knows whether it is there. One finding for each image concerned."""
    groups: dict[tuple[Presence, str], list[tuple[Node, Observation]]] = {}
    for row, observation in _with(rows, *_IGNORANCE):
        image = row.image()
        groups.setdefault((observation.presence, image.key if image is not None else row.key), []).append(
            (row, observation)
        )
    for (presence, _), group in groups.items():
        code, words = _IGNORANCE[presence]
        row, observation = group[0]
        what = name_of(row) if len(group) == 1 else f"{name_of(row)} and {plural(len(group) - 1, 'other object')}"
        wait = ""
        if observation.retry_at is not None and observation.retry_at > time.monotonic():
            wait = f" Retry at {_clock(observation.retry_at)}."
        finding = make(
            code,
            row.key,
            f"{what} {words}: {detail_of(observation)}.{wait}",
            digest=row.digest,
            platform=platform_text(row),
            facts=(detail_of(observation), "presence unknown"),
            fix=row.error.fix if row.error is not None and row.error.fix else observation.fix or None,
        )
        yield replace(finding, action=None) if observation.fix else finding  # asking again is no help by itself


def _clock(moment: float) -> str:
    """A moment of `time.monotonic` by the clock on the wall: unlike a time that is left, it stays true for as long as
    the finding is shown, saved or pasted."""
    now = datetime.now().astimezone()
    when = now + timedelta(seconds=math.ceil(moment - time.monotonic()))
    return f"{when:%H:%M:%S %Z}" if when.date() == now.date() else f"{when:%H:%M:%S %Z on %Y-%m-%d}"


def foreign(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """foreign-layer: not held by this registry, and that is as it should be."""
    for row, _ in _with(rows, Presence.FOREIGN):
        urls = row.descriptor.urls if row.descriptor is not None else ()
        where = f"at {safe(urls[0], limit=200)}" if urls else "outside the registry"
        yield make(
            "foreign-layer",
            row.key,
            f"{name_of(row)} is stored {where}.",
            digest=row.digest,
            platform=platform_text(row),
        )


def elsewhere(rows: Troubled, observations: ObservationStore) -> Iterator[Finding]:
    """not-in-this-repository: missing here, found in a repository beside. One finding for each image and place."""
    groups: dict[tuple[str, str], list[Node]] = {}
    for row, _ in _with(rows, Presence.MISSING):
        key = key_of(row)
        whereabouts = observations.whereabouts(*key) if key is not None else None
        image = row.image()
        for place in whereabouts.holders if whereabouts is not None else ():
            groups.setdefault((image.key if image is not None else row.key, place), []).append(row)
    for (_, place), group in groups.items():
        first = group[0]
        here = safe(first.repository or "", limit=255)
        there = safe(place, limit=255)
        if len(group) == 1:
            text = f"{name_of(first)} is missing in {here}, present in {there}."
        else:
            platform = platform_text(first)
            of = f" of {platform}" if platform else ""
            text = f"{plural(len(group), 'object')}{of} are missing in {here}, present in {there}."
        yield make(
            "not-in-this-repository",
            first.key,
            text,
            digest=first.digest,
            platform=platform_text(first),
            facts=(f"missing in {here}", f"present in {there}"),
            fix=f"Restore from {there} (`fanfold fix`): no digest changes.",
        )


def unreadable(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """invalid-manifest: the bytes are right, but they are not a document that clients follow."""
    if not isinstance(row.manifest, OpaqueManifest) or harmless(row.manifest, row.descriptor):
        return
    yield make(
        "invalid-manifest",
        row.key,
        f"{name_of(row)} cannot be followed: {row.manifest.reason}",
        digest=row.digest,
        platform=platform_text(row),
    )


def cut_off(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """cycle, too-deep: the tree was not followed further."""
    if row.kind is not Kind.FAULT or row.code not in ("cycle", "too-deep") or row.load is not Load.READY:
        return
    parent = row.parent
    where = f"{name_of(parent)}: " if parent is not None else ""
    yield make(row.code, row.key, f"{where}{row.label}.", digest=parent.digest if parent is not None else None)


def platform_mismatch(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """The index says one platform, the image's own config another."""
    declared = row.descriptor.platform if row.descriptor is not None else None
    if row.kind is not Kind.MANIFEST or declared is None or row.config is None:
        return
    config = row.config.platform
    if declared.is_unknown or declared.is_partial:
        return  # that is said by itself
    if config is None or config.is_unknown or _agree(declared, config):
        return
    yield make(
        "platform-mismatch",
        row.key,
        f"the index says {declared}, but the image {short(row.digest)} is for {config}.",
        digest=row.digest,
        platform=str(declared),
        facts=(f"index: {declared}", f"config: {config}"),
    )


def _agree(declared: Platform, config: Platform) -> bool:
    ours, theirs = declared.normalised(), config.normalised()
    if config.os and ours.os != theirs.os:
        return False
    if config.architecture and ours.architecture != theirs.architecture:
        return False
    if config.variant and declared.variant and ours.variant != theirs.variant:
        return False
    return not (declared.os_version and config.os_version and declared.os_version != config.os_version)


def structural(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """layer-count, unknown-layer-type, invalid-config, not-a-manifest, not-an-image, no-architecture, no-system,
    content-type-mismatch, schema-version, malformed-media-type, malformed-digest, malformed-env, encrypted-layer,
    no-layers: what documents say."""
    for flaw in flaws(row):
        if flaw.code == "media-type-mismatch":
            continue  # `mismatched` tells of it
        yield make(
            flaw.code,
            row.key,
            f"{name_of(row)}: {flaw.reason}.",
            digest=row.digest,
            platform=platform_text(row),
            facts=flaw.facts,
        )


def duplicate_platform(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """Two entries for the same platform: clients take the first."""
    if row.index is None:
        return
    for child, first in shadowed(row).items():
        yield make(
            "duplicate-platform",
            child.key,
            f"Duplicate platform {child.platform}: clients use entry {first.position + 1}, "
            f"not entry {child.position + 1}.",
            digest=child.digest,
            platform=platform_text(child),
            facts=(f"entry {first.position + 1}: {first.digest}", f"entry {child.position + 1}: {child.digest}"),
        )


def nobody_can_pull(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """An index with entries, none of which a client would choose."""
    if row.index is None or not row.index.entries or any(above.is_index for above in row.ancestors()):
        return
    if nobody_asks(platforms_of(row)) and not any(child.kind is Kind.FAULT for child in row.children):
        text = f"no entry of {name_of(row)} has a platform that clients ask for."
        yield make("nobody-can-pull", row.key, text, digest=row.digest)


def empty_index(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """An index without entries: valid, and of no use."""
    if row.index is not None and not row.index.entries:
        yield make("empty-index", row.key, f"{name_of(row)} has no entries: cannot be pulled.", digest=row.digest)


def nested_index(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """An index inside an index."""
    parent = row.parent
    if row.kind is Kind.INDEX and parent is not None and parent.is_index:
        platform = f" (for {row.platform})" if row.platform is not None else ""
        yield make(
            "nested-index",
            row.key,
            f"entry {row.position + 1} is a nested index, {short(row.digest)}{platform}.",
            digest=row.digest,
            platform=str(row.platform) if row.platform is not None else None,
        )


def mixed_media_types(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """OCI and Docker manifests in one index, or OCI manifests in a Docker list."""
    if row.index is None:
        return
    types = {
        entry.media_type
        for entry in row.index.entries
        if media.is_manifest(entry.media_type) and not attestation.is_attestation(entry)
    }
    docker = sorted(kind for kind in types if media.is_docker(kind))
    oci = sorted(kind for kind in types if media.is_oci(kind))
    if docker and oci:
        facts = (media.describe(oci[0]), media.describe(docker[0]))
        text = f"{name_of(row)} holds both OCI and Docker manifests."
    elif oci and media.is_docker(row.index.media_type):
        facts = (media.describe(row.index.media_type), media.describe(oci[0]))
        text = f"{name_of(row)} is a Docker manifest list that holds OCI manifests."
    else:
        return
    yield make("mixed-media-types", row.key, text, digest=row.digest, facts=(safe(facts[0]), safe(facts[1])))


def unknown_platform(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """unknown/unknown, and no attestation."""
    entry = row.descriptor
    in_index = row.parent is not None and row.parent.is_index
    if row.kind is not Kind.MANIFEST or not in_index or entry is None or entry.platform is None:
        return
    if entry.platform.is_unknown:
        yield make(
            "unknown-platform",
            row.key,
            f"entry {row.position + 1}, {short(row.digest)}, is for unknown/unknown and not an attestation.",
            digest=row.digest,
        )


def no_platform(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """An image in an index that names no platform."""
    entry = row.descriptor
    in_index = row.parent is not None and row.parent.is_index
    if row.kind is not Kind.MANIFEST or not in_index or entry is None or entry.platform is not None:
        return
    config = row.config.platform if row.config is not None else None
    says = f"; its config says {config}" if config is not None else ""
    yield make(
        "no-platform",
        row.key,
        f"entry {row.position + 1}, {short(row.digest)}, names no platform{says}.",
        digest=row.digest,
        platform=str(config) if config is not None else None,
    )


def orphan_attestation(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """An attestation that describes nothing in this index."""
    parent = row.parent
    if row.kind is not Kind.ATTESTATION or parent is None or not parent.is_index or row.subject == parent.digest:
        return
    if row.subject is None and row.load is not Load.READY:
        return  # its own manifest may still say what it describes
    about = f"describes {short(row.subject)}, which is" if row.subject is not None else "names nothing that is"
    yield make(
        "orphan-attestation",
        row.key,
        f"the attestation {short(row.digest)} {about} not in this index.",
        digest=row.digest,
        facts=(f"describes: {row.subject or 'nothing'}", "the index has no such entry"),
    )


def missing_attestation(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """Some platforms of an index have attestations, this one has none."""
    if row.index is None:
        return
    platforms = [
        child
        for child in row.children
        if child.kind is Kind.MANIFEST and not (child.platform is not None and child.platform.is_unknown)
    ]
    having = [child for child in platforms if attestations_of(child)]
    if not having:
        return
    for child in platforms:
        if not attestations_of(child):
            yield make(
                "missing-attestation",
                child.key,
                f"{name_of(child)} has no attestation, others of {name_of(row)} have one.",
                digest=child.digest,
                platform=platform_text(child),
            )


def dangling_subject(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """A manifest refers to a subject that is not in its repository."""
    subject = row.manifest.subject if row.manifest is not None else None
    if subject is None or row.repository is None:
        return
    if observations.get(row.source, row.repository, subject.digest).presence is not Presence.MISSING:
        return
    yield make(
        "dangling-subject",
        row.key,
        f"{name_of(row)} refers to {short(subject.digest)}, which is not in {safe(row.repository, limit=255)}.",
        digest=row.digest,
        platform=platform_text(row),
        facts=(f"subject: {subject.digest}", "not in the repository"),
    )


def stale_entry(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """The tag that an entry was probably made of points to another image now."""
    if row.kind is not Kind.TAG or row.index is None or row.repository is None:
        return
    moved = moved_tags(row, observations)
    sources = moved_sources(row, observations) if moved else []
    command = command_line("create --amend", row, sources) if sources else ""
    entries = _by_digest(row) if moved else {}
    for digest, found in moved.items():
        proposal, now = found.proposal, found.now
        entry = entries.get(digest, row)
        where = "" if proposal.repository == row.repository else f"{safe(proposal.repository, limit=255)}:"
        tag = f"{where}{safe(proposal.tag, limit=160)}"
        finding = make(
            "stale-entry",
            entry.key,
            f"{name_of(entry)} was replaced: {tag} is {short(now)}, the index still names {short(digest)}.",
            digest=digest,
            platform=platform_text(entry),
            facts=(f"index: {digest}", f"{tag}: {now}"),
            fix=None if sources else _not_recreated(tag, found),
        )
        action, effect = ("recreate", OTHER_DIGEST) if sources else (None, "")
        yield replace(finding, action=action, effect=effect, command=command)


def _by_digest(row: Node) -> dict[Digest, Node]:
    """The first row at or below this one that stands for each digest."""
    rows: dict[Digest, Node] = {}
    for each in row.walk():
        if each.digest is not None:
            rows.setdefault(each.digest, each)
    return rows


def _not_recreated(tag: str, found: MovedTag) -> str:
    """Why recreating a list from its tags would not help, and what would."""
    if found.holes:
        gone = f"{plural(found.holes, 'object')} {'is' if found.holes == 1 else 'are'} missing"
        return f"Push {tag} again first: {gone} in its current image too."
    return "Push the missing objects again first: recreating the list from its tags leaves them missing."


def _tag(entry: Compared) -> str:
    return safe(entry.reference.tag or str(entry.reference), limit=160)


def stale_local_list(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """Docker's stored list names images that their tags do not point to any more."""
    comparison = comparison_of(row)
    if comparison is None or not comparison.stale:
        return
    stale = [entry for entry in comparison.entries if entry.stale]
    gone = any(entry.now is None for entry in stale)
    finding = make(
        "stale-local-list",
        row.key,
        f"Docker's stored list is out of date: {len(stale)} of its "
        f"{plural(len(comparison.entries), 'entry', 'entries')} were replaced in the registry, "
        "and pushing it restores the old ones.",
        digest=row.digest,
        facts=(f"stored: {stale[0].was}", stale[0].sentence),
        fix="Push the missing images again, then recreate the list." if gone else None,
    )
    yield replace(finding, action=None) if gone else finding


def stale_local_entry(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """An entry of a stored list whose reference points to another image now, or to none."""
    comparison = comparison_of(row)
    stale = [entry for entry in comparison.entries if entry.stale] if comparison is not None else []
    rows = _by_digest(row) if stale else {}
    for entry in stale:
        child = rows.get(entry.was, row)
        finding = make(
            "stale-entry",
            child.key,
            entry.sentence,
            digest=entry.was,
            platform=platform_text(child) if child is not row else None,
            facts=(f"stored: {entry.was}", f"{_tag(entry)}: {entry.now or 'gone'}"),
            fix=f"Push {_tag(entry)} again, then recreate the list." if entry.now is None else None,
        )
        yield replace(finding, action=None) if entry.now is None else finding


#: Looked at with all troubled rows of the subtree at hand.
_TROUBLED: tuple[Callable[[Troubled, ObservationStore], Iterator[Finding]], ...] = (
    missing,
    mismatched,
    ignorance,
    foreign,
    elsewhere,
    not_unpacked,
)
#: The rows that the rules below are about: blobs are left out, for there are most of them, and what only groups others.
_RULED = MANIFEST_KINDS | {Kind.FAULT}
#: Looked at row by row.
_ROWS: tuple[Callable[[Node, ObservationStore], Iterator[Finding]], ...] = (
    unreadable,
    cut_off,
    structural,
    platform_mismatch,
    duplicate_platform,
    nobody_can_pull,
    empty_index,
    nested_index,
    mixed_media_types,
    unknown_platform,
    no_platform,
    orphan_attestation,
    missing_attestation,
    dangling_subject,
    stale_entry,
    stale_local_list,
    stale_local_entry,
)


#: Of those the ones that are also said of what tools keep under a tag made of a digest: it is no image, and nobody
#: chooses from it by platform.
_ARTIFACT_ROWS = (unreadable, cut_off, structural, dangling_subject)


def _without_advice(finding: Finding) -> Finding:
    """The same about what a tool attached: a list of platforms is not what would help there."""
    if finding.action == "fix" or (finding.code in MISSING and finding.digest is not None):
        return replace(finding, fix=LOOK_OR_ATTACH)
    if finding.action not in ("recreate", "amend"):
        return finding
    return replace(finding, fix=ATTACH_AGAIN, action=None)


def findings(node: Node, observations: ObservationStore, known: Standings | None = None) -> list[Finding]:
    """Everything that is wrong or worth knowing at and below a row, the worst first, each once; not of what only refers
    to it. `known` is `Tree.standing`, for who has the tree."""
    unique: dict[tuple[str, object, str | None, str], Finding] = {}
    known = known or standings(partial(observe, observations=observations))
    in_trouble = _each_once(known(node).troubled, observations)
    every = [finding for rule in _TROUBLED for finding in rule(in_trouble, observations)] if in_trouble else []
    tool = made_by_a_tool(node) is not None
    for row in node.walk(leaves=False, referrers=False):
        if row.kind in _RULED:
            # Below a list of repositories or tags each tag is asked for itself.
            kept = _ARTIFACT_ROWS if tool or (node.tag is None and made_by_a_tool(row) is not None) else _ROWS
            every.extend(finding for rule in kept for finding in rule(row, observations))
    if tool:
        every = [_without_advice(finding) for finding in every]
    for finding in every:
        unique.setdefault((finding.code, finding.digest, finding.platform, finding.message), finding)
    return sorted(unique.values(), key=lambda finding: finding.severity.rank)
