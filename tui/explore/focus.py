"""What is on the screen goes first; and tags on the screen are asked, one HEAD each, what they point to."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from tui.explore.inspector import Inspector, JobRequest, Read
from tui.explore.loader import label_of
from tui.explore.node import Kind, Load, Node
from tui.explore.scheduler import Job, Urgency
from tui.explore.tree import Tree, key_of
from tui.oci import media
from tui.oci.descriptor import Descriptor
from tui.text import safe

_OWNER = "visible tags"


class Focus:
    """Follows what is visible. Tags that scroll away before they were asked for are not asked for."""

    def __init__(self, tree: Tree, inspector: Inspector) -> None:
        self._tree = tree
        self._inspector = inspector
        self._peeking: set[Node] = set()

    def focus(self, nodes: Sequence[Node]) -> None:
        """These rows are visible now, and no others."""
        self._inspector.focus(key for node in nodes for key in self._keys(node))
        visible = {node for node in nodes if node.kind is Kind.TAG and node.load is Load.IDLE}
        for node in self._peeking - visible:
            self._inspector.withdraw((_OWNER, node.key))
        wanted = [node for node in nodes if node in visible and node not in self._peeking]  # from top to bottom
        fresh = [node for node in wanted if node.descriptor is None and node.error is None]
        self._peeking = (self._peeking & visible) | set(fresh)
        for node in fresh:
            self._peek(node)

    def _keys(self, node: Node) -> Iterator[Hashable]:
        """The work that is done for a row."""
        if node.repository is None:
            return
        if node.tag is not None:
            yield self._inspector.manifest_key(node.source, node.repository, node.tag)
        key = key_of(node)
        if key is not None:
            yield self._inspector.probe_key(*key)
            yield self._inspector.blob_key(*key)
            yield self._inspector.manifest_key(node.source, node.repository, str(key[2]))

    def _peek(self, node: Node) -> None:
        request = JobRequest((_OWNER, node.key), Urgency.FOCUS, label=label_of(node))
        job = self._inspector.submit_resolve(node.source, node.repository or "", node.tag or "", request)
        job.when_over(lambda done: self._over(node, done))

    def _over(self, node: Node, job: Job) -> None:
        self._peeking.discard(node)
        if not isinstance(job.result, Read) or node.load is not Load.IDLE:
            return
        node.error = job.result.error
        descriptor = job.result.descriptor
        if descriptor is not None:

            def change() -> None:
                node.descriptor = descriptor

            self._tree.identify(node, change)
            node.note = _note(descriptor)
        self._tree.changed(node)


def _note(descriptor: Descriptor) -> str:
    if media.is_index(descriptor.media_type):
        return "index"
    if media.is_image_manifest(descriptor.media_type):
        return "image"
    return safe(media.describe(descriptor.media_type), limit=80)
