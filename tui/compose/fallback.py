"""The tag that lists the referrers of a manifest where a registry has no API for them (distribution-spec, "Referrers
Tag Schema"): who pushes something with a subject keeps it."""

from __future__ import annotations

from collections.abc import Iterable

from tui.compose.plan import How, PlannedObject, Step, StepKind
from tui.explore.inspector import Inspector
from tui.oci.canonical_json import json_text
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import OciError
from tui.oci.manifest import AnyManifest, ImageManifest, decode
from tui.oci.reference import fallback_tag
from tui.registry import errors
from tui.sources.location import RepositoryLocation
from tui.text import plural


def refers(manifest: AnyManifest) -> tuple[Digest, Descriptor] | None:
    """What a manifest refers to, with the descriptor by which the list of referrers names it; None for most."""
    if manifest.subject is None:
        return None
    kind = manifest.artifact_type
    if kind is None and isinstance(manifest, ImageManifest) and manifest.config is not None:
        kind = manifest.config.media_type or None  # the specification: without an artifactType that of the config
    return manifest.subject.digest, Descriptor(
        manifest.media_type,
        manifest.digest,
        manifest.size,
        annotations=manifest.annotations,
        artifact_type=kind,
    )


def put_with_subject(root: AnyManifest, objects: Iterable[PlannedObject]) -> list[tuple[Digest, Descriptor]]:
    """Those of the manifests that a plan puts that refer to something."""
    found = [refers(root)]
    for each in objects:
        if each.how is How.PUT and each.raw is not None and each.digest != root.digest:
            try:
                found.append(refers(decode(each.raw, each.media_type)))
            except OciError:
                continue  # what cannot be read is said elsewhere, and refers to nothing that is known
    return [each for each in found if each is not None]


async def fallback_steps(
    inspector: Inspector, target: RepositoryLocation, referrers: list[tuple[Digest, Descriptor]], notes: list[str]
) -> list[Step]:
    """One step for each subject whose referrers the target's registry will not list by itself; `notes` gets a
    sentence for each of which that could not be found out."""
    by_subject: dict[Digest, list[Descriptor]] = {}
    for subject, descriptor in referrers:
        by_subject.setdefault(subject, []).append(descriptor)
    steps: list[Step] = []
    for subject, descriptors in by_subject.items():
        try:
            listing = await inspector.client.referrers(target.registry or "", target.repository, subject)
        except errors.RegistryError as error:
            notes.append(
                f"Could not list the referrers of {subject.short} in {target}, so no fallback tag is written: "
                f"{error.sentence}"
            )
            continue
        if listing.via == "api":
            continue
        steps.append(
            Step(
                0,
                StepKind.REFERRERS_TAG,
                f"list {plural(len(descriptors), 'referrer')} of {subject.short} under its fallback tag",
                digest=None,
                selector=fallback_tag(subject),
                raw=json_text([descriptor.to_document() for descriptor in descriptors]).encode(),
            )
        )
    return steps
