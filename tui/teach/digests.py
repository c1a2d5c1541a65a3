"""Why are there four digests? A tag, an index digest, a platform digest and a config digest, side by side."""

from __future__ import annotations

from dataclasses import dataclass

from tui.explore.node import Kind, Node
from tui.oci.digest import Digest
from tui.oci.manifest import ImageManifest
from tui.teach.explanation import platform_of, tag_above
from tui.text import safe

INTRODUCTION = (
    "One image has several names that look alike. The tag is a name that can move. Each of the others is the hash "
    "of one document, and each document names the next: the tag leads to the index, the index to the platform's "
    "manifest, the manifest to the config. Tools print different ones, which is why “the digest” of an image never "
    "seems to match."
)


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One of the four: `value` is the text to copy, whole ("" when this image has none, and `what` says why)."""

    name: str
    value: str
    what: str
    printed_by: tuple[str, ...]
    use: str
    node: Node | None = None

    @property
    def copy(self) -> str:
        """What the one key puts on the clipboard."""
        return self.value


@dataclass(frozen=True, slots=True)
class FourDigests:
    """The rows in the order tag, index, platform, config. `platform` names the platform that the last two are of."""

    introduction: str
    platform: str
    rows: tuple[DigestRow, DigestRow, DigestRow, DigestRow]


def four_digests(node: Node) -> FourDigests:
    """The four digests of the image that a row is in. Uses what has been read and asks nothing.

    On a tag or an index the first platform that is loaded stands for all; on a platform or below, that platform.
    """
    tag = tag_above(node)
    index = _index_of(node)
    image = _image_of(node, index)
    platform = platform_of(image) if image is not None else ""
    return FourDigests(
        INTRODUCTION, platform, (_tag_row(tag), _index_row(index, tag), _image_row(image, platform), _config_row(image))
    )


def _index_of(node: Node) -> Node | None:
    """The outermost index at or above the row."""
    found = None
    for each in (node, *node.ancestors()):
        if each.is_index:
            found = each
    return found


def _image_of(node: Node, index: Node | None) -> Node | None:
    """The image that the row is in, or the first platform of its index."""
    for each in (node, *node.ancestors()):
        if each.kind in (Kind.MANIFEST, Kind.TAG) and isinstance(each.manifest, ImageManifest):
            return each
        if each.kind is Kind.MANIFEST and not each.is_index:
            return each
    if index is None:
        return None
    platforms = [each for each in index.walk() if each.kind is Kind.MANIFEST and not each.is_index]
    return next((each for each in platforms if each.image_manifest is not None), platforms[0] if platforms else None)


def _tag_row(tag: Node | None) -> DigestRow:
    if tag is None or tag.repository is None or tag.tag is None:
        return DigestRow("tag", "", "This was opened by its digest, so no tag is involved.", (), "")
    return DigestRow(
        "tag",
        tag.source.reference(tag.repository, tag=tag.tag),
        f"The name {safe(tag.tag)}. Not a digest: it can point elsewhere tomorrow.",
        ("what you type; docker pull, docker images",),
        "Use it to follow new versions; never to be sure what you run.",
        tag,
    )


def _index_row(index: Node | None, tag: Node | None) -> DigestRow:
    if index is None:
        why = "The tag points straight to one image" if tag is not None else "This is one image"
        return DigestRow("index digest", "", f"{why}: there is no index, and this digest does not exist.", (), "")
    return DigestRow(
        "index digest",
        _text(index.digest),
        "The hash of the index: the list of platforms, as bytes.",
        (
            "docker pull (the line “Digest:”)",
            "docker images --digests",
            "docker buildx imagetools inspect (“Digest:”)",
            "crane digest, oras resolve, regctl image digest",
            "skopeo inspect (“Digest”)",
        ),
        "Pin this to get the same image on every platform: name@sha256:…",
        index,
    )


def _image_row(image: Node | None, platform: str) -> DigestRow:
    if image is None:
        return DigestRow("platform digest", "", "No platform has been opened yet: open the tag to see them.", (), "")
    about = f"the image for {platform}" if platform else "this image"
    flag = f" --platform {platform}" if platform else ""
    return DigestRow(
        "platform digest",
        _text(image.digest),
        f"The hash of the manifest of {about}: one config and its layers.",
        (
            "docker manifest inspect (“digest” of each entry)",
            "docker buildx imagetools inspect (under “Manifests:”)",
            f"crane digest{flag}, oras resolve{flag}, regctl image digest{flag}",
            "Kubernetes, as the imageID of a running container, on some nodes",
        ),
        "Pin this only if every machine that pulls has this platform.",
        image,
    )


def _config_row(image: Node | None) -> DigestRow:
    manifest = image.image_manifest if image is not None else None
    if manifest is None:
        return DigestRow(
            "config digest (image ID)", "", "The platform's manifest has not been read yet: open it to see.", (), ""
        )
    if manifest.config is None:
        return DigestRow("config digest (image ID)", "", "This manifest names no config.", (), "")
    config = manifest.config.digest
    row = next((each for each in image.children if each.digest == config), None) if image is not None else None
    return DigestRow(
        "config digest (image ID)",
        str(config),
        "The hash of the config: how the image runs and what it was built from.",
        (
            "docker images --no-trunc (up to Docker 28; 29 prints the digest that was pulled)",
            "docker inspect (“Id”, likewise)",
            "docker manifest inspect --verbose (“config”)",
            "podman images --no-trunc",
        ),
        "It identifies an image on one machine. It cannot be pulled by.",
        row,
    )


def _text(digest: Digest | None) -> str:
    return str(digest) if digest is not None else ""
