"""BuildKit's attestation manifests: how an index names them (buildkit docs/attestations/attestation-storage.md)."""

from __future__ import annotations

from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.errors import MalformedDigest

REFERENCE_TYPE = "vnd.docker.reference.type"
REFERENCE_DIGEST = "vnd.docker.reference.digest"
ATTESTATION_MANIFEST = "attestation-manifest"
PREDICATE_TYPE = "in-toto.io/predicate-type"


def is_attestation(descriptor: Descriptor) -> bool:
    """Whether this entry of an index is an attestation manifest and not an image."""
    return (
        descriptor.annotations.get(REFERENCE_TYPE) == ATTESTATION_MANIFEST
        or descriptor.artifact_type == media.ATTESTATION
    )


def reference_digest(descriptor: Descriptor) -> Digest | None:
    """The image that an attestation manifest describes; None when it names none, or no digest."""
    try:
        return Digest.parse(descriptor.annotations[REFERENCE_DIGEST])
    except (KeyError, MalformedDigest):
        return None


def predicate_type(descriptor: Descriptor) -> str | None:
    """The predicate type of a statement (a layer of an attestation manifest), raw, as its annotation says."""
    return descriptor.annotations.get(PREDICATE_TYPE)


def predicate_name(predicate: str | None) -> str:
    """A predicate type in one word: `provenance`, `SBOM (SPDX)`; other types as they are (not made safe)."""
    text = predicate or ""
    if text.startswith("https://slsa.dev/provenance/"):
        return "provenance"
    if text.startswith("https://spdx.dev/"):
        return "SBOM (SPDX)"
    if text.startswith("https://cyclonedx.org/"):
        return "SBOM (CycloneDX)"
    return text or "statement"
