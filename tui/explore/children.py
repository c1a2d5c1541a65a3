"""From a manifest to the rows below it. Pure: asks nothing, needs no event loop."""

from __future__ import annotations

from collections import Counter

from tui.explore.node import Kind, Load, Node
from tui.oci import attestation, media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest, ImageManifest, Index
from tui.text import safe

#: Manifests inside manifests are followed this far (protocol.md C-15).
DEPTH_LIMIT = 8


def children_of(node: Node, manifest: AnyManifest) -> list[Node]:
    """The rows that a manifest puts under `node`: entries with their attestations, or config and layers."""
    if isinstance(manifest, Index):
        rows = _entries(node, manifest)
    elif isinstance(manifest, ImageManifest):
        rows = _blobs(node, manifest)
        rows.extend(child for child in node.children if child.kind is Kind.ATTESTATION)
    else:
        rows = [fault(node, "invalid-manifest", manifest.reason)]
    if node.kind in (Kind.TAG, Kind.INDEX, Kind.MANIFEST) and node.source.capabilities.referrers:
        rows.append(referrers_row(node))
    return rows


def _entries(node: Node, index: Index) -> list[Node]:
    guard = guard_row(node)
    if guard is not None:
        return [guard]
    seen: Counter[str] = Counter()
    rows: list[Node] = []
    described: dict[Digest, Node] = {}
    attestations: list[tuple[int, Descriptor]] = []
    for position, entry in enumerate(index.entries):
        if attestation.is_attestation(entry):
            attestations.append((position, entry))
            continue
        row = entry_row(node, entry, position, seen)
        rows.append(row)
        described.setdefault(entry.digest, row)
    for position, entry in attestations:
        about = attestation.reference_digest(entry)
        owner = described.get(about) if about is not None else None
        row = attestation_row(owner or node, entry, position, seen)
        if owner is not None:
            owner.children.append(row)
        else:
            rows.append(row)
    return rows


def entry_row(node: Node, entry: Descriptor, position: int, seen: Counter[str]) -> Node:
    """An entry of an index that is no attestation: a platform's image, or a nested index."""
    kind = Kind.INDEX if media.is_index(entry.media_type) else Kind.MANIFEST
    return Node(
        key=_key(node, entry.digest, seen),
        kind=kind,
        source=node.source,
        repository=node.repository,
        label=platform_label(entry),
        note="index" if kind is Kind.INDEX else "",
        descriptor=entry,
        platform=entry.platform,
        parent=node,
        position=position,
        expandable=True,
    )


def attestation_row(owner: Node, entry: Descriptor, position: int, seen: Counter[str]) -> Node:
    """An attestation manifest, under what it describes, or under the index when that is not there."""
    about = attestation.reference_digest(entry)
    orphan = owner.is_index and owner.kind in (Kind.TAG, Kind.INDEX) and owner.digest != about
    label = "attestation"
    if orphan:
        label = f"attestation of {about.short}" if about is not None else "attestation of nothing named"
    predicate = attestation.predicate_type(entry)
    return Node(
        key=_key(owner, entry.digest, seen),
        kind=Kind.ATTESTATION,
        source=owner.source,
        repository=owner.repository,
        label=label,
        note=predicate_name(predicate) if predicate else "",
        descriptor=entry,
        platform=owner.platform if not orphan else None,
        parent=owner,
        position=position,
        subject=about,
        expandable=True,
    )


def _blobs(node: Node, manifest: ImageManifest) -> list[Node]:
    seen: Counter[str] = Counter()
    rows: list[Node] = []
    if manifest.config is not None:
        rows.append(_blob(node, Kind.CONFIG, manifest.config, "config", 0, seen))
    statements = node.kind is Kind.ATTESTATION or manifest.is_attestation
    for position, layer in enumerate(manifest.layers):
        if statements and (layer.media_type == media.IN_TOTO or attestation.predicate_type(layer)):
            predicate = attestation.predicate_type(layer)
            label = predicate_name(predicate) if predicate else "statement"
            row = _blob(node, Kind.STATEMENT, layer, label, position, seen)
            row.note = safe(predicate or layer.media_type, limit=200)
        else:
            row = _blob(node, Kind.LAYER, layer, f"layer {position + 1}", position, seen)
            if layer.media_type == media.OCI_EMPTY:
                row.note = "empty"
        rows.append(row)
    return rows


