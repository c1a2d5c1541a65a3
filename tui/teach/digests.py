"""Why are there four digests? A tag, an index digest, a platform digest and a config digest, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tui.explore.node import Kind, Node
from tui.oci.manifest import ImageManifest
from tui.resources import fill, records
from tui.teach.explanation import platform_of, tag_above
from tui.text import safe

INTRODUCTION = (
    "One image has several names that look alike. The tag is a name that can move. Each of the others is the hash "
    "of one document, and each document names the next: the tag leads to the index, the index to the platform's "
    "manifest, the manifest to the config. Tools print different ones, which is why “the digest” of an image never "
    "seems to match."
)


@dataclass(frozen=True, slots=True)
class _DigestText:
    """One record of `digests.toml`, whose head says what each field is for."""

    key: str
    name: str
    what: str
    printed_by: tuple[str, ...]
    use: str
    missing: str


@cache
def _texts() -> Mapping[str, _DigestText]:
    return records("digests.toml", _DigestText)


@dataclass(frozen=True, slots=True)
class DigestRow:
    """One of the four: `value` is the text to copy, whole ("" when this image has none, and `what` says why)."""

    name: str
    value: str
    what: str
    printed_by: tuple[str, ...]
    use: str


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
        INTRODUCTION,
        platform,
        (
            _tag_row(tag),
            _index_row(index, tag, (node.top() or node).manifest is not None),
            _image_row(image, platform),
            _config_row(image),
        ),
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


def _row(name: str, value: str, **values: str | None) -> DigestRow:
    """One of the four, by its record in `digests.toml`; without `value` it says why there is none."""
    text = _texts()[name]
    if not value:
        return DigestRow(text.name, "", fill(text.missing, values), (), "")
    printed_by = tuple(fill(each, values) for each in text.printed_by)
    return DigestRow(text.name, value, fill(text.what, values), printed_by, text.use)


def _tag_row(tag: Node | None) -> DigestRow:
    if tag is None or tag.repository is None or tag.tag is None:
        return _row("tag", "")
    return _row("tag", tag.source.reference(tag.repository, tag=tag.tag), tag=safe(tag.tag))


def _index_row(index: Node | None, tag: Node | None, read: bool) -> DigestRow:
    unread = "The tag is not loaded: open its row." if tag is not None else "The image is not loaded: open its row."
    one_image = "The tag points straight to one image" if tag is not None else "This is one image"
    why = f"{one_image}: there is no index, and this digest does not exist." if read else unread
    return _row("index", _digest(index), why=why)


def _image_row(image: Node | None, platform: str) -> DigestRow:
    about = f"the image for {platform}" if platform else "this image"
    return _row("platform", _digest(image), image=about, platform=platform or None)


def _config_row(image: Node | None) -> DigestRow:
    manifest = image.image_manifest if image is not None else None
    if manifest is None or manifest.config is None:
        unread = "The platform's manifest is not loaded: open its row."
        return _row("config", "", why=unread if manifest is None else "This manifest names no config.")
    return _row("config", str(manifest.config.digest))


def _digest(node: Node | None) -> str:
    return str(node.digest) if node is not None and node.digest is not None else ""
