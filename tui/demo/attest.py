"""Attestations as BuildKit attaches them, and a signature as a referrer.

Sources: moby/buildkit docs/attestations/attestation-storage.md, slsa-definitions.md, sbom-protocol.md; in-toto
Statement v0.1; SLSA provenance v1; SPDX 2.3; the Sigstore bundle v0.3. Nothing here is really signed: the signature's
bytes only look like one, and nothing in this program verifies them.
"""

from __future__ import annotations

import base64
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from tui.demo.images import BUILDKIT, CREATED, Image, Piece, noise, piece, render
from tui.demo.store import Store
from tui.oci import media
from tui.oci.canonical_json import json_text

PROVENANCE: Final = "https://slsa.dev/provenance/v1"
SBOM: Final = "https://spdx.dev/Document"
_BUILD_TYPE: Final = "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md"


@dataclass(frozen=True, slots=True)
class Attestation:
    """An attestation manifest, its statements, and its entry in an index."""

    manifest: Piece
    config: Piece
    statements: tuple[Piece, ...]
    describes: str

    def entry(self) -> dict[str, Any]:
        return self.manifest.descriptor(
            annotations={
                "vnd.docker.reference.digest": self.describes,
                "vnd.docker.reference.type": "attestation-manifest",
            },
            platform={"architecture": "unknown", "os": "unknown"},
        )


def attest(
    one: Image, name: str, packages: Sequence[tuple[str, str]] = (), *, base: str = "alpine@3.21"
) -> Attestation:
    """Provenance, and with `packages` (name, version) an SBOM too, of an image that will be called `name`."""
    predicates: list[tuple[str, Mapping[str, Any]]] = []
    if packages:
        predicates.append((SBOM, _spdx(one, name, packages)))
    predicates.append((PROVENANCE, _slsa(one, base)))
    statements = tuple(_statement(one, name, kind, predicate) for kind, predicate in predicates)
    config = piece(
        json_text(
            {
                "architecture": "unknown",
                "os": "unknown",
                "config": {},
                "rootfs": {"type": "layers", "diff_ids": [found.digest for found in statements]},
            }
        ).encode(),
        media.OCI_CONFIG,
    )
    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": config.descriptor(),
        "layers": [found.descriptor() for found in statements],
    }
    manifest = piece(render(document, BUILDKIT), media.OCI_MANIFEST)
    return Attestation(manifest, config, statements, one.manifest.digest)


def put_attestation(store: Store, name: str, one: Attestation, *, without: Sequence[Piece] = ()) -> None:
    """Place an attestation in a repository; all but `without`."""
    for blob in (one.config, *one.statements):
        if blob not in without:
            store.put_blob(name, blob.raw)
    store.put_manifest(name, one.manifest.raw, one.manifest.media_type)


def _platform_text(one: Image) -> str:
    parts = (one.platform.get(key) for key in ("os", "architecture", "variant"))
    return "/".join(part for part in parts if part)


def _statement(one: Image, name: str, kind: str, predicate: Mapping[str, Any]) -> Piece:
    repository, _, tag = name.partition(":")
    where = quote(_platform_text(one), safe="")
    statement = {
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": kind,
        "subject": [
            {
                "name": f"pkg:docker/{repository}@{tag or 'latest'}?platform={where}",
                "digest": {"sha256": one.manifest.digest.partition(":")[2]},
            }
        ],
        "predicate": predicate,
    }
    return piece(
        json_text(statement).encode(),
        media.IN_TOTO,
        annotations={"in-toto.io/predicate-type": kind},
    )


def _slsa(one: Image, base: str) -> dict[str, Any]:
    where = _platform_text(one)
    return {
        "buildDefinition": {
            "buildType": _BUILD_TYPE,
            "externalParameters": {
                "configSource": {"path": "Dockerfile"},
                "request": {
                    "frontend": "dockerfile.v0",
                    "locals": [{"name": "context"}, {"name": "dockerfile"}],
                },
            },
            "internalParameters": {"builderPlatform": where},
            "resolvedDependencies": [
                {
                    "uri": f"pkg:docker/{base}?platform={quote(where, safe='')}",
                    "digest": {"sha256": noise(f"{base} {where}", 40)[8:].hex()},
                }
            ],
        },
        "runDetails": {
            "builder": {"id": ""},
            "metadata": {
                "invocationId": uuid.uuid5(uuid.NAMESPACE_OID, one.manifest.digest).hex,
                "startedOn": "2026-05-04T09:12:02.104871312Z",
                "finishedOn": CREATED,
                "buildkit_completeness": {"request": False, "resolvedDependencies": False},
                "buildkit_reproducible": False,
            },
        },
    }


def _spdx(one: Image, name: str, packages: Sequence[tuple[str, str]]) -> dict[str, Any]:
    listed = [
        {
            "name": package,
            "SPDXID": f"SPDXRef-Package-apk-{package}",
            "versionInfo": version,
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": False,
            "licenseConcluded": "NOASSERTION",
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": f"pkg:apk/alpine/{package}@{version}?arch={one.platform['architecture']}",
                }
            ],
        }
        for package, version in packages
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://fanfold.example/sbom/{uuid.uuid5(uuid.NAMESPACE_OID, one.config.digest)}",
        "creationInfo": {
            "creators": ["Tool: buildkit-v0.24.0", f"Tool: sbom of {name}"],
            "created": CREATED[:19] + "Z",
        },
        "packages": listed,
        "relationships": [
            {
                "spdxElementId": "SPDXRef-DOCUMENT",
                "relatedSpdxElement": package["SPDXID"],
                "relationshipType": "DESCRIBES",
            }
            for package in listed
        ],
    }


def sign(store: Store, name: str, subject: Piece) -> str:
    """Attach what looks like a Sigstore bundle to a manifest, as a referrer; the bundle manifest's digest."""
    payload = json_text(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "predicateType": "https://sigstore.dev/cosign/sign/v1",
            "subject": [{"digest": {"sha256": subject.digest.partition(":")[2]}}],
            "predicate": {},
        }
    ).encode()
    bundle = {
        "mediaType": media.SIGSTORE_BUNDLE,
        "verificationMaterial": {"publicKey": {"hint": _text(noise("a public key", 40)[8:])}},
        "dsseEnvelope": {
            "payload": _text(payload),
            "payloadType": "application/vnd.in-toto+json",
            "signatures": [{"sig": _text(noise(f"a signature of {subject.digest}", 80)[8:])}],
        },
    }
    blob = piece(json_text(bundle).encode(), media.SIGSTORE_BUNDLE)
    empty = piece(b"{}", media.OCI_EMPTY)
    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "artifactType": media.SIGSTORE_BUNDLE,
        "config": empty.descriptor(),
        "layers": [blob.descriptor()],
        "subject": Piece(subject.raw, subject.media_type, subject.digest).descriptor(),
        "annotations": {
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
            "org.opencontainers.image.created": CREATED,
        },
    }
    store.put_blob(name, empty.raw)
    store.put_blob(name, blob.raw)
    return store.put_manifest(name, json_text(document).encode(), media.OCI_MANIFEST)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