def _blob(node: Node, kind: Kind, descriptor: Descriptor, label: str, position: int, seen: Counter[str]) -> Node:
    return Node(
        key=_key(node, descriptor.digest, seen),
        kind=kind,
        source=node.source,
        repository=node.repository,
        label=label,
        descriptor=descriptor,
        platform=node.platform,
        parent=node,
        position=position,
    )


def referrers_row(node: Node) -> Node:
    """The group of what refers to an image; asked for only when it is opened."""
    return Node(
        key=f"{node.key}/referrers",
        kind=Kind.REFERRERS,
        source=node.source,
        repository=node.repository,
        label="referrers",
        parent=node,
        expandable=True,
    )


def referrer_rows(group: Node, descriptors: tuple[Descriptor, ...]) -> list[Node]:
    """The referrers of a group, each a manifest with its artifact type."""
    seen: Counter[str] = Counter()
    subject = group.parent.digest if group.parent is not None else None
    return [
        Node(
            key=_key(group, descriptor.digest, seen),
            kind=Kind.REFERRER,
            source=group.source,
            repository=group.repository,
            label=artifact_name(descriptor.artifact_type or descriptor.media_type),
            note=safe(descriptor.artifact_type or descriptor.media_type, limit=200),
            descriptor=descriptor,
            parent=group,
            position=position,
            subject=subject,
            expandable=True,
        )
        for position, descriptor in enumerate(descriptors)
    ]


def fault(node: Node, code: str, sentence: str, fix: str = "") -> Node:
    """A row that says why there is nothing (more) below."""
    return Node(
        key=f"{node.key}/!{code}",
        kind=Kind.FAULT,
        source=node.source,
        repository=node.repository,
        label=sentence,
        note=fix,
        parent=node,
        code=code,
        load=Load.READY,
    )


def guard_row(node: Node) -> Node | None:
    """A row that stops here when the same index is above, or when indexes are nested too deep; else None."""
    above = [row for row in node.ancestors() if row.is_index]
    if any(row.digest == node.digest for row in above):
        return fault(node, "cycle", "stopped here: this index is inside itself")
    if len(above) >= DEPTH_LIMIT:
        return fault(node, "too-deep", f"stopped here: indexes are nested more than {DEPTH_LIMIT} deep")
    return None


def platform_label(entry: Descriptor) -> str:
    """What an entry is called: its platform, or that it names none."""
    if entry.platform is not None:
        return safe(str(entry.platform), limit=120)
    if entry.artifact_type:
        return artifact_name(entry.artifact_type)
    return f"no platform, {entry.digest.short}"


def predicate_name(predicate_type: str) -> str:
    """What people call a predicate type: provenance, SBOM; else the type itself, shortened. Safe text."""
    return safe(attestation.predicate_name(predicate_type), limit=60)


_ARTIFACTS = (
    ("application/vnd.dev.sigstore.bundle", "signature bundle (not verified)"),
    ("application/vnd.dev.cosign.artifact.sig", "signature (not verified)"),
    ("application/vnd.cncf.notary.signature", "signature (not verified)"),
    ("application/vnd.docker.attestation", "attestation"),
    ("application/vnd.in-toto", "attestation"),
    ("application/spdx", "SBOM"),
    ("text/spdx", "SBOM"),
    ("application/vnd.cyclonedx", "SBOM"),
)


def artifact_name(artifact_type: str) -> str:
    """What people call an artifact type; never that a signature is valid, for nothing here verifies it."""
    for prefix, name in _ARTIFACTS:
        if artifact_type.lower().startswith(prefix):
            return name
    return safe(artifact_type, limit=80)


def _key(parent: Node, digest: Digest, seen: Counter[str]) -> str:
    base = f"{parent.key}/{digest}"
    seen[base] += 1
    return base if seen[base] == 1 else f"{base}#{seen[base]}"
