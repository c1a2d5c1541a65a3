"""Where the specifications define things: document and section, as their own tables of contents name them."""

from __future__ import annotations

from dataclasses import dataclass

_IMAGE = "https://github.com/opencontainers/image-spec/blob/main/"
_DISTRIBUTION = "https://github.com/opencontainers/distribution-spec/blob/main/spec.md"


@dataclass(frozen=True, slots=True)
class Spec:
    """One place in a specification: "OCI image-spec, image-index.md, 'Image Index Property Descriptions'"."""

    document: str
    section: str
    url: str

    def __str__(self) -> str:
        return f"{self.document}, '{self.section}'"


def _image(page: str, section: str, anchor: str) -> Spec:
    return Spec(f"OCI image-spec, {page}", section, f"{_IMAGE}{page}#{anchor}")


def _distribution(section: str, anchor: str) -> Spec:
    return Spec("OCI distribution-spec, spec.md", section, f"{_DISTRIBUTION}#{anchor}")


INDEX = _image("image-index.md", "Image Index Property Descriptions", "image-index-property-descriptions")
MANIFEST = _image("manifest.md", "Image Manifest Property Descriptions", "image-manifest-property-descriptions")
ARTIFACT = _image("manifest.md", "Guidelines for Artifact Usage", "guidelines-for-artifact-usage")
DESCRIPTOR = _image("descriptor.md", "Properties", "properties")
DIGESTS = _image("descriptor.md", "Digests", "digests")
VERIFICATION = _image("descriptor.md", "Verification", "verification")
CONFIG = _image("config.md", "Properties", "properties")
IMAGE_ID = _image("config.md", "ImageID", "imageid")
LAYER = _image("layer.md", "Image Layer Filesystem Changeset", "image-layer-filesystem-changeset")
FOREIGN = _image("layer.md", "Non-Distributable Layers", "non-distributable-layers")
COMPATIBILITY = _image("media-types.md", "Compatibility Matrix", "compatibility-matrix")
MEDIA_CONFLICTS = _image("media-types.md", "Media Type Conflicts", "media-type-conflicts")
LAYOUT = _image("image-layout.md", "Content", "content")

DEFINITIONS = _distribution("Definitions", "definitions")
PULL_MANIFEST = _distribution("Pulling manifests", "pulling-manifests")
PULL_BLOB = _distribution("Pulling blobs", "pulling-blobs")
EXISTS = _distribution("Checking if content exists in the registry", "checking-if-content-exists-in-the-registry")
PUSH_MANIFEST = _distribution("Pushing Manifests", "pushing-manifests")
MOUNT = _distribution("Mounting a blob from another repository", "mounting-a-blob-from-another-repository")
TAGS = _distribution("Listing Tags", "listing-tags")
REFERRERS = _distribution("Listing Referrers", "listing-referrers")
DELETE = _distribution("Content Management", "content-management")
ERRORS = _distribution("Error Codes", "error-codes")

ATTESTATION = Spec(
    "BuildKit, docs/attestations/attestation-storage.md",
    "Attestation Manifest Descriptor",
    "https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md",
)
STATEMENT = Spec(
    "in-toto Attestation Framework, spec/v1/statement.md",
    "Statement layer specification",
    "https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md",
)
RATE_LIMIT = Spec(
    "Docker documentation, Docker Hub",
    "Docker Hub pull usage and limits",
    "https://docs.docker.com/docker-hub/usage/pulls/",
)
HTTP_RETRY_AFTER = Spec(
    "RFC 9110, HTTP Semantics", "10.2.3 Retry-After", "https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3"
)
LOCAL_LISTS = Spec(
    "Docker documentation, docker manifest",
    "docker manifest create",
    "https://docs.docker.com/reference/cli/docker/manifest/create/",
)
STORAGE = Spec(
    "distribution (the registry), registry/storage/paths.go",
    "path specs of the storage folder",
    "https://github.com/distribution/distribution/blob/main/registry/storage/paths.go",
)
