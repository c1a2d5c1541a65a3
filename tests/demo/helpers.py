"""Small images for the registry's tests."""

from __future__ import annotations

import json
from typing import Any

from tui.demo.images import BUILDKIT, Image, Style, image, index, layer, put_image, put_index
from tui.demo.paths import digest_of
from tui.demo.store import Store
from tui.oci import media

ABSENT = "sha256:" + "0" * 64


def small(where: str = "linux/amd64", words: str = "hello", style: Style = BUILDKIT, **more: Any) -> Image:
    return image(where, [layer("RUN echo", {"hello.txt": words.encode()}, style)], style=style, **more)


def shelve(store: Store, name: str = "app", tag: str = "latest") -> Image:
    """A whole image in the store."""
    one = small()
    put_image(store, name, one, (tag,))
    return one


def shelve_index(store: Store, name: str = "app", tag: str = "latest") -> tuple[str, list[Image]]:
    """An index of two images in the store; its digest and the images."""
    images = [small("linux/amd64"), small("linux/arm64")]
    for one in images:
        put_image(store, name, one)
    whole = index([one.entry() for one in images])
    put_index(store, name, whole, (tag,))
    return whole.digest, images


def manifest_bytes(config: bytes, *layers: bytes, **more: Any) -> bytes:
    """An OCI image manifest over these blobs."""

    def descriptor(raw: bytes, kind: str) -> dict[str, Any]:
        return {"mediaType": kind, "digest": digest_of(raw), "size": len(raw)}

    document = {
        "schemaVersion": 2,
        "mediaType": media.OCI_MANIFEST,
        "config": descriptor(config, media.OCI_CONFIG),
        "layers": [descriptor(one, media.OCI_LAYER) for one in layers],
        **more,
    }
    return json.dumps(document).encode()


def code(body: bytes) -> str:
    """The first code of an error body."""
    return str(json.loads(body)["errors"][0]["code"])
