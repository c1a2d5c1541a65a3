"""Media types of manifests, configs and layers (OCI image-spec media-types.md, Docker's image manifest v2)."""

from __future__ import annotations

import re

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"
OCI_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
OCI_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
OCI_FOREIGN_LAYER = "application/vnd.oci.image.layer.nondistributable.v1.tar"
OCI_FOREIGN_LAYER_GZIP = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"
OCI_FOREIGN_LAYER_ZSTD = "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DOCKER_LAYER_PLAIN = "application/vnd.docker.image.rootfs.diff.tar"
DOCKER_FOREIGN_LAYER = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"
ATTESTATION = "application/vnd.docker.attestation.manifest.v1+json"
IN_TOTO = "application/vnd.in-toto+json"
DSSE = "application/vnd.dsse.envelope.v1+json"
COSIGN_SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json"
SIGSTORE_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"

# A short Accept makes registries answer 404 for what they hold, or another digest than was asked for. The old
# artifact type is asked for to be read only.
ACCEPT = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST, OCI_ARTIFACT)

_INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
_IMAGE_MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST, OCI_ARTIFACT})
_TAR_LAYERS = frozenset(
    {
        OCI_LAYER,
        OCI_LAYER_GZIP,
        OCI_LAYER_ZSTD,
        OCI_FOREIGN_LAYER,
        OCI_FOREIGN_LAYER_GZIP,
        OCI_FOREIGN_LAYER_ZSTD,
        DOCKER_LAYER,
        DOCKER_LAYER_PLAIN,
        DOCKER_FOREIGN_LAYER,
    }
)
_SCHEMA1 = frozenset({SCHEMA1, SCHEMA1_SIGNED})
_WORDS = {
    OCI_INDEX: "image index (OCI)",
    DOCKER_LIST: "manifest list (Docker)",
    OCI_MANIFEST: "image manifest (OCI)",
    DOCKER_MANIFEST: "image manifest (Docker v2 schema 2)",
    OCI_ARTIFACT: "artifact manifest (OCI 1.1 draft, withdrawn)",
    OCI_CONFIG: "image config (OCI)",
    DOCKER_CONFIG: "image config (Docker)",
    OCI_EMPTY: "empty (OCI)",
    OCI_LAYER: "layer, tar (OCI)",
    OCI_LAYER_GZIP: "layer, tar gzip (OCI)",
    OCI_LAYER_ZSTD: "layer, tar zstd (OCI)",
    OCI_FOREIGN_LAYER: "foreign layer, tar (OCI)",
    OCI_FOREIGN_LAYER_GZIP: "foreign layer, tar gzip (OCI)",
    OCI_FOREIGN_LAYER_ZSTD: "foreign layer, tar zstd (OCI)",
    DOCKER_LAYER: "layer, tar gzip (Docker)",
    DOCKER_LAYER_PLAIN: "layer, tar (Docker)",
    DOCKER_FOREIGN_LAYER: "foreign layer, tar gzip (Docker)",
    SCHEMA1: "image manifest (Docker schema 1)",
    SCHEMA1_SIGNED: "image manifest (Docker schema 1, signed)",
    ATTESTATION: "attestation manifest (BuildKit)",
    IN_TOTO: "in-toto statement",
    DSSE: "signed envelope (DSSE)",
    COSIGN_SIGNATURE: "signature (cosign)",
    SIGSTORE_BUNDLE: "signature bundle (Sigstore)",
    HELM_CONFIG: "Helm chart config",
}
_GRAMMAR = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
_TYPE = re.compile(rf"{_NAME}/{_NAME}", re.ASCII)
_LAYERS = _TAR_LAYERS | {
    "application/vnd.docker.image.rootfs.diff.tar.zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
}


def normalise(content_type: str | None) -> str:
    """A Content-Type without its parameters and in lower case; empty when there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


def is_media_type(text: str) -> bool:
    """Whether the text is one word of printable ASCII: what can be sent in a header."""
    return _GRAMMAR.fullmatch(text) is not None


def is_well_formed(text: str) -> bool:
    """Whether the text is a media type as RFC 6838 (4.2) writes them, without parameters: type/subtype."""
    return _TYPE.fullmatch(text) is not None


_ENCRYPTED = "+encrypted"


def is_layer(media_type: str) -> bool:
    """Whether some client unpacks layers of this type: tars of the OCI's and Docker's names, also encrypted ones, and
    file systems that containerd mounts."""
    plain = media_type.removesuffix(_ENCRYPTED)
    return plain in _LAYERS or plain.startswith("application/vnd.erofs.layer.")


def is_index(media_type: str) -> bool:
    """An OCI index or a Docker manifest list."""
    return media_type in _INDEXES


def is_image_manifest(media_type: str) -> bool:
    """The manifest of one image (or artifact), OCI or Docker schema 2."""
    return media_type in _IMAGE_MANIFESTS


def is_schema1(media_type: str) -> bool:
    return media_type in _SCHEMA1


def is_manifest(media_type: str) -> bool:
    """What a registry serves below `/manifests/`; everything else is a blob."""
    return media_type in _INDEXES or media_type in _IMAGE_MANIFESTS or media_type in _SCHEMA1


def is_tar_layer(media_type: str) -> bool:
    """A layer of an image: a tar, compressed or not."""
    return media_type in _TAR_LAYERS


def is_encrypted(media_type: str) -> bool:
    """A layer that containerd unpacks only with a key (ocicrypt)."""
    return media_type.endswith(_ENCRYPTED)


def is_plain_tar(media_type: str) -> bool:
    """A layer whose type says that it is not compressed. Docker's old name is given to compressed ones, too."""
    return media_type in (OCI_LAYER, OCI_FOREIGN_LAYER)


def is_foreign_layer(media_type: str) -> bool:
    """A layer that registries need not hold: Docker's foreign, OCI's nondistributable layers."""
    return ".nondistributable." in media_type or ".foreign." in media_type


def is_image_config(media_type: str) -> bool:
    return media_type in (OCI_CONFIG, DOCKER_CONFIG)


def is_docker(media_type: str) -> bool:
    return media_type.startswith("application/vnd.docker.")


def is_oci(media_type: str) -> bool:
    return media_type.startswith("application/vnd.oci.")


def describe(media_type: str) -> str:
    """The type in words; a type that is not known is returned as it is (not made safe)."""
    return _WORDS.get(media_type, media_type or "unknown type")
