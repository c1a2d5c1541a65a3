"""What findings, the verdict and the report look at: the distinct objects below a row, what they take, what they are
called, and what is known of them. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tui.explore.node import MANIFEST_KINDS, Kind, Node
from tui.explore.observations import ObservationStore
from tui.explore.standing import is_whole
from tui.explore.tree import key_of, observe
from tui.oci import media
from tui.oci.digest import Digest
from tui.oci.manifest import ImageManifest
from tui.oci.platform import Platform
from tui.sources.presence import Observation, Presence, worst
from tui.text import plural, safe


def blob_sizes(manifest: ImageManifest) -> dict[Digest, int]:
    """The bytes of each distinct blob that an image names: config and layers."""
    sizes = {layer.digest: layer.size for layer in manifest.layers}
    if manifest.config is not None:
        sizes[manifest.config.digest] = manifest.config.size
    return sizes


def image_size(manifest: ImageManifest) -> int:
    """Bytes of config and layers together, a digest that is named twice once: what a client downloads after the
    manifest, when it has none of it."""
    return sum(blob_sizes(manifest).values())


def image_parts(manifest: ImageManifest, noun: str = "layer") -> str:
    """What `image_size` sums up, in words: "config and 2 layers"."""
    layers = plural(len(manifest.layers), noun)
    return f"config and {layers}" if manifest.config is not None else layers


#: A test for the platforms' rows of an index: whether somebody asked for this one.
Wanted = Callable[[Node], bool]


def platform_of(node: Node) -> Platform | None:
    """The platform that a row belongs to: its own, or that of the image it is in."""
    for row in (node, *node.ancestors()):
        if row.platform is not None and not row.platform.is_unknown:
            return row.platform
        if row.is_index:
            return None
    return None


def platform_text(node: Node) -> str | None:
    """The platform that a row belongs to, as text; for an image without one, what a sentence calls the image."""
    platform = platform_of(node)
    if platform is not None:
        return str(platform)
    for row in (node, *node.ancestors()):
        if row.kind is Kind.MANIFEST:
            return entry_name(row)
    return None


def entry_name(node: Node) -> str:
    """What a sentence calls an entry of an index: its platform, or what it is when it names none."""
    platform = platform_of(node)
    if platform is not None:
        return str(platform)
    if not is_nameless(node):
        return node.label
    if node.is_index:
        return f"the index {short(node.digest)} (entry {node.position + 1})"
    return f"the image {short(node.digest)} without a platform"


def is_nameless(node: Node) -> bool:
    """Whether a row is an entry of an index that says neither for which platform it is nor what else it is."""
    if node.parent is None or not node.parent.is_index or node.platform is not None:
        return False
    return node.is_index or node.descriptor is None or not node.descriptor.artifact_type


def name_of(node: Node) -> str:
    """What a sentence calls a row: "layer 2 of linux/arm64", "the attestation of linux/amd64"."""
    platform = platform_of(node)
    of = f" of {platform}" if platform is not None else ""
    if node.kind is Kind.TAG:
        return f"the tag {node.label}"
    if node.kind is Kind.MANIFEST:
        return f"the image{of}" if of else f"the image {node.digest.short if node.digest else node.label}"
    if node.kind is Kind.INDEX:
        return f"the index {node.digest.short}" if node.digest else "the index"
    image = node.image() if node.kind not in MANIFEST_KINDS else None
    if node.kind in (Kind.CONFIG, Kind.LAYER, Kind.STATEMENT) and image is not None:
        if image.kind is Kind.ATTESTATION:
            of = f" in the attestation{of}" if node.kind is not Kind.STATEMENT else of
        elif image.kind is Kind.REFERRER:
            of = f" of the referrer {image.label}"
        elif not of and image.kind is Kind.TAG:
            of = f" of {image.label}"
    if node.kind is Kind.CONFIG:
        return f"the config{of}"
    if node.kind is Kind.LAYER:
        return f"layer {node.position + 1}{of}"
    if node.kind is Kind.STATEMENT:
        return f"the statement ({node.label}){of}"
    if node.kind is Kind.ATTESTATION:
        return f"the attestation{of}"
    return f"the referrer {node.label}" if node.kind is Kind.REFERRER else node.label


def kind_word(node: Node) -> str:
    """The word of the report for what a row stands for."""
    if node.kind is Kind.REFERRER:
        return "referrer"
    if node.kind is Kind.ATTESTATION:
        return "attestation"
    if node.kind in (Kind.TAG, Kind.INDEX, Kind.MANIFEST):
        return "index" if node.is_index or media.is_index(node.media_type) else "manifest"
    return node.kind.value


@dataclass(slots=True)
class Object:
    """One distinct object of an image: what is known of it, and for which platforms it is needed."""

    digest: Digest
    kind: str
    media_type: str
    size: int | None
    observation: Observation
    nodes: list[Node] = field(default_factory=list)
    platforms: list[str] = field(default_factory=list)


def walk(node: Node, wanted: Wanted | None = None) -> Iterator[Node]:
    """The rows at and below `node` that belong to it: not what only refers to an image, unless `node` is among that;
    and without the platforms of an index that are not wanted."""
    stack = [node]
    while stack:
        row = stack.pop()
        if row is not node and row.kind is Kind.REFERRERS:
            continue
        if wanted is not None and row is not node and row.kind is Kind.MANIFEST and not wanted(row):
            continue
        yield row
        stack.extend(reversed(row.children))


def objects(node: Node, observations: ObservationStore, wanted: Wanted | None = None) -> list[Object]:
    """Every distinct object at and below a row, each digest once, in the order of the screen.

    When two descriptors of one digest disagree, the worse of the two views counts.
    """
    by_digest: dict[tuple[str | None, Digest], Object] = {}
    for row in walk(node, wanted):
        key = key_of(row)
        if key is None:
            continue
        observation = observe(row, observations)
        entry = by_digest.get((row.repository, key[2]))
        if entry is None:
            entry = Object(key[2], kind_word(row), row.media_type, row.size, observation)
            if row.descriptor is not None:
                entry.media_type, entry.size = row.descriptor.media_type, row.descriptor.size
            by_digest[(row.repository, key[2])] = entry
        elif worst((entry.observation.presence, observation.presence)) is not entry.observation.presence:
            entry.observation = observation
        entry.nodes.append(row)
        platform = None if row.is_index else platform_text(row)
        if platform is not None and platform not in entry.platforms:
            entry.platforms.append(platform)
    return list(by_digest.values())


#: The order in which presences are counted up for a reader.
COUNTED = (
    Presence.PRESENT,
    Presence.HASHED,
    Presence.MISSING,
    Presence.DENIED,
    Presence.LIMITED,
    Presence.UNREACHABLE,
    Presence.FOREIGN,
    Presence.MISMATCHED,
    Presence.UNCHECKED,
)


def presence_counts(parts: Iterable[Object]) -> Counter[Presence]:
    """How many of these objects are what; what is being asked counts as not asked yet."""
    return Counter(part.observation.presence.still for part in parts)


def is_complete(node: Node, observations: ObservationStore, wanted: Wanted | None = None) -> bool:
    """Whether every object at and below a row is known to be there: nothing missing, unread or cut off."""
    return all(is_whole(row, observe(row, observations)) for row in walk(node, wanted))


def short(digest: Digest | None) -> str:
    """A digest in a sentence."""
    return digest.short if digest is not None else "an unknown digest"


def detail_of(observation: Observation) -> str:
    """What came back, for a sentence; never empty for what is not present."""
    return safe(observation.detail, limit=300).rstrip(".") or observation.presence.value
