"""What an image takes: one sum, wherever a size of an image is told, and the words that say what is in it."""

from __future__ import annotations

from tui.oci.manifest import ImageManifest
from tui.text import plural


def image_size(manifest: ImageManifest) -> int:
    """Bytes of config and layers together, a digest that is named twice once: what a client downloads after the
    manifest, when it has none of it."""
    parts = {layer.digest: layer.size for layer in manifest.layers}
    if manifest.config is not None:
        parts[manifest.config.digest] = manifest.config.size
    return sum(parts.values())


def image_parts(manifest: ImageManifest, noun: str = "layer") -> str:
    """What `image_size` sums up, in words: "config and 2 layers"."""
    layers = plural(len(manifest.layers), noun)
    return f"config and {layers}" if manifest.config is not None else layers
