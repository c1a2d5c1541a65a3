"""Small honest images, and the registry handler that serves them."""

from __future__ import annotations

import json

from tests.registry.server import Asked, Reply, error
from tui.oci import media
from tui.oci.digest import Digest

CONFIG = b'{"architecture":"amd64","os":"linux"}'
LAYER = b"a layer, or so it says"


def manifest(layers: tuple[bytes, ...] = (LAYER,)) -> bytes:
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": media.OCI_MANIFEST,
            "config": {"mediaType": media.OCI_CONFIG, "digest": Digest.of(CONFIG), "size": len(CONFIG)},
            "layers": [
                {"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": Digest.of(layer), "size": len(layer)}
                for layer in layers
            ],
        }
    ).encode()


def index(*children: bytes) -> bytes:
    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": media.OCI_INDEX,
            "manifests": [
                {"mediaType": media.OCI_MANIFEST, "digest": Digest.of(child), "size": len(child)} for child in children
            ],
        }
    ).encode()


MANIFEST = manifest()
MISSING = Digest.of(b"nowhere")


class RegistryStub:
    """An honest little registry; tests change `answer` around it."""

    def __init__(self) -> None:
        self.manifests: dict[str, tuple[bytes, str]] = {}
        self.blobs: dict[str, bytes] = {Digest.of(blob): blob for blob in (CONFIG, LAYER, b"")}
        self.keep("latest", MANIFEST, media.OCI_MANIFEST)

    def keep(self, tag: str, raw: bytes, media_type: str) -> Digest:
        digest = Digest.of(raw)
        self.manifests[tag] = self.manifests[digest] = (raw, media_type)
        return digest

    def __call__(self, asked: Asked) -> Reply:
        kind, _, name = asked.path.rpartition("/v2/app/")[2].partition("/")
        if kind == "manifests" and name in self.manifests:
            raw, media_type = self.manifests[name]
            return Reply(200, [("Content-Type", media_type), ("Docker-Content-Digest", Digest.of(raw))], raw)
        if kind == "blobs" and name in self.blobs:
            return self.blob(asked, name)
        return error(404, "MANIFEST_UNKNOWN" if kind == "manifests" else "BLOB_UNKNOWN")

    def blob(self, asked: Asked, name: str) -> Reply:
        blob = self.blobs[name]
        headers = [("Content-Type", "application/octet-stream"), ("Docker-Content-Digest", name)]
        if "range" in asked.headers and asked.method == "GET":
            first, _, last = asked.headers["range"].removeprefix("bytes=").partition("-")
            if int(first) >= len(blob):
                return Reply(416, [("Content-Range", f"bytes */{len(blob)}")])
            part = blob[int(first) : int(last) + 1]
            end = int(first) + len(part) - 1
            return Reply(206, [*headers, ("Content-Range", f"bytes {first}-{end}/{len(blob)}")], part)
        return Reply(200, headers, blob)
