"""Findings on what belongs together: attestations, subjects, and the tags that an index was made of."""

from __future__ import annotations

from collections.abc import Iterator

from tui.explore.around import source_proposals
from tui.explore.finding import Finding, make
from tui.explore.known import name_of, platform_text, short
from tui.explore.node import Kind, Load, Node
from tui.explore.observations import ObservationStore, TagHead
from tui.explore.rollup import attestations_of
from tui.explore.spelling import Proposal
from tui.oci.digest import Digest
from tui.sources.presence import Presence
from tui.text import safe


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
        facts=(f"subject: {subject.digest}", "it is not in the repository"),
    )


def stale_entry(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """The tag that an entry was probably made of points to another image now."""
    if row.kind is not Kind.TAG or row.index is None or row.repository is None:
        return
    tags = observations.tag_names(row.source, row.repository) or ()
    for digest, candidates in source_proposals(row, tags, observations.repositories(row.source)):
        moved = _moved(row, digest, candidates, observations)
        if moved is None:
            continue
        proposal, now = moved
        entry = next((child for child in row.walk() if child.digest == digest), row)
        where = "" if proposal.repository == row.repository else f"{safe(proposal.repository, limit=255)}:"
        tag = f"{where}{safe(proposal.tag, limit=160)}"
        yield make(
            "stale-entry",
            entry.key,
            f"{name_of(entry)} was replaced: {tag} is {short(now)} now, the index still names {short(digest)}.",
            digest=digest,
            platform=platform_text(entry),
            facts=(f"index: {digest}", f"{tag}: {now}"),
        )


def _moved(
    row: Node, digest: Digest, candidates: list[Proposal], observations: ObservationStore
) -> tuple[Proposal, Digest] | None:
    """The first of the source tags that points elsewhere, if none points to the entry itself."""
    moved: tuple[Proposal, Digest] | None = None
    for proposal in candidates:
        head: TagHead | None = observations.tag_head(row.source, proposal.repository, proposal.tag)
        if head is None or head.digest is None:
            continue
        if head.digest == digest or (head.entries is not None and digest in head.entries):
            return None
        moved = moved or (proposal, head.digest)
    return moved
