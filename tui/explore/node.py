"""One row of the tree, as data. The screen draws it and never keeps anything of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from tui.explore.listing import Listing
from tui.oci.config import ImageConfig
from tui.oci.descriptor import Descriptor
from tui.oci.digest import Digest
from tui.oci.manifest import AnyManifest, ImageManifest, Index
from tui.oci.platform import Platform
from tui.sources.base import Source, SourceError

if TYPE_CHECKING:
    from tui.oci.statement import Statement


class Kind(StrEnum):
    """What a row stands for."""

    SOURCE = "source"
    REPOSITORY = "repository"
    TAG = "tag"
    INDEX = "index"
    MANIFEST = "manifest"
    ATTESTATION = "attestation"
    CONFIG = "config"
    LAYER = "layer"
    STATEMENT = "statement"
    REFERRERS = "referrers"
    REFERRER = "referrer"
    GROUP = "group"
    MORE = "more"
    FAULT = "fault"


class Load(StrEnum):
    """How far the children of a row are."""

    IDLE = "idle"
    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"


#: Rows that stand for a manifest: they have a digest of their own, asked at the manifests endpoint.
MANIFEST_KINDS = frozenset({Kind.TAG, Kind.INDEX, Kind.MANIFEST, Kind.ATTESTATION, Kind.REFERRER})
#: Rows that stand for a blob.
BLOB_KINDS = frozenset({Kind.CONFIG, Kind.LAYER, Kind.STATEMENT})


@dataclass(eq=False, slots=True)
class Node:
    """A row.

    A TAG whose manifest is an index holds the index's entries as its own children; a TAG that is a single image holds
    its config and layers.
    """

    key: str
    """Unique in the tree, and stable over refreshes."""
    kind: Kind
    source: Source
    repository: str | None = None
    """Raw, as is `tag`."""
    label: str = ""
    """Safe text, as is `note`."""
    tag: str | None = None
    descriptor: Descriptor | None = None
    platform: Platform | None = None
    parent: Node | None = None
    children: list[Node] = field(default_factory=list)
    hidden: list[Node] = field(default_factory=list)
    """Rows of a list that were looked at and that its filter leaves out now: what is known of them still counts."""
    load: Load = Load.IDLE
    error: SourceError | None = None
    manifest: AnyManifest | None = None
    config: ImageConfig | None = None
    note: str = ""
    expandable: bool = False
    statement: Statement | None = None
    subject: Digest | None = None
    """What an ATTESTATION or REFERRER says it describes."""
    position: int = 0
    """The place of the descriptor in its parent's list (layers, entries), from 0."""
    code: str = ""
    """The finding code of a FAULT row."""
    listing: Listing | None = None
    shared: Node | None = None
    """Of an index that is in the same image twice: the row that what is in it is shown below. This one is followed
    only when somebody opens it (twelve levels of ten such entries would be a billion rows)."""
    wanted: Digest | None = None
    """The digest by which somebody opened the row, when nothing else is known of it."""

    @property
    def digest(self) -> Digest | None:
        """The digest of what the row stands for: of the bytes read if they were read, else what points here says."""
        if self.manifest is not None:
            return self.manifest.digest
        return self.descriptor.digest if self.descriptor is not None else self.wanted

    @property
    def size(self) -> int | None:
        """Bytes, of the manifest or blob itself."""
        if self.descriptor is not None:
            return self.descriptor.size
        return self.manifest.size if self.manifest is not None else None

    @property
    def media_type(self) -> str:
        """The media type of what the row stands for, as its bytes say or else its descriptor; "" when unknown."""
        if self.manifest is not None:
            return self.manifest.media_type
        return self.descriptor.media_type if self.descriptor is not None else ""

    @property
    def index(self) -> Index | None:
        """The index that the row holds, once it was read."""
        return self.manifest if isinstance(self.manifest, Index) else None

    @property
    def image_manifest(self) -> ImageManifest | None:
        """The image manifest that the row holds, once it was read."""
        return self.manifest if isinstance(self.manifest, ImageManifest) else None

    @property
    def is_index(self) -> bool:
        """Whether the row is known to be an index."""
        return self.kind is Kind.INDEX or self.index is not None

    @property
    def held(self) -> Node:
        """The row that what is in this one is below: itself, or the one that it shares that with."""
        return self.shared if self.shared is not None and self.load is not Load.READY else self

    @property
    def parts(self) -> list[Node]:
        """The rows directly below, those that a filter leaves out last."""
        return [*self.children, *self.hidden] if self.hidden else self.children

    def walk(self, *, leaves: bool = True, referrers: bool = True) -> Iterator[Node]:
        """This row and all rows below it that exist now, in the order of the screen; without `leaves` no blobs, which
        are most of them. Without `referrers` what only refers to an image is left out, unless this row is among that:
        no pull needs it."""
        stack = [self]
        while stack:
            node = stack.pop()
            if not referrers and node.kind is Kind.REFERRERS and node is not self:
                continue
            yield node
            parts = node.parts if leaves else [row for row in node.parts if row.kind not in BLOB_KINDS]
            stack.extend(reversed(parts))

    def ancestors(self) -> Iterator[Node]:
        """The rows above, nearest first."""
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def image(self) -> Node | None:
        """The nearest tag, index, platform, attestation or referrer, beginning with this row itself."""
        node: Node | None = self
        while node is not None and node.kind not in MANIFEST_KINDS:
            node = node.parent
        return node

    def top(self) -> Node | None:
        """The outermost tag, index or image that the row is in: what a verdict is about."""
        found: Node | None = None
        node: Node | None = self
        while node is not None:
            if node.kind in MANIFEST_KINDS:
                found = node
            node = node.parent
        return found

    def __repr__(self) -> str:
        return f"<Node {self.kind} {self.key!r} {self.load}>"
