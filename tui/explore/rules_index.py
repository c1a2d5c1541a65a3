"""Findings on what an index says: its entries, their platforms and types. One small function per code."""

from __future__ import annotations

from collections.abc import Iterator

from tui.explore.finding import Finding, make
from tui.explore.known import name_of, short
from tui.explore.node import Kind, Node
from tui.explore.observations import ObservationStore
from tui.oci import attestation, media
from tui.oci.platform import Platform
from tui.text import safe


def platform_mismatch(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """The index says one platform, the image's own config another."""
    said = row.descriptor.platform if row.descriptor is not None else None
    if row.kind is not Kind.MANIFEST or said is None or said.is_unknown or row.config is None:
        return
    config = row.config.platform
    if config is None or config.is_unknown or _agree(said, config):
        return
    yield make(
        "platform-mismatch",
        row.key,
        f"the index says {said}, but the image {short(row.digest)} is for {config}.",
        digest=row.digest,
        platform=str(said),
        facts=(f"index: {said}", f"config: {config}"),
    )


def _agree(said: Platform, config: Platform) -> bool:
    ours, theirs = said.normalised(), config.normalised()
    if config.os and ours.os != theirs.os:
        return False
    if config.architecture and ours.architecture != theirs.architecture:
        return False
    if config.variant and said.variant and ours.variant != theirs.variant:
        return False
    return not (said.os_version and config.os_version and said.os_version != config.os_version)


def duplicate_platform(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """Two entries for the same platform: clients take the first."""
    if row.index is None:
        return
    first: dict[Platform, Node] = {}
    for child in row.children:
        if child.kind is not Kind.MANIFEST or child.descriptor is None or child.descriptor.platform is None:
            continue
        platform = child.descriptor.platform
        if platform.is_unknown:
            continue
        known = first.setdefault(platform.normalised(), child)
        if known is not child:
            yield make(
                "duplicate-platform",
                child.key,
                f"the platform {platform} is there twice: clients take {short(known.digest)}, "
                f"never {short(child.digest)}.",
                digest=child.digest,
                platform=str(platform),
                facts=(f"entry {known.position + 1}: {known.digest}", f"entry {child.position + 1}: {child.digest}"),
            )


def empty_index(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """An index without entries: valid, and of no use."""
    if row.index is not None and not row.index.entries:
        yield make("empty-index", row.key, f"{name_of(row)} has no entries: nobody can pull it.", digest=row.digest)


def nested_index(row: Node, observations: ObservationStore) -> Iterator[Finding]:
    """An index inside an index."""
    parent = row.parent
    if row.kind is Kind.INDEX and parent is not None and parent.is_index:
        platform = f" (for {row.platform})" if row.platform is not None else ""
        yield make(
            "nested-index",
            row.key,
            f"entry {row.position + 1} is an index itself, {short(row.digest)}{platform}.",
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
            f"entry {row.position + 1}, {short(row.digest)}, is for unknown/unknown and is no attestation.",
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
