"""What each kind of row is, in plain words with this row's own digests, tags and sizes in the sentences.

The sentences are `resources/kinds.toml`; here are the values that go into them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from tui.explore.node import Kind, Node
from tui.explore.objects import image_size
from tui.oci import media
from tui.oci.attestation import is_attestation
from tui.oci.manifest import ImageManifest
from tui.resources import fill, records
from tui.teach.explanation import Words, bytes_of, digest_of, platform_of, repository_of, specs, tag_above, type_of
from tui.text import plural, safe

#: A value of a blank; what stands in brackets around it is left out when it is None.
Values = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class _KindText:
    """One record of `kinds.toml`, whose head says what each field is for."""

    name: str
    title: str
    what: tuple[str, ...]
    why: str
    specs: tuple[str, ...]


@cache
def _texts() -> Mapping[str, _KindText]:
    return records("kinds.toml", _KindText)


def words_of(node: Node) -> Words:
    """The words about a row. Every kind has some; a test walks them all."""
    text = _texts()[_name(node)]
    values = {
        "digest": digest_of(node),
        "size": bytes_of(node.size),
        "type": type_of(node),
        "repository": repository_of(node),
        "platform": platform_of(node) or None,
        "label": node.label,
        **_values(node),
    }
    what = tuple(filled for paragraph in text.what if (filled := fill(paragraph, values)))
    is_foreign = node.kind is Kind.LAYER and media.is_foreign_layer(node.media_type)
    return fill(text.title, values), what, text.why, specs(("foreign", "layer") if is_foreign else text.specs)


def _name(node: Node) -> str:
    """Which record is about a row."""
    if node.kind is Kind.SOURCE:
        return f"source-{node.source.kind}" if f"source-{node.source.kind}" in _texts() else "source-on-disk"
    if node.kind is Kind.TAG:
        if node.index is not None:
            return "tag-of-an-index"
        return "tag-of-an-image" if isinstance(node.manifest, ImageManifest) else "tag"
    if node.is_index:  # it may be a manifest that was opened by its digest, which does not tell what it is
        return "index-in-an-index" if any(above.is_index for above in node.ancestors()) else "index"
    return node.kind.value


def _values(node: Node) -> Values:
    """The values that only rows of this kind have."""
    match node.kind:
        case Kind.SOURCE:
            return {"source": safe(node.source.title)}
        case Kind.REPOSITORY:
            return {"tags_are": _tags_are(node)}
        case Kind.TAG:
            return {"tag": safe(node.tag or node.label), "listed": _listed(node), "parts": _parts(node)}
        case Kind.INDEX:
            return _index(node)
        case Kind.MANIFEST:
            return _index(node) if node.is_index else _manifest(node)
        case Kind.ATTESTATION:
            return _attestation(node)
        case Kind.CONFIG:
            return {"layers": plural(count, "layer") if (count := _layer_count(node)) is not None else None}
        case Kind.LAYER:
            return _layer(node)
        case Kind.STATEMENT:
            predicate = safe(node.statement.predicate_type) if node.statement is not None else node.note
            return {"predicate": predicate or None}
        case Kind.REFERRERS:
            image = node.image() or node.parent
            return {"image": digest_of(image) if image is not None and image.digest is not None else "this manifest"}
        case Kind.REFERRER:
            artifact = node.descriptor.artifact_type if node.descriptor is not None else None
            return {
                "artifact": safe(artifact) if artifact else None,
                "subject": str(node.subject) if node.subject is not None else None,
            }
        case Kind.FAULT:
            failed = node.error.sentence if node.error is not None else f"{node.label.rstrip('.')}. {node.note}".strip()
            return {"error": failed}
        case _:
            return {}


def _tags_are(node: Node) -> str | None:
    tags = [child for child in node.children if child.kind is Kind.TAG]
    return f"{plural(len(tags), 'tag')} of it {'is' if len(tags) == 1 else 'are'}" if tags else None


def _listed(node: Node) -> str:
    """What an index lists, in a sentence."""
    index = node.index
    if index is None:
        return "Not loaded."
    if not index.entries:
        return "It has no entries."
    attestations = sum(1 for entry in index.entries if is_attestation(entry))
    listed = f"It lists {plural(len(index.entries) - attestations, 'image')}"
    if attestations:
        listed += f" and {plural(attestations, 'attestation')}"
    return f"{listed}, each by digest, size, media type and platform."


def _parts(node: Node) -> str | None:
    """What an image is made of, in words; None while it is not read."""
    manifest = node.manifest
    if not isinstance(manifest, ImageManifest):
        return None
    layers = plural(len(manifest.layers), "layer")
    config = "one config" if manifest.config is not None else "no config"
    return f"{config} and {layers}, {bytes_of(image_size(manifest))} together"


def _index(node: Node) -> Values:
    attested = node.index is not None and any(is_attestation(entry) for entry in node.index.entries)
    return {"listed": _listed(node), "attestation": "attestation" if attested else None}


def _manifest(node: Node) -> Values:
    platform = platform_of(node) or "a platform that the index does not name"
    tag, parts = tag_above(node), _parts(node)
    return {
        "platform": platform,
        "parts": parts,
        "not_been_read": "not been read" if parts is None else None,
        "platform_below_a_tag": platform if tag is not None and tag.tag else None,
    }


def _attestation(node: Node) -> Values:
    platform = next((platform_of(above) for above in node.ancestors() if above.kind is Kind.MANIFEST), "")
    if node.subject is None:
        about = "It does not say which image it describes"
    elif platform:
        about = f"It describes the image {node.subject}, which is {platform} of this index"
    else:
        about = f"It describes the image {node.subject}"
    return {"about": about, "platform_above": platform or None}


def _layer(node: Node) -> Values:
    urls = node.descriptor.urls if node.descriptor is not None else ()
    elsewhere = media.is_foreign_layer(node.media_type) or bool(urls)
    count = _layer_count(node)
    return {
        "number": str(node.position + 1),
        "count": str(count) if count is not None else None,
        "made_by": node.note or None,
        "fetched_from": (", ".join(safe(url) for url in urls) or "its makers") if elsewhere else None,
    }


def _layer_count(node: Node) -> int | None:
    """How many layers the image of a config or layer has, once its manifest is read."""
    image = node.image()
    return len(image.manifest.layers) if image is not None and isinstance(image.manifest, ImageManifest) else None
