"""A real registry with ways to push images to it that use none of our own code: for the tests that fix lists."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.bare_registry import BareRegistry
from tui.oci import media
from tui.oci.digest import Digest


@dataclass
class Pushed:
    """An image as it was pushed: its manifest's digest and bytes, and the digests of its blobs."""

    digest: Digest
    raw: bytes
    media_type: str
    config: Digest
    layers: tuple[Digest, ...]
    platform: Mapping[str, Any] = field(default_factory=dict)

    def entry(self, **more: Any) -> dict[str, Any]:
        """Its descriptor, as an index names it."""
        return {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": len(self.raw),
            "platform": dict(self.platform),
            **more,
        }


class RealRegistry(BareRegistry):
    """Builds little images in a real registry."""

    def put_blob(self, repository: str, data: bytes) -> Digest:
        """Upload a blob."""
        self.push_blob(repository, data)
        return Digest.of(data)

    def put_manifest(self, repository: str, selector: str, raw: bytes, media_type: str) -> Digest:
        """PUT a manifest under a tag or its digest."""
        path = f"/v2/{repository}/manifests/{selector}"
        status, text, _ = self.ask("PUT", path, raw, {"Content-Type": media_type})
        assert status == 201, text
        return Digest.of(raw)

    def put_image(
        self,
        repository: str,
        tag: str,
        platform: str,
        words: str,
        *,
        oci: bool = False,
        layers: int = 2,
        noise: int = 0,
        os_version: str | None = None,
    ) -> Pushed:
        """Build a little image for `linux/arm64` and push it. `noise`: so many bytes more in its last layer."""
        system, architecture, *variant = platform.split("/")
        types = (
            (media.OCI_MANIFEST, media.OCI_CONFIG, media.OCI_LAYER_GZIP)
            if oci
            else (media.DOCKER_MANIFEST, media.DOCKER_CONFIG, media.DOCKER_LAYER)
        )
        files = [f"{words} {platform} {number}".encode() for number in range(layers)]
        if noise:
            files[-1] += os.urandom(noise)
        claims = {"architecture": architecture, "os": system}
        if variant:
            claims["variant"] = variant[0]
        if os_version:
            claims["os.version"] = os_version
        config = json.dumps(
            {**claims, "config": {}, "rootfs": {"type": "layers", "diff_ids": [Digest.of(file) for file in files]}}
        ).encode()
        packed = [gzip.compress(file, mtime=0) for file in files]
        document = {
            "schemaVersion": 2,
            "mediaType": types[0],
            "config": {"mediaType": types[1], "size": len(config), "digest": self.put_blob(repository, config)},
            "layers": [
                {"mediaType": types[2], "size": len(one), "digest": self.put_blob(repository, one)} for one in packed
            ],
        }
        raw = json.dumps(document, indent=3).encode()
        digest = self.put_manifest(repository, tag, raw, types[0])
        return Pushed(digest, raw, types[0], Digest.of(config), tuple(map(Digest.of, packed)), claims)

    def put_attested(self, repository: str, tag: str, platform: str, words: str) -> tuple[Pushed, Pushed, Digest]:
        """An image and its attestation in an index of their own, as a newer Docker pushes one platform."""
        one = self.put_image(repository, f"{tag}-image", platform, words, oci=True)
        statement = json.dumps({"_type": "https://in-toto.io/Statement/v0.1", "words": words}).encode()
        config = b'{"architecture":"unknown","os":"unknown","config":{}}'
        document = {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": {
                "mediaType": media.OCI_CONFIG,
                "digest": self.put_blob(repository, config),
                "size": len(config),
            },
            "layers": [
                {
                    "mediaType": media.IN_TOTO,
                    "digest": self.put_blob(repository, statement),
                    "size": len(statement),
                    "annotations": {"in-toto.io/predicate-type": "https://slsa.dev/provenance/v1"},
                }
            ],
        }
        raw = json.dumps(document).encode()
        digest = self.put_manifest(repository, str(Digest.of(raw)), raw, media.OCI_MANIFEST)
        nowhere = {"architecture": "unknown", "os": "unknown"}
        proof = Pushed(digest, raw, media.OCI_MANIFEST, Digest.of(config), (Digest.of(statement),), nowhere)
        notes = {"vnd.docker.reference.digest": str(one.digest), "vnd.docker.reference.type": "attestation-manifest"}
        index = {
            "schemaVersion": 2,
            "mediaType": media.OCI_INDEX,
            "manifests": [one.entry(), proof.entry(annotations=notes)],
        }
        made = self.put_manifest(repository, tag, json.dumps(index).encode(), media.OCI_INDEX)
        return one, proof, made

    def delete_manifest(self, repository: str, digest: Digest) -> None:
        """Delete a manifest by its digest, with every tag on it."""
        status, text, _ = self.ask("DELETE", f"/v2/{repository}/manifests/{digest}")
        assert status == 202, text

    def manifest(self, repository: str, selector: str) -> bytes:
        """The exact bytes under a tag or digest."""
        accept = ", ".join((media.OCI_INDEX, media.OCI_MANIFEST, media.DOCKER_LIST, media.DOCKER_MANIFEST))
        status, raw, _ = self.ask("GET", f"/v2/{repository}/manifests/{selector}", headers={"Accept": accept})
        assert status == 200, raw
        return raw
